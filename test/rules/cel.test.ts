import { describe, expect, test } from 'vitest';
import { ALL_RULES } from '../../lib/rules/all-rules';
import { TRANSITIONS } from '../../lib/rules/transitions';
import { DIGEST } from '../support/crds';

/** `<kind> <path> <first 8 digits of the hash>` of every CEL rule in the digest, as rules refer to them. */
const IN_DIGEST = Object.entries(DIGEST.kinds).flatMap(([gvk, { fields }]) =>
  Object.entries(fields).flatMap(([path, { cel = [] }]) =>
    cel.map((hash) => `${gvk.slice(gvk.lastIndexOf('/') + 1)} ${path} ${hash.slice(0, 8)}`),
  ),
);

const mirrored = ALL_RULES.flatMap(({ cel = [] }) => cel);
const transitions = TRANSITIONS.flatMap(({ cel = [] }) => cel);

describe('CEL rules of the CRDs', () => {
  test('have a rule each, or a reason why no single manifest can break them', () => {
    expect(IN_DIGEST.filter((reference) => ![...mirrored, ...transitions].includes(reference))).toEqual([]);
    console.log(
      `${ALL_RULES.length} rules; ${IN_DIGEST.length} CEL rules in the digest: ` +
        `${new Set(mirrored).size} mirrored, ${new Set(transitions).size} about changes`,
    );
  });

  test('are those that rules refer to: no reference is stale', () => {
    expect([...mirrored, ...transitions].filter((reference) => !IN_DIGEST.includes(reference))).toEqual([]);
    expect(mirrored.filter((reference) => transitions.includes(reference))).toEqual([]);
  });

  test('about changes are answered by the design', () => {
    for (const { subject, source, answer } of TRANSITIONS) {
      expect([subject, source, answer].every((text) => text.length > 10)).toBe(true);
    }
  });
});
