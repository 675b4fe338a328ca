import type { ModelSpec } from '../catalog';

/** What the engine's arrays are sized by, once, before it loads anything. */
export interface EngineLimits {
  /** Sequences of a step. */
  readonly sequences: number;
  readonly stepTokens: number;
  /** Longest sequence, in tokens. */
  readonly contextTokens: number;
  readonly pageTokens: number;
}

const FLOAT = 4;
const INT = 4;
const BF16 = 2;
const ALIGNMENT = 256;

const array = (count: number, bytes: number): number => Math.ceil((count * bytes) / ALIGNMENT) * ALIGNMENT;
const sum = (...arrays: number[]): number => arrays.reduce((total, bytes) => total + bytes, 0);

/** Activations of the largest step: serving/engine/src/model/memory_plan.cpp, place_activations. */
export function activationBytes(model: ModelSpec, { sequences, stepTokens }: EngineLimits): number {
  const { hiddenSize, intermediateSize, vocabularySize } = model;
  const q = model.attentionHeads * model.headDim;
  const kv = model.keyValueHeads * model.headDim;
  return sum(
    array(stepTokens * hiddenSize, FLOAT),
    array(stepTokens * hiddenSize, BF16),
    array(stepTokens * (q + 2 * kv), BF16),
    array(stepTokens * q, BF16),
    array(stepTokens * intermediateSize, BF16),
    array(sequences * hiddenSize, BF16),
    array(sequences * vocabularySize, FLOAT),
  );
}

/** The table of rotations, and what the CUDA backend keeps for itself: serving/engine/src/cuda/memory.h, own_memory. */
export function workspaceBytes(model: ModelSpec, limits: EngineLimits): number {
  const { sequences, contextTokens } = limits;
  const { vocabularySize, headDim } = model;
  return sum(
    array(contextTokens * headDim, FLOAT),
    stepInputBytes(model, limits),
    // Results: tokens and their logprobs, and those of the 20 likeliest.
    2 * array(sequences, INT) + 2 * array(sequences * 20, INT),
    array(sequences * Math.ceil(vocabularySize / 2) * 2, 2),
    array(sequences, INT),
    array(sequences * 32, 40),
    array(sequences * vocabularySize, FLOAT),
    array(160 * 256 * 128, FLOAT),
    array(attentionBytes(model, contextTokens), 1),
    // Who of two blocks adds, and how far the blocks of up to 16 decodes are.
    array(4096 + 16 * decodeBlocks(model), INT),
  );
}

/** serving/engine/src/model/step_arrays.cpp */
function stepInputBytes({ vocabularySize }: ModelSpec, limits: EngineLimits): number {
  const { sequences, stepTokens, contextTokens, pageTokens } = limits;
  const rows = array(stepTokens, INT);
  const each = array(sequences, INT);
  const history = array(contextTokens + stepTokens, INT);
  return sum(
    array(1, 32),
    3 * rows,
    2 * array(sequences + 1, INT),
    4 * each,
    array(sequences, 64),
    array(sequences * Math.ceil(contextTokens / pageTokens), INT),
    2 * array(sequences * 320, INT),
    2 * history,
    array(sequences * Math.ceil(vocabularySize / 32), INT),
  );
}

/** Sums of attention that several blocks share: of decodes, or on Hopper of a prompt's chunk, whichever is more. */
function attentionBytes(model: ModelSpec, contextTokens: number): number {
  const { headDim } = model;
  const { kvHeads, group } = headsOf(model);
  const decodes = 2048 * decodeBlocks(model) * 8 * (headDim + 2) * FLOAT;
  const splits = Math.ceil(Math.min(contextTokens, 32_768) / 256);
  const prompts = splits * kvHeads * Math.ceil((4 * group) / 8) * 2 * 128 * (headDim / 8 + 1) * 16;
  return Math.max(decodes, prompts);
}

/** Blocks that attend for one decode: of 8 heads of queries that share keys. */
function decodeBlocks(model: ModelSpec): number {
  const { kvHeads, group } = headsOf(model);
  return kvHeads * Math.ceil(group / 8);
}

function headsOf({ attentionHeads, keyValueHeads }: ModelSpec) {
  const kvHeads = Math.max(1, keyValueHeads);
  return { kvHeads, group: attentionHeads / kvHeads };
}
