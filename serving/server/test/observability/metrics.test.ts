import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/observability/metrics.js';
import { MarkovGenerator } from '../support/markov.js';

describe('metrics', () => {
  it('have no series until the model has a name, and then all that was counted', async () => {
    let name: string | undefined;
    const metrics = new Metrics(
      () => name,
      () => new MarkovGenerator().stats(),
    );
    metrics.request(1, undefined).started(7);
    const series = async () => (await metrics.registry.metrics()).split('\n').filter((line) => /^[^#]/.test(line));
    expect(await series()).toEqual([]);
    name = 'acme/markov';
    expect(await series()).toContain('prompt_tokens_total{model_name="acme/markov"} 7');
    expect(await series()).toContain('vllm:prompt_tokens_total{engine="0",model_name="acme/markov"} 7');
  });
});
