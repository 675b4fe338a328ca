import { FAKE_KEYS } from '../../support/chart';
import { casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const namespace = casesOf(VALID.namespace);
const claim = casesOf(VALID.claim);
const storageClass = casesOf(VALID.storageClass);
const secret = casesOf(VALID.externalSecret);
const configMap = casesOf(VALID.configMap);

/** Kubernetes' own kinds, External Secrets, and what holds for every kind. */
export const CORE_CASES: readonly RuleCase[] = [
  casesOf(VALID.secretStore)(
    'secret-store/session-tags',
    { 'spec.provider.aws.customSessionTags': { esoNamespace: 'a' } },
    'spec.provider.aws.customSessionTags is ["esoNamespace"], allowed is tags other than esoNamespace, esoStoreName, esoStoreKind, which the operator sets itself; leave them out',
    {
      passing: { 'spec.provider.aws.customSessionTags': { team: 'a' } },
    },
  ),
  secret(
    'external-secret/nothing-to-read',
    { 'spec.data': [] },
    "spec.data is [], allowed is data or dataFrom; write data: [{ secretKey: 'key', remoteRef: { key: 'ngc' } }]",
    {
      passing: { 'spec.data': undefined, 'spec.dataFrom': [{ extract: { key: 'ngc' } }] },
    },
  ),
  secret(
    'external-secret/delete-of-others',
    { 'spec.target': { creationPolicy: 'Merge', deletionPolicy: 'Delete' } },
    `spec.target.deletionPolicy is "Delete", allowed is Retain or Merge with creationPolicy Merge; write creationPolicy: 'Owner'`,
    {
      passing: { 'spec.target': { creationPolicy: 'Owner', deletionPolicy: 'Delete' } },
    },
  ),
  secret(
    'external-secret/merge-into-none',
    { 'spec.target': { creationPolicy: 'None', deletionPolicy: 'Merge' } },
    `spec.target.deletionPolicy is "Merge", allowed is Retain with creationPolicy None; write deletionPolicy: 'Retain'`,
    {
      passing: { 'spec.target': { creationPolicy: 'None', deletionPolicy: 'Retain' } },
    },
  ),
  namespace(
    'namespace/pod-security',
    { 'metadata.labels["pod-security.kubernetes.io/enforce"]': 'restricted' },
    `metadata.labels.pod-security.kubernetes.io/enforce is "restricted", allowed is baseline or privileged, as no NIM pod starts under restricted; write 'baseline', or put the NIM workloads into another namespace`,
    {
      passing: { 'metadata.labels["pod-security.kubernetes.io/warn"]': 'restricted' },
    },
  ),
  claim(
    'claim/access-modes',
    { 'spec.accessModes': ['RWX'] },
    `spec.accessModes is ["RWX"], allowed is one or more of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod; write accessModes: ['ReadWriteMany']`,
  ),
  claim(
    'claim/size',
    { 'spec.resources': {} },
    "spec.resources.requests.storage is not given, allowed is a quantity above 0, also where the file system grows by itself; write storage: '500Gi'",
  ),
  claim(
    'claim/no-class',
    { 'spec.storageClassName': undefined },
    "spec.storageClassName is not given, allowed is a StorageClass, as EKS clusters have no default one and the claim would stay Pending; write storageClassName: 'gp3', or volumeName with storageClassName ''",
    {
      passing: { 'spec.storageClassName': '', 'spec.volumeName': 'models' },
    },
  ),
  storageClass(
    'storage-class/efs-parameters',
    { 'parameters.fileSystemId': undefined },
    "parameters.fileSystemId is not given, allowed is a value, without which no volume is made; write fileSystemId: 'fs-0123456789abcdef0'",
    {
      passing: { provisioner: 'ebs.csi.aws.com', parameters: { type: 'gp3' } },
    },
  ),
  storageClass(
    'storage-class/efs-identity',
    { 'parameters.gid': undefined },
    "parameters.gid is not given, allowed is the id that NIM pods run with; write gid: '2000'",
  ),
  storageClass(
    'storage-class/efs-root',
    { 'parameters.uid': '0' },
    `parameters.uid is "0", allowed is an id other than that of root, as which every pod would write there; write uid: '1000', the id that NIM pods run with`,
    { passing: { 'parameters.uid': '1001' } },
  ),
  storageClass(
    'storage-class/efs-open-to-all',
    { 'parameters.directoryPerms': '777' },
    `parameters.directoryPerms is "777", allowed is permissions that let nobody but user and group write; write directoryPerms: '770' beside uid and gid`,
    { passing: { 'parameters.directoryPerms': '755' } },
  ),
  storageClass(
    'storage-class/efs-iam',
    { mountOptions: ['tls', 'iam'] },
    'mountOptions[1] is "iam", allowed is none, unless the node plugin has a role and the file system a policy; leave it out, or give the node plugin a role and acknowledge this rule',
    { passing: { mountOptions: ['tls'] } },
  ),
  casesOf(VALID.disruptionBudget)(
    'disruption-budget/two-counts',
    { 'spec.minAvailable': 1 },
    'spec is ["minAvailable","maxUnavailable"], allowed is one of minAvailable and maxUnavailable; leave one of them out',
  ),
  casesOf(VALID.secret)(
    'secret/pull-secret',
    { stringData: { key: 'value' } },
    'data..dockerconfigjson is not given, allowed is the login of a registry, in a Secret of type kubernetes.io/dockerconfigjson; use NgcCredentials.fromSecretsManager, which writes it in the cluster',
    {
      passing: { type: 'Opaque', stringData: { key: 'value' } },
    },
  ),
  configMap(
    'any/key-material',
    { 'data.a': `export KEY=${FAKE_KEYS['NGC key']}` },
    'data.a is "export KEY=nvapi-...", allowed is any text without a key; keep the key in Secrets Manager or in a Secret, and name that secret with NgcCredentials',
    {
      passing: { 'data.a': 'nvapi-' },
    },
  ),
  casesOf({ apiVersion: 'v1', kind: 'List', items: [] })(
    'any/list',
    {},
    'kind is "List", allowed is an object a document; write one ApiObject for each item',
    {
      passing: { ...VALID.configMap, items: undefined },
    },
  ),
  configMap(
    'any/name',
    { 'metadata.name': 'My_Settings' },
    `metadata.name is "My_Settings", allowed is at most 253 of a-z, 0-9, '-' and '.', from a letter or digit to one; write 'llama-8b', say`,
    { passing: { 'metadata.name': '0.my-settings' } },
  ),
  configMap(
    'any/namespace',
    { 'metadata.namespace': 'team.ml' },
    `metadata.namespace is "team.ml", allowed is at most 63 of a-z, 0-9 and '-', from a letter or digit to one; write 'nim', say`,
    { what: 'of an object' },
  ),
  namespace(
    'any/namespace',
    { 'metadata.name': 'team.ml' },
    `metadata.name is "team.ml", allowed is at most 63 of a-z, 0-9 and '-', from a letter or digit to one; write 'nim', say`,
    { what: 'itself' },
  ),
  configMap(
    'any/label-key',
    { 'metadata.labels': { 'Example.com/team': 'ml' } },
    `key in metadata.labels is "Example.com/team", allowed is a name of at most 63 letters, digits, '-', '_' and '.', after a domain and '/' or without; write 'example.com/team', say`,
    {
      what: 'of a label',
      passing: { 'metadata.labels': { 'example.com/Team': 'ml' } },
    },
  ),
  configMap(
    'any/label-key',
    { 'metadata.annotations': { 'a/b/c': 'ml' } },
    `key in metadata.annotations is "a/b/c", allowed is a name of at most 63 letters, digits, '-', '_' and '.', after a domain and '/' or without; write 'example.com/team', say`,
    {
      what: 'of an annotation',
      passing: { 'metadata.annotations': { 'Example.com/Team': 'm l' } },
    },
  ),
  configMap(
    'any/label-value',
    { 'metadata.labels': { team: 'm l' } },
    `metadata.labels.team is "m l", allowed is at most 63 letters, digits, '-', '_' and '.', from a letter or digit to one; shorten it, or make it an annotation`,
    {
      passing: { 'metadata.labels': { team: '' } },
    },
  ),
];
