// `npm run demo`, run as it is, and everything that it writes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cfnLint, cfnLintMissing } from '../support/cfn-lint';
import { validateObject } from '../support/crds';
import { flat, type Json } from '../support/stack';
import { asDeployed } from '../support/stand-ins';

const FAKE_KEY = `nvapi-${'fake'.repeat(16)}`;
const ROOT = join(__dirname, '../..');
const out = mkdtempSync(join(tmpdir(), 'nim-constructs-demo-'));
let printed = '';

beforeAll(() => {
  // Every name under which people keep the key.
  const keys = Object.fromEntries(
    ['NGC_API_KEY', 'NGC_CLI_API_KEY', 'NVIDIA_API_KEY', 'HF_TOKEN'].map((name) => [name, FAKE_KEY]),
  );
  printed = execFileSync(join(ROOT, 'node_modules/.bin/tsx'), ['demo.ts', out], {
    cwd: join(ROOT, 'examples'),
    // Unlike other tests, with CDK's own validator.
    env: { ...process.env, ...keys, CDK_VALIDATION: undefined },
    encoding: 'utf8',
  });
}, 180_000);

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

function templates(): string[] {
  return readdirSync(join(out, 'cdk'))
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => join(out, 'cdk', name));
}

function template(path: string): Json {
  return flat(JSON.parse(readFileSync(path, 'utf8')));
}

describe('the YAML for GitOps', () => {
  const read = () =>
    readdirSync(join(out, 'k8s'))
      .filter((name) => name !== 'plan')
      .sort()
      .map((name) => ({ name, object: parse(readFileSync(join(out, 'k8s', name), 'utf8')) }));

  it('is one file for each object, numbered in the order to apply', () => {
    expect(read().map(({ name }) => name.replace(/-[0-9a-f]{8}(?=\.k8s)/, ''))).toEqual([
      '000-EC2NodeClass.a10g.k8s.yaml',
      '001-NodePool.a10g.k8s.yaml',
      '002-EC2NodeClass.l40s.k8s.yaml',
      '003-NodePool.l40s.k8s.yaml',
      '004-Namespace.nim.k8s.yaml',
      '005-NIMCache.llama-trt-cache.k8s.yaml',
      '006-NIMService.llama-trt.k8s.yaml',
      '007-NIMCache.llama-cache.k8s.yaml',
      '008-NIMService.llama.k8s.yaml',
    ]);
  });

  it('validates against the CRDs and the Kubernetes types', () => {
    for (const { name, object } of read()) {
      expect(validateObject(object), name).toEqual([]);
    }
  });
});

describe('the cloud assembly', () => {
  it('has a template for each stack', () => {
    expect(templates().map((path) => path.slice(out.length))).toEqual([
      '/cdk/NimBlueprint.template.json',
      '/cdk/NimRightSized.template.json',
    ]);
  });

  it('holds objects that validate against the CRDs and the Kubernetes types', () => {
    const objects = templates().flatMap((path) =>
      Object.values<Json>(template(path).Resources)
        .filter(({ Type }) => Type === 'Custom::AWSCDK-EKS-KubernetesResource')
        .flatMap(({ Properties }) => JSON.parse(Properties.Manifest)),
    );

    expect(objects).toHaveLength(22);
    for (const object of objects) {
      expect(validateObject(asDeployed(object)), `${object.kind}/${object.metadata.name}`).toEqual([]);
    }
  });

  it("passes CloudFormation's own validation in strict mode with no warning but that of the blueprint's plan", () => {
    // Strict mode (cdk.json) makes any finding fail the synthesis; the report says that the validator ran at all.
    const report = JSON.parse(readFileSync(join(out, 'cdk', 'validation-report.json'), 'utf8'));
    const violations = report.pluginReports.flatMap((plugin: Json) => plugin.violations);
    expect(
      violations.map(({ ruleName, violatingConstructs }: Json) => [ruleName, violatingConstructs[0].constructPath]),
    ).toEqual([['Annotation::nim-constructs:plan-waste', 'NimBlueprint/Platform/Nim/Llama/Service']]);

    for (const name of readdirSync(join(out, 'cdk')).filter((file) => file.endsWith('.metadata.json'))) {
      const entries = Object.values<Json[]>(JSON.parse(readFileSync(join(out, 'cdk', name), 'utf8'))).flat();
      const said = entries.filter(({ type }) => type === 'aws:cdk:warning' || type === 'aws:cdk:error');
      expect(said.filter(({ data }) => !data.endsWith('[ack: nim-constructs:plan-waste]'))).toEqual([]);
    }
  });

  it.skipIf(cfnLintMissing)(
    `passes cfn-lint${cfnLintMissing ? ` (${cfnLintMissing})` : ''}`,
    () => {
      // W3005: a DependsOn beside a reference to the same resource. The CDK writes every dependency between constructs
      // out, whether a reference implies it or not; CloudFormation ignores the repetition.
      expect(cfnLint(templates()).filter(({ id }) => id !== 'W3005')).toEqual([]);
    },
    180_000,
  );
});

