import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { Engine, Gpu, Precision } from 'nim-constructs/catalog';
import { NgcCredentials, NimProfile, ServingImage } from 'nim-constructs/nim';
import { NimPlatform } from 'nim-constructs/platform';

/** What the Terraform blueprint of ai-on-eks deploys: NIM 1.3.3 with TensorRT-LLM on two of the four A10G of a g5.12xlarge. */
export class Blueprint extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const platform = new NimPlatform(this, 'Platform', {
      version: KubernetesVersion.of('1.36'),
      kubectlLayer: new KubectlV36Layer(this, 'Kubectl'),
      credentials: NgcCredentials.fromSecretsManager('ngc/api-key'),
    });
    const a10g = platform.addGpuNodePool('A10G', { gpu: Gpu.A10G, maxGpus: 8 });
    platform.addGpuNodePool('L4', { gpu: Gpu.L4, maxGpus: 8 });
    const store = platform.addEfsModelStore('Models', { removalPolicy: RemovalPolicy.RETAIN });

    platform.addModel('Llama', {
      image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '1.3.3' }),
      profile: NimProfile.select({ engine: Engine.TENSORRT_LLM, precision: Precision.FP16, tensorParallelism: 2 }),
      pool: a10g,
      store,
    });
  }
}
