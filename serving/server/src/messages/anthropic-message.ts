import { randomUUID } from 'node:crypto';
import type { ApiError } from '../openai/api-error.js';
import type { MessageEnd, MessageForm, NamedEvent } from '../openai/message-answer.js';
import { type AnswerPart, parseJson, type ToolCall } from '../tools/answer-parser.js';
import { messagesError } from './error.js';

/** The answer of POST /v1/messages: a message of blocks, one for text in one piece and one for each call of a tool. */
export class AnthropicMessage implements MessageForm {
  private readonly id = `msg_${hex()}`;
  private readonly content: object[] = [];
  private text: string | undefined;
  private called = false;
  private stop: { readonly stop_reason: string | null; readonly stop_sequence: string | null } = {
    stop_reason: null,
    stop_sequence: null,
  };
  private usage: object = {};

  public constructor(private readonly model: string) {}

  public begin(promptTokens: number): NamedEvent[] {
    this.usage = { input_tokens: promptTokens, output_tokens: 0 };
    return [event('message_start', { message: this.whole() })];
  }

  public part(part: AnswerPart): NamedEvent[] {
    return 'content' in part ? this.write(part.content) : this.call(part.call);
  }

  public end({ reason, stopString, usage }: MessageEnd): NamedEvent[] {
    const closed = this.closeText();
    const why = this.called ? 'tool_use' : reason === 'length' ? 'max_tokens' : 'end_turn';
    this.stop =
      stopString === undefined
        ? { stop_reason: why, stop_sequence: null }
        : { stop_reason: 'stop_sequence', stop_sequence: stopString };
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    this.usage = {
      input_tokens: usage.prompt_tokens - cached,
      cache_read_input_tokens: cached,
      output_tokens: usage.completion_tokens,
    };
    return [...closed, event('message_delta', { delta: this.stop, usage: this.usage }), event('message_stop', {})];
  }

  public failed(error: ApiError): NamedEvent[] {
    return [messagesError(error)];
  }

  public whole(): object {
    return {
      id: this.id,
      type: 'message',
      role: 'assistant',
      model: this.model,
      content: [...this.content],
      ...this.stop,
      usage: this.usage,
    };
  }

  private write(delta: string): NamedEvent[] {
    const begin =
      this.text === undefined ? [event('content_block_start', { ...this.place(), content_block: textBlock('') })] : [];
    this.text = (this.text ?? '') + delta;
    return [...begin, event('content_block_delta', { ...this.place(), delta: { type: 'text_delta', text: delta } })];
  }

  private closeText(): NamedEvent[] {
    if (this.text === undefined) {
      return [];
    }
    const stop = event('content_block_stop', this.place());
    this.content.push(textBlock(this.text));
    this.text = undefined;
    return [stop];
  }

  private call({ name, arguments: given }: ToolCall): NamedEvent[] {
    const closed = this.closeText();
    this.called = true;
    const block = { type: 'tool_use', id: `toolu_${hex().slice(0, 24)}`, name };
    const events = [
      event('content_block_start', { ...this.place(), content_block: { ...block, input: {} } }),
      event('content_block_delta', { ...this.place(), delta: { type: 'input_json_delta', partial_json: given } }),
      event('content_block_stop', this.place()),
    ];
    this.content.push({ ...block, input: parseJson(given) ?? {} });
    return [...closed, ...events];
  }

  private place(): { readonly index: number } {
    return { index: this.content.length };
  }
}

const hex = () => randomUUID().replaceAll('-', '');

const textBlock = (text: string) => ({ type: 'text', text });

const event = (type: string, fields: object): NamedEvent => ({ type, ...fields });
