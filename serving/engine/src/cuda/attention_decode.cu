// Attention of sequences with one query row: each block takes one split (256 keys) of one kv head, with all q heads of its
// group, or, where there are many sequences, a whole short sequence. Keys and values go straight from their pages into
// registers, each read once; two shuffles make a block of 16 x 16 the A operand of mma.
//
// The block plans for itself from the step's context lengths, so a captured graph serves every length. The last block of a
// sequence's head folds the splits, in order.
#include "cuda/attention.cuh"

namespace nim::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = 32 * kWarps;
constexpr int kHalfKeys = 16 * kWarps;  ///< keys in flight in a block
constexpr int kHeads = 8;               ///< q heads that a block takes, padded: the N side of mma
constexpr int kBlocksPerSm = 2;


/// A place in a block's work: one half (128 keys) of one split of one item.
struct Work {
  int item;
  int sequence, head, chunk;   ///< chunk of 8 q heads of the group
  int context, first;          ///< keys of the sequence; the first that its query sees
  int split, end_split;        ///< of the item
  int half;
  int splits;                  ///< of the sequence
  int unit;                    ///< where the sequence's partial results lie; -1: it is not shared

  __device__ int key0() const { return split * kSplitKeys + half * kHalfKeys; }
  __device__ bool ends_split() const { return half == kSplitKeys / kHalfKeys - 1 || key0() + kHalfKeys >= context; }
  __device__ bool ends_item() const { return ends_split() && split + 1 >= end_split; }
};

struct Plan {
  int unit_start[kMaxStepSequences + 1];  ///< splits before each sequence
  int item_start[kMaxStepSequences + 1];  ///< work items before each sequence, for one head
};

__device__ __forceinline__ int splits_of(const Attention& a, int sequence, int* first) {
  if (a.step.query_start[sequence + 1] - a.step.query_start[sequence] != 1) {
    *first = 0;
    return 0;
  }
  const int context = a.step.context_length[sequence];
  *first = first_key(context - 1, a.window) / kSplitKeys;
  return (context + kSplitKeys - 1) / kSplitKeys - *first;
}

