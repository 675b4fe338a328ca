import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../../test/support/cache.js';

/** A Python with the packages of a requirements file, or why there is none. */
export type Python = { readonly program: string; readonly missing: false } | { readonly missing: string };

/** Makes a virtual environment outside the clone, once for each content of the file. */
export function pythonWith(requirements: string): Python {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = cacheFolder('python', hash);
  const program = join(folder, 'bin', 'python');
  if (existsSync(program)) {
    return { program, missing: false };
  }
  if (!run('python3', ['--version'])) {
    return { missing: 'no python3' };
  }
  // Made aside and moved, so that an interrupted one is never taken for whole. `python -m pip` does not mind the move.
  const aside = `${folder}.${process.pid}`;
  const made =
    run('python3', ['-m', 'venv', '--clear', aside]) &&
    run(join(aside, 'bin', 'python'), [
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      '-r',
      requirements,
    ]);
  if (!made) {
    rmSync(aside, { recursive: true, force: true });
    return { missing: `python3 -m venv and pip could not install ${requirements}` };
  }
  try {
    renameSync(aside, folder);
  } catch {
    // Another process was faster.
    rmSync(aside, { recursive: true, force: true });
  }
  return { program, missing: false };
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
