// Whatever the examples synthesize, the API server would store: each object asked about, none by its words alone.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { RightSized } from '../../examples/cdk-deploy/right-sized';
import { OwnImage } from '../../examples/own-image/own-image';
import { admissionSkip, admissions } from '../support/admission';
import type { KubernetesObject } from '../support/kubernetes-types';
import { manifests, testApp } from '../support/stack';
import { asDeployed } from '../support/stand-ins';

type Example = new (scope: Construct, id: string) => Stack;

const suffix = admissionSkip ? ` (${admissionSkip})` : '';

/** What is said against the objects, by their names; nothing for those that would be stored as they are. */
function complaints(objects: readonly KubernetesObject[]): Record<string, readonly string[]> {
  const answers = admissions(objects).map(({ errors, warnings }, index) => {
    const { kind, metadata } = objects[index];
    return [`${kind} ${metadata.name}`, [...errors.map(({ message }) => message), ...warnings]] as const;
  });
  return Object.fromEntries(answers.filter(([, said]) => said.length > 0));
}

const kindsOf = (objects: readonly KubernetesObject[]) => [...new Set(objects.map(({ kind }) => kind))].sort();

describe('examples/cdk-deploy', () => {
  const EXAMPLES: readonly [name: string, Example: Example][] = [
    ['Blueprint', Blueprint],
    ['RightSized', RightSized],
    ['OwnImage', OwnImage],
  ];

  it.skipIf(admissionSkip).each(EXAMPLES)(`%s holds objects that the API server takes${suffix}`, (name, Example) => {
    const objects = manifests(new Example(testApp(), name)).map(asDeployed);

    expect(kindsOf(objects)).toEqual([
      'EC2NodeClass',
      'ExternalSecret',
      'NIMCache',
      'NIMService',
      'Namespace',
      'NodePool',
      'PersistentVolumeClaim',
      'SecretStore',
      'StorageClass',
    ]);
    expect(complaints(objects)).toEqual({});
  });
});

describe('examples/cdk8s-synth', () => {
  it.skipIf(admissionSkip)(`writes objects that the API server takes${suffix}`, async () => {
    const objects = await synthesized();

    expect(kindsOf(objects)).toEqual(['EC2NodeClass', 'NIMCache', 'NIMService', 'Namespace', 'NodePool']);
    expect(complaints(objects)).toEqual({});
  });

  /** The program synthesizes when it is loaded. */
  async function synthesized(): Promise<KubernetesObject[]> {
    const folder = mkdtempSync(join(tmpdir(), 'nim-constructs-admission-'));
    vi.stubEnv('CDK8S_OUTDIR', folder);
    try {
      await import('../../examples/cdk8s-synth/main.js');
      // The plan of the models lies beside the objects.
      const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
      return files.map((file) => parse(readFileSync(join(folder, file), 'utf8')));
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  }
});

describe('stand-ins', () => {
  const reference = (id: string) => asDeployed({ id }).id;

  it('have the form of what they stand for', () => {
    expect(reference('<ClusterVpcPrivateSubnet1>')).toMatch(/^subnet-[0-9a-f]{17}$/);
    expect(reference('<Cluster.ClusterSecurityGroupId>')).toMatch(/^sg-[0-9a-f]{17}$/);
    expect(reference('<ModelsFileSystem>')).toMatch(/^fs-[0-9a-f]{17}$/);
    expect(reference('<NodeRole.Arn>')).toMatch(/^arn:aws:/);
    expect(reference('https://<AWS::Region>.example.com/<Thing>')).toMatch(
      /^https:\/\/us-west-2\.example\.com\/known-at-deployment-[0-9a-f]{17}$/,
    );
  });

  it('are as different as the references', () => {
    expect(reference('<Subnet1>')).toBe(reference('<Subnet1>'));
    expect(reference('<Subnet1>')).not.toBe(reference('<Subnet2>'));
  });
});
