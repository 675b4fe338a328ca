import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { TestedVersions } from '../catalog';
import { refuseAutoMode } from './cluster-resource';
import { checkVersion, installChart } from './helm-release';

/** Properties of an NvidiaDevicePlugin. */
export interface NvidiaDevicePluginProps {
  /** Cluster to install into; it needs a kubectl provider. */
  readonly cluster: eks.ICluster;

  /**
   * Version of the chart.
   *
   * @default TestedVersions.NVIDIA_DEVICE_PLUGIN
   */
  readonly version?: string;
}

const VALUES = {
  // A pool may carry any taint, and a GPU node that the plugin cannot enter never shows `nvidia.com/gpu`: Karpenter
  // then holds it for uninitialised and starts the next one.
  tolerations: [{ operator: 'Exists' }],
  // GPU feature discovery labels nodes for profile discovery, which nothing here relies on: profiles are explicit, and
  // pools carry their labels from the start. It would also bring in NFD, whose worker as the chart sets it tolerates
  // the GPU taint with the value "present" alone.
  gfd: { enabled: false },
};

/**
 * The NVIDIA device plugin, which turns the GPUs of Amazon Linux 2023 nodes into the resource `nvidia.com/gpu`.
 *
 * It runs on nodes labelled `nvidia.com/gpu.present: "true"`, as every GpuNodePool labels its nodes (the chart's own
 * affinity). Do not install it beside the GPU Operator, nor for Bottlerocket or EKS Auto Mode nodes, which have one.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin
 */
export class NvidiaDevicePlugin extends Construct {
  /** The Helm release. */
  public readonly chart: eks.HelmChart;

  constructor(scope: Construct, id: string, props: NvidiaDevicePluginProps) {
    super(scope, id);
    const version = props.version ?? TestedVersions.NVIDIA_DEVICE_PLUGIN;
    checkVersion(this, version, {
      tool: 'the NVIDIA device plugin',
      tested: TestedVersions.NVIDIA_DEVICE_PLUGIN,
      form: /^v?0\.\d+\.\d+(-\S+)?$/,
      allowed: 'a version 0.x',
      fix: `write for example "${TestedVersions.NVIDIA_DEVICE_PLUGIN}"`,
    });
    refuseAutoMode(this, props.cluster);
    this.chart = installChart(this, 'Chart', {
      cluster: props.cluster,
      release: 'nvidia-device-plugin',
      chart: 'nvidia-device-plugin',
      repository: 'https://nvidia.github.io/k8s-device-plugin',
      version,
      namespace: 'nvidia-device-plugin',
      values: VALUES,
      // A DaemonSet of GPU nodes that come and go: waiting would fail a deployment for one node that is just leaving.
      wait: false,
    });
  }
}
