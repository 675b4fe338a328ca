import { App as CdkApp, Lazy as CdkLazy, CfnOutput, Stack, Annotations as Warnings } from 'aws-cdk-lib';
import { Annotations, Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ApiObject, App as Cdk8sApp, Chart, JsonPatch, Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct, type IDependable } from 'constructs';
import { KubernetesScope, NvidiaDevicePlugin } from 'nim-constructs/cluster';
import { describe, expect, it } from 'vitest';
import { warn } from '../../lib/kube/annotations';
import { stableHash } from '../../lib/kube/names';
import {
  bareCluster,
  errorOf,
  flat,
  importedCluster,
  manifestOf,
  manifests,
  resources,
  testApp,
  testStack,
  waitsFor,
} from '../support/stack';

const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';

function scope(stack = testStack(), namespace = 'nim') {
  return new KubernetesScope(stack, 'Nim', { cluster: bareCluster(stack), namespace });
}

function configMap(kube: Chart, id: string, data: Record<string, string> = { key: 'value' }) {
  return new k8s.KubeConfigMap(kube, id, { metadata: { name: id.toLowerCase() }, data });
}

describe('KubernetesScope', () => {
  it('makes one resource for each object', () => {
    const kube = scope();
    configMap(kube, 'One');
    configMap(kube, 'Two');

    const applied = Object.values(resources(Stack.of(kube), MANIFEST)).map(({ Manifest }) => JSON.parse(Manifest));

    expect(applied.map((objects) => objects.length)).toEqual([1, 1, 1]);
    expect(applied.flat().map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'Namespace/nim',
      'ConfigMap/one',
      'ConfigMap/two',
    ]);
  });

  it('does not prune, because pruning skips custom resources', () => {
    const kube = scope();
    configMap(kube, 'One');

    for (const { PruneLabel } of Object.values(resources(Stack.of(kube), MANIFEST))) {
      expect(PruneLabel).toBeUndefined();
    }
  });

  it('puts objects without a namespace of their own into the namespace', () => {
    const kube = scope();
    configMap(kube, 'One');

    expect(manifestOf(Stack.of(kube), 'ConfigMap', 'one').metadata.namespace).toBe('nim');
  });

  it('renders last: late values, late changes and patches are in the template', () => {
    const kube = scope();
    let late = 'early';
    const object = new ApiObject(kube, 'Any', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'any' },
      data: { lazy: Lazy.any({ produce: () => late }) },
    });
    late = 'late';
    object.addJsonPatch(JsonPatch.add('/data/patched', 'yes'));
    object.metadata.addLabel('added', 'later');

    expect(manifestOf(Stack.of(kube), 'ConfigMap', 'any')).toMatchObject({
      data: { lazy: 'late', patched: 'yes' },
      metadata: { labels: { added: 'later' } },
    });
  });

  it('takes CDK tokens, as text and as objects', () => {
    const stack = testStack();
    const kube = scope(stack);
    const queue = new Queue(stack, 'Queue');
    new ApiObject(kube, 'Any', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'any' },
      data: {
        arn: queue.queueArn,
        lazy: CdkLazy.string({ produce: () => queue.queueName }),
        resolvable: CdkLazy.any({ produce: () => 'from an object' }),
      },
    });

    expect(manifestOf(stack, 'ConfigMap', 'any').data).toEqual({
      arn: expect.stringMatching(/^<Queue.*\.Arn>$/),
      lazy: expect.stringMatching(/^<Queue.*\.QueueName>$/),
      resolvable: 'from an object',
    });
  });

  it('orders resources by dependencies between constructs', () => {
    const kube = scope();
    const first = configMap(kube, 'First');
    const second = configMap(kube, 'Second');
    second.addDependency(first);
    const stack = Stack.of(kube);
    const [firstId, secondId] = ['First', 'Second'].map((id) => idOf(stack, id.toLowerCase()));

    expect(waitsFor(stack, secondId, firstId)).toBe(true);
    expect(waitsFor(stack, firstId, secondId)).toBe(false);
  });

  it('makes an object wait for the AWS resources it depends on', () => {
    const stack = testStack();
    const kube = scope(stack);
    const queue = new Queue(stack, 'Queue');
    configMap(kube, 'One').addDependency(queue);

    const queueId = stack.getLogicalId(queue.node.defaultChild as never);
    expect(waitsFor(stack, idOf(stack, 'one'), queueId)).toBe(true);
  });

  it('makes objects wait for prerequisites, and AWS resources below it not', () => {
    const stack = testStack();
    const kube = scope(stack);
    const operator = new Queue(stack, 'Operator');
    const inside = new Queue(kube, 'Inside');
    configMap(kube, 'One');
    kube.addPrerequisites(operator);

    const operatorId = stack.getLogicalId(operator.node.defaultChild as never);
    expect(waitsFor(stack, idOf(stack, 'one'), operatorId)).toBe(true);
    expect(waitsFor(stack, stack.getLogicalId(inside.node.defaultChild as never), operatorId)).toBe(false);
  });

  it('makes objects wait for the nodes, by name only where nothing else they wait for does', () => {
    const stack = testStack();
    const cluster = bareCluster(stack, { defaultCapacity: 1 });
    const kube = (id: string, ...prerequisites: IDependable[]) => {
      const made = new KubernetesScope(stack, id, { cluster, namespace: 'default' });
      made.addPrerequisites(...prerequisites);
      configMap(made, id);
    };
    kube('Bare');
    kube('AfterQueue', new Queue(stack, 'Queue'));
    kube('AfterChart', new Queue(stack, 'Other'), new NvidiaDevicePlugin(stack, 'Plugin', { cluster }));

    const nodes = stack.getLogicalId(cluster.defaultNodegroup?.node.defaultChild as never);
    const all = Template.fromStack(stack).findResources(MANIFEST);
    const named = ['bare', 'afterqueue', 'afterchart'].map((name) => all[idOf(stack, name)].DependsOn.includes(nodes));
    expect(named).toEqual([true, true, false]);
    expect(waitsFor(stack, idOf(stack, 'afterchart'), nodes)).toBe(true);
  });

  it('makes objects name nodes of their own cluster, whatever waits for those of another', () => {
    const stack = testStack();
    const cluster = bareCluster(stack, { defaultCapacity: 1 });
    const other = bareCluster(new Construct(stack, 'Other'), { defaultCapacity: 1 });
    const kube = new KubernetesScope(stack, 'Nim', { cluster, namespace: 'default' });
    kube.addPrerequisites(new NvidiaDevicePlugin(stack, 'Plugin', { cluster: other }));
    configMap(kube, 'One');

    const nodes = stack.getLogicalId(cluster.defaultNodegroup?.node.defaultChild as never);
    expect(waitsFor(stack, idOf(stack, 'one'), nodes)).toBe(true);
  });

  it('makes its namespace for Pod Security level baseline, takes one over that is there, and never deletes it', () => {
    const kube = scope();
    const stack = Stack.of(kube);
    configMap(kube, 'One');

    expect(manifestOf(stack, 'Namespace', 'nim').metadata).toEqual({
      name: 'nim',
      labels: { 'pod-security.kubernetes.io/enforce': 'baseline' },
    });
    const namespace = Template.fromStack(stack).findResources(MANIFEST)[idOf(stack, 'nim')];
    expect(namespace).toMatchObject({ DeletionPolicy: 'Retain', Properties: { Overwrite: true } });
    expect(waitsFor(stack, idOf(stack, 'one'), idOf(stack, 'nim'))).toBe(true);
  });

  it.each(['default', 'kube-system'])('makes no namespace %s', (namespace) => {
    const kube = scope(testStack(), namespace);
    configMap(kube, 'One');

    expect(manifests(Stack.of(kube)).map(({ kind }) => kind)).toEqual(['ConfigMap']);
  });

  it('keeps a retained object when it leaves the stack', () => {
    const kube = scope();
    kube.retain(configMap(kube, 'One'));
    configMap(kube, 'Two');

    const found = Template.fromStack(Stack.of(kube)).findResources(MANIFEST);
    expect(found[idOf(Stack.of(kube), 'one')].DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(found[idOf(Stack.of(kube), 'two')].DeletionPolicy).toBe('Delete');
  });

  it('brings a warning of a cdk8s construct to the CDK, with its whole path', () => {
    const kube = scope();
    warn(configMap(kube, 'One'), 'nim-constructs:test', 'beware');

    Annotations.fromStack(Stack.of(kube)).hasWarning('/Test/Nim/One', 'beware [ack: nim-constructs:test]');
  });

  it('lets a warning be acknowledged', () => {
    const kube = scope();
    const object = configMap(kube, 'One');
    warn(object, 'nim-constructs:test', 'beware');
    Warnings.of(object).acknowledgeWarning('nim-constructs:test');

    Annotations.fromStack(Stack.of(kube)).hasNoWarning('*', 'beware [ack: nim-constructs:test]');
  });

  it('fails a CDK synth by a cdk8s validation, with its whole path', () => {
    const kube = scope();
    configMap(kube, 'One').node.addValidation({ validate: () => ['wrong'] });

    expect(errorOf(() => (kube.node.root as CdkApp).synth())).toContain('[Test/Nim/One] wrong');
  });

  it('hashes what a token points at, so that unrelated constructs rename nothing', () => {
    const hashWith = (unrelated: number) => {
      const stack = testStack();
      for (let i = 0; i < unrelated; i++) {
        new CfnOutput(stack, `Unrelated${i}`, { value: new Queue(stack, `Other${i}`).queueArn });
      }
      const queue = new Queue(stack, 'Queue');
      return stableHash(scope(stack), { arn: queue.queueArn, list: ['literal'] });
    };

    expect(hashWith(3)).toBe(hashWith(0));
  });

  it('hashes two tokens apart', () => {
    const stack = testStack();
    const kube = scope(stack);
    const [a, b] = [new Queue(stack, 'A'), new Queue(stack, 'B')];

    expect(stableHash(kube, a.queueArn)).not.toBe(stableHash(kube, b.queueArn));
  });

  it('works for an imported cluster with a kubectl provider', () => {
    const stack = testStack();
    const kube = new KubernetesScope(stack, 'Nim', { cluster: importedCluster(stack), namespace: 'nim' });
    configMap(kube, 'One');

    expect(manifestOf(stack, 'ConfigMap', 'one').data).toEqual({ key: 'value' });
  });

  it('stands in another stack than the cluster', () => {
    const app = testStack('A').node.root as CdkApp;
    const cluster = bareCluster(app.node.findChild('A') as Stack);
    const stack = new Stack(app, 'B');
    configMap(new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' }), 'One');

    expect(flat(Template.fromStack(stack).toJSON().Resources)[idOf(stack, 'one')].Properties.ClusterName).toMatch(
      /^<import A:/,
    );
  });

  it('applies what stands in a chart of others below it', () => {
    const kube = scope();
    configMap(new Chart(kube, 'Theirs', { namespace: 'theirs' }), 'One');

    expect(manifestOf(Stack.of(kube), 'ConfigMap', 'one').metadata.namespace).toBe('theirs');
  });

  it('tells two clusters of other stacks apart', () => {
    const app = testApp();
    const clusters = ['Blue', 'Green'].map((id) => bareCluster(new Stack(app, id)));
    const stack = new Stack(app, 'Models');
    clusters.forEach((cluster, index) => {
      configMap(new KubernetesScope(stack, `Nim${index}`, { cluster, namespace: 'nim' }), 'One');
    });

    expect(
      manifests(stack)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['ConfigMap', 'ConfigMap', 'Namespace', 'Namespace']);
  });

  it('leaves charts of plain cdk8s apps alone', () => {
    scope();
    const chart = new Chart(new Cdk8sApp(), 'chart');
    configMap(chart, 'One');

    expect(chart.toJson()).toHaveLength(1);
  });
});

