// Attention of few sequences with one query row each: a block has a split of 256 keys of one kv head in its registers. Eight warps
// take 32 keys each for the scores, then 16 dimensions each for the sums over values.
//
// What counts here is the time from the product before to the product after, not bytes: keys and values are on their way long
// before the row of q, k and v is there, and the kernel leaves shared memory (and half of the registers) to the products' rings,
// so that it starts beside the one and the next one fills its ring beside it. The block that ends a sequence's last split of a kv
// head folds them: nobody waits. Attention of more than a split for each SM belongs to attention_decode.cu.
#include "cuda/attention_row.cuh"

namespace nim::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kRegisters = 144;  ///< as many as a ring of gemm_ring.cu leaves
constexpr int kBlocks = kSplitKeys / kBlock;  ///< of 16 keys
constexpr int kKeyBlocks = kBlocks / kWarps;  ///< of a warp
constexpr int kSteps = kSplitKeys / kStepKeys;
static_assert(kFewSequences <= 32);

/// One split of a sequence and 8 q heads of a kv head.
struct Split {
  int sequence, head, chunk;
  int context, first;  ///< keys of the sequence; the first that its query sees
  int number, count;   ///< among the splits that its query sees
  int unit;            ///< where its result lies
  bool exists;

  __device__ int key0() const { return (first / kSplitKeys + number) * kSplitKeys; }
  __device__ bool sees(int at) const { return at < context && at + 16 > first; }
  __device__ bool newest() const { return key0() + kSplitKeys >= context; }
};

/// By a whole warp, a sequence in each lane. Neighbouring blocks have the heads of one split.
__device__ __forceinline__ Split split_of_block(const Attention& a, int chunks) {
  const int lane = threadIdx.x % 32;
  const int heads = a.layout.kv_heads * chunks;
  const int context = lane < a.step.counts->sequences ? a.step.context_length[lane] : 0;
  const int first = first_key(context - 1, a.window);
  const int count = (context + kSplitKeys - 1) / kSplitKeys - first / kSplitKeys;
  int end = count;
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    const int before = __shfl_up_sync(~0U, end, d);
    end += lane >= d ? before : 0;
  }
  Split s;
  s.unit = int(blockIdx.x) / heads;
  const unsigned found = __ballot_sync(~0U, s.unit < end);
  s.exists = found != 0;
  s.sequence = s.exists ? __ffs(found) - 1 : 0;
  s.head = int(blockIdx.x) % heads / chunks;
  s.chunk = int(blockIdx.x) % heads % chunks;
  s.context = __shfl_sync(~0U, context, s.sequence);
  s.first = __shfl_sync(~0U, first, s.sequence);
  s.count = __shfl_sync(~0U, count, s.sequence);
  s.number = s.unit - __shfl_sync(~0U, end - count, s.sequence);
  return s;
}

/// Keys and values of a split, as the registers of mma. Within 16 keys or dimensions, lanes take four neighbours each, which
/// permutes the order inside an instruction; its sum has none (mma_model.h).
template <int kDim>
struct Registers {
  static constexpr int kDimBlocks = kDim / 16;
  static constexpr int kBlockBytes = 16 * kDim * 2;  ///< of 16 keys
  uint4 k[kKeyBlocks][kDimBlocks];
  uint4 v[kBlocks];

  /// Of a split's 16 blocks: this lane's.
  static __device__ __forceinline__ std::byte* block_of(const Attention& a, const Split& s) {
    const int at = min(s.key0() + int(threadIdx.x) % kBlocks * 16, s.context - 1);
    const std::size_t page = a.step.page[a.step.page_start[s.sequence] + at / a.layout.page_tokens];
    auto* const kv = a.kv + a.layout.layer_offset(a.layer) + page * a.layout.page_elements();
    return reinterpret_cast<std::byte*>(kv + a.layout.head_offset(0, s.head)) +
           at % a.layout.page_tokens / kBlock * kBlockBytes;
  }
  static __device__ __forceinline__ std::byte* of_lane(std::byte* p, int lane) {
    return reinterpret_cast<std::byte*>(__shfl_sync(~0U, reinterpret_cast<unsigned long long>(p), lane));
  }
  static __device__ __forceinline__ void load(uint4& x, const std::byte* p, int next_row) {
    const uint2 even = ptx::load_pair(p);
    const uint2 odd = ptx::load_pair(p + next_row);
    x = {even.x, odd.x, even.y, odd.y};
  }

