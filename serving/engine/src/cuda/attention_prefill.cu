// Attention of sequences with several query rows: a warp keeps 16 rows of one q head, eight warps of a block share the keys of
// their kv head, which pass through a ring of shared memory in steps of 64. Core matrices need no swizzle.
#include "cuda/attention.cuh"

namespace nim::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = 32 * kWarps;
constexpr int kStages = 3;

template <int kDim>
__global__ void __launch_bounds__(kThreads, 1) attention_prefill(const Attention a) {
  constexpr int kDimBlocks = kDim / 16;
  constexpr int kStepBytes = kStepKeys * kDim * 2;  // of keys, and again of values
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ int found[2];
  const uint32_t base = ptx::shared_address(shared);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
  // The block's sequence: those with one row belong to the other kernel. Row blocks are 16 rows of a head.
  const int head = blockIdx.y;
  if (threadIdx.x == 0) {
    int left = blockIdx.x;
    found[0] = -1;
    for (int s = 0; s < a.step.counts->sequences; ++s) {
      const int queries = a.step.query_start[s + 1] - a.step.query_start[s];
      const int blocks = queries > 1 ? ((queries + 15) / 16 * a.group + kWarps - 1) / kWarps : 0;
      if (left < blocks) {
        found[0] = s;
        found[1] = blocks - 1 - left;  // the longest work first
        break;
      }
      left -= blocks;
    }
  }
  __syncthreads();
  const int sequence = found[0];
  if (sequence < 0) {
    ptx::wait_for_previous();
    return;
  }
  const int first_row = a.step.query_start[sequence];
  const int queries = a.step.query_start[sequence + 1] - first_row;
  const int context = a.step.context_length[sequence];
  const int row_blocks = (queries + 15) / 16 * a.group;
  const int row_block = found[1] * kWarps + warp;
  const bool active = row_block < row_blocks;
  const int q_head = head * a.group + row_block % a.group;
  const int query0 = row_block / a.group * 16;
  const int position0 = context - queries + query0;
  const int32_t* pages = a.step.page + a.step.page_start[sequence];

  // Steps that any warp of the block needs; and this warp.
  const int block_query0 = found[1] * kWarps / a.group * 16;
  const int block_query_end = min(queries, (min((found[1] + 1) * kWarps, row_blocks) - 1) / a.group * 16 + 16);
  const int first_step = first_key(context - queries + block_query0, a.window) / kSplitKeys * (kSplitKeys / kStepKeys);
  const int end_step = (context - queries + block_query_end - 1) / kStepKeys + 1;
  const int my_last_step = (context - queries + min(query0 + 16, queries) - 1) / kStepKeys;

  // A step is four blocks of 16 keys; their pages are looked up a step ahead. A thread copies the same piece of each.
  const auto* const layer_kv = reinterpret_cast<const uint4*>(a.kv + a.layout.layer_offset(a.layer));
  const unsigned page_pieces = unsigned(a.layout.page_elements() / 8);
  const unsigned head_pieces = unsigned(a.layout.page_tokens * kDim / 8);
  const int page_shift = 31 - __clz(a.layout.page_tokens);
  constexpr int kStepBlocks = kStepKeys / 16;
  constexpr int kPieces = kDimBlocks * 32;  // 16 bytes each, of 16 keys
  int next_pages[kStepBlocks];
  const auto look_up = [&](int step) {
#pragma unroll
    for (int j = 0; j < kStepBlocks; ++j) {
      next_pages[j] = pages[min(step * kStepKeys + j * 16, context - 1) >> page_shift];
    }
  };
  const auto copy_step = [&](int step) {
    const uint32_t stage = base + step % kStages * 2 * kStepBytes + threadIdx.x * 16;
    static_assert(kPieces <= kThreads);
    if (threadIdx.x < kPieces) {
#pragma unroll
      for (int j = 0; j < kStepBlocks; ++j) {
        const int key0 = step * kStepKeys + j * 16;
        const uint4* from = layer_kv + std::size_t(unsigned(next_pages[j])) * page_pieces + head * head_pieces +
                            (key0 & (a.layout.page_tokens - 1)) / kBlock * kPieces + threadIdx.x;
        // A page's rest may hold anything: values of keys past the last are zeros, 8 keys of a dimension a piece.
        const int keys = context - key0 - int(threadIdx.x) / kDim * 8;
        ptx::copy16(stage + j * kPieces * 16, from);
        ptx::copy_first(stage + kStepBytes + j * kPieces * 16, from + a.layout.kv_heads * head_pieces, 2 * max(0, min(keys, 8)));
      }
    }
    look_up(step + 1);
  };

  ptx::wait_for_previous();
  uint4 q[kDimBlocks];
  {
    const auto* panels = reinterpret_cast<const uint32_t*>(a.qkv);
    const int low = first_row + min(query0 + lane / 4, queries - 1);
    const int high = first_row + min(query0 + lane / 4 + 8, queries - 1);
#pragma unroll
    for (int i = 0; i < kDimBlocks; ++i) {
      const std::size_t panel = (active ? q_head : 0) * (kDim / 8) + 2 * i;
      q[i].x = panels[(panel * a.rows + low) * 4 + lane % 4];
      q[i].y = panels[(panel * a.rows + high) * 4 + lane % 4];
      q[i].z = panels[((panel + 1) * a.rows + low) * 4 + lane % 4];
      q[i].w = panels[((panel + 1) * a.rows + high) * 4 + lane % 4];
    }
  }

  // Sums folded over the splits: touched every 256 keys, so they lie in local memory, which leaves registers for fragments.
  float4 totals[2 * kDimBlocks];
  ptx::keep_in_memory(totals);
  for (float4& t : totals) {
    t = make_float4(0, 0, 0, 0);
  }
  float total_max[2] = {-INFINITY, -INFINITY};
  float total_sum[2] = {};
  float o[2 * kDimBlocks][4] = {};
  float sum[4] = {};
  RunningMax running[2] = {{-INFINITY}, {-INFINITY}};

  look_up(first_step);
  for (int s = first_step; s < first_step + kStages - 1; ++s) {
    if (s < end_step) {
      copy_step(s);
    }
    ptx::copy_commit();
  }
  for (int step = first_step; step < end_step; ++step) {
    ptx::copy_wait<kStages - 2>();
    __syncthreads();
    if (step + kStages - 1 < end_step) {
      copy_step(step + kStages - 1);
    }
    ptx::copy_commit();
    if (active && step <= my_last_step) {
      // Matrices in the order of B's registers: both halves of 16 dimensions (or keys), then the next 8 keys (or dimensions).
      const uint32_t stage = base + step % kStages * 2 * kStepBytes + lane % 8 * 16;
      const uint32_t keys = stage + (lane / 16 * 2 * kDimBlocks + lane / 8 % 2) * 128;
      const uint32_t values = stage + kStepBytes + (lane / 8 % 2 * 2 * kDimBlocks + lane / 16) * 128;
      const int key0 = step * kStepKeys;
      float s[kStepKeys / 8][4] = {};
#pragma unroll
      for (int i = 0; i < kDimBlocks; ++i) {
#pragma unroll
        for (int j = 0; j < kStepKeys / 16; ++j) {
          const uint4 k = ptx::load_matrices(keys + (4 * j * kDimBlocks + 2 * i) * 128);
          ptx::mma(s[2 * j], q[i], k.x, k.y);
          ptx::mma(s[2 * j + 1], q[i], k.z, k.w);
        }
      }
      const bool whole = key0 + kStepKeys - 1 <= position0 && (a.window == 0 || key0 > position0 + 15 - a.window);
#pragma unroll
      for (int j = 0; j < kStepKeys / 8; ++j) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          s[j][i] = scaled(s[j][i], a.scale_log2);
        }
      }
      if (!whole) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int at = position0 + lane / 4 + i * 8;
          const int first = first_key(at, a.window) - key0 - 2 * (lane % 4);
          const int last = at - key0 - 2 * (lane % 4);
#pragma unroll
          for (int j = 0; j < kStepKeys / 8; ++j) {
            s[j][2 * i] = j * 8 <= last && j * 8 >= first ? s[j][2 * i] : -INFINITY;
            s[j][2 * i + 1] = j * 8 + 1 <= last && j * 8 + 1 >= first ? s[j][2 * i + 1] : -INFINITY;
          }
        }
      }
      float largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
      for (int j = 0; j < kStepKeys / 8; ++j) {
        largest[0] = fmaxf(largest[0], fmaxf(s[j][0], s[j][1]));
        largest[1] = fmaxf(largest[1], fmaxf(s[j][2], s[j][3]));
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        largest[i] = fmaxf(largest[i], __shfl_xor_sync(~0U, largest[i], 1));
        largest[i] = fmaxf(largest[i], __shfl_xor_sync(~0U, largest[i], 2));
      }
      const RunningMax m[2] = {raised(running[0], largest[0]), raised(running[1], largest[1])};
      const float r[2] = {rescale(running[0].value, m[0]), rescale(running[1].value, m[1])};
      running[0] = m[0], running[1] = m[1];
      if (__any_sync(~0U, r[0] != 1 || r[1] != 1)) {  // the maximum seldom moves
#pragma unroll
        for (int d = 0; d < 2 * kDimBlocks; ++d) {
          o[d][0] *= r[0], o[d][1] *= r[0], o[d][2] *= r[1], o[d][3] *= r[1];
        }
        sum[0] *= r[0], sum[2] *= r[1];
      }
