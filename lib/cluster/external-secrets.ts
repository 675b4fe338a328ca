import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { TestedVersions } from '../catalog';
import { refuse } from '../kube/errors';
import { checkVersion, installChart } from './helm-release';
import { associate, podIdentityRole } from './pod-identity';

/** Properties of an ExternalSecrets. */
export interface ExternalSecretsProps {
  /**
   * Cluster to install into; it needs a kubectl provider. An `eks.Cluster` gets the EKS Pod Identity agent if its stack
   * does not add it; an imported cluster must run it.
   */
  readonly cluster: eks.ICluster;

  /**
   * Version of the chart.
   *
   * @default TestedVersions.EXTERNAL_SECRETS
   */
  readonly version?: string;
}

/** Also the chart's default; said, because the Pod Identity association must name it. */
const NAME = 'external-secrets';

/**
 * The External Secrets Operator, which copies keys from AWS Secrets Manager into Kubernetes Secrets, so that no key
 * stands in a manifest, a template or a Helm value. It can read nothing until `grantRead` names a secret.
 *
 * SecretStores need no `auth`: the operator's pods have the role by EKS Pod Identity. SecretStore and ExternalSecret
 * objects depend on its chart, which waits for the role and for what that may read.
 *
 * @see https://external-secrets.io/latest/provider/aws-secrets-manager/
 */
export class ExternalSecrets extends Construct {
  /** The Helm release. */
  public readonly chart: eks.HelmChart;

  /** Role of the operator's pods. */
  public readonly role: iam.IRole;

  constructor(scope: Construct, id: string, props: ExternalSecretsProps) {
    super(scope, id);
    const version = props.version ?? TestedVersions.EXTERNAL_SECRETS;
    checkVersion(this, version, {
      tool: 'External Secrets',
      tested: TestedVersions.EXTERNAL_SECRETS,
      form: /^v?([1-9]\d*)\.\d+\.\d+(-\S+)?$/,
      allowed: 'a version that serves external-secrets.io/v1',
      fix: `write for example "${TestedVersions.EXTERNAL_SECRETS}"`,
    });
    this.role = podIdentityRole(this, 'Role', 'External Secrets Operator: reads the secrets it was granted');
    const association = associate(this, 'Identity', {
      cluster: props.cluster,
      namespace: NAME,
      serviceAccount: NAME,
      role: this.role,
    });
    this.chart = installChart(this, 'Chart', {
      cluster: props.cluster,
      release: NAME,
      chart: 'external-secrets',
      repository: 'https://charts.external-secrets.io',
      version,
      namespace: NAME,
      values: { installCRDs: true, serviceAccount: { create: true, name: NAME } },
      after: [association],
    });
  }

  /**
   * Lets the operator read one secret of this account.
   *
   * A secret encrypted with a key of your own also needs `key.grantDecrypt(externalSecrets.role)`.
   *
   * @param secretName name of the secret in Secrets Manager (not its ARN), such as `ngc/api-key`
   * @param region region of the secret; by default that of the stack
   */
  public grantRead(secretName: string, region?: string): iam.Grant {
    if (!Token.isUnresolved(secretName) && !/^[\w/+=.@-]{1,512}$/.test(secretName)) {
      refuse(this, {
        what: 'secretName',
        given: secretName,
        allowed: 'the name of one secret: letters, digits and /_+=.@-',
        fix: 'write the name as Secrets Manager shows it, for example "ngc/api-key"; ARNs and wildcards are not names',
      });
    }
    const grant = iam.Grant.addToPrincipal({
      grantee: this.role,
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      // Secrets Manager ends the ARN of a secret with six random characters; "*" would also take "<name>-prod-...".
      resourceArns: [
        Stack.of(this).formatArn({
          service: 'secretsmanager',
          region,
          resource: 'secret',
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          resourceName: `${secretName}-??????`,
        }),
      ],
    });
    grant.applyBefore(this.chart);
    return grant;
  }
}
