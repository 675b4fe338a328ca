import swagger from '@fastify/swagger';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { ApiError, type ApiLine, errorBody, typeOfStatus } from '../openai/api-error.js';
import { answerClientErrors } from './client-errors.js';
import { documentAnswers } from './document-answers.js';
import { LazyValidators } from './lazy-validators.js';

/** Bytes of a request's body: a prompt of 128k tokens has under one MiB as text and as ids. */
const BODY_LIMIT = 16 * 2 ** 20;

/** A client that sends its headers a byte at a time is cut off after 15 s at most. */
const CONNECTIONS = { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };

export interface AppOptions {
  readonly line: ApiLine;
  /** Release of the server, for the OpenAPI document. */
  readonly release: string;
  /** Told of errors that nobody foresaw. */
  readonly onFailure?: (error: Error, route: string) => void;
  readonly https?: {
    readonly key: Buffer;
    readonly cert: Buffer;
    readonly ca?: Buffer;
    readonly requestCert?: boolean;
  };
}

/** What a route may say in its `config`: the form of its errors, where that is not the one of NIM. */
export interface RouteErrors {
  readonly errorBody?: (error: ApiError) => object;
}

/**
 * The HTTP application without routes: strict validation, errors in the shape of the contract, the OpenAPI document. Routes
 * are plugins, which come after.
 */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const validators = new LazyValidators();
  const app = Fastify({
    ...(options.https
      ? { https: { ...CONNECTIONS, ...options.https, rejectUnauthorized: options.https.requestCert ?? false } }
      : { http: CONNECTIONS }),
    clientErrorHandler: answerClientErrors(options.line),
    frameworkErrors: (error: FastifyError, _: FastifyRequest, reply: FastifyReply) =>
      reply.code(error.statusCode ?? 400).send(errorBody(asApiError(error), options.line)),
    bodyLimit: BODY_LIMIT,
    // A slow client may not hold a connection open before its request is complete.
    requestTimeout: 60_000,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000,
    routerOptions: { maxParamLength: 512 },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: { buildValidator: validators.build } },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    schemaErrorFormatter: (errors, place) => {
      const [first] = errors;
      const field = `${first?.instancePath ?? ''}`
        .replace(/^\//, '')
        .replace(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.');
      const message = `${field === '' ? place : field} ${first?.message ?? 'is not valid'}`;
      return new ApiError('BadRequestError', message, { param: field === '' ? undefined : field });
    },
  } as FastifyServerOptions) as FastifyInstance;

  validators.compileWhenIdle(app);

  await app.register(swagger, {
    transform: documentAnswers(options.line),
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'nim-constructs serving',
        version: options.release,
        description: 'OpenAI-compatible inference with the routes of an LLM NIM',
      },
    },
  });

  app.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    const known = asApiError(error);
    if (known.status >= 500 && !(error instanceof ApiError)) {
      options.onFailure?.(error, `${request.method} ${request.routeOptions.url ?? ''}`);
    }
    if (known.retryAfter !== undefined) {
      reply.header('retry-after', String(known.retryAfter));
    }
    const { errorBody: own } = request.routeOptions.config as RouteErrors;
    return reply.code(known.status).send(own?.(known) ?? errorBody(known, options.line));
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new ApiError(
      'NotFoundError',
      `${request.method} ${request.url.slice(0, 200)} is no route; GET /docs lists them`,
    );
    return reply.code(404).send(errorBody(error, options.line));
  });
  return app;
}

/** Errors of the framework keep their status; what nobody foresaw says nothing of the inside. */
function asApiError(error: FastifyError | ApiError): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const status = error.statusCode ?? 500;
  return new ApiError(typeOfStatus(status), status < 500 ? error.message : 'the server failed; its log says why');
}
