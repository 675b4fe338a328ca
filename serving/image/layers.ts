import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A layer as a registry stores it. */
export interface Layer {
  readonly digest: string;
  readonly compressedBytes: number;
  /** The instruction that made it. */
  readonly from: string;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** The layers of the one image in an OCI layout. */
export function layersOf(folder: string): Layer[] {
  const blob = ({ digest }: Descriptor) =>
    JSON.parse(readFileSync(join(folder, 'blobs', digest.replace(':', '/')), 'utf8'));
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const { layers, config } = blob(index.manifests[0]) as { layers: Descriptor[]; config: Descriptor };
  const { history } = blob(config) as { history: { created_by?: string; empty_layer?: boolean }[] };
  const made = history.filter(({ empty_layer }) => !empty_layer).map(({ created_by = '' }) => created_by);
  return layers.map(({ digest, size }, at) => ({ digest, compressedBytes: size, from: made[at] ?? '' }));
}

/** A line for each layer, and their sum. */
export function layerTable(layers: readonly Layer[]): string {
  const line = (bytes: number, text: string) => `${`${(bytes / 1e6).toFixed(1)} MB`.padStart(9)}  ${text}`;
  const all = layers.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0);
  return [
    ...layers.map(({ compressedBytes, from }) => line(compressedBytes, from)),
    line(all, 'compressed, together'),
  ].join('\n');
}
