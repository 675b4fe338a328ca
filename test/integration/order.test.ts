// The order in which the examples are made, read from their templates, and its reverse, in which they are deleted. The
// chain is the one that a first deployment on EKS needs; each pair is a promise of the graph and not of one run.
import { describe, expect, it } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { RightSized } from '../../examples/cdk-deploy/right-sized';
import { DependencyGraph, labelled, Player, type Template } from '../support/player';
import { example } from '../support/player/programs';

const EXAMPLES: [string, Template][] = [
  ['Blueprint', example((app) => new Blueprint(app, 'NimBlueprint'))],
  ['RightSized', example((app) => new RightSized(app, 'NimRightSized'))],
];

const NETWORK = /Vpc/;
const CLUSTER = /^PlatformCluster$/;
const ADMIN_ACCESS = /ClusterAdminRoleAccess/;
const NETWORK_ADDONS = /^PlatformCluster(vpccni|kubeproxy|EksPodIdentityAgent\w*)$/;
const SYSTEM_NODES = /SystemNodesNodegroup$/;
const OTHER_ADDONS = /^PlatformCluster(coredns|awsefscsidriver)$/;
const DEVICE_PLUGIN = /^Helm nvidia-device-plugin/;
const NODE_ACCESS = /KarpenterNodeAccess/;
const KARPENTER_PERMISSIONS = /KarpenterController(Role|Identity)|Karpenter\w+Policy$/;
const KARPENTER_CRD = /^Helm karpenter-crd/;
const KARPENTER = /^Helm karpenter$/;
// The pools that serve.
const NODE_CLASS = /^EC2NodeClass (a10g|l40s)$/;
const NODE_POOL = /^NodePool (a10g|l40s)$/;
const CERT_MANAGER = /^Helm cert-manager/;
const OPERATOR = /^Helm nim-operator/;
const EXTERNAL_SECRETS = /^Helm external-secrets/;
const NAMESPACE = /^Namespace/;
const SECRETS = /^ExternalSecret/;
const SECRET_STORE = /^SecretStore/;
const FILE_SYSTEM = /FileSystem$/;
const MOUNT_TARGETS = /EfsMountTarget/;
const NFS_RULES = /ModelsSecurityGroup/;
const STORAGE_CLASS = /^StorageClass/;
const CLAIM = /^PersistentVolumeClaim/;
const CACHE = /^NIMCache/;
const SERVICE = /^NIMService/;
const IN_CLUSTER = /^(Helm |[A-Z]\w+ )/;

/** What is made first, what needs it, and why. */
const CHAIN: [earlier: RegExp, later: RegExp, why: string][] = [
  [NETWORK, CLUSTER, 'the control plane stands in the network'],
  [CLUSTER, NETWORK_ADDONS, 'add-ons need their cluster'],
  [NETWORK_ADDONS, SYSTEM_NODES, 'nodes are not Ready without network, nor pods permitted without the agent'],
  [SYSTEM_NODES, OTHER_ADDONS, 'Deployments need nodes'],
  [ADMIN_ACCESS, IN_CLUSTER, 'kubectl may do nothing before it has its access entry, and nothing after it lost it'],
  [OTHER_ADDONS, KARPENTER, 'Karpenter resolves names'],
  [NODE_ACCESS, KARPENTER, 'nodes must be let in as soon as somebody starts them'],
  [KARPENTER_PERMISSIONS, KARPENTER, 'Karpenter must be able to end instances as long as it runs'],
  [KARPENTER_CRD, KARPENTER, 'Helm does not upgrade definitions in the chart itself'],
  [KARPENTER, NODE_CLASS, 'its finalizer is cleared by Karpenter'],
  [NODE_CLASS, NODE_POOL, 'a pool names its class, and a class goes after the nodes of its pool'],
  [CERT_MANAGER, OPERATOR, "the webhook's certificate is an object of cert-manager"],
  [DEVICE_PLUGIN, OPERATOR, 'nodes show GPUs only through it'],
  [OPERATOR, NAMESPACE, 'all that the operator runs comes after it'],
  [EXTERNAL_SECRETS, SECRET_STORE, 'kinds of its own, with its webhook and finalizer'],
  [NAMESPACE, SECRET_STORE, 'a namespace is there before what it holds'],
  [SECRET_STORE, SECRETS, 'a secret is read from a store'],
  [SECRETS, CACHE, 'a download needs the key'],
  [NFS_RULES, MOUNT_TARGETS, 'mount targets stand behind the rules'],
  [FILE_SYSTEM, MOUNT_TARGETS, 'and belong to the file system'],
  [MOUNT_TARGETS, STORAGE_CLASS, 'the driver mounts to make and to remove an access point'],
  [OTHER_ADDONS, STORAGE_CLASS, 'the EFS driver is one of them'],
  [STORAGE_CLASS, CLAIM, 'a claim is made by its class'],
  [CLAIM, CACHE, 'a download goes into a claim'],
  [CACHE, SERVICE, 'a service serves what is cached'],
  [NODE_POOL, SERVICE, 'pods wait for their pool, and leave it before it goes'],
];

