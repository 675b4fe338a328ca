export type Action = 'create' | 'update' | 'delete';

export interface Step {
  readonly action: Action;
  readonly id: string;
  /** See `labelOf`. */
  readonly what: string;
}

/** What goes wrong, and in which order steps are taken where the graph leaves it open. */
export interface PlayOptions {
  /** Number of the step that fails, from 0. */
  readonly faultAt?: number;
  /** Whether the failing step took effect before its answer was lost, as when a Lambda function runs out of time. */
  readonly faultTakesEffect?: boolean;
  /** Resources to come to as early as the graph lets it. */
  readonly first?: readonly string[];
}

/** Statuses of a stack at rest. */
export type Status =
  | 'CREATE_COMPLETE'
  | 'ROLLBACK_COMPLETE'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED'
  | 'ROLLBACK_FAILED';

export interface Outcome {
  readonly status: Status;
  /** Why it failed. */
  readonly reason?: string;
  /** What CloudFormation did, in order, the way back and the clean-up included. */
  readonly steps: Step[];
  /** Physical resources that a clean-up could not delete: CloudFormation forgets them. */
  readonly leftBehind: string[];
  /** What left the stack and was kept, by its policy. */
  readonly kept: string[];
}
