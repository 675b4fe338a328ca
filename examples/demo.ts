// `npm run demo`: synthesizes the examples with the real CLIs into out/, or another folder, and says what was made.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { GpuInstanceType } from 'nim-constructs/catalog';
import { PoolCost } from 'nim-constructs/plan';
import { parseAllDocuments } from 'yaml';

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: specs of any kind, read as data
  readonly spec?: any;
}

const ROOT = resolve(__dirname, '..');
const OUT = resolve(process.argv[2] ?? join(ROOT, 'out'));

function main(): void {
  const cdkOut = join(OUT, 'cdk');
  const ownOut = join(OUT, 'own-image');
  const k8sOut = join(OUT, 'k8s');
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(k8sOut, { recursive: true });

  cli('examples/cdk-deploy', 'cdk', ['synth', '--quiet', '--no-notices', '--app', tsx('main.ts'), '--output', cdkOut]);
  cli('examples/own-image', 'cdk', ['synth', '--quiet', '--no-notices', '--app', tsx('main.ts'), '--output', ownOut]);
  cli('examples/cdk8s-synth', 'cdk8s', ['synth', '--no-check-upgrade', '--app', tsx('main.ts'), '--output', k8sOut]);

  const stacks = [cdkOut, ownOut].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  for (const file of stacks.filter((name) => name.endsWith('.template.json'))) {
    const { Resources } = JSON.parse(readFileSync(file, 'utf8'));
    heading(`${relative(ROOT, file)}: a stack for cdk deploy`);
    report(countBy(Object.values<{ Type: string }>(Resources), (resource) => resource.Type));
    reportObjects(Object.values<CfnResource>(Resources).flatMap(manifestsOf));
  }
  heading(`${relative(ROOT, k8sOut)}/: one file for each object, in the order to apply`);
  const files = readdirSync(k8sOut)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  reportObjects(
    files.flatMap((file) => parseAllDocuments(readFileSync(join(k8sOut, file), 'utf8')).map((doc) => doc.toJS())),
  );

  heading('The plan: fit, capacity, speed at most and cost of each service, as a page for a browser');
  for (const folder of [cdkOut, ownOut, join(k8sOut, 'plan')]) {
    console.log(`  ${relative(ROOT, join(folder, 'plan.html'))}`);
    for (const { name, findings } of planIn(folder).services) {
      for (const { message } of findings) {
        console.log(`    ${name}: ${message}`);
      }
    }
  }

  heading('Next, with an AWS account (one of the stacks; GPU nodes start, and bill, with the first model)');
  console.log('  npx cdk bootstrap');
  console.log(
    '  aws secretsmanager create-secret --name ngc/api-key --secret-string "$NGC_API_KEY"   # before the deployment',
  );
  console.log(`  npx cdk deploy --app ${relative(ROOT, cdkOut)} NimRightSized`);
  console.log(
    "or without an NGC key, by this project's image; needs Docker, and a token of Hugging Face as its secret:",
  );
  console.log('  aws secretsmanager create-secret --name hugging-face/token --secret-string "$HF_TOKEN"');
  console.log(`  npx cdk deploy --app ${relative(ROOT, ownOut)} NimOwnImage`);
  console.log(
    'or, for a cluster that has Karpenter and the NIM Operator, with your names in examples/cdk8s-synth/main.ts:',
  );
  console.log(`  kubectl apply -f ${relative(ROOT, k8sOut)}`);
}

interface Plan {
  readonly services: { readonly name: string; readonly findings: { readonly message: string }[] }[];
}

function planIn(folder: string): Plan {
  return JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
}

