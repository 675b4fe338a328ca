import { expect, it } from 'vitest';
import { Engine, Precision, QosProfile } from '../../lib/catalog';

it('spells engines as the operator selects them', () => {
  expect(Object.values(Engine)).toEqual(['tensorrt_llm', 'vllm', 'sglang']);
});

it('spells precisions in lower case, which version 1 manifests compare exactly', () => {
  expect(Object.values(Precision)).toEqual(['bf16', 'fp16', 'fp8', 'int8', 'int4', 'mxfp4', 'nvfp4']);
});

it('spells the two profiles that the operator admits', () => {
  expect(Object.values(QosProfile)).toEqual(['latency', 'throughput']);
});