  __device__ __forceinline__ void load_keys(const Split& s, std::byte* mine) {
    const int warp = threadIdx.x / 32;
    const int row = row_token();
    const int part = threadIdx.x % 4;
    const int offset = (row / 8 * (kDim / 8) + part / 2) * 128 + row % 8 * 16 + part % 2 * 8;
#pragma unroll
    for (int b = 0; b < kKeyBlocks; ++b) {
      const std::byte* const p = of_lane(mine, warp * kKeyBlocks + b) + offset;
      if (s.sees(s.key0() + (warp * kKeyBlocks + b) * 16)) {
#pragma unroll
        for (int i = 0; i < kDimBlocks; ++i) {
          load(k[b][i], p + i * 256, 32);
        }
      }
    }
  }
  __device__ __forceinline__ void load_values(const Attention& a, const Split& s, std::byte* mine) {
    const int warp = threadIdx.x / 32;
    const int part = threadIdx.x % 4;
    const int offset = value_bytes(a) + (part / 2 * (kDim / 8) + 2 * warp) * 128 +
                       threadIdx.x % 32 / 4 * 16 + part % 2 * 8;
#pragma unroll
    for (int j = 0; j < kBlocks; ++j) {
      const std::byte* const p = of_lane(mine, j) + offset;
      v[j] = {0, 0, 0, 0};
      if (warp < kDimBlocks && s.sees(s.key0() + j * 16)) {
        load(v[j], p, 128);
      }
    }
  }
  /// From a block's keys to its values.
  static __device__ __forceinline__ int value_bytes(const Attention& a) { return int(a.layout.head_offset(1, 0)) * 2; }
  /// The key of this lane's first row in a block; its second is two further.
  static __device__ __forceinline__ int row_token() {
    const int row = threadIdx.x % 32 / 4;
    return row / 2 * 4 + row % 2;
  }
};

template <int kDim>
struct Memory {
  static constexpr int kRow = kDim + 16;  ///< no two heads in the same banks
  alignas(16) __nv_bfloat16 q[kDecodeHeads * kRow];
  alignas(16) __nv_bfloat16 key[kDim];
  alignas(16) __nv_bfloat16 value[kDim];
  float2 largest[kWarps][kDecodeHeads / 2];
  uint2 weights[kBlocks][32];
  bool last;  ///< block of its sequence and head to come to its end
};

