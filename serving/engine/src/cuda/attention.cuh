// What both attention kernels share, down to the bit. For each query row:
//
//   keys are taken in splits of 256, counted from the sequence's first key; within a split in steps of 64:
//     s = (q k) * scale * log2(e)                  one chain of mma over the head's dimensions, in order
//     m' = max(s) where that is above m by more than 8, else m;  p = bf16(2^(s - m')), at most 256
//     o = o * 2^(m - m') + p v;  l = l * 2^(m - m') + p 1       chains of mma over the step's keys, in order
//   and splits are folded in order:
//     M' = max(M, m);  T = T * 2^(M - M') + o * 2^(m - M');  L likewise
//   out = T / L
//
// The decode kernel spreads splits over blocks and dimensions over warps, the prefill kernels keep a row in one warp; mma and
// wgmma give the same bits whichever operand stands on the M side, so a token has the same bits from any.
#pragma once

#include "cuda/launch.cuh"
#include "cuda/memory.h"
#include "cuda/rope.cuh"
#include "model/step_input.h"

namespace nim::cuda {

/// Of one split and 8 q heads: o, then m and l.
template <int kDim>
inline constexpr int kPartFloats = kDecodeHeads * (kDim + 2);

struct Attention {
  __nv_bfloat16* qkv;        ///< panels of `rows`; q of prompts rotated
  __nv_bfloat16* out;        ///< panels of `rows`
  __nv_bfloat16* kv;         ///< pages; the attention of decodes stores their new keys and values
  StepInput step;
  KvLayout layout;
  int layer;
  int rows;
  int group;   ///< q heads of a kv head
  int window;  ///< 0: none
  float scale_log2;
  Rotation rotation;    ///< of decodes
  // Scratch.
  float* partial;       ///< decodes: [units][kv_heads * chunks][8][head_dim + 2]: o, m, l of a split; prompts: spread_part()
  unsigned* finished;   ///< [kFewSequences][kv_heads * chunks] what has been written; zero between launches
  int partial_units;    ///< capacity of `partial` for decodes
  Spread spread;        ///< of prompts
};

struct RunningMax {
  float value;
  /// What to subtract: a row that has seen no key yet has maximum -infinity, and -infinity less itself is no number.
  __device__ float reference() const { return value == -INFINITY ? 0.0F : value; }
};

/// The maximum after a step whose largest score is `largest`. A maximum that hardly grows stays, so that sums are seldom
/// rescaled; weights are then at most 256.
__device__ __forceinline__ RunningMax raised(RunningMax m, float largest) { return {largest > m.value + 8 ? largest : m.value}; }

__device__ __forceinline__ float scaled(float score, float scale_log2) { return __fmul_rn(score, scale_log2); }
__device__ __forceinline__ float weight_of(float s, RunningMax m) { return ptx::exp2_approx(__fsub_rn(s, m.reference())); }
__device__ __forceinline__ float rescale(float old_max, RunningMax m) {
  return ptx::exp2_approx(__fsub_rn(old_max, m.reference()));
}
__device__ __forceinline__ float fold(float total, float total_weight, float part, float part_weight) {
  return __fmaf_rn(part, part_weight, __fmul_rn(total, total_weight));
}

inline constexpr uint32_t kOnes = 0x3f803f80;  ///< two bf16 ones

/// First key that the query at `position` sees.
__device__ __forceinline__ int first_key(int position, int window) { return window > 0 ? max(0, position + 1 - window) : 0; }

/// Keeps the values of keys in [first, end) of a block of 16 starting at `key0`, as A or B registers; else 0: a page's rest
/// may hold anything.
__device__ __forceinline__ void mask_values(uint4& v, int key0, int end) {
  const int key = key0 + 2 * (threadIdx.x % 4);
  const uint32_t low = (key < end ? 0xffffU : 0U) | (key + 1 < end ? 0xffff0000U : 0U);
  const uint32_t high = (key + 8 < end ? 0xffffU : 0U) | (key + 9 < end ? 0xffff0000U : 0U);
  v.x &= low, v.y &= low, v.z &= high, v.w &= high;
}

void attention_decode_launch(const Stream&, const Attention&);  ///< sequences of one row
/// The same where there are no others, of kFewSequences at most and with no more splits and kv heads than SMs.
void attention_split_launch(const Stream&, const Attention&);
void attention_prefill_launch(const Stream&, const Attention&, int sequences);  ///< any chip
void attention_wgmma_launch(const Stream&, const Attention&, int sequences);    ///< Hopper
void attention_spread_fold_launch(const Stream&, const Attention&);             ///< after it, where a.spread.ranges > 1
bool attention_wgmma_fits(const Attention&);

/// Of sequences with several rows, by the fastest kernel for this chip and shape.
inline void attention_of_prompts(const Stream& stream, const Attention& a, int sequences) {
  stream.hopper && attention_wgmma_fits(a) ? attention_wgmma_launch(stream, a, sequences)
                                           : attention_prefill_launch(stream, a, sequences);
}

}  // namespace nim::cuda
