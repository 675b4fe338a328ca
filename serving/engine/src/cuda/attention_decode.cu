// Attention of sequences with one query row. A block takes items of work (attention_plan.cuh) in steps of 64 keys; keys and
// values come through a ring of shared memory, copied straight from their pages, across items without a pause. Four warps share
// a step: each has 16 of its keys for the scores, then a quarter of the dimensions for the sums over values.
//
// Bytes in flight decide the speed: two blocks of three steps ask for up to 200 KB at a time on a Hopper SM. Splits that
// several blocks have are folded by the last of them (attention_fold.cuh).
#include "cuda/attention_fold.cuh"
#include "cuda/attention_row.cuh"

namespace nim::cuda {
namespace {

constexpr int kWarps = kDecodeThreads / 32;
static_assert(kStepKeys == 16 * kWarps);

template <int kDim>
struct Stage {
  static constexpr int kBlockBytes = 16 * kDim * 2;  ///< of 16 keys
  static constexpr int kKeys = 0;
  static constexpr int kValues = kWarps * kBlockBytes;
  static constexpr int kBytes = 2 * kWarps * kBlockBytes;
};

/// kBulk: by the copy engine, on Hopper.
template <int kDim, int kStages, bool kBulk>
__global__ void __launch_bounds__(kDecodeThreads, 2) attention_decode(const Attention a, int chunks, int most_folders) {
  using S = Stage<kDim>;
  constexpr int kDimBlocks = kDim / 16;
  constexpr int kMine = (kDimBlocks + kWarps - 1) / kWarps;  // blocks of dimensions of a warp
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ Plan plan;
  __shared__ Work works[kStages];  ///< what is in each slot of the ring
  __shared__ std::byte* new_blocks[kStages];  ///< on its page, the 16 keys that the newest goes to, where a step has it
  __shared__ uint4 queries[kDim / 8][kDecodeHeads], new_key[kDim / 8], new_value[kDim / 8];
  __shared__ uint64_t barriers[kStages];
  __shared__ float2 step_max[kWarps][kDecodeHeads / 2];
  __shared__ uint2 weights[kWarps][32];
  const uint32_t base = ptx::shared_address(shared);
  const uint32_t full = ptx::shared_address(barriers);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
#ifdef NIM_SM90A
  if (kBulk && threadIdx.x == 0) {
    for (int i = 0; i < kStages; ++i) {
      ptx::barrier_init(full + 8 * i, 1);
    }
    ptx::barrier_fence();
  }
#endif
  make_plan(a, plan, chunks);
  if (plan.items == 0) {
    ptx::wait_for_previous();  // or a step without decodes would let the next kernel run ahead of the one before this
    return;
  }
  if (int(blockIdx.x) >= plan.workers) {
    return;  // at once: the ring of the next product wants the place
  }

  // Who asks for keys and values: the copy engine needs one warp.
  constexpr int kIssuers = kBulk ? 32 : kDecodeThreads;
  const int issuer = threadIdx.x;
  const int page_shift = 31 - __clz(a.layout.page_tokens);
  auto* const layer_kv = reinterpret_cast<std::byte*>(a.kv + a.layout.layer_offset(a.layer));
  const auto page_of = [&](const Work& w, int at) {
    return a.step.page[a.step.page_start[w.sequence] + (min(at, w.context - 1) >> page_shift)];
  };
  // The 16 keys (value 0) or values (1) at `at`.
  const auto block_at = [&](const Work& w, int page, int value, int at) {
    return layer_kv + 2 * (page * a.layout.page_elements() + a.layout.head_offset(value, w.head)) +
           (at & (a.layout.page_tokens - 1)) / kBlock * S::kBlockBytes;
  };
  // Asks for a step. The newest key and value are not in their page yet: they come with the row of q.
  const auto issue = [&](const Work& w, int page, int slot) {
    const uint32_t to = base + slot * S::kBytes;
    if constexpr (kBulk) {
#ifdef NIM_SM90A
      if (lane == 0) {
        int blocks = 0;
#pragma unroll
        for (int j = 0; j < kWarps; ++j) {
          blocks += w.sees(w.key0() + j * 16);
        }
        ptx::barrier_expect(full + 8 * slot, 2 * blocks * S::kBlockBytes);
      }
      __syncwarp();
      const int at = w.key0() + lane % kWarps * 16;
      if (lane < 2 * kWarps && w.sees(at)) {
        ptx::bulk_copy(to + lane * S::kBlockBytes, block_at(w, page, lane / kWarps, at), S::kBlockBytes, full + 8 * slot);
      }
#endif
    } else {
#pragma unroll
      for (int j = 0; j < 2 * kWarps; ++j) {
        const int at = w.key0() + j % kWarps * 16;
        if (w.sees(at)) {
          const std::byte* from = block_at(w, page_of(w, at), j / kWarps, at);
          for (int i = threadIdx.x * 16; i < S::kBlockBytes; i += kDecodeThreads * 16) {
            ptx::copy16(to + j * S::kBlockBytes + i, from + i);
          }
        }
      }
    }
  };

  // Of the block that a lane asks for, looked up a step before.
  const auto my_page = [&](const Work& w) {
    return kBulk && w.item >= 0 ? page_of(w, w.key0() + lane % kWarps * 16) : 0;
  };

  Work ahead{-1};
  int page = 0;
  // Has the ring take the step at `ahead`, if there is one.
  const auto fill = [&](int slot) {
    if (threadIdx.x == 0) {
      works[slot] = ahead;
    }
    if (ahead.item >= 0) {
      issue(ahead, page, slot);
      if (const int newest = ahead.context - 1 - ahead.key0(); newest < kStepKeys && lane == newest / 16 && threadIdx.x < 32) {
        new_blocks[slot] = block_at(ahead, kBulk ? page : page_of(ahead, ahead.context - 1), 0, ahead.context - 1);
      }
      advance(a, plan, chunks, ahead);
      page = my_page(ahead);
    }
    ptx::copy_commit();
  };
  if (issuer < kIssuers) {
    ahead = work_of(a, plan, blockIdx.x, chunks);
    page = my_page(ahead);
#pragma unroll 1
    for (int slot = 0; slot < kStages; ++slot) {
      fill(slot);
    }
  }
  __syncthreads();
  // The row of an item that begins with the next step is read a step ahead.
  RowPiece<kDim> row_piece;
  const auto load_row = [&](int slot) {
    if (const Work& w = works[slot]; w.item >= 0 && w.begins_item) {
      row_piece.load(a, plan.row[w.sequence], w.context - 1, w.head, w.chunk, w.end_split * kSplitKeys >= w.context);
    }
  };
  ptx::wait_for_previous();
  load_row(0);

  // A lane's row of the four core matrices of a 16 x 16 block, keys x dimensions and dimensions x keys.
  const uint32_t key_row = lane % 16 / 8 * (kDim * 16) + lane / 16 * 128 + lane % 8 * 16;
  const uint32_t value_row = lane / 16 * (kDim * 16) + lane % 16 / 8 * 128 + lane % 8 * 16;
  int slot = 0;
  uint32_t parity = 0;
  uint32_t q[kDimBlocks][2];
  float total[kMine][4] = {};
  float total_max[2] = {-INFINITY, -INFINITY};
  float total_sum[2] = {};
  float o[kMine][4] = {};
  float sum[4] = {};
  RunningMax running[2] = {{-INFINITY}, {-INFINITY}};
  for (;;) {
    const Work work = works[slot];
    if (work.item < 0) {
      break;
    }
    const uint32_t stage = base + slot * S::kBytes;
    if (work.begins_item) {
      row_piece.rotate_and_put(
          a, [&](int head, int dim, const uint4& x) { queries[dim / 8][head] = x; },
          [&](int dim, const uint4& x) { new_key[dim / 8] = x; }, [&](int dim, const uint4& x) { new_value[dim / 8] = x; });
      __syncthreads();
#pragma unroll
      for (int i = 0; i < kDimBlocks; i += 2) {
        const uint4 r = ptx::load_matrices(ptx::shared_address(queries) + (2 * i * kDecodeHeads + lane) * 16);
        q[i][0] = r.x, q[i][1] = r.y, q[i + 1][0] = r.z, q[i + 1][1] = r.w;
      }
    }
    if constexpr (kBulk) {
#ifdef NIM_SM90A
      ptx::barrier_wait(full + 8 * slot, parity);
#endif
    } else {
      ptx::copy_wait<kStages - 1>();
      __syncthreads();
    }
    load_row(slot + 1 == kStages ? 0 : slot + 1);
    if (const int newest = work.context - 1 - work.key0(); newest < kStepKeys) {
      // The newest key and value, over what the page has in their place, and to the page.
      std::byte* const block = shared + slot * S::kBytes + newest / 16 * S::kBlockBytes;
      put_token<kDim>(block + S::kKeys, block + S::kValues, newest % 16, new_key, new_value);
      if (work.chunk == 0) {
        std::byte* const keys = new_blocks[slot];
        put_token<kDim>(keys, keys + a.layout.head_offset(1, 0) * 2, newest % 16, new_key, new_value);
      }
#ifdef NIM_SM90A
      ptx::fence_shared();  // the copy engine fills the slot next
#endif
      __syncthreads();
    }

    // Scores of 16 keys: keys lane / 4 and + 8, heads 2 * (lane % 4) and + 1.
    const int key0 = work.key0();
    float s[4] = {};
    {
      uint4 k[kDimBlocks];
#pragma unroll
      for (int i = 0; i < kDimBlocks; ++i) {
        k[i] = ptx::load_matrices(stage + S::kKeys + warp * S::kBlockBytes + key_row + i * 256);
      }
#pragma unroll
      for (int i = 0; i < kDimBlocks; ++i) {
        ptx::mma(s, k[i], q[i][0], q[i][1]);
      }
      const int key = key0 + warp * 16 + lane / 4;
      const bool seen = key < work.context && key >= work.first;
      const bool seen8 = key + 8 < work.context && key + 8 >= work.first;
      s[0] = seen ? scaled(s[0], a.scale_log2) : -INFINITY;
      s[1] = seen ? scaled(s[1], a.scale_log2) : -INFINITY;
      s[2] = seen8 ? scaled(s[2], a.scale_log2) : -INFINITY;
      s[3] = seen8 ? scaled(s[3], a.scale_log2) : -INFINITY;
    }
    float2 largest = {fmaxf(s[0], s[2]), fmaxf(s[1], s[3])};
#pragma unroll
    for (int d = 4; d < 32; d *= 2) {
      largest.x = fmaxf(largest.x, __shfl_xor_sync(~0U, largest.x, d));
      largest.y = fmaxf(largest.y, __shfl_xor_sync(~0U, largest.y, d));
    }
    if (lane < 4) {
      step_max[warp][lane] = largest;
    }
    // Values: read now, used when the weights are there.
    uint4 v[kWarps][kMine];
#pragma unroll
    for (int j = 0; j < kWarps; ++j) {
#pragma unroll
      for (int i = 0; i < kMine; ++i) {
        const int dims = min(warp * kMine + i, kDimBlocks - 1);
        v[j][i] = ptx::load_matrices(stage + S::kValues + j * S::kBlockBytes + value_row + dims * 256);
      }
    }
    __syncthreads();

#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      const float2 other = step_max[w][lane % 4];
      largest.x = fmaxf(largest.x, other.x);
      largest.y = fmaxf(largest.y, other.y);
    }
    const RunningMax m[2] = {raised(running[0], largest.x), raised(running[1], largest.y)};
    weights[warp][lane] = {ptx::transpose_matrix(pack_bf16(weight_of(s[0], m[0]), weight_of(s[1], m[1]))),
                           ptx::transpose_matrix(pack_bf16(weight_of(s[2], m[0]), weight_of(s[3], m[1])))};
    const float r[2] = {rescale(running[0].value, m[0]), rescale(running[1].value, m[1])};
    running[0] = m[0];
    running[1] = m[1];
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      o[i][0] *= r[0], o[i][1] *= r[1], o[i][2] *= r[0], o[i][3] *= r[1];
    }
    sum[0] *= r[0], sum[1] *= r[1];
    __syncthreads();
#pragma unroll
    for (int j = 0; j < kWarps; ++j) {
      const int at = key0 + j * 16;
      const uint2 b = weights[j][lane];
#pragma unroll
      for (int i = 0; i < kMine; ++i) {
        uint4 block = v[j][i];
        if (!work.sees(at)) {
          block = make_uint4(0, 0, 0, 0);
        } else if (at + 16 > work.context) {
          mask_values(block, at, work.context);
        }
        ptx::mma(o[i], block, b.x, b.y);
      }
      ptx::mma(sum, make_uint4(kOnes, kOnes, kOnes, kOnes), b.x, b.y);
    }

