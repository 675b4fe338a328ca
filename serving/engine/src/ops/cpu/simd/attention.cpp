#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/cpu/simd/attention_sizes.h"
#include "ops/cpu/simd/panels.h"
#include "ops/cpu/simd/simd_ops.h"

namespace nim::simd {
namespace {

constexpr int kMaxPanels = 1024;  // of a split: at most 32 pages times 32 panels of dimensions
constexpr int kMaxRows = 128;    // query heads of a kv head, times the rows taken together

/// exp(from - to), where -infinity is a weight of zero.
float rescale(float from, float to) { return std::isinf(from) ? 0.0F : std::exp(from - to); }

}  // namespace

void SimdOps::attend(int layer, bf16* out, const bf16* qkv, int window, const StepShape&) {
  const int heads = config().kv_heads;
  pool_.parallel(static_cast<int>(query_runs_.size()) * heads, [&](int item, int thread) {
    attend_run(layer, out, qkv, window, query_runs_[item / heads], item % heads, scratch(thread));
  });
}

/// All query heads of one kv head for a few rows of a sequence, split after split of its keys.
void SimdOps::attend_run(int layer, bf16* out, const bf16* qkv, int window, const Run& run, int head,
                         const Scratch& s) const {
  const ModelConfig& c = config();
  const KvLayout layout(c, limits().page_tokens);
  const AttentionSizes sizes(c, limits().page_tokens);
  const int rows = run.rows * sizes.group;
  const int first_position = step().position[run.row];
  const int end = first_position + run.rows;
  const int first_key = window > 0 ? std::max(0, first_position + 1 - window) : 0;
  const std::int32_t* const pages = step().page + step().page_start[run.sequence];
  const float scale = 1.0F / std::sqrt(static_cast<float>(c.head_dim));

  for (int tile = 0; tile < rows; tile += kTileRows) {
    const int height = std::min(kTileRows, rows - tile);
    for (int block = 0; block < layout.dim; block += kBlock) {
      for (int i = 0; i < height; ++i) {
        const int query = (tile + i) / sizes.group;
        const int q_head = head * sizes.group + (tile + i) % sizes.group;
        const bf16* const q = qkv + static_cast<std::size_t>(run.row + query) * c.qkv_width() + q_head * c.head_dim + block;
        bf16* const to = s.queries + tile * layout.dim + (block / kBlock * height + i) * kBlock;
        const int count = std::min(kBlock, c.head_dim - block);
        std::memcpy(to, q, count * sizeof(bf16));
        std::memset(to + count, 0, (kBlock - count) * sizeof(bf16));
      }
    }
  }

  float largest[kMaxRows];
  float sum[kMaxRows];
  std::fill_n(largest, rows, -INFINITY);
  std::fill_n(sum, rows, 0.0F);
  std::fill_n(s.total, rows * layout.dim, 0.0F);

  for (int split = first_key / kSplit * kSplit; split < end; split += kSplit) {
    const int first_page = split / layout.page_tokens;
    const int page_count = (std::min(kSplit, end - split) + layout.page_tokens - 1) / layout.page_tokens;
    const int places = page_count * layout.stored;
    const bf16* panels[kMaxPanels];

    // Scores: a panel of 16 keys after the other, over head_dim.
    int count = 0;
    for (int page = 0; page < page_count; ++page) {
      const bf16* const keys = layout.keys(kv_page(pages[first_page + page]), layer, head);
      for (int place = 0; place < layout.stored; place += kLanes) {
        panels[count++] = keys + place / kLanes * layout.key_panel();
      }
    }
    kernels_.product({s.sums, places, s.queries, rows, panels, 1, count, layout.dim / kBlock, kBlock / 2});

    SoftmaxSums sums[kMaxRows];
    for (int row = 0; row < rows; ++row) {
      const int tile = row / kTileRows * kTileRows;
      const int height = std::min(kTileRows, rows - tile);
      const int seen = first_position + row / sizes.group + 1;
      const int begin = window > 0 ? std::max(0, seen - window) : 0;
      sums[row] = kernels_.softmax({s.sums + static_cast<std::size_t>(row) * places,
                                    s.weights + static_cast<std::size_t>(tile) * places + row % kTileRows * layout.value_block(),
                                    layout.value_block(), height * layout.value_block(), page_count, layout.page_tokens,
                                    layout.stored, std::max(0, begin - split), std::min(kSplit, seen - split), scale});
    }

    // Weighted values: panels of 16 dimensions, over the keys, page after page.
    count = 0;
    for (int page = 0; page < page_count; ++page) {
      const bf16* const values = layout.values(kv_page(pages[first_page + page]), layer, head);
      for (int d = 0; d < layout.dim; d += kLanes) {
        panels[count++] = values + d / kLanes * layout.value_panel();
      }
    }
    kernels_.product({s.part, layout.dim, s.weights, rows, panels, page_count, layout.dim / kLanes,
                      layout.stored / layout.value_block(), layout.value_block() / 2});

    for (int row = 0; row < rows; ++row) {
      if (std::isinf(sums[row].largest)) {
        continue;  // the row sees no key of this split
      }
      const float top = std::max(largest[row], sums[row].largest);
      const float keep = rescale(largest[row], top);
      const float add = rescale(sums[row].largest, top);
      kernels_.merge(s.total + row * layout.dim, s.part + row * layout.dim, keep, add, layout.dim);
      sum[row] = sum[row] * keep + sums[row].sum * add;
      largest[row] = top;
    }
  }

  for (int row = 0; row < rows; ++row) {
    float* const total = s.total + row * layout.dim;
    kernels_.merge(total, total, 1.0F / sum[row], 0.0F, layout.dim);
    const std::size_t to = static_cast<std::size_t>(run.row + row / sizes.group) * c.q_width() +
                           (head * sizes.group + row % sizes.group) * c.head_dim;
    kernels_.round(out + to, total, c.head_dim);
  }
}

}  // namespace nim::simd