#pragma unroll
      for (int j = 0; j < kStepKeys / 16; ++j) {
        // The accumulators of 16 keys are the A operand of their product with the values.
        const uint4 p = {pack_bf16(weight_of(s[2 * j][0], m[0]), weight_of(s[2 * j][1], m[0])),
                         pack_bf16(weight_of(s[2 * j][2], m[1]), weight_of(s[2 * j][3], m[1])),
                         pack_bf16(weight_of(s[2 * j + 1][0], m[0]), weight_of(s[2 * j + 1][1], m[0])),
                         pack_bf16(weight_of(s[2 * j + 1][2], m[1]), weight_of(s[2 * j + 1][3], m[1]))};
#pragma unroll
        for (int i = 0; i < kDimBlocks; ++i) {
          const uint4 v = ptx::load_matrices(values + (4 * j * kDimBlocks + 2 * i) * 128);
          ptx::mma(o[2 * i], p, v.x, v.y);
          ptx::mma(o[2 * i + 1], p, v.z, v.w);
        }
        ptx::mma(sum, p, kOnes, kOnes);
      }
      if ((step + 1) % (kSplitKeys / kStepKeys) == 0 || step == my_last_step) {
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
        for (int d = 0; d < 2 * kDimBlocks; ++d) {
          float4 t = totals[d];
          t.x = fold(t.x, keep[0], o[d][0], add[0]);
          t.y = fold(t.y, keep[0], o[d][1], add[0]);
          t.z = fold(t.z, keep[1], o[d][2], add[1]);
          t.w = fold(t.w, keep[1], o[d][3], add[1]);
          totals[d] = t;
          o[d][0] = o[d][1] = o[d][2] = o[d][3] = 0;
        }
        sum[0] = sum[1] = sum[2] = sum[3] = 0;
      }
    }
  }
  if (!active) {
    return;
  }
  auto* panels = reinterpret_cast<uint32_t*>(a.out);
