/** A rule about a change, which no single manifest can break, and what the library does so that no change breaks it. */
export interface Transition {
  /** What must not change. */
  readonly subject: string;
  readonly source: string;
  /** As in Rule. */
  readonly cel?: readonly string[];
  readonly answer: string;
}

const WEBHOOK = 'NVIDIA/k8s-nim-operator v3.1.2 internal/webhook/apps/v1alpha1';
const NEW_NAME = 'KubeNimService says so in its documentation; under another construct id it is a new object';

/** Every rule of an update that the tested CRDs and webhooks have. */
export const TRANSITIONS: readonly Transition[] = [
  {
    subject: 'NIMCache spec.source.ngc.modelPuller',
    source: 'NVIDIA/k8s-nim-operator v3.1.2 config/crd/bases/apps.nvidia.com_nimcaches.yaml',
    cel: ['NIMCache spec.source.ngc.modelPuller f4f4adcf'],
    answer: 'the name of a NimCache holds a hash of its spec: a change makes a new object beside the old one',
  },
  {
    subject: 'NIMCache spec',
    source: `${WEBHOOK}/nimcache_webhook_validation_helper.go validateImmutableNIMCacheSpec`,
    answer: 'the name of a NimCache holds a hash of its spec: a change makes a new object beside the old one',
  },
  {
    subject: 'NIMService spec.draResources',
    source: 'NVIDIA/k8s-nim-operator v3.1.2 config/crd/bases/apps.nvidia.com_nimservices.yaml',
    cel: ['NIMService spec bc4d868a'],
    answer: `NimService requests GPUs by resources, never by draResources; ${NEW_NAME}`,
  },
  {
    subject: 'NIMService spec.multiNode',
    source: `${WEBHOOK}/nimservice_webhook_validation_helper.go validateMultiNodeImmutability`,
    answer: `NimService makes no multiNode; ${NEW_NAME}`,
  },
  {
    subject: 'NIMService spec.storage.pvc with create: true',
    source: `${WEBHOOK}/nimservice_webhook_validation_helper.go validatePVCImmutability`,
    answer: `a model store owns the claim, and services take it from their cache; ${NEW_NAME}`,
  },
  {
    subject: 'NIMBuild spec',
    source: 'NVIDIA/k8s-nim-operator v3.1.2 config/crd/bases/apps.nvidia.com_nimbuilds.yaml',
    cel: ['NIMBuild spec f4f4adcf'],
    answer: 'the library makes no NIMBuild; a hand-written one needs a name that changes with its spec',
  },
  {
    subject: 'NodePool spec.replicas, there or not there',
    source: 'aws/karpenter-provider-aws v1.14.1 pkg/apis/crds/karpenter.sh_nodepools.yaml',
    cel: ['NodePool spec ba3785a7'],
    answer: 'GpuNodePool never sets replicas',
  },
  {
    subject: 'NodePool spec.template.spec.nodeClassRef.group and kind',
    source: 'aws/karpenter-provider-aws v1.14.1 pkg/apis/crds/karpenter.sh_nodepools.yaml',
    cel: ['NodePool spec.template.spec.nodeClassRef 941736dc', 'NodePool spec.template.spec.nodeClassRef 54871a1c'],
    answer: 'GpuNodePool always refers to karpenter.k8s.aws EC2NodeClass',
  },
];
