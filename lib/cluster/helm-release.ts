import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct, IDependable } from 'constructs';
import { refuse } from '../kube/errors';
import { ownerOf } from '../kube/owners';
import { waitInCluster } from './cluster-resource';
import { identify } from './identity';

/** One chart as this library installs it: everything that Helm would default from a construct id is said. */
export interface HelmRelease {
  readonly cluster: eks.ICluster;
  readonly release: string;
  readonly chart: string;
  /** A Helm repository (`https://`), or the whole address of an OCI chart (`oci://.../<chart>`). */
  readonly repository: string;
  readonly version: string;
  readonly namespace: string;
  readonly values?: Record<string, unknown>;
  /** False only where nothing depends on the chart's pods. */
  readonly wait?: boolean;
  /** What it waits for, beside the nodes of the cluster. */
  readonly after?: IDependable[];
}

export function installChart(
  scope: Construct,
  id: string,
  { wait = true, after, ...release }: HelmRelease,
): eks.HelmChart {
  if (!release.cluster.kubectlProvider) {
    refuse(scope, {
      what: 'cluster.kubectlProvider',
      given: undefined,
      allowed: 'a kubectl provider, through which charts are installed',
      fix: 'give new eks.Cluster kubectlProviderOptions, or eks.Cluster.fromClusterAttributes a kubectlProvider',
    });
  }
  const owner = ownerOf(scope, [release.cluster.node.path, release.namespace, release.release]);
  if (owner !== scope) {
    refuse(scope, {
      what: 'chart',
      given: release.chart,
      allowed: `one release ${release.release} in a cluster: ${owner.node.path} installs it`,
      fix: 'use the construct that is there already, or tell this one that it runs',
    });
  }
  const installed = new eks.HelmChart(scope, id, {
    ...release,
    wait,
    // The most that the handler's Lambda function allows; a first install waits for image pulls on fresh nodes.
    timeout: Duration.minutes(15),
  });
  waitInCluster(installed, release.cluster, after);
  identify(installed, release.cluster, ['Helm', release.namespace, release.release]);
  return installed;
}

/** Which versions of a tool a construct can install. */
export interface VersionRule {
  readonly tool: string;
  readonly tested: string;
  readonly form: RegExp;
  readonly allowed: string;
  readonly fix: string;
}

/** Refuses a version that cannot work, and warns of one that nobody tried. */
export function checkVersion(
  scope: Construct,
  version: string,
  { tool, tested, form, allowed, fix }: VersionRule,
): void {
  if (Token.isUnresolved(version)) {
    return;
  }
  if (!form.test(version)) {
    refuse(scope, { what: 'version', given: version, allowed, fix });
  }
  if (version.replace(/^v/, '') !== tested.replace(/^v/, '')) {
    Annotations.of(scope).addWarningV2(
      `nim-constructs:untested-version:${tool}`,
      `version ${version} of ${tool} is untested, tested is ${tested}; read its release notes, then acknowledge this warning`,
    );
  }
}
