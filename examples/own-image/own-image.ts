import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { Stack } from 'aws-cdk-lib';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { Gpu, ModelSpec } from 'nim-constructs/catalog';
import { BundledServingImage } from 'nim-constructs/cluster';
import { NgcCredentials, NimProfile } from 'nim-constructs/nim';
import { NimPlatform } from 'nim-constructs/platform';

/** Llama 3.1 8B Instruct in bf16 on one L4, by this project's own serving image: no NGC key, no licence. */
export class OwnImage extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const platform = new NimPlatform(this, 'Platform', {
      version: KubernetesVersion.of('1.36'),
      kubectlLayer: new KubectlV36Layer(this, 'Kubectl'),
      // Meta lets nobody download this model who has not accepted its licence; for an open one NgcCredentials.placeholder() is enough.
      credentials: NgcCredentials.huggingFaceFromSecretsManager('hugging-face/token'),
    });
    const l4 = platform.addGpuNodePool('L4', { gpu: Gpu.L4, maxGpus: 4 });

    platform.addModel('Llama', {
      image: new BundledServingImage(this, 'Image', {
        model: ModelSpec.find('meta/llama-3.1-8b-instruct'),
        gpus: [Gpu.L4],
      }),
      profile: NimProfile.own(),
      pool: l4,
      store: platform.addEfsModelStore('Models'),
      // 22,888 MiB hold the weights and some 50,000 tokens of KV cache, not the model's 131,072.
      env: { NIM_MAX_MODEL_LEN: '8192' },
    });
  }
}
