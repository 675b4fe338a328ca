import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/engine/addon.js';
import { Engine, type EngineOptions, PLAIN_SAMPLING } from '../../src/engine/index.js';
import { GenerationRefusal, type GenerationRequest, type TokenEvent } from '../../src/generation/port.js';
import { engineAddon, hasCompiler } from '../support/engine-build.js';

const MODEL = fileURLToPath(new URL('../../../engine/tests/golden/llama', import.meta.url));

const DEFAULT_MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));

function request(fields: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    prompt: Int32Array.of(5, 6, 7),
    maxTokens: 4,
    n: 1,
    sampling: { ...PLAIN_SAMPLING, ignoreEos: true },
    ...fields,
  };
}

describe.skipIf(!hasCompiler)('an engine', () => {
  let engine: Engine;
  let plan: string;
  let phases: string[];
  beforeAll(() => engineAddon(), 900_000);
  beforeEach(async () => {
    phases = [];
    const onPhase = (phase: string) => phases.push(phase);
    engine = await Engine.create({
      model: MODEL,
      maxSequences: 2,
      maxContext: 64,
      queueBound: 4,
      onPhase,
      onPlan: (text) => {
        plan = text;
      },
    });
  });
  afterEach(() => engine.stop());

  /** All events of a request. */
  function events(of: GenerationRequest): Promise<TokenEvent[]> {
    const seen: TokenEvent[] = [];
    let left = of.n;
    return new Promise((resolve) => {
      engine.submit(of, (event) => {
        seen.push(event);
        left -= event.finish ? 1 : 0;
        if (left === 0) {
          resolve(seen);
        }
      });
    });
  }
  function refusal(of: GenerationRequest): [string, string] {
    try {
      engine.submit(of, () => undefined);
    } catch (error) {
      if (error instanceof GenerationRefusal) {
        return [error.code, error.message];
      }
      throw error;
    }
    throw new Error('the engine took it');
  }

  it('tells its plan and its phases while it starts, and its bounds after', () => {
    expect(plan).toMatch(/weights .*MiB/);
    expect(phases.length).toBeGreaterThan(0);
    expect([engine.maxContext, engine.vocabulary, engine.error()]).toEqual([64, 96, '']);
    expect(engine.stats()).toMatchObject({ health: 'ready', running: 0, waiting: 0, maxSequences: 2, blockSize: 16 });
  });

  it('takes a share of the free memory where no bytes are given', async () => {
    const options = { model: DEFAULT_MODEL, maxSequences: 32 };
    const pagesWith = async (more: Partial<EngineOptions>) => {
      const started = await Engine.create({ ...options, ...more });
      await started.stop();
      return started.stats().pages;
    };
    const { freeBytes, lines, hostLines, pageBytes, pages } = await loadAddon().inspect(options);
    const whole = [...lines, ...hostLines].reduce((sum, { bytes }) => sum + bytes, 0);
    const half = (whole - (pages * pageBytes) / 2) / freeBytes;
    // Free memory moves while others run, so that half is not exactly half.
    const few = await pagesWith({ memoryShare: half });
    expect(few).toBeGreaterThan(pages * 0.1);
    expect(few).toBeLessThan(pages * 0.9);
    expect(await pagesWith({ memoryShare: half, memoryBytes: whole })).toBe(pages);
  });

  it('gives each sequence its tokens, the last of them with the reason of its end', async () => {
    const seen = await events(request({ n: 2 }));
    for (const sequence of [0, 1]) {
      const its = seen.filter((event) => event.sequence === sequence);
      expect(its.map(({ finish }) => finish)).toEqual([undefined, undefined, undefined, 'length']);
    }
  });

  it('never calls a sink while it submits', () => {
    let inside = true;
    const called = new Promise<boolean>((resolve) => engine.submit(request(), () => resolve(inside)));
    inside = false;
    return expect(called).resolves.toBe(false);
  });

  it('gives the likeliest tokens where they are asked for', async () => {
    const [{ token, logprob, top }] = await events(
      request({ sampling: { ...PLAIN_SAMPLING, temperature: 0, logprobs: 3 } }),
    );
    expect(top.length).toBe(3);
    expect(top[0]).toEqual({ token, logprob });
  });

  it('refuses what it cannot run, and names why', () => {
    expect(refusal(request({ prompt: new Int32Array(64) }))[0]).toBe('too-long');
    expect(refusal(request({ prompt: new Int32Array() }))[0]).toBe('invalid');
    expect(refusal(request({ prompt: Int32Array.of(96) }))).toEqual(['invalid', expect.stringMatching('96')]);
    const many = Array.from({ length: 40 }, () => request({ maxTokens: 50 }));
    expect(() => many.map((each) => engine.submit(each, () => undefined))).toThrow(GenerationRefusal);
    expect(refusal(request({ n: 5 }))[0]).toBe('queue-full');
  });

  it('takes a mask of its own length alone, and obeys it', async () => {
    const tokens: number[] = [];
    await new Promise<void>((resolve) => {
      const generation = engine.submit(request({ masked: true, maxTokens: 2 }), ({ token, finish }) => {
        tokens.push(token);
        finish ? resolve() : generation.setMask?.(0, 1, Uint32Array.of(0, 1 << 9, 0));
      });
      expect(() => generation.setMask?.(0, 0, new Uint32Array(4))).toThrow(
        'the mask has 4 words, allowed is 3, a bit for each of 96 tokens',
      );
      generation.setMask?.(0, 0, Uint32Array.of(1 << 8, 0, 0));
    });
    expect(tokens).toEqual([8, 41]);
  });

  it('ends a request that is cancelled, and drains also when the cancel came after the end', async () => {
    const finish = await new Promise((resolve) => {
      const generation = engine.submit(request({ maxTokens: 60 }), (event) => event.finish && resolve(event.finish));
      generation.cancel();
    });
    expect(finish).toBe('cancelled');
    const late = engine.submit(request({ maxTokens: 1 }), () => undefined);
    await expect.poll(() => engine.stats().outputTokens).toBeGreaterThan(0);
    late.cancel();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await engine.drain()).toBe(true);
    expect(refusal(request())[0]).toBe('draining');
  });

  it('cancels what runs when it is stopped, and can be stopped twice', async () => {
    const ended = events(request({ maxTokens: 0, prompt: Int32Array.of(1) }));
    await Promise.all([engine.stop(), engine.stop()]);
    expect(['cancelled', 'length']).toContain((await ended).at(-1)?.finish);
    expect(engine.stats().health).toBe('stopped');
  });
});