#pragma unroll
  for (int d = 0; d < 2 * kDimBlocks; ++d) {
    const float4 t = totals[d];
    const std::size_t panel = std::size_t(q_head * (kDim / 8) + d) * a.rows + first_row + query0 + lane / 4;
    if (query0 + lane / 4 < queries) {
      panels[panel * 4 + lane % 4] = pack_bf16(__fdiv_rn(t.x, total_sum[0]), __fdiv_rn(t.y, total_sum[0]));
    }
    if (query0 + lane / 4 + 8 < queries) {
      panels[(panel + 8) * 4 + lane % 4] = pack_bf16(__fdiv_rn(t.z, total_sum[1]), __fdiv_rn(t.w, total_sum[1]));
    }
  }
}

template <int kDim>
void launch(const Stream& stream, const Attention& a, int sequences) {
  constexpr int kShared = kStages * 2 * kStepKeys * kDim * 2;
  static const int raised = allow_shared(attention_prefill<kDim>, kShared);
  (void)raised;
  // Blocks at most: every sequence rounds its rows up to 16 and its row blocks up to kWarps.
  const int most = (a.rows / 16 + sequences) * a.group / kWarps + sequences;
  launch_kernel(stream, attention_prefill<kDim>, dim3(most, a.layout.kv_heads), kThreads, kShared, a);
}

}  // namespace

void attention_prefill_launch(const Stream& stream, const Attention& a, int sequences) {
  switch (a.layout.head_dim) {
    case 32: return launch<32>(stream, a, sequences);
    case 64: return launch<64>(stream, a, sequences);
    case 128: return launch<128>(stream, a, sequences);
    default: fail("head_dim ", a.layout.head_dim, ": the CUDA backend has attention for 32, 64 and 128");
  }
}

}  // namespace nim::cuda
