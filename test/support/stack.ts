import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { type ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** What a test reads of a template: plain JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a template has no narrower type
export type Json = any;

/** An app that neither copies assets nor records stack traces, which would take most of a test's time. */
export function testApp(context: Record<string, unknown> = {}): App {
  return new App({
    context: { 'aws:cdk:disable-asset-staging': true, 'aws:cdk:disable-stack-trace': true, ...context },
  });
}

export function testStack(id = 'Test', props?: StackProps): Stack {
  return new Stack(testApp(), id, props);
}

/** A layer by its ARN: the real ones bring a zip file of 36 MB, which each synthesis would hash. */
export function fakeKubectlLayer(scope: Construct): ILayerVersion {
  return LayerVersion.fromLayerVersionArn(
    scope,
    'FakeKubectl',
    'arn:aws:lambda:us-west-2:111122223333:layer:kubectl:1',
  );
}

/** A cluster as a user has it: without NimCluster, by default without a name of its own. */
export function bareCluster(scope: Construct, props: Partial<eks.ClusterProps> = {}): eks.Cluster {
  return new eks.Cluster(scope, 'Cluster', {
    version: eks.KubernetesVersion.of('1.36'),
    defaultCapacityType: eks.DefaultCapacityType.NODEGROUP,
    defaultCapacity: 0,
    kubectlProviderOptions: { kubectlLayer: fakeKubectlLayer(scope) },
    ...props,
  });
}

/** A cluster that another app made. */
export function importedCluster(scope: Construct, attributes: Partial<eks.ClusterAttributes> = {}): eks.ICluster {
  return eks.Cluster.fromClusterAttributes(scope, 'Imported', {
    clusterName: 'imported',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(scope, 'Provider', {
      serviceToken: 'arn:aws:lambda:us-west-2:111122223333:function:provider',
    }),
    ...attributes,
  });
}

/** The template with every `Ref`, `Fn::GetAtt` and `Fn::Join` as text: `<Id>`, `<Id.Attr>`, joined. */
export function flat(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(flat);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if ('Ref' in value) {
    return `<${value.Ref}>`;
  }
  if ('Fn::GetAtt' in value) {
    return `<${[value['Fn::GetAtt']].flat().join('.')}>`;
  }
  if ('Fn::ImportValue' in value) {
    return `<import ${flat(value['Fn::ImportValue'])}>`;
  }
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(flat).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, flat(item)]));
}

/** Resources of a type: properties by logical id, flattened. */
export function resources(stack: Stack, type: string): Record<string, Json> {
  const found = Template.fromStack(stack).findResources(type);
  return Object.fromEntries(Object.entries(found).map(([id, { Properties }]) => [id, flat(Properties ?? {})]));
}

/** The one resource of a type whose logical id begins so, flattened. */
export function resource(stack: Stack, type: string, idPrefix = ''): Json {
  return one(Object.entries(resources(stack, type)).filter(([id]) => id.startsWith(idPrefix)))[1];
}

/** Properties of a Helm release, with its values as an object. */
export function chart(stack: Stack, release: string): Json {
  const [, properties] = one(charts(stack).filter(([, { Release }]) => Release === release));
  const { ServiceToken: _, ...rest } = properties;
  return { ...rest, Values: rest.Values && JSON.parse(rest.Values) };
}

export function chartValues(stack: Stack, release: string): Json {
  return chart(stack, release).Values;
}

export function chartId(stack: Stack, release: string): string {
  return one(charts(stack).filter(([, { Release }]) => Release === release))[0];
}

export function charts(stack: Stack): [id: string, properties: Json][] {
  return Object.entries(resources(stack, 'Custom::AWSCDK-EKS-HelmChart'));
}

/** Every Kubernetes object that the stack applies. */
export function manifests(stack: Stack): Json[] {
  return Object.values(resources(stack, 'Custom::AWSCDK-EKS-KubernetesResource')).flatMap(({ Manifest }) =>
    JSON.parse(Manifest),
  );
}

export function manifestOf(stack: Stack, kind: string, name: string): Json {
  return one(manifests(stack).filter((object) => object.kind === kind && object.metadata.name === name));
}

/** Whether CloudFormation makes `to` before `from`, and so deletes it after: by reference or by DependsOn, at any distance. */
export function waitsFor(stack: Stack, from: string, to: string): boolean {
  const all = Template.fromStack(stack).toJSON().Resources;
  const seen = new Set<string>();
  const queue = [from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (!seen.has(id) && id in all) {
      seen.add(id);
      queue.push(...[all[id].DependsOn ?? []].flat(), ...references(all[id].Properties));
    }
  }
  return from !== to && seen.has(to);
}

function references(value: Json): string[] {
  if (value === null || typeof value !== 'object') {
    return [];
  }
  const own = [value.Ref, [value['Fn::GetAtt'] ?? []].flat()[0]].filter((id) => typeof id === 'string');
  return [...own, ...Object.values(value).flatMap(references)];
}

/** Message of what is thrown, whole. */
export function errorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error, got none');
}

function one<T>(found: T[]): T {
  if (found.length !== 1) {
    throw new Error(`expected one, found ${found.length}: ${JSON.stringify(found).slice(0, 500)}`);
  }
  return found[0];
}
