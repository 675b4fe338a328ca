// Writes package.json and package-lock.json of serving/image: what the server needs to run, and what compiles it, at the versions
// of this repository's own lock. npm leaves that lock out of the package, and the image is built from the package too.
//   npx tsx projen/image-lock.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const WORKSPACE = 'serving/server';
const here = (path: string) => join(__dirname, '..', path);

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly engines?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Locked>>;
}

/** Where Node would find a dependency of the package in `from`, folder by folder upwards. */
function resolve(packages: Lock['packages'], from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder) === '.' ? '' : dirname(folder)) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[place]) {
      return place;
    }
    if (folder === '') {
      return undefined;
    }
  }
}

/** Compiles the server and the addon; at the lock's versions. */
const BUILD_TOOLS = ['@types/node', 'node-api-headers', 'typescript'];

/** The two files, by name. */
export function imagePackage(lock: Lock): Readonly<Record<string, string>> {
  const { packages } = lock;
  const found = new Map<string, { readonly entry: Locked; readonly dev: boolean }>();
  const add = (from: string, name: string, dev: boolean, required: boolean) => {
    const place = resolve(packages, from, name);
    if (place === undefined) {
      if (required) {
        throw new Error(`package-lock.json has no ${name} for ${from}; run npm install`);
      }
      return;
    }
    const before = found.get(place);
    if (before && (!before.dev || dev)) {
      return;
    }
    const entry = packages[place];
    found.set(place, { entry, dev });
    for (const dependency of Object.keys(entry.dependencies ?? {})) {
      add(place, dependency, dev, true);
    }
    for (const dependency of Object.keys(entry.optionalDependencies ?? {})) {
      add(place, dependency, dev, false);
    }
    for (const peer of Object.keys(entry.peerDependencies ?? {})) {
      add(place, peer, dev, !entry.peerDependenciesMeta?.[peer]?.optional);
    }
  };
  const { dependencies, engines, license } = packages[WORKSPACE];
  for (const name of Object.keys(dependencies ?? {})) {
    add(WORKSPACE, name, false, true);
  }
  for (const name of BUILD_TOOLS) {
    add(WORKSPACE, name, true, true);
  }
  const places = [...found].map(([place, { entry, dev }]) => {
    const { dev: _, ...rest } = entry;
    return [place.replace(`${WORKSPACE}/`, ''), dev ? { ...rest, dev } : rest] as const;
  });
  if (new Set(places.map(([place]) => place)).size < places.length) {
    throw new Error(`two versions of a dependency meet where ${WORKSPACE} stands alone; run npm dedupe`);
  }
  const devDependencies = Object.fromEntries(
    BUILD_TOOLS.map((name) => [name, packages[resolve(packages, WORKSPACE, name) as string].version]),
  );
  const name = '@nim-constructs/serving';
  const version = packages[''].version ?? '0.0.0';
  const root = { name, version, license, dependencies, devDependencies, engines };
  return {
    'package.json': text({
      name,
      version,
      private: true,
      license,
      type: 'module',
      dependencies,
      devDependencies,
      engines,
    }),
    'package-lock.json': text({
      name,
      version,
      lockfileVersion: lock.lockfileVersion,
      requires: true,
      packages: { '': root, ...Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))) },
    }),
  };
}

const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** What the files must hold. */
export const currentImagePackage = () => imagePackage(JSON.parse(readFileSync(here('package-lock.json'), 'utf8')));

if (require.main === module) {
  for (const [name, content] of Object.entries(currentImagePackage())) {
    writeFileSync(here(`serving/image/${name}`), content);
  }
}
