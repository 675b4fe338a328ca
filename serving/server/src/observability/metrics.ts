import { Registry } from 'prom-client';
import type { GeneratorStats } from '../generation/port.js';
import type { RunObserver } from '../generation/run.js';
import { Counter, Histogram, type LabelSource, type Labels, register } from './instruments.js';

// Buckets as NIM 1.x and vLLM have them: dashboards compare across both.
const TTFT = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const LATENCY = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];
const CHOICES = [1, 2, 5, 10, 20];

const FINISH_REASONS = ['stop', 'length', 'abort', 'error'] as const;

/**
 * Metrics of the server: the names of NIM 1.x, which dashboards and autoscalers query, and those of vLLM, which NIM 2.x and
 * the Gateway API's endpoint picker read. One event counts in both.
 */
export class Metrics {
  public readonly registry = new Registry();
  private readonly families: Family[];

  /**
   * @param modelName name of the served model, undefined until it is found: series that change their label are new ones to
   *   Prometheus, so there are none before
   */
  public constructor(modelName: () => string | undefined, stats: () => GeneratorStats | undefined) {
    const nim: LabelSource = () => labelled(modelName(), {});
    const vllm: LabelSource = () => labelled(modelName(), { engine: '0' });
    this.families = [family(this.registry, '', nim), family(this.registry, 'vllm:', vllm)];
    this.gauges({ '': nim, 'vllm:': vllm }, stats);
  }

  /** Observes one request of `n` choices. */
  public request(n: number, maxTokens: number | undefined): RunObserver {
    const begin = performance.now();
    const last: number[] = [];
    const first: number[] = [];
    let left = n;
    return {
      refused: () => this.each((family) => family.failures.add(1)),
      started: (promptTokens) => {
        this.each((family) => {
          family.promptTokens.add(promptTokens);
          family.requestPromptTokens.observe(promptTokens);
          family.requestN.observe(n);
          if (maxTokens !== undefined) {
            family.requestMaxTokens.observe(maxTokens);
          }
        });
      },
      token: (choice, isFirst, cachedTokens) => {
        const now = performance.now();
        const since = (now - (isFirst ? begin : (last[choice] ?? begin))) / 1000;
        last[choice] = now;
        for (const family of this.families) {
          family.generationTokens.add(1);
          if (isFirst) {
            family.timeToFirstToken.observe(since);
            family.cachedTokens.add(cachedTokens);
          } else {
            family.interTokenLatency.observe(since);
          }
        }
        if (isFirst) {
          first[choice] = now;
        }
      },
      finished: (choice, reason, outputTokens) => {
        const now = performance.now();
        const finish = reason === 'cancelled' || reason === 'deadline' ? 'abort' : reason;
        const decoding = ((last[choice] ?? now) - (first[choice] ?? now)) / 1000;
        left--;
        this.each((family) => {
          family.finishes.add(1, finish);
          family.requestGenerationTokens.observe(outputTokens);
          if (outputTokens > 1) {
            family.timePerOutputToken.observe(decoding / (outputTokens - 1));
          }
          family.endToEnd.observe((now - begin) / 1000);
          if (first[choice] !== undefined) {
            family.prefill.observe(((first[choice] as number) - begin) / 1000);
            family.decode.observe(decoding);
          }
          if (left === 0) {
            (finish === 'stop' || finish === 'length' ? family.successes : family.failures).add(1);
          }
        });
      },
    };
  }

  private each(act: (family: Family) => void): void {
    this.families.forEach(act);
  }

