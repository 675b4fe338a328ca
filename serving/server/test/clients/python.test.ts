import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Served } from '../contract/process.js';
import { pythonWith } from '../support/python.js';
import { ANSWER, endServer, engineMissing, KEY, MODEL, QUESTION, startServer } from './started.js';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const SCRIPT = file('clients.py');
const python = engineMissing ? { missing: engineMissing } : pythonWith(file('requirements.txt'));
const checks = [...readFileSync(SCRIPT, 'utf8').matchAll(/^def ((?:openai|langchain)_\w+)/gm)].map(([, name]) => name);

describe.skipIf(python.missing)(
  `openai and LangChain for Python${python.missing ? ` (${python.missing})` : ''}`,
  () => {
    let served: Served;
    const failures = new Map<string, string | null>();
    beforeAll(async () => {
      served = await startServer();
      const argv = [SCRIPT, `${served.base}/v1`, KEY, MODEL, QUESTION, ANSWER];
      const { stdout } = await promisify(execFile)((python as { program: string }).program, argv);
      for (const line of stdout.trimEnd().split('\n')) {
        const { name, failure } = JSON.parse(line) as { name: string; failure: string | null };
        failures.set(name, failure);
      }
    }, 300_000);
    afterAll(() => endServer(served));

    it.each(checks)('%s', (name) => {
      expect(failures.get(name as string)).toBe(null);
    });
  },
);
