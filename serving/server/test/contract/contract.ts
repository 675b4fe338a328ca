import { opensslMissing } from '../support/certificates.js';
import { apiChecks } from './api-checks.js';
import { CACHE_CHECKS } from './cache-checks.js';
import type { Check, SkippedCheck } from './check.js';
import { MANIFEST_CHECKS } from './manifest-checks.js';
import { MODEL_CHECKS } from './model-checks.js';
import { Served } from './process.js';
import { SERVE_CHECKS } from './serve-checks.js';
import { TLS_CHECKS } from './tls-checks.js';

const gpu = (number: number, part?: string): SkippedCheck => ({
  number,
  part,
  reason: 'needs a GPU and the image: bench/container runs test/image on a GPU machine',
});

/** What of the contract's list is not run here. Those that need the image and no GPU are in test/image. */
export const SKIPPED: readonly SkippedCheck[] = [
  {
    number: 16,
    part: 'NGC_API_KEY and proxies',
    reason: 'this image has no client of NGC, and no stub of a proxy is here',
  },
  gpu(18, 'with a GPU'),
  { number: 19, reason: 'this image is no native build' },
  gpu(20),
  gpu(21),
  gpu(27, 'more GPUs than are visible'),
  { number: 27, part: 'several GPUs', reason: 'the engine runs on one' },
  gpu(29, 'memory of a GPU'),
  { number: 32, reason: 'an engine that fails cannot be had over a socket: test/serve stops one in the process' },
  { number: 33, part: 'LoRA', reason: 'no adapters yet' },
  { number: 41, part: 'auto', reason: 'the embedded model has no form of calls: test/tools has the parsers' },
  ...(opensslMissing ? [{ number: 46, part: 'TLS', reason: opensslMissing }] : []),
  { number: 47, reason: 'no adapters yet' },
  { number: 48, reason: 'test/clients has the clients' },
];

/** The checks that need no GPU and no image, in order, over processes of their own and one that the last ones share. */
export class Contract {
  public readonly checks: readonly Check[];
  private shared: Promise<Served> | undefined;

  public constructor() {
    const server = () => {
      this.shared ??= Served.start({ env: { NIM_MAX_NUM_SEQS: '16' } }).then(async (served) => {
        await served.ready();
        return served;
      });
      return this.shared;
    };
    const tls = opensslMissing ? [] : TLS_CHECKS;
    this.checks = [
      ...MANIFEST_CHECKS,
      ...CACHE_CHECKS,
      ...MODEL_CHECKS,
      ...SERVE_CHECKS,
      ...tls,
      ...apiChecks(server),
    ].sort((a, b) => a.number - b.number);
  }

  public async close(): Promise<void> {
    const served = await this.shared?.catch(() => undefined);
    served?.container.signal('SIGKILL');
    await served?.container.exited;
  }
}
