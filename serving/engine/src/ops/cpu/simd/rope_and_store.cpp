#include <cstring>

#include "ops/cpu/simd/simd_ops.h"

namespace nim::simd {
namespace {

constexpr int kMaxHeadDim = 512;

}  // namespace

void SimdOps::rope_and_store(int layer, bf16* qkv, const Rotary& rotary) {
  const ModelConfig& c = config();
  // Rows of one page stay on one thread: neighbouring values share memory.
  pool_.parallel(static_cast<int>(page_runs_.size()), [&](int item, int) {
    const Run& run = page_runs_[item];
    for (int row = run.row; row < run.row + run.rows; ++row) {
      const int position = step().position[row];
      store_token(layer, qkv + static_cast<std::size_t>(row) * c.qkv_width(),
                  rotary.table + static_cast<std::size_t>(position) * c.head_dim, rotary.q_norm, rotary.k_norm, run.sequence, position);
    }
  });
}

void SimdOps::store_token(int layer, bf16* row, const float* cos_sin, const float* q_norm, const float* k_norm, int sequence,
                          int position) const {
  const ModelConfig& c = config();
  const KvLayout layout(c, limits().page_tokens);
  const int place = position % layout.page_tokens;
  std::byte* const page = kv_page(step().page[step().page_start[sequence] + position / layout.page_tokens]);
  float rotated[kMaxHeadDim];
  bf16 rounded[kMaxHeadDim];

  for (int head = 0; head < c.heads; ++head) {
    bf16* const q = row + head * c.head_dim;
    kernels_.rotate(rotated, q, cos_sin, q_norm, c.head_dim, c.norm_epsilon);
    kernels_.round(q, rotated, c.head_dim);
  }
  for (int head = 0; head < c.kv_heads; ++head) {
    const bf16* const k = row + c.q_width() + head * c.head_dim;
    const bf16* const v = row + c.q_width() + c.kv_width() + head * c.head_dim;
    kernels_.rotate(rotated, k, cos_sin, k_norm, c.head_dim, c.norm_epsilon);
    kernels_.round(rounded, rotated, c.head_dim);
    bf16* const keys = layout.keys(page, layer, head);
    bf16* const values = layout.values(page, layer, head);
    if (place == 0) {
      // A weight of zero must meet a number: what an earlier owner left, or nobody wrote, may be none.
      std::memset(values, 0, layout.part() * sizeof(bf16));
    }
    for (int d = 0; d < layout.dim; ++d) {
      keys[layout.key_index(place, d)] = d < c.head_dim ? rounded[d] : bf16{0};
    }
    for (int d = 0; d < c.head_dim; ++d) {
      values[layout.value_index(place, d)] = v[d];
    }
  }
}

}  // namespace nim::simd
