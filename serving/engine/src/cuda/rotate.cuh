// The rotation of 8 dimensions and of the 8 that they are rotated with, as every kernel that rotates computes it: the same
// operations give the same bits.
#pragma once

#include "cuda/gemm.cuh"

namespace nim::cuda {

__device__ __forceinline__ void unpack(const uint4& raw, float (&x)[8]) {
  const auto* pairs = reinterpret_cast<const __nv_bfloat162*>(&raw);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 f = __bfloat1622float2(pairs[i]);
    x[2 * i] = f.x, x[2 * i + 1] = f.y;
  }
}

/// `turns`: cosine and sine of each of the 8.
__device__ __forceinline__ void rotate(const float (&a)[8], const float (&b)[8], const float4 (&turns)[4], uint4& low, uint4& high) {
  uint32_t* const to_low = &low.x;
  uint32_t* const to_high = &high.x;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float4 t = turns[i];
    to_low[i] = pack_bf16(__fmaf_rn(a[2 * i], t.x, -__fmul_rn(b[2 * i], t.y)),
                          __fmaf_rn(a[2 * i + 1], t.z, -__fmul_rn(b[2 * i + 1], t.w)));
    to_high[i] = pack_bf16(__fmaf_rn(b[2 * i], t.x, __fmul_rn(a[2 * i], t.y)),
                           __fmaf_rn(b[2 * i + 1], t.z, __fmul_rn(a[2 * i + 1], t.w)));
  }
}

}  // namespace nim::cuda
