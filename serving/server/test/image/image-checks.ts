import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STORE } from '../../../image/buildah.js';
import type { Container, ContainerOptions, UnpackedImage } from '../../../image/container.js';
import { MemoryGroup } from '../../../image/memory-group.js';
import { readManifest } from '../../src/profiles/manifest.js';
import type { Check, Trial } from '../contract/check.js';
import { type StubHub, stubHub } from '../support/stub-hub.js';

/** What the NIM Operator 3.1.2 runs to read the manifest (internal/controller/nimcache_controller.go:978). */
const PROBE =
  "if [ -f /opt/nim/etc/default/model_manifest.yaml ]; then cat /opt/nim/etc/default/model_manifest.yaml; elif [ -f /etc/nim/config/model_manifest.yaml ]; then cat /etc/nim/config/model_manifest.yaml; else echo 'model_manifest.yaml not found'; fi; sleep infinity";

/** What it sets for a service with a NIMCache and a pinned profile, whose Secret holds a placeholder (nimservice_types.go:303). */
export const serviceEnv = (port: number, profile: string): Record<string, string> => ({
  NIM_CACHE_PATH: '/model-store',
  NGC_API_KEY: 'not-needed',
  OUTLINES_CACHE_DIR: '/tmp/outlines',
  NIM_SERVER_PORT: String(port),
  NIM_HTTP_API_PORT: String(port),
  NIM_JSONL_LOGGING: '1',
  NIM_LOG_LEVEL: 'INFO',
  NIM_MODEL_PROFILE: profile,
  // The test machine's memory is shared.
  NIM_MEMORY_BYTES: '256MiB',
});

const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));
const FILES = Object.fromEntries(
  readdirSync(MODEL)
    .filter((name) => /\.(json|safetensors)$/.test(name))
    .map((name) => [name, readFileSync(join(MODEL, name))]),
);

const MIB = 2 ** 20;
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a container and ends it, whatever the check finds. */
export async function withContainer<T>(
  image: UnpackedImage,
  options: ContainerOptions,
  use: (it: Container) => Promise<T>,
) {
  const container = image.start(options);
  try {
    return await use(container);
  } finally {
    container.signal('SIGTERM');
    const force = setTimeout(() => container.kill(), 15_000);
    await container.exited;
    clearTimeout(force);
  }
}

/** Runs a container to its end, for half a minute at most. */
export async function ended(image: UnpackedImage, trial: Trial, options: ContainerOptions): Promise<Container> {
  trial.sent(
    [
      ...Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(options.command ?? options.args ?? []),
    ].join(' '),
  );
  const container = image.start(options);
  const force = setTimeout(() => container.kill(), 30_000);
  const status = await container.exited;
  clearTimeout(force);
  trial.saw(`exit ${status}; stdout: ${container.stdout.slice(0, 200)}; stderr: ${container.stderr.slice(-300)}`);
  return container;
}

/** Milliseconds since the container's start until a path answers 200. */
export async function answers(container: Container, port: number, path: string): Promise<number> {
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) {
      return performance.now() - container.startedAt;
    }
    if (!container.running || performance.now() - container.startedAt > 60_000) {
      throw new Error(`${path} did not answer within 60 s, or the container ended:\n${container.stderr}`);
    }
    await sleep(10);
  }
}

/** A volume as the operator's pods see it: owned by root, of group 2000. */
function volume(): string {
  const folder = mkdtempSync(join(STORE, 'volume-'));
  chownSync(folder, 0, 2000);
  chmodSync(folder, 0o2775);
  return folder;
}

