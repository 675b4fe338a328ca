import { fileURLToPath } from 'node:url';
import type { EngineOptions } from '../engine/index.js';
import { choice, integer, memory, text, toggle, type ValuesOf } from './options.js';

/** serving/models/default, from the sources and from what tsc makes of them alike. */
const DEFAULT_MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));

/** Options of every command that plans or runs an engine. */
export const ENGINE_OPTIONS = {
  model: { ...text('FOLDER', DEFAULT_MODEL, 'checkpoint'), fallback: DEFAULT_MODEL },
  backend: choice(['auto', 'cpu', 'reference', 'cuda'], 'auto', 'what computes'),
  memory: memory(undefined, 'for weights, activations and KV pages together; all that is free without it'),
  'block-size': integer({ min: 8, max: 64, fallback: 16, help: 'tokens of a KV page: 8, 16, 32 or 64' }),
  'step-tokens': integer({ min: 1, max: 65_536, fallback: undefined, help: 'rows of a step' }),
  threads: integer({ min: 1, max: 1024, fallback: undefined, help: 'of a CPU backend; one a core without it' }),
  'no-prefix-cache': toggle('compute equal prefixes each time'),
};

export function engineOptions(values: ValuesOf<typeof ENGINE_OPTIONS>): EngineOptions {
  return {
    model: values.model,
    backend: values.backend,
    memoryBytes: values.memory,
    blockSize: values['block-size'],
    stepTokens: values['step-tokens'],
    threads: values.threads,
    prefixCache: !values['no-prefix-cache'],
  };
}
