import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { Gpu, ModelSpec } from '../../lib/catalog';
import { BundledServingImage, KubernetesScope } from '../../lib/cluster';
import { NgcCredentials, NimCache, NimProfile } from '../../lib/nim';
import { GpuNodePool } from '../../lib/nodes';
import { LLAMA, l40sPool, STORE } from '../support/chart';
import { bareCluster, errorOf, manifests, resources, testStack, waitsFor } from '../support/stack';

const MODEL = ModelSpec.find(LLAMA);

function nameOfCache(prepare: (stack: Stack) => void): string {
  const stack = testStack();
  prepare(stack);
  const { name, subPath } = ownCache(stack);
  return `${name} ${subPath}`;
}

function ownCache(stack: Stack, gpus?: Gpu[], pool?: Gpu): NimCache {
  const kube = new KubernetesScope(stack, 'Nim', { cluster: bareCluster(stack), namespace: 'nim' });
  return new NimCache(kube, 'Cache', {
    image: new BundledServingImage(stack, 'Image', { model: MODEL, gpus }),
    profile: NimProfile.own(),
    pool: pool
      ? GpuNodePool.fromLabels(kube, 'Pool', { gpu: pool, labels: { pool: 'gpu' }, taints: [] })
      : l40sPool(kube),
    store: STORE,
    credentials: NgcCredentials.placeholder(),
  });
}

describe('the image of the package as an asset', () => {
  test('is built from the files of the package, for the chips that are asked for', () => {
    const stack = testStack();
    const image = new BundledServingImage(stack, 'Image', { model: MODEL, gpus: [Gpu.H100, Gpu.L4, Gpu.L40S] });
    expect(image.asset.imageTag).toMatch(/^[0-9a-f]{64}$/);
    const [{ source }] = Object.values(
      (stack.synthesizer as unknown as { assetManifest: { dockerImages: Record<string, { source: object }> } })
        .assetManifest.dockerImages,
    );
    expect(source).toMatchObject({
      dockerBuildArgs: { CUDA_CODE: '89;90a' },
      dockerFile: 'serving/image/Containerfile',
      platform: 'linux/amd64',
    });
  });

  test('has a context of what the Containerfile copies, and nothing else', () => {
    const app = new App();
    const stack = new Stack(app, 'Test');
    new BundledServingImage(stack, 'Image', { model: MODEL });
    const folder = readdirSync(app.outdir).find((name) => name.startsWith('asset.')) as string;
    const context = join(app.outdir, folder);
    expect(readdirSync(context).sort()).toEqual(['LICENSE', 'serving']);
    expect(readdirSync(join(context, 'serving')).sort()).toEqual(['engine', 'image', 'models', 'server']);
    expect(existsSync(join(context, 'serving/server/test'))).toBe(false);
    expect(existsSync(join(context, 'serving/engine/tests'))).toBe(false);
  });

  test.each([
    { compiled: Gpu.A100_40GB, pool: Gpu.L4 },
    { compiled: Gpu.A10G, pool: Gpu.L40S },
    { compiled: Gpu.L4, pool: Gpu.B200 },
    { compiled: Gpu.H100, pool: Gpu.H200 },
  ])('compiled for $compiled.label it serves on $pool.label', ({ compiled, pool }) => {
    expect(ownCache(testStack(), [compiled], pool).name).toBeDefined();
  });

  test.each([
    { compiled: Gpu.L4, pool: Gpu.A10G, add: 'add Gpu.A10G to gpus of BundledServingImage, or ' },
    { compiled: Gpu.L40S, pool: Gpu.H100, add: 'add Gpu.H100 to gpus of BundledServingImage, or ' },
    { compiled: Gpu.H200, pool: Gpu.L40S, add: 'add Gpu.L40S to gpus of BundledServingImage, or ' },
    { compiled: Gpu.H100, pool: Gpu.B200, add: '' },
  ])('compiled for $compiled.label alone it is refused on $pool.label', ({ compiled, pool, add }) => {
    expect(errorOf(() => ownCache(testStack(), [compiled], pool))).toBe(
      `[Test/Nim/Cache] pool pool is "${pool.label} of compute capability ${pool.computeCapability.toFixed(1)}", allowed is a GPU ` +
        `that the image is compiled for: ${compiled.label}; ${add}leave gpus out for all of them`,
    );
  });

  test('keeps the names of caches when anything else in the app changes', () => {
    const alone = nameOfCache(() => {});
    const crowded = nameOfCache((stack) => {
      for (let i = 0; i < 3; i++) {
        void new Queue(stack, `Queue${i}`).queueArn;
      }
    });
    expect(crowded).toBe(alone);
  });

  test('is applied with its placeholder, which the cache waits for', () => {
    const stack = testStack();
    ownCache(stack);
    const [secret] = manifests(stack).filter(({ kind }) => kind === 'Secret');
    expect(secret.stringData).toEqual({ NGC_API_KEY: 'not-needed', HF_TOKEN: '' });
    const [id] = Object.entries(resources(stack, 'Custom::AWSCDK-EKS-KubernetesResource'))
      .filter(([, { Manifest }]) => JSON.parse(Manifest)[0].kind === 'Secret')
      .map(([logicalId]) => logicalId);
    const [cache] = Object.entries(resources(stack, 'Custom::AWSCDK-EKS-KubernetesResource'))
      .filter(([, { Manifest }]) => JSON.parse(Manifest)[0].kind === 'NIMCache')
      .map(([logicalId]) => logicalId);
    expect(waitsFor(stack, cache, id)).toBe(true);
  });

  test('refuses a GPU that the engine has no code for', () => {
    expect(errorOf(() => new BundledServingImage(testStack(), 'Image', { gpus: [Gpu.T4] }))).toBe(
      '[Test] gpus is "T4 of compute capability 7.5", allowed is GPUs that the engine has code for: A10G, L4, L40S, A100 40GB, A100 80GB, H100, H200; leave gpus out for all of them',
    );
  });
});
