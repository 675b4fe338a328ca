#include <cmath>
#include <vector>

#include "ops/cpu/reference/reference_ops.h"

namespace nim {
namespace {

/// One head of q or k: normed where Qwen3 has a norm, then rotated. Pairs are (i, i + head_dim / 2), as Hugging Face stores
/// Llama (transformers, modeling_llama.py, rotate_half).
std::vector<double> rotated(const bf16* head, int head_dim, const float* cos_sin, const float* norm, double epsilon) {
  std::vector<double> x(head_dim);
  double squares = 0;
  for (int i = 0; i < head_dim; ++i) {
    x[i] = to_float(head[i]);
    squares += x[i] * x[i];
  }
  if (norm != nullptr) {
    const double scale = 1 / std::sqrt(squares / head_dim + epsilon);
    for (int i = 0; i < head_dim; ++i) {
      x[i] *= scale * norm[i];
    }
  }
  std::vector<double> out(head_dim);
  const int half = head_dim / 2;
  for (int i = 0; i < half; ++i) {
    const double c = cos_sin[2 * i];
    const double s = cos_sin[2 * i + 1];
    out[i] = x[i] * c - x[i + half] * s;
    out[i + half] = x[i + half] * c + x[i] * s;
  }
  return out;
}

}  // namespace

std::size_t ReferenceOps::kv_page_bytes(const ModelConfig& c, int page_tokens) const {
  return sizeof(bf16) * 2 * c.layers * c.kv_width() * page_tokens;
}

bf16* ReferenceOps::kv(int layer, int part, int sequence, int position, int head) const {
  const ModelConfig& c = config();
  const int tokens = limits().page_tokens;
  const int page = step().page[step().page_start[sequence] + position / tokens];
  const std::size_t index = ((static_cast<std::size_t>(layer) * 2 + part) * c.kv_heads + head) * tokens + position % tokens;
  return reinterpret_cast<bf16*>(kv_page(page)) + index * c.head_dim;
}

void ReferenceOps::rope_and_store(int layer, bf16* qkv, const Rotary& rotary) {
  const ModelConfig& c = config();
  for (int row = 0; row < step().counts->rows; ++row) {
    const int sequence = step().sequence[row];
    const int position = step().position[row];
    const float* const cos_sin = rotary.table + static_cast<std::size_t>(position) * c.head_dim;
    bf16* const q = qkv + static_cast<std::size_t>(row) * c.qkv_width();
    const bf16* const k = q + c.q_width();
    const bf16* const v = k + c.kv_width();
    for (int head = 0; head < c.heads; ++head) {
      const auto x = rotated(q + head * c.head_dim, c.head_dim, cos_sin, rotary.q_norm, c.norm_epsilon);
      for (int i = 0; i < c.head_dim; ++i) {
        q[head * c.head_dim + i] = to_bf16(static_cast<float>(x[i]));
      }
    }
    for (int head = 0; head < c.kv_heads; ++head) {
      const auto x = rotated(k + head * c.head_dim, c.head_dim, cos_sin, rotary.k_norm, c.norm_epsilon);
      bf16* const keys = kv(layer, 0, sequence, position, head);
      bf16* const values = kv(layer, 1, sequence, position, head);
      for (int i = 0; i < c.head_dim; ++i) {
        keys[i] = to_bf16(static_cast<float>(x[i]));
        values[i] = v[head * c.head_dim + i];
      }
    }
  }
}

}  // namespace nim
