// docs/changes.md says nothing that no test says, and its Job is one that the API server takes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { validateObject } from '../support/crds';

const DOCUMENT = readFileSync(join(__dirname, '../../docs/changes.md'), 'utf8');
const TESTS = readdirSync(__dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(__dirname, name), 'utf8'))
  .join('\n');

describe('docs/changes.md', () => {
  const rows = DOCUMENT.split('\n').filter((line) => /^\| (?!you change|what fails)/.test(line));

  it.each(
    rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  )('has a test for: %s', (...cells) => {
    const names = [...cells[cells.length - 1].matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => ![`'${name}'`, `"${name}"`].some((title) => TESTS.includes(title)))).toEqual([]);
  });

  const job = parse(/```yaml\n([\s\S]*?)```/.exec(DOCUMENT)?.[1] ?? '');
  const { securityContext, containers, volumes } = job.spec.template.spec;

  it('has a Job that the types of Kubernetes take', () => {
    expect(validateObject(job)).toEqual([]);
  });

  it("has a Job that runs as NIM's user and removes one folder by its name", () => {
    expect(securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 2000 });
    expect(volumes[0].persistentVolumeClaim.claimName).toBe('models');
    expect(containers[0].command).toEqual(['rm', '-rf', '--', expect.stringMatching(/^\/models\/[a-z0-9][^/]+$/)]);
  });
});
