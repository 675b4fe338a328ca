import { ApiObject } from 'cdk8s';
import { ExternalSecrets } from '../../lib/cluster';
import { NgcCredentials, NimCache, NimService } from '../../lib/nim';
import { FAKE_KEYS } from '../support/chart';
import type { Mistake } from './mistake';

const NGC_API_KEY = FAKE_KEYS['NGC key'];

/** The NGC key, and the Secrets that hold it. */
export const CREDENTIALS: Mistake[] = [
  {
    kind: 'error',
    title: 'The key instead of the name of its secret',
    met: '`deploy-nim-auth.sh` of the blueprint takes the key itself; people hand it on',
    today: 'The key is in the shell history, in the manifest and in the state of Terraform.',
    program: ({ chart, image, profile, pool, store }) => {
      const credentials = NgcCredentials.fromSecretsManager(NGC_API_KEY, { region: 'us-west-2' });
      new NimCache(chart, 'Llama', { image, profile, pool, store, credentials });
    },
    answer:
      '[models/Llama] secret name is "nvapi-...", allowed is the name of a secret, never the key itself; ' +
      'revoke this key if it was real, store a new one in Secrets Manager, and pass the name of that secret',
  },
  {
    kind: 'error',
    title: 'The key in the environment of the server',
    met: 'the plain `docker run`: `-e NGC_API_KEY=...`',
    today: 'Everybody who may read the object, the template or the log of the deployment has the key.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache, env: { NGC_API_KEY } }),
    answer:
      '[models/Llama] env.NGC_API_KEY is "...", allowed is no key: manifests and templates are stored and ' +
      'logged in clear; leave it out: keys reach the pods from the Secret of the credentials',
  },
  {
    kind: 'error',
    title: 'The key as a plain value of a Deployment',
    met: 'the hand-written manifest of the documents',
    today: 'The manifest is stored and logged in clear, by Git, by Kubernetes and by the kubectl handler.',
    program: ({ scope }) =>
      new ApiObject(scope, 'Nim', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'nim-llama3-8b' },
        spec: {
          selector: { matchLabels: { app: 'nim-llama3' } },
          template: {
            metadata: { labels: { app: 'nim-llama3' } },
            spec: {
              containers: [
                {
                  name: 'nim',
                  image: 'nvcr.io/nim/meta/llama3-8b-instruct:1.0.3',
                  env: [{ name: 'NVIDIA_API_KEY', value: NGC_API_KEY }],
                },
              ],
            },
          },
        },
      }),
    answer:
      '[Nim/Models/Nim] spec.template.spec.containers[0].env[0].value is "nvapi-...", allowed is any text ' +
      'without a key; keep the key in Secrets Manager or in a Secret, and name that secret with ' +
      'NgcCredentials (rule any/key-material)',
  },
  {
    kind: 'error',
    title: 'A name that no Secret can have',
    met: 'names of Secrets Manager and of shell variables, in capitals and with underscores',
    today: 'A Secret that does not exist is never reported: the cache ends in an error loop, the image is not pulled.',
    program: ({ chart, image, profile, pool, store }) => {
      const credentials = NgcCredentials.fromSecretNames({ pullSecret: 'NGC_SECRET', authSecret: 'ngc-api-secret' });
      new NimCache(chart, 'Llama', { image, profile, pool, store, credentials });
    },
    answer:
      `[models/Llama] pullSecret is "NGC_SECRET", allowed is the name of a Secret: a-z, 0-9, '-' and '.'; ` +
      `write NgcCredentials.fromSecretNames({ pullSecret: 'ngc-secret', authSecret: 'ngc-api-secret' })`,
  },
  {
    kind: 'error',
    title: 'A secret of Secrets Manager, without its region',
    met: 'plain cdk8s, which knows no region',
    today: 'The SecretStore is refused or asks another region, and no Secret appears.',
    program: ({ chart, image, profile, pool, store }) => {
      const credentials = NgcCredentials.fromSecretsManager('ngc/api-key');
      new NimCache(chart, 'Llama', { image, profile, pool, store, credentials });
    },
    answer:
      '[models/Llama] region of the secret is not given, allowed is a region name; write ' +
      `NgcCredentials.fromSecretsManager('ngc/api-key', { region: 'us-west-2' })`,
  },
  {
    kind: 'error',
    title: 'Two keys for one namespace',
    met: 'teams with a key each, in one namespace',
    today: 'Both write `ngc-secret`; the last one wins, and the other team pulls with a key that is not its own.',
    program: ({ chart, image, profile, pool, store }) => {
      for (const team of ['research', 'support']) {
        const credentials = NgcCredentials.fromSecretsManager(`ngc/${team}`, { region: 'us-west-2' });
        new NimCache(chart, team, { image, profile, pool, store, credentials });
      }
    },
    answer:
      '[models/support] credentials is "ngc/support in us-west-2", allowed is ngc/research in us-west-2, ' +
      'which this namespace has already; use one NGC key in a namespace, or put the workload into a ' +
      'namespace of its own',
  },
  {
    kind: 'error',
    title: 'A pull secret made like any other Secret',
    met: 'the blueprint, where `ngc-secret` and `ngc-api-secret` are easily taken for each other',
    today: 'The API server refuses the Secret, or, without its type, the image is not pulled.',
    program: ({ scope }) =>
      new ApiObject(scope, 'PullSecret', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'ngc-secret' },
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { NGC_API_KEY: 'put-it-here' },
      }),
    answer:
      '[Nim/Models/PullSecret] data..dockerconfigjson is not given, allowed is the login of a registry, in ' +
      'a Secret of type kubernetes.io/dockerconfigjson; use NgcCredentials.fromSecretsManager, which ' +
      'writes it in the cluster (rule secret/pull-secret)',
  },
  {
    kind: 'error',
    title: 'An ExternalSecret that reads nothing',
    met: 'hand-written ExternalSecrets with a target and a template alone',
    today: 'Its webhook refuses it: "either data or dataFrom should be specified".',
    program: ({ scope }) =>
      new ApiObject(scope, 'Key', {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name: 'ngc-api-secret' },
        spec: { secretStoreRef: { kind: 'SecretStore', name: 'ngc' }, target: { name: 'ngc-api-secret' } },
      }),
    answer:
      '[Nim/Models/Key] spec.data is not given, allowed is data or dataFrom; write data: [{ secretKey: ' +
      `'key', remoteRef: { key: 'ngc' } }] (rule external-secret/nothing-to-read)`,
  },
  {
    kind: 'error',
    title: 'The ARN of a secret, to let it be read',
    met: 'IAM policies, which want ARNs',
    today: 'A policy for a resource that does not exist: AccessDenied in the events of the SecretStore.',
    program: ({ stack, cluster }) =>
      new ExternalSecrets(stack, 'ExternalSecrets', { cluster }).grantRead(
        'arn:aws:secretsmanager:us-west-2:111122223333:secret:ngc/api-key-a1b2c3',
      ),
    answer:
      '[Nim/ExternalSecrets] secretName is ' +
      '"arn:aws:secretsmanager:us-west-2:111122223333:secret:ngc/api-key-a1b2c3", allowed is the name of ' +
      'one secret: letters, digits and /_+=.@-; write the name as Secrets Manager shows it, for example ' +
      '"ngc/api-key"; ARNs and wildcards are not names',
  },
];
