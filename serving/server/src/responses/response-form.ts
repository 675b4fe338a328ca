import { randomUUID } from 'node:crypto';
import type { ApiError } from '../openai/api-error.js';
import type { MessageEnd, MessageForm, NamedEvent } from '../openai/message-answer.js';
import type { AnswerPart, ToolCall } from '../tools/answer-parser.js';
import type { ResponsesRequest } from './schema.js';

interface TextItem {
  readonly id: string;
  text: string;
}

/** The answer of POST /v1/responses: text is one item of the output, each call of a tool another. */
export class ResponseForm implements MessageForm {
  private readonly output: object[] = [];
  private readonly id = `resp_${hex()}`;
  private readonly created = Math.floor(Date.now() / 1000);
  private sequence = 0;
  private message: TextItem | undefined;
  private status: 'in_progress' | 'completed' | 'incomplete' | 'failed' = 'in_progress';
  private usage: object | null = null;
  private error: object | null = null;

  public constructor(
    private readonly request: ResponsesRequest,
    private readonly model: string,
  ) {}

  public begin(): NamedEvent[] {
    const response = this.whole();
    return ['response.created', 'response.in_progress'].map((type) => this.event(type, { response }));
  }

  public part(part: AnswerPart): NamedEvent[] {
    return 'content' in part ? this.text(part.content) : this.call(part.call);
  }

  public end({ reason, usage }: MessageEnd): NamedEvent[] {
    // An answer of nothing is a message of nothing.
    const empty = this.output.length === 0 && !this.message ? this.text('') : [];
    const closed = this.closeMessage();
    this.status = reason === 'length' ? 'incomplete' : 'completed';
    this.usage = {
      input_tokens: usage.prompt_tokens,
      input_tokens_details: { cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0 },
      output_tokens: usage.completion_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.total_tokens,
    };
    return [...empty, ...closed, this.event(`response.${this.status}`, { response: this.whole() })];
  }

  public failed(error: ApiError): NamedEvent[] {
    const closed = this.closeMessage();
    this.status = 'failed';
    this.error = { code: 'server_error', message: error.message };
    return [...closed, this.event('response.failed', { response: this.whole() })];
  }

  public whole(): object {
    const request: ResponsesRequest = this.request;
    return {
      id: this.id,
      object: 'response',
      created_at: this.created,
      status: this.status,
      background: false,
      error: this.error,
      incomplete_details: this.status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      instructions: request.instructions ?? null,
      max_output_tokens: request.max_output_tokens ?? null,
      model: this.model,
      output: [...this.output],
      parallel_tool_calls: request.parallel_tool_calls ?? true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: false,
      temperature: request.temperature ?? null,
      text: request.text ?? { format: { type: 'text' } },
      tool_choice: request.tool_choice ?? 'auto',
      tools: request.tools ?? [],
      top_p: request.top_p ?? null,
      truncation: 'disabled',
      usage: this.usage,
      user: request.user ?? null,
      metadata: request.metadata ?? {},
    };
  }

  private text(delta: string): NamedEvent[] {
    const events: NamedEvent[] = [];
    if (!this.message) {
      this.message = { id: `msg_${hex()}`, text: '' };
      events.push(
        this.event('response.output_item.added', {
          ...this.place(),
          item: messageItem(this.message, 'in_progress', []),
        }),
        this.event('response.content_part.added', { ...this.textPlace(this.message), part: textPart('') }),
      );
    }
    this.message.text += delta;
    if (delta !== '') {
      events.push(this.event('response.output_text.delta', { ...this.textPlace(this.message), delta, logprobs: [] }));
    }
    return events;
  }

  private closeMessage(): NamedEvent[] {
    const { message } = this;
    if (!message) {
      return [];
    }
    const part = textPart(message.text);
    const item = messageItem(message, 'completed', [part]);
    const place = this.textPlace(message);
    const events = [
      this.event('response.output_text.done', { ...place, text: message.text, logprobs: [] }),
      this.event('response.content_part.done', { ...place, part }),
      this.event('response.output_item.done', { ...this.place(), item }),
    ];
    this.output.push(item);
    this.message = undefined;
    return events;
  }

  private call({ name, arguments: given }: ToolCall): NamedEvent[] {
    const closed = this.closeMessage();
    const id = `fc_${hex()}`;
    const item = { id, type: 'function_call', call_id: `call_${hex()}`, name, arguments: given, status: 'completed' };
    const place = { ...this.place(), item_id: id };
    const events = [
      this.event('response.output_item.added', {
        ...this.place(),
        item: { ...item, arguments: '', status: 'in_progress' },
      }),
      this.event('response.function_call_arguments.delta', { ...place, delta: given }),
      this.event('response.function_call_arguments.done', { ...place, name, arguments: given }),
      this.event('response.output_item.done', { ...this.place(), item }),
    ];
    this.output.push(item);
    return [...closed, ...events];
  }

  private place(): { readonly output_index: number } {
    return { output_index: this.output.length };
  }

  private textPlace({ id }: TextItem): object {
    return { ...this.place(), item_id: id, content_index: 0 };
  }

  private event(type: string, fields: object): NamedEvent {
    return { type, sequence_number: this.sequence++, ...fields } as NamedEvent;
  }
}

const hex = () => randomUUID().replaceAll('-', '');

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

function messageItem({ id }: TextItem, status: string, content: readonly object[]): object {
  return { id, type: 'message', status, role: 'assistant', content };
}
