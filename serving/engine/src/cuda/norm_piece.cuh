// RMSNorm of 8 columns, as every kernel that norms computes it: with the same sums in the same order come the same bits.
#pragma once

#include "cuda/gemm.cuh"

namespace nim::cuda {

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

}  // namespace nim::cuda
