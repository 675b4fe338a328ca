import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { App as Cdk8sApp, Chart, Size } from 'cdk8s';
import { EfsModelStore, KubernetesScope } from 'nim-constructs/cluster';
import { VolumeAccessMode } from 'nim-constructs/crds';
import { describe, expect, it } from 'vitest';
import { validateObject } from '../support/crds';
import {
  bareCluster,
  errorOf,
  importedCluster,
  manifestOf,
  manifests,
  resource,
  resources,
  testStack,
  waitsFor,
} from '../support/stack';

const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';

function store(props?: ConstructorParameters<typeof EfsModelStore>[2]) {
  const stack = testStack();
  const kube = new KubernetesScope(stack, 'Nim', { cluster: bareCluster(stack), namespace: 'nim' });
  return { stack, kube, store: new EfsModelStore(kube, 'Models', props) };
}

describe('EfsModelStore', () => {
  it('is an encrypted file system with Elastic throughput', () => {
    expect(resource(store().stack, 'AWS::EFS::FileSystem')).toMatchObject({
      Encrypted: true,
      ThroughputMode: 'elastic',
      PerformanceMode: 'generalPurpose',
    });
  });

  it('has a mount target in each zone of the cluster', () => {
    const { stack } = store();

    expect(Object.keys(resources(stack, 'AWS::EFS::MountTarget'))).toHaveLength(stack.availabilityZones.length);
  });

  it('lets in NFS from the nodes of the cluster, and nothing else', () => {
    const { stack } = store();
    const rules = Object.values(resources(stack, 'AWS::EC2::SecurityGroup'))
      .filter(({ GroupDescription }) => GroupDescription === 'NFS from the nodes of the cluster')
      .flatMap(({ SecurityGroupIngress }) => SecurityGroupIngress ?? []);

    const separate = Object.values(resources(stack, 'AWS::EC2::SecurityGroupIngress'));
    expect([...rules, ...separate]).toEqual([
      expect.objectContaining({
        IpProtocol: 'tcp',
        FromPort: 2049,
        ToPort: 2049,
        SourceSecurityGroupId: expect.stringMatching(/^<Cluster.*\.ClusterSecurityGroupId>$/),
      }),
    ]);
  });

  it('refuses what is not encrypted in transit', () => {
    const { Statement } = resource(store().stack, 'AWS::EFS::FileSystem').FileSystemPolicy;

    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    expect(Statement.find(({ Effect }: { Effect: string }) => Effect === 'Allow').Action).toEqual([
      'elasticfilesystem:ClientMount',
      'elasticfilesystem:ClientWrite',
    ]);
  });

  it('makes every client act as 1000:2000 in a folder of its own', () => {
    expect(manifestOf(store().stack, 'StorageClass', 'nim-models').parameters).toEqual({
      provisioningMode: 'efs-ap',
      fileSystemId: expect.stringMatching(/^<NimModelsFileSystem/),
      directoryPerms: '770',
      uid: '1000',
      gid: '2000',
      basePath: '/nim',
      subPathPattern: '${.PVC.namespace}/${.PVC.name}',
      ensureUniqueDirectory: 'false',
    });
  });

  it('has one claim that all nodes mount, of the class by its name', () => {
    const { stack, store: models } = store({ size: Size.tebibytes(1), name: 'models' });

    expect(manifestOf(stack, 'PersistentVolumeClaim', models.claimName).spec).toEqual({
      accessModes: ['ReadWriteMany'],
      storageClassName: 'nim-models',
      resources: { requests: { storage: '1048576Mi' } },
    });
    expect(models).toMatchObject({
      claimName: 'models',
      namespace: 'nim',
      accessMode: VolumeAccessMode.READ_WRITE_MANY,
    });
  });

  it('renders objects that the API server takes', () => {
    for (const object of manifests(store().stack)) {
      expect(validateObject(object)).toEqual([]);
    }
  });

  it('has the claim wait for the mount targets, and go before them', () => {
    const { stack } = store();
    const claim = idOf(stack, 'PersistentVolumeClaim');
    for (const target of Object.keys(resources(stack, 'AWS::EFS::MountTarget'))) {
      expect(waitsFor(stack, claim, target)).toBe(true);
      expect(waitsFor(stack, target, claim)).toBe(false);
    }
  });

  it('keeps file system, class and claim unless told otherwise', () => {
    expect(policies(store().stack)).toEqual({
      'AWS::EFS::FileSystem': 'RetainExceptOnCreate',
      PersistentVolumeClaim: 'RetainExceptOnCreate',
      StorageClass: 'RetainExceptOnCreate',
    });
    expect(manifestOf(store().stack, 'StorageClass', 'nim-models').reclaimPolicy).toBe('Retain');
  });

  it('goes with the stack where that is asked', () => {
    const { stack } = store({ removalPolicy: RemovalPolicy.DESTROY });

    expect(policies(stack)).toEqual({
      'AWS::EFS::FileSystem': 'Delete',
      PersistentVolumeClaim: 'Delete',
      StorageClass: 'Delete',
    });
  });
});

