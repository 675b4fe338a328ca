import { createHash } from 'node:crypto';
import type { Json } from '../stack';
import type { Template } from './graph';

/** A resource that was made: what `Ref` and `Fn::GetAtt` read. */
export interface Made {
  readonly type: string;
  /** Unlike the logical id, another one after a replacement. */
  readonly physicalId: string;
}

const REGION = 'us-west-2';
const ACCOUNT = '111122223333';

const PSEUDO: Record<string, Json> = {
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'Test',
  'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/Test/1`,
};

/** Ids whose form the API server or an AWS API checks. */
const PREFIXES: Record<string, string> = {
  'AWS::EC2::VPC': 'vpc',
  'AWS::EC2::Subnet': 'subnet',
  'AWS::EC2::SecurityGroup': 'sg',
  'AWS::EC2::RouteTable': 'rtb',
  'AWS::EC2::InternetGateway': 'igw',
  'AWS::EC2::NatGateway': 'nat',
  'AWS::EC2::LaunchTemplate': 'lt',
  'AWS::EFS::FileSystem': 'fs',
  'AWS::EFS::MountTarget': 'fsmt',
};

export function physicalIdOf(type: string, logicalId: string, generation: number): string {
  const hash = createHash('sha256').update(`${logicalId}#${generation}`).digest('hex').slice(0, 17);
  const prefix = PREFIXES[type];
  return prefix ? `${prefix}-${hash}` : `${logicalId}-${hash}`;
}

/** A value of a template with every intrinsic function worked out; throws at what it does not know. */
export function resolve(value: Json, template: Template, made: ReadonlyMap<string, Made>): Json {
  const go = (inner: Json): Json => resolve(inner, template, made);
  if (Array.isArray(value)) {
    return value.map(go).filter((item) => item !== undefined);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const [key] = Object.keys(value);
  if (Object.keys(value).length !== 1 || !(key === 'Ref' || key.startsWith('Fn::'))) {
    const entries = Object.entries(value).map(([name, item]) => [name, go(item)]);
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  }
  const argument = value[key];
  switch (key) {
    case 'Ref':
      return reference(argument, made);
    case 'Fn::GetAtt':
      return attribute(argument, made);
    case 'Fn::Join':
      return go(argument[1]).join(argument[0]);
    case 'Fn::Select':
      return go(argument[1])[Number(argument[0])];
    case 'Fn::Split':
      return go(argument[1]).split(argument[0]);
    case 'Fn::GetAZs':
      return ['a', 'b', 'c'].map((zone) => `${REGION}${zone}`);
    case 'Fn::Sub':
      return substitute(argument, made, go);
    case 'Fn::If':
      return go(holds(argument[0], template, made) ? argument[1] : argument[2]);
    default:
      throw new Error(`the player does not know ${key}`);
  }
}

export function holds(condition: string, template: Template, made: ReadonlyMap<string, Made>): boolean {
  const expression = template.Conditions?.[condition];
  const equals = expression?.['Fn::Equals'];
  if (!equals) {
    throw new Error(`the player does not know the condition ${condition}: ${JSON.stringify(expression)}`);
  }
  const [left, right] = resolve(equals, template, made);
  return left === right;
}

function reference(id: string, made: ReadonlyMap<string, Made>): Json {
  if (id === 'AWS::NoValue') {
    return undefined;
  }
  if (id in PSEUDO) {
    return PSEUDO[id];
  }
  const resource = made.get(id);
  if (!resource) {
    throw new Error(`Ref to ${id}, which is not made`);
  }
  return resource.type === 'AWS::IAM::ManagedPolicy'
    ? `arn:aws:iam::${ACCOUNT}:policy/${resource.physicalId}`
    : resource.physicalId;
}

function attribute(target: Json, made: ReadonlyMap<string, Made>): string {
  const [id, ...rest] = typeof target === 'string' ? target.split('.') : target;
  const name = rest.join('.');
  const resource = made.get(id);
  if (!resource) {
    throw new Error(`Fn::GetAtt of ${id}, which is not made`);
  }
  const { type, physicalId } = resource;
  switch (name) {
    case 'Arn':
      return `arn:aws:${type.split('::')[1].toLowerCase()}:${REGION}:${ACCOUNT}:${physicalId}`;
    case 'GroupId':
      return physicalId;
    case 'ClusterSecurityGroupId':
      return physicalIdOf('AWS::EC2::SecurityGroup', physicalId, 0);
    case 'LatestVersionNumber':
      return '1';
    default:
      return `${physicalId}-${name}`;
  }
}

function substitute(sub: Json, made: ReadonlyMap<string, Made>, go: (value: Json) => Json): string {
  const [text, own] = Array.isArray(sub) ? sub : [sub, {}];
  return text.replace(/\$\{([^!}][^}]*)\}/g, (_: string, name: string) => {
    if (name in own) {
      return go(own[name]);
    }
    return name.includes('.') ? attribute(name, made) : reference(name, made);
  });
}
