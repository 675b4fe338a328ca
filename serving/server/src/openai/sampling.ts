import type { Sampling } from '../generation/port.js';
import { ApiError } from './api-error.js';
import { LIMITS, type SamplingRequest } from './schemas.js';
import type { ServedModel } from './service.js';

/** What a checkpoint's generation_config.json says of sampling. */
export interface SamplingDefaults {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

/**
 * The sampling of a request. What it leaves out is the checkpoint's own default, as NIM has it, and else no change of the
 * distribution.
 *
 * @throws ApiError for what the schema cannot say
 */
export function samplingOf(
  body: Partial<SamplingRequest>,
  logprobs: number,
  { defaults, endTokens, generator: { vocabulary } }: Pick<ServedModel, 'defaults' | 'endTokens' | 'generator'>,
): Sampling {
  const of = <Name extends keyof NonNullable<SamplingRequest['nvext']> & keyof SamplingRequest>(name: Name) =>
    body[name] ?? body.nvext?.[name] ?? undefined;
  const ignoreEos = of('ignore_eos') ?? false;
  const topK = of('top_k') ?? defaults.top_k ?? 0;
  return {
    temperature: body.temperature ?? defaults.temperature ?? 1,
    topK: topK < 0 ? 0 : topK,
    topP: body.top_p ?? defaults.top_p ?? 1,
    minP: of('min_p') ?? defaults.min_p ?? 0,
    repetitionPenalty: of('repetition_penalty') ?? defaults.repetition_penalty ?? 1,
    presencePenalty: body.presence_penalty ?? 0,
    frequencyPenalty: body.frequency_penalty ?? 0,
    logitBias: logitBias(body.logit_bias ?? {}, vocabulary),
    logprobs,
    seed: body.seed === undefined || body.seed === null ? randomSeed() : BigInt.asUintN(64, BigInt(body.seed)),
    stopTokens: [...stopTokens(of('stop_token_ids') ?? [], vocabulary), ...(ignoreEos ? [] : endTokens)],
    ignoreEos,
    minTokens: of('min_tokens') ?? 0,
  };
}

function stopTokens(given: readonly number[], vocabulary: number): readonly number[] {
  const wrong = given.find((token) => token >= vocabulary);
  if (wrong !== undefined) {
    throw new ApiError('BadRequestError', `stop_token_ids has ${wrong}, allowed are 0 to ${vocabulary - 1}`, {
      param: 'stop_token_ids',
    });
  }
  return given;
}

function logitBias(given: Readonly<Record<string, number>>, vocabulary: number): [number, number][] {
  const entries = Object.entries(given);
  if (entries.length > LIMITS.logitBias) {
    throw new ApiError(
      'BadRequestError',
      `logit_bias has ${entries.length} entries, allowed are ${LIMITS.logitBias}; leave out the weakest`,
      { param: 'logit_bias' },
    );
  }
  return entries.map(([key, bias]) => {
    const token = /^\d{1,9}$/.test(key) ? Number(key) : Number.NaN;
    if (!(token < vocabulary)) {
      throw new ApiError(
        'BadRequestError',
        `logit_bias has the key "${key.slice(0, 40)}", allowed are token ids from 0 to ${vocabulary - 1}`,
        { param: 'logit_bias' },
      );
    }
    return [token, bias];
  });
}

function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}
