import { expect, test } from 'vitest';
import { CertManager } from '../../lib/cluster/cert-manager';
import { bareCluster, chart, errorOf, testStack } from '../support/stack';

test('cert-manager comes with its definitions, and is waited for', () => {
  const stack = testStack();
  new CertManager(stack, 'CertManager', { cluster: bareCluster(stack) });
  expect(chart(stack, 'cert-manager')).toMatchObject({
    Chart: 'cert-manager',
    Repository: 'oci://quay.io/jetstack/charts/cert-manager',
    Version: 'v1.21.1',
    Namespace: 'cert-manager',
    Wait: true,
    Values: { crds: { enabled: true } },
  });
});

test('a version of cert-manager without its "v" is refused: no chart is tagged so', () => {
  const stack = testStack();
  const cluster = bareCluster(stack);
  expect(errorOf(() => new CertManager(stack, 'CertManager', { cluster, version: '1.21.1' }))).toBe(
    '[Test/CertManager] version is "1.21.1", allowed is a version 1.x with its "v", as the chart is tagged; write for example "v1.21.1"',
  );
});
