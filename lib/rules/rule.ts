import type { Refusal } from '../kube/errors';
import type { Part } from './part';

/** What a rule has against an object: one refused value. */
export type Problem = Refusal;

/** Who would say so if this library did not. */
export enum Enforcer {
  /** The API server: CEL rules of a CRD, or Kubernetes' own validation. */
  API_SERVER = 'API server',
  /** An admission webhook: that of the NIM Operator or of External Secrets Operator. */
  WEBHOOK = 'admission webhook',
  /** Nobody: the object is stored, and what it describes fails or never comes. */
  NOBODY = 'nobody before run time',
}

/** An object beside the one that is checked. */
export interface Neighbour {
  /** Undefined where it is known at deployment only. */
  readonly name?: string;
  readonly namespace?: string;
  /** The object with JSON patches and all: it takes as long as rendering it, so a rule looks at the name first. */
  rendered(): Part;
}

/** What a rule may know of the objects around the one that it checks. */
export interface Surroundings {
  /** Objects that the same program sends to the same cluster, by `<apiVersion>/<kind>`. */
  objects(kind: string): readonly Neighbour[];
}

/** One thing that a manifest must not be. Data and a small function: a rule knows one object, as it is rendered. */
export interface Rule {
  /** Kind and subject, `nim-service/replicas-beside-scale`. */
  readonly id: string;
  /** The kinds it is about, as `<apiVersion>/<kind>`; none for every kind. */
  readonly kinds?: readonly string[];
  readonly enforcer: Enforcer;
  /** Where it comes from: a file of an upstream project, an issue, a page of documentation. */
  readonly source: string;
  /** CEL rules of CRDs that it mirrors, as `<kind> <path> <first 8 digits of the SHA-256 of the rule>` (crds.digest.json). */
  readonly cel?: readonly string[];
  /** Why a cluster may take what the API server or webhook of the tested versions refuses; without it nobody can accept it. */
  readonly outgrown?: string;
  check(object: Part, around: Surroundings): Iterable<Problem>;
}

/** The value of a part, refused. */
export function refused(part: Part, allowed: string, fix: string, given: unknown = part.value): Problem {
  return { what: part.path, given, allowed, fix };
}

export const NIM_CACHE = 'apps.nvidia.com/v1alpha1/NIMCache';
export const NIM_SERVICE = 'apps.nvidia.com/v1alpha1/NIMService';
export const NIM_PIPELINE = 'apps.nvidia.com/v1alpha1/NIMPipeline';
export const NIM_BUILD = 'apps.nvidia.com/v1alpha1/NIMBuild';
export const NODE_POOL = 'karpenter.sh/v1/NodePool';
export const EC2_NODE_CLASS = 'karpenter.k8s.aws/v1/EC2NodeClass';
export const SECRET_STORES = ['external-secrets.io/v1/SecretStore', 'external-secrets.io/v1/ClusterSecretStore'];
export const EXTERNAL_SECRET = 'external-secrets.io/v1/ExternalSecret';

/** Upstream files that rules come from; all of tag v3.1.2 of the NIM Operator. */
export const OPERATOR = 'NVIDIA/k8s-nim-operator v3.1.2';
export const SERVICE_WEBHOOK = `${OPERATOR} internal/webhook/apps/v1alpha1/nimservice_webhook_validation_helper.go`;
export const CACHE_WEBHOOK = `${OPERATOR} internal/webhook/apps/v1alpha1/nimcache_webhook_validation_helper.go`;
export const SERVICE_CRD = `${OPERATOR} config/crd/bases/apps.nvidia.com_nimservices.yaml`;
export const CACHE_CRD = `${OPERATOR} config/crd/bases/apps.nvidia.com_nimcaches.yaml`;

/** CRDs of Karpenter. */
export const EC2_CRD = 'aws/karpenter-provider-aws v1.14.1 pkg/apis/crds/karpenter.k8s.aws_ec2nodeclasses.yaml';
export const NODE_POOL_CRD = 'aws/karpenter-provider-aws v1.14.1 pkg/apis/crds/karpenter.sh_nodepools.yaml';
