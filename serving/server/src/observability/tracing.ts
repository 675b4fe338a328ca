import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, Tracer } from '@opentelemetry/api';
import type { Settings } from '../settings/settings.js';
import type { Log } from './log.js';

/** Where spans come from and go to. */
export interface Tracing {
  readonly tracer: Tracer;
  /** The trace that a caller's `traceparent` names, or none. */
  parent(headers: IncomingHttpHeaders): Context;
  /** Sends what waits. */
  end(): Promise<void>;
}

/** Milliseconds that the last spans have when the server ends. */
const LAST_SPANS_MS = 2_000;

/**
 * Traces by the standard variables: switched on by an endpoint or NIM_ENABLE_OTEL, off by OTEL_SDK_DISABLED or an exporter
 * `none`. The packages are loaded here and nowhere else, so that a start without traces does not wait for them. Sampler,
 * batches, headers and resource attributes are read by them from their own OTEL_* variables.
 *
 * @returns undefined where traces are off
 */
export async function startTracing(settings: Settings, release: string, log: Log): Promise<Tracing | undefined> {
  if (!wanted(settings)) {
    return undefined;
  }
  const [{ ROOT_CONTEXT, defaultTextMapGetter }, { W3CTraceContextPropagator, setGlobalErrorHandler }, sdk, resources] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/core'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
    ]);
  setGlobalErrorHandler((error) => log.warn(`traces: ${typeof error === 'string' ? error : error.message}`));
  const resource = resources
    .defaultResource()
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': settings.otelServiceName, 'service.version': release }));
  const console_ = settings.otelTracesExporter === 'console';
  const exporter = console_ ? new sdk.ConsoleSpanExporter() : await otlpExporter(settings);
  const processor = console_ ? new sdk.SimpleSpanProcessor(exporter) : new sdk.BatchSpanProcessor(exporter);
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] });
  log.info(`traces go to ${console_ ? 'the console' : (addressOf(settings) ?? 'the default address of OTLP')}`);
  const propagator = new W3CTraceContextPropagator();
  return {
    tracer: provider.getTracer('nim-constructs-serving', release),
    parent: (headers) => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter),
    end: async () => {
      const late = sleep(LAST_SPANS_MS, 'late' as const, { ref: false });
      if ((await Promise.race([provider.shutdown().catch(() => undefined), late])) === 'late') {
        log.warn(`traces: nobody took the last spans within ${LAST_SPANS_MS} ms`);
      }
    },
  };
}

function wanted(settings: Settings): boolean {
  if (settings.otelDisabled || settings.otelTracesExporter === 'none') {
    return false;
  }
  return settings.enableOtel ?? (settings.otlpEndpoint !== undefined || settings.otlpTracesEndpoint !== undefined);
}

/** A base has its path added, the endpoint of traces alone is taken as it is. */
function addressOf({ otlpEndpoint, otlpTracesEndpoint }: Settings): string | undefined {
  return (
    otlpTracesEndpoint ?? (otlpEndpoint === undefined ? undefined : `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`)
  );
}

async function otlpExporter(settings: Settings) {
  const { OTLPTraceExporter } =
    settings.otlpProtocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter({ url: addressOf(settings) });
}
