// What each block of the decode attention works on. Every block plans for itself from the step's context lengths, so a
// captured graph serves every length: the work is items (a split of 256 keys of one kv head, or a whole short sequence), which
// blocks take in turn, each in steps of 64 keys.
#pragma once

#include "cuda/attention.cuh"

namespace nim::cuda {

inline constexpr int kDecodeThreads = 128;

struct Plan {
  // 16 bits each, so that two blocks find room on an SM.
  int16_t unit_start[kMaxStepSequences];      ///< splits before each sequence: where its partial results lie
  int16_t item_start[kMaxStepSequences + 1];  ///< items before each sequence, for one head
  int16_t shared[kMaxStepSequences];          ///< sequences whose splits are apart, to be folded
  int32_t row[kMaxStepSequences];             ///< of each sequence's query
  int shared_count;
  int longest;  ///< splits of a sequence at most
  int heads;    ///< kv heads, in chunks of 8 q heads
  int items;    ///< of all heads
  int workers;  ///< blocks that have any
};

/// A step of 64 keys in a block's work.
struct alignas(16) Work {
  int item;                   ///< -1: none
  int sequence, head, chunk;  ///< chunk of 8 q heads of the group
  int context, first;         ///< keys of the sequence; the first that its query sees
  int split, end_split;       ///< of the item
  int step;                   ///< of the split
  int unit;                   ///< where the split's partial result lies; -1: the sequence is this item's alone
  bool begins_item;

  __device__ int key0() const { return split * kSplitKeys + step * kStepKeys; }
  __device__ bool ends_split() const { return step == kSplitKeys / kStepKeys - 1 || key0() + kStepKeys >= context; }
  __device__ bool ends_item() const { return ends_split() && split + 1 >= end_split; }
  /// Whether any query of the item sees a key of the 16 at `at`.
  __device__ bool sees(int at) const { return at < context && at + 16 > first; }
};

/// Splits of a sequence of one query row; others belong to the prefill kernel.
__device__ __forceinline__ int splits_of(const Attention& a, int sequence, int* first_split) {
  if (a.step.query_start[sequence + 1] - a.step.query_start[sequence] != 1) {
    *first_split = 0;
    return 0;
  }
  const int context = a.step.context_length[sequence];
  *first_split = first_key(context - 1, a.window) / kSplitKeys;
  return (context + kSplitKeys - 1) / kSplitKeys - *first_split;
}

/// Sums of `value` over lower threads, and over the block in *total.
__device__ __forceinline__ int block_scan(int value, int* total) {
  constexpr int kWarps = kDecodeThreads / 32;
  __shared__ int warp_sums[kWarps];
  const int lane = threadIdx.x % 32;
  int sum = value;
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    const int other = __shfl_up_sync(~0U, sum, d);
    sum += lane >= d ? other : 0;
  }
  __syncthreads();
  if (lane == 31) {
    warp_sums[threadIdx.x / 32] = sum;
  }
  __syncthreads();
  int before = 0;
  *total = 0;
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
    before += w < int(threadIdx.x / 32) ? warp_sums[w] : 0;
    *total += warp_sums[w];
  }
  return before + sum - value;
}

/// Whole sequences to a block where that keeps all blocks busy to the end, or where they are short beside a block's work; else
/// a split to a block.
__device__ inline void make_plan(const Attention& a, Plan& plan, int chunks) {
  const int sequences = a.step.counts->sequences;
  const int heads = a.layout.kv_heads * chunks;
  if (threadIdx.x == 0) {
    plan.longest = 0;
    plan.heads = heads;
  }
  __syncthreads();
  int units = 0;
#pragma unroll 1
  for (int base = 0; base < sequences; base += kDecodeThreads) {
    const int i = base + threadIdx.x;
    int first_split;
    const int splits = i < sequences ? splits_of(a, i, &first_split) : 0;
    atomicMax(&plan.longest, splits);
    int total;
    const int start = units + block_scan(splits, &total);
    if (i < sequences) {
      plan.unit_start[i] = int16_t(min(start, INT16_MAX));  // so many are more than `partial` has room for
      plan.item_start[i] = int16_t(min(splits, INT16_MAX));
      plan.row[i] = a.step.query_start[i];
    }
    units += total;
  }
  const int grid = gridDim.x;
  const int last_end = (sequences * heads + grid - 1) / grid * plan.longest;  // were all of them whole
  const int whole = last_end * grid <= units * heads / 4 * 5 ? plan.longest : max(1, units * heads / (grid * 4));
  // Two counts in one scan: items, and shared sequences above bit 20.
  int counts = 0;
#pragma unroll 1
  for (int base = 0; base < sequences; base += kDecodeThreads) {
    const int i = base + threadIdx.x;
    const int splits = i < sequences ? plan.item_start[i] : 0;
    const bool shared = splits > whole && plan.unit_start[i] + splits <= a.partial_units;
    int total;
    const int start = counts + block_scan(splits == 0 ? 0 : shared ? splits | 1 << 20 : 1, &total);
    if (i < sequences) {
      plan.item_start[i] = int16_t(start & 0xfffff);
    }
    if (shared) {
      plan.shared[start >> 20] = int16_t(i);
    }
    counts += total;
  }
  if (threadIdx.x == 0) {
    plan.item_start[sequences] = int16_t(counts & 0xfffff);
    plan.items = (counts & 0xfffff) * heads;
    plan.workers = min(grid, plan.items);
    plan.shared_count = counts >> 20;
  }
  __syncthreads();
}

__device__ inline Work work_of(const Attention& a, const Plan& plan, int item, int chunks) {
  const int i = unsigned(item) / unsigned(plan.heads);
  const int head_chunk = item - i * plan.heads;
  int low = 0;
  int high = a.step.counts->sequences;
  while (high - low > 1) {  // the last sequence whose items begin at or before i
    const int middle = (low + high) / 2;
    (plan.item_start[middle] <= i ? low : high) = middle;
  }
  Work w;
  w.item = item;
  w.sequence = low;
  w.head = chunks == 1 ? head_chunk : head_chunk / chunks;
  w.chunk = head_chunk - w.head * chunks;
  w.context = a.step.context_length[low];
  w.first = first_key(w.context - 1, a.window);
  int first_split;
  const int splits = splits_of(a, low, &first_split);
  const bool shared = plan.item_start[low + 1] - plan.item_start[low] > 1;
  w.split = first_split + (shared ? i - plan.item_start[low] : 0);
  w.end_split = shared ? w.split + 1 : first_split + splits;
  w.step = 0;
  w.unit = shared ? plan.unit_start[low] + w.split - first_split : -1;
  w.begins_item = true;
  return w;
}

/// `w` becomes the step after it; its item -1, if it was the block's last.
__device__ __forceinline__ void advance(const Attention& a, const Plan& plan, int chunks, Work& w) {
  if (!w.ends_split()) {
    ++w.step;
    w.begins_item = false;
    return;
  }
  if (w.split + 1 < w.end_split) {
    ++w.split;
    w.step = 0;
    w.begins_item = false;
    return;
  }
  const int next = w.item + int(gridDim.x);
  if (next >= plan.items) {
    w.item = -1;
    return;
  }
  w = work_of(a, plan, next, chunks);
}

}  // namespace nim::cuda
