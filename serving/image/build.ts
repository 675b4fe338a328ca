// Builds the serving image with buildah, no Docker needed: `npx tsx serving/image/build.ts`. Prints what each layer takes.
//   --cuda-code "80;86;89;90a"   chips to compile for, all four by default
//   --cpu                        without the CUDA backend
//   --base IMAGE                 Debian 13; by default of a registry, or by debootstrap where none answers
//   --context FOLDER             another copy of the package, such as the asset folder of a synthesized app
//   --output FILE                also writes an OCI archive, for `docker load` or `podman load`
//   --fresh                      uses no layer of an earlier build
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { baseImage } from './base.js';
import { buildah, IMAGE, missing, STORE } from './buildah.js';
import { type Layer, layersOf, layerTable } from './layers.js';

/** Images without a name that are kept: a build makes some six. */
const KEPT_LAYERS = 40;
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface BuildOptions {
  readonly cudaCode?: string;
  readonly base?: string;
  readonly context?: string;
  readonly fresh?: boolean;
}

/** Builds the image and names it `localhost/nim-serving:cuda` or `:cpu`. */
export function build(options: BuildOptions = {}): { readonly name: string; readonly layers: readonly Layer[] } {
  const lacks = missing(['buildah']);
  if (lacks.length > 0) {
    throw new Error(
      'buildah is not installed: `apt-get install buildah debootstrap`, or build with Docker (docs/image.md)',
    );
  }
  mkdirSync(STORE, { recursive: true });
  const name = `${IMAGE}:${options.cudaCode === '' ? 'cpu' : 'cuda'}`;
  const words = buildWords(options);
  forgetOldLayers(words);
  buildah(['build', ...words, '--tag', name, options.context ?? repository]);
  const folder = mkdtempSync(join(STORE, 'oci-'));
  try {
    buildah(['push', '-q', '--format', 'oci', name, `oci:${folder}:image`]);
    return { name, layers: layersOf(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function buildWords(options: BuildOptions): string[] {
  const epoch = process.env.SOURCE_DATE_EPOCH ?? '0';
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  const values = {
    BASE: options.base ?? baseImage(),
    SOURCE_DATE_EPOCH: epoch,
    VERSION: version,
    REVISION: revision(),
    ...(options.cudaCode === undefined ? {} : { CUDA_CODE: options.cudaCode }),
  };
  return [
    '--layers',
    ...(options.fresh ? ['--no-cache'] : []),
    '--timestamp',
    epoch,
    '--file',
    join(options.context ?? repository, 'serving/image/Containerfile'),
    '--ignorefile',
    fileURLToPath(new URL('Containerfile.dockerignore', import.meta.url)),
    // What this machine trusts, for the stages that compile: a company's proxy may sign for the registries.
    ...(existsSync(AUTHORITIES) ? ['--secret', `id=ca,src=${AUTHORITIES}`] : []),
    ...Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
  ];
}

/**
 * Layers of earlier builds save the next one minutes, and each change of the sources leaves some hundred megabytes. Compilers
 * and dependencies, which change seldom, get a name first: what an image with a name is made of stays.
 */
function forgetOldLayers(words: readonly string[]): void {
  const unnamed = buildah(['images', '--filter', 'dangling=true', '--quiet'])
    .split('\n')
    .filter((id) => id !== '');
  if (unnamed.length <= KEPT_LAYERS) {
    return;
  }
  buildah(['build', ...words, '--target', 'dependencies', '--tag', `${IMAGE}:dependencies`, repository]);
  try {
    buildah(['rmi', '--prune']);
  } catch {
    // It has named those of a container that was killed; the others are gone.
  }
}

function revision(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repository, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      'cuda-code': { type: 'string' },
      cpu: { type: 'boolean' },
      base: { type: 'string' },
      context: { type: 'string' },
      output: { type: 'string' },
      fresh: { type: 'boolean' },
    },
  });
  const began = performance.now();
  const { name, layers } = build({ ...values, cudaCode: values.cpu ? '' : values['cuda-code'] });
  console.log(layerTable(layers));
  if (values.output) {
    buildah(['push', '-q', name, `oci-archive:${values.output}:${name}`]);
  }
  console.log(`${name} in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}
