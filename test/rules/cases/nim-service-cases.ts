import type { KubernetesObject } from '../../support/kubernetes-types';
import { casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const service = casesOf(VALID.nimService);
const pipeline = casesOf(VALID.nimPipeline);
const GPU = 'nvidia.com/gpu';
const HPA = {
  maxReplicas: 2,
  metrics: [
    {
      type: 'Pods',
      pods: { metric: { name: 'gpu_cache_usage_perc' }, target: { type: 'AverageValue', averageValue: '0.8' } },
    },
  ],
};
const RWO = { pvc: { name: 'models', volumeAccessMode: 'ReadWriteOnce' } };
const NEW_CLAIM = { create: true, size: '100Gi', volumeAccessMode: 'ReadWriteMany', storageClass: 'gp3' };
const otherCache = (namespace: string): KubernetesObject => ({
  ...VALID.nimCache,
  metadata: { name: 'llama-8b-c0ffee12', namespace },
});
const RESOURCES = 'spec.resources';
const PROFILE = { nimCache: { name: 'llama', profile: 'abc' } };

/** Replicas, storage, resources, pods. */
export const NIM_SERVICE_CASES: readonly RuleCase[] = [
  service(
    'nim-service/replicas-beside-scale',
    { 'spec.replicas': 1, 'spec.scale': { enabled: true, hpa: HPA } },
    'spec.replicas is 1, allowed is none while scale.enabled is true; leave it out, and write scale.hpa.minReplicas',
    {
      cel: 'NIMService spec c6d1ff92',
      passing: { 'spec.replicas': 1, 'spec.scale': { enabled: false, hpa: HPA } },
    },
  ),
  service(
    'nim-service/scale-without-hpa',
    { 'spec.scale': { enabled: true } },
    'spec.scale.hpa is not given, allowed is an autoscaler while scale.enabled is true; write hpa: { maxReplicas: 4, metrics: [...] }',
    {
      passing: { 'spec.scale': { enabled: true, hpa: HPA } },
    },
  ),
  service(
    'nim-service/scale-bounds',
    { 'spec.scale': { enabled: true, hpa: { ...HPA, minReplicas: 3 } } },
    'spec.scale.hpa.minReplicas is 3, allowed is at most maxReplicas, 2; lower it, or raise maxReplicas',
    { what: 'crossed', passing: { 'spec.scale': { enabled: true, hpa: { ...HPA, minReplicas: 2 } } } },
  ),
  service(
    'nim-service/scale-bounds',
    { 'spec.scale': { enabled: true, hpa: { ...HPA, maxReplicas: 0 } } },
    'spec.scale.hpa.maxReplicas is 0, allowed is a whole number of 1 or more; write maxReplicas: 4, say',
    { what: 'none' },
  ),
  service(
    'nim-service/scale-on-cpu',
    { 'spec.scale': { enabled: true, hpa: { maxReplicas: 2 } } },
    'spec.scale.hpa.metrics is not given, allowed is a metric of the server, as the default is CPU; scale on a metric of the server, such as gpu_cache_usage_perc (prometheus-adapter), or by KEDA',
    {
      what: 'by default',
    },
  ),
  service(
    'nim-service/scale-on-cpu',
    {
      'spec.scale': {
        enabled: true,
        hpa: {
          maxReplicas: 2,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
        },
      },
    },
    'spec.scale.hpa.metrics[0].resource.name is "cpu", allowed is a metric of the server, as CPU and memory say nothing of a GPU; scale on a metric of the server, such as gpu_cache_usage_perc (prometheus-adapter), or by KEDA',
    { what: 'in so many words' },
  ),
  service(
    'nim-service/one-storage',
    { 'spec.storage.emptyDir': {} },
    'spec.storage is ["nimCache","emptyDir"], allowed is exactly one of nimCache, pvc, emptyDir and hostPath; keep one of them',
    {
      passing: { 'spec.storage': { emptyDir: {} } },
    },
  ),
  service(
    'nim-service/host-path',
    { 'spec.storage': { hostPath: '/data/nim' } },
    'spec.storage.hostPath is "/data/nim", allowed is a cache or a claim, as the folder is made for root and NIM runs as 1000, and Pod Security refuses it but for privileged; write nimCache: { name: \'llama\' }, or emptyDir: {}',
    { passing: { 'spec.storage': { nimCache: { name: 'llama' }, hostPath: '' } } },
  ),
  service(
    'nim-service/unknown-cache',
    {},
    'spec.storage.nimCache.name is "llama", allowed is a NIMCache of the namespace, such as llama-8b-c0ffee12; write the name of the NIMCache object (cdk8s and NimCache put a hash into it), or acknowledge this rule where the cache comes from elsewhere',
    { beside: [otherCache('nim'), otherCache('other')], passing: { 'metadata.namespace': 'third' } },
  ),
  service(
    'nim-service/name-taken',
    {},
    'metadata.name is "llama", allowed is a name that no Service of the namespace has, as the operator makes its own and fails with AlreadyExists; rename one of the two, or leave the other out: the operator makes it',
    {
      what: 'by a Service',
      beside: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'llama', namespace: 'nim' } }],
      passing: { 'metadata.name': 'llama-8b' },
    },
  ),
  service(
    'nim-service/name-taken',
    { 'spec.replicas': 1 },
    'metadata.name is "llama", allowed is a name that no Deployment of the namespace has, as the operator makes its own and fails with AlreadyExists; rename one of the two, or leave the other out: the operator makes it',
    {
      what: 'by a Deployment',
      beside: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'llama', namespace: 'nim' } }],
      passing: { 'metadata.namespace': 'other' },
    },
  ),
  service(
    'nim-service/pull-secrets',
    { 'spec.image.pullSecrets': [] },
    "spec.image.pullSecrets is [], allowed is the Secret of a login to nvcr.io, without which images of before NIM 2.0.10 and of production branches are not pulled; write pullSecrets: ['ngc-secret']",
    { passing: { 'spec.image': { repository: 'registry.example/nim/llama', tag: '1', pullSecrets: [] } } },
  ),
  service(
    'nim-service/profile-without-cache',
    { 'spec.storage': { nimCache: { profile: 'abc' } } },
    "spec.storage.nimCache.name is not given, allowed is the name of a NIMCache beside its profile; write name: 'llama-cache'",
    {
      passing: { 'spec.storage': PROFILE },
    },
  ),
  service(
    'nim-service/shared-memory-size',
    { 'spec.storage.sharedMemorySizeLimit': '0Gi' },
    `spec.storage.sharedMemorySizeLimit is "0Gi", allowed is a quantity above 0; write sharedMemorySizeLimit: '16Gi', or leave it out`,
    {
      passing: { 'spec.storage.sharedMemorySizeLimit': '16Gi' },
    },
  ),
  service(
    'nim-service/volume-of-one-node',
    { 'spec.storage': RWO, 'spec.replicas': 2 },
    'spec.storage.pvc.volumeAccessMode is "ReadWriteOnce", allowed is ReadWriteMany or ReadOnlyMany for 2 replicas; use a claim that many nodes mount, such as that of EfsModelStore',
    {
      passing: { 'spec.storage': RWO, 'spec.replicas': 1 },
    },
  ),
  service(
    'nim-service/read-only-storage',
    { 'spec.storage.readOnly': true },
    'spec.storage.readOnly is true, allowed is false, as NIM images write caches beside the model; leave it out',
    {
      passing: { 'spec.storage.readOnly': false },
    },
  ),
  service(
    'nim-service/claim-without-name',
    { 'spec.storage': { pvc: { subPath: 'llama' } } },
    "spec.storage.pvc.name is not given, allowed is the name of a claim in the namespace, or create: true; write name: 'nim-models'",
  ),
  service(
    'nim-service/access-mode',
    { 'spec.storage': { pvc: { name: 'models', volumeAccessMode: 'RWX' } } },
    `spec.storage.pvc.volumeAccessMode is "RWX", allowed is ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod; write volumeAccessMode: 'ReadWriteMany'`,
  ),
  service(
    'nim-service/new-claim-unfinished',
    { 'spec.storage': { pvc: { ...NEW_CLAIM, volumeAccessMode: undefined } } },
    "spec.storage.pvc.volumeAccessMode is not given, allowed is a value where create is true, as the operator has no default; write volumeAccessMode: 'ReadWriteMany'",
    {
      passing: { 'spec.storage': { pvc: NEW_CLAIM } },
    },
  ),
  service(
    'nim-service/new-claim-without-class',
    { 'spec.storage': { pvc: { ...NEW_CLAIM, storageClass: undefined } } },
    "spec.storage.pvc.storageClass is not given, allowed is a StorageClass, as EKS clusters have no default one and the claim would stay Pending; write storageClass: 'gp3', or the class that the cluster has",
  ),
  service(
    'nim-service/no-gpu',
    { [RESOURCES]: { limits: { memory: '48Gi' } } },
    "spec.resources.limits.nvidia.com/gpu is not given, allowed is the GPUs of a pod, without which the pod runs on a node without one; write 'nvidia.com/gpu': '1' in requests and limits",
    {
      passing: { [RESOURCES]: undefined, 'spec.storage': PROFILE },
    },
  ),
  service(
    'nim-service/half-resources',
    { [RESOURCES]: { limits: { memory: '48Gi' } }, 'spec.storage': PROFILE },
    `spec.resources is ["limits"], allowed is requests and limits, or no resources at all: the operator panics over half of them; write both, with 'nvidia.com/gpu'`,
    {
      passing: { [RESOURCES]: { limits: {}, requests: { memory: '48Gi' } }, 'spec.storage': PROFILE },
    },
  ),
  service(
    'nim-service/whole-gpus',
    { [RESOURCES]: { limits: { [GPU]: '500m' } } },
    `spec.resources.limits.nvidia.com/gpu is "500m", allowed is a whole number of GPUs; write 'nvidia.com/gpu': '1'`,
    {
      passing: { [RESOURCES]: { limits: { [GPU]: 2 } } },
    },
  ),
  service(
    'nim-service/request-and-limit',
    { [RESOURCES]: { requests: { [GPU]: '1', memory: '64Gi' }, limits: { [GPU]: 1, memory: '48Gi' } } },
    'spec.resources.requests.memory is "64Gi", allowed is at most the limit, 48Gi; write the same in requests and limits',
    {
      what: 'more than the limit',
      passing: { [RESOURCES]: { requests: { [GPU]: '1', memory: '48Gi' }, limits: { [GPU]: 1, memory: '49152Mi' } } },
    },
  ),
  service(
    'nim-service/request-and-limit',
    { [RESOURCES]: { requests: { [GPU]: '1' }, limits: { [GPU]: '2' } } },
    'spec.resources.requests.nvidia.com/gpu is "1", allowed is the limit, 2; write the same in requests and limits',
    {
      what: 'GPUs less than the limit',
    },
  ),
  service(
    'nim-service/request-and-limit',
    { [RESOURCES]: { requests: { [GPU]: '1' }, limits: { memory: '48Gi' } } },
    'spec.resources.limits.nvidia.com/gpu is not given, allowed is the request, 1, as nvidia.com/gpu cannot be overcommitted; write it in limits too',
    { what: 'GPUs without a limit' },
  ),
  service(
    'nim-service/resource-claims',
    { [`${RESOURCES}.claims`]: [] },
    'spec.resources.claims is [], allowed is none, not even an empty list; leave it out, and write draResources',
  ),
  service(
    'nim-service/empty-image',
    { 'spec.image.tag': '' },
    `spec.image.tag is "", allowed is a text that is not empty; write repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct' and its tag`,
  ),
  service(
    'nim-service/moving-tag',
    { 'spec.image.tag': 'latest' },
    'spec.image.tag is "latest", allowed is a tag other than latest; write the tag that the cache was made with',
  ),
  service(
    'nim-service/empty-auth-secret',
    { 'spec.authSecret': '' },
    `spec.authSecret is "", allowed is the name of a Secret with NGC_API_KEY; write authSecret: 'ngc-api-secret'`,
  ),
  service(
    'nim-service/node-selector-word',
    { 'spec.nodeSelector': { 'nvidia.com/gpu.present': 'true' } },
    'spec.nodeSelector.nvidia.com/gpu.present is "true", allowed is a word that YAML reads as text, as the operator writes it without quotes; match it with affinity.nodeAffinity, which the operator quotes',
    {
      passing: { 'spec.nodeSelector': { 'karpenter.k8s.aws/instance-gpu-name': 'l40s' } },
    },
  ),
  service(
    'nim-service/toleration-seconds',
    { 'spec.tolerations': [{ key: GPU, operator: 'Exists', tolerationSeconds: 60 }] },
    'spec.tolerations[0].tolerationSeconds is 60, allowed is none: the operator drops it, and the pod tolerates the taint for ever; leave it out',
    {
      passing: { 'spec.tolerations': [{ key: GPU, operator: 'Exists' }] },
    },
  ),
  service(
    'nim-service/label-app',
    { 'spec.labels': { app: 'chat' } },
    'spec.labels.app is "chat", allowed is none, as the operator selects its pods by it; use another key',
    {
      passing: { 'spec.labels': { 'example.com/app': 'chat' } },
    },
  ),
  service(
    'nim-service/iam-role-annotation',
    { 'spec.annotations': { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/nim' } },
    'spec.annotations.eks.amazonaws.com/role-arn is "arn:aws:iam::111122223333:role/nim", allowed is none: annotations do not reach the ServiceAccount, and the pods get no role; associate the role by EKS Pod Identity with the service account that is named as the NIMService',
    {
      passing: { 'spec.annotations': { 'karpenter.sh/do-not-disrupt': 'true' } },
    },
  ),
  service(
    'nim-service/metrics-without-monitor',
    { 'spec.metrics': { enabled: true, serviceMonitor: {} } },
    "spec.metrics.serviceMonitor is {}, allowed is a ServiceMonitor that is not empty; write serviceMonitor: { interval: '30s' }",
    {
      passing: { 'spec.metrics': { enabled: true, serviceMonitor: { interval: '30s' } } },
    },
  ),
  service(
    'nim-service/needs-kserve',
    { 'spec.inferencePlatform': 'kserve' },
    'spec.inferencePlatform is "kserve", allowed is standalone, unless the KServe controller runs in the cluster; leave it out, or install KServe before the operator and acknowledge this rule',
    {
      passing: { 'spec.inferencePlatform': 'standalone' },
    },
  ),
  service(
    'nim-service/knative',
    {
      'spec.inferencePlatform': 'kserve',
      'spec.annotations': { 'serving.kserve.io/deploymentMode': 'Serverless' },
      'spec.metrics': { enabled: true, serviceMonitor: { interval: '30s' } },
    },
    'spec.metrics.enabled is true, allowed is none in the Knative mode of KServe; leave it out: Knative scales, routes and measures',
    {
      accepted: ['nim-service/needs-kserve'],
      passing: {
        'spec.inferencePlatform': 'kserve',
        'spec.annotations': { 'serving.kserve.io/deploymentMode': 'RawDeployment' },
        'spec.metrics': { enabled: true, serviceMonitor: { interval: '30s' } },
      },
    },
  ),
  service(
    'nim-service/name',
    { 'metadata.name': 'l'.repeat(60) },
    `metadata.name is "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllll", allowed is at most 59 of a-z, 0-9 and '-', from a letter to a letter or digit; write 'llama-8b', say: the operator's Service is named so`,
    {
      passing: { 'metadata.name': 'l'.repeat(59) },
    },
  ),
  pipeline(
    'nim-pipeline/enabled',
    { 'spec.services[0].enabled': undefined },
    'spec.services[0].enabled is not given, allowed is true or false, as a service without it is off; write enabled: true',
    {
      passing: { 'spec.services[0].enabled': false },
    },
  ),
  pipeline(
    'nim-pipeline/dependency-env',
    { 'spec.services[0].dependencies[0].envValue': undefined },
    'spec.services[0].dependencies[0] is ["envName"], allowed is envName and envValue, without which nothing is injected; write both',
  ),
  pipeline(
    'nim-service/replicas-beside-scale',
    { 'spec.services[0].spec.replicas': 1, 'spec.services[0].spec.scale': { enabled: true, hpa: HPA } },
    'spec.services[0].spec.replicas is 1, allowed is none while scale.enabled is true; leave it out, and write scale.hpa.minReplicas',
    {
      what: 'in a pipeline',
      cel: 'NIMPipeline spec.services[].spec c6d1ff92',
    },
  ),
  casesOf(VALID.nimBuild)(
    'nim-build/gpu-given',
    { [`${RESOURCES}.requests`]: { [GPU]: '1' } },
    'spec.resources.requests.nvidia.com/gpu is "1", allowed is none, as the build takes the GPUs that its profile is tagged with; leave it out',
  ),
];
