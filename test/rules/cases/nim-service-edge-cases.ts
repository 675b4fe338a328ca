import { casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const service = casesOf(VALID.nimService);
const pipeline = casesOf(VALID.nimPipeline);
const ROUTER = 'spec.expose.router';
const GATEWAY = { name: 'inference', namespace: 'gateways' };
const INGRESS = { ingressClass: 'alb' };
const PICKER = { containerSpec: { name: 'epp', image: { repository: 'registry.example/epp', tag: '1.0.1' } } };
const REF = { name: 'epp', key: 'config.yaml' };
const CONFIG = { plugins: [], schedulingProfiles: [] };
const HOST = { hostDomainName: 'models.example.com' };
const withGateway = { accepted: ['nim-service/needs-gateway-api'] };

const MULTI_NODE = 'spec.multiNode';
const TWO_NODES = { parallelism: { pipeline: 2, tensor: 1 } };
const multiNode = { [MULTI_NODE]: TWO_NODES, 'spec.replicas': 1 };
const withLws = { accepted: ['nim-service/needs-leader-worker-set'], passing: multiNode };
const HPA = {
  maxReplicas: 2,
  metrics: [
    { type: 'Pods', pods: { metric: { name: 'running' }, target: { type: 'AverageValue', averageValue: '8' } } },
  ],
};

const DRA = 'spec.draResources';
const DEVICE = { name: 'gpu', count: 1, deviceClassName: 'gpu.nvidia.com' };
const created = (device: object) => [{ claimCreationSpec: { devices: [{ ...DEVICE, ...device }] } }];
const CONDITION = { key: 'productName', op: 'Equal', value: { stringValue: 'H100' } };

/** Ways in, several nodes, devices. */
export const NIM_SERVICE_EDGE_CASES: readonly RuleCase[] = [
  service(
    'nim-service/two-ingresses',
    { 'spec.expose': { ingress: { enabled: true }, router: { ...HOST, ingress: INGRESS } } },
    'spec.expose.ingress.enabled is true, allowed is false beside router.ingress; leave expose.ingress out, which is deprecated',
    {
      cel: 'NIMService spec 4b0fecdb',
      passing: { 'spec.expose': { ingress: { enabled: false }, router: { ...HOST, ingress: INGRESS } } },
    },
  ),
  pipeline(
    'nim-service/two-ingresses',
    { 'spec.services[0].spec.expose': { ingress: { enabled: true }, router: { ...HOST, ingress: INGRESS } } },
    'spec.services[0].spec.expose.ingress.enabled is true, allowed is false beside router.ingress; leave expose.ingress out, which is deprecated',
    {
      what: 'in a pipeline',
      cel: 'NIMPipeline spec.services[].spec 4b0fecdb',
    },
  ),
  service(
    'nim-service/ingress-and-gateway',
    { [ROUTER]: { ...HOST, ingress: INGRESS, gateway: GATEWAY } },
    'spec.expose.router is ["ingress","gateway"], allowed is one of ingress and gateway; leave one of them out',
    {
      ...withGateway,
      passing: { [ROUTER]: { ...HOST, gateway: GATEWAY } },
    },
  ),
  service(
    'nim-service/two-picker-configs',
    { [ROUTER]: { eppConfig: { ...PICKER, configMapRef: REF, config: CONFIG } } },
    'spec.expose.router.eppConfig is ["configMapRef","config"], allowed is one of configMapRef and config; leave one of them out',
    {
      passing: { [ROUTER]: { eppConfig: { ...PICKER, config: CONFIG } } },
    },
  ),
  service(
    'nim-service/no-picker-config',
    { [ROUTER]: { eppConfig: PICKER } },
    "spec.expose.router.eppConfig is [], allowed is one of configMapRef and config; write configMapRef: { name: 'epp', key: 'config.yaml' }",
    {
      passing: { [ROUTER]: { eppConfig: { ...PICKER, configMapRef: REF } } },
    },
  ),
  service(
    'nim-service/backend-port',
    { [ROUTER]: { ...HOST, gateway: { ...GATEWAY, backendRef: { name: 'llama' } } } },
    'spec.expose.router.gateway.backendRef.port is not given, allowed is a port where the backend is a Service; write port: 8000',
    {
      ...withGateway,
      passing: {
        [ROUTER]: {
          ...HOST,
          gateway: {
            ...GATEWAY,
            backendRef: { name: 'llama', kind: 'InferencePool', group: 'inference.networking.k8s.io' },
          },
        },
      },
    },
  ),
  service(
    'nim-service/host-domain',
    { [ROUTER]: { ingress: INGRESS } },
    "spec.expose.router.hostDomainName is not given, allowed is a domain with router.ingress or router.gateway; write hostDomainName: 'models.example.com'",
    {
      passing: { [ROUTER]: { ...HOST, ingress: INGRESS } },
    },
  ),
  service(
    'nim-service/grpc-port',
    { [ROUTER]: { ...HOST, gateway: { ...GATEWAY, grpcRoutesEnabled: true } } },
    'spec.expose.service.grpcPort is not given, allowed is a port with gateway.grpcRoutesEnabled; write grpcPort: 8001',
    {
      ...withGateway,
      passing: {
        [ROUTER]: { ...HOST, gateway: { ...GATEWAY, grpcRoutesEnabled: true } },
        'spec.expose.service': { grpcPort: 8001 },
      },
    },
  ),
  service(
    'nim-service/needs-gateway-api',
    { [ROUTER]: { ...HOST, gateway: GATEWAY } },
    'spec.expose.router.gateway is "inference", allowed is none, unless the CRDs of the Gateway API are in the cluster; use router.ingress, or install the CRDs before the operator and acknowledge this rule',
  ),

  service(
    'nim-service/scale-of-multi-node',
    { [MULTI_NODE]: TWO_NODES, 'spec.scale': { enabled: true, hpa: HPA } },
    'spec.scale.enabled is true, allowed is false with multiNode; leave scale out, and write replicas',
    {
      cel: 'NIMService spec 12f8a2fe',
      accepted: ['nim-service/needs-leader-worker-set', 'nim-service/multi-node-replicas'],
      passing: multiNode,
    },
  ),
  pipeline(
    'nim-service/scale-of-multi-node',
    { 'spec.services[0].spec.multiNode': TWO_NODES, 'spec.services[0].spec.scale': { enabled: true, hpa: HPA } },
    'spec.services[0].spec.scale.enabled is true, allowed is false with multiNode; leave scale out, and write replicas',
    {
      what: 'in a pipeline',
      cel: 'NIMPipeline spec.services[].spec 12f8a2fe',
      accepted: ['nim-service/needs-leader-worker-set', 'nim-service/multi-node-replicas'],
    },
  ),
  service(
    'nim-service/mpi-and-ray',
    { ...multiNode, [`${MULTI_NODE}.mpi`]: { mpiStartTimeout: 300 }, [`${MULTI_NODE}.ray`]: { rayPort: 6379 } },
    'spec.multiNode is ["mpi","ray"], allowed is one of mpi and ray; leave one of them out',
    withLws,
  ),
  service(
    'nim-service/compute-domain',
    { ...multiNode, [`${MULTI_NODE}.computeDomain`]: { create: true, name: 'nvl' } },
    'spec.multiNode.computeDomain.name is "nvl", allowed is none where create is true; leave one of them out',
    {
      ...withLws,
      what: 'both',
      passing: { ...multiNode, [`${MULTI_NODE}.computeDomain`]: { name: 'nvl' } },
    },
  ),
  service(
    'nim-service/compute-domain',
    { ...multiNode, [`${MULTI_NODE}.computeDomain`]: { create: false } },
    'spec.multiNode.computeDomain.name is not given, allowed is the name of a ComputeDomain, or create: true; write create: true',
    {
      ...withLws,
      what: 'neither',
      passing: { ...multiNode, [`${MULTI_NODE}.computeDomain`]: { create: true } },
    },
  ),
  service(
    'nim-service/pipeline-of-one',
    { ...multiNode, [`${MULTI_NODE}.parallelism.pipeline`]: 1 },
    'spec.multiNode.parallelism.pipeline is 1, allowed is 2 or more: with less the service is never ready; leave multiNode out, or write pipeline: 2',
    withLws,
  ),
  service(
    'nim-service/multi-node-replicas',
    { [MULTI_NODE]: TWO_NODES },
    'spec.replicas is not given, allowed is a number with multiNode, without which nothing starts; write replicas: 1',
    withLws,
  ),
  service(
    'nim-service/multi-node-ignores',
    { ...multiNode, 'spec.args': ['--help'] },
    'spec.args is "given", allowed is none with multiNode, whose pods it does not reach; leave it out',
    withLws,
  ),
  service(
    'nim-service/needs-leader-worker-set',
    multiNode,
    'spec.multiNode is "given", allowed is none, unless LeaderWorkerSet is in the cluster; install LeaderWorkerSet before the operator, and acknowledge this rule',
  ),
  service(
    'nim-service/volume-of-one-node',
    { ...multiNode, 'spec.storage': { pvc: { name: 'models', volumeAccessMode: 'ReadWriteOnce' } } },
    'spec.storage.pvc.volumeAccessMode is "ReadWriteOnce", allowed is ReadWriteMany or ReadOnlyMany for a service that spans nodes; use a claim that many nodes mount, such as that of EfsModelStore',
    {
      ...withLws,
      what: 'over several nodes',
    },
  ),
  service(
    'nim-service/kserve-multi-node',
    { ...multiNode, 'spec.inferencePlatform': 'kserve' },
    'spec.inferencePlatform is "kserve", allowed is standalone with multiNode; leave it out',
    {
      accepted: ['nim-service/needs-leader-worker-set', 'nim-service/needs-kserve'],
      passing: multiNode,
    },
  ),

  service(
    'nim-service/one-claim',
    { [DRA]: [{ requests: ['gpu'] }] },
    'spec.draResources[0] is [], allowed is exactly one of resourceClaimName, resourceClaimTemplateName, claimCreationSpec; keep one of them',
    {
      passing: { [DRA]: [{ resourceClaimName: 'gpu' }] },
    },
  ),
  service(
    'nim-service/device-conditions',
    { [DRA]: created({ celExpressions: ['true'], attributeSelectors: [CONDITION] }) },
    'spec.draResources[0].claimCreationSpec.devices[0] is ["celExpressions","attributeSelectors"], allowed is celExpressions alone; say all conditions one way',
    {
      passing: { [DRA]: created({ celExpressions: ['true'] }) },
    },
  ),
  service(
    'nim-service/shared-claim',
    { [DRA]: [{ resourceClaimName: 'gpu' }], 'spec.replicas': 2 },
    'spec.draResources[0].resourceClaimName is "gpu", allowed is none with more than one replica or with scale.enabled; write resourceClaimTemplateName',
    {
      passing: { [DRA]: [{ resourceClaimTemplateName: 'gpu' }], 'spec.replicas': 2 },
    },
  ),
  service(
    'nim-service/claim-twice',
    { [DRA]: [{ resourceClaimName: 'gpu' }, { resourceClaimName: 'gpu' }] },
    'spec.draResources[1].resourceClaimName is "gpu", allowed is a name that is there once; leave one of them out',
    {
      passing: { [DRA]: [{ resourceClaimName: 'a' }, { resourceClaimName: 'b' }] },
    },
  ),
  service(
    'nim-service/no-devices',
    { [DRA]: [{ claimCreationSpec: { devices: [] } }] },
    "spec.draResources[0].claimCreationSpec.devices is [], allowed is one device or more; write devices: [{ name: 'gpu', count: 1 }]",
  ),
  service(
    'nim-service/device-fields',
    { [DRA]: created({ count: 0 }) },
    'spec.draResources[0].claimCreationSpec.devices[0].count is 0, allowed is a whole number of 1 or more; write count: 1',
    {
      passing: { [DRA]: created({ count: 2 }) },
    },
  ),
  service(
    'nim-service/condition-twice',
    { [DRA]: created({ attributeSelectors: [CONDITION, { ...CONDITION, key: 'gpu.nvidia.com/productName' }] }) },
    'spec.draResources[0].claimCreationSpec.devices[0].attributeSelectors[1].key is "gpu.nvidia.com/productName", allowed is a name that is there once; leave one of them out',
    {
      passing: {
        [DRA]: created({ attributeSelectors: [CONDITION, { ...CONDITION, key: 'example.com/productName' }] }),
      },
    },
  ),
  service(
    'nim-service/condition-value',
    { [DRA]: created({ attributeSelectors: [{ ...CONDITION, value: { versionValue: 'v1.0' } }] }) },
    `spec.draResources[0].claimCreationSpec.devices[0].attributeSelectors[0].value.versionValue is "v1.0", allowed is a semantic version with three numbers; write versionValue: '1.0.0'`,
    {
      what: 'no version',
      passing: { [DRA]: created({ attributeSelectors: [{ ...CONDITION, value: { versionValue: '1.0.0-rc.1+a' } }] }) },
    },
  ),
  service(
    'nim-service/condition-value',
    { [DRA]: created({ attributeSelectors: [{ key: 'productName', op: 'Equal' }] }) },
    "spec.draResources[0].claimCreationSpec.devices[0].attributeSelectors[0].value is [], allowed is exactly one of boolValue, intValue, stringValue, versionValue; write value: { stringValue: 'H100' }, say",
    { what: 'no value' },
  ),
];
