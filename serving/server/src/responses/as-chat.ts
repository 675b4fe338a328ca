import { ApiError } from '../openai/api-error.js';
import type { ChatCompletionRequest, ChatMessage, Tool } from '../openai/schemas.js';
import type { ResponsesRequest } from './schema.js';

/**
 * A request of the Responses API as the chat completion that it asks for.
 *
 * @throws ApiError for what needs a server that keeps answers, or tools that run on it
 */
export function asChat(body: ResponsesRequest): ChatCompletionRequest {
  refuseWhatIsAbsent(body);
  const { tool_choice: choice, text } = body;
  const format = text?.format;
  return {
    model: body.model,
    messages: messagesOf(body),
    max_completion_tokens: body.max_output_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    tools: body.tools?.map(toolOf),
    tool_choice: typeof choice === 'object' && choice ? { type: 'function', function: { name: choice.name } } : choice,
    parallel_tool_calls: body.parallel_tool_calls,
    response_format: format?.type === 'json_schema' ? { type: 'json_schema', json_schema: format } : format,
  };
}

function refuseWhatIsAbsent(body: ResponsesRequest): void {
  const refuse = (param: string, given: unknown, instead: string) => {
    throw new ApiError(
      'BadRequestError',
      `${param} is ${JSON.stringify(given)}, which this server does not take: ${instead}`,
      {
        param,
      },
    );
  };
  if (body.background) {
    refuse('background', true, 'leave it out, and wait for the answer or stream it');
  }
  if (body.previous_response_id) {
    refuse(
      'previous_response_id',
      body.previous_response_id,
      'no answer is kept; send the whole conversation as input',
    );
  }
  if (body.truncation === 'auto') {
    refuse('truncation', 'auto', 'leave it out, and shorten the input');
  }
}

function messagesOf({ input, instructions }: ResponsesRequest): ChatMessage[] {
  const messages: ChatMessage[] = instructions ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') {
    return [...messages, { role: 'user', content: input }];
  }
  for (const [index, item] of input.entries()) {
    const before = messages.at(-1);
    switch (item.type ?? 'message') {
      case 'message':
        messages.push({ role: item.role ?? 'user', content: contentOf(item.content, `input[${index}].content`) });
        break;
      case 'function_call': {
        const called = { id: item.call_id, type: 'function' as const, function: callOf(item, index) };
        if (before?.role === 'assistant') {
          before.tool_calls = [...(before.tool_calls ?? []), called];
        } else {
          messages.push({ role: 'assistant', content: '', tool_calls: [called] });
        }
        break;
      }
      case 'function_call_output':
        messages.push({
          role: 'tool',
          tool_call_id: item.call_id,
          content: contentOf(item.output, `input[${index}].output`),
        });
        break;
      case 'reasoning':
        break; // What a model thought is not told to it again.
      default:
        throw new ApiError(
          'BadRequestError',
          `input[${index}].type is "${item.type}", allowed are message, function_call, function_call_output and reasoning`,
          { param: `input[${index}].type` },
        );
    }
  }
  return messages;
}

type Item = Exclude<ResponsesRequest['input'], string>[number];

function callOf({ name, arguments: given }: Item, index: number): { name: string; arguments: string } {
  if (name === undefined || given === undefined) {
    throw new ApiError('BadRequestError', `input[${index}] is a function_call without name or arguments; give both`, {
      param: `input[${index}]`,
    });
  }
  return { name, arguments: given };
}

/** Parts keep their text; the chat template refuses what is none. */
function contentOf(content: Item['content'], place: string): ChatMessage['content'] {
  if (!Array.isArray(content)) {
    return content;
  }
  return content.map(({ type, text }, at) => {
    if (text === undefined || !type.endsWith('text')) {
      throw new ApiError(
        'BadRequestError',
        `${place}[${at}].type is "${type}", allowed are input_text and output_text`,
        {
          param: `${place}[${at}].type`,
        },
      );
    }
    return { type: 'text', text };
  });
}

function toolOf({ type, name, ...rest }: NonNullable<ResponsesRequest['tools']>[number], index: number): Tool {
  if (type !== 'function' || name === undefined) {
    throw new ApiError(
      'BadRequestError',
      `tools[${index}].type is "${type}"${name === undefined ? ' without a name' : ''}, allowed is function with a name: no tool runs on this server`,
      { param: `tools[${index}].type` },
    );
  }
  return { type, function: { name, ...rest } };
}
