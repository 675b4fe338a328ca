// Norms of q and k heads where the model has them, rotation by position, keys and values to their page, for the rows of prompts:
// those of decodes are their attention's (attention_row.cuh). A thread takes 8 dimensions and the 8 that they are rotated with,
// of one head of one row. Neighbours take the pieces of one head, since a norm needs it whole. Many rows are rope_rows.cu's.
#include "cuda/rows.cuh"

namespace nim::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) rope(const Rope r) {
  const int index = blockIdx.x * kThreads + threadIdx.x;
  const int dim = r.layout.head_dim;
  const int halves = dim / 16;  // threads of a rotated head: a power of two
  const int rotated = (r.heads + r.layout.kv_heads) * halves;
  const int units = rotated + r.layout.kv_heads * (dim / 8);
  const int row = index / units;
  const int unit = index % units;
  ptx::launch_next();
  if (row >= min(r.rows, r.step.counts->rows) || unit >= units) {
    return;
  }
  const int sequence = r.step.sequence[row];
  if (r.step.query_start[sequence + 1] - r.step.query_start[sequence] == 1) {
    return;
  }
  const int position = r.step.position[row];
  const std::size_t page = r.step.page[r.step.page_start[sequence] + position / r.layout.page_tokens];
  const int token = position % r.layout.page_tokens;
  __nv_bfloat16* const to = r.kv + r.layout.layer_offset(r.layer) + page * r.layout.page_elements();
  auto* const panels = reinterpret_cast<uint4*>(r.qkv);
  ptx::wait_for_previous();

  if (unit >= rotated) {
    const int head = (unit - rotated) / (dim / 8);
    const int piece = (unit - rotated) % (dim / 8);
    const int panel = (r.heads + r.layout.kv_heads + head) * (dim / 8) + piece;
    const uint4 raw = panels[std::size_t(panel) * r.rows + row];
    const auto* values = reinterpret_cast<const __nv_bfloat16*>(&raw);
    __nv_bfloat16* const at = to + r.layout.head_offset(1, head);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      at[r.layout.value_offset(token, piece * 8 + i)] = values[i];
    }
    return;
  }

  const int head = unit / halves;
  const int piece = unit % halves;
  const bool is_key = head >= r.heads;
  uint4* const at_low = panels + std::size_t(head * (dim / 8) + piece) * r.rows + row;
  uint4* const at_high = at_low + std::size_t(halves) * r.rows;
  uint4 low = *at_low;
  uint4 high = *at_high;
  norm_and_rotate(low, high, is_key ? r.rotation.k_norm : r.rotation.q_norm, r.rotation.epsilon, piece, halves,
                  r.rotation.table + std::size_t(position) * (dim / 2) + piece * 8);
  if (!is_key) {
    *at_low = low;
    *at_high = high;
    return;
  }
  __nv_bfloat16* const at = to + r.layout.head_offset(0, head - r.heads);
  *reinterpret_cast<uint4*>(at + r.layout.key_offset(token, piece * 8)) = low;
  *reinterpret_cast<uint4*>(at + r.layout.key_offset(token, piece * 8 + dim / 2)) = high;
}

}  // namespace

void rope_launch(const Stream& stream, const Rope& r) {
  if (r.rows > 256 && r.rotation.q_norm == nullptr) {
    return rope_rows_launch(stream, r);
  }
  const int units = (r.heads + r.layout.kv_heads) * (r.layout.head_dim / 16) + r.layout.kv_heads * (r.layout.head_dim / 8);
  const int threads = units * r.rows;
  launch_kernel(stream, rope, (threads + kThreads - 1) / kThreads, kThreads, 0, r);
}

}  // namespace nim::cuda