    if (work.ends_split()) {
      const int head = 2 * (lane % 4);
      if (work.unit >= 0) {
        float* const part =
            a.partial + (std::size_t(work.unit) * plan.heads + work.head * chunks + work.chunk) * kPartFloats<kDim>;
        if (warp * kMine < kDimBlocks && head < a.group - work.chunk * kDecodeHeads) {
#pragma unroll
          for (int i = 0; i < kMine; ++i) {
            const int dim = (warp * kMine + i) * 16 + lane / 4;
            part[head * kDim + dim] = o[i][0];
            part[(head + 1) * kDim + dim] = o[i][1];
            part[head * kDim + dim + 8] = o[i][2];
            part[(head + 1) * kDim + dim + 8] = o[i][3];
          }
        }
        if (threadIdx.x < 4) {
          part[kDecodeHeads * kDim + head] = running[0].value;
          part[kDecodeHeads * kDim + head + 1] = running[1].value;
          part[kDecodeHeads * (kDim + 1) + head] = sum[0];
          part[kDecodeHeads * (kDim + 1) + head + 1] = sum[1];
        }
      } else {
#pragma unroll
        for (int h = 0; h < 2; ++h) {
          const RunningMax most{fmaxf(total_max[h], running[h].value)};
          const float keep = rescale(total_max[h], most);
          const float add = rescale(running[h].value, most);
#pragma unroll
          for (int i = 0; i < kMine; ++i) {
            total[i][h] = fold(total[i][h], keep, o[i][h], add);
            total[i][h + 2] = fold(total[i][h + 2], keep, o[i][h + 2], add);
          }
          total_sum[h] = fold(total_sum[h], keep, sum[h], add);
          total_max[h] = most.value;
        }
        if (work.ends_item()) {
          const int row = a.step.query_start[work.sequence];
          const int q_head0 = work.head * a.group + work.chunk * kDecodeHeads;
          const int q_heads = min(kDecodeHeads, a.group - work.chunk * kDecodeHeads);
          auto* const panels = reinterpret_cast<uint32_t*>(a.out);
          if (warp * kMine < kDimBlocks) {
#pragma unroll
            for (int i = 0; i < kMine; ++i) {
              const uint32_t low =
                  ptx::transpose_matrix(pack_bf16(__fdiv_rn(total[i][0], total_sum[0]), __fdiv_rn(total[i][1], total_sum[1])));
              const uint32_t high =
                  ptx::transpose_matrix(pack_bf16(__fdiv_rn(total[i][2], total_sum[0]), __fdiv_rn(total[i][3], total_sum[1])));
              if (lane / 4 < q_heads) {
                const std::size_t panel = (q_head0 + lane / 4) * (kDim / 8) + 2 * (warp * kMine + i);
                panels[(panel * a.rows + row) * 4 + lane % 4] = low;
                panels[((panel + 1) * a.rows + row) * 4 + lane % 4] = high;
              }
            }
          }
#pragma unroll
          for (int h = 0; h < 2; ++h) {
            total_max[h] = -INFINITY;
            total_sum[h] = 0;
#pragma unroll
            for (int i = 0; i < kMine; ++i) {
              total[i][h] = total[i][h + 2] = 0;
            }
          }
        }
      }
#pragma unroll
      for (int i = 0; i < kMine; ++i) {
        o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0;
      }
      sum[0] = sum[1] = sum[2] = sum[3] = 0;
      running[0].value = running[1].value = -INFINITY;
    }
    // Keys and values were in every warp's registers two barriers ago: the slot is free.
    if (issuer < kIssuers) {
      fill(slot);
    }
    if (++slot == kStages) {
      slot = 0;
      parity ^= 1;
    }
  }

