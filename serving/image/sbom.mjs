// Prints what the image holds as SPDX 2.3 JSON: packages of Debian from /debian, of npm from /node_modules, and what is linked into
// Node and into the engine. The same inputs give the same bytes.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const { SOURCE_DATE_EPOCH = '0', CUDA_CODE = '' } = process.env;

function debian(folder) {
  return readdirSync(folder).map((file) => {
    const fields = Object.fromEntries(
      [...readFileSync(join(folder, file), 'utf8').matchAll(/^([A-Za-z-]+): (.*)$/gm)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    const { Package: name, Version: version, Architecture: architecture } = fields;
    return {
      name,
      version,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`,
    };
  });
}

/** Packages of a node_modules, and of those inside its packages. */
function npm(folder) {
  const found = [];
  for (const entry of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const names = entry.startsWith('@') ? readdirSync(join(folder, entry)).map((name) => `${entry}/${name}`) : [entry];
    for (const name of names) {
      const place = join(folder, name);
      if (existsSync(join(place, 'package.json'))) {
        const { version, license } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
        found.push(
          { name, version, license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` },
          ...npm(join(place, 'node_modules')),
        );
      }
    }
  }
  return found;
}

/** Node, the libraries inside it, and the CUDA runtime inside the engine. */
function linked() {
  const { node, v8, openssl, uv, icu, zlib, llhttp, nghttp2 } = process.versions;
  const inNode = Object.entries({ node, v8, openssl, uv, icu, zlib, llhttp, nghttp2 }).map(([name, version]) => ({
    name,
    version,
    purl: `pkg:generic/${name}@${version}`,
  }));
  const runtime = /'nvidia-cuda-runtime': '([\d.]+)'/.exec(readFileSync('/src/cuda-toolkit.mjs', 'utf8'))?.[1];
  return CUDA_CODE === ''
    ? inNode
    : [...inNode, { name: 'nvidia-cuda-runtime', version: runtime, purl: `pkg:pypi/nvidia-cuda-runtime@${runtime}` }];
}

const unique = new Map([...debian('/debian'), ...npm('/node_modules'), ...linked()].map((part) => [part.purl, part]));
const packages = [...unique.values()]
  .sort((a, b) => (a.purl < b.purl ? -1 : 1))
  .map(({ name, version, license, purl }, at) => ({
    SPDXID: `SPDXRef-Package-${at + 1}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: typeof license === 'string' && /^[\w.+-]+$/.test(license) ? license : 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  }));
const digest = createHash('sha256').update(JSON.stringify(packages)).digest('hex');
const document = {
  spdxVersion: 'SPDX-2.3',
  dataLicense: 'CC0-1.0',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'nim-serving',
  documentNamespace: `https://github.com/nim-constructs/nim-constructs/sbom/${digest}`,
  creationInfo: {
    created: `${new Date(Number(SOURCE_DATE_EPOCH) * 1000).toISOString().slice(0, 19)}Z`,
    creators: ['Tool: nim-constructs/serving/image/sbom.mjs'],
  },
  packages,
  relationships: packages.map(({ SPDXID }) => ({
    spdxElementId: 'SPDXRef-DOCUMENT',
    relationshipType: 'DESCRIBES',
    relatedSpdxElement: SPDXID,
  })),
};
process.stdout.write(`${JSON.stringify(document, null, 1)}\n`);
