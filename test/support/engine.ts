import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache';

const repository = join(__dirname, '../..');
export const engineSources = join(repository, 'serving/engine');

export type Preset = 'release' | 'address' | 'thread' | 'cuda';

/** A first build on two busy cores takes minutes; sanitizers and mutants too. */
export const ENGINE_LIMIT = 30 * 60_000;

/** Why the C++ engine cannot be built here, or nothing. */
export const engineSkip: string | undefined = reasonToSkip();

function reasonToSkip(): string | undefined {
  const runs = (command: string, args: string[], input?: string) =>
    spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
  const compiler = process.env.CXX ?? 'g++';
  if (!runs('cmake', ['--version'])) {
    return 'no cmake on the PATH';
  }
  if (!runs(compiler, ['-std=c++20', '-E', '-x', 'c++', '-'], '#include <span>\n')) {
    return `no C++20 compiler: ${compiler}`;
  }
  return runs(compiler, ['-E', '-x', 'c++', '-'], '#include <gtest/gtest.h>\n')
    ? undefined
    : 'no GoogleTest (libgtest-dev)';
}

export interface Ended {
  readonly status: number;
  readonly output: string;
}

/** Runs a program to its end, whatever that is. */
export async function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 28,
      timeout: ENGINE_LIMIT,
    });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr, message } = error as { code?: number; stdout?: string; stderr?: string } & Error;
    return { status: typeof code === 'number' ? code : -1, output: `${stdout ?? ''}${stderr ?? message}` };
  }
}

/** Builds all of it, or `targets`, unless that was done before. Returns the folder of the programs. */
export async function buildEngine(preset: Preset = 'release', targets: readonly string[] = []): Promise<string> {
  const { status, output } = await run(process.execPath, [
    join(engineSources, 'build.mjs'),
    '--preset',
    preset,
    ...targets,
  ]);
  if (status !== 0) {
    throw new Error(`the engine does not build:\n${output.slice(-5000)}`);
  }
  return join(repository, 'out', preset === 'release' ? 'engine' : `engine-${preset}`);
}

/**
 * Runs what takes long only where it has not passed on the same sources before: the cache outside the clone remembers.
 *
 * @param what resolves to what failed, or nothing
 */
export async function remembered(name: string, what: () => Promise<string | undefined>): Promise<string | undefined> {
  const folder = cacheFolder('engine-passed');
  const mark = join(folder, `${name}-${sourceHash()}`);
  if (existsSync(mark)) {
    return undefined;
  }
  const failure = await what();
  if (failure === undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(mark, '');
  }
  return failure;
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const files = readdirSync(engineSources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(`\0${relative(engineSources, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

export interface TestProgram {
  /** Its name, which is also its source's. */
  readonly name: string;
  /** `Suite.Case`; a parametrized case stands for all of its instances. */
  readonly cases: readonly string[];
}

/** Every GoogleTest program with its cases, as the sources have them. */
export function testPrograms(): TestProgram[] {
  const folder = join(engineSources, 'tests');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('_test.cpp'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const cases = [...text.matchAll(/^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)/gm)].map(
        ([, suite, name]) => `${suite}.${name}`,
      );
      return { name: basename(file, '.cpp'), cases };
    });
}

interface JsonReport {
  readonly testsuites: readonly {
    readonly name: string;
    readonly testsuite: readonly {
      readonly name: string;
      readonly result: string;
      readonly failures?: readonly { readonly failure: string }[];
    }[];
  }[];
}

/** Runs a GoogleTest program. Maps each case to what failed in it (empty: it passed). */
export async function runTestProgram(program: string, report: string): Promise<Map<string, string[]>> {
  const { output } = await run(program, [`--gtest_output=json:${report}`]);
  if (!existsSync(report)) {
    throw new Error(`${program} ended without a report:\n${output.slice(-5000)}`);
  }
  const results = new Map<string, string[]>();
  for (const suite of (JSON.parse(readFileSync(report, 'utf8')) as JsonReport).testsuites) {
    for (const { name, result, failures = [] } of suite.testsuite) {
      // `Instantiation/Suite` of parametrized cases, `Suite` of the others.
      const suiteName = suite.name.split('/').at(-1);
      const key = `${suiteName}.${name.split('/')[0]}`;
      const skipped = result === 'SKIPPED' ? [`${name} was skipped`] : [];
      results.set(key, [...(results.get(key) ?? []), ...skipped, ...failures.map(({ failure }) => failure)]);
    }
  }
  return results;
}
