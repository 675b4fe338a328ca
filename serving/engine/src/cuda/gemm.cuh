// What all matrix products of the backend share: arguments, and what happens to a finished fragment. The weights are the M
// side (16 rows a tile), the step's rows the N side (8 a fragment). Which kernel runs is a matter of speed alone: all take K
// in the same groups of 16, in the same order, in the same slices, and so give the same bits (tests/cuda, "one family").
#pragma once

#include <cuda_bf16.h>

#include "cuda/layout.h"
#include "cuda/ptx.cuh"

namespace nim::cuda {

enum class Epilogue {
  kPanels,    ///< bf16 activations
  kResidual,  ///< adds to a row-major float matrix
  kSiluGate,  ///< rows 0 to 7 of a tile are gates, 8 to 15 their ups: bf16 activations of half the width
  kLogits,    ///< row-major float
};

/// A product's rows as they lie in the residual stream: the kernel norms them itself.
struct RowNorm {
  const float* residual = nullptr;
  const float* weight = nullptr;
  float epsilon = 0;
};

struct Gemm {
  const __nv_bfloat16* weights;
  const __nv_bfloat16* x;  ///< panels of `rows`
  void* out;
  const float* bias;
  float* partial;   ///< scratch for the sums of one slice, where another block has the other or registers hold only one
  unsigned* claim;  ///< [tiles]: who of two blocks adds; zero between launches
  int rows;
  int in;
  int out_features;
  int tiles;   ///< of 16 weight rows
  int slices;  ///< of K, added in order
  Epilogue epilogue;
  RowNorm normed = {};  ///< in place of x, where gemm_ring_norms (gemm_launch.h) says so

  NIM_HD int blocks_per_slice() const { return in / kBlock / slices; }
};

__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

/// Within 3e-7 of itself, by two instructions of the special unit; every path takes this one.
__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1.0F + __expf(-x)); }

/// 8 rows of an output x 8 tokens, as `pack_bf16` of two neighbouring tokens in each lane: turned, so that a lane holds two
/// neighbouring outputs of one token, and stored as one 128-byte line of a panel.
__device__ __forceinline__ void store_panel(const Gemm& g, int panel, int token0, uint32_t tokens_of_row) {
  const int lane = threadIdx.x % 32;
  const uint32_t pair = ptx::transpose_matrix(tokens_of_row);
  const int token = token0 + lane / 4;
  if (token < g.rows) {
    static_cast<uint32_t*>(g.out)[(std::size_t(panel) * g.rows + token) * 4 + lane % 4] = pair;
  }
}

__device__ __forceinline__ void add_bias(const Gemm& g, int out, float (&c)[4]) {
  if (g.bias != nullptr) {
    const float low = g.bias[out];
    const float high = g.bias[out + 8];
    c[0] += low, c[1] += low, c[2] += high, c[3] += high;
  }
}

/// A finished 16 x 8 fragment: outputs lane / 4 and + 8 of `tile`, tokens 2 * (lane % 4) and + 1 from `token0`. By all lanes.
__device__ __forceinline__ void store_fragment(const Gemm& g, int tile, int token0, float (&c)[4]) {
  const int lane = threadIdx.x % 32;
  const int out = tile * kBlock + lane / 4;
  const int token = token0 + 2 * (lane % 4);
  add_bias(g, out, c);
  switch (g.epilogue) {
    case Epilogue::kPanels:
      store_panel(g, 2 * tile, token0, pack_bf16(c[0], c[1]));
      store_panel(g, 2 * tile + 1, token0, pack_bf16(c[2], c[3]));
      break;
    case Epilogue::kSiluGate:
      store_panel(g, tile, token0, pack_bf16(silu(c[0]) * c[2], silu(c[1]) * c[3]));
      break;
    case Epilogue::kResidual:
    case Epilogue::kLogits:
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = token + i % 2;
        const int column = out + i / 2 * 8;
        if (row < g.rows && column < g.out_features) {
          float* to = static_cast<float*>(g.out) + std::size_t(row) * g.out_features + column;
          // One sum an element, so its order is no question: red, since nothing has to wait for it.
          g.epilogue == Epilogue::kResidual ? (void)atomicAdd(to, c[i]) : (void)(*to = c[i]);
        }
      }
      break;
  }
}

/// A fragment's elements of the residual, read ahead.
struct ResidualFragment {
  float old[4];

