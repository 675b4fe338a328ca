// The splits of a sequence that blocks of the decode attention have computed apart, folded in order. The last blocks to finish
// do it, a share of the columns for each warp: a fold has no parallelism along the splits, and one SM alone would take longer to read
// the parts of a long context than all of them took to make them.
#pragma once

#include "cuda/attention_plan.cuh"

namespace nim::cuda {

/// What a warp folds at once.
inline constexpr int kFoldFloats = 4096;
inline constexpr int kFoldColumns = 16;  ///< of a share at least
struct alignas(16) FoldFactor {
  float keep, add, sum;
};
struct FoldMemory {
  float o[kFoldFloats];                  ///< [splits][columns]
  FoldFactor factors[kFoldFloats / kFoldColumns];  ///< [heads][splits]
  float running[kDecodeHeads];
};
inline constexpr int kFoldBytes = kDecodeThreads / 32 * int(sizeof(FoldMemory));

struct FoldShares {
  int columns;   ///< of a share; a power of two
  int per_head;  ///< shares of one sequence's chunk of q heads
  int count;
};

/// So large that a warp holds all splits of a share's columns at once, or has a column a lane; smaller where warps are left.
template <int kDim>
__device__ __forceinline__ FoldShares fold_shares(const Attention& a, const Plan& plan, int warps) {
  const int columns = min(a.group, kDecodeHeads) * kDim;
  const int heads = plan.shared_count * plan.heads;
  FoldShares s;
  s.columns = kDecodeHeads * kDim;
  while (s.columns > kFoldColumns && (s.columns * plan.longest > kFoldFloats || 2 * heads * columns <= warps * s.columns)) {
    s.columns /= 2;
  }
  s.per_head = (columns + s.columns - 1) / s.columns;
  s.count = heads * s.per_head;
  return s;
}

/// Waits until every block has written its splits. Only the last `folders` of the `workers` stay: they are no more than can run
/// at once, so none waits for a block that waits for its place. Returns which of them this block is; below 0: it is done.
__device__ __forceinline__ int join_folders(unsigned* finished, int workers, int folders) {
  __shared__ int folder;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    const unsigned most = workers + folders - 1;  // the count is zero again when every folder has seen it full
    folder = int(atomicInc(finished, most)) - (workers - folders);
    if (folder >= 0) {
      while (atomicAdd(finished, 0U) < unsigned(workers)) {
      }
      __threadfence();
      atomicInc(finished, most);
    }
  }
  __syncthreads();
  return folder;
}

/// By one warp.
template <int kDim>
__device__ void fold_share(const Attention& a, const Plan& plan, int chunks, const FoldShares& shares, int share,
                           FoldMemory& memory) {
  const int lane = threadIdx.x % 32;
  const int head_chunk = share / shares.per_head % plan.heads;
  const int sequence = plan.shared[share / shares.per_head / plan.heads];
  const int column0 = share % shares.per_head * shares.columns;
  const int q_head0 = head_chunk / chunks * a.group + head_chunk % chunks * kDecodeHeads;
  const int q_heads = min(kDecodeHeads, a.group - head_chunk % chunks * kDecodeHeads);
  const int columns = min(shares.columns, q_heads * kDim - column0);
  if (columns <= 0) {
    return;
  }
  const int head0 = column0 / kDim;
  const int heads = (columns + kDim - 1) / kDim;
  const int splits = plan.item_start[sequence + 1] - plan.item_start[sequence];
  const float* const parts =
      a.partial + (std::size_t(plan.unit_start[sequence]) * plan.heads + head_chunk) * kPartFloats<kDim>;
  const std::size_t next = std::size_t(plan.heads) * kPartFloats<kDim>;
  // Powers of two.
  const int columns_log = 31 - __clz(shares.columns);
  const int round = kFoldFloats >> columns_log;  // splits at once
  const int round_log = 31 - __clz(round);
  const int segment = min(round, 32);  // lanes that share a head
  const int entries = heads << round_log;

  // Not unrolled: this runs once in a kernel, and its instructions would take longer to come than to run.
  float t = 0;
  float l = 0;
#pragma unroll 1
  for (int s0 = 0; s0 < splits; s0 += round) {
    const int count = min(round, splits - s0);
    __syncwarp();
#pragma unroll 2
    for (int i = lane * 4; i < count << columns_log; i += 32 * 4) {
      const int c = i & (shares.columns - 1);
      if (c < columns) {
        ptx::copy16(ptx::shared_address(&memory.o[i]), parts + (s0 + (i >> columns_log)) * next + column0 + c);
      }
    }
    ptx::copy_commit();
    // Running maxima and what follows from them: a lane for each head and split.
    constexpr int kPasses = kFoldFloats / kFoldColumns / 32;
    float m[kPasses], sum[kPasses];
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      if (pass * 32 < entries) {
        const int entry = min(pass * 32 + lane, entries - 1);
        const float* const p = parts + (s0 + min(entry & (round - 1), count - 1)) * next + kDecodeHeads * kDim + head0 +
                               (entry >> round_log);
        m[pass] = __ldcg(p);
        sum[pass] = __ldcg(p + kDecodeHeads);
      }
    }
    float carry = 0;
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      if (pass * 32 >= entries) {
        break;
      }
      const int entry = pass * 32 + lane;
      const int head = min(entry, entries - 1) >> round_log;
      const float before = round > 32 && pass > 0 ? carry : s0 == 0 ? -INFINITY : memory.running[head];
      float most = fmaxf(before, m[pass]);
#pragma unroll
      for (int d = 1; d < 32; d *= 2) {
        const float other = __shfl_up_sync(~0U, most, d);
        most = lane % segment >= d ? fmaxf(most, other) : most;
      }
      const float above = __shfl_up_sync(~0U, most, 1);
      const RunningMax now{most};
      if (entry < entries) {
        memory.factors[entry] = {rescale(lane % segment == 0 ? before : above, now), rescale(m[pass], now), sum[pass]};
      }
      carry = __shfl_sync(~0U, most, 31);
      if (entry < entries && lane % segment == segment - 1) {
        memory.running[head] = most;
      }
    }
    ptx::copy_wait<0>();
    __syncwarp();
#pragma unroll 1
    for (int c = lane; c < columns; c += 32) {
      if (c >= 32) {  // more than a column a lane: then this round is the only one
        t = l = 0;
      }
      const FoldFactor* const factors = memory.factors + (c / kDim << round_log);
#pragma unroll 4
      for (int s = 0; s < count; ++s) {
        const FoldFactor f = factors[s];
        t = fold(t, f.keep, memory.o[(s << columns_log) + c], f.add);
        l = fold(l, f.keep, f.sum, f.add);
      }
      if (s0 + round >= splits) {
        a.out[panel_offset(a.step.query_start[sequence], q_head0 * kDim + column0 + c, a.rows)] =
            __float2bfloat16_rn(__fdiv_rn(t, l));
      }
    }
  }
}

}  // namespace nim::cuda
