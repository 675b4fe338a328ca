import type { ApiObject } from 'cdk8s';
import { refuse } from './errors';

/** ApiObject gives each object the chart's namespace; the API server refuses one on a cluster-scoped kind. */
export function clusterScoped(object: ApiObject, chosen?: string): void {
  if (chosen !== undefined) {
    refuse(object, {
      what: 'metadata.namespace',
      given: chosen,
      allowed: `none, as ${object.kind} is cluster-scoped`,
      fix: 'leave it out',
    });
  }
  Object.assign(object.metadata, { namespace: undefined });
}
