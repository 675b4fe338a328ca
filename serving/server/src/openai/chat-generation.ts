import type { TokenEvent } from '../generation/port.js';
import { Run, type RunObserver } from '../generation/run.js';
import type { OutputPiece } from '../generation/text-output.js';
import { grammarOf } from '../grammar/grammar-spec.js';
import type { AnswerParser } from '../tools/answer-parser.js';
import { toolUse } from '../tools/tool-choice.js';
import { ApiError } from './api-error.js';
import { stopsOf } from './completion-kind.js';
import { samplingOf } from './sampling.js';
import type { ChatCompletionRequest, Tool } from './schemas.js';
import { checkModel, encodePrompt, grammarsFor, outputTokens, type ServedModel } from './service.js';

/** Messages that are to be answered, in whatever form the answer is sent. */
export interface ChatGeneration {
  /** Choices of the answer. */
  readonly n: number;
  readonly promptTokens: number;
  /** Begins the generation, once. */
  start(onPiece: (choice: number, piece: OutputPiece, event: TokenEvent) => void, observer?: RunObserver): Run;
  /** Reads the text of one choice. */
  parser(): AnswerParser;
}

/** @throws ApiError for what the model or this server does not take */
export async function chatGeneration(model: ServedModel, body: ChatCompletionRequest): Promise<ChatGeneration> {
  checkModel(model, body.model);
  const use = toolUse(body, model.toolParser);
  const grammar = grammarOf(body);
  if (grammar && use.grammar) {
    throw new ApiError('BadRequestError', 'tool_choice and a form of the answer are given, allowed is one of them', {
      param: 'tool_choice',
    });
  }
  const prompt = await chatPrompt(model, body, use.tools);
  const field = body.max_completion_tokens ? 'max_completion_tokens' : 'max_tokens';
  const maxTokens = outputTokens(model, prompt.length, body.max_completion_tokens ?? body.max_tokens, field);
  const sampling = samplingOf(body, body.logprobs ? (body.top_logprobs ?? 0) : -1, model);
  const n = body.n ?? 1;
  const stops = stopsOf(body);
  const output = use.specialTokens ? { ...stops, skipSpecialTokens: false } : stops;
  const grammars = await grammarsFor(model, use.grammar ?? grammar, n, sampling.minTokens);
  const priority = body.priority ?? undefined;
  return {
    n,
    promptTokens: prompt.length,
    start: (onPiece, observer) =>
      new Run(
        model.generator,
        model.codec,
        { prompts: [prompt], n, maxTokens, sampling, grammars, priority, output },
        onPiece,
        observer,
      ),
    parser: () => use.parser(),
  };
}

/** The tokens of messages, as the model's template writes them. */
export function chatPrompt(
  model: ServedModel,
  body: Pick<ChatCompletionRequest, 'messages' | 'add_generation_prompt' | 'chat_template_kwargs'>,
  tools: readonly Tool[],
): Promise<Int32Array> {
  if (!model.template) {
    throw new ApiError('BadRequestError', `${model.names[0]} has no chat template; use POST /v1/completions`);
  }
  const text = model.template.render(body.messages, {
    tools,
    addGenerationPrompt: body.add_generation_prompt ?? true,
    variables: body.chat_template_kwargs ?? undefined,
  });
  return encodePrompt(model, text, false);
}
