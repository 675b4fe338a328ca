import { ApiError } from '../openai/api-error.js';
import type { ChatCompletionRequest, ChatMessage } from '../openai/schemas.js';
import type { CountTokensRequest, MessagesRequest } from './schema.js';

type Block = Exclude<MessagesRequest['messages'][number]['content'], string>[number];

/**
 * A request of the Messages API as the chat completion that it asks for.
 *
 * @throws ApiError for blocks that are no text and no tools
 */
export function asChat(body: MessagesRequest): ChatCompletionRequest {
  return {
    ...conversation(body),
    max_tokens: body.max_tokens,
    stop: body.stop_sequences,
    temperature: body.temperature,
    top_p: body.top_p,
    top_k: body.top_k,
    tool_choice: choiceOf(body.tool_choice),
    parallel_tool_calls: !body.tool_choice?.disable_parallel_tool_use,
  };
}

/** What of a request is in its prompt. */
export function conversation(body: CountTokensRequest): Pick<ChatCompletionRequest, 'model' | 'messages'> & {
  readonly tools?: NonNullable<ChatCompletionRequest['tools']>;
} {
  const system = body.system ? [{ role: 'system' as const, content: textOf(body.system, 'system') }] : [];
  return {
    model: body.model,
    messages: [
      ...system,
      ...body.messages.flatMap(({ role, content }, at) => messagesOf(role, content, `messages[${at}].content`)),
    ],
    tools: body.tools?.map(({ name, description, input_schema: parameters }) => ({
      type: 'function' as const,
      function: { name, description, parameters },
    })),
  };
}

function choiceOf(choice: MessagesRequest['tool_choice']): ChatCompletionRequest['tool_choice'] {
  if (!choice) {
    return undefined;
  }
  switch (choice.type) {
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice.name ?? '' } };
    default:
      return choice.type;
  }
}

/** Results of tools stand before the text of the turn that brings them. */
function messagesOf(role: 'user' | 'assistant', content: string | readonly Block[], place: string): ChatMessage[] {
  if (typeof content === 'string') {
    return [{ role, content }];
  }
  const [texts, calls, results]: [string[], NonNullable<ChatMessage['tool_calls']>, ChatMessage[]] = [[], [], []];
  for (const [at, block] of content.entries()) {
    if (block.type === 'text') {
      texts.push(block.text ?? '');
    } else if (block.type === 'tool_use' && role === 'assistant' && block.name !== undefined) {
      const given = JSON.stringify(block.input ?? {});
      calls.push({ id: block.id, type: 'function', function: { name: block.name, arguments: given } });
    } else if (block.type === 'tool_result' && role === 'user') {
      const result = textOf(block.content ?? '', `${place}[${at}].content`);
      results.push({ role: 'tool', tool_call_id: block.tool_use_id, content: result });
    } else if (!block.type.endsWith('thinking')) {
      // What a model thought is not told to it again; anything else is no text.
      throw notText(block.type, `${place}[${at}].type`, role === 'user' ? 'text and tool_result' : 'text and tool_use');
    }
  }
  const text = texts.join('\n');
  if (calls.length > 0) {
    return [{ role, content: text, tool_calls: calls }];
  }
  return texts.length > 0 || results.length === 0 ? [...results, { role, content: text }] : results;
}

function textOf(content: string | readonly { type: string; text?: string }[], place: string): string {
  if (typeof content === 'string') {
    return content;
  }
  return content
    .map(({ type, text }, at) => {
      if (type !== 'text' || text === undefined) {
        throw notText(type, `${place}[${at}].type`, 'text');
      }
      return text;
    })
    .join('\n');
}

const notText = (type: string, param: string, allowed: string) =>
  new ApiError('BadRequestError', `${param} is "${type}", allowed is ${allowed}`, { param });