describe('the whole output', () => {
  it('holds no key, wherever one was in the environment', () => {
    const holding = files(out).filter((path) => readFileSync(path).includes(FAKE_KEY));

    expect(files(out).length).toBeGreaterThan(15);
    expect(holding).toEqual([]);
    expect(printed).not.toContain(FAKE_KEY);
  });
});

describe('the own image', () => {
  const folder = () => join(out, 'own-image');
  const assets = () => JSON.parse(readFileSync(join(folder(), 'NimOwnImage.assets.json'), 'utf8'));

  it('is an asset whose context holds the Containerfile and what it copies', () => {
    const [asset] = Object.values<Json>(assets().dockerImages);
    expect(asset.source.dockerFile).toBe('serving/image/Containerfile');
    const context = join(folder(), asset.source.directory);
    const containerfile = readFileSync(join(context, asset.source.dockerFile), 'utf8');
    const copied = [...containerfile.matchAll(/^COPY (?:--chmod=\d+ )?(?!--)(.*) \S+$/gm)].flatMap(([, from]) =>
      from.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect(() => statSync(join(context, path)), path).not.toThrow();
    }
  });

  it('is what cache and service reference, by the hash of its files', () => {
    const [hash] = Object.keys(assets().dockerImages);
    const text = readFileSync(join(folder(), 'NimOwnImage.template.json'), 'utf8');
    expect(text.split(hash).length - 1).toBe(2);
  });
});

describe('what the demo prints', () => {
  it('is what each pool costs idle, with its models, and at its limit', () => {
    const pools = printed
      .split('\n')
      .filter((line) => /^ {2}(a10g|l4|l40s) /.test(line))
      .map((line) => line.trim().replace(/ +/g, ' '));

    expect(pools).toEqual([
      'a10g 0.000 5.672 32.768 llama: 1 x g5.12xlarge',
      'l4 0.000 0.000 27.174',
      'l40s 0.000 1.861 30.309 llama: 1 x g6e.xlarge',
      'l4 0.000 0.805 13.587 llama: 1 x g6.xlarge',
      'a10g 0.000 5.672 32.768 llama-trt: 1 x g5.12xlarge',
      'l40s 0.000 1.861 30.309 llama: 1 x g6e.xlarge',
    ]);
  });

  it('is the resources by kind', () => {
    expect(printed).toContain('AWS::EKS::Cluster 1');
    expect(printed).toContain('NIMService 1');
  });

  it('is where the plan of each app is, and what it has against it', () => {
    for (const folder of ['cdk', 'own-image', 'k8s/plan']) {
      const page = join(out, folder, 'plan.html');
      expect(printed).toContain(relative(ROOT, page));
      expect(readFileSync(page, 'utf8')).toContain('<h1>Plan</h1>');
    }
    expect(printed).toMatch(/NimBlueprint\S+: .* uses 2 of the 4 A10G of 1 x g5\.12xlarge, \$5\.672 an hour/);
    expect(printed).not.toMatch(/NimRightSized\S+: .* uses/);
  });

  it('is the next command for a real account', () => {
    expect(printed).toContain('npx cdk bootstrap');
    expect(printed).toMatch(/npx cdk deploy --app \S+cdk NimRightSized/);
  });
});
