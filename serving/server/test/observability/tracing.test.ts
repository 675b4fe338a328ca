import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/settings/read-settings.js';
import { engineMissing, MODEL, START_MS } from '../clients/started.js';
import { Served } from '../contract/process.js';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: Value[] };
}

interface Attribute {
  readonly key: string;
  readonly value: Value;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Attribute[];
}

/** An OTLP/HTTP receiver, which keeps what it is sent. */
class Receiver {
  public readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }[] =
    [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      response.setHeader('content-type', request.headers['content-type'] ?? '').end();
    });
  });

  public async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public close(): void {
    this.server.close();
  }

  private get resourceSpans() {
    return this.requests.flatMap(
      ({ body }) =>
        (
          JSON.parse(body.toString()) as {
            resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[];
          }
        ).resourceSpans,
    );
  }

  public get spans(): OtlpSpan[] {
    return this.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  }

  public get resource(): Record<string, unknown> {
    return values(this.resourceSpans[0]?.resource.attributes ?? []);
  }
}

function values(attributes: readonly Attribute[]): Record<string, unknown> {
  const plain = (value: Value): unknown =>
    value.arrayValue ? value.arrayValue.values.map(plain) : (value.stringValue ?? value.intValue ?? value.doubleValue);
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

describe('traces', () => {
  it('load nothing where they are off: the packages are imported inside a function alone', () => {
    const files = readdirSync(SOURCES, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ts'));
    const eager = files.filter((file) =>
      /^import (?!type )[^;]*@opentelemetry/m.test(readFileSync(SOURCES + file, 'utf8')),
    );
    expect([files.length > 50, eager]).toEqual([true, []]);
  });

  it('are not sent by gRPC, which is said', () => {
    expect(() => readSettings({ argv: [], env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } })).toThrow(
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", allowed is http/protobuf, http/json (form of OTLP); without it the value is http/protobuf',
    );
  });
});

describe.skipIf(engineMissing)(`traces of a started server${engineMissing ? ` (${engineMissing})` : ''}`, () => {
  let receiver: Receiver;
  afterEach(() => receiver.close());

  async function serve(env: (endpoint: string) => Record<string, string>): Promise<Served> {
    receiver = new Receiver();
    const served = await Served.start({ env: env(await receiver.listen()) });
    await served.ready();
    return served;
  }

  const post = (
    served: Served,
    path: string,
    body: object,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ) =>
    fetch(`${served.base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
    });

  it(
    'are in the trace of the caller, with the attributes of GenAI, and hold no text',
    async () => {
      const served = await serve((endpoint) => ({
        OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme',
        OTEL_SERVICE_NAME: 'chatbot',
        OTEL_RESOURCE_ATTRIBUTES: 'k8s.pod.name=nim-0',
      }));
      const chat = { messages: [{ role: 'user', content: 'What is NIM?' }], temperature: 0, max_tokens: 64 };
      const traceparent = `00-${TRACE}-${PARENT}-01`;
      await (await post(served, '/v1/chat/completions', { ...chat, stream: true }, { traceparent })).text();
      await (await post(served, '/v1/completions', { prompt: 'The', model: 'other' })).text();
      // Not sampled by the caller: no span.
      await (
        await post(served, '/v1/completions', { prompt: 'The' }, { traceparent: `00-${TRACE}-${PARENT}-00` })
      ).text();
      const gone = new AbortController();
      const long = { prompt: 'The', max_tokens: 1900, ignore_eos: true, stream: true };
      const stream = await post(served, '/v1/completions', long, {}, gone.signal);
      await stream.body?.getReader().read();
      gone.abort();
      await served.get({ sent: () => undefined, saw: () => undefined, lines: [] }, '/v1/models');
      expect(await served.stop()).toBe(0);

      expect(receiver.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-tenant': 'acme' } });
      expect(receiver.resource).toMatchObject({ 'service.name': 'chatbot', 'k8s.pod.name': 'nim-0' });
      expect(receiver.spans.map(({ name }) => name).sort()).toEqual([
        `chat ${MODEL}`,
        'text_completion nim-constructs/default',
        'text_completion other',
      ]);
      const [chatted, unknown, left] = ['chat', 'text_completion other', `text_completion ${MODEL}`].map((name) =>
        receiver.spans.find((span) => span.name.startsWith(name)),
      ) as [OtlpSpan, OtlpSpan, OtlpSpan];
      expect(chatted).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, kind: 2, status: { code: 0 } });
      expect(values(chatted.attributes)).toMatchObject({
        'http.request.method': 'POST',
        'http.route': '/v1/chat/completions',
        'http.response.status_code': 200,
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': MODEL,
        'gen_ai.request.max_tokens': 64,
        'gen_ai.request.temperature': 0,
        'gen_ai.response.model': MODEL,
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 17,
        'gen_ai.usage.output_tokens': 32,
        'gen_ai.latency.time_to_first_token': expect.any(Number),
      });
      expect(values(unknown.attributes)).toMatchObject({ 'http.response.status_code': 404 });
      expect(values(left.attributes)).toMatchObject({
        'error.type': 'client_gone',
        'gen_ai.usage.output_tokens': expect.any(Number),
      });
      expect(left.status).toEqual({ code: 2, message: 'client_gone' });
      expect(receiver.requests.map(({ body }) => body.toString()).join('')).not.toMatch(/What is NIM|packaging/);
    },
    START_MS,
  );

  it(
    "take NIM's own names, and protobuf where nothing is said",
    async () => {
      const served = await serve((endpoint) => ({
        NIM_ENABLE_OTEL: '1',
        NIM_OTEL_SERVICE_NAME: 'nim-of-1.x',
        NIM_OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      }));
      await (await post(served, '/v1/completions', { prompt: 'The', max_tokens: 2 })).text();
      expect(await served.stop()).toBe(0);
      expect(receiver.requests[0]?.headers['content-type']).toBe('application/x-protobuf');
      for (const text of ['nim-of-1.x', `text_completion ${MODEL}`]) {
        expect(receiver.requests[0]?.body.includes(text)).toBe(true);
      }
    },
    START_MS,
  );

  it(
    'are off by NIM_ENABLE_OTEL=0 and by OTEL_SDK_DISABLED',
    async () => {
      for (const off of ['NIM_ENABLE_OTEL=0', 'OTEL_SDK_DISABLED=true']) {
        const [name, value] = off.split('=') as [string, string];
        const served = await serve((endpoint) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, [name]: value }));
        await (await post(served, '/v1/completions', { prompt: 'The', max_tokens: 2 })).text();
        expect(await served.stop()).toBe(0);
        expect(receiver.requests).toEqual([]);
      }
    },
    START_MS,
  );

  it(
    'that nobody receives cost a line of the log, and no answer',
    async () => {
      const served = await serve(() => ({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }));
      expect((await post(served, '/v1/completions', { prompt: 'The', max_tokens: 2 })).status).toBe(200);
      expect(await served.stop()).toBe(0);
      expect(served.container.stderr).toMatch(
        /"level":"WARNING".*"message":"traces: nobody took the last spans within 2000 ms"/,
      );
    },
    START_MS,
  );
});
