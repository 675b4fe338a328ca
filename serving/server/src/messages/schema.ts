import Type, { type Static } from 'typebox';
import { LIMITS } from '../openai/schemas.js';

const Optional = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const JsonObject = Type.Record(Type.String(), Type.Unknown());

const TextBlock = Type.Object({ type: Type.String(), text: Type.Optional(Type.String()) });

/** Text, the call of a tool, its result, or a kind that is refused by name. */
const Block = Type.Object({
  type: Type.String(),
  text: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  input: Type.Optional(JsonObject),
  tool_use_id: Type.Optional(Type.String()),
  content: Type.Optional(Type.Union([Type.String(), Type.Array(TextBlock)])),
  is_error: Type.Optional(Type.Boolean()),
});

const Conversation = {
  model: Optional(Type.String()),
  messages: Type.Array(
    Type.Object({
      role: Type.Union([Type.Literal('user'), Type.Literal('assistant')]),
      content: Type.Union([Type.String(), Type.Array(Block)]),
    }),
    { minItems: 1, maxItems: LIMITS.messages },
  ),
  system: Optional(Type.Union([Type.String(), Type.Array(TextBlock)])),
  tools: Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ pattern: '^[a-zA-Z0-9_.-]{1,64}$' }),
        description: Optional(Type.String()),
        input_schema: Type.Optional(JsonObject),
      }),
      { maxItems: LIMITS.tools },
    ),
  ),
  tool_choice: Optional(
    Type.Object({
      type: Type.Union([Type.Literal('auto'), Type.Literal('any'), Type.Literal('tool'), Type.Literal('none')]),
      name: Type.Optional(Type.String()),
      disable_parallel_tool_use: Type.Optional(Type.Boolean()),
    }),
  ),
};

export const MessagesRequest = Type.Object({
  ...Conversation,
  max_tokens: Type.Integer({ minimum: 1 }),
  stop_sequences: Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: LIMITS.stopLength }), { maxItems: LIMITS.stop }),
  ),
  stream: Optional(Type.Boolean()),
  temperature: Optional(Type.Number({ minimum: 0, maximum: 1 })),
  top_p: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  top_k: Optional(Type.Integer({ minimum: 0 })),
});

export const CountTokensRequest = Type.Object(Conversation);

export type MessagesRequest = Static<typeof MessagesRequest>;
export type CountTokensRequest = Static<typeof CountTokensRequest>;
