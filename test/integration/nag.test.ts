import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { ACKNOWLEDGED, nagFindings } from '../support/nag';

describe('cdk-nag AwsSolutions', () => {
  let findings: { rule: string; path: string }[] = [];

  beforeAll(() => {
    findings = nagFindings((app) => new Blueprint(app, 'NimBlueprint'));
  });

  it('finds nothing in the example that is not acknowledged with a reason', () => {
    const open = findings.filter(
      ({ rule, path }) => !ACKNOWLEDGED.some((known) => known.rule.test(rule) && known.path.test(path)),
    );

    expect(open).toEqual([]);
  });

  it('has no acknowledgement that nothing needs', () => {
    const stale = ACKNOWLEDGED.filter(
      ({ rule, path }) => !findings.some((found) => rule.test(found.rule) && path.test(found.path)),
    );

    expect(stale).toEqual([]);
  });

  it('is awake: it finds an open bucket', () => {
    const found = nagFindings((app) => new Bucket(new Stack(app, 'Test'), 'Open'));

    expect(found.map(({ rule }) => rule)).toContain('AwsSolutions-S1');
  });
});
