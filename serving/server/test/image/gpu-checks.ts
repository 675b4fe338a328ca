import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, ContainerOptions, UnpackedImage } from '../../../image/container.js';
import type { Check, Trial } from '../contract/check.js';
import { answers, ended, freePort, serviceEnv, withContainer } from './image-checks.js';

/** A GPU machine with a model in the volume, under the name of a profile of the image's manifest. */
export interface GpuMachine {
  readonly image: UnpackedImage;
  readonly volume: string;
  /** Id of the profile. */
  readonly profile: string;
}

/** What the operator sets for the model, from a read-only volume, on a read-only root; all memory of the GPU is the server's. */
export function service({ volume, profile }: GpuMachine, port: number): ContainerOptions {
  const { NIM_MEMORY_BYTES: _, NGC_API_KEY: __, ...env } = serviceEnv(port, profile);
  return { env, mounts: [{ source: volume, target: '/model-store', readOnly: true }], readOnlyRoot: true };
}

/** Milliseconds since the container's start until its log has this text. */
async function logged(container: Container, text: string): Promise<number> {
  while (!container.stderr.includes(text)) {
    if (!container.running || performance.now() - container.startedAt > 60_000) {
      throw new Error(`"${text}" was not logged within 60 s, or the container ended:\n${container.stderr}`);
    }
    await sleep(2);
  }
  return performance.now() - container.startedAt;
}

const lastLine = ({ stderr }: Container) => JSON.parse(stderr.trim().split('\n').at(-1) ?? '{}').message as string;
const READY = 'Application is ready';

/** The checks of the container's contract that need a GPU, by their numbers. */
export const GPU_CHECKS: readonly (Omit<Check, 'run'> & { run(machine: GpuMachine, trial: Trial): Promise<void> })[] = [
  {
    number: 18,
    part: 'with a GPU',
    title: 'list-model-profiles names the GPU, and the profile that runs on it',
    run: async ({ image, profile }, trial) => {
      const { stdout, exited } = await ended(image, trial, { command: ['list-model-profiles'], readOnlyRoot: true });
      assert.equal(await exited, 0);
      assert.match(stdout, / {2}- {2}\[[0-9a-f]{4}:10de\] \(0\) NVIDIA /);
      const [, runnable = ''] = /runnable:\n((?: {2}- .*\n)*)/.exec(stdout) ?? [];
      assert.ok(runnable.includes(profile), stdout);
    },
  },
  {
    number: 20,
    title: "serves with exactly the operator's environment and no NGC_API_KEY; live before the weights are there (30)",
    run: async (machine, trial) => {
      const port = await freePort();
      await withContainer(machine.image, service(machine, port), async (container) => {
        await answers(container, port, '/v1/health/live');
        const early = await fetch(`http://127.0.0.1:${port}/v1/health/ready`);
        trial.saw(`ready, asked as soon as live was there: ${early.status}`);
        assert.equal(early.status, 503);
        await answers(container, port, '/v1/health/ready');
        assert.match(container.stderr, /"on NVIDIA /);
        trial.saw(container.stderr.split('\n').find((line) => line.includes('on NVIDIA ')) ?? '');
        container.signal('SIGTERM');
        assert.equal(await container.exited, 0);
      });
    },
  },
  {
    number: 21,
    title: 'starts from a read-only volume without any network as quickly as with one',
    run: async (machine, trial) => {
      const times: number[] = [];
      for (const offline of [false, true]) {
        const options = { ...service(machine, 8000 + Number(offline)), offline };
        await withContainer(machine.image, options, async (container) => {
          times.push(await logged(container, READY));
        });
      }
      trial.saw(`ready after ${times.map((ms) => ms.toFixed(0)).join(' ms, without a network ')} ms`);
      assert.ok((times[1] as number) < (times[0] as number) + 500);
    },
  },
  {
    number: 27,
    part: 'more GPUs than are visible',
    title: 'tensor parallelism of 2 on one GPU is refused in one line, within seconds',
    run: async (machine, trial) => {
      const options = service(machine, await freePort());
      const container = await ended(machine.image, trial, {
        ...options,
        env: { ...options.env, NIM_TENSOR_PARALLEL_SIZE: '2' },
      });
      assert.notEqual(await container.exited, 0);
      assert.match(lastLine(container), /tensor parallelism is 2 .*allowed is 1 of each/);
      assert.ok(performance.now() - container.startedAt < 10_000);
    },
  },
  {
    number: 29,
    title: 'a second server beside one that has the memory says in one line what it needs and what is free',
    run: async (machine, trial) => {
      const port = await freePort();
      await withContainer(machine.image, service(machine, port), async (first) => {
        await answers(first, port, '/v1/health/ready');
        const second = await ended(machine.image, trial, service(machine, await freePort()));
        assert.notEqual(await second.exited, 0);
        assert.match(lastLine(second), /too little memory: .* MiB are needed .*, .* MiB are there: lower /);
      });
    },
  },
];
