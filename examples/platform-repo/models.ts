import type { Construct } from 'constructs';
import { Engine, Precision } from 'nim-constructs/catalog';
import { NgcCredentials, NimCache, NimProfile, NimService, ServingImage } from 'nim-constructs/nim';
import type { IGpuNodePool } from 'nim-constructs/nodes';
import type { IModelStore } from 'nim-constructs/storage';

/** What this platform serves, wherever it is applied from: a construct of one's own over three of the library. */
export function addLlama(scope: Construct, pool: IGpuNodePool, store: IModelStore): NimService {
  const cache = new NimCache(scope, 'LlamaCache', {
    image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' }),
    profile: NimProfile.select({ engine: Engine.VLLM, precision: Precision.BF16, tensorParallelism: 1 }),
    pool,
    store,
    credentials: NgcCredentials.fromSecretNames({ pullSecret: 'ngc-secret', authSecret: 'ngc-api-secret' }),
  });
  return new NimService(scope, 'Llama', { cache, replicas: 2 });
}
