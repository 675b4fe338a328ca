import { randomUUID } from 'node:crypto';
import type { TokenEvent } from '../generation/port.js';
import type { OutputPiece } from '../generation/text-output.js';
import type { AnswerParser, AnswerPart, ToolCall } from '../tools/answer-parser.js';
import { chatGeneration } from './chat-generation.js';
import type { Choice, CompletionKind } from './completion-kind.js';
import { chatLogprob } from './logprobs.js';
import type { ChatCompletionRequest } from './schemas.js';
import type { ServedModel } from './service.js';

/** A chat completion: messages in, a message out. */
export async function chatCompletion(model: ServedModel, body: ChatCompletionRequest): Promise<CompletionKind> {
  const { n, start, parser } = await chatGeneration(model, body);
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    chunkObject: 'chat.completion.chunk',
    choices: n,
    start,
    choice: () => new ChatChoice(model, parser(), body.logprobs ?? false),
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
