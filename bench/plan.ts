// What plans cost: the whole catalog of models on every instance type, and synthesis with plans on beside plans off.
//
//   npm run bench:plan [-- runs]
//
// Time is the processor time of this process. Runs of the two alternate in one process, after a warm-up, and the fastest of
// each are compared: other work on the machine only ever adds. CDK's own validator is off: it would take most of it.
process.env.CDK_VALIDATION = 'false';

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App } from 'aws-cdk-lib';
import { GpuInstanceType, ModelSpec, NimRelease, Precision } from 'nim-constructs/catalog';
import { ModelNeed, PlannedImage, SpeedBounds, TypeChoice } from 'nim-constructs/plan';
import { Blueprint } from '../examples/cdk-deploy/blueprint';
import { RightSized } from '../examples/cdk-deploy/right-sized';

const RUNS = Number(process.argv[2] ?? 30);

function milliseconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function range(values: number[]): string {
  return `${Math.min(...values).toFixed(1)} ms (to ${Math.max(...values).toFixed(1)})`;
}

/** Every model in three precisions for three images, each on every type, with the bounds of those that fit. */
function wholeCatalog(): { plans: number; fits: number } {
  let [plans, fits] = [0, 0];
  for (const model of ModelSpec.all()) {
    for (const precision of [Precision.BF16, Precision.FP8, Precision.INT4]) {
      for (const image of [PlannedImage.own(), PlannedImage.nim(NimRelease.all()[0]), PlannedImage.other()]) {
        const need = ModelNeed.of({ model, image, precision });
        const { all, fitting } = TypeChoice.of(need);
        for (const { gpuFit } of fitting) {
          SpeedBounds.of(need, gpuFit);
        }
        plans += all.length;
        fits += fitting.length;
      }
    }
  }
  return { plans, fits };
}

interface Subject {
  readonly example: typeof Blueprint | typeof RightSized;
  readonly plan: boolean;
  /** A warning of the CDK's own, for what the CDK does with any warning. */
  readonly warning?: boolean;
}

function synthesis({ example: Example, plan, warning }: Subject): number {
  const outdir = mkdtempSync(join(tmpdir(), 'nim-constructs-bench-'));
  const time = milliseconds(() => {
    const app = new App({ outdir, context: { 'nim-constructs:plan': plan } });
    const stack = new Example(app, 'Nim');
    if (warning) {
      Annotations.of(stack.node.findChild('Platform')).addWarningV2(
        'bench',
        'a warning as long as that of a plan'.repeat(9),
      );
    }
    app.synth();
  });
  if (existsSync(join(outdir, 'plan.html')) !== plan) {
    throw new Error(`plan.html: wanted ${plan}`);
  }
  rmSync(outdir, { recursive: true, force: true });
  return time;
}

console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0].model}, ${RUNS} runs`,
);
const [models, types] = [ModelSpec.all().length, GpuInstanceType.all().length];
let counted = { plans: 0, fits: 0 };
const first = milliseconds(() => {
  counted = wholeCatalog();
});
const times = Array.from({ length: RUNS }, () => milliseconds(wholeCatalog));
console.log(
  `whole catalog: ${models} models x 3 precisions x 3 images on ${types} types, ${counted.plans} plans, ${counted.fits} fit: ` +
    `${first.toFixed(0)} ms the first time, ${Math.min(...times).toFixed(0)} ms after (target: well under 1000 ms)`,
);

const SUBJECTS: Record<string, Subject> = {
  'right-sized.ts, plans off': { example: RightSized, plan: false },
  'right-sized.ts, plans on': { example: RightSized, plan: true },
  'blueprint.ts, plans off': { example: Blueprint, plan: false },
  'blueprint.ts, plans off, a warning of the CDK': { example: Blueprint, plan: false, warning: true },
  'blueprint.ts, plans on, which warn': { example: Blueprint, plan: true },
};
const measured = new Map(Object.keys(SUBJECTS).map((name) => [name, [] as number[]]));
for (let run = -2; run < RUNS; run++) {
  // The order changes, too: what one leaves to the garbage collector, the next pays.
  const names = [...measured.keys()];
  const order = run % 2 === 0 ? names : names.reverse();
  for (const name of order) {
    const time = synthesis(SUBJECTS[name]);
    if (run >= 0) {
      measured.get(name)?.push(time);
    }
  }
}
const fastest = (name: string) => Math.min(...(measured.get(name) ?? []));
for (const [name, all] of measured) {
  console.log(`synthesis of ${name.padEnd(46)} ${range(all)}`);
}
const more = (on: string, off: string) => `${((fastest(on) / fastest(off) - 1) * 100).toFixed(1)}%`;
console.log(
  `plans cost ${more('right-sized.ts, plans on', 'right-sized.ts, plans off')} of a synthesis without a warning and ` +
    `${more('blueprint.ts, plans on, which warn', 'blueprint.ts, plans off, a warning of the CDK')} of one with a warning ` +
    `(target at most 5%); with the CDK's own work on the warning it is ` +
    `${more('blueprint.ts, plans on, which warn', 'blueprint.ts, plans off')}`,
);
