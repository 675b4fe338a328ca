// The whole application over an engine that computes nothing: `tsx noop-server.ts STEP_MS`. Prints its port.
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { readCheckpoint } from '../../serving/server/src/checkpoint/index.js';
import { application } from './application.js';
import { NoopEngine } from './noop-engine.js';

const checkpoint = await readCheckpoint(fileURLToPath(new URL('../../serving/models/default', import.meta.url)));
const { tokenizer } = checkpoint;
const words = await tokenizer.encode('The serving image answers in English before anybody has fetched a model.', {
  addSpecialTokens: false,
});
const app = await application(checkpoint, new NoopEngine(words, tokenizer.size, Number(process.argv[2] ?? 0)));
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(`port ${(app.server.address() as AddressInfo).port}`);
