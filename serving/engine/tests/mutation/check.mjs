// Plants each bug of mutants.mjs into a copy of the sources, builds the scheduler's fuzzer with it and runs it: a mutant that
// the fuzzer passes has survived, and the check fails. `node check.mjs [folder]` works in that folder (default: a temporary
// one) with one compiler per core and says how each mutant died; `node check.mjs folder text` plants those whose name has the
// text.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './mutants.mjs';

const engine = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'nim-mutants-'));
const compiler = process.env.CXX ?? 'g++';
const flags = ['-std=c++20', '-O1', '-w', '-pipe'];
/** Steps that an unchanged fuzzer passes in well under a second. */
const steps = '300000';
const limitMs = 60_000;

const sources = [
  ...['block_manager', 'commands', 'forecast', 'kv_pages', 'pace', 'prefix_cache', 'scheduler'].map(
    (name) => `src/scheduler/${name}.cpp`,
  ),
  'src/loop/core.cpp',
  'src/loop/step_writer.cpp',
  ...['scenario', 'invariants', 'world', 'main'].map((name) => `tests/fuzz/${name}.cpp`),
  'tests/support/fake_executor.cpp',
];
const object = (source) => `${source.replaceAll('/', '_')}.o`;

/** Resolves to the exit status and the first line of output. */
function run(command, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, timeout: limitMs, killSignal: 'SIGKILL' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += output.length < 10_000 ? data : '';
      });
    }
    child.on('error', (error) => resolve({ status: -1, line: error.message, output: error.message }));
    child.on('close', (status, signal) => resolve({ status: status ?? signal, line: output.split('\n')[0], output }));
  });
}

/** Compiles `names` of the sources under `root` into objects there; others come from `base`. */
async function build(root, base, names) {
  for (const source of names) {
    const { status, output } = await run(compiler, [
      ...flags,
      `-I${root}/include`,
      `-I${root}/src`,
      `-I${root}/tests`,
      '-c',
      `${root}/${source}`,
      '-o',
      `${root}/${object(source)}`,
    ]);
    if (status !== 0) {
      throw new Error(`${source} does not compile:\n${output}`);
    }
  }
  const objects = sources.map((source) => `${names.includes(source) ? root : base}/${object(source)}`);
  const { status, output } = await run(compiler, [...objects, '-o', `${root}/fuzz`]);
  if (status !== 0) {
    throw new Error(`the fuzzer does not link:\n${output}`);
  }
}

function copySources(root) {
  mkdirSync(root, { recursive: true });
  for (const part of ['include', 'src/base', 'src/model', 'src/scheduler', 'src/loop', 'tests/fuzz', 'tests/support']) {
    cpSync(join(engine, part), join(root, part), { recursive: true });
  }
}

/** A source alone, or everything that a header reaches. */
function affected(file) {
  return file.endsWith('.cpp') ? [`src/${file}`] : sources;
}

async function check(mutant, base, root) {
  copySources(root);
  const path = join(root, 'src', mutant.file);
  const text = readFileSync(path, 'utf8');
  if (text.split(mutant.from).length !== 2) {
    return {
      mutant,
      died: false,
      how: `its piece stands ${text.split(mutant.from).length - 1} times in ${mutant.file}: plant it anew`,
    };
  }
  writeFileSync(
    path,
    text.replace(mutant.from, () => mutant.to),
  );
  await build(root, base, affected(mutant.file));
  const { status, line } = await run(`${root}/fuzz`, [steps]);
  rmSync(root, { recursive: true, force: true });
  return { mutant, died: status !== 0, how: status === 0 ? 'survived' : line || `ended by ${status}` };
}

/** Runs tasks with as many workers as there are cores. */
async function parallel(tasks) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < tasks.length) {
      const index = next++;
      results[index] = await tasks[index]();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

rmSync(folder, { recursive: true, force: true });
const base = join(folder, 'base');
copySources(base);
await parallel(
  sources.map((source) => async () => {
    const { status, output } = await run(compiler, [
      ...flags,
      `-I${base}/include`,
      `-I${base}/src`,
      `-I${base}/tests`,
      '-c',
      `${base}/${source}`,
      '-o',
      `${base}/${object(source)}`,
    ]);
    if (status !== 0) {
      throw new Error(`${source} does not compile:\n${output}`);
    }
  }),
);
await build(base, base, []);
const unchanged = await run(`${base}/fuzz`, [steps]);
if (unchanged.status !== 0) {
  throw new Error(`the unchanged sources fail:\n${unchanged.output}`);
}
const chosen = mutants.filter(({ name }) => name.includes(process.argv[3] ?? ''));
const results = await parallel(chosen.map((mutant, i) => () => check(mutant, base, join(folder, `mutant-${i}`))));
for (const { mutant, died, how } of results) {
  console.log(`${died ? 'died    ' : 'SURVIVED'}  ${mutant.name}: ${how}`);
}
const survivors = results.filter(({ died }) => !died).length;
console.log(`${results.length - survivors} of ${results.length} mutants died`);
rmSync(folder, { recursive: true, force: true });
process.exit(survivors === 0 ? 0 : 1);
