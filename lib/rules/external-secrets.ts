import { Enforcer, EXTERNAL_SECRET, type Rule, refused, SECRET_STORES } from './rule';

const kinds = [EXTERNAL_SECRET];
const WEBHOOK = 'external-secrets/external-secrets apis/externalsecrets/v1/externalsecret_validator.go';
const SESSION_TAGS = ['esoNamespace', 'esoStoreName', 'esoStoreKind'];

/** Rules of External Secrets Operator's objects, as far as AWS is the provider. */
export const EXTERNAL_SECRETS_RULES: readonly Rule[] = [
  {
    id: 'secret-store/session-tags',
    kinds: SECRET_STORES,
    enforcer: Enforcer.API_SERVER,
    source: 'external-secrets/external-secrets config/crds/bases/external-secrets.io_secretstores.yaml',
    cel: ['SecretStore spec.provider.aws.customSessionTags af3cb618'],
    *check(object) {
      const tags = object.at('spec', 'provider', 'aws', 'customSessionTags');
      const found = tags.among(...SESSION_TAGS);
      if (found.length > 0) {
        yield refused(
          tags,
          `tags other than ${SESSION_TAGS.join(', ')}, which the operator sets itself`,
          'leave them out',
          found,
        );
      }
    },
  },
  {
    id: 'external-secret/nothing-to-read',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${WEBHOOK}: "either data or dataFrom should be specified"`,
    *check(object) {
      const spec = object.at('spec');
      if (spec.given && ['data', 'dataFrom'].every((name) => !spec.has(name) || spec.at(name).isEmpty)) {
        yield refused(
          spec.at('data'),
          'data or dataFrom',
          "write data: [{ secretKey: 'key', remoteRef: { key: 'ngc' } }]",
        );
      }
    },
  },
  {
    id: 'external-secret/delete-of-others',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${WEBHOOK} validatePolicies`,
    *check(object) {
      const [deletion, creation] = ['deletionPolicy', 'creationPolicy'].map((name) =>
        object.at('spec', 'target', name),
      );
      if (deletion.text === 'Delete' && ['Merge', 'None'].includes(creation.text ?? '')) {
        yield refused(
          deletion,
          `Retain or Merge with creationPolicy ${creation.text}`,
          "write creationPolicy: 'Owner'",
        );
      }
    },
  },
  {
    id: 'external-secret/merge-into-none',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${WEBHOOK} validatePolicies`,
    *check(object) {
      const [deletion, creation] = ['deletionPolicy', 'creationPolicy'].map((name) =>
        object.at('spec', 'target', name),
      );
      if (deletion.text === 'Merge' && creation.text === 'None') {
        yield refused(deletion, 'Retain with creationPolicy None', "write deletionPolicy: 'Retain'");
      }
    },
  },
];
