// Programs as users write them, with what tests vary, as templates.
import { type App, Stack } from 'aws-cdk-lib';
import { Template as CdkTemplate } from 'aws-cdk-lib/assertions';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import { Engine, Gpu, Precision } from 'nim-constructs/catalog';
import { type EfsModelStoreOptions, NimCluster } from 'nim-constructs/cluster';
import { NgcCredentials, NimProfile, ServingImage } from 'nim-constructs/nim';
import type { GpuNodePoolOptions } from 'nim-constructs/nodes';
import { NimPlatform } from 'nim-constructs/platform';
import { fakeKubectlLayer, testApp } from '../stack';
import type { Template } from './graph';

export const LLAMA = 'meta/llama-3.1-8b-instruct';

export function vllm(precision = Precision.BF16): NimProfile {
  return NimProfile.select({ engine: Engine.VLLM, precision, tensorParallelism: 1 });
}

export interface ModelVariant {
  readonly tag?: string;
  readonly profile?: NimProfile;
  readonly pool?: string;
  readonly store?: string;
  readonly replicas?: number;
}

export interface Variant {
  readonly platform?: string;
  readonly namespace?: string;
  readonly pools?: Record<string, Partial<GpuNodePoolOptions>>;
  readonly stores?: Record<string, EfsModelStoreOptions>;
  readonly models?: Record<string, ModelVariant>;
  /** Whether the cluster is a construct beside the platform, and not a part of it. */
  readonly ownCluster?: boolean;
}

const TEMPLATES = new Map<string, Template>();

/** The right-sized example, with what a test varies. Made once for each variant: synthesis takes most of a test's time. */
export function program(variant: Variant = {}): Template {
  const key = JSON.stringify(variant);
  const template = TEMPLATES.get(key) ?? synthesize(variant);
  TEMPLATES.set(key, template);
  return template;
}

function synthesize({
  platform: id = 'Platform',
  namespace,
  pools = { L40S: {} },
  stores = { Models: {} },
  models = { Llama: {} },
  ownCluster = false,
}: Variant): Template {
  const stack = new Stack(testApp(), 'Test');
  const cluster = {
    version: KubernetesVersion.of('1.36'),
    kubectlLayer: fakeKubectlLayer(stack),
  };
  const platform = new NimPlatform(stack, id, {
    ...(ownCluster ? { cluster: new NimCluster(stack, 'Cluster', cluster).cluster } : cluster),
    credentials: NgcCredentials.fromSecretsManager('ngc/api-key'),
    namespace,
  });
  const made = {
    pools: map(pools, (name, options) => platform.addGpuNodePool(name, { gpu: Gpu.L40S, maxGpus: 4, ...options })),
    stores: map(stores, (name, options) => platform.addEfsModelStore(name, options)),
  };
  for (const [name, { tag = '2.0.6', profile = vllm(), pool, store, replicas }] of Object.entries(models)) {
    platform.addModel(name, {
      image: ServingImage.nim(LLAMA, { tag }),
      profile,
      pool: made.pools[pool ?? Object.keys(pools)[0]],
      store: made.stores[store ?? Object.keys(stores)[0]],
      replicas,
    });
  }
  return templateOf(stack);
}

/** A stack of any program. */
export function stackOf(build: (stack: Stack) => void): Template {
  const stack = new Stack(testApp(), 'Test');
  build(stack);
  return templateOf(stack);
}

export function example(make: (app: App) => Stack): Template {
  return templateOf(make(testApp()));
}

function templateOf(stack: Stack): Template {
  return CdkTemplate.fromStack(stack).toJSON() as Template;
}

function map<T, U>(record: Record<string, T>, make: (name: string, value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(name, value)]));
}
