import { bytes, flag, httpAddress, integer, list, oneOf, share, text, type ValueType } from './value.js';

/** One thing that an operator of the container can set. */
export interface Setting<T> {
  /** What it decides, with its unit. */
  readonly meaning: string;
  /** Environment variables, the one that wins first. */
  readonly env: readonly string[];
  /** Name on the command line, without `--`; the names are vLLM's where vLLM has one. */
  readonly flag?: string;
  /** The tag of a profile that sets it. */
  readonly tag?: string;
  readonly type: ValueType<T>;
  /** undefined: not set, which the meaning explains. */
  readonly default: T | undefined;
}

const port: ValueType<number> = {
  ...integer(0, 65535, ''),
  allowed: 'a TCP port from 1 to 65535, or 0 for any free one',
};
const path = text;

/**
 * Every setting of the server. Names are those of NIM 1.x and 2.x (their documentation and the NIM Operator's sources);
 * both lines' spellings work, so that neither a 1.x nor a 2.x manifest has to change.
 */
export const SETTINGS = {
  port: setting('TCP port of the API', ['NIM_SERVER_PORT', 'NIM_HTTP_API_PORT'], port, 8000, { flag: 'port' }),
  host: setting('address to listen on; `::` takes IPv4 too', [], text, '::', { flag: 'host' }),
  healthPort: setting('a further TCP port for the health routes', ['NIM_HEALTH_PORT'], port, undefined),
  metricsPort: setting('a further TCP port for /metrics', ['NIM_TRITON_METRICS_PORT'], port, undefined),
  grpcPort: setting('refused: there is no gRPC', ['NIM_GRPC_API_PORT', 'NIM_TRITON_GRPC_PORT'], port, undefined),

  cachePath: setting('folder of downloaded models', ['NIM_CACHE_PATH'], path, '/opt/nim/.cache'),
  modelName: setting('model folder or hf:// address', ['NIM_MODEL_NAME'], text, undefined, { flag: 'model' }),
  modelPath: setting('hf://, s3://, https:// address or folder of the model', ['NIM_MODEL_PATH'], text, undefined),
  modelProfile: setting('id or name of a profile of the manifest', ['NIM_MODEL_PROFILE'], text, undefined),
  manifestPath: setting('model manifest', ['NIM_MANIFEST_PATH'], path, undefined),
  servedModelName: setting(
    'names that requests may use, the first one answers',
    ['NIM_SERVED_MODEL_NAME'],
    list,
    undefined,
    {
      flag: 'served-model-name',
    },
  ),
  disableDownload: setting('serve only what is on disk', ['NIM_DISABLE_MODEL_DOWNLOAD'], flag, false),
  repositoryOverride: setting(
    'mirror that replaces every source: s3:// or https://',
    ['NIM_REPOSITORY_OVERRIDE'],
    text,
    undefined,
  ),

  maxModelLen: setting(
    'longest context in tokens; the model sets it otherwise',
    ['NIM_MAX_MODEL_LEN'],
    integer(1, 2 ** 24, 'tokens'),
    undefined,
    {
      flag: 'max-model-len',
    },
  ),
  tensorParallelSize: setting('GPUs that share each layer', ['NIM_TENSOR_PARALLEL_SIZE'], integer(1, 64, 'GPUs'), 1, {
    flag: 'tensor-parallel-size',
    tag: 'tp',
  }),
  pipelineParallelSize: setting('stages of layers', ['NIM_PIPELINE_PARALLEL_SIZE'], integer(1, 64, 'stages'), 1, {
    flag: 'pipeline-parallel-size',
    tag: 'pp',
  }),
  maxNumSeqs: setting('sequences that run at a time', ['NIM_MAX_NUM_SEQS'], integer(1, 4096, 'sequences'), 256, {
    flag: 'max-num-seqs',
  }),
  maxNumBatchedTokens: setting(
    'tokens of one step',
    ['NIM_MAX_NUM_BATCHED_TOKENS'],
    integer(16, 2 ** 20, 'tokens'),
    2048,
    {
      flag: 'max-num-batched-tokens',
    },
  ),
  maxQueueLen: setting(
    'requests that may wait; more are answered 429',
    ['NIM_MAX_QUEUE_LEN'],
    integer(1, 1e6, 'requests'),
    1024,
    {
      flag: 'max-queue-len',
    },
  ),
  blockSize: setting('tokens of a KV page', [], integer(8, 64, 'tokens'), 16, { flag: 'block-size' }),
  memoryBytes: setting(
    'bytes of device memory for weights, activations and KV cache together; all that is free otherwise',
    ['NIM_MEMORY_BYTES'],
    bytes,
    undefined,
    { flag: 'memory-bytes' },
  ),
  memoryShare: setting(
    'share of the free device memory for the same; NIM_MEMORY_BYTES goes before it',
    ['NIM_KVCACHE_PERCENT', 'NIM_KV_CACHE_PERCENT', 'NIM_GPU_MEM_FRACTION'],
    share,
    undefined,
    { flag: 'gpu-memory-utilization' },
  ),
  prefixCaching: setting('reuse the KV cache of equal prefixes', ['NIM_ENABLE_KV_CACHE_REUSE'], flag, true, {
    flag: 'enable-prefix-caching',
  }),
  disableCudaGraph: setting('without effect: decode steps run as graphs', ['NIM_DISABLE_CUDA_GRAPH'], flag, false, {
    flag: 'enforce-eager',
  }),
  device: setting('where the model runs', ['NIM_DEVICE'], oneOf('auto', 'cuda', 'cpu'), 'auto', { flag: 'device' }),

  autoToolChoice: setting('let the model decide to call tools', ['NIM_ENABLE_AUTO_TOOL_CHOICE'], flag, true, {
    flag: 'enable-auto-tool-choice',
  }),
  toolCallParser: setting(
    "form of the model's tool calls; guessed from the chat template otherwise",
    ['NIM_TOOL_CALL_PARSER'],
    text,
    undefined,
    {
      flag: 'tool-call-parser',
    },
  ),
  chatTemplate: setting("file of a chat template that replaces the model's", ['NIM_CHAT_TEMPLATE'], path, undefined, {
    flag: 'chat-template',
  }),
  apiLine: setting('line of NIM whose bodies of errors and metadata are sent', ['NIM_API_LINE'], oneOf('1', '2'), '2', {
    flag: 'api-line',
  }),
  apiKey: setting('key that the OpenAI routes demand', ['NIM_API_KEY'], text, undefined, { flag: 'api-key' }),

  logLevel: setting(
    'least severity that is logged',
    ['NIM_LOG_LEVEL'],
    oneOf('trace', 'debug', 'info', 'warning', 'error', 'critical', 'default', 'none'),
    'info',
    { flag: 'log-level' },
  ),
  jsonLogging: setting('one JSON object a line on stderr', ['NIM_JSONL_LOGGING'], flag, false, {
    flag: 'json-logging',
  }),
  disableLogRequests: setting(
    'do not log requests, which holds their prompts',
    ['NIM_DISABLE_LOG_REQUESTS'],
    flag,
    true,
  ),
  perRequestMetrics: setting('add `stats` to responses', ['NIM_PER_REQ_METRICS_ENABLE'], flag, false),

  enableOtel: setting('send traces; otherwise an endpoint decides it', ['NIM_ENABLE_OTEL'], flag, undefined),
  otelDisabled: setting('send no traces, whatever else is set', ['OTEL_SDK_DISABLED'], flag, false),
  otelServiceName: setting(
    'name of this server in traces',
    ['NIM_OTEL_SERVICE_NAME', 'OTEL_SERVICE_NAME'],
    text,
    'nim',
  ),
  otelTracesExporter: setting(
    'where traces go',
    ['NIM_OTEL_TRACES_EXPORTER', 'OTEL_TRACES_EXPORTER'],
    oneOf('otlp', 'console', 'none'),
    'otlp',
  ),
  otlpEndpoint: setting(
    'base address of an OTLP receiver, such as http://collector:4318',
    ['NIM_OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    httpAddress,
    undefined,
  ),
  otlpTracesEndpoint: setting(
    'whole address that traces go to',
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    httpAddress,
    undefined,
    { flag: 'otlp-traces-endpoint' },
  ),
  otlpProtocol: setting(
    'form of OTLP',
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    oneOf('http/protobuf', 'http/json'),
    'http/protobuf',
  ),

  sslMode: setting('TLS of the API', ['NIM_SSL_MODE'], oneOf('disabled', 'tls', 'mtls'), 'disabled', {
    flag: 'ssl-mode',
  }),
  sslKeyPath: setting("PEM file of the server's key", ['NIM_SSL_KEY_PATH'], path, undefined, { flag: 'ssl-keyfile' }),
  sslCertsPath: setting(
    "PEM file of the server's certificates",
    ['NIM_SSL_CERTS_PATH', 'NIM_SSL_CERT_PATH'],
    path,
    undefined,
    {
      flag: 'ssl-certfile',
    },
  ),
  sslCaCertsPath: setting('PEM file of the authorities that sign clients', ['NIM_SSL_CA_CERTS_PATH'], path, undefined, {
    flag: 'ssl-ca-certs',
  }),
  corsOrigins: setting('origins that browsers may call from', ['NIM_CORS_ALLOW_ORIGINS'], list, ['*'], {
    flag: 'allowed-origins',
  }),
  corsMethods: setting('methods that browsers may use', ['NIM_CORS_ALLOW_METHODS'], list, [
    'GET',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
  ]),
  corsHeaders: setting('headers that browsers may send', ['NIM_CORS_ALLOW_HEADERS'], list, [
    'Content-Type',
    'Authorization',
    'X-Request-Id',
  ]),
  corsMaxAge: setting('seconds that browsers remember it', ['NIM_CORS_MAX_AGE'], integer(0, 86400, 'seconds'), 600),

  shutdownGraceSeconds: setting(
    'seconds that streams may take to end after SIGTERM',
    ['NIM_SHUTDOWN_GRACE_SECONDS'],
    integer(0, 3600, 'seconds'),
    25,
  ),
  dryRun: setting('print what would be served, and end', [], flag, false, { flag: 'dry-run' }),
} as const;

/** The value of each setting. */
export type Settings = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T>
    ? (typeof SETTINGS)[Name]['default'] extends undefined
      ? T | undefined
      : T
    : never;
};

function setting<T, D extends T | undefined>(
  meaning: string,
  env: readonly string[],
  type: ValueType<T>,
  value: D,
  more: { readonly flag?: string; readonly tag?: string } = {},
): Setting<T> & { readonly default: D } {
  return { meaning, env, type, default: value, ...more };
}