  private gauges(sources: Readonly<Record<'' | 'vllm:', LabelSource>>, stats: () => GeneratorStats | undefined): void {
    const expose = (
      name: string,
      help: string,
      type: 'gauge' | 'counter',
      labelsOf: LabelSource,
      value: (stats: GeneratorStats) => number,
    ) => {
      const get = async () => {
        const [labels, now] = [labelsOf(), stats()];
        const values = labels ? [{ labels, value: now ? value(now) : 0 }] : [];
        return { name, help, type, values, aggregator: 'sum' };
      };
      // prom-client calls get() and nothing else of a metric when it is scraped.
      this.registry.registerMetric({ name, get } as never);
    };
    const gauge = (name: string, help: string, value: (stats: GeneratorStats) => number) => {
      for (const [prefix, labelsOf] of Object.entries(sources)) {
        expose(`${prefix}${name}`, help, 'gauge', labelsOf, value);
      }
    };
    const counter = (name: string, help: string, value: (stats: GeneratorStats) => number) =>
      expose(`vllm:${name}`, help, 'counter', sources['vllm:'], value);
    const used = ({ pages, pagesFree }: GeneratorStats) => (pages === 0 ? 0 : (pages - pagesFree) / pages);
    gauge('num_requests_running', 'Sequences that the engine computes', ({ running }) => running);
    gauge('num_requests_waiting', 'Sequences that wait for the engine', ({ waiting }) => waiting);
    gauge('num_request_max', 'Sequences that run at a time, at most', ({ maxSequences }) => maxSequences);
    gauge('gpu_cache_usage_perc', 'Share of the KV cache in use, 0 to 1', used);
    gauge('kv_cache_usage_perc', 'Share of the KV cache in use, 0 to 1', used);
    gauge('lora_requests_info', 'Adapters in use', () => 0);
    counter(
      'num_preemptions_total',
      'Sequences that gave their pages up and were computed again',
      (s) => s.preemptions,
    );
    counter('prefix_cache_queries_total', 'Prompt tokens looked up in the prefix cache', (s) => s.promptTokens);
    counter('prefix_cache_hits_total', 'Prompt tokens found in the prefix cache', (s) => s.cachedTokens);
    const config: LabelSource = () => {
      const [labels, now] = [sources['vllm:'](), stats()];
      return (
        labels &&
        now && {
          ...labels,
          block_size: String(now.blockSize),
          num_gpu_blocks: String(now.pages),
          enable_prefix_caching: now.prefixCache ? 'True' : 'False',
          cache_dtype: 'bfloat16',
        }
      );
    };
    expose('vllm:cache_config_info', 'The KV cache; always 1', 'gauge', config, () => 1);
  }
}

function labelled(modelName: string | undefined, labels: Labels): Labels | undefined {
  return modelName === undefined ? undefined : { ...labels, model_name: modelName };
}

/** Request metrics under one prefix with one set of labels. */
function family(registry: Registry, prefix: string, labels: LabelSource) {
  const histogram = (name: string, help: string, bounds: readonly number[]) =>
    register(registry, new Histogram(`${prefix}${name}`, help, bounds, labels));
  const counter = (name: string, help: string) => register(registry, new Counter(`${prefix}${name}`, help, labels));
  // NIM 1.x counts requests and, apart, their reasons; vLLM counts successes by reason.
  const byReason = prefix === '' ? 'request_finish_total' : 'request_success_total';
  const answered = prefix === '' ? 'request_success_total' : 'request_completed_total';
  const reasons = { label: 'finished_reason', values: FINISH_REASONS };
  return {
    timeToFirstToken: histogram('time_to_first_token_seconds', 'From the request to its first token', TTFT),
    interTokenLatency: histogram('inter_token_latency_seconds', 'Between two tokens of a stream', PER_TOKEN),
    timePerOutputToken: histogram('time_per_output_token_seconds', 'Mean between the tokens of a choice', PER_TOKEN),
    endToEnd: histogram('e2e_request_latency_seconds', 'From the request to its end', LATENCY),
    prefill: histogram('request_prefill_time_seconds', 'From the request to its first token', LATENCY),
    decode: histogram('request_decode_time_seconds', 'From the first token to the last', LATENCY),
    requestPromptTokens: histogram('request_prompt_tokens', 'Prompt tokens of a request', TOKENS),
    requestGenerationTokens: histogram('request_generation_tokens', 'Output tokens of a choice', TOKENS),
    requestMaxTokens: histogram('request_params_max_tokens', 'max_tokens of a request', TOKENS),
    requestN: histogram('request_params_n', 'n of a request', CHOICES),
    promptTokens: counter('prompt_tokens_total', 'Prompt tokens'),
    cachedTokens: counter('prompt_tokens_cached_total', 'Prompt tokens from the prefix cache'),
    generationTokens: counter('generation_tokens_total', 'Output tokens'),
    failures: counter('request_failure_total', 'Requests that failed or were given up'),
    finishes: register(registry, new Counter(`${prefix}${byReason}`, 'Choices by how they ended', labels, reasons)),
    successes: counter(answered, 'Requests that were answered whole'),
  };
}

type Family = ReturnType<typeof family>;