describe('KubernetesScope refuses', () => {
  it('a namespace that is a token', () => {
    const stack = testStack();
    const namespace = new Queue(stack, 'Queue').queueName;
    expect(errorOf(() => new KubernetesScope(stack, 'Nim', { cluster: bareCluster(stack), namespace }))).toMatch(
      /^\[Test\/Nim\] namespace is "\$\{Token\[.*\]\}", allowed is a literal of at most 63 of a-z, 0-9 and '-'; write namespace: 'nim'$/,
    );
  });

  it('a cluster without a kubectl provider', () => {
    const stack = testStack();
    const cluster = importedCluster(stack, { kubectlProvider: undefined });
    expect(errorOf(() => new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' }))).toBe(
      '[Test/Nim] kubectl provider of the cluster is not given, allowed is a cluster that can run kubectl; ' +
        'create the cluster with kubectlProviderOptions: { kubectlLayer }, or import it with kubectlProvider',
    );
  });

  it('two objects of one kind and name', () => {
    const kube = scope();
    configMap(kube, 'One');
    new k8s.KubeConfigMap(kube, 'Other', { metadata: { name: 'one' } });

    expect(errorOf(() => Template.fromStack(Stack.of(kube)))).toBe(
      '[Test/Nim/Other] name is "one", allowed is a name that no other ConfigMap of the cluster has: Test/Nim/One has it; ' +
        'give one of the two another name or construct id',
    );
  });

  it('a manifest that the handler could not take', () => {
    const kube = scope();
    configMap(kube, 'Large', { blob: 'x'.repeat(240_000) });

    expect(errorOf(() => (kube.node.root as CdkApp).synth())).toContain(
      '[Test/Nim/Large] manifest is "240103 bytes", allowed is at most 240000, which is what the kubectl handler of ' +
        'CloudFormation takes; split it, or install it with a Helm chart',
    );
  });

  it('a key in any object, also one that comes by a patch', () => {
    const kube = scope();
    configMap(kube, 'One').addJsonPatch(JsonPatch.add('/data/token', `nvapi-${'k'.repeat(64)}`));

    expect(errorOf(() => Template.fromStack(Stack.of(kube)))).toContain(
      '[Test/Nim/One] data.token is "nvapi-...", allowed is any text without a key; keep the key in Secrets Manager or ' +
        'in a Secret, and name that secret with NgcCredentials',
    );
  });

  it('to stand for a chart of another kind', () => {
    const chart = new Chart(new Cdk8sApp(), 'chart');
    expect(errorOf(() => KubernetesScope.around(chart))).toBe(
      '[chart] scope is "chart", allowed is a KubernetesScope, or a construct below one; ' +
        "create it under new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' })",
    );
  });
});

function idOf(stack: Stack, name: string): string {
  const found = Object.entries(resources(stack, MANIFEST)).find(
    ([, { Manifest }]) => JSON.parse(Manifest)[0].metadata.name === name,
  );
  return found?.[0] ?? `no object ${name}`;
}
