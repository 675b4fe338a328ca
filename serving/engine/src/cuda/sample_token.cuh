// What the kernels that sample share: which rows need what, random numbers, the best token of a block, and token counts.
#pragma once

#include "cuda/ptx.cuh"
#include "cuda/sample.cuh"

namespace nim::cuda {

inline constexpr int kDrawThreads = 1024;
inline constexpr std::uint16_t kInPrompt = 0x8000;
inline constexpr std::uint16_t kMaxCount = 0x7fff;

__device__ __forceinline__ bool has_penalties(const SampleRow& r) {
  return r.repetition_penalty != 1 || r.presence_penalty != 0 || r.frequency_penalty != 0;
}
__device__ __forceinline__ bool has_filters(const SampleRow& r) {
  return r.temperature > 0 && (r.top_k > 0 || r.top_p < 1 || r.min_p > 0);
}

// ---- Random numbers: Philox4x32-10, as src/sampling/random.cpp.

__device__ __forceinline__ uint4 philox(std::uint64_t key, uint4 c) {
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c.x;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c.z;
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c.y ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c.w ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

/// -log(-log(u)), roughly: decides whether the exact value is worth its logarithms. Off by less than kRough.
__device__ __forceinline__ float rough_gumbel(std::uint32_t word) {
  const float minus_log = word >= 0x80000000U ? -log1pf(-(float(~word) + 0.5F) * 0x1p-32F) : -logf((float(word) + 0.5F) * 0x1p-32F);
  return -logf(minus_log);
}
inline constexpr float kRough = 1e-3F;

__device__ __forceinline__ double gumbel(std::uint32_t word) { return -log(-log((word + 0.5) * 0x1p-32)); }

struct Best {
  double score = -INFINITY;
  std::int32_t token = -1;
  float raw = 0;

  /// The lowest id among equals.
  __device__ void take(double s, std::int32_t t, float r) {
    if (s > score || (s == score && t >= 0 && (token < 0 || t < token))) {
      score = s, token = t, raw = r;
    }
  }
};

__device__ inline Best best_of_block(Best best, Best* of_warps) {
  const auto join_lanes = [&](Best& b) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) {
      const double s = __shfl_xor_sync(~0U, b.score, d);
      const std::int32_t t = __shfl_xor_sync(~0U, b.token, d);
      const float r = __shfl_xor_sync(~0U, b.raw, d);
      b.take(s, t, r);
    }
  };
  join_lanes(best);
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    of_warps[threadIdx.x / 32] = best;
  }
  __syncthreads();
  Best all = threadIdx.x % 32 < blockDim.x / 32 ? of_warps[threadIdx.x % 32] : Best{};
  join_lanes(all);
  return all;
}

/// Scores of four neighbouring tokens from `first`, of which `count` exist: the logits, or with noise.
__device__ __forceinline__ void take_four(Best& best, const SampleRow& row, int first, int count, const float* l, const float* raw) {
  if (row.temperature <= 0) {
    for (int i = 0; i < count; ++i) {
      if (l[i] != -INFINITY) {
        best.take(l[i], first + i, raw[i]);
      }
    }
    return;
  }
  const uint4 words = philox(row.seed, {std::uint32_t(first / 4), std::uint32_t(row.position), 0, 0});
  const std::uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < count && l[i] != -INFINITY && l[i] + rough_gumbel(word[i]) + kRough > best.score) {
      best.take(double(l[i]) + gumbel(word[i]), first + i, raw[i]);
    }
  }
}

// ---- Token counts.

__device__ inline void count(std::uint16_t* counts, std::int32_t token) {
  const std::int32_t id = token < 0 ? ~token : token;
  auto* word = reinterpret_cast<unsigned*>(counts + (id & ~1));
  const int shift = id % 2 * 16;
  for (unsigned old = *word;;) {
    const std::uint16_t half = std::uint16_t(old >> shift);
    const std::uint16_t next = token < 0 ? half | kInPrompt : (half & kMaxCount) == kMaxCount ? half : half + 1;
    const unsigned seen = atomicCAS(word, old, (old & ~(0xffffU << shift)) | unsigned(next) << shift);
    if (seen == old) {
      return;
    }
    old = seen;
  }
}

/// The stride of a slot's counts: even, so that a 32-bit word holds two of one slot.
__device__ __forceinline__ std::size_t count_stride(int vocab) { return std::size_t(vocab + 1) / 2 * 2; }

/// A block a row joins the parts and draws: sample_draw.cu.
void sample_draw_launch(const Stream&, const Sampling&, int samples);

}  // namespace nim::cuda
