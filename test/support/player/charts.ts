/** What a Helm chart brings to a cluster and what it needs there, as far as order shows it. */
export interface Chart {
  /** Kinds whose definitions come with the chart, `group/Kind`. */
  readonly definitions: readonly string[];
  /** Whether definitions go with the release: those in a chart's crds/ folder stay, those among its templates go. */
  readonly definitionsGo: boolean;
  /** Kinds whose create and update calls its webhook must answer (failurePolicy Fail). */
  readonly webhooks: readonly string[];
  /** Kinds that its controller holds with a finalizer, which it alone clears. */
  readonly finalizers: readonly string[];
  /** Kinds that must be served before the chart installs. */
  readonly needs: readonly string[];
  /** Service account that needs AWS credentials. */
  readonly serviceAccount?: string;
}

const NONE: Chart = { definitions: [], definitionsGo: false, webhooks: [], finalizers: [], needs: [] };

const NIM_KINDS = ['apps.nvidia.com/NIMCache', 'apps.nvidia.com/NIMService'];
const SECRET_KINDS = ['external-secrets.io/SecretStore', 'external-secrets.io/ExternalSecret'];

/** By chart name, as `Custom::AWSCDK-EKS-HelmChart` has it. */
export const CHARTS: Record<string, Chart> = {
  // Templates of a chart of their own, so that Helm upgrades them; the price is that they go with it.
  'karpenter-crd': {
    ...NONE,
    definitions: ['karpenter.sh/NodePool', 'karpenter.sh/NodeClaim', 'karpenter.k8s.aws/EC2NodeClass'],
    definitionsGo: true,
  },
  // A NodePool has no finalizer: its NodeClaims have, and they are what keeps an EC2NodeClass from going.
  karpenter: { ...NONE, finalizers: ['karpenter.k8s.aws/EC2NodeClass'], serviceAccount: 'kube-system/karpenter' },
  'cert-manager': { ...NONE, definitions: ['cert-manager.io/Issuer', 'cert-manager.io/Certificate'] },
  'k8s-nim-operator': {
    ...NONE,
    definitions: NIM_KINDS,
    webhooks: NIM_KINDS,
    finalizers: NIM_KINDS,
    needs: ['cert-manager.io/Issuer', 'cert-manager.io/Certificate'],
  },
  'external-secrets': {
    ...NONE,
    definitions: SECRET_KINDS,
    definitionsGo: true,
    webhooks: SECRET_KINDS,
    finalizers: ['external-secrets.io/ExternalSecret'],
    serviceAccount: 'external-secrets/external-secrets',
  },
  'nvidia-device-plugin': NONE,
};
