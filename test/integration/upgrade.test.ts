// What a change of the program does to a stack that stands: which objects are made, changed, kept and deleted, and when.
// docs/changes.md names these tests.
import { RemovalPolicy } from 'aws-cdk-lib';
import { Size } from 'cdk8s';
import { Gpu, Precision } from 'nim-constructs/catalog';
import { TaintEffect } from 'nim-constructs/crds';
import { describe, expect, it } from 'vitest';
import { type Outcome, Player, type PlayOptions } from '../support/player';
import { program, type Variant, vllm } from '../support/player/programs';

/** Deploys one program, then another over it. Downloads that the change starts do not end unless it is said. */
function change(before: Variant, after: Variant, options: PlayOptions & { readonly downloadsEnd?: boolean } = {}) {
  const player = new Player();
  expect(player.deploy(program(before))).toMatchObject({ status: 'CREATE_COMPLETE' });
  const { cluster } = player.cloud;
  cluster.controllers.downloadsEnd = options.downloadsEnd ?? false;
  const outcome = player.update(program(after), options);
  return { player, cluster, outcome, told: told(outcome) };
}

/** The steps in words, with a star for the hash in the name of a cache. */
function told({ steps }: Outcome): string[] {
  return steps.map(({ action, what }) => `${action} ${what.replace(/-[0-9a-f]{8}$/, '-*')}`);
}

describe.each<[string, Variant]>([
  ['tag', { models: { Llama: { tag: '2.0.5' } } }],
  ['profile', { models: { Llama: { profile: vllm(Precision.FP8) } } }],
])('a new %s', (_, after) => {
  it('updates the service in place, under its name', () => {
    const { told, cluster } = change({}, after);
    expect(told).toContain('update NIMService nim/llama');
    expect(cluster.objects.filter((object) => object.startsWith('NIMService'))).toEqual(['NIMService nim/llama']);
  });

  it('lets the old pod serve until the new cache is Ready', () => {
    const { player, cluster } = change({}, after);
    const [old] = cluster.sent.filter(({ kind }) => kind === 'NIMCache');
    expect(cluster.controllers.serving('nim/llama')?.cache).toBe(old.metadata.name);

    cluster.controllers.downloadsEnd = true;
    player.cloud.rest();
    expect(cluster.controllers.serving('nim/llama')?.cache).not.toBe(old.metadata.name);
    expect(cluster.complaints).toEqual([]);
  });

  it('keeps the old files: the new cache has a folder of its own', () => {
    const { cluster } = change({}, after);
    const folders = cluster.sent.filter(({ kind }) => kind === 'NIMCache').map(({ spec }) => spec.storage.pvc.subPath);
    expect(new Set(folders).size).toBe(2);
  });

  it('makes a new cache, and deletes the old one last', () => {
    expect(change({}, after).told).toEqual([
      'create NIMCache nim/llama-*',
      'update NIMService nim/llama',
      'delete NIMCache nim/llama-*',
    ]);
  });

  it('that fails leaves no cache that nothing uses', () => {
    const { cluster, outcome } = change({}, after, { faultAt: 1 });
    expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(cluster.objects.filter((object) => object.startsWith('NIMCache'))).toHaveLength(1);
  });
});

describe('a pool', () => {
  it('with other labels is changed in place, and Karpenter replaces its nodes', () => {
    const { told, cluster } = change({}, { pools: { L40S: { labels: { 'example.com/team': 'ml' } } } });
    expect(told).toEqual(['update NodePool l40s']);
    expect([...cluster.controllers.drifted]).toEqual(['l40s']);
  });

  it('with other taints is changed in place, and its models tolerate them from the same update on', () => {
    const taints = [{ key: 'example.com/models', effect: TaintEffect.NO_SCHEDULE }];
    const { cluster, told } = change({}, { pools: { L40S: { taints } } });
    expect(told[0]).toBe('update NodePool l40s');
    expect(told).toContain('update NIMService nim/llama');
    expect([...cluster.controllers.drifted]).toEqual(['l40s']);
    expect(cluster.find('NIMService nim/llama').spec.tolerations).toMatchObject(taints);
  });

  it('with another GPU is changed in place: its nodes are replaced while they serve', () => {
    const { cluster, told } = change({}, { pools: { L40S: { gpu: Gpu.H100 } } });
    expect(told).toEqual(['update NodePool l40s', 'update NIMService nim/llama']);
    expect([...cluster.controllers.drifted]).toEqual(['l40s']);
  });

  it('with another limit is changed in place, and no node is touched', () => {
    const { cluster, told } = change({}, { pools: { L40S: { maxGpus: 8 } } });
    expect(told[0]).toBe('update NodePool l40s');
    expect([...cluster.controllers.drifted]).toEqual([]);
  });

  it('with another id is a new pool: models move to it, then the old one goes with its nodes', () => {
    const { cluster, told } = change({}, { pools: { Fast: {} } });
    expect(told).toEqual([
      'create EC2NodeClass fast',
      'create NodePool fast',
      // Only the label that names the pool; the spec of a cache does not.
      'update NIMCache nim/llama-*',
      'update NIMService nim/llama',
      'delete NodePool l40s',
      'delete EC2NodeClass l40s',
    ]);
    expect(cluster.controllers.nodes.map(({ pool }) => pool)).toEqual(['fast']);
    expect(cluster.complaints).toEqual([]);
  });

  it('that goes in the update that makes its models download again leaves them without nodes until then', () => {
    const { cluster } = change({}, { pools: { Fast: {} }, models: { Llama: { tag: '2.0.5' } } });
    expect(cluster.complaints).toContain('NIMService nim/llama lost its nodes: NodePool l40s was deleted');
  });

  it('that goes one update later leaves nobody without nodes', () => {
    const both = { L40S: {}, Fast: {} };
    const { player, cluster } = change({}, { pools: both, models: { Llama: { tag: '2.0.5', pool: 'Fast' } } });
    cluster.controllers.downloadsEnd = true;
    player.cloud.rest();
    const last = player.update(program({ pools: { Fast: {} }, models: { Llama: { tag: '2.0.5' } } }));

    expect(told(last)).toEqual(['delete NodePool l40s', 'delete EC2NodeClass l40s']);
    expect(cluster.complaints).toEqual([]);
  });

  it('with another name replaces the old pool', () => {
    const { cluster } = change({}, { pools: { L40S: { name: 'fast' } } });
    expect(cluster.objects.filter((object) => object.startsWith('NodePool'))).toEqual(['NodePool fast']);
  });
});