/// The splits of a sequence and kv head, folded in order: a lane a column.
template <int kDim>
__device__ void fold_splits(const Attention& a, const Split& s, int chunks) {
  constexpr int kAhead = 8;
  const int heads = a.layout.kv_heads * chunks;
  const int q_heads = min(kDecodeHeads, a.group - s.chunk * kDecodeHeads);
  const std::size_t next = std::size_t(heads) * kPartFloats<kDim>;
  const float* const parts = a.partial + (s.unit - s.number) * next + (s.head * chunks + s.chunk) * kPartFloats<kDim>;
  for (int column = threadIdx.x; column < q_heads * kDim; column += kThreads) {
    const float* const o = parts + column;
    const float* const m = parts + kDecodeHeads * kDim + column / kDim;
    float total = 0, sum = 0;
    RunningMax most{-INFINITY};
#pragma unroll 1
    for (int i = 0; i < s.count; i += kAhead) {
      float part[kAhead], part_max[kAhead], part_sum[kAhead];
#pragma unroll
      for (int j = 0; j < kAhead; ++j) {
        const std::size_t at = min(i + j, s.count - 1) * next;
        part[j] = __ldcg(o + at);
        part_max[j] = __ldcg(m + at);
        part_sum[j] = __ldcg(m + at + kDecodeHeads);
      }
#pragma unroll
      for (int j = 0; j < kAhead; ++j) {
        if (i + j < s.count) {
          const RunningMax now{fmaxf(most.value, part_max[j])};
          const float keep = rescale(most.value, now);
          const float add = rescale(part_max[j], now);
          total = fold(total, keep, part[j], add);
          sum = fold(sum, keep, part_sum[j], add);
          most = now;
        }
      }
    }
    const int q_head0 = s.head * a.group + s.chunk * kDecodeHeads;
    a.out[panel_offset(a.step.query_start[s.sequence], q_head0 * kDim + column, a.rows)] =
        __float2bfloat16_rn(__fdiv_rn(total, sum));
  }
}

