import { Chart } from 'cdk8s';
import type { NimProfile, ServingImage } from '../../lib/nim';
import { llamaCache, nimChart } from '../support/chart';

/** Something that must be refused, by a check of a source file, with exactly this message. */
export interface RefusalCase {
  readonly name: string;
  /** File of the check, below lib/. */
  readonly file: string;
  readonly refused: () => unknown;
  readonly message: string;
}

/** A cache of this image and profile on the usual pool. */
export function cacheOf(image: ServingImage, profile?: NimProfile) {
  return llamaCache(nimChart(), { image, ...(profile && { profile }) });
}

/** A chart beside another in the same app. */
export function chartBeside(chart: Chart, namespace: string): Chart {
  return new Chart(chart.node.root, 'other', { namespace });
}
