// Builds the engine with cmake: `node serving/engine/build.mjs`.
//   --preset release | address | thread | cuda   what with: nothing more, AddressSanitizer and UBSan, ThreadSanitizer, or the
//                                         CUDA backend for every chip it knows (no GPU is needed; cuda-toolkit.mjs finds nvcc)
//   --addon                               the Node addon and tools alone, without tests
//   --optional                            where a tool is missing, say so and end with 0
//   target ...                            these alone, not everything
// Results lie in out/engine (out/engine-address and so on); the addon is out/engine/binding/nim_engine.node. A whole build of
// release or cuda is kept outside the clone under a hash of what it was made from, so that the next clone copies it. What is
// missing is said by name, with exit status 1.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const sources = fileURLToPath(new URL('.', import.meta.url));
const repository = join(sources, '../..');
const presets = {
  release: [],
  cuda: ['-DNIM_CUDA=ON'],
  address: ['-DNIM_ASAN=ON', '-DNIM_UBSAN=ON', '-DCMAKE_CXX_FLAGS_RELEASE=-O1'],
  thread: ['-DNIM_TSAN=ON', '-DCMAKE_CXX_FLAGS_RELEASE=-O1'],
};
/** Builds that are kept; each is some tens of megabytes. */
const KEPT = 4;

const { values: options, positionals: targets } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'release' },
    addon: { type: 'boolean', default: false },
    optional: { type: 'boolean', default: false },
  },
});
const compiler = process.env.CXX ?? 'g++';

function fail(message) {
  console.error(message);
  process.exit(1);
}

function runs(command, args, input) {
  return spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

function missing() {
  const lacks = runs('cmake', ['--version']) ? [] : ['cmake 3.22 or later'];
  if (!runs(compiler, ['-std=c++20', '-E', '-x', 'c++', '-'], '#include <span>\n')) {
    lacks.push(`a C++20 compiler (${compiler}; CXX names another)`);
  }
  return lacks;
}

/** Tests are left out where GoogleTest is not installed (Debian: libgtest-dev). */
const tests =
  !options.addon && options.preset !== 'cuda' && runs(compiler, ['-E', '-x', 'c++', '-'], '#include <gtest/gtest.h>\n');

/** All that a build is made from. Tests know the clone's path, so it is part of it. */
function keyOf() {
  const hash = createHash('sha256').update(spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout ?? '');
  hash.update(`${sources}\0${options.preset}\0${tests}`);
  const files = readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/golden|node_modules/.test(entry.parentPath ?? entry.path))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  for (const file of files.sort()) {
    hash.update(`\0${relative(sources, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function alive(pid) {
  try {
    process.kill(pid, 0); // 0 is not a signal: it asks whether the process exists
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** One build at a time in a folder: others wait for it. */
function lock(path) {
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}`, { flag: 'wx' });
      process.on('exit', () => rmSync(path, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    }
    const owner = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (owner > 0 && !alive(owner)) {
      rmSync(path, { force: true });
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    fail(`${command} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}`);
  }
}

/** Programs and addons of a build folder. */
function products(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !`${entry.parentPath ?? entry.path}`.includes('CMakeFiles'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => file.endsWith('.node') || (!/\.\w+$/.test(file) && (statSync(file).mode & 0o111) !== 0));
}

function keep(folder, cache) {
  const unfinished = `${cache}.${process.pid}`;
  for (const file of products(folder)) {
    cpSync(file, join(unfinished, relative(folder, file)));
  }
  rmSync(cache, { recursive: true, force: true });
  renameSync(unfinished, cache);
  const all = readdirSync(join(cache, '..')).map((name) => join(cache, '..', name));
  const old = all.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs).slice(KEPT);
  for (const folder of old) {
    rmSync(folder, { recursive: true, force: true });
  }
}

const flags =
  presets[options.preset] ?? fail(`--preset is ${options.preset}: allowed are release, address, thread and cuda`);
const folder = join(repository, 'out', options.preset === 'release' ? 'engine' : `engine-${options.preset}`);
const cacheHome = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const key = keyOf();
const cache = join(cacheHome, 'nim-constructs', 'engine', key);
const stamp = join(folder, '.built');
mkdirSync(folder, { recursive: true });
lock(join(folder, '.building'));
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) {
  process.exit(0);
}
const kept = options.preset === 'release' || options.preset === 'cuda';
if (kept && existsSync(cache)) {
  cpSync(cache, folder, { recursive: true });
  writeFileSync(stamp, key);
  process.exit(0);
}
const lacks = missing();
if (lacks.length > 0) {
  console.error(`the engine cannot be built here: ${lacks.join(' and ')} is missing`);
  process.exit(options.optional ? 0 : 1);
}
console.log('Building the engine (once for these sources; some minutes on two cores) ...');
const strict = process.env.CI ? 'ON' : 'OFF';
run('cmake', ['-S', sources, '-B', folder, `-DNIM_TESTS=${tests ? 'ON' : 'OFF'}`, `-DNIM_WERROR=${strict}`, ...flags]);
run('cmake', [
  '--build',
  folder,
  '-j',
  `${availableParallelism()}`,
  ...targets.flatMap((target) => ['--target', target]),
]);
if (kept && targets.length === 0) {
  mkdirSync(join(cache, '..'), { recursive: true });
  keep(folder, cache);
  writeFileSync(stamp, key);
}
