import { expect, test } from 'vitest';
import { NvidiaDevicePlugin } from '../../lib/cluster/device-plugin';
import { bareCluster, chart, errorOf, testStack } from '../support/stack';

test('the device plugin enters every GPU node, whatever its taints, without feature discovery', () => {
  const stack = testStack();
  new NvidiaDevicePlugin(stack, 'Plugin', { cluster: bareCluster(stack) });
  const { Wait, Values, ...rest } = chart(stack, 'nvidia-device-plugin');
  expect(rest).toMatchObject({
    Chart: 'nvidia-device-plugin',
    Repository: 'https://nvidia.github.io/k8s-device-plugin',
    Version: '0.20.0',
    Namespace: 'nvidia-device-plugin',
  });
  // No affinity: the chart's own takes nodes labelled nvidia.com/gpu.present, as every pool labels its nodes.
  expect(Values).toEqual({ tolerations: [{ operator: 'Exists' }], gfd: { enabled: false } });
  expect(Wait).toBeUndefined();
});

test('a version of the device plugin that does not exist is refused', () => {
  const stack = testStack();
  const cluster = bareCluster(stack);
  expect(errorOf(() => new NvidiaDevicePlugin(stack, 'Plugin', { cluster, version: 'latest' }))).toBe(
    '[Test/Plugin] version is "latest", allowed is a version 0.x; write for example "0.20.0"',
  );
});