  if (plan.shared_count > 0) {
    const int most = min(most_folders, plan.workers);
    const FoldShares shares = fold_shares<kDim>(a, plan, most * kWarps);
    const int folders = min((shares.count + kWarps - 1) / kWarps, most);
    const int folder = join_folders(a.finished, plan.workers, folders);
    for (int share = folder * kWarps + warp; folder >= 0 && share < shares.count; share += folders * kWarps) {
      fold_share<kDim>(a, plan, chunks, shares, share, reinterpret_cast<FoldMemory*>(shared)[warp]);
    }
  }
}

template <int kDim, int kStages, bool kBulk>
void launch(const Stream& stream, const Attention& a) {
  constexpr int kShared = std::max(kStages * Stage<kDim>::kBytes, kFoldBytes);
  const auto kernel = attention_decode<kDim, kStages, kBulk>;
  static const int per_multiprocessor = [&] {
    allow_shared(kernel, kShared);
    int blocks = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, kDecodeThreads, kShared), "occupancy");
    return std::max(1, std::min(blocks, 2));
  }();
  const int chunks = (a.group + kDecodeHeads - 1) / kDecodeHeads;
  launch_kernel(stream, kernel, stream.multiprocessors * per_multiprocessor, kDecodeThreads, kShared, a, chunks,
                stream.multiprocessors);
}

template <int kDim>
void launch(const Stream& stream, const Attention& a) {
  stream.hopper ? launch<kDim, 3, true>(stream, a) : launch<kDim, 2, false>(stream, a);
}

}  // namespace

void attention_decode_launch(const Stream& stream, const Attention& a) {
  switch (a.layout.head_dim) {
    case 32: return launch<32>(stream, a);
    case 64: return launch<64>(stream, a);
    case 128: return launch<128>(stream, a);
    default: fail("head_dim ", a.layout.head_dim, ": the CUDA backend has attention for 32, 64 and 128");
  }
}

}  // namespace nim::cuda