  template <typename Body>
  static __device__ __forceinline__ void for_each(const Gemm& g, int tile, int token0, const Body& body) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = token0 + 2 * (lane % 4) + i % 2;
      const int column = tile * kBlock + lane / 4 + i / 2 * 8;
      if (row < g.rows && column < g.out_features) {
        body(i, static_cast<float*>(g.out) + std::size_t(row) * g.out_features + column);
      }
    }
  }
  __device__ __forceinline__ void load(const Gemm& g, int tile, int token0) {
    for_each(g, tile, token0, [&](int i, const float* from) { old[i] = __ldcg(from); });
  }
  __device__ __forceinline__ void add(const Gemm& g, int tile, int token0, float (&c)[4]) const {
    add_bias(g, tile * kBlock + threadIdx.x % 32 / 4, c);
    for_each(g, tile, token0, [&](int i, float* to) { *to = ptx::add_flushed(old[i], c[i]); });
  }
};

/// A warp's 16 outputs of `tile` x 8 * kFragments tokens, all of them there, as `store_fragment` stores them one by one: what
/// does not change from one fragment to the next is computed once.
template <int kFragments>
__device__ __forceinline__ void store_fragments(const Gemm& g, int tile, int token0, float (&c)[4 * kFragments]) {
  const int lane = threadIdx.x % 32;
  const int out = tile * kBlock + lane / 4;
  if (g.bias != nullptr) {
    const float low = g.bias[out];
    const float high = g.bias[out + 8];
#pragma unroll
    for (int j = 0; j < kFragments; ++j) {
      c[4 * j] += low, c[4 * j + 1] += low, c[4 * j + 2] += high, c[4 * j + 3] += high;
    }
  }
  if (g.epilogue == Epilogue::kPanels || g.epilogue == Epilogue::kSiluGate) {
    const bool gated = g.epilogue == Epilogue::kSiluGate;
    uint32_t* const to = static_cast<uint32_t*>(g.out) +
                         (std::size_t(gated ? tile : 2 * tile) * g.rows + token0 + lane / 4) * 4 + lane % 4;
    if (gated) {
#pragma unroll
      for (int j = 0; j < kFragments; ++j) {
        to[j * 32] = ptx::transpose_matrix(
            pack_bf16(silu(c[4 * j]) * c[4 * j + 2], silu(c[4 * j + 1]) * c[4 * j + 3]));
      }
    } else {
      uint32_t* const next = to + std::size_t(g.rows) * 4;
#pragma unroll
      for (int j = 0; j < kFragments; ++j) {
        to[j * 32] = ptx::transpose_matrix(pack_bf16(c[4 * j], c[4 * j + 1]));
        next[j * 32] = ptx::transpose_matrix(pack_bf16(c[4 * j + 2], c[4 * j + 3]));
      }
    }
    return;
  }
  // No other block has these elements, and many reductions in the L2 take longer than loads and stores: 17 us for a tile of
  // 128 x 256 on every SM of an H200.
  float* to = static_cast<float*>(g.out) + std::size_t(token0 + 2 * (lane % 4)) * g.out_features + out;
  constexpr int kBatch = kFragments < 8 ? kFragments : 8;  // fragments whose old values are under way at a time
  const auto for_each = [&](const auto& body) {  // (element, where): of a batch from `to`
#pragma unroll
    for (int i = 0; i < 4 * kBatch; ++i) {
      if (out + i / 2 % 2 * 8 < g.out_features) {
        body(i, to + std::size_t(i / 4 * 8 + i % 2) * g.out_features + i / 2 % 2 * 8);
      }
    }
  };
#pragma unroll
  for (int j = 0; j < kFragments; j += kBatch) {
    float old[4 * kBatch];
    if (g.epilogue == Epilogue::kResidual) {
      for_each([&](int i, const float* at) { old[i] = __ldcg(at); });
      for_each([&](int i, float* at) { *at = ptx::add_flushed(old[i], c[4 * j + i]); });
    } else {
      for_each([&](int i, float* at) { *at = c[4 * j + i]; });
    }
    to += std::size_t(8 * kBatch) * g.out_features;
  }
}

/// Two blocks (or warps of two) with a slice each meet over a tile: the first leaves its sums, the second adds them. True for
/// the second. The sum of two is the same in either order. To be called by one thread, `leave` in between by all.
__device__ __forceinline__ bool claim_first(unsigned* claim) { return atomicCAS(claim, 0U, 1U) == 0U; }
__device__ __forceinline__ void claim_publish(unsigned* claim) {
  __threadfence();
  atomicExch(claim, 2U);
}
__device__ __forceinline__ void claim_await(unsigned* claim) {
  while (atomicAdd(claim, 0U) != 2U) {
  }
  __threadfence();
  atomicExch(claim, 0U);
}

}  // namespace nim::cuda
