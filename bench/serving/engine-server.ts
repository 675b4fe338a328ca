// The real engine in a process of its own: `tsx engine-server.ts MODEL`. A message has it run the load without HTTP.
import type { AddressInfo } from 'node:net';
import { readCheckpoint } from '../../serving/server/src/checkpoint/index.js';
import { Engine, PLAIN_SAMPLING } from '../../serving/server/src/engine/index.js';
import { application } from './application.js';

const [, , folder = ''] = process.argv;
const checkpoint = await readCheckpoint(folder);
const engine = await Engine.create({
  model: folder,
  maxSequences: 256,
  stepTokens: 2048,
  maxContext: 512,
  memoryBytes: 4 * 2 ** 30,
  threads: 1,
  prefixCache: false,
});
const app = await application(checkpoint, engine);

process.on(
  'message',
  async ({ connections, tokens, prompt }: { connections: number; tokens: number; prompt: string }) => {
    const ids = await checkpoint.tokenizer.encode(prompt, { addSpecialTokens: true });
    const sampling = { ...PLAIN_SAMPLING, temperature: 0, ignoreEos: true };
    const begin = performance.now();
    await Promise.all(
      Array.from(
        { length: connections },
        () =>
          new Promise<void>((resolve) => {
            engine.submit({ prompt: ids, maxTokens: tokens, n: 1, sampling }, ({ finish }) => finish && resolve());
          }),
      ),
    );
    process.send?.({ alone: (connections * tokens) / ((performance.now() - begin) / 1000) });
  },
);
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: (app.server.address() as AddressInfo).port });
