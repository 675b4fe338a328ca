/**
 * The versions that this library's facts were read from and that its tests render. They are defaults, not limits: every
 * construct that uses one takes another.
 */
export class TestedVersions {
  /** NVIDIA NIM Operator, chart and image; release of 2026-08-05 (NVIDIA/k8s-nim-operator, tag v3.1.2). */
  public static readonly NIM_OPERATOR: string = '3.1.2';

  /** Karpenter, chart of the same version without `v`; release of 2026-08-20 (aws/karpenter-provider-aws, v1.14.1). */
  public static readonly KARPENTER: string = '1.14.1';

  /** NVIDIA device plugin, chart; release of 2026-08-19 (NVIDIA/k8s-device-plugin, 0.20.0). */
  public static readonly NVIDIA_DEVICE_PLUGIN: string = '0.20.0';

  /** cert-manager, chart `oci://quay.io/jetstack/charts/cert-manager`, which the operator's webhook needs. */
  public static readonly CERT_MANAGER: string = 'v1.21.1';

  /** External Secrets Operator, chart of https://charts.external-secrets.io, API `external-secrets.io/v1`. */
  public static readonly EXTERNAL_SECRETS: string = '2.8.0';

  /** Kubernetes minor version; the newest in Karpenter 1.14's compatibility matrix, which needs Karpenter 1.13 for it. */
  public static readonly KUBERNETES: string = '1.36';

  /**
   * AMI alias of an EC2NodeClass: Amazon Linux 2023 of 2026-07-14, whose NVIDIA variant Karpenter picks by itself
   * (awslabs/amazon-eks-ami release v20260714: driver 580.159.03, container toolkit 1.19.1, containerd 2.2.4).
   */
  public static readonly AL2023_GPU_AMI_ALIAS: string = 'al2023@v20260714';
}
