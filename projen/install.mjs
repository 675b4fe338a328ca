// Installs the locked dependencies when they are absent or older than the lock file; costs nothing otherwise.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = `${root}package-lock.json`;
const installed = `${root}node_modules/.installed-lock.json`;

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(lock, 'utf8')) {
  console.log('Installing dependencies (once; about a minute) ...');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (npm.status !== 0) {
    console.error(
      'npm ci failed: the lines above say why; this project needs Node 20.16 or later and access to an npm registry',
    );
    process.exit(npm.status ?? 1);
  }
  copyFileSync(lock, installed);
}
