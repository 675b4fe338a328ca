import { createHash } from 'node:crypto';
import {
  copyFileSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildah, STORE } from '../../../image/buildah.js';

const SCRIPT = fileURLToPath(new URL('../../../image/debian-root.sh', import.meta.url));

/**
 * The image's files of Debian, made as the stage `root` of the Containerfile makes them.
 *
 * @param change a command that changes the base before
 */
export function debianFiles(base: string, change: string): Map<string, string> {
  const context = mkdtempSync(join(STORE, 'base-'));
  copyFileSync(SCRIPT, join(context, 'debian-root.sh'));
  const stage = ['COPY debian-root.sh /', 'RUN sh /debian-root.sh /root-of-image'];
  writeFileSync(join(context, 'Containerfile'), [`FROM ${base}`, `RUN ${change}`, ...stage, ''].join('\n'));
  const image = buildah(['build', '--quiet', '--no-cache', context]);
  const container = buildah(['from', '--pull-never', image]);
  try {
    return listed(join(buildah(['mount', container]), 'root-of-image'));
  } finally {
    buildah(['rm', container]);
    buildah(['rmi', image]);
    rmSync(context, { recursive: true });
  }
}

/** Each path with its kind, mode, owner and content. */
function listed(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true }).map(String).sort();
  return new Map(
    paths.map((path) => {
      const file = join(folder, path);
      const { mode, uid, gid } = lstatSync(file);
      const kind = mode & 0o170000;
      const content = kind === 0o120000 ? readlinkSync(file) : kind === 0o100000 ? readFileSync(file) : '';
      return [path, `${mode.toString(8)} ${uid}:${gid} ${createHash('sha256').update(content).digest('hex')}`];
    }),
  );
}

/** Makes a base like the `slim` images of registries, whose dpkg leaves texts for people out; and another user, other names. */
export const STRIP = [
  'rm -rf /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale',
  'echo "path-exclude /usr/share/doc/*" > /etc/dpkg/dpkg.cfg.d/docker',
  'echo "base:x:4242:4242::/:/bin/sh" >> /etc/passwd',
  'echo "umask 077" >> /etc/profile',
].join(' && ');
