// Llama 3.1 8B Instruct for a cluster that exists, as files for GitOps: `npx cdk8s synth` writes them to dist/.
import { Chart } from 'cdk8s';
import { Engine, Gpu, Precision } from 'nim-constructs/catalog';
import { OrderedApp } from 'nim-constructs/gitops';
import { NgcCredentials, NimCache, NimNamespace, NimProfile, NimService, ServingImage } from 'nim-constructs/nim';
import { GpuNodePool, NodeEnvironment } from 'nim-constructs/nodes';
import { ModelStore } from 'nim-constructs/storage';

const app = new OrderedApp();

// Karpenter is in the cluster; it finds subnets and security groups by their tag karpenter.sh/discovery.
const nodes = new Chart(app, 'Nodes');
const environment = new NodeEnvironment({ nodeRoleName: 'KarpenterNodeRole-my-cluster', discoveryTag: 'my-cluster' });
const a10g = new GpuNodePool(nodes, 'A10G', { gpu: Gpu.A10G, maxGpus: 8, environment });
const l40s = new GpuNodePool(nodes, 'L40S', { gpu: Gpu.L40S, maxGpus: 4, environment });

// The claim and the Secrets are in the namespace already; no key passes through this program.
const workloads = new Chart(app, 'Nim', { namespace: 'nim' });
new NimNamespace(workloads, 'Namespace');
const store = ModelStore.fromClaimName('nim-models', { readMibPerSecond: 500 });
const credentials = NgcCredentials.fromSecretNames({ pullSecret: 'ngc-secret', authSecret: 'ngc-api-secret' });

// The blueprint's choice: NIM 1.3.3, TensorRT-LLM, two of a node's four A10G.
const blueprint = new NimCache(workloads, 'LlamaTrtCache', {
  image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '1.3.3' }),
  profile: NimProfile.select({ engine: Engine.TENSORRT_LLM, precision: Precision.FP16, tensorParallelism: 2 }),
  pool: a10g,
  store,
  credentials,
});
new NimService(workloads, 'LlamaTrt', { cache: blueprint });

// The same model on one L40S: NIM 2.0.6, vLLM, bf16.
const rightSized = new NimCache(workloads, 'LlamaCache', {
  image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' }),
  profile: NimProfile.select({ engine: Engine.VLLM, precision: Precision.BF16, tensorParallelism: 1 }),
  pool: l40s,
  store,
  credentials,
});
new NimService(workloads, 'Llama', { cache: rightSized });

app.synth();
