import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll } from 'vitest';
import { cacheFolder } from './cache';
import { CRD_FOLDER } from './crds';
import type { KubernetesObject } from './kubernetes-types';

/** What the API server says against one field, or against the whole object. */
export interface AdmissionProblem {
  readonly type: string;
  readonly field?: string;
  readonly detail?: string;
  /** All of it, in the server's words. */
  readonly message: string;
  /** Said by a CEL rule rather than by the schema. */
  readonly rule?: boolean;
}

export interface Admission {
  /** None: the API server would store the object. */
  readonly errors: readonly AdmissionProblem[];
  readonly warnings: readonly string[];
  /** A custom resource as it would be stored: pruned, with defaults. */
  readonly object?: KubernetesObject;
}

export interface AdmitOptions {
  /** The stored object that each of the objects would replace; without one it is created. */
  readonly old?: readonly (KubernetesObject | undefined)[];
}

const SOURCES = join(__dirname, '../admission');
/** Two cores build it in a minute when they are idle; CI may be slower. */
const BUILD_LIMIT = 15 * 60_000;

const GO_VERSION = goVersion();

/** Why the API server's code cannot be asked here, or nothing. */
export const admissionSkip: string | undefined = reasonToSkip();

if (!admissionSkip) {
  // At import, so that no test counts the time of the build; not blocking, or vitest would lose touch with its worker.
  beforeAll(buildAdmission, BUILD_LIMIT);
}

/** What the API server would say against each object; an empty list if nothing. */
export function admit(objects: readonly KubernetesObject[], options: AdmitOptions = {}): string[][] {
  return admissions(objects, options).map(({ errors }) => errors.map(({ message }) => message));
}

/** As `admit`, with all that the program tells: parts of errors, warnings, defaults. One process checks all objects. */
export function admissions(objects: readonly KubernetesObject[], { old = [] }: AdmitOptions = {}): Admission[] {
  if (old.length > objects.length) {
    throw new Error(`${old.length} old objects for ${objects.length} objects`);
  }
  if (admissionSkip) {
    throw new Error(`cannot ask the API server's code: ${admissionSkip}; use it.skipIf(admissionSkip)`);
  }
  const lines = objects.map((object, index) => JSON.stringify({ object, old: old[index] }));
  const { status, stdout, stderr, error } = spawnSync(program(), ['-defaulted', '-crds', `${CRD_FOLDER}`], {
    input: lines.join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const answers = (stdout ?? '').split('\n').filter((line) => line !== '');
  if (status !== 0 || answers.length !== objects.length) {
    throw new Error(`test/admission gave ${answers.length} answers to ${objects.length} objects: ${error ?? stderr}`);
  }
  return answers.map((line) => JSON.parse(line));
}

/** Builds the program, unless it was built from the same sources before; parallel test files wait for the first. */
export async function buildAdmission(): Promise<void> {
  const lock = `${program()}.lock`;
  mkdirSync(join(program(), '..'), { recursive: true });
  while (!existsSync(program())) {
    if (!take(lock)) {
      await setTimeout(200);
      continue;
    }
    try {
      await build();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

async function build(): Promise<void> {
  const unfinished = `${program()}.${process.pid}`;
  const flags = ['-buildvcs=false', '-trimpath', '-ldflags=-s -w', '-o', unfinished];
  await promisify(execFile)('go', ['build', ...flags, '.'], {
    cwd: SOURCES,
    // Whatever the user's own settings are: go.sum decides, no workspace, no C compiler.
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off', CGO_ENABLED: '0' },
    maxBuffer: 2 ** 24,
  });
  renameSync(unfinished, program());
}

/** Makes the lock file, after removing one whose process is gone or took too long. */
function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  if (isStale(lock)) {
    rmSync(lock, { force: true });
  }
  return false;
}

function isStale(lock: string): boolean {
  try {
    if (Date.now() - statSync(lock).mtimeMs > BUILD_LIMIT) {
      return true;
    }
    // 0 is not a signal: it asks whether the process exists.
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

let path: string | undefined;

/** Where the program is or will be: the folder is named by all that it is made from. */
function program(): string {
  path ??= join(cacheFolder('admission', hashOfSources()), 'admission');
  return path;
}

function hashOfSources(): string {
  const files = readdirSync(SOURCES).filter((name) => /^go\.(mod|sum)$|(?<!_test)\.go$/.test(name));
  const hash = createHash('sha256').update(`${GO_VERSION}`);
  for (const name of files.sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

function reasonToSkip(): string | undefined {
  if (!CRD_FOLDER) {
    return 'no CRDs: NIM_CONSTRUCTS_CRDS or ../shared/crds beside the repository';
  }
  return GO_VERSION ? undefined : 'no Go on the PATH';
}

/** As the toolchain that would build says it, in that folder, since go.mod may ask for another one. */
function goVersion(): string | undefined {
  const { status, stdout } = spawnSync('go', ['version'], { cwd: SOURCES, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
