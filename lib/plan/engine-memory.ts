import type { ModelSpec } from '../catalog';
import { activationBytes, workspaceBytes } from './engine-arrays';
import { ModelMemory, type ModelMemoryOptions } from './model-memory';

const MIB = 2 ** 20;

/**
 * What this project's own engine needs of each GPU. The engine allocates once, by exactly this sum, and its own plan is
 * tested against it:
 *
 * weights + activations of the largest step + workspace + pages x bytes of a page + what it leaves to the driver + CUDA context.
 *
 * Weights and bytes of the KV cache are those of ModelMemory; the KV cache is made of pages, and a sequence takes whole ones.
 * Activations and workspace are the engine's arrays, byte for byte, for as many sequences as the server runs at a time.
 */
export class EngineMemory {
  /** Tokens that one step computes at most: prompts are cut into chunks of this size, so activations do not grow further. */
  public static readonly STEP_TOKENS = 2048;

  /** Tokens of a page of the KV cache, where nothing else is asked for (serving/engine/include/nim/engine.h). */
  public static readonly PAGE_TOKENS = 16;

  /**
   * A CUDA context: `cudaMemGetInfo` reports 526.8 MiB less than before on an H100 and on an H200 (driver 580.159,
   * measured 2026-11-21). Kernels of the engine are in it; other cards were not measured.
   */
  public static readonly CONTEXT_BYTES = 527 * MIB;

  /** What the engine leaves to the driver of what is free: kernels, graphs, local memory (serving/engine/src/cuda/memory.h). */
  public static readonly DRIVER_BYTES = 768 * MIB;

  /** Sequences that the server runs at a time where NIM_MAX_NUM_SEQS says nothing: what they are sampled with is there from the start. */
  public static readonly SEQUENCES = 256;

  /** Host memory: server, tokenizer and a pinned ring through which weights pass, which are never held whole. Our own estimate. */
  public static readonly HOST_BYTES = 4096 * MIB;

  /** The need of a model served so. */
  public static of(model: ModelSpec, options: ModelMemoryOptions): EngineMemory {
    return new EngineMemory(model, options);
  }

  /** Weights on each GPU, in bytes. */
  public readonly weightBytes: number;
  /** Activations of the largest step, in bytes. */
  public readonly activationBytes: number;
  /** What a step is told and samples with, sums of attention, the table of rotations, in bytes. */
  public readonly workspaceBytes: number;
  /** Everything on a GPU but weights and KV cache: activations, workspace, the driver's part and the CUDA context, in bytes. */
  public readonly reserveBytes: number;
  /** One page of the KV cache on each GPU, in bytes. */
  public readonly pageBytes: number;
  /** Pages for the sequences asked for, each of its whole context. */
  public readonly pages: number;
  /** KV cache for the sequences asked for, in bytes. */
  public readonly kvBytes: number;
  /** What each GPU must have free before the engine starts, in bytes. */
  public readonly neededBytes: number;
  /** Host memory of one replica, in bytes. */
  public readonly hostBytes = EngineMemory.HOST_BYTES;

  private constructor(model: ModelSpec, options: ModelMemoryOptions) {
    const memory = ModelMemory.of(model, options);
    this.weightBytes = memory.weightBytes;
    const limits = {
      sequences: Math.max(EngineMemory.SEQUENCES, memory.sequences),
      stepTokens: options.stepTokens ?? EngineMemory.STEP_TOKENS,
      contextTokens: memory.contextTokens,
      pageTokens: EngineMemory.PAGE_TOKENS,
    };
    this.activationBytes = activationBytes(model, limits);
    this.workspaceBytes = workspaceBytes(model, limits);
    this.reserveBytes =
      options.reserveBytes ??
      this.activationBytes + this.workspaceBytes + EngineMemory.DRIVER_BYTES + EngineMemory.CONTEXT_BYTES;
    this.pageBytes = memory.kvBytesPerToken * EngineMemory.PAGE_TOKENS;
    const sequencePages = Math.ceil(memory.contextTokens / EngineMemory.PAGE_TOKENS);
    this.pages = this.pageBytes > 0 ? memory.sequences * sequencePages : 0;
    this.kvBytes = this.pages * this.pageBytes + memory.sequences * memory.stateBytesPerSequence;
    this.neededBytes = this.weightBytes + this.reserveBytes + this.kvBytes;
  }
}
