import type { SwaggerTransform } from '@fastify/swagger';
import Type from 'typebox';
import type { ApiLine } from '../openai/api-error.js';

const FIELDS = {
  message: Type.String(),
  type: Type.String(),
  param: Type.Union([Type.String(), Type.Null()]),
  code: Type.Integer(),
};

/** The shape of errors, as `errorBody` makes them. */
const SHAPE = {
  '1': Type.Object({ object: Type.Literal('error'), ...FIELDS }),
  '2': Type.Object({ error: Type.Object(FIELDS) }),
} as const;

/**
 * Says in the OpenAPI document what each route answers: its form, and that of its errors. Fastify itself is told nothing: it
 * would write answers by these schemas.
 */
export function documentAnswers(line: ApiLine): SwaggerTransform {
  return ({ schema, url, route }) => {
    const own = route.config !== undefined && 'errorBody' in route.config;
    const shape = own ? Type.Object({ error: Type.Object({ message: Type.String() }) }) : SHAPE[line];
    const error = { description: 'What is wrong, and what to do', ...shape };
    const content = Object.fromEntries(formsOf(url, schema.body).map((form) => [form, { schema: {} }]));
    return {
      url,
      schema: { ...schema, response: { 200: { description: 'The answer', content }, '4xx': error, '5xx': error } },
    };
  };
}

function formsOf(url: string, body: unknown): string[] {
  if (url.endsWith('/metrics')) {
    return ['text/plain'];
  }
  const streams = 'stream' in ((body as { properties?: object } | undefined)?.properties ?? {});
  return streams ? ['application/json', 'text/event-stream'] : ['application/json'];
}
