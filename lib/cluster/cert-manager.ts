import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { TestedVersions } from '../catalog';
import { checkVersion, installChart } from './helm-release';

/** Properties of a CertManager. */
export interface CertManagerProps {
  /** Cluster to install into; it needs a kubectl provider. */
  readonly cluster: eks.ICluster;

  /**
   * Version of the chart, with its `v`.
   *
   * @default TestedVersions.CERT_MANAGER
   */
  readonly version?: string;
}

/**
 * cert-manager, which signs the serving certificate of the NIM Operator's webhook. Install it once in a cluster.
 *
 * Its custom resource definitions stay when the chart goes (the chart's own default): deleting them would delete every
 * certificate of the cluster.
 *
 * @see https://cert-manager.io/docs/installation/helm/
 */
export class CertManager extends Construct {
  /** The Helm release; depend on it, or on this construct, before creating certificates. */
  public readonly chart: eks.HelmChart;

  constructor(scope: Construct, id: string, props: CertManagerProps) {
    super(scope, id);
    const version = props.version ?? TestedVersions.CERT_MANAGER;
    checkVersion(this, version, {
      tool: 'cert-manager',
      tested: TestedVersions.CERT_MANAGER,
      form: /^v1\.\d+\.\d+(-\S+)?$/,
      allowed: 'a version 1.x with its "v", as the chart is tagged',
      fix: `write for example "${TestedVersions.CERT_MANAGER}"`,
    });
    this.chart = installChart(this, 'Chart', {
      cluster: props.cluster,
      release: 'cert-manager',
      chart: 'cert-manager',
      repository: 'oci://quay.io/jetstack/charts/cert-manager',
      version,
      namespace: 'cert-manager',
      values: { crds: { enabled: true } },
    });
  }
}