/** Runs a CLI of this repository in an example's folder, as its README says. */
function cli(folder: string, name: string, args: string[]): void {
  const command = join(ROOT, 'node_modules', '.bin', name);
  console.log(`${folder}: ${name} ${args[0]} ...`);
  try {
    execFileSync(command, args, { cwd: join(ROOT, folder), stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    console.error((error as { stderr: string }).stderr);
    throw new Error(`${name} ${args[0]} failed in ${folder}: its own message is above`);
  }
}

function tsx(file: string): string {
  return `${join(ROOT, 'node_modules', '.bin', 'tsx')} ${file}`;
}

interface CfnResource {
  readonly Type: string;
  readonly Properties?: { readonly Manifest?: unknown };
}

/** The objects in a KubernetesManifest, with a stand-in for what CloudFormation knows at deployment only. */
function manifestsOf(resource: CfnResource): KubeObject[] {
  const manifest = resource.Properties?.Manifest;
  if (resource.Type !== 'Custom::AWSCDK-EKS-KubernetesResource' || !manifest) {
    return [];
  }
  const parts =
    typeof manifest === 'string' ? [manifest] : (manifest as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'known-at-deployment')).join(''));
}

function reportObjects(objects: KubeObject[]): void {
  report(countBy(objects, (object) => object.kind));
  const pools = objects.filter((object) => object.kind === 'NodePool');
  const services = objects.filter((object) => object.kind === 'NIMService');
  console.log(
    `  ${'pool'.padEnd(8)}${'idle'.padStart(10)}${'with its models'.padStart(18)}${'at its limit'.padStart(15)}   $/hour`,
  );
  for (const pool of pools) {
    const types = typesOf(pool);
    const cost = PoolCost.of(types, Number(pool.spec.limits['nvidia.com/gpu']));
    const used = services.filter((service) => service.metadata.labels?.['nim-constructs/pool'] === pool.metadata.name);
    const nodes = used.map((service) => nodesFor(service, types));
    const running = nodes.reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
    const columns = [
      usd(cost.minimumUsdPerHour).padStart(10),
      usd(running).padStart(18),
      usd(cost.maximumUsdPerHour).padStart(15),
    ];
    console.log(`  ${pool.metadata.name.padEnd(8)}${columns.join('')}   ${nodes.map(({ text }) => text).join(', ')}`);
    if (cost.unpriced.length > 0) {
      console.log(`    without ${cost.unpriced.join(', ')}, whose price is unknown`);
    }
  }
  if (pools.length > 0) {
    console.log(
      `  Prices: ${PoolCost.of(typesOf(pools[0]), 1).pricesOf}. Control plane, system nodes, EFS and NAT are not in them.`,
    );
  }
}

function typesOf(pool: KubeObject): GpuInstanceType[] {
  const requirement = pool.spec.template.spec.requirements.find(
    ({ key }: { key: string }) => key === 'node.kubernetes.io/instance-type',
  );
  return requirement.values.map((name: string) => GpuInstanceType.of(name));
}

/** The cheapest nodes that hold a service's replicas, as its requests say. */
function nodesFor(service: KubeObject, types: GpuInstanceType[]): { usdPerHour: number; text: string } {
  const { requests } = service.spec.resources;
  const gpus = Number(requests['nvidia.com/gpu']);
  const type = types
    .filter(
      (candidate) =>
        candidate.gpuCount >= gpus && candidate.allocatable.memoryMib >= Number.parseInt(requests.memory, 10),
    )
    .sort((a, b) => (a.price?.usdPerHour ?? Infinity) - (b.price?.usdPerHour ?? Infinity))[0];
  const count = Math.ceil(service.spec.replicas / Math.floor(type.gpuCount / gpus));
  return {
    usdPerHour: count * (type.price?.usdPerHour ?? 0),
    text: `${service.metadata.name}: ${count} x ${type.typeName}`,
  };
}

function countBy<T>(items: T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

function report(counts: Map<string, number>): void {
  const entries = [...counts].map(([kind, count]) => `${kind} ${count}`);
  const lines: string[] = [''];
  for (const entry of entries) {
    const line = lines[lines.length - 1];
    if (line.length + entry.length > 110) {
      lines.push(entry);
    } else {
      lines[lines.length - 1] = line ? `${line}, ${entry}` : entry;
    }
  }
  console.log(lines.map((line) => `  ${line}`).join('\n'));
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

function usd(amount: number): string {
  return amount.toFixed(3);
}

main();
