import { randomUUID } from 'node:crypto';
import type { TokenEvent } from '../generation/port.js';
import { Run } from '../generation/run.js';
import type { OutputPiece } from '../generation/text-output.js';
import { grammarOf } from '../grammar/grammar-spec.js';
import { ApiError } from './api-error.js';
import { type Choice, type CompletionKind, stopsOf } from './completion-kind.js';
import { CompletionLogprobs } from './logprobs.js';
import { samplingOf } from './sampling.js';
import { type CompletionRequest, LIMITS } from './schemas.js';
import { checkModel, encodePrompt, grammarsFor, outputTokens, type ServedModel } from './service.js';

/** Output tokens where a request names none: OpenAI's default. */
const DEFAULT_MAX_TOKENS = 16;

/** A text completion: prompts in, their continuations out. */
export async function textCompletion(model: ServedModel, body: CompletionRequest): Promise<CompletionKind> {
  checkModel(model, body.model);
  refuseWhatIsAbsent(body);
  const prompts = await promptsOf(model, body);
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const room = model.generator.maxContext - longest;
  const asked = body.max_tokens ?? Math.min(DEFAULT_MAX_TOKENS, Math.max(room, 1));
  const maxTokens = outputTokens(model, longest, asked, 'max_tokens');
  const sampling = samplingOf(body, body.logprobs ?? -1, model);
  const n = body.n ?? 1;
  if (prompts.length * n > LIMITS.choices) {
    throw new ApiError(
      'BadRequestError',
      `prompt has ${prompts.length} texts and n is ${n}, allowed are ${LIMITS.choices} choices together; send them apart`,
      { param: 'n' },
    );
  }
  const echoes = body.echo ? prompts.map((prompt) => decode(model, prompt)) : undefined;
  const grammars = await grammarsFor(model, grammarOf(body), prompts.length * n, sampling.minTokens);
  return {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    chunkObject: 'text_completion',
    choices: prompts.length * n,
    start: (onPiece, observer) =>
      new Run(
        model.generator,
        model.codec,
        {
          prompts,
          n,
          maxTokens,
          sampling,
          grammars,
          priority: body.priority ?? undefined,
          output: stopsOf(body),
        },
        onPiece,
        observer,
      ),
    choice: (index) => new TextChoice(model, typeof body.logprobs === 'number', echoes?.[Math.floor(index / n)] ?? ''),
  };
}

function refuseWhatIsAbsent(body: CompletionRequest): void {
  if (body.suffix) {
    throw new ApiError(
      'BadRequestError',
      'suffix is given, which this server does not take: write the prompt in the form of the model',
      {
        param: 'suffix',
      },
    );
  }
  if (body.echo && body.stream) {
    throw new ApiError('BadRequestError', 'echo and stream are both true, allowed is one of them; leave out echo', {
      param: 'echo',
    });
  }
  if ((body.best_of ?? body.n ?? 1) !== (body.n ?? 1)) {
    throw new ApiError('BadRequestError', `best_of is ${body.best_of}, allowed is the value of n; leave it out`, {
      param: 'best_of',
    });
  }
}

async function promptsOf(model: ServedModel, body: CompletionRequest): Promise<Int32Array[]> {
  const { prompt } = body;
  const addSpecialTokens = body.add_special_tokens ?? true;
  if (typeof prompt === 'string') {
    return [await encodePrompt(model, prompt, addSpecialTokens)];
  }
  if (prompt.length === 0) {
    throw new ApiError(
      'BadRequestError',
      'prompt is empty, allowed is text, a list of texts, token ids or a list of those',
      {
        param: 'prompt',
      },
    );
  }
  const items: (string | number[])[] =
    typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
  return Promise.all(
    items.map((item) => (typeof item === 'string' ? encodePrompt(model, item, addSpecialTokens) : known(model, item))),
  );
}

function known(model: ServedModel, tokens: readonly number[]): Int32Array {
  const { vocabulary } = model.generator;
  const wrong = tokens.find((token) => token >= vocabulary);
  if (wrong !== undefined) {
    throw new ApiError('BadRequestError', `prompt has the token id ${wrong}, allowed are 0 to ${vocabulary - 1}`, {
      param: 'prompt',
    });
  }
  return Int32Array.from(tokens);
}

function decode(model: ServedModel, tokens: Int32Array): string {
  const decoder = model.codec.decoder({ skipSpecialTokens: true });
  return Array.from(tokens, (token) => decoder.push(token)).join('') + decoder.end();
}

class TextChoice implements Choice {
  private readonly text: string[];
  private logprobs: CompletionLogprobs;

  public constructor(
    private readonly model: ServedModel,
    private readonly wantsLogprobs: boolean,
    echo: string,
  ) {
    this.text = [echo];
    this.logprobs = new CompletionLogprobs(echo.length);
  }

  public first(): undefined {
    return undefined;
  }

  public delta(piece: OutputPiece, event: TokenEvent): string | undefined {
    if (piece.text === '' && !this.wantsLogprobs && piece.finish === undefined) {
      return undefined;
    }
    let logprobs = 'null';
    if (this.wantsLogprobs && event.token >= 0) {
      this.logprobs = this.logprobs.next();
      this.logprobs.push(event, this.model.codec);
      logprobs = JSON.stringify(this.logprobs);
    }
    return `"text":${JSON.stringify(piece.text)},"logprobs":${logprobs}`;
  }

  public add(piece: OutputPiece, event: TokenEvent): void {
    this.text.push(piece.text);
    if (this.wantsLogprobs && event.token >= 0) {
      this.logprobs.push(event, this.model.codec);
    }
  }

  public finish(reason: string): string {
    return reason;
  }

  public whole(): object {
    return { text: this.text.join(''), logprobs: this.wantsLogprobs ? this.logprobs : null };
  }
}
