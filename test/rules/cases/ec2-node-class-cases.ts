import { casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const nodeClass = casesOf(VALID.ec2NodeClass);
const AMI = 'spec.amiSelectorTerms';
const SPEC = 'EC2NodeClass spec';

function familyCase(alias: string, family: string, cel: string): RuleCase {
  const other = family === 'AL2023' ? 'Bottlerocket' : 'AL2023';
  const version = alias.startsWith('windows') ? 'latest' : 'v20260714';
  const terms = { [AMI]: [{ alias: `${alias}@${version}` }] };
  return nodeClass(
    'ec2-node-class/ami-family',
    { ...terms, 'spec.amiFamily': other },
    `spec.amiFamily is "${other}", allowed is ${family} or Custom with alias ${alias}; leave it out`,
    {
      what: alias,
      cel: `${SPEC} ${cel}`,
      // AL2 has ended, which is a rule of its own.
      accepted: alias === 'al2' ? ['ec2-node-class/al2-ended'] : [],
      passing: { ...terms, 'spec.amiFamily': family },
    },
  );
}

/** Identity, tags, image, user data. */
export const EC2_NODE_CLASS_CASES: readonly RuleCase[] = [
  nodeClass(
    'ec2-node-class/one-identity',
    { 'spec.instanceProfile': 'nodes' },
    `spec is ["role","instanceProfile"], allowed is exactly one of role and instanceProfile; write role: 'KarpenterNodeRole'`,
    {
      what: 'two',
      passing: { 'spec.role': undefined, 'spec.instanceProfile': 'nodes' },
    },
  ),
  nodeClass(
    'ec2-node-class/one-identity',
    { 'spec.role': undefined },
    "spec is [], allowed is exactly one of role and instanceProfile; write role: 'KarpenterNodeRole'",
    { what: 'none' },
  ),
  nodeClass(
    'ec2-node-class/empty-identity',
    { 'spec.role': '' },
    `spec.role is "", allowed is a name; write 'KarpenterNodeRole', say`,
    { what: 'role', cel: `${SPEC}.role 53f953b3` },
  ),
  nodeClass(
    'ec2-node-class/empty-identity',
    { 'spec.role': undefined, 'spec.instanceProfile': '' },
    `spec.instanceProfile is "", allowed is a name; write 'KarpenterNodeRole', say`,
    {
      what: 'instance profile',
      cel: `${SPEC}.instanceProfile 53f953b3`,
    },
  ),
  nodeClass(
    'ec2-node-class/role-arn',
    { 'spec.role': 'arn:aws:iam::111122223333:role/nodes' },
    `spec.role is "arn:aws:iam::111122223333:role/nodes", allowed is a name, not an ARN; write 'nodes'`,
  ),
  nodeClass(
    'ec2-node-class/empty-tag-key',
    { 'spec.tags': { '': 'ml' } },
    'key in spec.tags is "", allowed is one character or more; name the tag',
    {
      passing: { 'spec.tags': { team: '' } },
    },
  ),
  ...[
    ['eks:eks-cluster-name', '046d8b80', 'eks:team'],
    ['kubernetes.io/cluster/test', '2052d57d', 'kubernetes.io/team'],
    ['karpenter.sh/nodepool', '4129eeab', 'karpenter.sh/team'],
    ['karpenter.sh/nodeclaim', '9aab54f2', 'karpenter.sh/discovery'],
    ['karpenter.k8s.aws/ec2nodeclass', 'd8e08895', 'karpenter.k8s.aws/team'],
  ].map(([key, cel, good]) =>
    nodeClass(
      'ec2-node-class/owned-tag',
      { 'spec.tags': { [key]: 'a' } },
      `key in spec.tags is "${key}", allowed is keys that Karpenter and EKS do not set themselves; leave it out`,
      {
        what: key,
        cel: `${SPEC}.tags ${cel}`,
        passing: { 'spec.tags': { [good]: 'a' } },
      },
    ),
  ),
  ...[
    ['al2', 'AL2', '5b05d40e'],
    ['al2023', 'AL2023', '6834c85d'],
    ['bottlerocket', 'Bottlerocket', 'c44baa12'],
    ['windows2019', 'Windows2019', '38a01e23'],
    ['windows2022', 'Windows2022', '7ebdc823'],
    ['windows2025', 'Windows2025', '80d0d919'],
  ].map(([alias, family, cel]) => familyCase(alias, family, cel)),
  nodeClass(
    'ec2-node-class/no-ami-family',
    { [AMI]: [{ id: 'ami-1' }] },
    "spec.amiFamily is not given, allowed is a family where no term has an alias; write amiFamily: 'AL2023'",
    {
      passing: { [AMI]: [{ id: 'ami-1' }], 'spec.amiFamily': 'AL2023' },
    },
  ),
  nodeClass(
    'ec2-node-class/empty-ami-term',
    { [AMI]: [{ owner: 'self' }], 'spec.amiFamily': 'AL2023' },
    `spec.amiSelectorTerms[0] is {"owner":"self"}, allowed is alias, id, name, tags or ssmParameter; write alias: 'al2023@v20260714'`,
    {
      passing: { [AMI]: [{ ssmParameter: '/ami' }], 'spec.amiFamily': 'AL2023' },
    },
  ),
  nodeClass(
    'ec2-node-class/ami-id-alone',
    { [AMI]: [{ id: 'ami-1', owner: 'self' }], 'spec.amiFamily': 'AL2023' },
    'spec.amiSelectorTerms[0] is ["id","owner"], allowed is id alone; leave the others out',
    {
      passing: { [AMI]: [{ id: 'ami-1' }, { name: 'a', owner: 'self' }], 'spec.amiFamily': 'AL2023' },
    },
  ),
  nodeClass(
    'ec2-node-class/ami-alias-alone',
    { [`${AMI}[0].name`]: 'a' },
    'spec.amiSelectorTerms[0] is ["alias","name"], allowed is alias alone; leave the others out',
    {
      what: 'in its term',
      cel: `${SPEC}.amiSelectorTerms ca1070cc`,
    },
  ),
  nodeClass(
    'ec2-node-class/ami-alias-alone',
    { [`${AMI}[1]`]: { id: 'ami-1' } },
    'spec.amiSelectorTerms is [{"alias":"al2023@v20260714"},{"id":"ami-1"}], allowed is one term where a term has an alias; keep that term',
    {
      what: 'in the list',
      cel: `${SPEC}.amiSelectorTerms f4a3d781`,
    },
  ),
  nodeClass(
    'ec2-node-class/alias-form',
    { [`${AMI}[0].alias`]: 'al2023' },
    `spec.amiSelectorTerms[0].alias is "al2023", allowed is family@version, with family one of al2, al2023, bottlerocket, windows2019, windows2022, windows2025; write 'al2023@v20260714'`,
    {
      what: 'no version',
      cel: `${SPEC}.amiSelectorTerms[].alias df2d9476`,
    },
  ),
  nodeClass(
    'ec2-node-class/alias-form',
    { [`${AMI}[0].alias`]: 'ubuntu@latest' },
    `spec.amiSelectorTerms[0].alias is "ubuntu@latest", allowed is family@version, with family one of al2, al2023, bottlerocket, windows2019, windows2022, windows2025; write 'al2023@v20260714'`,
    {
      what: 'family',
      cel: `${SPEC}.amiSelectorTerms[].alias 43e13ab6`,
    },
  ),
  nodeClass(
    'ec2-node-class/windows-version',
    { [`${AMI}[0].alias`]: 'windows2022@v1' },
    `spec.amiSelectorTerms[0].alias is "windows2022@v1", allowed is latest as the version of a Windows family; write 'windows2022@latest'`,
    {
      passing: { [`${AMI}[0].alias`]: 'windows2022@latest' },
    },
  ),
  nodeClass(
    'ec2-node-class/al2-ended',
    { [`${AMI}[0].alias`]: 'al2@latest' },
    `spec.amiSelectorTerms[0].alias is "al2@latest", allowed is a family that still gets images; write 'al2023@v20260714'`,
  ),
  nodeClass(
    'ec2-node-class/custom-without-user-data',
    { 'spec.amiFamily': 'Custom' },
    "spec.userData is not given, allowed is user data that joins the node, with amiFamily Custom; write it, or amiFamily: 'AL2023'",
    {
      passing: { 'spec.amiFamily': 'Custom', 'spec.userData': '#!/bin/bash' },
    },
  ),
  nodeClass(
    'ec2-node-class/user-data-format',
    { [`${AMI}[0].alias`]: 'bottlerocket@1.50.0', 'spec.userData': '#!/bin/bash\necho' },
    `spec.userData is "#!/bin/bash", allowed is TOML for Bottlerocket; write '[settings.kubernetes]' and so on`,
    {
      what: 'Bottlerocket',
      passing: { [`${AMI}[0].alias`]: 'bottlerocket@1.50.0', 'spec.userData': '[settings.kubernetes]' },
    },
  ),
  nodeClass(
    'ec2-node-class/user-data-format',
    { 'spec.userData': '[settings.kubernetes]\nmax-pods = 110' },
    'spec.userData is "[settings.kubernetes]", allowed is a script, MIME or NodeConfig YAML for AL2023; write a NodeConfig of node.eks.aws',
    {
      what: 'AL2023',
      passing: { 'spec.userData': 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig' },
    },
  ),
];
