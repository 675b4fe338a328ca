// The platform's models on a cluster that another stack made, for `cdk deploy`.
import { App, Stack } from 'aws-cdk-lib';
import { Cluster, KubectlProvider } from 'aws-cdk-lib/aws-eks-v2';
import { Gpu } from 'nim-constructs/catalog';
import { KubernetesScope } from 'nim-constructs/cluster';
import { GpuNodePool } from 'nim-constructs/nodes';
import { ModelStore } from 'nim-constructs/storage';
import { addLlama } from './models';

const stack = new Stack(new App(), 'PlatformModels');
const cluster = Cluster.fromClusterAttributes(stack, 'Cluster', {
  clusterName: 'platform',
  kubectlProvider: KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', {
    serviceToken: 'arn:aws:lambda:us-west-2:111122223333:function:kubectl',
  }),
});
const kube = new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' });
const pool = GpuNodePool.fromLabels(kube, 'L40S', {
  gpu: Gpu.L40S,
  labels: { 'example.com/pool': 'l40s' },
  taints: [],
});
addLlama(kube, pool, ModelStore.fromClaimName('nim-models'));
