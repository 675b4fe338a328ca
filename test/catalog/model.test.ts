import { describe, expect, it } from 'vitest';
import { ModelSpec, Precision } from '../../lib/catalog';

const llama = ModelSpec.LLAMA_3_1_8B_INSTRUCT;

describe('Llama 3.1 8B Instruct', () => {
  it('has as many parameters as its shape', () => {
    const { hiddenSize, layers, vocabularySize, attentionHeads, keyValueHeads, headDim, intermediateSize } = llama;
    const attention = hiddenSize * headDim * (2 * attentionHeads + 2 * keyValueHeads);
    const feedForward = 3 * hiddenSize * intermediateSize;
    const norms = 2 * hiddenSize;
    const embeddings = vocabularySize * hiddenSize * (llama.tiedEmbeddings ? 1 : 2);

    expect(embeddings + layers * (attention + feedForward + norms) + hiddenSize).toBe(llama.parameters);
  });

  it('has the shape of its config.json', () => {
    expect(llama).toEqual({
      id: 'meta/llama-3.1-8b-instruct',
      parameters: 8_030_261_248,
      layers: 32,
      hiddenSize: 4096,
      intermediateSize: 14336,
      attentionHeads: 32,
      keyValueHeads: 8,
      headDim: 128,
      vocabularySize: 128256,
      maxContext: 131072,
      tiedEmbeddings: false,
    });
  });

  it('weighs 16.06 GB in bf16', () => {
    expect(llama.weightBytes(Precision.BF16)).toBe(16_060_522_496);
  });

  it.each([
    [Precision.FP16, 16_060_522_496],
    [Precision.FP8, 8_030_261_248],
    [Precision.INT8, 8_030_261_248],
    [Precision.INT4, 4_015_130_624],
    [Precision.MXFP4, 4_015_130_624],
    [Precision.NVFP4, 4_015_130_624],
  ])('weighs in %s %d bytes', (precision, bytes) => {
    expect(llama.weightBytes(precision)).toBe(bytes);
  });
});

describe('ModelSpec.find', () => {
  it('returns the model with the id', () => {
    expect(ModelSpec.find('meta/llama-3.1-8b-instruct')).toBe(llama);
  });

  it('returns undefined for a model that the catalog lacks', () => {
    expect(ModelSpec.find('meta/llama-3.1-70b-instruct')).toBeUndefined();
  });

  it('searches every model of the catalog', () => {
    const members = Object.values(ModelSpec).filter((member) => member instanceof ModelSpec);

    expect(ModelSpec.all()).toEqual(members);
  });
});
