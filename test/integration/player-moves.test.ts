// Moves: the same objects from another place in the program, and what never comes back by itself.
import type { Stack } from 'aws-cdk-lib';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { Gpu } from 'nim-constructs/catalog';
import { EfsModelStore, Karpenter, KubernetesScope, NimCluster, NimOperator } from 'nim-constructs/cluster';
import { NgcCredentials, ServingImage } from 'nim-constructs/nim';
import { GpuNodePool } from 'nim-constructs/nodes';
import { NimModel } from 'nim-constructs/platform';
import { describe, expect, it } from 'vitest';
import { labelled, Player, type PlayOptions, type Template } from '../support/player';
import { LLAMA, program, stackOf, vllm } from '../support/player/programs';
import { fakeKubectlLayer } from '../support/stack';

interface Places {
  readonly karpenter?: string;
  readonly operator?: string;
  readonly nodes?: string;
  readonly workloads?: string;
  /** A construct around the model. */
  readonly team?: string;
}

/** A platform built by hand around a cluster that stays where it is. */
function handMade({
  karpenter: karpenterId = 'Karpenter',
  operator: operatorId = 'Operator',
  nodes: nodesId = 'Nodes',
  workloads: workloadsId = 'Nim',
  team,
}: Places = {}): Template {
  return stackOf((stack: Stack) => {
    const { cluster, ready } = new NimCluster(stack, 'Cluster', {
      version: KubernetesVersion.of('1.36'),
      kubectlLayer: fakeKubectlLayer(stack),
    });
    const karpenter = new Karpenter(stack, karpenterId, { cluster });
    const operator = new NimOperator(stack, operatorId, { cluster });
    for (const part of [karpenter, operator]) {
      part.node.addDependency(ready);
    }
    const nodes = new KubernetesScope(stack, nodesId, { cluster, namespace: 'kube-system' });
    nodes.addPrerequisites(karpenter);
    const nim = new KubernetesScope(stack, workloadsId, { cluster, namespace: 'nim' });
    nim.addPrerequisites(operator);
    const environment = karpenter.nodeEnvironment;
    new NimModel(team ? new Construct(nim, team) : nim, 'Llama', {
      image: ServingImage.nim(LLAMA, { tag: '2.0.6' }),
      profile: vllm(),
      pool: new GpuNodePool(nodes, 'L40S', { gpu: Gpu.L40S, maxGpus: 4, environment }),
      store: new EfsModelStore(nim, 'Models'),
      credentials: NgcCredentials.fromSecretNames({ pullSecret: 'pull', authSecret: 'auth' }),
    });
  });
}

/** A stack of `before` whose downloads are done, and what `after` makes of it. */
function change(before: Template, after: Template, options?: PlayOptions) {
  const player = new Player();
  expect(player.deploy(before)).toMatchObject({ status: 'CREATE_COMPLETE' });
  const { cluster } = player.cloud;
  for (const name of ['pull', 'auth']) {
    cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'nim' } });
  }
  return { player, cluster, outcome: player.update(after, options) };
}

function ofKind(objects: readonly string[], kind: string): string[] {
  return objects.filter((object) => object.startsWith(`${kind} `));
}

describe('another namespace', () => {
  const after = program({ namespace: 'llms' });

  it('has its own claim, in a folder of its own, on the same file system', () => {
    const { player, cluster } = change(program(), after);
    expect(ofKind(cluster.objects, 'PersistentVolumeClaim')).toContain('PersistentVolumeClaim llms/models');
    expect(player.cloud.types.filter((type) => type === 'AWS::EFS::FileSystem')).toHaveLength(1);
  });

  it('takes the services along: none runs on, and bills, in the old one', () => {
    const { cluster } = change(program(), after);
    expect(ofKind(cluster.objects, 'NIMService')).toEqual(['NIMService llms/llama']);
    expect(cluster.controllers.nodes).toHaveLength(1);
  });
});

