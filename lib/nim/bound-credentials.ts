import type { IDependable } from 'constructs';

/** Secrets in one namespace, by name. */
export interface BoundCredentials {
  readonly pullSecret?: string;
  readonly authSecret: string;
  /** What makes them. */
  readonly secrets?: IDependable;
}