template <int kDim>
__global__ void __maxnreg__(kRegisters) attention_split(const Attention a, int chunks) {
  using R = Registers<kDim>;
  __shared__ Memory<kDim> memory;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
  const Split s = split_of_block(a, chunks);
  if (!s.exists) {
    if (blockIdx.x == 0) {
      ptx::wait_for_previous();  // or a step without decodes would let the next kernel run ahead of the one before this
    }
    return;
  }
  R r;
  std::byte* const mine = R::block_of(a, s);
  r.load_keys(s, mine);
  r.load_values(a, s, mine);
  const int row = a.step.query_start[s.sequence];
  ptx::wait_for_previous();

  const int row_token = R::row_token();
  const int newest = s.context - 1 - s.key0();  // of the split's keys, where it has it
  const int newest_block = s.newest() ? newest / 16 : -1;
  const auto put = [](__nv_bfloat16* to, const uint4& x) { *reinterpret_cast<uint4*>(to) = x; };
  RowPiece<kDim> piece;
  piece.load(a, row, s.context - 1, s.head, s.chunk, s.newest());
  piece.rotate_and_put(
      a, [&](int head, int dim, const uint4& x) { put(memory.q + head * Memory<kDim>::kRow + dim, x); },
      [&](int dim, const uint4& x) { put(memory.key + dim, x); },
      [&](int dim, const uint4& x) { put(memory.value + dim, x); });
  __syncthreads();

  // Scores of two blocks of 16 keys: keys row_token and + 2 of each, heads 2 * (lane % 4) and + 1.
  float score[kKeyBlocks][4] = {};
#pragma unroll
  for (int i = 0; i < R::kDimBlocks; ++i) {
    const int dim = i * 16 + lane % 4 * 4;
    const uint2 q = *reinterpret_cast<const uint2*>(memory.q + lane / 4 * Memory<kDim>::kRow + dim);
#pragma unroll
    for (int b = 0; b < kKeyBlocks; ++b) {
      if (warp * kKeyBlocks + b == newest_block) {
        const uint2 key = *reinterpret_cast<const uint2*>(memory.key + dim);
        uint4& k = r.k[b][i];
        k.x = row_token == newest % 16 ? key.x : k.x, k.z = row_token == newest % 16 ? key.y : k.z;
        k.y = row_token + 2 == newest % 16 ? key.x : k.y, k.w = row_token + 2 == newest % 16 ? key.y : k.w;
      }
      ptx::mma(score[b], r.k[b][i], q.x, q.y);
    }
  }
  float2 largest = {-INFINITY, -INFINITY};
#pragma unroll
  for (int b = 0; b < kKeyBlocks; ++b) {
    const int key = s.key0() + (warp * kKeyBlocks + b) * 16 + row_token;
    const bool seen = key < s.context && key >= s.first;
    const bool seen2 = key + 2 < s.context && key + 2 >= s.first;
    float(&x)[4] = score[b];
    x[0] = seen ? scaled(x[0], a.scale_log2) : -INFINITY;
    x[1] = seen ? scaled(x[1], a.scale_log2) : -INFINITY;
    x[2] = seen2 ? scaled(x[2], a.scale_log2) : -INFINITY;
    x[3] = seen2 ? scaled(x[3], a.scale_log2) : -INFINITY;
    largest.x = fmaxf(largest.x, fmaxf(x[0], x[2]));
    largest.y = fmaxf(largest.y, fmaxf(x[1], x[3]));
  }
#pragma unroll
  for (int d = 4; d < 32; d *= 2) {
    largest.x = fmaxf(largest.x, __shfl_xor_sync(~0U, largest.x, d));
    largest.y = fmaxf(largest.y, __shfl_xor_sync(~0U, largest.y, d));
  }
  if (lane < 4) {
    memory.largest[warp][lane] = largest;
  }
  __syncthreads();

  // Every warp follows the running maximum through the steps.
  constexpr int kStepWarps = kWarps / kSteps;
  RunningMax running[2] = {{-INFINITY}, {-INFINITY}};
  RunningMax mine_max[2];
  float keep[kSteps][2];
#pragma unroll
  for (int t = 0; t < kSteps; ++t) {
    float2 most = memory.largest[t * kStepWarps][lane % 4];
#pragma unroll
    for (int w = 1; w < kStepWarps; ++w) {
      const float2 other = memory.largest[t * kStepWarps + w][lane % 4];
      most.x = fmaxf(most.x, other.x);
      most.y = fmaxf(most.y, other.y);
    }
    const RunningMax m[2] = {raised(running[0], most.x), raised(running[1], most.y)};
    keep[t][0] = rescale(running[0].value, m[0]);
    keep[t][1] = rescale(running[1].value, m[1]);
    running[0] = m[0];
    running[1] = m[1];
    if (t == warp / kStepWarps) {
      mine_max[0] = m[0];
      mine_max[1] = m[1];
    }
  }
#pragma unroll
  for (int b = 0; b < kKeyBlocks; ++b) {
    const float(&x)[4] = score[b];
    memory.weights[warp * kKeyBlocks + b][lane] = {
        ptx::transpose_matrix(pack_bf16(weight_of(x[0], mine_max[0]), weight_of(x[1], mine_max[1]))),
        ptx::transpose_matrix(pack_bf16(weight_of(x[2], mine_max[0]), weight_of(x[3], mine_max[1])))};
  }

  // Of the newest block's values, those of older keys and the new one; behind it may be anything.
  uint4 fresh = {0, 0, 0, 0};
  uint32_t older[2] = {~0U, ~0U};
  if (newest_block >= 0 && warp < R::kDimBlocks) {
    const int of_lane = newest % 16 - lane % 4 * 4;  // of this lane's four keys, the new one; elsewhere outside 0 to 3
    const auto* const values = reinterpret_cast<const uint16_t*>(memory.value) + warp * 16 + lane / 4;
    const uint32_t low = uint32_t(values[0]) << ((of_lane & 1) * 16);
    const uint32_t high = uint32_t(values[8]) << ((of_lane & 1) * 16);
    if (of_lane == 0 || of_lane == 1) {
      fresh.x = low, fresh.y = high;
    } else if (of_lane == 2 || of_lane == 3) {
      fresh.z = low, fresh.w = high;
    }
    older[0] = (of_lane > 0 ? 0xffffU : 0U) | (of_lane > 1 ? 0xffff0000U : 0U);
    older[1] = (of_lane > 2 ? 0xffffU : 0U) | (of_lane > 3 ? 0xffff0000U : 0U);
  }
  __syncthreads();

  float o[4] = {};
  float sum[4] = {};
#pragma unroll
  for (int j = 0; j < kBlocks; ++j) {
    if (j % (kBlocks / kSteps) == 0) {
      const float(&f)[2] = keep[j / (kBlocks / kSteps)];
      o[0] *= f[0], o[1] *= f[1], o[2] *= f[0], o[3] *= f[1];
      sum[0] *= f[0], sum[1] *= f[1];
    }
    uint4& x = r.v[j];
    if (j == newest_block) {
      x = {(x.x & older[0]) | fresh.x, (x.y & older[0]) | fresh.y, (x.z & older[1]) | fresh.z, (x.w & older[1]) | fresh.w};
    }
    const uint2 w = memory.weights[j][lane];
    ptx::mma(o, x, w.x, w.y);
    ptx::mma(sum, make_uint4(kOnes, kOnes, kOnes, kOnes), w.x, w.y);
  }
  if (newest_block >= 0 && s.chunk == 0) {
    std::byte* const keys = R::of_lane(mine, newest_block);
    put_token<kDim>(keys, keys + R::value_bytes(a), newest % 16, memory.key, memory.value);
  }
  const int head = 2 * (lane % 4);
  if (s.count == 1) {
    if (warp < R::kDimBlocks) {
      const uint32_t low = ptx::transpose_matrix(pack_bf16(__fdiv_rn(o[0], sum[0]), __fdiv_rn(o[1], sum[1])));
      const uint32_t high = ptx::transpose_matrix(pack_bf16(__fdiv_rn(o[2], sum[0]), __fdiv_rn(o[3], sum[1])));
      if (lane / 4 < min(kDecodeHeads, a.group - s.chunk * kDecodeHeads)) {
        const int q_head = s.head * a.group + s.chunk * kDecodeHeads + lane / 4;
        uint32_t* const to = reinterpret_cast<uint32_t*>(a.out) +
                             (std::size_t(q_head * (kDim / 8) + 2 * warp) * a.rows + row) * 4 + lane % 4;
        to[0] = low;
        to[a.rows * 4] = high;
      }
    }
    return;
  }
  const int heads = a.layout.kv_heads * chunks;
  const int head_chunk = s.head * chunks + s.chunk;
  float* const part = a.partial + (std::size_t(s.unit) * heads + head_chunk) * kPartFloats<kDim>;
  const int dim = warp * 16 + lane / 4;
  if (warp < R::kDimBlocks && head < a.group - s.chunk * kDecodeHeads) {
    part[head * kDim + dim] = o[0];
    part[(head + 1) * kDim + dim] = o[1];
    part[head * kDim + dim + 8] = o[2];
    part[(head + 1) * kDim + dim + 8] = o[3];
  }
  if (threadIdx.x < 4) {
    part[kDecodeHeads * kDim + head] = running[0].value;
    part[kDecodeHeads * kDim + head + 1] = running[1].value;
    part[kDecodeHeads * (kDim + 1) + head] = sum[0];
    part[kDecodeHeads * (kDim + 1) + head + 1] = sum[1];
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    const unsigned last = s.count - 1;  // the count is zero again when all have come
    memory.last = atomicInc(a.finished + s.sequence * heads + head_chunk, last) == last;
    __threadfence();
  }
  __syncthreads();
  if (memory.last) {
    fold_splits<kDim>(a, s, chunks);
  }
}

template <int kDim>
void launch(const Stream& stream, const Attention& a) {
  const int chunks = (a.group + kDecodeHeads - 1) / kDecodeHeads;
  launch_kernel(stream, attention_split<kDim>, stream.multiprocessors, kThreads, 0, a, chunks);
}

}  // namespace

void attention_split_launch(const Stream& stream, const Attention& a) {
  switch (a.layout.head_dim) {
    case 32: return launch<32>(stream, a);
    case 64: return launch<64>(stream, a);
    case 128: return launch<128>(stream, a);
    default: fail("head_dim ", a.layout.head_dim, ": the CUDA backend has attention for 32, 64 and 128");
  }
}

}  // namespace nim::cuda