describe.each(EXAMPLES)('the example %s', (_, template) => {
  const graph = new DependencyGraph(template);
  const deleted = deletionOf(template);

  describe.each(CHAIN)('%s is made before %s: %s', (earlier, later) => {
    const first = labelled(template, earlier);
    const then = labelled(template, later).filter((id) => !first.includes(id));

    it('by the graph', () => {
      expect(first.length).toBeGreaterThan(0);
      expect(then.length).toBeGreaterThan(0);
      const loose = then.flatMap((to) => first.filter((from) => !isNeeded(to, from)).map((from) => `${to} -> ${from}`));
      expect(loose).toEqual([]);
    });

    it('and deleted after it', () => {
      const last = Math.max(...then.map((id) => deleted.indexOf(id)));
      for (const id of first.filter((some) => isNeeded(then[0], some) && deleted.includes(some))) {
        expect(deleted.indexOf(id)).toBeGreaterThan(last);
      }
    });
  });

  it('is deleted in the exact reverse of its creation', () => {
    expect(graph.deletion()).toEqual(graph.creation().reverse());
  });

  it('has no circular dependency', () => {
    expect(graph.creation()).toHaveLength(graph.ids.length);
  });

  it.each([
    ['Karpenter', /^(NodePool|EC2NodeClass) /, KARPENTER],
    ['the NIM Operator', /^(NIMCache|NIMService) /, OPERATOR],
    ['External Secrets', /^(SecretStore|ExternalSecret) /, EXTERNAL_SECRETS],
  ])('deletes %s after the last of its custom resources, then its nodes, the cluster and the network', (...layers) => {
    const order = [...layers.slice(1), SYSTEM_NODES, CLUSTER, /Vpc$/] as RegExp[];
    const at = order.map((layer) => labelled(template, layer).map((id) => deleted.indexOf(id)));
    for (const [index, positions] of at.slice(1).entries()) {
      expect(Math.min(...positions)).toBeGreaterThan(Math.max(...at[index]));
    }
  });

  it('keeps what kubectl runs through until the last object is gone', () => {
    const provider = new Set(labelled(template, /KubectlProvider(framework|Handler[0-9A-F]*$)/));
    expect(provider.size).toBeGreaterThan(0);
    const objects = deleted.filter((id) => labelled(template, IN_CLUSTER).includes(id));
    const last = deleted.indexOf(objects[objects.length - 1]);
    expect(deleted.slice(0, last).filter((id) => provider.has(id))).toEqual([]);
  });

  /** The network has parts that no cluster needs, such as the rules of the default security group. */
  function isNeeded(later: string, earlier: string): boolean {
    return graph.waitsFor(later, earlier) || /(Vpc\w*(Public|S3|RestrictDefault))/.test(earlier);
  }
});

/** Logical ids in the order in which the player deletes them. */
function deletionOf(template: Template): string[] {
  const player = new Player();
  player.deploy(template);
  return player.destroy().steps.map(({ id }) => id);
}
