#include "ops/cpu/simd/simd_ops.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/placer.h"
#include "ops/cpu/simd/attention_sizes.h"
#include "ops/cpu/simd/isa.h"
#include "ops/cpu/simd/panels.h"

namespace nim::simd {
namespace {

/// The widest rows that a product takes.
int widest_input(const ModelConfig& c) { return std::max({c.hidden, c.q_width(), c.intermediate}); }

std::size_t packed_bytes(const ModelConfig& c, const StepLimits& limits) {
  return aligned(sizeof(bf16) * limits.max_step_tokens * padded(widest_input(c), kBlock));
}

/// One thread's arrays; with a null base they are only counted.
template <typename Scratch>
std::size_t place(Scratch& out, std::byte* base, const AttentionSizes& s) {
  Placer at(base);
  at.place(out.part, s.rows * s.dim);
  at.place(out.total, s.rows * s.dim);
  at.place(out.queries, s.rows * s.dim);
  at.place(out.weights, s.rows * s.places);
  at.place(out.sums, std::max<std::size_t>(kProductRows * kProductPanels * kLanes, s.rows * s.places));
  return at.bytes();
}

}  // namespace

SimdOps::SimdOps(const std::string& isa, int threads)
    : CpuBackend(2 * threads), kernels_(kernels_of(isa)), pool_(threads) {}

std::string SimdOps::describe() const {
  return text("CPU, ", pool_.threads(), pool_.threads() == 1 ? " thread, " : " threads, ", kernels_.name);
}

std::size_t SimdOps::kv_page_bytes(const ModelConfig& c, int page_tokens) const { return KvLayout(c, page_tokens).page_bytes(); }

std::size_t SimdOps::workspace_bytes(const ModelConfig& c, const StepLimits& limits) const {
  Scratch counted;
  return packed_bytes(c, limits) + pool_.threads() * place(counted, nullptr, AttentionSizes(c, limits.page_tokens));
}

std::byte* SimdOps::allocate(const ArenaLayout& layout, const ModelConfig& c, const StepLimits& limits) {
  const std::size_t runs = limits.max_step_tokens;
  page_runs_.reserve(runs);
  query_runs_.reserve(runs);
  return CpuBackend::allocate(layout, c, limits);
}

SimdOps::Scratch SimdOps::scratch(int thread) const {
  const AttentionSizes s(config(), limits().page_tokens);
  Scratch out;
  const std::size_t bytes = place(out, nullptr, s);
  place(out, workspace() + packed_bytes(config(), limits()) + thread * bytes, s);
  return out;
}

void SimdOps::begin_step(int set, const StepShape& shape) {
  CpuBackend::begin_step(set, shape);
  const int page_tokens = limits().page_tokens;
  const int queries = AttentionSizes(config(), page_tokens).queries;
  page_runs_.clear();
  query_runs_.clear();
  for (int s = 0; s < shape.sequences; ++s) {
    const int end = step().query_start[s + 1];
    for (int row = step().query_start[s]; row < end;) {
      const int count = std::min(end - row, page_tokens - step().position[row] % page_tokens);
      page_runs_.push_back({s, row, count});
      row += count;
    }
    // The longest first: what is left at the end is then short.
    for (int last = end; last > step().query_start[s];) {
      const int count = std::min(queries, last - step().query_start[s]);
      last -= count;
      query_runs_.push_back({s, last, count});
    }
  }
}

}  // namespace nim::simd
