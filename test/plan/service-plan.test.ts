import { Engine, Gpu, GpuInstanceType, ModelSpec, NimRelease, Precision } from 'nim-constructs/catalog';
import {
  EngineMemory,
  FindingLevel,
  MemoryBasis,
  ModelNeed,
  PlannedImage,
  PriceBook,
  PurchaseOption,
  ServicePlan,
  type ServicePlanRequest,
  TypeChoice,
} from 'nim-constructs/plan';
import { describe, expect, test } from 'vitest';

const model = ModelSpec.LLAMA_3_1_8B_INSTRUCT;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

function release(tag: string): NimRelease {
  const found = NimRelease.find(model.id, tag);
  if (!found) {
    throw new Error(`no release ${tag}`);
  }
  return found;
}

function profileOf(tag: string, precision: Precision) {
  return release(tag).profiles.find((profile) => profile.precision === precision && !profile.lora);
}

/** Two of the four A10G of a g5.12xlarge, 40 vCPUs asked for: what the ai-on-eks blueprint chooses. */
function blueprint(options: Partial<ServicePlanRequest> = {}): ServicePlan {
  return ServicePlan.of({
    name: 'llama',
    poolName: 'g5',
    gpu: Gpu.A10G,
    instanceTypes: [GpuInstanceType.G5_12XLARGE],
    model,
    image: PlannedImage.nim(release('1.3.3')),
    engine: Engine.TENSORRT_LLM,
    precision: Precision.FP16,
    profile: profileOf('1.3.3', Precision.FP16),
    tensorParallelism: 2,
    cpuMillis: 40_000,
    ...options,
  });
}

function nim206(precision: Precision, contextTokens?: number): ModelNeed {
  const image = PlannedImage.nim(release('2.0.6'));
  const profile = profileOf('2.0.6', precision);
  return ModelNeed.of({ model, image, engine: Engine.VLLM, precision, profile, contextTokens });
}

describe("the blueprint's choice", () => {
  const plan = blueprint();

  test('fits, on one node of four GPUs', () => {
    expect(plan.gpuFit.fits).toBe(true);
    expect([plan.minimum.packing.label, plan.minimum.packing.idleGpus]).toEqual(['1 x g5.12xlarge', 2]);
  });

  test('is warned of, with both prices', () => {
    expect(plan.findings).toEqual([
      {
        id: 'plan-waste',
        level: FindingLevel.WARNING,
        message:
          'meta/llama-3.1-8b-instruct in fp16 with 2 GPUs and 131,072 tokens of context uses 2 of the 4 A10G of ' +
          '1 x g5.12xlarge, $5.672 an hour with NVIDIA NIM 1.3.3; cheaper by NIM 2.0.6, vllm-bf16-tp1: g6e.xlarge at ' +
          "$1.861 an hour, or by this project's image, bf16 with 8,192 tokens of context: g6.xlarge at $0.805 an hour",
      },
    ]);
  });

  test('is not, where another service of the pool has the other two GPUs', () => {
    expect(blueprint({ neighbours: [{ pods: 2, gpus: 1 }] }).findings).toEqual([]);
  });

  test('is not, where nothing is cheaper', () => {
    const prices = PriceBook.of({
      purchase: PurchaseOption.RESERVED,
      region: 'us-east-1',
      date: '2026-11-01',
      usdPerHour: { 'g5.12xlarge': 0.5 },
    });
    expect(blueprint({ prices }).findings).toEqual([]);
  });
});

describe("a NIM's need", () => {
  test('is what its profile demands, whatever arithmetic says', () => {
    const need = nim206(Precision.BF16);
    expect([need.basis, need.neededBytes]).toEqual([MemoryBasis.PROFILE, 33 * GIB]);
    expect(need.on(Gpu.L4).problem).toBe('22.4 GiB on each L4, its profile demands 33.0 GiB');
    expect(need.on(Gpu.L40S).fits).toBe(true);
  });

  // The list of 2.0.6 itself: --max-model-len=84992 lowers 33 GB to 28.
  test('falls with the context as its own list says', () => {
    expect(Math.ceil(nim206(Precision.BF16, 84_992).neededBytes / GIB)).toBe(28);
  });

  test('is of the cheapest type that the profile allows', () => {
    expect(TypeChoice.of(nim206(Precision.BF16)).cheapest?.instanceType.typeName).toBe('g6e.xlarge');
  });

  test('is arithmetic where no source states it', () => {
    const need = ModelNeed.of({ model, image: PlannedImage.nim(), precision: Precision.BF16, contextTokens: 8192 });
    expect(need.basis).toBe(MemoryBasis.ARITHMETIC);
    expect(need.neededBytes * 0.9).toBeCloseTo(need.weightBytes + need.reserveBytes + need.kvBytes, 0);
  });
});

