// Attention of sequences with several query rows, on Hopper: a block takes 128 rows of one kv head (16 queries of a q head to a
// warp, 64 rows to a warpgroup), one warp fills a ring with keys, values and queries by bulk copies, and two warpgroups
// multiply by wgmma: scores with queries and keys from shared memory, values by weights that stay in registers. While one
// warpgroup weighs, the other multiplies.
//
// Pages hold core matrices and activations are panels of them, so nothing is moved after the copy. The sums are those of
// cuda/attention.cuh, step by step, and so are their bits. Where a step has few such blocks, several share one's keys and leave
// the folding of splits to attention_spread.cu.
#include <algorithm>

#include "cuda/attention_items.cuh"

namespace nim::cuda {
namespace {

constexpr int kThreads = 128 * (kConsumers + 1);
constexpr int kQueryBuffers = 2;

template <int kDim>
struct Ring {
  static constexpr int kStepBytes = kStepKeys * kDim * 2;  // of keys, and again of values
  static constexpr int kStageBytes = 2 * kStepBytes;
  static constexpr int kStages = 4;
  static constexpr int kQueryBytes = 64 * kDim * 2;  // of a warpgroup
  static constexpr int kBytes = kStages * kStageBytes + kQueryBuffers * kConsumers * kQueryBytes;
};

#ifdef NIM_SM90A

constexpr int kStepBlocks = kStepKeys / 16;
/// Barriers of a ring of buffers: full ones count bytes, empty ones the warps that have read.
struct Place {
  uint32_t full, empty;
  int at = 0;
  uint32_t parity = 0;
  __device__ uint32_t full_at() const { return full + 8 * at; }
  __device__ uint32_t empty_at() const { return empty + 8 * at; }
  __device__ void advance(int count) {
    if (++at == count) {
      at = 0;
      parity ^= 1;
    }
  }
};

template <int kDim>
__device__ __forceinline__ void copy_queries(const Attention& a, const Item& item, uint32_t to, uint32_t barrier) {
  using R = Ring<kDim>;
  constexpr int kPanels = kDim / 8;
  const int lane = threadIdx.x % 32;
  const int block = lane % kRowBlocks;  // a lane takes one row block and every fourth panel
  const int row_block = item.row_block0 + block;
  const int query0 = row_block / a.group * 16;
  const int rows = row_block < item.row_blocks ? min(16, item.queries - query0) : 0;
  const auto* from = reinterpret_cast<const uint4*>(a.qkv) +
                     std::size_t(item.head * a.group + row_block % a.group) * kPanels * a.rows + item.first_row + query0;
  to += block / 4 * R::kQueryBytes + block % 4 * 256;
  const unsigned bytes = __reduce_add_sync(~0U, unsigned(rows * 16 * (kPanels / (32 / kRowBlocks))));
  if (lane == 0) {
    ptx::barrier_expect(barrier, bytes);
  }
  __syncwarp();
  if (rows > 0) {
    for (int panel = lane / kRowBlocks; panel < kPanels; panel += 32 / kRowBlocks) {
      ptx::bulk_copy(to + panel * 1024, from + std::size_t(panel) * a.rows, rows * 16, barrier);
    }
  }
}

/// Four blocks of 16 keys and their values: a lane for each.
template <int kDim>
__device__ __forceinline__ void copy_step(const Attention& a, const Item& item, int step, uint32_t stage, uint32_t barrier) {
  using R = Ring<kDim>;
  constexpr int kBytes = 16 * kDim * 2;
  const int lane = threadIdx.x % 32;
  const int block = lane % kStepBlocks;
  const int value = lane / kStepBlocks;
  const int key = step * kStepKeys + block * 16;
  const int page_shift = 31 - __clz(a.layout.page_tokens);
  if (lane == 0) {
    const int blocks = min(kStepBlocks, (item.context - step * kStepKeys + 15) / 16);
    ptx::barrier_expect(barrier, blocks * 2 * kBytes);
  }
  __syncwarp();
  if (value < 2 && key < item.context) {
    const std::size_t page = a.step.page[a.step.page_start[item.sequence] + (key >> page_shift)];
    const __nv_bfloat16* from = a.kv + a.layout.layer_offset(a.layer) + page * a.layout.page_elements() +
                                a.layout.head_offset(value, item.head) + (key & (a.layout.page_tokens - 1)) * kDim;
    ptx::bulk_copy(stage + value * R::kStepBytes + block * kBytes, from, kBytes, barrier);
  }
}

/// Zeros in place of the values of keys that the sequence does not have, by the first warpgroup, whose turn ends after it: a
/// page's rest may hold anything.
template <int kDim>
__device__ __forceinline__ void clear_values(uint32_t values, int keys) {
  for (int i = threadIdx.x; i < kStepKeys / 8 * kDim; i += 128) {
    const int kept = keys - i / kDim * 8;  // of the 8 keys in these 16 bytes
    if (kept < 8) {
      uint4 x = ptx::load_shared(values + i * 16);
      ptx::keep_first(x, kept);
      ptx::store_shared(values + i * 16, x);
    }
  }
  ptx::fence_shared();
  ptx::named_barrier(1, 128);
}

#endif

template <int kDim, bool kSpread>
__global__ void __launch_bounds__(kThreads, 1) attention_wgmma(const Attention a) {
#ifdef NIM_SM90A
  using R = Ring<kDim>;
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ uint64_t barriers[2 * R::kStages + 2 * kQueryBuffers];
  const uint32_t base = ptx::shared_address(shared);
  const uint32_t query_base = base + R::kStages * R::kStageBytes;
  const uint32_t first_barrier = ptx::shared_address(barriers);
  Place keys{first_barrier, first_barrier + 8 * R::kStages};
  Place queries{first_barrier + 16 * R::kStages, first_barrier + 16 * R::kStages + 8 * kQueryBuffers};
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
  if (threadIdx.x == 0) {
    for (int i = 0; i < R::kStages; ++i) {
      ptx::barrier_init(keys.full + 8 * i, 1);
      ptx::barrier_init(keys.empty + 8 * i, 4 * kConsumers);
    }
    for (int i = 0; i < kQueryBuffers; ++i) {
      ptx::barrier_init(queries.full + 8 * i, 1);
      ptx::barrier_init(queries.empty + 8 * i, 4 * kConsumers);
    }
    ptx::barrier_fence();
  }
  __syncthreads();

  if (warp >= 4 * kConsumers) {
    ptx::give_registers<40>();
    if (warp == 4 * kConsumers) {
      ptx::wait_for_previous();
      for (int round = 0;; ++round) {
        const Item item = work_at<kSpread>(a, round);
        if (item.sequence < 0) {
          break;
        }
        ptx::barrier_wait(queries.empty_at(), queries.parity ^ 1);
        copy_queries<kDim>(a, item, query_base + queries.at * kConsumers * R::kQueryBytes, queries.full_at());
        queries.advance(kQueryBuffers);
        for (int step = item.first_step; step < item.end_step; ++step) {
          ptx::barrier_wait(keys.empty_at(), keys.parity ^ 1);
          copy_step<kDim>(a, item, step, base + keys.at * R::kStageBytes, keys.full_at());
          keys.advance(R::kStages);
        }
      }
    }
    return;
  }

  ptx::take_registers<232>();
  ptx::wait_for_previous();
  const int group = warp / 4;
  // The warpgroups take turns at the tensor cores: one's values and next scores, then the other's. So the second multiplies a
  // step's values after the first has begun with the next step.
  const auto await_turn = [&] { ptx::named_barrier(2 + group, 128 * kConsumers); };
  const auto pass_turn = [&] { ptx::named_arrive(3 - group, 128 * kConsumers); };
  if (group == 1) {
    pass_turn();
  }
  for (int round = 0;; ++round) {
    const Item item = work_at<kSpread>(a, round);
    if (item.sequence < 0) {
      break;
    }
    const int row_block = item.row_block0 + warp;
    const int query0 = row_block / a.group * 16;
    const int position0 = item.position(query0);
    const int end_step = item.end_step_of(group, a.group);

    float total[kDim / 2];
    float o[kDim / 2];  // of the split; its first product ignores what is there
#pragma unroll
    for (int i = 0; i < kDim / 2; ++i) {
      total[i] = 0;
    }
    float total_max[2] = {-INFINITY, -INFINITY};
    float total_sum[2] = {};
    float sum[4] = {};
    RunningMax running[2] = {{-INFINITY}, {-INFINITY}};
    uint4 p[kStepBlocks];  // weights of a step, as the A operand
    const auto add_weights = [&] {
#pragma unroll
      for (int j = 0; j < kStepBlocks; ++j) {
        ptx::mma(sum, p[j], kOnes, kOnes);
      }
    };
    const auto write_split = [&](int split) {
      float4* const part = spread_part<kDim>(a, blockIdx.x / a.spread.ranges, split, group) + threadIdx.x % 128;
#pragma unroll
      for (int d = 0; d < kDim / 8; ++d) {
        __stcg(part + d * 128, make_float4(o[4 * d], o[4 * d + 1], o[4 * d + 2], o[4 * d + 3]));
      }
      __stcg(part + kDim / 8 * 128, make_float4(running[0].value, running[1].value, sum[0], sum[2]));
      running[0].value = running[1].value = -INFINITY;
      sum[0] = sum[1] = sum[2] = sum[3] = 0;
    };
    const auto fold_split = [&] {
      float keep[2], add[2];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const RunningMax all{fmaxf(total_max[i], running[i].value)};
        keep[i] = rescale(total_max[i], all);
        add[i] = rescale(running[i].value, all);
        total_sum[i] = fold(total_sum[i], keep[i], sum[2 * i], add[i]);
        total_max[i] = all.value;
        running[i].value = -INFINITY;
      }
#pragma unroll
      for (int i = 0; i < kDim / 2; ++i) {
        total[i] = fold(total[i], keep[i / 2 % 2], o[i], add[i / 2 % 2]);
      }
      sum[0] = sum[1] = sum[2] = sum[3] = 0;
    };

    const uint32_t my_queries = ptx::uniform(query_base + (queries.at * kConsumers + group) * R::kQueryBytes);
    ptx::barrier_wait(queries.full_at(), queries.parity);
    uint32_t previous = 0;  // the empty barrier of the step before, whose values are still being multiplied
    const auto release = [&] {
      if (previous != 0 && lane == 0) {
        ptx::barrier_arrive(previous);
      }
    };
    for (int step = item.first_step; step < item.end_step; ++step) {
      const uint32_t stage = ptx::uniform(base + keys.at * R::kStageBytes);
      const int key0 = step * kStepKeys;
      ptx::barrier_wait(keys.full_at(), keys.parity);
      if (group == 0 && key0 + kStepKeys > item.context) {
        clear_values<kDim>(stage + R::kStepBytes, item.context - key0);
      }
      if (step < end_step) {
        float s[kStepKeys / 2];
        ptx::wgmma_fence();
#pragma unroll
        for (int i = 0; i < kDim / 16; ++i) {
          const uint64_t q = ptx::operand_descriptor(my_queries, 2 * i * 1024, 1024, 128);
          const uint64_t k = ptx::operand_descriptor(stage, 2 * i * 128, 128, kDim * 16);
          i == 0 ? ptx::wgmma_m64n64k16<false>(s, q, k) : ptx::wgmma_m64n64k16<true>(s, q, k);
        }
        ptx::wgmma_commit();
        if (step > item.first_step) {
          pass_turn();
          add_weights();
        }
        ptx::wgmma_wait<0>();  // and the values of the step before
        release();
        const bool opens_split = step % kSplitSteps == 0;  // the first of an item does
        if (opens_split && step > item.first_step) {
          if constexpr (kSpread) {
            write_split(step / kSplitSteps - 1);
          } else {
            fold_split();
          }
        }
#pragma unroll
        for (int i = 0; i < kStepKeys / 2; ++i) {
          s[i] = scaled(s[i], a.scale_log2);
        }
        if (key0 + kStepKeys - 1 > position0 || (a.window > 0 && key0 <= position0 + 15 - a.window)) {
#pragma unroll
          for (int i = 0; i < 2; ++i) {
            const int at = position0 + lane / 4 + i * 8;
            const int first = first_key(at, a.window) - key0 - 2 * (lane % 4);
            const int last = at - key0 - 2 * (lane % 4);
#pragma unroll
            for (int j = 0; j < kStepKeys / 8; ++j) {
              s[4 * j + 2 * i] = j * 8 <= last && j * 8 >= first ? s[4 * j + 2 * i] : -INFINITY;
              s[4 * j + 2 * i + 1] = j * 8 + 1 <= last && j * 8 + 1 >= first ? s[4 * j + 2 * i + 1] : -INFINITY;
            }
          }
        }
        RunningMax m[2];
        float r[2];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          float largest = -INFINITY;
#pragma unroll
          for (int j = 0; j < kStepKeys / 8; ++j) {
            largest = fmaxf(largest, fmaxf(s[4 * j + 2 * i], s[4 * j + 2 * i + 1]));
          }
          largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, 1));
          largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, 2));
          m[i] = raised(running[i], largest);
          r[i] = rescale(running[i].value, m[i]);
          running[i] = m[i];
        }
        // The accumulators of 16 keys are the A operand of their product with the values.
