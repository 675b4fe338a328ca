import Type, { type Static } from 'typebox';
import { LIMITS } from '../openai/schemas.js';

const Optional = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const JsonObject = Type.Record(Type.String(), Type.Unknown());

const Content = Type.Union([
  Type.String(),
  Type.Array(Type.Object({ type: Type.String(), text: Type.Optional(Type.String()) })),
]);

/** A message, a call of a tool, its result, or what a model thought. `type` is left out of messages by many clients. */
const InputItem = Type.Object({
  type: Optional(Type.String()),
  role: Type.Optional(
    Type.Union([Type.Literal('user'), Type.Literal('assistant'), Type.Literal('system'), Type.Literal('developer')]),
  ),
  content: Optional(Content),
  call_id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  arguments: Type.Optional(Type.String()),
  output: Type.Optional(Content),
});

const FunctionTool = Type.Object({
  type: Type.String(),
  name: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9_.-]{1,64}$' })),
  description: Optional(Type.String()),
  parameters: Optional(JsonObject),
  strict: Optional(Type.Boolean()),
});

const Format = Type.Union([
  Type.Object({ type: Type.Literal('text') }),
  Type.Object({ type: Type.Literal('json_object') }),
  Type.Object({
    type: Type.Literal('json_schema'),
    name: Type.String(),
    schema: JsonObject,
    description: Optional(Type.String()),
    strict: Optional(Type.Boolean()),
  }),
]);

export const ResponsesRequest = Type.Object({
  model: Optional(Type.String()),
  input: Type.Union([Type.String(), Type.Array(InputItem, { minItems: 1, maxItems: LIMITS.messages })]),
  instructions: Optional(Type.String()),
  max_output_tokens: Optional(Type.Integer({ minimum: 1 })),
  temperature: Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  stream: Optional(Type.Boolean()),
  tools: Optional(Type.Array(FunctionTool, { maxItems: LIMITS.tools })),
  tool_choice: Optional(
    Type.Union([
      Type.Union([Type.Literal('none'), Type.Literal('auto'), Type.Literal('required')]),
      Type.Object({ type: Type.Literal('function'), name: Type.String() }),
    ]),
  ),
  parallel_tool_calls: Optional(Type.Boolean()),
  text: Optional(Type.Object({ format: Optional(Format) })),
  background: Optional(Type.Boolean()),
  previous_response_id: Optional(Type.String()),
  store: Optional(Type.Boolean()),
  truncation: Optional(Type.Union([Type.Literal('auto'), Type.Literal('disabled')])),
  metadata: Optional(JsonObject),
  user: Optional(Type.String()),
});

export type ResponsesRequest = Static<typeof ResponsesRequest>;
