import { expect, test } from 'vitest';
import { NimNamespace } from '../../lib/nim';
import { nimChart, objectsOf, problemsOf } from '../support/chart';

// Under `restricted` no NIM pod runs (controllers 4.1). A Namespace is in no namespace, though its chart has one.
test('the namespace of a chart enforces the baseline of Pod Security', () => {
  const chart = nimChart('models');
  new NimNamespace(chart, 'Namespace');
  expect(problemsOf(chart)).toEqual([]);
  expect(objectsOf(chart)).toEqual([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'models', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    },
  ]);
});
