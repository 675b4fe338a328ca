import { randomUUID } from 'node:crypto';
import type { TokenEvent } from '../generation/port.js';
import { Run } from '../generation/run.js';
import type { OutputPiece } from '../generation/text-output.js';
import { grammarOf } from '../grammar/grammar-spec.js';
import type { AnswerParser, AnswerPart, ToolCall } from '../tools/answer-parser.js';
import { toolUse } from '../tools/tool-choice.js';
import { ApiError } from './api-error.js';
import { type Choice, type CompletionKind, stopsOf } from './completion-kind.js';
import { chatLogprob } from './logprobs.js';
import { samplingOf } from './sampling.js';
import type { ChatCompletionRequest } from './schemas.js';
import { checkModel, grammarsFor, outputTokens, type ServedModel } from './service.js';

/** A chat completion: messages in, a message out. */
export async function chatCompletion(model: ServedModel, body: ChatCompletionRequest): Promise<CompletionKind> {
  checkModel(model, body.model);
  if (!model.template) {
    throw new ApiError('BadRequestError', `${model.names[0]} has no chat template; use POST /v1/completions`);
  }
  const use = toolUse(body, model.toolParser);
  const grammar = grammarOf(body);
  if (grammar && use.grammar) {
    throw new ApiError('BadRequestError', 'tool_choice and a form of the answer are given, allowed is one of them', {
      param: 'tool_choice',
    });
  }
  const text = model.template.render(body.messages, {
    tools: use.tools,
    addGenerationPrompt: body.add_generation_prompt ?? true,
    variables: body.chat_template_kwargs ?? undefined,
  });
  const prompt = await model.codec.encode(text, { addSpecialTokens: false });
  const field = body.max_completion_tokens ? 'max_completion_tokens' : 'max_tokens';
  const maxTokens = outputTokens(model, prompt.length, body.max_completion_tokens ?? body.max_tokens, field);
  const wantsLogprobs = body.logprobs ?? false;
  const sampling = samplingOf(body, wantsLogprobs ? (body.top_logprobs ?? 0) : -1, model);
  const n = body.n ?? 1;
  const stops = stopsOf(body);
  const output = use.specialTokens ? { ...stops, skipSpecialTokens: false } : stops;
  const grammars = await grammarsFor(model, use.grammar ?? grammar, n);
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    chunkObject: 'chat.completion.chunk',
    choices: n,
    start: (onPiece, observer) =>
      new Run(
        model.generator,
        model.codec,
        { prompts: [prompt], n, maxTokens, sampling, grammars, priority: body.priority ?? undefined, output },
        onPiece,
        observer,
      ),
    choice: () => new ChatChoice(model, use.parser(), wantsLogprobs),
  };
}

class ChatChoice implements Choice {
  /** Tool calls so far. */
  private called = 0;
  private readonly content: string[] = [];
  private readonly calls: object[] = [];
  private readonly logprobs: object[] = [];

  public constructor(
    private readonly model: ServedModel,
    private readonly parser: AnswerParser,
    private readonly wantsLogprobs: boolean,
  ) {}

  public first(): string {
    return '"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null';
  }

  public delta(piece: OutputPiece, event: TokenEvent): string | undefined {
    const logprobs = this.logprobsOf(event);
    const parts = this.take(piece);
    if (parts.length === 0 && !logprobs && piece.finish === undefined) {
      return undefined;
    }
    return `"delta":${this.deltaOf(parts)},"logprobs":${logprobs ? JSON.stringify({ content: [logprobs] }) : 'null'}`;
  }

  public add(piece: OutputPiece, event: TokenEvent): void {
    for (const part of this.take(piece)) {
      if ('content' in part) {
        this.content.push(part.content);
      } else {
        this.called++;
        this.calls.push(toolCall(part.call));
      }
    }
    const logprobs = this.logprobsOf(event);
    if (logprobs) {
      this.logprobs.push(logprobs);
    }
  }

  public whole(): object {
    const content = this.content.join('');
    return {
      message: {
        role: 'assistant',
        content: content === '' && this.calls.length > 0 ? null : content,
        refusal: null,
        tool_calls: this.calls,
      },
      logprobs: this.wantsLogprobs ? { content: this.logprobs } : null,
    };
  }

  public finish(reason: string): string {
    return reason === 'stop' && this.called > 0 ? 'tool_calls' : reason;
  }

  private take(piece: OutputPiece): AnswerPart[] {
    const parts = this.parser.push(piece.text);
    return piece.finish === undefined ? parts : [...parts, ...this.parser.end()];
  }

  private deltaOf(parts: readonly AnswerPart[]): string {
    const [only] = parts;
    if (parts.length === 1 && only && 'content' in only) {
      return `{"content":${JSON.stringify(only.content)}}`;
    }
    const content = parts.map((part) => ('content' in part ? part.content : '')).join('');
    const calls = parts.flatMap((part) => ('call' in part ? [{ index: this.called++, ...toolCall(part.call) }] : []));
    return JSON.stringify({
      ...(content === '' ? {} : { content }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    });
  }

  private logprobsOf(event: TokenEvent): object | undefined {
    return this.wantsLogprobs && event.token >= 0 ? chatLogprob(event, this.model.codec) : undefined;
  }
}

function toolCall(call: ToolCall): object {
  return { id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`, type: 'function', function: call };
}
