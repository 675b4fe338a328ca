import { Construct } from 'constructs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setApplier } from '../../lib/kube/applier';
import { stableHash } from '../../lib/kube/names';
import { millicores } from '../../lib/kube/quantities';
import { nimChart } from '../support/chart';

const chart = nimChart();

/** The same value with the keys of each map in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).map(([key, item]) => [key, reversed(item)]);
    return Object.fromEntries(entries.reverse());
  }
  return value;
}

describe('a stable hash', () => {
  test('is eight hex digits', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => /^[0-9a-f]{8}$/.test(stableHash(chart, value))));
  });

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stableHash(chart, reversed(value))).toBe(stableHash(chart, value));
      }),
    );
  });

  test('depends on the order of a list, which is a choice of the user', () => {
    expect(stableHash(chart, ['a', 'b'])).not.toBe(stableHash(chart, ['b', 'a']));
  });

  test('differs where a value differs', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(stableHash(chart, { a }) === stableHash(chart, { a: b })).toBe(a === b);
      }),
    );
  });

  test('takes an absent and an undefined field for the same', () => {
    expect(stableHash(chart, { a: 1, b: undefined })).toBe(stableHash(chart, { a: 1 }));
  });

  test('sees what a quantity is', () => {
    expect(stableHash(chart, { cpu: millicores(1) })).not.toBe(stableHash(chart, { cpu: millicores(2) }));
  });

  test('ignores the counter of a CDK token, however deep it stands', () => {
    const claim = (owner: string, counter: number) => ({ pvc: { name: `\${Token[${owner}.Claim.${counter}]}` } });
    expect(stableHash(chart, claim('Models', 7))).toBe(stableHash(chart, claim('Models', 8)));
    expect(stableHash(chart, claim('Models', 7))).not.toBe(stableHash(chart, claim('Other', 7)));
  });

  test('asks the surroundings of the chart, where they know what a token points at', () => {
    const known = nimChart();
    setApplier(known, { stable: () => 'the logical id' });
    expect(stableHash(new Construct(known, 'X'), 'token 1')).toBe(stableHash(known, 'token 2'));
  });
});
