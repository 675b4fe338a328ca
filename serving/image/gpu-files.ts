import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mount } from './container.js';

/** Libraries of the driver that the engine calls, and those that these load; all have the driver's version. */
const LIBRARY = /^lib(cuda|nvidia-(ml|ptxjitcompiler|gpucomp|nvvm\d*))\.so\.1$/;
const INSIDE = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/**
 * What NVIDIA's container toolkit puts into a container for the capabilities `compute` and `utility`: device nodes, the
 * driver's libraries and nvidia-smi. Empty where this machine has no driver.
 */
export function gpuFiles(): Mount[] {
  const library = driverLibrary();
  if (library === undefined) {
    return [];
  }
  const folder = dirname(library);
  const libraries = readdirSync(folder).filter((name) => LIBRARY.test(name) || /^libnvidia-gpucomp\.so/.test(name));
  const program = [...(process.env.PATH ?? '').split(':'), join(folder, '../bin')]
    .map((path) => join(path, 'nvidia-smi'))
    .find(existsSync);
  const nodes = readdirSync('/dev').filter((name) => name.startsWith('nvidia'));
  return [
    ...nodes.map((name) => ({ source: join('/dev', name), target: join('/dev', name) })),
    ...libraries.map((name) => readOnly(join(folder, name), join(INSIDE, name))),
    ...(program === undefined ? [] : [readOnly(program, '/usr/bin/nvidia-smi')]),
  ];
}

const readOnly = (source: string, target: string): Mount => ({ source: realpathSync(source), target, readOnly: true });

function driverLibrary(): string | undefined {
  const listed = execFileSync('ldconfig', ['-p'], { encoding: 'utf8' });
  const [, found] = /libcuda\.so\.1 \(libc6,(?:x86-64|AArch64)\) => (\S+)/.exec(listed) ?? [];
  const others = [
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':'),
    '/usr/local/nvidia/lib64',
    '/usr/local/nvidia/lib',
  ];
  return [found, ...others.map((path) => join(path, 'libcuda.so.1'))].find(
    (path) => path !== undefined && existsSync(path),
  );
}
