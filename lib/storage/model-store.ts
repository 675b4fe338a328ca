import type { IDependable } from 'constructs';
import { VolumeAccessMode } from '../crds';

/** A volume that holds models. It owns the claim: caches come and go in folders of it. */
export interface IModelStore {
  /** Name of the PersistentVolumeClaim, in the namespace of the workloads. */
  readonly claimName: string;
  /** Who may mount the claim at the same time. */
  readonly accessMode: VolumeAccessMode;
  /** User that owns the files: caches and services run as it. */
  readonly userId: number;
  /** Group that owns the files: caches and services run as it. */
  readonly groupId: number;
  /** MiB a second that one node reads, a cautious figure: it sizes the startup probe. */
  readonly readMibPerSecond: number;
  /**
   * Namespace of the claim.
   *
   * @default - not known: taken to be that of the workload
   */
  readonly namespace?: string;
  /**
   * What must stand before a pod mounts the claim.
   *
   * @default - nothing: the claim is not made here
   */
  readonly claim?: IDependable;
}

/** A claim that exists. */
export interface ModelStoreFromClaim {
  /**
   * Who may mount the claim at the same time.
   *
   * @default VolumeAccessMode.READ_WRITE_MANY
   */
  readonly accessMode?: VolumeAccessMode;
  /**
   * User that owns the files.
   *
   * @default 1000, NIM's own
   */
  readonly userId?: number;
  /**
   * Group that owns the files.
   *
   * @default 2000, NIM's own
   */
  readonly groupId?: number;
  /**
   * MiB a second that one node reads from the volume.
   *
   * @default 100, slower than any EFS in Elastic mode or gp3 volume: a startup probe waits too long rather than too short
   */
  readonly readMibPerSecond?: number;
}

/** Stores that this library does not make. */
export class ModelStore {
  /** NIM's user: the operator runs caches and services as 1000:2000 (NVIDIA/k8s-nim-operator 3.1.2). */
  public static readonly USER_ID = 1000;
  /** NIM's group. */
  public static readonly GROUP_ID = 2000;

  /** A PersistentVolumeClaim that exists in the namespace of the workloads. */
  public static fromClaimName(claimName: string, attributes: ModelStoreFromClaim = {}): IModelStore {
    return {
      claimName,
      accessMode: attributes.accessMode ?? VolumeAccessMode.READ_WRITE_MANY,
      userId: attributes.userId ?? ModelStore.USER_ID,
      groupId: attributes.groupId ?? ModelStore.GROUP_ID,
      readMibPerSecond: attributes.readMibPerSecond ?? 100,
    };
  }
}
