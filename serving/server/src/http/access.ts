import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../openai/api-error.js';

export interface CorsOptions {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
}

/** Lets browsers of the given origins call the API, and answers their preflight requests. */
export function allowBrowsers(app: FastifyInstance, options: CorsOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined) {
      return;
    }
    const any = options.origins.includes('*');
    if (any || options.origins.includes(origin)) {
      reply.header('access-control-allow-origin', any ? '*' : origin);
      if (!any) {
        reply.header('vary', 'Origin');
      }
    }
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      reply
        .header('access-control-allow-methods', options.methods.join(', '))
        .header('access-control-allow-headers', options.headers.join(', '))
        .header('access-control-max-age', String(options.maxAge));
      return reply.code(204).send();
    }
  });
}

/**
 * Demands a key on the routes that compute. GET /v1/models stays open: the NIM Operator reads it without one, and a
 * NIMService whose models it cannot read never becomes ready.
 */
export function demandKey(app: FastifyInstance, key: string): void {
  const expected = hash(key);
  const holds = (given: unknown) => typeof given === 'string' && timingSafeEqual(hash(given), expected);
  app.addHook('onRequest', async (request) => {
    const { authorization, 'x-api-key': own } = request.headers;
    const computes = request.method === 'POST';
    if (computes && !holds(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1]) && !holds(own)) {
      throw new ApiError(
        'AuthenticationError',
        'the key is absent or wrong, allowed is the one that this server was started with; send it as Authorization: Bearer KEY, or as x-api-key',
      );
    }
  });
}

const hash = (text: string) => createHash('sha256').update(text).digest();
