import { App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Engine, Gpu, Precision } from '../../lib/catalog';
import {
  NgcCredentials,
  NimCache,
  type NimCacheProps,
  NimProfile,
  NimService,
  type NimServiceOptions,
  ServingImage,
} from '../../lib/nim';
import { GpuNodePool, type GpuNodePoolOptions, NodeEnvironment } from '../../lib/nodes';
import { ModelStore } from '../../lib/storage';
import { validateObject } from './crds';
import type { KubernetesObject } from './kubernetes-types';

export const LLAMA = 'meta/llama-3.1-8b-instruct';

/** The blueprint's profile, which exists for A10G. */
export const TRT_FP16_TP2 = NimProfile.select({
  engine: Engine.TENSORRT_LLM,
  precision: Precision.FP16,
  tensorParallelism: 2,
});
export const VLLM_BF16_TP1 = NimProfile.select({
  engine: Engine.VLLM,
  precision: Precision.BF16,
  tensorParallelism: 1,
});

export const NIM_1_3_3 = ServingImage.nim(LLAMA, { tag: '1.3.3' });
export const NIM_2_0_6 = ServingImage.nim(LLAMA, { tag: '2.0.6' });

export const ENVIRONMENT = new NodeEnvironment({ nodeRoleName: 'KarpenterNodeRole-test', discoveryTag: 'test' });
export const CREDENTIALS = NgcCredentials.fromSecretNames({ pullSecret: 'ngc-secret', authSecret: 'ngc-api-secret' });
export const STORE = ModelStore.fromClaimName('nim-models', { readMibPerSecond: 500 });

/** Of the right form and of no account. Put together here, so that no scanner takes this file for a leak. */
export const FAKE_KEYS = {
  'NGC key': `nvapi-${'Zk3'.repeat(21)}_`,
  'Hugging Face token': `hf_${'Zk3'.repeat(11)}a`,
  'AWS access key id': `AKIA${'QR7S'.repeat(4)}`,
};

/** A chart called `chart`, alone in its app. */
export function nimChart(namespace: string | undefined = 'nim'): Chart {
  return new Chart(new App(), 'chart', { namespace });
}

export function a10gPool(scope: Construct, options: Partial<GpuNodePoolOptions> = {}, id = 'A10G'): GpuNodePool {
  return new GpuNodePool(scope, id, { gpu: Gpu.A10G, maxGpus: 8, environment: ENVIRONMENT, ...options });
}

export function l40sPool(scope: Construct, options: Partial<GpuNodePoolOptions> = {}, id = 'L40S'): GpuNodePool {
  return new GpuNodePool(scope, id, { gpu: Gpu.L40S, maxGpus: 4, environment: ENVIRONMENT, ...options });
}

/** A cache of Llama by vLLM on an L40S, unless said otherwise; its pool is made where none is given. */
export function llamaCache(scope: Construct, props: Partial<NimCacheProps> = {}, id = 'Cache'): NimCache {
  return new NimCache(scope, id, {
    image: NIM_2_0_6,
    profile: VLLM_BF16_TP1,
    store: STORE,
    credentials: CREDENTIALS,
    ...props,
    pool: props.pool ?? l40sPool(scope),
  });
}

/** A cache of the blueprint's model: TensorRT-LLM on two A10G. */
export function blueprintCache(scope: Construct, props: Partial<NimCacheProps> = {}, id = 'Cache'): NimCache {
  return llamaCache(
    scope,
    { image: NIM_1_3_3, profile: TRT_FP16_TP2, ...props, pool: props.pool ?? a10gPool(scope) },
    id,
  );
}

export function llamaService(scope: Construct, options: NimServiceOptions = {}, cache = llamaCache(scope)): NimService {
  return new NimService(scope, 'Llama', { cache, ...options });
}

/** The objects of a chart as they would be applied. */
export function objectsOf(chart: Chart, kind?: string): KubernetesObject[] {
  const objects: KubernetesObject[] = chart.toJson();
  return kind ? objects.filter((object) => object.kind === kind) : objects;
}

/** The one object of this kind. */
export function theOnly(chart: Chart, kind: string): KubernetesObject {
  const found = objectsOf(chart, kind);
  if (found.length !== 1) {
    throw new Error(`wanted one ${kind}, found ${found.length}`);
  }
  return found[0];
}

/** What the CRDs and the types of Kubernetes say against the objects of a chart. */
export function problemsOf(chart: Chart): string[] {
  const objects = objectsOf(chart);
  if (objects.length === 0) {
    throw new Error('the chart has no objects');
  }
  return objects.flatMap(validateObject);
}

/** The message with which something is refused. */
export function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}