describe("this project's engine", () => {
  const memory = EngineMemory.of(model, { precision: Precision.BF16, contextTokens: 8192, sequences: 4 });

  test('needs the sum of its parts', () => {
    // By hand: 8,030,261,248 parameters of two bytes; 128 KiB a token.
    expect(memory.weightBytes).toBe(16_060_522_496);
    expect(memory.kvBytes).toBe(4 * 8192 * 128 * 1024);
    expect(memory.pages).toBe((4 * 8192) / 16);
    // A row: residual stream in floats, its norm, q with k and v, what attention gives, the gate's product; then 256 samples.
    const row = 4096 * 4 + (4096 + 6144 + 4096 + 14_336) * 2;
    expect(memory.activationBytes).toBe(2048 * row + 256 * (4096 * 2 + 128_256 * 4));
    // The engine's own arrays are compared with its plan in engine-memory.test.ts.
    expect(memory.reserveBytes).toBe(memory.activationBytes + memory.workspaceBytes + (768 + 527) * MIB);
    expect(memory.neededBytes).toBe(memory.weightBytes + memory.reserveBytes + memory.kvBytes);
  });

  test('takes whole pages', () => {
    const odd = EngineMemory.of(model, { precision: Precision.BF16, contextTokens: 65, sequences: 3 });
    expect(odd.pages).toBe(15);
  });

  test('fits a single GPU of 24 GB with four chats of 8,192 tokens', () => {
    const image = PlannedImage.own();
    const need = ModelNeed.of({ model, image, precision: Precision.BF16, contextTokens: 8192, concurrency: 4 });
    const choice = TypeChoice.of(need);
    expect(choice.cheapest?.instanceType.typeName).toBe('g6.xlarge');
    expect(choice.explanation).toBe(
      'g6.xlarge at $0.805 an hour is the cheapest of 42 types that fits; not g4dn.xlarge, g4dn.2xlarge: T4 does not compute in bf16',
    );
  });
});

describe('what does not fit', () => {
  const image = PlannedImage.own();

  test('is an error by a formula that is the contract, with the cheapest type that fits', () => {
    const plan = blueprint({
      image,
      profile: undefined,
      precision: Precision.BF16,
      tensorParallelism: 1,
      engine: undefined,
      cpuMillis: undefined,
    });
    expect(plan.findings).toEqual([
      {
        id: 'plan-no-fit',
        level: FindingLevel.ERROR,
        message:
          'meta/llama-3.1-8b-instruct in bf16 with 1 GPU and 131,072 tokens of context does not fit pool g5: 22.0 GiB on ' +
          'each A10G, weights, reserve and 1 x 131,072 tokens take 32.9 GiB; the cheapest type that fits is g6e.xlarge at ' +
          '$1.861 an hour',
      },
    ]);
  });

  test('is a warning by arithmetic that may be wrong, and an error where the weights alone are too large', () => {
    const other = PlannedImage.other();
    const options = { image: other, profile: undefined, engine: undefined, precision: Precision.BF16 };
    const doubtful = blueprint({ ...options, tensorParallelism: 1 }).findings;
    expect(doubtful.map(({ id, level }) => [id, level])).toEqual([['plan-no-fit', FindingLevel.WARNING]]);
    const t4 = { gpu: Gpu.T4, instanceTypes: [GpuInstanceType.G4DN_XLARGE], precision: Precision.FP16 };
    const never = blueprint({ ...options, ...t4, tensorParallelism: 1, cpuMillis: undefined }).findings;
    expect(never.map(({ id, level }) => [id, level])).toEqual([['plan-no-fit', FindingLevel.ERROR]]);
  });

  test('leaves little, where it does: that is said', () => {
    const { usableBytes } = Gpu.L4;
    const need = EngineMemory.of(model, { precision: Precision.BF16, contextTokens: 1 });
    const fitting = Math.floor((usableBytes - need.weightBytes - need.reserveBytes) / (128 * 1024)) - 1600;
    const plan = blueprint({
      image,
      profile: undefined,
      engine: undefined,
      precision: Precision.BF16,
      tensorParallelism: 1,
      contextTokens: fitting,
      cpuMillis: undefined,
      gpu: Gpu.L4,
      instanceTypes: [GpuInstanceType.G6_XLARGE],
    });
    expect(plan.findings.map(({ id }) => id)).toEqual(['plan-tight']);
    expect(plan.findings[0].message).toMatch(
      /^meta\/llama-3\.1-8b-instruct in bf16 with 1 GPU and 41,\d{3} tokens of context leaves 0\.1 GiB of 22\.0 GiB on each L4 \(21\.9 GiB needed\), less than the twentieth/,
    );
  });
});

describe('what a service costs', () => {
  test('is whole nodes, at the least and at the most replicas', () => {
    const plan = blueprint({ replicas: 1, maxReplicas: 3, cpuMillis: undefined });
    expect([plan.minimum.packing.usdPerHour, plan.maximum.packing.usdPerHour]).toEqual([5.672, 2 * 5.672]);
  });

  test('is a price for a million tokens at the bound', () => {
    const plan = blueprint();
    // 5.672 dollars an hour over 1,000 tokens a second: 3.6 million an hour.
    expect(plan.usdPerMillionTokens(1000)).toBe(1.5756);
  });
});

describe('the first start', () => {
  test('is image, weights from the store, and engine', () => {
    const { coldStart } = blueprint({ readMibPerSecond: 500 });
    expect(coldStart.imageSeconds).toBeCloseTo(49.4, 1);
    expect(coldStart.storeSeconds).toBeCloseTo(16_060_522_496 / MIB / 500, 6);
    expect([coldStart.engineSeconds, coldStart.totalSeconds]).toEqual([81, expect.closeTo(49.4 + 30.6 + 81, 0)]);
  });
});
