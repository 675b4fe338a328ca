import { describe, expect, it } from 'vitest';
import { Engine, Gpu, NimRelease, Precision, QosProfile } from '../../lib/catalog';

const LLAMA = 'meta/llama-3.1-8b-instruct';

function released(tag: string): NimRelease {
  const release = NimRelease.find(LLAMA, tag);
  if (!release) {
    throw new Error(`no release ${tag}`);
  }
  return release;
}

describe('NimRelease.find', () => {
  it('returns the release of a model and tag', () => {
    expect(released('1.3.3')).toMatchObject({ model: LLAMA, tag: '1.3.3' });
  });

  it.each([
    [LLAMA, '2.0.7'],
    ['meta/llama-3.1-70b-instruct', '1.3.3'],
  ])('returns undefined for %s:%s, which no source describes', (model, tag) => {
    expect(NimRelease.find(model, tag)).toBeUndefined();
  });

  it('finds every release of the list, each once', () => {
    expect(NimRelease.all().map(({ model, tag }) => NimRelease.find(model, tag))).toEqual(NimRelease.all());
    expect(NimRelease.all().map(({ tag }) => tag)).toEqual(['1.3.3', '2.0.6']);
  });
});

describe('Llama 3.1 8B Instruct 1.3.3', () => {
  it('has the one profile of the EKS blueprint, whose id nobody wrote down', () => {
    expect(released('1.3.3').profiles).toEqual([
      {
        engine: Engine.TENSORRT_LLM,
        precision: Precision.FP16,
        tensorParallelism: 2,
        qosProfile: QosProfile.THROUGHPUT,
        gpu: Gpu.A10G,
        lora: false,
        source: expect.stringContaining('ai-on-eks'),
      },
    ]);
  });

  it('has no known image size', () => {
    expect(released('1.3.3').compressedImageBytes).toBeUndefined();
  });
});

describe('Llama 3.1 8B Instruct 2.0.6', () => {
  it('has the six profiles that its container lists', () => {
    const listed = released('2.0.6').profiles.map(({ precision, lora, minGpuMemoryMib }) => {
      const gib = (minGpuMemoryMib ?? 0) / 1024;
      return `vllm-${precision}-tp1-pp1${lora ? '-feat_lora' : ''}-${gib.toFixed(1)}`;
    });

    expect(listed).toEqual([
      'vllm-fp8-tp1-pp1-27.0',
      'vllm-bf16-tp1-pp1-33.0',
      'vllm-nvfp4-tp1-pp1-24.0',
      'vllm-fp8-tp1-pp1-feat_lora-27.0',
      'vllm-bf16-tp1-pp1-feat_lora-33.0',
      'vllm-nvfp4-tp1-pp1-feat_lora-24.0',
    ]);
  });

  it('runs on vLLM with one GPU of any model', () => {
    for (const profile of released('2.0.6').profiles) {
      expect(profile).toMatchObject({ engine: Engine.VLLM, tensorParallelism: 1 });
      expect(profile.gpu).toBeUndefined();
      expect(profile.qosProfile).toBeUndefined();
    }
  });

  it('needs more in bf16 than an A10G or L4 has, and less than an L40S', () => {
    const need = released('2.0.6').profiles.find(({ precision }) => precision === Precision.BF16)?.minGpuMemoryMib;

    expect(need).toBe(33 * 1024);
    expect(need).toBeGreaterThan(Gpu.A10G.memoryMib);
    expect(need).toBeGreaterThan(Gpu.L4.memoryMib);
    expect(need).toBeLessThan(Gpu.L40S.memoryMib);
  });

  it('is a 9.88 GB image', () => {
    expect(released('2.0.6').compressedImageBytes).toBe(9.88e9);
  });

  it('hands out a copy of its profiles', () => {
    released('2.0.6').profiles.pop();

    expect(released('2.0.6').profiles).toHaveLength(6);
  });
});