/// Sums of `value` over lower threads, and over the block in *total.
__device__ __forceinline__ int block_scan(int value, int* warp_sums, int* total) {
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

/// Whole short sequences to a block where there is work enough, a split to a block otherwise. Returns the items of one head.
__device__ int make_plan(const Attention& a, Plan& plan, int heads) {
  __shared__ int warp_sums[kWarps];
  const int sequences = a.step.counts->sequences;
  int units = 0;
  for (int base = 0; base < sequences; base += kThreads) {
    const int i = base + threadIdx.x;
    int first;
    const int splits = i < sequences ? splits_of(a, i, &first) : 0;
    int total;
    const int start = units + block_scan(splits, warp_sums, &total);
    if (i < sequences) {
      plan.unit_start[i] = start;
    }
    units += total;
  }
  const int whole = max(1, units * heads / (int(gridDim.x) * 4));
  int items = 0;
  for (int base = 0; base < sequences; base += kThreads) {
    const int i = base + threadIdx.x;
    int first;
    const int splits = i < sequences ? splits_of(a, i, &first) : 0;
    const bool shared = splits > whole && plan.unit_start[min(i, sequences - 1)] + splits <= a.partial_units;
    int total;
    const int start = items + block_scan(splits == 0 ? 0 : shared ? splits : 1, warp_sums, &total);
    if (i < sequences) {
      plan.item_start[i] = start;
    }
    items += total;
  }
  if (threadIdx.x == 0) {
    plan.item_start[sequences] = items;
  }
  __syncthreads();
  return items;
}

__device__ Work work_of(const Attention& a, const Plan& plan, int item, int chunks) {
  const int heads = a.layout.kv_heads * chunks;
  const int i = item / heads;
  int low = 0;
  int high = a.step.counts->sequences;
  while (high - low > 1) {  // the last sequence whose items begin at or before i
    const int middle = (low + high) / 2;
    (plan.item_start[middle] <= i ? low : high) = middle;
  }
  Work w;
  w.item = item;
  w.sequence = low;
  w.head = item % heads / chunks;
  w.chunk = item % heads % chunks;
  w.context = a.step.context_length[low];
  w.first = first_key(w.context - 1, a.window);
  int first_split;
  w.splits = splits_of(a, low, &first_split);
  const bool shared = plan.item_start[low + 1] - plan.item_start[low] > 1;
  w.split = first_split + (shared ? i - plan.item_start[low] : 0);
  w.end_split = shared ? w.split + 1 : first_split + w.splits;
  w.half = 0;
  w.unit = shared ? plan.unit_start[low] + w.split - first_split : -1;
  return w;
}

/// Writes a whole sequence's result, or parks one split's and, as the last of its sequence, folds them all in order.
template <int kDim>
__device__ __forceinline__ void finish_item(const Attention& a, const Work& work, int chunks, const float (&o)[4],
                                            const float (&sum)[4], const float (&total)[4], const float (&total_sum)[2],
                                            const float* split_max, bool* last) {
  constexpr int kDimBlocks = kDim / 16;
  constexpr int kPart = kHeads * (kDim + 2);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int heads = a.layout.kv_heads * chunks;
  const int row = a.step.query_start[work.sequence];
  const int q_head0 = work.head * a.group + work.chunk * kHeads;
  const int q_heads = min(kHeads, a.group - work.chunk * kHeads);
  auto* const panels = reinterpret_cast<uint32_t*>(a.out);
  if (work.unit < 0) {
    if (warp < kDimBlocks) {
      const uint32_t low =
          ptx::transpose_matrix(pack_bf16(__fdiv_rn(total[0], total_sum[0]), __fdiv_rn(total[1], total_sum[1])));
      const uint32_t high =
          ptx::transpose_matrix(pack_bf16(__fdiv_rn(total[2], total_sum[0]), __fdiv_rn(total[3], total_sum[1])));
      if (lane / 4 < q_heads) {
        const std::size_t panel = (q_head0 + lane / 4) * (kDim / 8) + 2 * warp;
        panels[(panel * a.rows + row) * 4 + lane % 4] = low;
        panels[((panel + 1) * a.rows + row) * 4 + lane % 4] = high;
      }
    }
    return;
  }

  const int head_chunk = work.head * chunks + work.chunk;
  float* const part = a.partial + (std::size_t(work.unit) * heads + head_chunk) * kPart;
  const int head = 2 * (lane % 4);
  if (warp < kDimBlocks && head < q_heads) {
    const int dim = warp * 16 + lane / 4;
    part[head * kDim + dim] = o[0];
    part[(head + 1) * kDim + dim] = o[1];
    part[head * kDim + dim + 8] = o[2];
    part[(head + 1) * kDim + dim + 8] = o[3];
  }
  if (warp == 0 && lane < 4) {
    part[kHeads * kDim + head] = split_max[head];
    part[kHeads * kDim + head + 1] = split_max[head + 1];
    part[kHeads * kDim + kHeads + head] = sum[0];
    part[kHeads * kDim + kHeads + head + 1] = sum[1];
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    *last = atomicInc(&a.finished[work.sequence * heads + head_chunk], work.splits - 1) == unsigned(work.splits - 1);
    __threadfence();
  }
  __syncthreads();
  if (!*last) {
    return;
  }
  const int first_unit = work.unit - (work.split - work.first / kSplitKeys);
  const float* const parts = a.partial + (std::size_t(first_unit) * heads + head_chunk) * kPart;
  const std::size_t next = std::size_t(heads) * kPart;
  for (int i = threadIdx.x; i < q_heads * (kDim / 2); i += kThreads) {
    const int h = i / (kDim / 2);
    const int dim = i % (kDim / 2) * 2;
    float2 t = {0, 0};
    float m_total = -INFINITY;
    float l_total = 0;
    constexpr int kAhead = 8;
    for (int s0 = 0; s0 < work.splits; s0 += kAhead) {
      float2 po[kAhead];
      float pm[kAhead], pl[kAhead];
#pragma unroll
      for (int j = 0; j < kAhead; ++j) {
        const float* p = parts + std::size_t(min(s0 + j, work.splits - 1)) * next;
        po[j] = __ldcg(reinterpret_cast<const float2*>(p + h * kDim + dim));
        pm[j] = __ldcg(p + kHeads * kDim + h);
        pl[j] = __ldcg(p + kHeads * kDim + kHeads + h);
      }
#pragma unroll
      for (int j = 0; j < kAhead; ++j) {
        if (s0 + j < work.splits) {
          const RunningMax m{fmaxf(m_total, pm[j])};
          const float keep = rescale(m_total, m);
          const float add = rescale(pm[j], m);
          t.x = fold(t.x, keep, po[j].x, add);
          t.y = fold(t.y, keep, po[j].y, add);
          l_total = fold(l_total, keep, pl[j], add);
          m_total = m.value;
        }
      }
    }
    const std::size_t column = (q_head0 + h) * kDim + dim;
    panels[((column / 8) * a.rows + row) * 4 + column % 8 / 2] =
        pack_bf16(__fdiv_rn(t.x, l_total), __fdiv_rn(t.y, l_total));
  }
}

template <int kDim>
__global__ void __launch_bounds__(kThreads, kBlocksPerSm) attention_decode(const Attention a, int chunks) {
  constexpr int kDimBlocks = kDim / 16;
  constexpr int kRow = kHalfKeys + 8;  // of scores, padded against bank conflicts
  __shared__ Plan plan;
  __shared__ __align__(16) uint4 queries[2][kDim / 8][kHeads];
  __shared__ float scores[kHeads][kRow];
  __shared__ __align__(8) uint32_t weights[kHeads][kHalfKeys / 2 + 4];
  __shared__ float rescales[kHalfKeys / kStepKeys][kHeads];
  __shared__ float split_max[kHeads];
  __shared__ bool last;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
  const int heads = a.layout.kv_heads * chunks;
  const int items = make_plan(a, plan, heads) * heads;
  if (int(blockIdx.x) >= items) {
    ptx::wait_for_previous();  // or a step without decodes would let the next kernel run ahead of the one before this
    return;
  }

  const int page_shift = 31 - __clz(a.layout.page_tokens);
  const __nv_bfloat16* const layer_kv = a.kv + a.layout.layer_offset(a.layer);
  // What a lane must know to load a half: the page of key block `lane % 8`.
  const auto page_of = [&](const Work& w) {
    const int at = min(w.key0() + lane % 8 * 16, w.context - 1);
    return a.step.page[a.step.page_start[w.sequence] + (at >> page_shift)];
  };
  const auto block_at = [&](const Work& w, int page, int value, int at) {
    return layer_kv + page * a.layout.page_elements() + a.layout.head_offset(value, w.head) +
           std::size_t((at & (a.layout.page_tokens - 1)) / kBlock) * kDimBlocks * kBlockElements;
  };
  // A lane's row of a block of 16 x 16: dimensions lie 64 elements apart, tokens kDim * 8.
  const int key_row = lane % 2 * 64 + lane % 4 / 2 * (kDim * 8) + lane / 4 * 8;
  const int value_row = lane % 2 * (kDim * 8) + lane % 4 / 2 * 64 + lane / 4 * 8;
  // The block that holds the newest key is written by the kernel before this one, all others by earlier steps: those are
  // asked for before that kernel has ended.
  const auto wanted = [&](const Work& w, int at, bool older, bool newest) {
    return at < w.context && at + 16 > w.first && (at + 16 < w.context ? older : newest);
  };
  uint4 k[kDimBlocks];
  uint4 v[kHalfKeys / 16];
  const auto load_keys = [&](const Work& w, int pages, bool older, bool newest) {
    const int at = w.key0() + warp * 16;
    const int page = __shfl_sync(~0U, pages, warp);
    if (wanted(w, at, older, newest)) {
      const __nv_bfloat16* from = block_at(w, page, 0, at) + key_row;
#pragma unroll
      for (int i = 0; i < kDimBlocks; ++i) {
        k[i] = ptx::load_stream(from + i * 128);
      }
    }
  };
  const auto load_values = [&](const Work& w, int pages, bool older, bool newest) {
#pragma unroll
    for (int j = 0; j < kHalfKeys / 16; ++j) {
      const int at = w.key0() + j * 16;
      const int page = __shfl_sync(~0U, pages, j);
      if (warp < kDimBlocks && wanted(w, at, older, newest)) {
        v[j] = ptx::load_stream(block_at(w, page, 1, at) + value_row + warp * 128);
      }
    }
  };
  const auto load_queries = [&](const Work& w, int buffer) {
    const int head = threadIdx.x % kHeads;
    const int panel = threadIdx.x / kHeads;
    if (panel < kDim / 8) {
      const int q_head = w.head * a.group + min(w.chunk * kHeads + head, a.group - 1);
      ptx::copy16(ptx::shared_address(&queries[buffer][panel][head]),
                  reinterpret_cast<const uint4*>(a.qkv) + std::size_t(q_head * (kDim / 8) + panel) * a.rows +
                      a.step.query_start[w.sequence]);
    }
    ptx::copy_commit();
  };

  Work work = work_of(a, plan, blockIdx.x, chunks);
  {
    const int pages = page_of(work);
    load_keys(work, pages, true, false);
    load_values(work, pages, true, false);
    ptx::wait_for_previous();
    load_queries(work, 0);
    load_keys(work, pages, false, true);
    load_values(work, pages, false, true);
    ptx::copy_wait<0>();
    __syncthreads();
  }

  int buffer = 0;
  float total[4] = {};
  float total_max[2] = {-INFINITY, -INFINITY};
  float total_sum[2] = {};
  float o[4] = {};
  float sum[4] = {};
  float running = -INFINITY;  // of head `warp`
  for (;;) {
    // While this half is computed, the next one loads: its pages first, keys and values as their registers fall free.
    Work next = work;
    bool more = true;
    if (!work.ends_split()) {
      ++next.half;
    } else if (!work.ends_item()) {
      ++next.split;
      next.half = 0;
    } else if (work.item + int(gridDim.x) < items) {
      next = work_of(a, plan, work.item + gridDim.x, chunks);
      load_queries(next, buffer ^ 1);
    } else {
      more = false;
    }
    const int next_pages = more ? page_of(next) : 0;

    const int key0 = work.key0();
    {
      float s[4] = {};
#pragma unroll
      for (int i = 0; i < kDimBlocks; ++i) {
        const uint2 q = reinterpret_cast<const uint2*>(&queries[buffer][2 * i + lane % 2][lane / 4])[lane % 4 / 2];
        ptx::make_fragment(k[i]);
        ptx::mma(s, k[i], q.x, q.y);
      }
      const int at = warp * 16 + lane / 4;
      const int key = key0 + at;
      const int head = 2 * (lane % 4);
      const bool seen = key < work.context && key >= work.first;
      const bool seen8 = key + 8 < work.context && key + 8 >= work.first;
      scores[head][at] = seen ? scaled(s[0], a.scale_log2) : -INFINITY;
      scores[head + 1][at] = seen ? scaled(s[1], a.scale_log2) : -INFINITY;
      scores[head][at + 8] = seen8 ? scaled(s[2], a.scale_log2) : -INFINITY;
      scores[head + 1][at + 8] = seen8 ? scaled(s[3], a.scale_log2) : -INFINITY;
    }
    if (more) {
      load_keys(next, next_pages, true, true);
    }
    __syncthreads();
    // A warp for each q head.
#pragma unroll
    for (int step = 0; step < kHalfKeys / kStepKeys; ++step) {
      const float2 s = *reinterpret_cast<const float2*>(&scores[warp][step * kStepKeys + 2 * lane]);
      float largest = fmaxf(s.x, s.y);
#pragma unroll
      for (int d = 16; d > 0; d /= 2) {
        largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, d));
      }
      const RunningMax m = raised({running}, largest);
      weights[warp][step * (kStepKeys / 2) + lane] = pack_bf16(weight_of(s.x, m), weight_of(s.y, m));
      if (lane == 0) {
        rescales[step][warp] = rescale(running, m);
      }
      running = m.value;
    }
    if (lane == 0) {
      split_max[warp] = running;
    }
    ptx::copy_wait<0>();
    __syncthreads();
    if (warp < kDimBlocks) {
#pragma unroll
      for (int step = 0; step < kHalfKeys / kStepKeys; ++step) {
        const float2 r = *reinterpret_cast<const float2*>(&rescales[step][2 * (lane % 4)]);
        o[0] *= r.x, o[1] *= r.y, o[2] *= r.x, o[3] *= r.y;
        sum[0] *= r.x, sum[1] *= r.y;
#pragma unroll
        for (int j = step * 4; j < step * 4 + 4; ++j) {
          const int at = key0 + j * 16;
          const uint2 p = *reinterpret_cast<const uint2*>(&weights[lane / 4][j * 8 + ptx::fragment_column() / 2]);
          uint4 block = v[j];
          if (at >= work.context || at + 16 <= work.first) {
            block = make_uint4(0, 0, 0, 0);
          } else if (at + 16 > work.context) {
            ptx::keep_first(block, work.context - at - lane % 2 * 8);
          }
          ptx::make_fragment(block);
          ptx::mma(o, block, p.x, p.y);
          ptx::mma(sum, make_uint4(kOnes, kOnes, kOnes, kOnes), p.x, p.y);
        }
      }
    }
    if (more) {
      load_values(next, next_pages, true, true);
    }
    if (work.ends_split() && work.unit < 0) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const float part_max = split_max[2 * (lane % 4) + i];
        const RunningMax m{fmaxf(total_max[i], part_max)};
        const float keep = rescale(total_max[i], m);
        const float add = rescale(part_max, m);
        total[i] = fold(total[i], keep, o[i], add);
        total[i + 2] = fold(total[i + 2], keep, o[i + 2], add);
        total_sum[i] = fold(total_sum[i], keep, sum[i], add);
        total_max[i] = m.value;
      }
      o[0] = o[1] = o[2] = o[3] = 0;
      sum[0] = sum[1] = sum[2] = sum[3] = 0;
      running = -INFINITY;
    }
    if (work.ends_item()) {
      finish_item<kDim>(a, work, chunks, o, sum, total, total_sum, split_max, &last);
      total[0] = total[1] = total[2] = total[3] = total_sum[0] = total_sum[1] = 0;
      total_max[0] = total_max[1] = -INFINITY;
      o[0] = o[1] = o[2] = o[3] = 0;
      sum[0] = sum[1] = sum[2] = sum[3] = 0;
      running = -INFINITY;
    }
    if (!more) {
      return;
    }
    buffer ^= next.item != work.item;
    work = next;
  }
}

template <int kDim>
void launch(const Stream& stream, const Attention& a, int sequences) {
  const int chunks = (a.group + kHeads - 1) / kHeads;
  const int grid = stream.multiprocessors * kBlocksPerSm;
  (void)sequences;
  launch_kernel(stream, attention_decode<kDim>, grid, kThreads, 0, a, chunks);
}

}  // namespace

void attention_decode_launch(const Stream& stream, const Attention& a, int sequences) {
  switch (a.layout.head_dim) {
    case 32: return launch<32>(stream, a, sequences);
    case 64: return launch<64>(stream, a, sequences);
    case 128: return launch<128>(stream, a, sequences);
    default: fail("head_dim ", a.layout.head_dim, ": the CUDA backend has attention for 32, 64 and 128");
  }
}

}  // namespace nim::cuda