#pragma unroll
        for (int j = 0; j < kStepBlocks; ++j) {
          p[j].x = pack_bf16(weight_of(s[8 * j], m[0]), weight_of(s[8 * j + 1], m[0]));
          p[j].y = pack_bf16(weight_of(s[8 * j + 2], m[1]), weight_of(s[8 * j + 3], m[1]));
          p[j].z = pack_bf16(weight_of(s[8 * j + 4], m[0]), weight_of(s[8 * j + 5], m[0]));
          p[j].w = pack_bf16(weight_of(s[8 * j + 6], m[1]), weight_of(s[8 * j + 7], m[1]));
          ptx::settle(p[j]);  // before this warpgroup's turn comes
        }
        if (!opens_split && __any_sync(~0U, r[0] != 1 || r[1] != 1)) {  // the maximum seldom moves
#pragma unroll
          for (int i = 0; i < kDim / 2; ++i) {
            o[i] *= r[i / 2 % 2];
          }
          sum[0] *= r[0], sum[2] *= r[1];
        }
        await_turn();
        ptx::wgmma_fence();
#pragma unroll
        for (int j = 0; j < kStepBlocks; ++j) {
          const uint64_t v = ptx::operand_descriptor(stage, R::kStepBytes + j * kDim * 32, kDim * 16, 128);
          const bool add = j > 0 || !opens_split;
          if constexpr (kDim == 128) {
            ptx::wgmma_m64n128k16(o, p[j], v, add);
          } else {
            ptx::wgmma_m64n64k16(o, p[j], v, add);
          }
        }
        ptx::wgmma_commit();
      } else {
        if (step > item.first_step) {
          pass_turn();
        }
        await_turn();
        if (step == end_step) {
          add_weights();
        }
        ptx::wgmma_wait<0>();
        release();
      }
      previous = keys.empty_at();
      keys.advance(R::kStages);
    }
    pass_turn();
    if (end_step >= item.end_step) {
      add_weights();
    }
    ptx::wgmma_wait<0>();
    release();
    if (lane == 0) {
      ptx::barrier_arrive(queries.empty_at());
    }
    queries.advance(kQueryBuffers);
    if constexpr (kSpread) {
      if (end_step > item.first_step) {
        write_split((min(end_step, item.end_step) - 1) / kSplitSteps);
      }
      continue;
    }
    fold_split();

    auto* const panels = reinterpret_cast<uint32_t*>(a.out);
    const int q_head = item.head * a.group + row_block % a.group;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int query = query0 + lane / 4 + 8 * i;
      if (row_block < item.row_blocks && query < item.queries) {
#pragma unroll
        for (int d = 0; d < kDim / 8; ++d) {
          const std::size_t panel = std::size_t(q_head * (kDim / 8) + d) * a.rows + item.first_row + query;
          panels[panel * 4 + lane % 4] = pack_bf16(__fdiv_rn(total[4 * d + 2 * i], total_sum[i]),
                                                   __fdiv_rn(total[4 * d + 2 * i + 1], total_sum[i]));
        }
      }
    }
  }
