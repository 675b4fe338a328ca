import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiledServer } from '../contract/compiled.js';
import { type StubHub, stubHub } from '../support/stub-hub.js';

/** A file system of one megabyte, in a namespace of its own; what runs in it sees it at `$VOLUME`. */
const SMALL = 'mount -t tmpfs -o size=1m,mode=777 tmpfs "$VOLUME"';
const spaces = [['--user', '--map-root-user', '--mount'], ['--mount']].find(
  (flags) =>
    spawnSync('unshare', [...flags, 'sh', '-c', SMALL], {
      env: { ...process.env, VOLUME: mkdtempSync(join(tmpdir(), 'full-')) },
    }).status === 0,
);

describe.skipIf(spaces === undefined)('a disk that is full (needs unshare and mount)', () => {
  let hub: StubHub;
  beforeAll(async () => {
    hub = await stubHub('acme/tiny', { 'config.json': Buffer.from('{}'), 'model.safetensors': randomBytes(3_000_000) });
  });
  afterAll(() => hub.close());

  it('ends in one line that says so, and what is there is no model to a later start', { timeout: 60_000 }, async () => {
    const volume = mkdtempSync(join(tmpdir(), 'full-'));
    const argv = [compiledServer(), 'download-to-cache', '--model-uri', 'hf://acme/tiny'];
    const serve = [compiledServer(), 'nim-serve', '--model', 'hf://acme/tiny'];
    const script = `${SMALL} && "$NODE" ${argv.join(' ')}; echo "status $?" >&2; NIM_DISABLE_MODEL_DOWNLOAD=1 "$NODE" ${serve.join(' ')}`;
    const child = spawn('unshare', [...(spaces as string[]), 'sh', '-c', script], {
      env: {
        PATH: process.env.PATH ?? '',
        NODE: process.execPath,
        VOLUME: volume,
        NIM_CACHE_PATH: volume,
        HF_ENDPOINT: hub.endpoint,
        NIM_SERVER_PORT: '0',
      },
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    const lines = text.trimEnd().split('\n');
    const status = lines.findIndex((line) => line.startsWith('status '));
    expect(lines[status]).toBe('status 1');
    expect(lines[status - 1]).toMatch(
      /model.safetensors: the disk is full at byte \d+; give the store more space and run this again$/,
    );
    expect(lines.at(-1)).toMatch(/hf:\/\/acme\/tiny is not in the cache and NIM_DISABLE_MODEL_DOWNLOAD is set/);
  });
});
