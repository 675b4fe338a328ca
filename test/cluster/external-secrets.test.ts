import { describe, expect, test } from 'vitest';
import { ExternalSecrets } from '../../lib/cluster/external-secrets';
import {
  bareCluster,
  chart,
  chartId,
  errorOf,
  type Json,
  resource,
  resources,
  testStack,
  waitsFor,
} from '../support/stack';

function externalSecrets(version?: string) {
  const stack = testStack();
  const construct = new ExternalSecrets(stack, 'Eso', { cluster: bareCluster(stack), version });
  return { stack, construct };
}

function statements(secrets: string[]): Json[] {
  const { stack, construct } = externalSecrets();
  for (const secret of secrets) {
    construct.grantRead(secret);
  }
  return Object.entries(resources(stack, 'AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith('Eso'))
    .flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement);
}

const ARN = 'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:';
const ACTIONS = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'];

describe('ExternalSecrets', () => {
  test('installs the tested chart with its definitions, after its credentials', () => {
    const { stack } = externalSecrets();
    expect(chart(stack, 'external-secrets')).toMatchObject({
      Chart: 'external-secrets',
      Repository: 'https://charts.external-secrets.io',
      Version: '2.8.0',
      Namespace: 'external-secrets',
      Wait: true,
      Values: { installCRDs: true, serviceAccount: { create: true, name: 'external-secrets' } },
    });
    expect(resource(stack, 'AWS::EKS::PodIdentityAssociation')).toMatchObject({
      Namespace: 'external-secrets',
      ServiceAccount: 'external-secrets',
      RoleArn: expect.stringMatching(/^<EsoRole\w+\.Arn>$/),
    });
    const [association] = Object.keys(resources(stack, 'AWS::EKS::PodIdentityAssociation'));
    expect(waitsFor(stack, chartId(stack, 'external-secrets'), association)).toBe(true);
  });

  test('may read nothing at first', () => {
    expect(statements([])).toEqual([]);
  });

  test('reads the granted secrets alone, each by its whole name', () => {
    expect(statements(['ngc/api-key', 'hf'])).toEqual([
      { Effect: 'Allow', Action: ACTIONS, Resource: `${ARN}ngc/api-key-??????` },
      { Effect: 'Allow', Action: ACTIONS, Resource: `${ARN}hf-??????` },
    ]);
  });

  test.each(['', '*', 'ngc/*', 'arn:aws:secretsmanager:us-west-2:111122223333:secret:ngc'])(
    'refuses %j as the name of a secret',
    (name) => {
      expect(errorOf(() => externalSecrets().construct.grantRead(name))).toBe(
        `[Test/Eso] secretName is "${name}", allowed is the name of one secret: letters, digits and /_+=.@-; write the name as Secrets Manager shows it, for example "ngc/api-key"; ARNs and wildcards are not names`,
      );
    },
  );

  test('does not repeat a key that was given for a name', () => {
    const message = errorOf(() => externalSecrets().construct.grantRead('nvapi-0123456789abcdef0123 '));
    expect(message).toContain('nvapi-...');
    expect(message).not.toContain('0123456789');
  });

  test('refuses a version without the API that this library writes', () => {
    expect(errorOf(() => externalSecrets('0.9.20'))).toBe(
      '[Test/Eso] version is "0.9.20", allowed is a version that serves external-secrets.io/v1; write for example "2.8.0"',
    );
  });
});
