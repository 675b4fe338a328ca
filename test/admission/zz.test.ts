import { writeFileSync } from 'node:fs';
import { ApiObject, App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import fc from 'fast-check';
import { it } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { RightSized } from '../../examples/cdk-deploy/right-sized';
import { KubeEc2NodeClass, KubeNimCache, KubeNimService, KubeNodePool } from '../../lib/crds';
import { admissions } from '../support/admission';
import { type DigestNode, digestTree, validateObject } from '../support/crds';
import { specs } from '../support/crds-examples';
import { manifests, testApp, type Json } from '../support/stack';
import { asDeployed } from '../support/stand-ins';
type Kind = new (scope: Construct, id: string, props: { spec: never }) => ApiObject;
const KINDS: readonly [gvk: string, struct: string, kind: Kind][] = [
  ['apps.nvidia.com/v1alpha1/NIMCache', 'NimCacheSpec', KubeNimCache],
  ['apps.nvidia.com/v1alpha1/NIMService', 'NimServiceSpec', KubeNimService],
  ['karpenter.sh/v1/NodePool', 'NodePoolSpec', KubeNodePool],
  ['karpenter.k8s.aws/v1/EC2NodeClass', 'Ec2NodeClassSpec', KubeEc2NodeClass],
];
function* places(v: Json, path: (string|number)[] = []): Generator<(string|number)[]> {
  if (path.length) yield path;
  if (v && typeof v === 'object') for (const k of Object.keys(v)) yield* places(v[k], [...path, Array.isArray(v) ? Number(k) : k]);
}
const VALUES = ['x', '', 1, 1.5, -1, 2 ** 31, 0, true, null, [], {}, ['x'], { x: 'y' }, 'x'.repeat(300)];
it('x', () => {
  const app = testApp();
  const bases = [new Blueprint(app, 'B'), new RightSized(app, 'R')].flatMap((s) => manifests(s)).map(asDeployed);
  for (const [gvk, struct, Kind] of KINDS) {
    const tree = digestTree(gvk)?.properties.get('spec') as DigestNode;
    for (const full of [true, false]) {
    for (const spec of fc.sample(specs(struct, tree, { full }), { numRuns: full ? 2 : 25, seed: 7 })) {
      bases.push(JSON.parse(JSON.stringify(new Kind(new Chart(new App(), 'chart', { namespace: 'nim' }), 'object', { spec: spec as never }).toJson())));
    }}
  }
  const objects: [string, Json][] = bases.map((b) => ['base', b]);
  const rng = fc.sample(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { numRuns: 4000, seed: 5 });
  for (const [a, b, c] of rng) {
    const o = structuredClone(bases[a % bases.length]);
    const all = [...places(o)].filter((p) => !['apiVersion', 'kind'].includes(p[0] as string));
    const path = all[b % all.length];
    let at = o; for (const k of path.slice(0, -1)) at = at[k];
    const last = path[path.length - 1];
    const n = c % (VALUES.length + 3);
    if (n === VALUES.length) { if (Array.isArray(at)) at.splice(last as number, 1); else delete at[last]; objects.push([`delete ${path.join('.')}`, o]); }
    else if (n === VALUES.length + 1) { if (typeof at[last] !== 'object' || Array.isArray(at[last])) continue; at[last].unknownField = 1; objects.push([`unknown ${path.join('.')}`, o]); }
    else if (n === VALUES.length + 2) { if (!Array.isArray(at)) continue; at.push(structuredClone(at[last])); objects.push([`twice ${path.join('.')}`, o]); }
    else { at[last] = VALUES[n]; objects.push([`${path.join('.')} = ${JSON.stringify(VALUES[n]).slice(0, 20)}`, o]); }
  }
  const t = Date.now();
  const go = admissions(objects.map(([, o]) => o));
  console.log(objects.length, 'go ms', Date.now() - t);
  const t2 = Date.now();
  const lines: string[] = [];
  objects.forEach(([what, o], i) => {
    const ts = validateObject(o); const g = go[i].errors.filter((e) => !e.rule);
    if (ts.length > 0 !== g.length > 0) lines.push(`${o.kind} ${what}\n   TS ${JSON.stringify(ts).slice(0,200)}\n   GO ${JSON.stringify(g.map((e) => e.message)).slice(0,300)}`);
  });
  console.log('ts ms', Date.now() - t2, 'disagree', lines.length);
  writeFileSync('/tmp/dis.txt', lines.join('\n'));
});
