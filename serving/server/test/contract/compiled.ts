import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const SERVER = join(ROOT, 'serving/server');
let made: string | undefined;

/**
 * The server as the image has it, compiled, so that a process starts as fast as there.
 *
 * @returns its entry point
 */
export function compiledServer(): string {
  if (made !== undefined) {
    return made;
  }
  const copy = join(ROOT, 'out/contract', String(process.pid));
  const server = join(copy, 'serving/server');
  rmSync(copy, { recursive: true, force: true });
  for (const file of readdirSync(join(SERVER, 'src'), { recursive: true }).map(String)) {
    if (file.endsWith('.ts')) {
      const target = join(server, 'build', file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const { outputText } = ts.transpileModule(readFileSync(join(SERVER, 'src', file), 'utf8'), { compilerOptions });
      writeFileSync(target, outputText);
    }
  }
  cpSync(join(SERVER, 'package.json'), join(server, 'package.json'));
  cpSync(join(SERVER, 'page'), join(server, 'page'), { recursive: true });
  cpSync(join(SERVER, 'bin'), join(server, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'LICENSE'), join(copy, 'LICENSE'));
  symlinkSync(join(ROOT, 'serving/models'), join(copy, 'serving/models'));
  symlinkSync(join(ROOT, 'out/engine/binding'), join(server, 'native'));
  made = join(server, 'bin/command.mjs');
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  return made;
}
