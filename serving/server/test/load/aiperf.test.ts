import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Served } from '../contract/process.js';
import { hasAddon } from '../support/addon.js';
import { pythonWith } from '../support/python.js';

const python = hasAddon
  ? pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)))
  : { missing: "the engine's addon is not built" };
const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));

/**
 * The load test of NVIDIA's blueprint for EKS, whose genai-perf AIPerf has replaced: 100 prompts of 200 tokens, 100 tokens each,
 * 20 at a time, streamed.
 */
const LOAD = [
  ['--endpoint-type', 'chat'],
  ['--streaming'],
  ['--request-count', '100'],
  ['--synthetic-input-tokens-mean', '200'],
  ['--synthetic-input-tokens-stddev', '0'],
  ['--output-tokens-mean', '100'],
  ['--output-tokens-stddev', '0'],
  ['--concurrency', '20'],
  ['--extra-inputs', 'ignore_eos:true'],
].flat();

describe.skipIf(python.missing)(`AIPerf${python.missing ? ` (${python.missing})` : ''}`, () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.start({ env: { NIM_MAX_NUM_SEQS: '32' } });
    await served.ready();
  }, 120_000);
  afterAll(async () => {
    expect(await served?.stop()).toBe(0);
  });

  it("runs the blueprint's load test, and every request is answered whole", { timeout: 300_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aiperf-'));
    const { program } = python as { program: string };
    const argv = [
      '-m',
      'aiperf',
      'profile',
      '--model',
      'nim-constructs/default',
      '--url',
      served.base,
      '--tokenizer',
      MODEL,
    ];
    const options = { cwd: folder, maxBuffer: 2 ** 26 };
    const { stdout } = await promisify(execFile)(
      program,
      [...argv, ...LOAD, '--ui', 'none', '--artifact-dir', folder],
      options,
    );
    const file = readdirSync(folder, { recursive: true })
      .map(String)
      .find((name) => name.endsWith('aiperf.json'));
    const report = JSON.parse(readFileSync(join(folder, file ?? stdout), 'utf8'));
    const value = (name: string) => report[name]?.avg;
    console.log(
      `AIPerf: ${value('output_token_throughput')?.toFixed(0)} tokens/s, first token ${value('time_to_first_token')?.toFixed(1)} ms, ` +
        `${value('request_throughput')?.toFixed(1)} requests/s`,
    );
    expect([value('request_count'), report.error_summary ?? []]).toEqual([100, []]);
    expect(await served.metric('request_success_total')).toBe(100);
    expect(await served.metric('generation_tokens_total')).toBe(100 * 100);
  });
});
