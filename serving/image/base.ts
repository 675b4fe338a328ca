import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildah, exists, missing, STORE } from './buildah.js';

/** The default of the Containerfile. */
const PUBLIC = 'docker.io/library/debian:trixie-slim';
const OWN = 'localhost/debian:trixie';

/** The base image: Debian 13 of a registry or, where none answers, made of Debian's packages by debootstrap, once. */
export function baseImage(): string {
  if (exists(OWN)) {
    return OWN;
  }
  try {
    buildah(['pull', '-q', PUBLIC], 60);
    return PUBLIC;
  } catch {
    console.error(`no registry has ${PUBLIC} for this machine: making a base of Debian's packages`);
  }
  const lacks = missing(['debootstrap']);
  if (lacks.length > 0) {
    throw new Error(
      'debootstrap is not installed, and no registry can be reached; install it, or name a base with --base',
    );
  }
  const folder = mkdtempSync(join(STORE, 'debootstrap-'));
  try {
    execFileSync('debootstrap', ['--variant=minbase', 'trixie', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const container = buildah(['from', 'scratch']);
    buildah(['add', '-q', container, folder, '/']);
    buildah(['commit', '-q', '--rm', container, OWN]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return OWN;
}
