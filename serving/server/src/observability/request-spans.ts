import type { Attributes, Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RunObserver } from '../generation/run.js';
import type { SamplingRequest } from '../openai/schemas.js';
import type { Tracing } from './tracing.js';

/** Routes that generate, and what GenAI's conventions call what they do. */
const OPERATIONS: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'text_completion',
  '/v1/responses': 'chat',
  '/v1/messages': 'chat',
};

/** Of `api.SpanKind` and `api.SpanStatusCode`: the package itself is not loaded where traces are off. */
const [SERVER, ERROR] = [1, 2];

/**
 * A span for each request that generates, from its first byte to the last of its answer, in the trace that its `traceparent`
 * names. Attributes are those of OpenTelemetry's conventions for HTTP and for generative AI; the latencies, which they do not
 * name for spans, have vLLM's names. No prompt and no answer is in a span.
 */
export class RequestSpans {
  private readonly spans = new WeakMap<FastifyRequest, RequestSpan>();

  public constructor(
    private readonly tracing: Tracing,
    private readonly servedName: () => string | undefined,
  ) {}

  public install(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const route = request.routeOptions.url ?? '';
      const operation = OPERATIONS[route];
      if (operation === undefined || request.method !== 'POST') {
        return;
      }
      const attributes = {
        'http.request.method': 'POST',
        'http.route': route,
        'url.path': route,
        'url.scheme': request.protocol,
        'network.protocol.version': request.raw.httpVersion,
        'gen_ai.operation.name': operation,
        'gen_ai.provider.name': 'nim-constructs',
      };
      const span = this.tracing.tracer.startSpan(
        `POST ${route}`,
        { kind: SERVER, attributes },
        this.tracing.parent(request.headers),
      );
      const entry: RequestSpan = { span, operation };
      this.spans.set(request, entry);
      reply.raw.once('close', () => {
        const { statusCode, writableFinished } = reply.raw;
        span.setAttribute('http.response.status_code', statusCode);
        if (statusCode >= 500 || !writableFinished) {
          const type = writableFinished ? String(statusCode) : 'client_gone';
          span.setAttribute('error.type', type).setStatus({ code: ERROR, message: type });
        }
        entry.observer?.closed();
        span.end();
      });
    });
  }

  /** Adds what a request asks for to its span, and what comes of it. */
  public observe(request: FastifyRequest, body: Partial<SamplingRequest>): RunObserver | undefined {
    const found = this.spans.get(request);
    if (!found) {
      return undefined;
    }
    const { span, operation } = found;
    const model = this.servedName();
    span.updateName(`${operation} ${body.model ?? model}`);
    span.setAttributes(
      defined({ ...requested(body), 'gen_ai.request.model': body.model ?? model, 'gen_ai.response.model': model }),
    );
    found.observer = new SpanObserver(span);
    return found.observer;
  }
}

interface RequestSpan {
  readonly span: Span;
  readonly operation: string;
  observer?: SpanObserver;
}

class SpanObserver implements RunObserver {
  private readonly begin = performance.now();
  private readonly reasons: string[] = [];
  private outputTokens = 0;
  private cachedTokens = 0;
  private answered = false;

  public constructor(private readonly span: Span) {}

  public refused(): void {
    this.span.addEvent('refused by the engine');
  }

  public started(promptTokens: number): void {
    this.span.setAttribute('gen_ai.usage.input_tokens', promptTokens);
  }

  public token(_: number, first: boolean, cachedTokens: number): void {
    this.outputTokens++;
    if (!first) {
      return;
    }
    this.cachedTokens += cachedTokens;
    if (!this.answered) {
      this.answered = true;
      this.span.addEvent('first token').setAttribute('gen_ai.latency.time_to_first_token', this.seconds());
    }
  }

  public finished(choice: number, reason: string): void {
    this.reasons[choice] = reason;
  }

  /** The exchange is over; a reader who left did so before the engine knew. */
  public closed(): void {
    this.span.setAttributes({
      'gen_ai.response.finish_reasons': this.reasons.filter((each) => each !== undefined),
      'gen_ai.usage.output_tokens': this.outputTokens,
      'gen_ai.usage.cache_read.input_tokens': this.cachedTokens,
      'gen_ai.latency.e2e': this.seconds(),
    });
  }

  private seconds(): number {
    return (performance.now() - this.begin) / 1000;
  }
}

function requested(body: Partial<SamplingRequest>): Attributes {
  const stop = body.stop ?? undefined;
  return {
    'gen_ai.request.max_tokens': body.max_completion_tokens ?? body.max_tokens ?? undefined,
    'gen_ai.request.temperature': body.temperature ?? undefined,
    'gen_ai.request.top_p': body.top_p ?? undefined,
    'gen_ai.request.top_k': body.top_k ?? undefined,
    'gen_ai.request.frequency_penalty': body.frequency_penalty ?? undefined,
    'gen_ai.request.presence_penalty': body.presence_penalty ?? undefined,
    'gen_ai.request.seed': body.seed ?? undefined,
    'gen_ai.request.stop_sequences': typeof stop === 'string' ? [stop] : stop,
    'gen_ai.request.choice.count': (body.n ?? 1) === 1 ? undefined : (body.n ?? undefined),
    'gen_ai.output.type': body.response_format && body.response_format.type !== 'text' ? 'json' : undefined,
  };
}

const defined = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
