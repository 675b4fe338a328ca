// The image on a GPU machine: the contract's checks, cold starts from a checkpoint of 16 GB, and 64 chats over HTTP beside the
// engine alone. Prints Markdown. bench/container/pack.sh says what it is started with:
//   node gpu.mjs <unpacked image> <image.json> <volume> <profile> [streams [prompt words [tokens]]]

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ContainerOptions, type ImageConfig, UnpackedImage } from '../../serving/image/container.js';
import { gpuFiles } from '../../serving/image/gpu-files.js';
import { nameOf, Trial } from '../../serving/server/test/contract/check.js';
import { GPU_CHECKS, type GpuMachine, service } from '../../serving/server/test/image/gpu-checks.js';
import { answers, freePort, IMAGE_CHECKS, withContainer } from '../../serving/server/test/image/image-checks.js';
import { getMs, streamedChat } from './stream-client.js';

const [, , root = '', inspected = '', volume = '', profile = '', streams = '64', words = '255', tokens = '256'] =
  process.argv;
const { OCIv1 } = JSON.parse(readFileSync(inspected, 'utf8')) as { OCIv1: { config: ImageConfig } };
const image = new UnpackedImage(OCIv1.config, root, gpuFiles());
const warm: GpuMachine = { image, volume, profile };

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const share = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * part)] as number;
const seconds = (ms: number) => (ms / 1000).toFixed(2);

/** All checks of the image with the GPU's files inside, then those that need one. */
async function checks(): Promise<void> {
  const first = image.start({ command: ['true'] });
  if ((await first.exited) !== 0) {
    throw new Error(`no container runs here: ${first.stderr}`);
  }
  console.log('## Checks of the contract\n\n| check | | s |\n|---|---|---|');
  const all = [
    ...IMAGE_CHECKS.map((check) => ({ ...check, run: (trial: Trial) => check.run(image, trial) })),
    ...GPU_CHECKS.map((check) => ({ ...check, run: (trial: Trial) => check.run(warm, trial) })),
  ];
  for (const check of all) {
    const trial = new Trial();
    const begin = performance.now();
    const failure = await check.run(trial).then(
      () => undefined,
      (error: Error) => error,
    );
    const verdict = failure ? 'FAILED' : 'passed';
    console.log(`| ${nameOf(check)}: ${check.title} | ${verdict} | ${seconds(performance.now() - begin)} |`);
    console.error([`${verdict} ${nameOf(check)}`, ...trial.lines, failure?.stack ?? ''].join('\n  '));
  }
  console.log('');
}

interface Start {
  readonly live: number;
  readonly ready: number;
  readonly token: number;
  readonly log: string;
}

/** From `crun run` to live, ready and the first event with text of a streamed chat. */
async function start(machine: GpuMachine): Promise<Start> {
  const port = await freePort();
  return withContainer(image, service(machine, port), async (container) => {
    const live = await answers(container, port, '/v1/health/live');
    const ready = await answers(container, port, '/v1/health/ready');
    const { times } = await streamedChat(port, 'hello', 4);
    return { live, ready, token: (times[0] as number) - container.startedAt, log: container.stderr };
  });
}

async function starts(machine: GpuMachine, what: string, count: number): Promise<void> {
  const seen: Start[] = [];
  for (let at = 0; at < count; at++) {
    seen.push(await start(machine));
  }
  console.log(
    `## Start of the container, ${what}\n\n| s since crun run | ${seen.map((_, at) => at + 1).join(' | ')} |`,
  );
  console.log(`|---|${seen.map(() => '---|').join('')}`);
  for (const figure of ['live', 'ready', 'token'] as const) {
    const name = figure === 'token' ? 'first streamed token' : figure;
    console.log(`| ${name} | ${seen.map((each) => seconds(each[figure])).join(' | ')} |`);
  }
  console.log(`\n${'```'}\n${phases(seen.at(-1)?.log ?? '')}\n${'```'}\n`);
}

/** Lines of the log that say how long each part took, and the engine's plan. */
function phases(log: string): string {
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).message as string)
    .filter((message) => !message.startsWith('settings'))
    .join('\n');
}

