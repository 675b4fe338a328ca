// Rotation by position, and before it the norms of q and k heads where a model has them: what every kernel that rotates shares,
// down to the bit.
#pragma once

#include "cuda/rotate.cuh"

namespace nim::cuda {

struct Rotation {
  const float2* table;  ///< [max_context][head_dim / 2] cosine, sine
  const float* q_norm;  ///< [head_dim] or null
  const float* k_norm;
  float epsilon;
};

/// Norms (where `norm` is not null) and rotates 8 dimensions of a head and the 8, half a head on, that they turn with.
/// `pieces` neighbouring lanes, a power of two, hold a head; `turn`: cosine and sine of this lane's.
__device__ __forceinline__ void norm_and_rotate(uint4& low, uint4& high, const float* norm, float epsilon, int piece, int pieces,
                                                const float2* turn) {
  float a[8], b[8];
  unpack(low, a);
  unpack(high, b);
  if (norm != nullptr) {
    const unsigned head_lanes = ((1U << pieces) - 1) << (threadIdx.x % 32 & ~(pieces - 1));
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      sum = __fmaf_rn(b[i], b[i], __fmaf_rn(a[i], a[i], sum));
    }
    for (int d = pieces / 2; d > 0; d /= 2) {
      sum += __shfl_xor_sync(head_lanes, sum, d);
    }
    const float inverse = rsqrtf(__fadd_rn(__fdiv_rn(sum, float(pieces * 16)), epsilon));
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      a[i] *= inverse * norm[piece * 8 + i];
      b[i] *= inverse * norm[(piece + pieces) * 8 + i];
    }
  }
  const auto* const table = reinterpret_cast<const float4*>(turn);
  const float4 turns[4] = {table[0], table[1], table[2], table[3]};
  rotate(a, b, turns, low, high);
}

}  // namespace nim::cuda
