import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { Stack } from 'aws-cdk-lib';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { Engine, Gpu, Precision } from 'nim-constructs/catalog';
import { NgcCredentials, NimProfile, ServingImage } from 'nim-constructs/nim';
import { NimPlatform } from 'nim-constructs/platform';

/** The same model on one L40S: NIM 2.0.6 with vLLM in bf16, on the smallest node that holds it. */
export class RightSized extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const platform = new NimPlatform(this, 'Platform', {
      version: KubernetesVersion.of('1.36'),
      kubectlLayer: new KubectlV36Layer(this, 'Kubectl'),
      credentials: NgcCredentials.fromSecretsManager('ngc/api-key'),
    });
    const l40s = platform.addGpuNodePool('L40S', { gpu: Gpu.L40S, maxGpus: 4 });
    const store = platform.addEfsModelStore('Models');

    platform.addModel('Llama', {
      image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' }),
      profile: NimProfile.select({ engine: Engine.VLLM, precision: Precision.BF16, tensorParallelism: 1 }),
      pool: l40s,
      store,
    });
  }
}
