import type { KubernetesObject } from '../../support/kubernetes-types';

/** Valid objects of each kind that the rules are about, as small as they can be. */
export const VALID = {
  nimCache: {
    apiVersion: 'apps.nvidia.com/v1alpha1',
    kind: 'NIMCache',
    metadata: { name: 'llama', namespace: 'nim' },
    spec: {
      source: {
        ngc: {
          modelPuller: 'nvcr.io/nim/meta/llama-3.1-8b-instruct:2.1.5',
          pullSecret: 'ngc-secret',
          authSecret: 'ngc-api-secret',
          model: { profiles: ['4f904d571fe60ff24695b5ee2aa42da58cb460787a968f1e8a09f5a7e862728d'] },
        },
      },
      storage: { pvc: { name: 'nim-models', subPath: 'llama', volumeAccessMode: 'ReadWriteMany' } },
      nodeSelector: { 'kubernetes.io/os': 'linux' },
    },
  },
  nimService: {
    apiVersion: 'apps.nvidia.com/v1alpha1',
    kind: 'NIMService',
    metadata: { name: 'llama', namespace: 'nim' },
    spec: {
      image: { repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct', tag: '2.1.5', pullSecrets: ['ngc-secret'] },
      authSecret: 'ngc-api-secret',
      storage: { nimCache: { name: 'llama' } },
      resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
    },
  },
  nimPipeline: {
    apiVersion: 'apps.nvidia.com/v1alpha1',
    kind: 'NIMPipeline',
    metadata: { name: 'rag', namespace: 'nim' },
    spec: {
      services: [
        {
          name: 'llama',
          enabled: true,
          dependencies: [{ name: 'embed', port: 8000, envName: 'EMBED_URL', envValue: 'http://embed:8000' }],
          spec: {
            image: { repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct', tag: '2.1.5', pullSecrets: ['ngc-secret'] },
            authSecret: 'ngc-api-secret',
            storage: { nimCache: { name: 'llama' } },
            resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
          },
        },
      ],
    },
  },
  nimBuild: {
    apiVersion: 'apps.nvidia.com/v1alpha1',
    kind: 'NIMBuild',
    metadata: { name: 'llama', namespace: 'nim' },
    spec: {
      image: { repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct', tag: '1.3.3' },
      nimCache: { name: 'llama' },
      resources: { requests: { memory: '64Gi' } },
    },
  },
  nodePool: {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'l4' },
    spec: {
      template: {
        metadata: { labels: { 'nvidia.com/gpu.present': 'true' } },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'l4' },
          taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
          requirements: [
            { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6.xlarge', 'g6.12xlarge'] },
          ],
        },
      },
      disruption: { consolidationPolicy: 'WhenEmpty', consolidateAfter: '10m' },
      limits: { 'nvidia.com/gpu': '4' },
    },
  },
  ec2NodeClass: {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: 'l4' },
    spec: {
      role: 'KarpenterNodeRole',
      amiSelectorTerms: [{ alias: 'al2023@v20260714' }],
      subnetSelectorTerms: [{ tags: { 'karpenter.sh/discovery': 'test' } }],
      securityGroupSelectorTerms: [{ id: 'sg-0123456789abcdef0' }],
      blockDeviceMappings: [
        { deviceName: '/dev/xvda', rootVolume: true, ebs: { volumeSize: '100Gi', volumeType: 'gp3' } },
      ],
    },
  },
  secretStore: {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'ngc', namespace: 'nim' },
    spec: { provider: { aws: { service: 'SecretsManager', region: 'us-west-2' } } },
  },
  externalSecret: {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: 'ngc-secret', namespace: 'nim' },
    spec: {
      secretStoreRef: { kind: 'SecretStore', name: 'ngc' },
      data: [{ secretKey: 'key', remoteRef: { key: 'ngc/api-key' } }],
      target: { name: 'ngc-secret', creationPolicy: 'Owner' },
    },
  },
  namespace: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'nim', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
  },
  claim: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'nim-models', namespace: 'nim' },
    spec: {
      accessModes: ['ReadWriteMany'],
      storageClassName: 'nim-efs',
      resources: { requests: { storage: '500Gi' } },
    },
  },
  storageClass: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'nim-efs' },
    provisioner: 'efs.csi.aws.com',
    parameters: { provisioningMode: 'efs-ap', fileSystemId: 'fs-1', directoryPerms: '770', uid: '1000', gid: '2000' },
  },
  disruptionBudget: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'llama', namespace: 'nim' },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'llama' } } },
  },
  secret: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ngc-secret', namespace: 'nim' },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': '{"auths":{}}' },
  },
  configMap: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'settings',
      namespace: 'nim',
      labels: { team: 'ml' },
      annotations: { 'example.com/Owner': 'ml' },
    },
    data: { a: 'b' },
  },
} satisfies { readonly [kind: string]: KubernetesObject };
