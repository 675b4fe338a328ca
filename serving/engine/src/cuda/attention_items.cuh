// Which rows a block of attention_wgmma.cu takes, and in which order: blocks stay, and take one item after another.
#pragma once

#include "cuda/attention.cuh"

namespace nim::cuda {

inline constexpr int kSplitSteps = kSplitKeys / kStepKeys;
inline constexpr int kConsumers = kRowBlocks / 4;  ///< warpgroups, 64 rows each

/// 128 rows of a sequence, one kv head. Row block i of the sequence: queries from i / group * 16 of q head i % group.
struct Item {
  int sequence;  ///< -1: there is none
  int head, row_block0;
  int first_row, queries, context;
  int row_blocks;  ///< of the sequence
  int first_step, end_step;

  __device__ int position(int query) const { return context - queries + query; }
  /// Where the steps of a warpgroup's rows end; 0: it has none.
  __device__ int end_step_of(int warpgroup, int group) const {
    const int first = row_block0 + 4 * warpgroup;
    const int end = min(first + 4, row_blocks);
    return end > first ? position(min(queries, (end - 1) / group * 16 + 16) - 1) / kStepKeys + 1 : 0;
  }
};

/// By a whole warp. Sequences with one row belong to the decode kernel; of each, the longest work comes first.
__device__ __forceinline__ Item item_at(const Attention& a, int index) {
  const int lane = threadIdx.x % 32;
  const int sequences = a.step.counts->sequences;
  int left = index / a.layout.kv_heads;
  for (int base = 0; base < sequences; base += 32) {
    const int queries = base + lane < sequences ? a.step.query_start[base + lane + 1] - a.step.query_start[base + lane] : 0;
    const int blocks = prompt_items(queries, a.group);
    int end = blocks;
#pragma unroll
    for (int d = 1; d < 32; d *= 2) {
      const int before = __shfl_up_sync(~0U, end, d);
      end += lane >= d ? before : 0;
    }
    const unsigned found = __ballot_sync(~0U, left < end);
    if (found != 0) {
      const int at = __ffs(found) - 1;
      Item item;
      item.sequence = base + at;
      item.head = index % a.layout.kv_heads;
      item.row_block0 = (__shfl_sync(~0U, end, at) - 1 - left) * kRowBlocks;
      item.first_row = a.step.query_start[item.sequence];
      item.queries = __shfl_sync(~0U, queries, at);
      item.context = a.step.context_length[item.sequence];
      item.row_blocks = (item.queries + 15) / 16 * a.group;
      const int first_query = item.row_block0 / a.group * 16;
      const int end_query = min(item.queries, (min(item.row_block0 + kRowBlocks, item.row_blocks) - 1) / a.group * 16 + 16);
      item.first_step = first_key(item.position(first_query), a.window) / kSplitKeys * kSplitSteps;
      item.end_step = item.position(end_query - 1) / kStepKeys + 1;
      return item;
    }
    left -= __shfl_sync(~0U, end, 31);
  }
  return {-1};
}

/// The block's item of a round: forwards and backwards in turn, which evens out lengths that fall.
__device__ __forceinline__ int index_of(int round) {
  return round * gridDim.x + (round % 2 == 0 ? blockIdx.x : gridDim.x - 1 - blockIdx.x);
}

/// The block's work of a round. Spread: one round, and of the block's item a range of splits.
template <bool kSpread>
__device__ __forceinline__ Item work_at(const Attention& a, int round) {
  if constexpr (!kSpread) {
    return item_at(a, index_of(round));
  }
  Item item = round == 0 ? item_at(a, blockIdx.x / a.spread.ranges) : Item{-1};
  if (item.sequence >= 0) {
    const int first = item.first_step / kSplitSteps;
    const int each = ((item.end_step + kSplitSteps - 1) / kSplitSteps - first + a.spread.ranges - 1) / a.spread.ranges;
    item.first_step = (first + int(blockIdx.x) % a.spread.ranges * each) * kSplitSteps;
    item.end_step = min(item.end_step, item.first_step + each * kSplitSteps);
    if (item.first_step >= item.end_step) {
      item.sequence = -1;
    }
  }
  return item;
}

/// Quads that a warpgroup writes of a split: its threads' accumulators, then their rows' maxima and sums.
template <int kDim>
inline constexpr int kSpreadQuads = 128 * (kDim / 8 + 1);

template <int kDim>
__device__ __forceinline__ float4* spread_part(const Attention& a, int item, int split, int warpgroup) {
  return reinterpret_cast<float4*>(a.partial) +
         ((std::size_t(item) * a.spread.splits + split) * kConsumers + warpgroup) * kSpreadQuads<kDim>;
}

}  // namespace nim::cuda
