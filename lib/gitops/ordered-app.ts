import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App, Yaml } from 'cdk8s';

/**
 * A cdk8s app for GitOps: `synth()` writes one file for each object, numbered in the order in which they must be
 * applied, so that `kubectl apply -f` on the folder works at the first try and a diff shows one object.
 *
 * Files of an earlier synth that carry such a number are removed: what left the app leaves the folder.
 */
export class OrderedApp extends App {
  /** Writes the objects to `outdir`. */
  public synth(): void {
    // Rendering infers the dependencies between charts; only then are they in order.
    const rendered = new Map(this.charts.map((chart) => [chart, chart.toJson()]));
    const objects = this.charts.flatMap((chart) => rendered.get(chart) ?? []);
    refuseDuplicates(objects);
    mkdirSync(this.outdir, { recursive: true });
    for (const file of readdirSync(this.outdir)) {
      if (/^\d{3,}-.*\.k8s\.yaml$/.test(file)) {
        rmSync(join(this.outdir, file));
      }
    }
    const digits = Math.max(3, String(objects.length - 1).length);
    objects.forEach((object, index) => {
      const number = String(index).padStart(digits, '0');
      const name = `${number}-${object.kind}.${object.metadata.name}${this.outputFileExtension}`;
      Yaml.save(join(this.outdir, name), [object]);
    });
  }
}

function refuseDuplicates(objects: { kind: string; metadata: { name: string; namespace?: string } }[]): void {
  const seen = new Set<string>();
  for (const { kind, metadata } of objects) {
    const key = [kind, metadata.namespace, metadata.name].filter(Boolean).join('/');
    if (seen.has(key)) {
      throw new Error(
        `[${key}] object is made twice, allowed is once in a cluster; give one of the constructs another name`,
      );
    }
    seen.add(key);
  }
}
