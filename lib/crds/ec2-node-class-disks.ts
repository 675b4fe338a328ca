/** Kind of EBS volume. */
export enum EbsVolumeType {
  /** Magnetic, previous generation. */
  STANDARD = 'standard',
  /** Provisioned IOPS. */
  IO1 = 'io1',
  /** Provisioned IOPS, durable. */
  IO2 = 'io2',
  /** General purpose, previous generation. */
  GP2 = 'gp2',
  /** Cold disk. */
  SC1 = 'sc1',
  /** Throughput disk. */
  ST1 = 'st1',
  /** General purpose. */
  GP3 = 'gp3',
}

/** What to do with NVMe disks of the instance. */
export enum InstanceStorePolicy {
  /** Stripe them and put kubelet, containerd and pod data there; ephemeral-storage is then their size. */
  RAID0 = 'RAID0',
}

/** An EBS volume. CEL: `snapshotId` or `volumeSize`; `volumeInitializationRate` only with `snapshotId`. */
export interface EbsBlockDevice {
  /**
   * Size as a quantity in Gi, G, Ti or T, such as `300Gi`; at most 64 TB.
   * @default - that of the snapshot
   */
  readonly volumeSize?: string;
  /**
   * Kind of volume.
   * @default - EC2's
   */
  readonly volumeType?: EbsVolumeType;
  /**
   * I/O operations a second, 3000 to 16,000 for gp3.
   * @default - 3000 for gp3
   */
  readonly iops?: number;
  /**
   * MiB a second, for gp3, 125 to 1000.
   * @default - 125, at which a 20 GB image takes minutes
   */
  readonly throughput?: number;
  /**
   * Encrypt the volume. Not to be given with a snapshot.
   * @default - the account's setting
   */
  readonly encrypted?: boolean;
  /**
   * Key to encrypt with: id, alias or ARN.
   * @default - the account's key for EBS
   */
  readonly kmsKeyId?: string;
  /**
   * Delete the volume with the instance.
   * @default - EC2's
   */
  readonly deleteOnTermination?: boolean;
  /**
   * Snapshot to start from.
   * @default - an empty volume
   */
  readonly snapshotId?: string;
  /**
   * MiB a second at which the snapshot is read, 100 to 300.
   * @default - as blocks are needed
   */
  readonly volumeInitializationRate?: number;
}

/** A disk of the node. */
export interface BlockDeviceMapping {
  /**
   * Device: AL2023 has its data on `/dev/xvda`, Bottlerocket on `/dev/xvdb`.
   * @default - none
   */
  readonly deviceName?: string;
  /**
   * The volume.
   * @default - none
   */
  readonly ebs?: EbsBlockDevice;
  /**
   * The volume that holds kubelet and containerd data. CEL: at most one.
   * @default false
   */
  readonly rootVolume?: boolean;
}
