import { Enforcer, OPERATOR, refused, SERVICE_CRD } from './rule';
import type { ServiceRule } from './service-rule';

/** Fields that the template of the LeaderWorkerSet leaves out, from both its pods or from the workers. */
const IGNORED = ['affinity', 'runtimeClassName', 'schedulerName', 'command', 'args'];

/** Rules of `multiNode`. */
export const SERVICE_MULTI_NODE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/mpi-and-ray',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.multiNode 6faad61f'],
    *check(spec) {
      const found = spec.at('multiNode').among('mpi', 'ray');
      if (found.length === 2) {
        yield refused(spec.at('multiNode'), 'one of mpi and ray', 'leave one of them out', found);
      }
    },
  },
  {
    id: 'nim-service/compute-domain',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.multiNode.computeDomain acdf20bd'],
    *check(spec) {
      const domain = spec.at('multiNode', 'computeDomain');
      const name = domain.at('name');
      if (domain.at('create').isTrue && name.given) {
        yield refused(name, 'none where create is true', 'leave one of them out');
      } else if (
        domain.given &&
        (domain.at('create').value === false || !domain.has('create')) &&
        (name.value ?? '') === ''
      ) {
        yield refused(name, 'the name of a ComputeDomain, or create: true', 'write create: true');
      }
    },
  },
  {
    id: 'nim-service/pipeline-of-one',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/platform/standalone: a Deployment is made, and a LeaderWorkerSet waited for`,
    *check(spec) {
      const pipeline = spec.at('multiNode', 'parallelism', 'pipeline');
      if (spec.has('multiNode') && (!pipeline.given || (pipeline.number ?? 2) <= 1)) {
        yield refused(
          pipeline,
          '2 or more: with less the service is never ready',
          'leave multiNode out, or write pipeline: 2',
        );
      }
    },
  },
  {
    id: 'nim-service/multi-node-replicas',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} manifests/lws.yaml: replicas is rendered as <nil>`,
    *check(spec) {
      const replicas = spec.at('replicas');
      if (spec.has('multiNode') && !replicas.given) {
        yield refused(replicas, 'a number with multiNode, without which nothing starts', 'write replicas: 1');
      }
    },
  },
  {
    id: 'nim-service/multi-node-ignores',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} manifests/lws.yaml`,
    *check(spec) {
      for (const part of IGNORED.map((name) => spec.at(name))) {
        if (spec.has('multiNode') && part.given) {
          yield refused(part, 'none with multiNode, whose pods it does not reach', 'leave it out', 'given');
        }
      }
    },
  },
  {
    id: 'nim-service/needs-leader-worker-set',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller: "no matches for kind LeaderWorkerSet" fails the whole service`,
    *check(spec) {
      const multiNode = spec.at('multiNode');
      if (multiNode.given) {
        yield refused(
          multiNode,
          'none, unless LeaderWorkerSet is in the cluster',
          'install LeaderWorkerSet before the operator, and acknowledge this rule',
          'given',
        );
      }
    },
  },
];
