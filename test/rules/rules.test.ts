import { ApiObject, App, Chart } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { RuleAcknowledgement } from '../../lib/rules';
import { ALL_RULES } from '../../lib/rules/all-rules';
import { guarded, violationsOf } from '../../lib/rules/checked';
import { messageOf } from '../support/chart';
import type { KubernetesObject } from '../support/kubernetes-types';
import { CASES } from './cases';
import { beside, NIM_WORKLOAD } from './cases/beside';
import type { RuleCase } from './cases/case';
import { VALID } from './cases/objects';

const AROUND = beside(NIM_WORKLOAD);

const named = CASES.map((each) => ({ ...each, name: [each.rule, each.what].filter(Boolean).join(', ') }));

/** The object in a chart that holds NIM workloads, with what its case accepts accepted. */
function rendered(object: KubernetesObject, { accepted = [], beside = [] }: RuleCase): unknown {
  const chart = new Chart(new App(), 'chart', { namespace: 'nim' });
  for (const [index, each] of [NIM_WORKLOAD, ...beside].entries()) {
    new ApiObject(chart, `beside-${index}`, each);
  }
  for (const rule of accepted) {
    RuleAcknowledgement.on(chart, { rule, reason: 'another rule is tested here' });
  }
  return guarded(new ApiObject(chart, 'it', object)).toJson();
}

describe('an object that breaks a rule', () => {
  test.each(named)('$name', (each) => {
    expect(messageOf(() => rendered(each.failing, each))).toBe(`[chart/it] ${each.message} (rule ${each.rule})`);
  });
});

describe('an object beside it that breaks none', () => {
  test.each(named)('$name', (each) => {
    expect(() => rendered(each.passing, each)).not.toThrow();
  });
});

describe('rules', () => {
  test('have a case each, whose object breaks that rule alone', () => {
    expect(ALL_RULES.map(({ id }) => id).filter((id) => !CASES.some(({ rule }) => rule === id))).toEqual([]);
    for (const { failing, accepted = [], rule, beside: others = [] } of CASES) {
      const broken = violationsOf(failing, beside(NIM_WORKLOAD, ...others)).map((violation) => violation.rule);
      expect([...new Set(broken)].filter((id) => !accepted.includes(id))).toEqual([rule]);
    }
  });

  test('have cases of their own: no object stands for two', () => {
    const failing = CASES.map((each) => JSON.stringify([each.failing, each.rule]));
    expect(new Set(failing).size).toBe(CASES.length);
    const names = named.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('have an id of one form, a source, and messages of the one form', () => {
    expect(new Set(ALL_RULES.map(({ id }) => id)).size).toBe(ALL_RULES.length);
    for (const { id, source } of ALL_RULES) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(source.length).toBeGreaterThan(20);
    }
    for (const { message } of CASES) {
      expect(message).toMatch(/^.+ is .+, allowed is .+; .+[^.]$/s);
    }
  });

  test('take every valid object', () => {
    for (const object of Object.values(VALID)) {
      expect(violationsOf(object, AROUND)).toEqual([]);
    }
  });

  test('leave kinds that none is about to those of every kind', () => {
    const object = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'Thing' } };
    expect(violationsOf(object, AROUND).map(({ rule }) => rule)).toEqual(['any/name']);
  });

  test('never throw, whatever a manifest holds', () => {
    const junk = [null, 0, '', 'x', true, [], [null], {}, [[]], { a: null }, [{ a: [{}] }]];
    for (const valid of Object.values(VALID) as KubernetesObject[]) {
      for (const value of junk) {
        for (const spec of spoilt(valid, value)) {
          expect(() => violationsOf(spec, AROUND)).not.toThrow();
        }
      }
    }
    for (const value of junk) {
      expect(violationsOf(value, AROUND)).toEqual([]);
    }
  });
});

/** The object with each of its parts in turn replaced. */
function* spoilt(value: unknown, by: unknown): Generator<unknown> {
  yield by;
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      for (const below of spoilt((value as Record<string, unknown>)[key], by)) {
        const copy = structuredClone(value) as Record<string, unknown>;
        copy[key] = below;
        yield copy;
      }
    }
  }
}