describe('a model', () => {
  it('with another id is another service at another address; the old one goes when the new one is accepted', () => {
    const { cluster, told } = change({}, { models: { Chat: {} } });
    expect(told).toEqual([
      'create NIMCache nim/chat-*',
      'create NIMService nim/chat',
      'delete NIMService nim/llama',
      'delete NIMCache nim/llama-*',
    ]);
    // Accepted is not Ready: nobody serves until then.
    expect(cluster.controllers.serving('nim/chat')).toBeUndefined();
  });

  it('with another id finds the files of the old one', () => {
    const { cluster } = change({}, { models: { Chat: {} } });
    const caches = cluster.sent.filter(({ kind }) => kind === 'NIMCache');
    expect(new Set(caches.map(({ spec }) => spec.storage.pvc.subPath)).size).toBe(1);
  });

  it('without replicas stops, keeps its object, and its node goes', () => {
    const { cluster, told } = change({}, { models: { Llama: { replicas: 0 } } });
    expect(told).toEqual(['update NIMService nim/llama']);
    expect(cluster.controllers.nodes).toEqual([]);
  });

  it('whose id changes its case is the same model', () => {
    const { cluster, outcome, told } = change({}, { models: { llama: {} } });
    expect(outcome.status).toBe('UPDATE_COMPLETE');
    expect(told).toEqual([]);
    expect(cluster.controllers.serving('nim/llama')).toBeDefined();
  });
});

describe('a store', () => {
  const both = { Models: {}, More: {} };

  it('with another id is a new, empty file system; the old one is kept, with its claim', () => {
    const { player, outcome } = change({}, { stores: { Weights: {} } }, { downloadsEnd: true });
    expect(outcome.kept.sort()).toEqual([
      'PersistentVolumeClaim nim/models',
      'PlatformNimModelsFileSystem',
      'StorageClass nim-models',
    ]);
    expect(player.cloud.types.filter((type) => type === 'AWS::EFS::FileSystem')).toHaveLength(2);
  });

  it('with another id takes the mount targets from under the pods that still serve from it', () => {
    const { cluster } = change({}, { stores: { Weights: {} } });
    expect(cluster.complaints).toContain('a mount target of claim models was deleted while pods had it mounted');
  });

  it('that is left one update before it goes is not missed by any pod', () => {
    const { player, cluster, outcome } = change(
      { stores: both },
      { stores: both, models: { Llama: { store: 'More' } } },
    );
    expect(outcome.status).toBe('UPDATE_COMPLETE');
    cluster.controllers.downloadsEnd = true;
    player.cloud.rest();
    player.update(program({ stores: { More: {} } }));
    expect(cluster.complaints).toEqual([]);
  });

  it('that was renamed cannot get its old id back while its claim is kept', () => {
    const { player } = change({}, { stores: { Weights: {} } }, { downloadsEnd: true });
    expect(player.update(program()).reason).toContain('storageclasss.storage.k8s.io "nim-models" already exists');
  });

  it('of another size fails, and nothing is changed: the claim of a driver that cannot expand is immutable', () => {
    const { outcome, cluster } = change({}, { stores: { Models: { size: Size.gibibytes(900) } } });
    expect(outcome).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE', reason: expect.stringContaining('immutable') });
    expect(cluster.controllers.serving('nim/llama')).toBeDefined();
  });

  it('may change its removal policy', () => {
    const { outcome } = change({}, { stores: { Models: { removalPolicy: RemovalPolicy.DESTROY } } });
    expect(outcome.status).toBe('UPDATE_COMPLETE');
  });

  it('whose creation was rolled back is no obstacle to the next attempt', () => {
    const after = program({ stores: both, models: { Llama: {}, Second: { store: 'More' } } });
    const { player } = change({}, { stores: both, models: { Llama: {}, Second: { store: 'More' } } }, { faultAt: 6 });
    expect(player.update(after).status).toBe('UPDATE_COMPLETE');
  });

  it('with another name leaves no cache on the old claim', () => {
    const { cluster } = change({}, { stores: { Models: { name: 'weights' } } });
    expect(cluster.objects.filter((object) => object.startsWith('NIMCache'))).toHaveLength(1);
  });
});