describe('EfsModelStore on a file system that an earlier stack kept', () => {
  it('gives it mount targets in the VPC of the cluster, and makes no second one', () => {
    const { stack, store: models } = store({ fileSystemId: 'fs-0123456789abcdef0' });
    const targets = Object.entries(resources(stack, 'AWS::EFS::MountTarget'));

    expect(Object.keys(resources(stack, 'AWS::EFS::FileSystem'))).toEqual([]);
    expect(targets).toHaveLength(stack.availabilityZones.length);
    for (const [id, target] of targets) {
      expect(target.FileSystemId).toBe('fs-0123456789abcdef0');
      expect(waitsFor(stack, idOf(stack, 'PersistentVolumeClaim'), id)).toBe(true);
    }
    expect(manifestOf(stack, 'StorageClass', 'nim-models').parameters.fileSystemId).toBe('fs-0123456789abcdef0');
    expect(models.claimName).toBe('models');
  });
});

describe('EfsModelStore refuses', () => {
  it('to stand outside a KubernetesScope', () => {
    const chart = new Chart(new Cdk8sApp(), 'chart', { namespace: 'nim' });
    expect(errorOf(() => new EfsModelStore(chart, 'Models'))).toBe(
      '[chart/Models] scope is "chart", allowed is a KubernetesScope, or a construct below one; ' +
        "create it under new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' })",
    );
  });

  it('an imported cluster without its VPC', () => {
    const stack = testStack();
    const kube = new KubernetesScope(stack, 'Nim', { cluster: importedCluster(stack), namespace: 'nim' });
    expect(errorOf(() => new EfsModelStore(kube, 'Models'))).toBe(
      '[Test/Nim/Models] vpc of the cluster is not given, allowed is an imported cluster with its VPC; ' +
        'pass vpc to Cluster.fromClusterAttributes: mount targets stand in its subnets',
    );
  });
});

function policies(stack: Stack): Record<string, string> {
  const all = Object.values(Template.fromStack(stack).toJSON().Resources) as {
    Type: string;
    DeletionPolicy: string;
    Properties: { Manifest: unknown };
  }[];
  const wanted = ['AWS::EFS::FileSystem', 'StorageClass', 'PersistentVolumeClaim'];
  const kindOf = (resource: (typeof all)[number]) =>
    wanted.find(
      (kind) =>
        resource.Type === kind || (resource.Type === MANIFEST && JSON.stringify(resource).includes(`\\"${kind}\\"`)),
    );
  return Object.fromEntries(all.flatMap((each) => (kindOf(each) ? [[kindOf(each), each.DeletionPolicy]] : [])));
}

function idOf(stack: Stack, kind: string): string {
  const found = Object.entries(resources(stack, MANIFEST)).find(
    ([, { Manifest }]) => JSON.parse(Manifest)[0].kind === kind,
  );
  return found?.[0] ?? `no ${kind}`;
}
