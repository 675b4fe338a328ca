import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkName, defaultName, kebab, namespaceOf } from '../../lib/kube/names';
import { messageOf, nimChart } from '../support/chart';

const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

describe('kebab', () => {
  test.each([
    ['Llama', 'llama'],
    ['LlamaCache', 'llama-cache'],
    ['L40S', 'l40s'],
    ['A10G', 'a10g'],
    ['NIMCache', 'nim-cache'],
    ['my_model.v2', 'my-model-v2'],
    ['--Odd  Id--', 'odd-id'],
    ['', ''],
  ])('%j becomes %j', (id, name) => {
    expect(kebab(id)).toBe(name);
  });

  test('writes only what a DNS label may hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        expect(kebab(id)).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*)?$/);
      }),
    );
  });

  test('changes nothing the second time', () => {
    fc.assert(fc.property(fc.string(), (id) => kebab(kebab(id)) === kebab(id)));
  });
});

describe('a name that nobody gave', () => {
  test('is made of the ids below the chart', () => {
    const platform = new Construct(nimChart(), 'Platform');
    expect(defaultName(new Construct(platform, 'LlamaCache'))).toBe('platform-llama-cache');
  });

  test('leaves out ids that say nothing', () => {
    const model = new Construct(nimChart(), 'Llama');
    expect(defaultName(new Construct(new Construct(model, 'Resource'), 'Default'))).toBe('llama');
  });

  test('starts at the closest chart', () => {
    const inner = new Chart(nimChart(), 'Inner');
    expect(defaultName(new Construct(inner, 'Llama'))).toBe('llama');
  });
});

describe('a checked name', () => {
  test('passes exactly where it is a DNS label that starts with a letter and is short enough', () => {
    const chart = nimChart();
    const nearlyNames = fc.string({ unit: fc.constantFrom('a', 'z', '0', '-', 'A', '.'), maxLength: 14 });
    fc.assert(
      fc.property(nearlyNames, fc.integer({ min: 1, max: 12 }), (name, most) => {
        const allowed = DNS_LABEL.test(name) && name.length <= most;
        const check = () => checkName(chart, 'name', name, most);
        if (allowed) {
          expect(check()).toBe(name);
        } else {
          expect(check).toThrow('name is ');
        }
      }),
    );
  });
});

describe('the namespace of a construct', () => {
  test('is that of its chart', () => {
    expect(namespaceOf(new Construct(nimChart('models'), 'X'))).toBe('models');
  });

  test.each(['Models', 'a.b', '-a', 'a-', 'x'.repeat(64), '', undefined])('cannot be %j', (namespace) => {
    const chart = new Chart(nimChart(), 'Inner', { namespace });
    expect(messageOf(() => namespaceOf(chart))).toContain('[chart/Inner] namespace of the chart is ');
  });
});
