// What depends on the surroundings is said at synthesis, and does not stop it.
import { afterEach, expect, test, vi } from 'vitest';
import { ServiceType } from '../../lib/nim';
import { l40sPool, llamaService, nimChart } from '../support/chart';

afterEach(() => vi.restoreAllMocks());

function warningsOf(build: () => unknown): string[] {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  build();
  return written.mock.calls.map(([text]) => String(text).trimEnd());
}

test('an API that is opened to the internet, because NIM asks nobody who they are', () => {
  expect(warningsOf(() => llamaService(nimChart(), { serviceType: ServiceType.LOAD_BALANCER }))).toEqual([
    '[warning at chart/Llama] serviceType LoadBalancer opens an API that asks nobody who they are; put an authenticating ' +
      'gateway before it, or restrict the load balancer, then acknowledge this warning',
  ]);
});

test('an AMI that changes by itself', () => {
  expect(warningsOf(() => l40sPool(nimChart(), { amiAlias: 'al2023@latest' }))).toEqual([
    '[warning at chart/L40S] amiAlias al2023@latest replaces GPU nodes, while they serve, whenever AWS publishes an image; ' +
      'name a version, such as al2023@v20260714',
  ]);
});

test('nothing of either by default', () => {
  expect(warningsOf(() => llamaService(nimChart()))).toEqual([]);
});
