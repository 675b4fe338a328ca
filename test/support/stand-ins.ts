import { createHash } from 'node:crypto';
import type { Json } from './stack';

type StandIn = (reference: string) => string;

/** What CloudFormation would put where `flat()` left `<Id>` or `<Id.Attribute>`: different references, different ids. */
const STAND_INS: readonly [reference: RegExp, standIn: StandIn][] = [
  [/<AWS::Region>/g, () => 'us-west-2'],
  [/<AWS::AccountId>/g, () => '111122223333'],
  [/<AWS::Partition>/g, () => 'aws'],
  [/<\w+\.(\w*Arn)>/g, (reference) => `arn:aws:service:us-west-2:111122223333:stand-in/${digits(reference)}`],
  [/<\w*SecurityGroup\w*(\.\w+)?>|<\w+\.ClusterSecurityGroupId>/g, (reference) => `sg-${digits(reference)}`],
  [/<\w*Subnet\w*>/g, (reference) => `subnet-${digits(reference)}`],
  [/<\w*AccessPoint\w*(\.\w+)?>/g, (reference) => `fsap-${digits(reference)}`],
  [/<\w*FileSystem\w*(\.\w+)?>/g, (reference) => `fs-${digits(reference)}`],
  [/<[^<>]+>/g, (reference) => `known-at-deployment-${digits(reference)}`],
];

/** A manifest as it would reach the API server: each reference of the template replaced by a value of its form. */
export function asDeployed(object: Json): Json {
  const text = STAND_INS.reduce((json, [reference, standIn]) => {
    return json.replace(reference, (found) => standIn(found));
  }, JSON.stringify(object));
  return JSON.parse(text);
}

/** As many hexadecimal digits as ids of AWS have. */
function digits(reference: string): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 17);
}
