import type { Json } from './stack';

/** What CloudFormation would put where `flat()` left `<Id>` or `<Id.Attribute>`. */
const STAND_INS: readonly [reference: RegExp, value: string][] = [
  [/<\w*SecurityGroup\w*(\.\w+)?>|<\w+\.ClusterSecurityGroupId>/g, 'sg-0123456789abcdef0'],
  [/<\w*Subnet\w*>/g, 'subnet-0123456789abcdef0'],
  [/<\w*FileSystem\w*>/g, 'fs-0123456789abcdef0'],
  [/<AWS::Region>/g, 'us-west-2'],
  [/<[^<>]+>/g, 'known-at-deployment'],
];

/** A manifest as it would reach the API server: each reference of the template replaced by a value of its form. */
export function asDeployed(object: Json): Json {
  const text = STAND_INS.reduce((json, [reference, value]) => json.replace(reference, value), JSON.stringify(object));
  return JSON.parse(text);
}
