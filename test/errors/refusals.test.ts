import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { messageOf } from '../support/chart';
import type { RefusalCase } from './cases';
import { MODEL_CASES, MODEL_VARIANTS } from './model-cases';
import { NODE_CASES } from './node-cases';
import { OWN_IMAGE_CASES } from './own-image-cases';
import { SERVICE_CASES, SERVICE_VARIANTS } from './service-cases';

/** One case for each call of `refuse(`. */
const CASES: RefusalCase[] = [...NODE_CASES, ...MODEL_CASES, ...SERVICE_CASES, ...OWN_IMAGE_CASES];
const VARIANTS: RefusalCase[] = [...MODEL_VARIANTS, ...SERVICE_VARIANTS];

const LIB = join(__dirname, '../../lib');
const FOLDERS = ['gitops', 'kube', 'nim', 'nodes', 'plan', 'storage'];

describe('refused', () => {
  test.each([...CASES, ...VARIANTS])('$name', ({ refused, message }) => {
    expect(messageOf(refused)).toBe(message);
  });
});

/** Files of the folders above with the number of their calls of `refuse(`, its definition left out. */
function callSites(): Record<string, number> {
  const files = FOLDERS.flatMap((folder) => readdirSync(join(LIB, folder)).map((file) => `${folder}/${file}`));
  const counts = files.map((file) => {
    const calls = readFileSync(join(LIB, file), 'utf8').match(/(?<!function )\brefuse\(/g) ?? [];
    return [file, calls.length] as const;
  });
  return Object.fromEntries(counts.filter(([, calls]) => calls > 0));
}

function casesByFile(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { file } of CASES) {
    counts[file] = (counts[file] ?? 0) + 1;
  }
  return counts;
}

describe('every refusal', () => {
  test('has a case here', () => {
    expect(casesByFile()).toEqual(callSites());
  });

  test('has a message of its own, of the one form', () => {
    const messages = CASES.map(({ message }) => message);
    for (const message of messages) {
      expect(message).toMatch(/^\[[^\]]*\] .+ is .+, allowed is .+; .+[^.]$/s);
    }
    const checks = messages.map((message) => message.slice(message.indexOf(', allowed is')));
    expect(new Set(checks).size).toBe(CASES.length);
  });
});
