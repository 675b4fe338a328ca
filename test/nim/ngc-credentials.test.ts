import { Chart } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { setApplier } from '../../lib/kube/applier';
import { NgcCredentials, NimService } from '../../lib/nim';
import { l40sPool, llamaCache, nimChart, objectsOf, problemsOf, theOnly } from '../support/chart';

const FROM_AWS = NgcCredentials.fromSecretsManager('ngc/api-key', { region: 'us-west-2' });

describe('credentials from Secrets Manager', () => {
  test('are a store and two Secrets that External Secrets fills, before the cache', () => {
    const chart = nimChart();
    llamaCache(chart, { credentials: FROM_AWS });
    expect(problemsOf(chart)).toEqual([]);
    const kinds = objectsOf(chart).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(kinds.slice(2)).toEqual([
      'SecretStore ngc',
      'ExternalSecret ngc-secret',
      'ExternalSecret ngc-api-secret',
      expect.stringMatching(/^NIMCache /),
    ]);
  });

  test('come by the identity of the operator, from the region', () => {
    const chart = nimChart();
    llamaCache(chart, { credentials: FROM_AWS });
    expect(theOnly(chart, 'SecretStore').spec).toEqual({
      provider: { aws: { service: 'SecretsManager', region: 'us-west-2' } },
    });
  });

  test('are rendered in the cluster: the manifest has templates alone', () => {
    const chart = nimChart();
    llamaCache(chart, { credentials: FROM_AWS });
    const [pull, auth] = objectsOf(chart, 'ExternalSecret').map(({ spec }) => spec);
    expect(pull.data).toEqual([{ secretKey: 'key', remoteRef: { key: 'ngc/api-key' } }]);
    expect(auth.target.template).toEqual({ data: { NGC_API_KEY: '{{ .key }}' } });
    expect(pull.target.template.type).toBe('kubernetes.io/dockerconfigjson');
  });

  test('log in to nvcr.io as $oauthtoken, in the form that Docker reads', () => {
    const chart = nimChart();
    llamaCache(chart, { credentials: FROM_AWS });
    const template: string = objectsOf(chart, 'ExternalSecret')[0].spec.target.template.data['.dockerconfigjson'];
    // What Go's template engine and sprig's b64enc make of it.
    const filled = template
      .replace('{{ printf "$oauthtoken:%s" .key | b64enc }}', Buffer.from('$oauthtoken:the-key').toString('base64'))
      .replace('{{ .key }}', 'the-key');
    expect(filled).not.toContain('{{');
    expect(JSON.parse(filled)).toEqual({
      auths: { 'nvcr.io': { username: '$oauthtoken', password: 'the-key', auth: 'JG9hdXRodG9rZW46dGhlLWtleQ==' } },
    });
  });

  test('are made once for all workloads of a chart', () => {
    const chart = nimChart();
    const pool = l40sPool(chart);
    llamaCache(chart, { credentials: FROM_AWS, pool }, 'First');
    const again = NgcCredentials.fromSecretsManager('ngc/api-key', { region: 'us-west-2' });
    const second = llamaCache(chart, { credentials: again, pool, env: { A: 'b' } }, 'Second');
    new NimService(chart, 'Llama', { cache: second });
    expect(objectsOf(chart, 'SecretStore')).toHaveLength(1);
    expect(objectsOf(chart, 'ExternalSecret')).toHaveLength(2);
  });

  test('are not made again by a service in another chart of the namespace', () => {
    const chart = nimChart();
    const cache = llamaCache(chart, { credentials: FROM_AWS });
    const services = new Chart(chart.node.root, 'services', { namespace: 'nim' });
    new NimService(services, 'Llama', { cache });
    expect(objectsOf(services).map(({ kind }) => kind)).toEqual(['NIMService']);
  });

  test('take the region of the cluster where the chart knows it', () => {
    const chart = nimChart();
    setApplier(chart, { region: 'eu-west-1', stable: (value) => value });
    llamaCache(chart, { credentials: NgcCredentials.fromSecretsManager('ngc/api-key') });
    expect(theOnly(chart, 'SecretStore').spec.provider.aws.region).toBe('eu-west-1');
  });

  test('prefer the region that the user states', () => {
    const chart = nimChart();
    setApplier(chart, { region: 'eu-west-1', stable: (value) => value });
    llamaCache(chart, { credentials: FROM_AWS });
    expect(theOnly(chart, 'SecretStore').spec.provider.aws.region).toBe('us-west-2');
  });

  test('say which secret has to be readable', () => {
    expect(FROM_AWS.unservedSecretName).toBe('ngc/api-key');
  });
});

describe('credentials by the names of Secrets', () => {
  const credentials = NgcCredentials.fromSecretNames({ pullSecret: 'registry', authSecret: 'ngc' });

  test('make no object and go where they belong', () => {
    const chart = nimChart();
    new NimService(chart, 'Llama', { cache: llamaCache(chart, { credentials }) });
    const kinds = objectsOf(chart).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['EC2NodeClass', 'NIMCache', 'NIMService', 'NodePool']);
    expect(theOnly(chart, 'NIMCache').spec.source.ngc).toMatchObject({ pullSecret: 'registry', authSecret: 'ngc' });
    expect(theOnly(chart, 'NIMService').spec).toMatchObject({
      image: { pullSecrets: ['registry'] },
      authSecret: 'ngc',
    });
  });

  test('need nothing of Secrets Manager', () => {
    expect(credentials.unservedSecretName).toBeUndefined();
  });
});
