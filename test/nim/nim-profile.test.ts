import { describe, expect, test } from 'vitest';
import { Engine, NimRelease, Precision, QosProfile } from '../../lib/catalog';
import { NimProfile, ServingImage } from '../../lib/nim';
import { LLAMA, TRT_FP16_TP2, VLLM_BF16_TP1 } from '../support/chart';

describe('a profile', () => {
  test('of TensorRT-LLM is tuned for throughput unless said otherwise', () => {
    expect(TRT_FP16_TP2.qosProfile).toBe('throughput');
    const tags = { engine: Engine.TENSORRT_LLM, precision: Precision.FP16, tensorParallelism: 2 };
    expect(NimProfile.select({ ...tags, qosProfile: QosProfile.LATENCY }).qosProfile).toBe('latency');
  });

  test.each([Engine.VLLM, Engine.SGLANG])('of %s carries no tuning', (engine) => {
    const profile = NimProfile.select({ engine, precision: Precision.FP8, tensorParallelism: 1 });
    expect(profile.qosProfile).toBeUndefined();
  });

  test('has a short name for people and folders', () => {
    expect(VLLM_BF16_TP1.label).toBe('vllm-bf16-tp1');
    expect(NimProfile.fromId('abcdef'.repeat(11).slice(0, 64), { tensorParallelism: 1 }).label).toBe('abcdefabcdef');
  });

  test('is recognized among what a source says of a release', () => {
    const described = (profile: NimProfile) =>
      NimRelease.all().flatMap(({ tag, profiles }) =>
        profiles.filter((facts) => profile.describes(facts)).map(() => tag),
      );
    expect(described(TRT_FP16_TP2)).toEqual(['1.3.3']);
    expect(described(VLLM_BF16_TP1)).toEqual(['2.0.6', '2.0.6']);
    expect(described(NimProfile.fromId('0'.repeat(64), { tensorParallelism: 1 }))).toEqual([]);
  });
});

describe('an image', () => {
  test("of NVIDIA is found by its model's name, with what is known of model and release", () => {
    const image = ServingImage.nim(LLAMA, { tag: '2.0.6' });
    expect(image.reference).toBe('nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.6');
    expect(image.model?.id).toBe(LLAMA);
    expect(image.release?.tag).toBe('2.0.6');
  });

  test('of NVIDIA may be one that the catalog lacks', () => {
    const image = ServingImage.nim('mistralai/mistral-7b-instruct-v0.3', { tag: '1.12.0' });
    expect([image.model, image.release]).toEqual([undefined, undefined]);
  });

  test('of another registry serves the model that the user says', () => {
    const { model } = ServingImage.nim(LLAMA, { tag: '2.0.6' });
    const mirror = ServingImage.fromRegistry('registry.example:5000/nim/llama', { tag: 'v1', model });
    expect(mirror).toMatchObject({ reference: 'registry.example:5000/nim/llama:v1', model });
  });

  test.each([
    ['nvcr.io/nim/a/b', '1.3.3', 1],
    ['nvcr.io/nim/a/b', '2.0.6', 2],
    ['nvcr.io/nim/a/b', 'nightly', undefined],
    ['mirror.example/nim/a/b', '2.0.6', undefined],
  ])('%s:%s is of line %j', (repository, tag, line) => {
    expect(ServingImage.fromRegistry(repository, { tag })._nimLine).toBe(line);
  });
});
