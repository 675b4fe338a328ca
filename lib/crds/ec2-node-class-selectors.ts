/** Operating system family of a node. */
export enum AmiFamily {
  /** Amazon Linux 2; its images ended in November 2025. */
  AL2 = 'AL2',
  /** Amazon Linux 2023. */
  AL2023 = 'AL2023',
  /** Bottlerocket. */
  BOTTLEROCKET = 'Bottlerocket',
  /** Karpenter adds nothing to the user data. */
  CUSTOM = 'Custom',
  /** Windows Server 2019. */
  WINDOWS2019 = 'Windows2019',
  /** Windows Server 2022. */
  WINDOWS2022 = 'Windows2022',
  /** Windows Server 2025. */
  WINDOWS2025 = 'Windows2025',
}

/** Which instances a capacity reservation takes. */
export enum InstanceMatchCriteria {
  /** Any that match. */
  OPEN = 'open',
  /** Those that name it. */
  TARGETED = 'targeted',
}

/** A choice of machine images; the fields of a term must all match. CEL: at least one field; `id` and `alias` stand alone. */
export interface AmiSelectorTerm {
  /**
   * `family@version`, at most 30 characters, such as `al2023@v20260714`; Karpenter takes the NVIDIA variant for GPU types.
   * `@latest` replaces nodes whenever AWS publishes.
   * @default - other fields
   */
  readonly alias?: string;
  /**
   * Image id.
   * @default - other fields
   */
  readonly id?: string;
  /**
   * Image name, with `*` as wildcard.
   * @default - any
   */
  readonly name?: string;
  /**
   * Account id, `self`, or an alias such as `amazon`.
   * @default - self and amazon
   */
  readonly owner?: string;
  /**
   * SSM parameter that holds the image id: name or ARN.
   * @default - other fields
   */
  readonly ssmParameter?: string;
  /**
   * Tags, at most 20; `*` stands for any value.
   * @default - any
   */
  readonly tags?: { [key: string]: string };
}

/** A choice of subnets; the fields of a term must all match. CEL: at least one field; `id` stands alone. */
export interface SubnetSelectorTerm {
  /**
   * Subnet id.
   * @default - other fields
   */
  readonly id?: string;
  /**
   * Tags, at most 20; `*` stands for any value.
   * @default - any
   */
  readonly tags?: { [key: string]: string };
}

/** A choice of security groups. CEL: exactly one field. */
export interface SecurityGroupSelectorTerm {
  /**
   * Security group id.
   * @default - other fields
   */
  readonly id?: string;
  /**
   * Security group name, which is not the tag `Name`.
   * @default - other fields
   */
  readonly name?: string;
  /**
   * Tags, at most 20; `*` stands for any value.
   * @default - any
   */
  readonly tags?: { [key: string]: string };
}

/** A choice of capacity reservations. CEL: at least one of `id`, `tags` and `instanceMatchCriteria`; `id` stands alone. */
export interface CapacityReservationSelectorTerm {
  /**
   * Reservation id, `cr-...`.
   * @default - other fields
   */
  readonly id?: string;
  /**
   * Which instances the reservation takes.
   * @default - any
   */
  readonly instanceMatchCriteria?: InstanceMatchCriteria;
  /**
   * Account that owns the reservation, 12 digits.
   * @default - any
   */
  readonly ownerId?: string;
  /**
   * Tags, at most 20; `*` stands for any value.
   * @default - any
   */
  readonly tags?: { [key: string]: string };
}

/** A placement group. CEL: exactly one field. */
export interface PlacementGroupSelector {
  /**
   * Placement group id, `pg-...`.
   * @default - `name` is given
   */
  readonly id?: string;
  /**
   * Placement group name.
   * @default - `id` is given
   */
  readonly name?: string;
}
