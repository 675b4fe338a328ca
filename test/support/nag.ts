import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Json } from './stack';

/** A finding of cdk-nag that we accept, and why. */
export interface Acknowledgement {
  readonly rule: RegExp;
  readonly path: RegExp;
  readonly reason: string;
}

export const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rule: /^AwsSolutions-EKS1$/,
    path: /\/Cluster\/Resource$/,
    reason:
      'the endpoint is public and private, and every call needs IAM; a private one is made with an eks.Cluster of your own',
  },
  {
    rule: /^AwsSolutions-EKS2\[LogExport::(controllerManager|scheduler)\]$/,
    path: /\/Cluster\/Resource$/,
    reason:
      'api, audit and authenticator are logged; these two explain scheduling, cost by the gigabyte, and can be switched on',
  },
  {
    rule: /^AwsSolutions-IAM4\[/,
    path: /\/(KubectlProvider|Cluster\/Role|NodeGroupRole|NodeRole|EfsCsiRole)\b/,
    reason:
      'policies that AWS maintains for EKS roles, nodes, the EFS driver and the handler of aws-cdk-lib: a copy would go stale',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<.*KubectlProvider.*\.Arn>:\*\]$/,
    path: /\/KubectlProvider\//,
    reason: 'the provider framework of aws-cdk-lib invokes any version of its own handler',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    path: /\/Karpenter\/(ResourceDiscovery|ZonalShift)Policy\//,
    reason: 'read-only actions that IAM cannot scope to a resource; karpenter-policy.test.ts has the list',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:(ec2|iam|ssm):/,
    path: /\/Karpenter\/(NodeLifecycle|IamIntegration|ResourceDiscovery)Policy\//,
    reason: 'Karpenter names what it creates at run time: tag conditions scope these statements, as upstream does',
  },
  {
    rule: /^AwsSolutions-L1$/,
    path: /\/KubectlProvider\/Handler\//,
    reason: 'aws-cdk-lib chooses the runtime of its handler',
  },
  {
    rule: /^AwsSolutions-SQS3$/,
    path: /\/Karpenter\/Interruptions\//,
    reason: 'a notice of an interruption is worth nothing after five minutes, when the queue drops it',
  },
  {
    rule: /^AwsSolutions-VPC7$/,
    path: /\/Vpc\/Resource$/,
    reason: 'flow logs are billed by the gigabyte and kept where the account decides: add them to nimCluster.vpc',
  },
];

/** What AwsSolutions finds in an app, as `rule at path`. */
export function nagFindings(build: (app: App) => void): { rule: string; path: string }[] {
  const outdir = mkdtempSync(join(tmpdir(), 'nim-constructs-nag-'));
  const app = new App({ outdir, context: { 'aws:cdk:disable-asset-staging': true } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  build(app);
  try {
    app.synth();
  } catch (error) {
    if (!String(error).includes('validation-report.json')) {
      throw error;
    }
  }
  const report: Json = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  return report.pluginReports
    .filter(({ pluginName }: Json) => pluginName === 'AwsSolutions')
    .flatMap(({ violations }: Json) => violations)
    .flatMap(({ ruleName, violatingConstructs }: Json) =>
      violatingConstructs.map(({ constructPath }: Json) => ({ rule: ruleName, path: constructPath })),
    );
}