/** A volume that the image's own download has filled, from a stub hub that has the tiny default model under the profile's name. */
async function withStore(
  image: UnpackedImage,
  trial: Trial,
  use: (store: Store) => Promise<void>,
  { files = FILES, ...limits }: { readonly files?: typeof FILES; readonly smallAs?: number } = {},
): Promise<void> {
  const manifest = manifestOf(image);
  const profile = manifest.profiles[0] as (typeof manifest.profiles)[number];
  const hub = await stubHub(profile.uri.replace('hf://', ''), files);
  const folder = volume();
  try {
    const env = { NIM_CACHE_PATH: '/model-store', HF_ENDPOINT: hub.endpoint, NGC_API_KEY: 'not-needed', HF_TOKEN: '' };
    const download = await ended(image, trial, {
      command: ['download-to-cache'],
      args: ['--profiles', profile.id],
      env,
      mounts: [{ source: folder, target: '/model-store' }],
      ...limits,
    });
    await use({ download, folder, profile: profile.id, hub });
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Store {
  readonly download: Container;
  readonly folder: string;
  readonly profile: string;
  readonly hub: StubHub;
}

const manifestOf = (image: UnpackedImage) => {
  const path = '/opt/nim/etc/default/model_manifest.yaml';
  return readManifest(readFileSync(join(image.root, path), 'utf8'), path);
};

export interface ImageCheck extends Omit<Check, 'run'> {
  /** What it needs of the machine that is not here. */
  readonly needs?: string;
  run(image: UnpackedImage, trial: Trial): Promise<void>;
}

export interface ImageCheck extends Omit<Check, 'run'> {
  /** What it needs of the machine that is not here. */
  readonly needs?: string;
  run(image: UnpackedImage, trial: Trial): Promise<void>;
}

/** The checks of the container's contract that need the image and no GPU, by their numbers. */
export const IMAGE_CHECKS: readonly ImageCheck[] = [
  {
    number: 1,
    title: "the operator's probe prints the manifest alone, waits, and ends on SIGTERM",
    run: async (image) => {
      const container = image.start({ command: ['sh', '-c', PROBE], offline: true, readOnlyRoot: true });
      await sleep(5000);
      const manifest = readFileSync(join(image.root, '/opt/nim/etc/default/model_manifest.yaml'), 'utf8');
      assert.equal(container.stdout + container.stderr, manifest);
      // The shell is PID 1 and has no handler: the kernel keeps SIGTERM from it, and Kubernetes kills it after the grace.
      container.signal('SIGTERM');
      container.kill();
      await container.exited;
    },
  },
  {
    number: 5,
    title: 'the programs that the operator calls are there, and update-ca-certificates takes a mounted authority',
    run: async (image, trial) => {
      const script =
        'cp /etc/hostname /tmp/x 2>/dev/null; basename /a/b; cat /dev/null; sleep 0; command -v sh cat sleep cp basename';
      const programs = await ended(image, trial, { command: ['sh', '-c', script] });
      assert.equal(await programs.exited, 0);
      assert.match(programs.stdout, /^b\n/);
      const folder = mkdtempSync(join(STORE, 'authority-'));
      const authority = readFileSync(join(image.root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8').split(
        /(?<=-----END CERTIFICATE-----\n)/,
      )[0] as string;
      writeFileSync(join(folder, 'custom.crt'), authority);
      chmodSync(folder, 0o755);
      const update = await ended(image, trial, {
        command: [
          'sh',
          '-c',
          'for file in /custom/*; do cp "$file" "/usr/local/share/ca-certificates/$(basename "$file")"; done && update-ca-certificates && cat /etc/ssl/certs/custom.pem',
        ],
        mounts: [{ source: folder, target: '/custom', readOnly: true }],
        user: [0, 0],
      });
      rmSync(folder, { recursive: true });
      assert.match(update.stdout, /BEGIN CERTIFICATE/);
    },
  },
  {
    number: 6,
    title: 'the user is numeric and not root, no label asks for native caching, and any user of group 0 can serve',
    run: async (image, trial) => {
      assert.equal(image.config.User, '1000:2000');
      assert.equal(image.config.Labels['com.nvidia.nim.model_download_protocol'], undefined);
      const port = await freePort();
      const options: ContainerOptions = {
        user: [1_234_567, 0],
        readOnlyRoot: true,
        env: { NIM_SERVER_PORT: String(port), NIM_MEMORY_BYTES: '256MiB' },
      };
      await withContainer(image, options, async (container) => {
        trial.saw(`ready after ${(await answers(container, port, '/v1/health/ready')).toFixed(0)} ms`);
      });
    },
  },
  {
    number: 7,
    title: 'all of /opt/nim is readable by anybody',
    run: async (image) => {
      for (const name of readdirSync(join(image.root, 'opt/nim'), { recursive: true }).map(String)) {
        const path = join(image.root, 'opt/nim', name);
        const { mode } = statSync(path);
        assert.ok((mode & 0o004) !== 0, `${name} has mode ${mode.toString(8)}`);
      }
    },
  },
  {
    number: 8,
    title: 'download-to-cache fills a volume of root:2000 as 1000:2000, and nothing else',
    run: (image, trial) =>
      withStore(image, trial, async ({ download, folder }) => {
        assert.equal(await download.exited, 0);
        const files = readdirSync(folder, { recursive: true }).map(String);
        const weights = files.find((file) => file.endsWith('model.safetensors')) as string;
        assert.ok(readFileSync(join(folder, weights)).equals(FILES['model.safetensors'] as Buffer));
        assert.equal(statSync(join(folder, weights)).uid, 1000);
      }),
  },
  {
    number: 12,
    title: 'download-to-cache works on one processor with 512 MiB of memory, which the model is larger than',
    needs: MemoryGroup.missing,
    run: async (image, trial) => {
      const smallAs = 512 * MIB;
      const greedy = await ended(image, trial, { args: ['node', '-e', 'Buffer.alloc(768 * 2 ** 20, 1)'], smallAs });
      assert.equal(await greedy.exited, 128 + constants.signals.SIGKILL);
      const files = { ...FILES, 'model.safetensors': Buffer.alloc(640 * MIB, 'weights') };
      const filled = async ({ download, folder }: Store) => {
        assert.equal(await download.exited, 0);
        trial.saw(`at most ${(download.peakBytes / MIB).toFixed(0)} MiB were held, the page cache counted`);
        assert.ok(download.peakBytes <= smallAs);
        const weights = readdirSync(folder, { recursive: true })
          .map(String)
          .find((file) => file.endsWith('.safetensors'));
        assert.ok(readFileSync(join(folder, weights as string)).equals(files['model.safetensors']));
      };
      await withStore(image, trial, filled, { files, smallAs });
    },
  },
  {
    number: 20,
    part: 'on the CPU',
    title: "serves with the operator's environment, from a read-only store, on a read-only root, without capabilities",
    run: (image, trial) =>
      withStore(image, trial, async ({ folder, profile, hub }) => {
        await hub.close();
        const port = await freePort();
        const env = serviceEnv(port, profile);
        const mounts = [{ source: folder, target: '/model-store', readOnly: true }];
        await withContainer(image, { env, mounts, readOnlyRoot: true }, async (container) => {
          await answers(container, port, '/v1/health/ready');
          const { data } = (await (await fetch(`http://127.0.0.1:${port}/v1/models`)).json()) as {
            data: { id: string; root: string }[];
          };
          assert.equal(data[0]?.root, data[0]?.id);
          const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              model: data[0]?.id,
              messages: [{ role: 'user', content: 'What is NIM?' }],
              max_tokens: 16,
              stream: true,
            }),
          });
          const text = await answer.text();
          trial.saw(text);
          assert.match(text, /data: \[DONE\]/);
          // 37: one JSON object a line.
          for (const line of container.stderr.trim().split('\n')) {
            assert.ok(JSON.parse(line).message !== undefined, line);
          }
          // 45: SIGTERM ends it with 0.
          container.signal('SIGTERM');
          assert.equal(await container.exited, 0);
        });
      }),
  },
  {
    number: 22,
    part: 'a model of a hub, as the operator downloads and serves it',
    title: 'huggingface-cli fills the volume at a commit, and the service serves it read-only, without the hub',
    run: async (image, trial) => {
      const hub = await stubHub('acme/support', FILES);
      const folder = volume();
      try {
        const commit = createHash('sha1').update('acme/support').digest('hex');
        const words = ['download', 'acme/support', '--local-dir', '/model-store', '--repo-type', 'model'];
        const hubEnv = { HF_HOME: '/model-store/huggingface/hub', HF_TOKEN: '' };
        const download = await ended(image, trial, {
          command: ['huggingface-cli'],
          args: [...words, '--revision', commit],
          env: { ...hubEnv, HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0' },
          mounts: [{ source: folder, target: '/model-store' }],
        });
        assert.equal(await download.exited, 0);
        await hub.close();
        const port = await freePort();
        const { NIM_MODEL_PROFILE: _, ...env } = serviceEnv(port, '');
        const options: ContainerOptions = {
          env: { ...env, ...hubEnv, NIM_MODEL_NAME: '/model-store', NIM_MODEL_PATH: 'hf://acme/support' },
          mounts: [{ source: folder, target: '/model-store', readOnly: true }],
          readOnlyRoot: true,
        };
        await withContainer(image, options, async (container) => {
          trial.saw(`ready after ${(await answers(container, port, '/v1/health/ready')).toFixed(0)} ms`);
        });
      } finally {
        await hub.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    number: 26,
    title: 'the entry point serves, runs a command of the image or any program, and its first process reaps children',
    run: async (image, trial) => {
      const echo = await ended(image, trial, { args: ['/usr/bin/basename', '/x/y'] });
      assert.equal(echo.stdout, 'y\n');
      const help = await ended(image, trial, { args: ['nim-serve', '--help'] });
      assert.match(help.stdout, /NIM_SERVER_PORT/);
      const flags = await ended(image, trial, { args: ['--help'] });
      assert.equal(flags.stdout, help.stdout);
      const ray = await ended(image, trial, { args: ['nim-serve-ray', '--head'] });
      assert.match(ray.stderr, /this image serves on one node, without Ray/);
      assert.notEqual(await ray.exited, 0);
      // A grandchild whose parent ends becomes a child of PID 1, which must wait for it.
      const script = "(sleep 0.2 &) ; sleep 0.6; for s in /proc/[0-9]*/stat; do cat $s; done | grep -c ' Z ' || true";
      const orphans = await ended(image, trial, { args: ['sh', '-c', script] });
      assert.equal(orphans.stdout, '0\n');
    },
  },
  {
    number: 28,
    title: 'works with a /dev/shm of 64 MiB',
    run: async (image, trial) => {
      const port = await freePort();
      const env = { NIM_SERVER_PORT: String(port), NIM_MEMORY_BYTES: '256MiB' };
      await withContainer(image, { env, readOnlyRoot: true }, async (container) => {
        trial.saw(`ready after ${(await answers(container, port, '/v1/health/ready')).toFixed(0)} ms`);
      });
    },
  },
  {
    number: 50,
    title: 'cold start on the CPU is printed, and the image holds no package manager',
    run: async (image, trial) => {
      for (const program of ['dpkg', 'apt-get', 'npm', 'pip', 'perl', 'python3']) {
        const { stdout } = await ended(image, trial, { args: ['sh', '-c', `command -v ${program} || echo none`] });
        assert.equal(stdout, 'none\n');
      }
      const port = await freePort();
      const env = { NIM_SERVER_PORT: String(port), NIM_MEMORY_BYTES: '256MiB' };
      await withContainer(image, { env, readOnlyRoot: true }, async (container) => {
        const live = await answers(container, port, '/v1/health/live');
        const ready = await answers(container, port, '/v1/health/ready');
        const body = JSON.stringify({ model: 'nim-constructs/default', prompt: 'NIM', max_tokens: 1 });
        const headers = { 'content-type': 'application/json' };
        const first = await fetch(`http://127.0.0.1:${port}/v1/completions`, { method: 'POST', headers, body });
        assert.equal(first.status, 200);
        const token = performance.now() - container.startedAt;
        const figures = [live, ready, token].map((milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`);
        console.log(
          `cold start of the container, embedded model on the CPU: live ${figures[0]}, ready ${figures[1]}, first token ${figures[2]}`,
        );
      });
    },
  },
];
