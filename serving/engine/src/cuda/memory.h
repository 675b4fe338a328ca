// What the CUDA backend needs of a device's memory, by arithmetic alone: no device is asked, so that what it refuses is tested
// where there is none (tests/cuda/memory_test.cpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/placer.h"
#include "cuda/attention_spread.h"
#include "cuda/layout.h"
#include "model/step_arrays.h"
#include "ops/ops.h"

namespace nim::cuda {

/// Left to the driver: modules, local memory, graphs (on an H200 2 MiB for ten or so; 41 at most).
inline constexpr std::size_t kReserve = std::size_t{768} << 20;
/// Sequences of a step that the attention kernels can plan for.
inline constexpr int kMaxStepSequences = 1024;
/// Sequences that attention_split.cu takes at most.
inline constexpr int kFewSequences = 16;
inline constexpr int kDecodeHeads = 8;  ///< q heads that a block of a decode takes, padded: the N side of mma
/// Splits of the decode attention that may be apart at once; beyond, a sequence goes to one block.
inline constexpr int kPartialUnits = 2048;
/// Bytes of Gemm::partial: 160 blocks' tiles of 128 x 256.
inline constexpr std::size_t kPartialBytes = std::size_t(160) * 256 * 128 * sizeof(float);
/// Entries of Gemm::claim.
inline constexpr int kClaims = 4096;

/// Blocks that share a row of logits.
inline constexpr int kSampleParts = 32;

/// What one of them found in its part of the row.
struct SamplePart {
  double score;    ///< of the best token: the logit, or the logit with its noise
  std::int32_t token;
  float raw;       ///< that token's raw logit
  float largest;   ///< processed logit
  float raw_largest;
  double raw_sum;  ///< of exp(raw - raw_largest)
  std::int32_t bad;  ///< a logit is not a number
};

/// Of what the driver says is free, what may be planned for.
constexpr std::size_t usable_bytes(std::size_t free) { return free > kReserve ? free - kReserve : 0; }

/// Where the driver does not give what the plan asks for, although it said that so much is free.
[[noreturn]] inline void refuse_allocation(std::size_t asked, std::size_t free, std::size_t total, std::string_view status) {
  fail("GPU memory: ", asked >> 20, " MiB are asked for, ", free >> 20, " of ", total >> 20, " MiB are free (", status,
       "): lower the memory limit, the context or max_sequences");
}

class CudaMemory final : public OpsMemory {
 public:
  /// `hopper`: with what the Hopper path needs beyond the portable one.
  explicit CudaMemory(bool hopper) : hopper_(hopper) {}

  std::size_t matrix_bytes(int out, int in, bool gated) const override {
    if (in % kBlock != 0 || (gated && out % kBlock != 0)) {
      fail("a weight of ", out, " x ", in, ": the CUDA backend takes widths that are multiples of 16");
    }
    return std::size_t(round_up(out, kBlock)) * in * sizeof(bf16);
  }

  std::size_t kv_page_bytes(const ModelConfig& c, int page_tokens) const override {
    if (page_tokens != 16 && page_tokens != 32 && page_tokens != 64) {
      fail("block_size ", page_tokens, ": the CUDA backend stores keys in blocks of 16 tokens; use 16, 32 or 64");
    }
    if (c.head_dim != 32 && c.head_dim != 64 && c.head_dim != 128) {
      fail("head_dim ", c.head_dim, ": the CUDA backend has attention for 32, 64 and 128");
    }
    return std::size_t(c.layers) * 2 * c.kv_heads * page_tokens * c.head_dim * sizeof(bf16);
  }

  /// In the order of CudaOps::allocate.
  std::vector<MemoryLine> own_memory(const ModelConfig& c, const StepLimits& limits) const override {
    if (limits.max_sequences > kMaxStepSequences) {
      fail("max_sequences ", limits.max_sequences, ": the CUDA backend plans for ", kMaxStepSequences, " at most");
    }
    const std::size_t sequences = limits.max_sequences;
    const std::size_t vocab = c.vocab;
    std::vector<MemoryLine> lines = {
        {"step input", step_input_bytes(limits, c.vocab)},
        {"step results", step_result_bytes(limits)},
        {"token counts behind penalties", sequences * ((vocab + 1) / 2 * 2) * sizeof(std::uint16_t)},
        {"last tokens", sequences * sizeof(std::int32_t)},
        {"parts of sampled rows", sequences * kSampleParts * sizeof(SamplePart)},
        {"processed logits", sequences * vocab * sizeof(float)},
        {"sums of a product's first slice", kPartialBytes},
        {"attention by splits", std::max(decode_partial_bytes(c), spread_units(c, limits) * spread_unit_bytes(c.head_dim))},
        {"flags", flag_bytes(c)},
    };
    for (MemoryLine& line : lines) {
      line.bytes = aligned(line.bytes);
    }
    return lines;
  }

  /// Pinned memory; the staging buffers are not counted, as they are returned before the KV pages fill.
  std::vector<MemoryLine> host_memory(const ModelConfig&, const StepLimits&) const override { return {}; }

  std::size_t spread_units(const ModelConfig& c, const StepLimits& limits) const {
    return hopper_ ? cuda::spread_units(limits.max_context, c.kv_heads, c.heads / c.kv_heads) : 0;
  }
  static std::size_t flag_bytes(const ModelConfig& c) { return sizeof(unsigned) * (kClaims + kFewSequences * decode_heads(c)); }
  /// Blocks of q heads that the decode kernels take apart.
  static int decode_heads(const ModelConfig& c) {
    return c.kv_heads * ((c.heads / c.kv_heads + kDecodeHeads - 1) / kDecodeHeads);
  }

 private:
  static std::size_t decode_partial_bytes(const ModelConfig& c) {
    return std::size_t(kPartialUnits) * decode_heads(c) * kDecodeHeads * (c.head_dim + 2) * sizeof(float);
  }

  bool hopper_;
};

}  // namespace nim::cuda
