import { describe, expect, test } from 'vitest';
import { a10gPool, blueprintCache, llamaService, nimChart, objectsOf, problemsOf, theOnly } from '../support/chart';

describe('the replicas of a service', () => {
  test('are guarded by a disruption budget from two on', () => {
    const chart = nimChart();
    llamaService(chart, { replicas: 2 });
    expect(theOnly(chart, 'PodDisruptionBudget')).toEqual({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'llama', namespace: 'nim' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'llama' } } },
    });
    expect(problemsOf(chart)).toEqual([]);
  });

  test.each([0, 1])('%i: no disruption budget, which would block draining the node', (replicas) => {
    const chart = nimChart();
    llamaService(chart, { replicas });
    expect(objectsOf(chart, 'PodDisruptionBudget')).toEqual([]);
    expect(theOnly(chart, 'NIMService').spec.replicas).toBe(replicas);
    expect(problemsOf(chart)).toEqual([]);
  });

  test('may be as many as the GPUs of the pool hold', () => {
    const chart = nimChart();
    const cache = blueprintCache(chart, { pool: a10gPool(chart, { maxGpus: 8 }) });
    expect(llamaService(chart, { replicas: 4 }, cache).apiObject.toJson().spec.replicas).toBe(4);
  });
});

describe('metrics', () => {
  test('are off: with no ServiceMonitor CRD the operator would make no pod at all', () => {
    expect(llamaService(nimChart()).apiObject.toJson().spec.metrics).toEqual({ enabled: false });
  });

  test('are scraped every thirty seconds where asked for', () => {
    const chart = nimChart();
    llamaService(chart, { serviceMonitor: { labels: { release: 'prometheus' } } });
    expect(theOnly(chart, 'NIMService').spec.metrics).toEqual({
      enabled: true,
      serviceMonitor: { interval: '30s', additionalLabels: { release: 'prometheus' } },
    });
    expect(problemsOf(chart)).toEqual([]);
  });
});
