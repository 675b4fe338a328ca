import { Size } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { EfsModelVolume } from '../../lib/storage';
import { llamaCache, nimChart, objectsOf, problemsOf, theOnly } from '../support/chart';

describe('a model volume on EFS', () => {
  test("is a StorageClass of NIM's own user and a claim that every node mounts", () => {
    const chart = nimChart();
    new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123' });
    expect(problemsOf(chart)).toEqual([]);
    expect(objectsOf(chart)).toMatchInlineSnapshot(`
      [
        {
          "apiVersion": "storage.k8s.io/v1",
          "kind": "StorageClass",
          "metadata": {
            "name": "nim-models",
          },
          "parameters": {
            "basePath": "/nim",
            "directoryPerms": "770",
            "ensureUniqueDirectory": "false",
            "fileSystemId": "fs-0123",
            "gid": "2000",
            "provisioningMode": "efs-ap",
            "subPathPattern": "\${.PVC.namespace}/\${.PVC.name}",
            "uid": "1000",
          },
          "provisioner": "efs.csi.aws.com",
          "reclaimPolicy": "Retain",
          "volumeBindingMode": "Immediate",
        },
        {
          "apiVersion": "v1",
          "kind": "PersistentVolumeClaim",
          "metadata": {
            "name": "models",
            "namespace": "nim",
          },
          "spec": {
            "accessModes": [
              "ReadWriteMany",
            ],
            "resources": {
              "requests": {
                "storage": "512000Mi",
              },
            },
            "storageClassName": "nim-models",
          },
        },
      ]
    `);
  });

  test('names the StorageClass, which is of the whole cluster, by the namespace too', () => {
    const chart = nimChart('team-a');
    new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123' });
    const storageClass = theOnly(chart, 'StorageClass');
    expect(storageClass.metadata).toEqual({ name: 'team-a-models' });
    expect(theOnly(chart, 'PersistentVolumeClaim').spec.storageClassName).toBe('team-a-models');
  });

  test('gives the volume up only where told to', () => {
    const chart = nimChart();
    new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123', retain: false });
    expect(theOnly(chart, 'StorageClass').reclaimPolicy).toBe('Delete');
  });

  test('asks for another size and has another name where told to', () => {
    const chart = nimChart();
    new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123', size: Size.gibibytes(2), name: 'weights' });
    expect(theOnly(chart, 'PersistentVolumeClaim')).toMatchObject({
      metadata: { name: 'weights' },
      spec: { resources: { requests: { storage: '2048Mi' } } },
    });
  });

  test('stands before the caches that use it', () => {
    const chart = nimChart();
    const store = new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123' });
    expect(store.persistentVolumeClaim.node.dependencies).toEqual([store.storageClass]);
    expect(llamaCache(chart, { store }).apiObject.node.dependencies).toEqual([store.persistentVolumeClaim]);
  });

  test('outlives the caches: none of them makes or owns a claim', () => {
    const chart = nimChart();
    const store = new EfsModelVolume(chart, 'Models', { fileSystemId: 'fs-0123' });
    llamaCache(chart, { store });
    expect(theOnly(chart, 'NIMCache').spec.storage.pvc).toMatchObject({ create: false, name: 'models' });
  });
});
