import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasAddon } from '../support/addon.js';
import { pythonWith } from '../support/python.js';
import { Victim } from './victim.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const python = hasAddon ? pythonWith(REQUIREMENTS) : { missing: "the engine's addon is not built" };
const SEED = process.env.SCHEMATHESIS_SEED ?? String(Date.now() % 1e6);
/** 405 is not among them: NIM answers 404 to a method that a path does not have. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
];

describe.skipIf(python.missing)(`schemathesis on /openapi.json${python.missing ? ` (${python.missing})` : ''}`, () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await Victim.start({ NIM_MAX_MODEL_LEN: '256' });
  }, 120_000);
  afterAll(() => victim.stop());

  it(`finds nothing that is not as documented (SCHEMATHESIS_SEED=${SEED})`, { timeout: 300_000 }, async () => {
    const argv = ['-m', 'schemathesis.cli', 'run', `${victim.served.base}/openapi.json`, '--checks', CHECKS.join(',')];
    argv.push(
      '--max-examples',
      '25',
      '--seed',
      SEED,
      '--phases',
      'coverage,fuzzing',
      '--request-timeout',
      '20',
      '--no-color',
    );
    const { program } = python as { program: string };
    const { stdout, failed } = await promisify(execFile)(program, argv, {
      cwd: mkdtempSync(join(tmpdir(), 'schemathesis-')),
      maxBuffer: 2 ** 26,
    }).then(
      ({ stdout: text }) => ({ stdout: text, failed: false }),
      (error: { stdout: string }) => ({ stdout: error.stdout, failed: true }),
    );
    const cases = Number(/(\d+) generated/.exec(stdout)?.[1] ?? 0);
    expect(failed, stdout.slice(stdout.indexOf('FAILURES'))).toBe(false);
    expect(cases, stdout).toBeGreaterThan(500);
    console.log(`schemathesis: ${cases} requests, seed ${SEED}`);
    await victim.answers();
  });
});
