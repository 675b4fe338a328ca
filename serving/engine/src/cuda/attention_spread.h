// How the attention of few prompt rows is spread over the whole chip. A block of attention_wgmma.cu walks through all keys of
// its 128 rows, so a short chunk of a long prompt keeps a few blocks busy for long and leaves the others idle, while decodes
// wait. Then several blocks share a walk: each takes a range of splits and writes every split's sums apart, and
// attention_spread.cu folds them in order. The bits are those of one walk. Plain arithmetic, tested where there is no GPU
// (tests/cuda/attention_spread_test.cpp).
#pragma once

#include <algorithm>

#include "cuda/layout.h"
#include "model/step_input.h"

namespace nim::cuda {

inline constexpr int kRowBlocks = 8;  ///< of an item of attention_wgmma.cu: 16 queries of a q head each, a warp's

/// Items of a sequence, for one kv head.
NIM_HD constexpr int prompt_items(int queries, int group) {
  return queries > 1 ? ((queries + 15) / 16 * group + kRowBlocks - 1) / kRowBlocks : 0;
}

struct Spread {
  int items = 0;   ///< of the step, all kv heads
  int ranges = 1;  ///< blocks that share an item; 1: nothing is spread
  int splits = 0;  ///< of the longest prompt: places that an item has for its sums
};

/// Splits of one item whose sums have room, for the chunk and the context that spreading is for: 64 rows of up to 32,768 keys.
NIM_HD constexpr int spread_units(int max_context, int kv_heads, int group) {
  const int keys = max_context < 32768 ? max_context : 32768;
  return (keys + kSplitKeys - 1) / kSplitKeys * kv_heads * prompt_items(64, group);
}

/// Of one split of an item: accumulators, and the rows' maxima and sums, as the threads of two warpgroups hold them.
constexpr std::size_t spread_unit_bytes(int head_dim) { return std::size_t(2) * 128 * (head_dim / 8 + 1) * 16; }

/// Two splits a block at least: below, folding costs more than it saves.
inline Spread spread_of(const StepInput& step, int kv_heads, int group, int blocks, int units) {
  Spread spread;
  for (int i = 0; i < step.counts->sequences; ++i) {
    const int queries = step.query_start[i + 1] - step.query_start[i];
    spread.items += prompt_items(queries, group) * kv_heads;
    if (queries > 1) {
      spread.splits = std::max(spread.splits, (step.context_length[i] + kSplitKeys - 1) / kSplitKeys);
    }
  }
  if (spread.items > 0 && spread.items <= units / std::max(spread.splits, 1)) {
    spread.ranges = std::max(1, std::min(blocks / spread.items, spread.splits / 2));
  }
  return spread;
}

}  // namespace nim::cuda
