#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cpu/reference/reference_ops.h"

namespace nim {

void ReferenceOps::attend(int layer, bf16* out, const bf16* qkv, int window, const StepShape& shape) {
  const ModelConfig& c = config();
  const double scale = 1 / std::sqrt(static_cast<double>(c.head_dim));
  const int group = c.heads / c.kv_heads;
  for (int row = 0; row < shape.rows; ++row) {
    const int sequence = step().sequence[row];
    const int end = step().position[row] + 1;
    const int begin = window > 0 ? std::max(0, end - window) : 0;
    for (int head = 0; head < c.heads; ++head) {
      const bf16* const q = qkv + static_cast<std::size_t>(row) * c.qkv_width() + head * c.head_dim;
      std::vector<double> weight(end);
      double largest = -INFINITY;
      for (int t = begin; t < end; ++t) {
        const bf16* const k = kv(layer, 0, sequence, t, head / group);
        double score = 0;
        for (int i = 0; i < c.head_dim; ++i) {
          score += static_cast<double>(to_float(q[i])) * to_float(k[i]);
        }
        weight[t] = score * scale;
        largest = std::max(largest, weight[t]);
      }
      double total = 0;
      std::vector<double> sum(c.head_dim, 0.0);
      for (int t = begin; t < end; ++t) {
        const bf16* const v = kv(layer, 1, sequence, t, head / group);
        const double p = std::exp(weight[t] - largest);
        total += p;
        for (int i = 0; i < c.head_dim; ++i) {
          sum[i] += p * to_float(v[i]);
        }
      }
      for (int i = 0; i < c.head_dim; ++i) {
        out[static_cast<std::size_t>(row) * c.q_width() + head * c.head_dim + i] =
            to_bf16(static_cast<float>(sum[i] / total));
      }
    }
  }
}

}  // namespace nim
