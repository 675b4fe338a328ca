// RMSNorm of a row, as every kernel that norms computes it, down to the bit: 256 threads take pieces of 8 columns in turn; sums of
// a thread, of a warp by halves, of the warps in order.
#pragma once

#include "cuda/gemm.cuh"

namespace nim::cuda {

inline constexpr int kNormThreads = 256;
inline constexpr int kNormWarps = kNormThreads / 32;

__device__ __forceinline__ float sum_of_squares(const float4& a, const float4& b) {
  float s = __fmul_rn(a.x, a.x);
  s = __fmaf_rn(a.y, a.y, s), s = __fmaf_rn(a.z, a.z, s), s = __fmaf_rn(a.w, a.w, s);
  s = __fmaf_rn(b.x, b.x, s), s = __fmaf_rn(b.y, b.y, s), s = __fmaf_rn(b.z, b.z, s);
  return __fmaf_rn(b.w, b.w, s);
}

__device__ __forceinline__ uint4 normed(const float4& a, const float4& b, float inverse, const float4& s, const float4& t) {
  return {pack_bf16(a.x * inverse * s.x, a.y * inverse * s.y), pack_bf16(a.z * inverse * s.z, a.w * inverse * s.w),
          pack_bf16(b.x * inverse * t.x, b.y * inverse * t.y), pack_bf16(b.z * inverse * t.z, b.w * inverse * t.w)};
}

/// 8 columns of a row, or of the scale.
struct NormPiece {
  float4 low, high;

  __device__ __forceinline__ void load(const float* row, int piece) {
    const auto* const at = reinterpret_cast<const float4*>(row) + 2 * piece;
    low = at[0];
    high = at[1];
  }
  /// `sum` and the squares.
  __device__ __forceinline__ float add_squares(float sum) const { return __fadd_rn(sum, sum_of_squares(low, high)); }
  __device__ __forceinline__ uint4 normed(float inverse, const NormPiece& scale) const {
    return cuda::normed(low, high, inverse, scale.low, scale.high);
  }
};

__device__ __forceinline__ float warp_sum(float sum) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
    sum += __shfl_xor_sync(~0U, sum, d);
  }
  return sum;
}

/// One over the root mean square, of the warps' sums.
__device__ __forceinline__ float norm_inverse(const float (&sums)[kNormWarps], int hidden, float epsilon) {
  float sum = 0;
#pragma unroll
  for (int w = 0; w < kNormWarps; ++w) {
    sum += sums[w];
  }
  return rsqrtf(__fadd_rn(__fdiv_rn(sum, float(hidden)), epsilon));
}

}  // namespace nim::cuda
