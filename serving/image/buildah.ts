import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where images and layers lie: apart from those of the user, so that they can be deleted. */
export const STORE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nim-constructs', 'image');

/** Chroot isolation needs neither Docker nor namespaces that a container may not make. */
const GLOBAL = ['--root', join(STORE, 'storage'), '--runroot', join(STORE, 'run')];

/** What the image is called in the store; its tag is `cuda` or `cpu`. */
export const IMAGE = 'localhost/nim-serving';

/** Whether the store has an image of this name. */
export function exists(name: string): boolean {
  return buildah(['images', '--format', '{{.Name}}:{{.Tag}}']).split('\n').includes(name);
}

/** Runs buildah on the store, behind what else the machine does, its progress on stderr, and returns what it prints. */
export function buildah(args: readonly string[], limitSeconds = 3600): string {
  const { status, stdout, error } = spawnSync('nice', ['-n', '10', 'buildah', ...GLOBAL, ...args], {
    encoding: 'utf8',
    env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: limitSeconds * 1000,
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) {
    throw new Error(`buildah ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}`);
  }
  return stdout.trim();
}

/** The programs of a list that are not installed. */
export function missing(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
}
