import { createHash } from 'node:crypto';
import { ModelKind } from './model-shape';
import { MODEL_ROWS } from './models';
import { Precision } from './precision';

/** A profile of this project's serving image: one model in one number format, on one GPU. */
export interface BundledProfile {
  /** 64 hexadecimal digits, which follow from model and format alone: a new release of the image keeps them. */
  readonly id: string;
  /** Publisher and name, such as `meta/llama-3.1-8b-instruct`. */
  readonly model: string;
  /** Repository on Hugging Face that is downloaded. */
  readonly repository: string;
  /** Number format of the weights. */
  readonly precision: Precision;
}

/** What the engine reads: serving/engine/src/model/config.cpp, by `model_type`. It runs unquantized weights on one GPU. */
const MODEL_TYPES = ['llama', 'mistral', 'qwen2', 'qwen3'];

/** A row's `from` is a repository, or a sentence about another one that has the same shape. */
const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;

/** What the serving image can serve, however large: the manifest of the image and the constructs both read it here. */
export function bundledProfiles(): BundledProfile[] {
  return MODEL_ROWS.filter(
    ({ kind = ModelKind.DECODER, config, from }) =>
      kind === ModelKind.DECODER && MODEL_TYPES.includes(String(config.model_type)) && REPOSITORY.test(from),
  ).map(({ id: model, from: repository }) => {
    const precision = Precision.BF16;
    const id = createHash('sha256').update(`hf://${repository} ${precision} tp1`).digest('hex');
    return { id, model, repository, precision };
  });
}