#endif
}

template <int kDim>
void launch(const Stream& stream, const Attention& a, int sequences) {
  static const int raised = allow_shared(attention_wgmma<kDim, false>, Ring<kDim>::kBytes) +
                            allow_shared(attention_wgmma<kDim, true>, Ring<kDim>::kBytes);
  (void)raised;
  if (a.spread.ranges > 1) {
    const int blocks = a.spread.items * a.spread.ranges;
    launch_kernel(stream, attention_wgmma<kDim, true>, blocks, kThreads, Ring<kDim>::kBytes, a);
    return attention_spread_fold_launch(stream, a);
  }
  // Items at most: every sequence rounds its rows up to 16 and its row blocks up to kRowBlocks.
  const int most = ((a.rows / 16 + sequences) * a.group / kRowBlocks + sequences) * a.layout.kv_heads;
  launch_kernel(stream, attention_wgmma<kDim, false>, std::min(most, stream.multiprocessors), kThreads, Ring<kDim>::kBytes, a);
}

}  // namespace

bool attention_wgmma_fits(const Attention& a) { return a.layout.head_dim == 64 || a.layout.head_dim == 128; }

void attention_wgmma_launch(const Stream& stream, const Attention& a, int sequences) {
  a.layout.head_dim == 64 ? launch<64>(stream, a, sequences) : launch<128>(stream, a, sequences);
}

}  // namespace nim::cuda
