import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { expect, test } from 'vitest';
import { ExternalSecrets } from '../../lib/cluster/external-secrets';
import { Karpenter } from '../../lib/cluster/karpenter';
import { bareCluster, chartId, resources, testStack, waitsFor } from '../support/stack';

test('two users of Pod Identity share one agent, which runs before them', () => {
  const stack = testStack();
  const cluster = bareCluster(stack, { clusterName: 'llm' });
  new Karpenter(stack, 'Karpenter', { cluster });
  new ExternalSecrets(stack, 'Secrets', { cluster });
  const agents = Object.keys(resources(stack, 'AWS::EKS::Addon'));
  expect(agents).toHaveLength(1);
  expect(waitsFor(stack, chartId(stack, 'karpenter'), agents[0])).toBe(true);
  expect(waitsFor(stack, chartId(stack, 'external-secrets'), agents[0])).toBe(true);
});

test('an agent that the user added is the one, and that of another cluster is not', () => {
  const stack = testStack();
  const cluster = bareCluster(stack);
  const addonName = 'eks-pod-identity-agent';
  const agent = new eks.Addon(stack, 'Agent', { cluster, addonName });
  new ExternalSecrets(stack, 'Secrets', { cluster });
  const agentId = stack.getLogicalId(agent.node.defaultChild as never);
  expect(Object.keys(resources(stack, 'AWS::EKS::Addon'))).toEqual([agentId]);
  expect(waitsFor(stack, chartId(stack, 'external-secrets'), agentId)).toBe(true);

  const other = testStack();
  const name = { clusterName: 'other' } as eks.ICluster;
  new eks.Addon(other, 'Agent', { cluster: name, addonName });
  new ExternalSecrets(other, 'Secrets', { cluster: bareCluster(other) });
  expect(Object.keys(resources(other, 'AWS::EKS::Addon'))).toHaveLength(2);
});