/** Chats at once over HTTP, with probes between; then as many requests at the engine, in the same image, without HTTP. */
async function load(count: number, wordsOfPrompt: number, maxTokens: number): Promise<void> {
  const port = await freePort();
  const http = await withContainer(image, service(warm, port), async (container) => {
    await answers(container, port, '/v1/health/ready');
    const prompts = Array.from({ length: count }, (_, at) => promptOf(wordsOfPrompt, at));
    // Once for the prompts alone: they are in the prefix cache then, and all chats write from the beginning.
    const firsts = await Promise.all(prompts.map((prompt) => streamedChat(port, prompt, 1)));
    await Promise.all(prompts.map((prompt) => streamedChat(port, prompt, 16)));
    const probes: number[] = [];
    let running = true;
    const probing = (async () => {
      while (running) {
        probes.push(await getMs(port, '/v1/health/live'), await getMs(port, '/v1/health/ready'));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const answered = await Promise.all(prompts.map((prompt) => streamedChat(port, prompt, maxTokens)));
    running = false;
    await probing;
    return { context: firsts[0]?.promptTokens ?? 0, answered, probes };
  });
  const { context, answered, probes } = http;
  const from = Math.max(...answered.map(({ times }) => times[0] as number));
  const until = Math.min(...answered.map(({ times }) => times.at(-1) as number));
  const events = answered.flatMap(({ times }) => times).filter((time) => time > from && time <= until).length;
  const all = answered.reduce((sum, { times }) => sum + times.length, 0);
  const completed = answered.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
  // A token of no text is in the next one's event.
  const overHttp = (events * completed * 1000) / all / (until - from);
  const gaps = answered.flatMap(({ times }) => times.slice(1).map((time, at) => time - (times[at] as number)));
  const bench = JSON.parse(
    await output(
      ['nim-serving', 'bench', '--model', snapshotOf(), '--batch', `${count}`, '--context', `${context}`].concat([
        '--output',
        `${maxTokens}`,
        '--repeats',
        '3',
      ]),
    ),
  ) as { results: { decodeTokensPerSecond: number }[] };
  const alone = bench.results[0]?.decodeTokensPerSecond ?? 0;
  console.log(`## ${count} chats at once over HTTP, ${context} tokens of prompt, ${maxTokens} of answer\n`);
  console.log('| | |\n|---|---|');
  console.log(`| output tok/s over HTTP, while all write | ${overHttp.toFixed(0)} |`);
  console.log(`| the engine alone in the same image, no HTTP and no text | ${alone.toFixed(0)} |`);
  console.log(`| share | ${((100 * overHttp) / alone).toFixed(1)}% |`);
  console.log(
    `| ms between the events of a chat, median / p99 | ${median(gaps).toFixed(2)} / ${share(gaps, 0.99).toFixed(2)} |`,
  );
  console.log(
    `| ms of live and ready meanwhile, median / p99 / longest of ${probes.length} | ${median(probes).toFixed(1)} / ${share(probes, 0.99).toFixed(1)} / ${share(probes, 1).toFixed(1)} |\n`,
  );
}

const promptOf = (count: number, seed: number) =>
  Array.from({ length: count }, (_, at) =>
    String.fromCharCode(97 + ((at * 7 + seed) % 26), 97 + ((seed * 3 + at) % 26)),
  ).join(' ');

const store = () => `huggingface/hub/${execFileSync('ls', [`${volume}/huggingface/hub`], { encoding: 'utf8' }).trim()}`;
const snapshotOf = () => {
  const commit = readFileSync(`${volume}/${store()}/refs/main`, 'utf8').trim();
  return `/model-store/${store()}/snapshots/${commit}`;
};

async function output(command: readonly string[]): Promise<string> {
  const options: ContainerOptions = { ...service(warm, 0), command };
  const container = image.start(options);
  if ((await container.exited) !== 0) {
    throw new Error(`${command.join(' ')}: ${container.stderr}`);
  }
  return container.stdout;
}

/** The same start from this machine's disk with nothing of the model in the page cache, where the machine allows that. */
async function coldStart(): Promise<void> {
  const disk = '/var/tmp/nim-cold';
  const begin = performance.now();
  try {
    mkdirSync(disk, { recursive: true });
    execFileSync('timeout', ['100', 'sh', '-c', `cp -r ${volume}/. ${disk}/ && sync`]);
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch (error) {
    console.log(`No cold start: ${(error as Error).message}`);
    rmSync(disk, { recursive: true, force: true });
    return;
  }
  console.error(`copied to the disk in ${seconds(performance.now() - begin)} s`);
  await starts({ ...warm, volume: disk }, 'nothing in the page cache, from the disk of the machine', 1);
  rmSync(disk, { recursive: true, force: true });
}

await checks();
await starts(warm, 'page cache warm', 3);
await load(Number(streams), Number(words), Number(tokens));
await coldStart();