describe('another id of the platform', () => {
  it('makes everything anew, a second cluster and an empty store among it, then deletes the first but its store', () => {
    const { player, outcome } = change(program(), program({ platform: 'Nims' }));
    expect(outcome).toMatchObject({ status: 'UPDATE_COMPLETE', leftBehind: [] });
    expect(outcome.kept).toContain('PlatformNimModelsFileSystem');
    expect(player.cloud.types.filter((type) => type === 'AWS::EKS::Cluster')).toHaveLength(1);
    expect(player.cloud.types.filter((type) => type === 'AWS::EFS::FileSystem')).toHaveLength(2);
  });

  it('beside a cluster that stays is refused by EKS: a service account has one role', () => {
    const { cluster, outcome } = change(program({ ownCluster: true }), program({ ownCluster: true, platform: 'Nims' }));
    expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(outcome.reason).toMatch(/AWS::EKS::PodIdentityAssociation .* already exists/);
    expect(cluster.controllers.serving('nim/llama')).toBeDefined();
  });
});

describe('another id of a construct with a Helm release', () => {
  it('leaves the NIM Operator in the cluster', () => {
    const { cluster } = change(handMade(), handMade({ operator: 'NimOperator' }));
    expect(cluster.charts).toContain('k8s-nim-operator');
  });

  it("leaves Karpenter's definitions, and so its pools, when the update rolls back", () => {
    const after = handMade({ karpenter: 'Scaler' });
    const { cluster, outcome } = change(handMade(), after, { first: labelled(after, /^Helm karpenter-crd/) });
    expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(ofKind(cluster.objects, 'NodePool')).toEqual(['NodePool l40s']);
  });
});

describe.each<[string, Places]>([
  ['the scope of the pools', { nodes: 'Pools' }],
  ['the scope of the models', { workloads: 'Models' }],
  ['a model, under a construct of its own', { team: 'Team' }],
])('moved: %s', (_, places) => {
  it('loses nothing: at worst the API server refuses, and the update rolls back', () => {
    const { cluster, outcome } = change(handMade(), handMade(places));
    expect(outcome.reason ?? 'AlreadyExists').toMatch(/AlreadyExists|immutable/);
    expect(ofKind(cluster.objects, 'NIMService')).toEqual(['NIMService nim/llama']);
    expect(ofKind(cluster.objects, 'NodePool')).toEqual(['NodePool l40s']);
  });
});

describe('moved', () => {
  it.each<[string, Places]>([
    ['the scope of the pools', { nodes: 'Pools' }],
    ['a model, under a construct of its own', { team: 'Team' }],
  ])('%s changes no object', (_, places) => {
    const { outcome } = change(handMade(), handMade(places));
    expect(outcome).toMatchObject({ status: 'UPDATE_COMPLETE' });
  });
});

describe('a store that left the stack', () => {
  const empty = program({ models: {}, stores: {} });

  it('is kept with its claim, which stands in the way of a store of the same id', () => {
    const { player } = change(program(), empty);
    expect(player.update(program()).reason).toContain('"nim-models" already exists');
  });

  it('comes back with its models by the id of its file system, once the old claim is deleted', () => {
    const { player, cluster } = change(program(), empty);
    const [claim, storageClass] = ['PersistentVolumeClaim nim/models', 'StorageClass nim-models'].map((identity) =>
      cluster.find(identity),
    );
    for (const object of [claim, storageClass]) {
      cluster.delete(object);
    }
    const { fileSystemId } = storageClass.parameters;
    expect(player.update(program({ stores: { Models: { fileSystemId } } })).status).toBe('UPDATE_COMPLETE');

    // The driver makes the folder of a claim from these, so that the same names find the same files.
    expect(cluster.find('StorageClass nim-models').parameters).toEqual(storageClass.parameters);
    expect(cluster.controllers.serving('nim/llama')).toBeDefined();
    expect(player.cloud.types.filter((type) => type === 'AWS::EFS::FileSystem')).toHaveLength(1);
  });
});
