import Type, { type Static } from 'typebox';

/** Bounds that keep one request from costing more than its tokens. */
export const LIMITS = {
  /** Sequences of one request. */
  n: 128,
  /** Stop strings, and characters of each. */
  stop: 32,
  stopLength: 1024,
  topLogprobs: 20,
  logitBias: 300,
  tools: 256,
  /** Messages of a chat: templates are interpreted, and hold other requests while they are. */
  messages: 4096,
  /** Sequences over all prompts of a request. */
  choices: 256,
  /** What the engine counts in. */
  int32: 2 ** 31 - 1,
} as const;

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Optional = <T extends Type.TSchema>(schema: T) => Type.Optional(Nullable(schema));

const Stop = Type.Union([
  Type.String({ maxLength: LIMITS.stopLength }),
  Type.Array(Type.String({ minLength: 1, maxLength: LIMITS.stopLength }), { maxItems: LIMITS.stop }),
]);

const JsonObject = Type.Record(Type.String(), Type.Unknown());

/** Ways to say the form of an answer. vLLM's names, at the top level and, for NIM 1.x, inside `nvext`. */
const Guided = {
  guided_json: Optional(Type.Union([Type.String(), JsonObject])),
  guided_regex: Optional(Type.String({ maxLength: 8192 })),
  guided_choice: Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 1024 })),
  guided_grammar: Optional(Type.String({ maxLength: 65_536 })),
};

const Sampling = {
  ignore_eos: Optional(Type.Boolean()),
  top_k: Optional(Type.Integer({ minimum: -1, maximum: LIMITS.int32 })),
  min_p: Optional(Type.Number({ minimum: 0, maximum: 1 })),
  repetition_penalty: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 2 })),
  min_tokens: Optional(Type.Integer({ minimum: 0, maximum: LIMITS.int32 })),
  stop_token_ids: Optional(Type.Array(Type.Integer({ minimum: 0, maximum: LIMITS.int32 }), { maxItems: 48 })),
  skip_special_tokens: Optional(Type.Boolean()),
  include_stop_str_in_output: Optional(Type.Boolean()),
};

export const ResponseFormat = Type.Union([
  Type.Object({ type: Type.Literal('text') }),
  Type.Object({ type: Type.Literal('json_object') }),
  Type.Object({
    type: Type.Literal('json_schema'),
    json_schema: Type.Object({
      name: Type.Optional(Type.String()),
      description: Optional(Type.String()),
      schema: Optional(JsonObject),
      strict: Optional(Type.Boolean()),
    }),
  }),
]);

const StructuredOutputs = Type.Object({
  json: Optional(Type.Union([Type.String(), JsonObject])),
  regex: Optional(Type.String({ maxLength: 8192 })),
  choice: Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 1024 })),
  grammar: Optional(Type.String({ maxLength: 65_536 })),
  json_object: Optional(Type.Boolean()),
});

/** What chat and text completions have in common. */
const Common = {
  model: Optional(Type.String()),
  max_tokens: Optional(Type.Integer({ minimum: 0 })),
  temperature: Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  n: Optional(Type.Integer({ minimum: 1, maximum: LIMITS.n })),
  seed: Optional(Type.Integer({ minimum: -(2 ** 63), maximum: 2 ** 64 })),
  stop: Optional(Stop),
  stream: Optional(Type.Boolean()),
  stream_options: Optional(
    Type.Object({ include_usage: Optional(Type.Boolean()), continuous_usage_stats: Optional(Type.Boolean()) }),
  ),
  presence_penalty: Optional(Type.Number({ minimum: -2, maximum: 2 })),
  frequency_penalty: Optional(Type.Number({ minimum: -2, maximum: 2 })),
  logit_bias: Optional(Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }))),
  priority: Optional(Type.Integer({ minimum: -8, maximum: 7 })),
  user: Optional(Type.String()),
  response_format: Optional(ResponseFormat),
  structured_outputs: Optional(StructuredOutputs),
  nvext: Optional(Type.Object({ ...Sampling, ...Guided })),
  ...Sampling,
  ...Guided,
};

const ContentPart = Type.Object({ type: Type.String(), text: Type.Optional(Type.String()) });

const ToolCall = Type.Object({
  id: Type.Optional(Type.String()),
  type: Type.Optional(Type.Literal('function')),
  function: Type.Object({ name: Type.String(), arguments: Type.String() }),
});

export const ChatMessage = Type.Object({
  role: Type.Union([
    Type.Literal('system'),
    Type.Literal('developer'),
    Type.Literal('user'),
    Type.Literal('assistant'),
    Type.Literal('tool'),
  ]),
  content: Optional(Type.Union([Type.String(), Type.Array(ContentPart)])),
  name: Optional(Type.String()),
  tool_calls: Optional(Type.Array(ToolCall)),
  tool_call_id: Optional(Type.String()),
});

export const Tool = Type.Object({
  type: Type.Literal('function'),
  function: Type.Object({
    name: Type.String({ pattern: '^[a-zA-Z0-9_.-]{1,64}$' }),
    description: Optional(Type.String()),
    parameters: Optional(JsonObject),
    strict: Optional(Type.Boolean()),
  }),
});

export const ChatCompletionRequest = Type.Object({
  ...Common,
  messages: Type.Array(ChatMessage, { minItems: 1, maxItems: LIMITS.messages }),
  max_completion_tokens: Optional(Type.Integer({ minimum: 0 })),
  logprobs: Optional(Type.Boolean()),
  top_logprobs: Optional(Type.Integer({ minimum: 0, maximum: LIMITS.topLogprobs })),
  tools: Optional(Type.Array(Tool, { maxItems: LIMITS.tools })),
  tool_choice: Optional(
    Type.Union([
      Type.Union([Type.Literal('none'), Type.Literal('auto'), Type.Literal('required')]),
      Type.Object({ type: Type.Literal('function'), function: Type.Object({ name: Type.String() }) }),
    ]),
  ),
  parallel_tool_calls: Optional(Type.Boolean()),
  add_generation_prompt: Optional(Type.Boolean()),
  continue_final_message: Optional(Type.Boolean()),
  chat_template_kwargs: Optional(JsonObject),
});

export const CompletionRequest = Type.Object({
  ...Common,
  prompt: Type.Union([
    Type.String(),
    Type.Array(Type.Integer({ minimum: 0 })),
    Type.Array(Type.String(), { maxItems: 64 }),
    Type.Array(Type.Array(Type.Integer({ minimum: 0 })), { maxItems: 64 }),
  ]),
  echo: Optional(Type.Boolean()),
  logprobs: Optional(Type.Integer({ minimum: 0, maximum: LIMITS.topLogprobs })),
  best_of: Optional(Type.Integer({ minimum: 1, maximum: LIMITS.n })),
  suffix: Optional(Type.String()),
  add_special_tokens: Optional(Type.Boolean()),
});

export type ChatCompletionRequest = Static<typeof ChatCompletionRequest>;
export type CompletionRequest = Static<typeof CompletionRequest>;
export type ChatMessage = Static<typeof ChatMessage>;
export type Tool = Static<typeof Tool>;
export type ResponseFormat = Static<typeof ResponseFormat>;
/** Fields that sampling reads, of either request. */
export type SamplingRequest = Omit<ChatCompletionRequest & CompletionRequest, 'messages' | 'prompt' | 'logprobs'>;
