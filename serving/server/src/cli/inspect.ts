import { UsageError } from '../commands/command.js';
import type { NativePlan } from '../engine/index.js';
import { command } from './command.js';
import { ENGINE_OPTIONS, engineOptions } from './engine-options.js';
import { choice, integer, toggle } from './options.js';

const { 'no-prefix-cache': _, memory, ...PLAN_OPTIONS } = ENGINE_OPTIONS;

export const inspect = command({
  summary: 'what a checkpoint is, and what memory it needs at which context and concurrency',
  usage: '[options]',
  options: {
    ...PLAN_OPTIONS,
    backend: choice(
      ['auto', 'cpu', 'reference', 'cuda', 'cuda-8.0', 'cuda-8.6', 'cuda-8.9', 'cuda-9.0'],
      'auto',
      'what computes; by its compute capability a GPU that need not be here, with --memory',
    ),
    memory: { ...memory, help: 'that there is; what the backend finds free without it' },
    context: integer({
      min: 1,
      max: 10_000_000,
      fallback: undefined,
      help: "tokens of a request; the model's own without it",
    }),
    concurrency: integer({ min: 1, max: 4096, fallback: 1, help: 'requests of that context at once' }),
    json: toggle('figures in JSON'),
  },
  async run(values, words, terminal) {
    if (words.length > 0) {
      throw new UsageError(`nim-serving inspect takes no text, given is "${words[0]}"; write --model ${words[0]}`);
    }
    const options = {
      ...engineOptions({ ...values, 'no-prefix-cache': false }),
      maxContext: values.context,
      maxSequences: values.concurrency,
      // A step holds a row for each sequence at least.
      stepTokens: values['step-tokens'] ?? Math.max(2048, values.concurrency),
    };
    const addon = terminal.addon();
    // What it needs is planned as if there were no end of memory: with too little, the engine plans for less.
    const plan = await addon.inspect({ ...options, memoryBytes: ENDLESS });
    const free = values.memory ?? (await addon.inspect(options)).freeBytes;
    const need = needOf(plan, free);
    if (values.json) {
      const { model, concurrency } = values;
      terminal.out(`${JSON.stringify({ model, ...plan, freeBytes: free, concurrency, ...need }, null, 2)}\n`);
    } else {
      terminal.out(table(values.model, plan, free, values.concurrency, need));
    }
    return 0;
  },
});

const ENDLESS = 2 ** 50;

interface Need {
  readonly kvBytes: number;
  /** KV pages and all else. */
  readonly neededBytes: number;
  readonly fits: boolean;
}

function needOf(plan: NativePlan, free: number): Need {
  const kvBytes = plan.pages * plan.pageBytes;
  const neededBytes = kvBytes + otherLines(plan).reduce((sum, { bytes }) => sum + bytes, 0);
  return { kvBytes, neededBytes, fits: neededBytes <= free };
}

function otherLines({ lines, hostLines }: NativePlan): NativePlan['lines'] {
  return [...lines.filter(({ name }) => !name.startsWith('KV cache')), ...hostLines];
}

function table(model: string, plan: NativePlan, free: number, concurrency: number, need: Need): string {
  const { architecture, layers, hidden, heads, kvHeads, headDim, vocabulary } = plan;
  const rows = [
    ...otherLines(plan).map(({ name, bytes }) => [name, size(bytes)]),
    ['KV pages', `${size(need.kvBytes)}: ${grouped(plan.pages)} of ${grouped(plan.pageBytes)} bytes`],
    ['together', size(need.neededBytes)],
    ['free', `${size(free)}: ${need.fits ? 'it fits' : 'it does not fit'}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    model,
    `${architecture} of ${count(plan.parameters)} parameters: ${layers} layers, hidden size ${hidden}, ${heads} heads on ` +
      `${kvHeads} of keys and values with ${headDim} each, vocabulary ${grouped(vocabulary)}`,
    `on ${plan.backend}`,
    '',
    `${concurrency} ${concurrency === 1 ? 'request' : 'requests'} of ${grouped(plan.maxContext)} tokens at once need:`,
    ...rows.map(([name, figure]) => `  ${name.padEnd(width)}${figure}`),
    '',
  ].join('\n');
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
  return `${(bytes / unit).toFixed(2)} ${name}`;
}

function count(parameters: number): string {
  return parameters >= 1e9 ? `${(parameters / 1e9).toFixed(2)} billion` : `${(parameters / 1e6).toFixed(2)} million`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
