import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildah } from '../../../image/buildah.js';

const SCRIPT = fileURLToPath(new URL('../../../image/debian-root.sh', import.meta.url));

/**
 * The image's files of Debian, made as the stage `root` of the Containerfile makes them, in a container of a base.
 *
 * @param change what is changed in the base before
 */
export function debianFiles(base: string, change: (root: string) => void): Map<string, string> {
  const container = buildah(['from', '--pull-never', base]);
  try {
    const root = buildah(['mount', container]);
    change(root);
    buildah(['copy', '-q', container, SCRIPT, '/']);
    buildah(['run', container, 'sh', '/debian-root.sh', '/root-of-image']);
    return listed(join(root, 'root-of-image'));
  } finally {
    buildah(['rm', container]);
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

/** As the `slim` images of registries: no texts for people, and a dpkg that leaves them out; other commands replaced. */
export function strip(root: string): void {
  for (const folder of ['doc', 'man', 'info', 'locale']) {
    rmSync(join(root, 'usr/share', folder), { recursive: true, force: true });
  }
  mkdirSync(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true });
  writeFileSync(
    join(root, 'etc/dpkg/dpkg.cfg.d/docker'),
    'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n',
  );
  writeFileSync(
    join(root, 'etc/passwd'),
    `${readFileSync(join(root, 'etc/passwd'), 'utf8')}base:x:4242:4242::/:/bin/sh\n`,
  );
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files\n');
}
