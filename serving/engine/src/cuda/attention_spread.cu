// Folds what the blocks of a spread attention (attention_spread.h) have written: split after split, in order, with the
// arithmetic of cuda/attention.cuh. A thread stands for the thread of attention_wgmma.cu that wrote its accumulators, and takes
// an eighth of them: what is read decides the time, and so how much of it is asked for at once.
#include "cuda/attention_items.cuh"

namespace nim::cuda {
namespace {

constexpr int kQuads = 2;  ///< of a thread
template <int kDim>
constexpr int kPieces = kDim / 8 / kQuads;

template <int kDim>
__global__ void __launch_bounds__(128) attention_spread_fold(const Attention a) {
#ifdef NIM_SM90A
  constexpr int kAtOnce = 8;  // splits
  ptx::launch_next();
  ptx::wait_for_previous();
  const int piece = blockIdx.x % kPieces<kDim>;
  const int warpgroup = blockIdx.x / kPieces<kDim> % kConsumers;
  const int index = blockIdx.x / kPieces<kDim> / kConsumers;
  const int lane = threadIdx.x % 32;
  const Item item = item_at(a, index);
  const int end_step = item.end_step_of(warpgroup, a.group);

  float4 total[kQuads] = {};
  float most[2] = {-INFINITY, -INFINITY};
  float sum[2] = {};
  const int end = (end_step + kSplitSteps - 1) / kSplitSteps;
  for (int first = item.first_step / kSplitSteps; first < end; first += kAtOnce) {
    float4 rows[kAtOnce];  // maxima and sums of the thread's two rows
    float4 o[kAtOnce][kQuads];
#pragma unroll
    for (int s = 0; s < kAtOnce; ++s) {
      const float4* const part = spread_part<kDim>(a, index, min(first + s, end - 1), warpgroup) + threadIdx.x;
      rows[s] = __ldcg(part + kDim / 8 * 128);
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        o[s][i] = __ldcg(part + (piece * kQuads + i) * 128);
      }
    }
#pragma unroll
    for (int s = 0; s < kAtOnce; ++s) {
      if (first + s < end) {
        const RunningMax low{fmaxf(most[0], rows[s].x)};
        const RunningMax high{fmaxf(most[1], rows[s].y)};
        const float keep_low = rescale(most[0], low), add_low = rescale(rows[s].x, low);
        const float keep_high = rescale(most[1], high), add_high = rescale(rows[s].y, high);
        sum[0] = fold(sum[0], keep_low, rows[s].z, add_low);
        sum[1] = fold(sum[1], keep_high, rows[s].w, add_high);
        most[0] = low.value, most[1] = high.value;
#pragma unroll
        for (int i = 0; i < kQuads; ++i) {
          total[i].x = fold(total[i].x, keep_low, o[s][i].x, add_low);
          total[i].y = fold(total[i].y, keep_low, o[s][i].y, add_low);
          total[i].z = fold(total[i].z, keep_high, o[s][i].z, add_high);
          total[i].w = fold(total[i].w, keep_high, o[s][i].w, add_high);
        }
      }
    }
  }

  const int row_block = item.row_block0 + 4 * warpgroup + int(threadIdx.x) / 32;
  const int q_head = item.head * a.group + row_block % a.group;
  auto* const panels = reinterpret_cast<uint32_t*>(a.out);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int query = row_block / a.group * 16 + lane / 4 + 8 * half;
    if (row_block < item.row_blocks && query < item.queries) {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        const std::size_t panel =
            std::size_t(q_head * (kDim / 8) + piece * kQuads + i) * a.rows + item.first_row + query;
        const float x = half == 0 ? total[i].x : total[i].z;
        const float y = half == 0 ? total[i].y : total[i].w;
        panels[panel * 4 + lane % 4] = pack_bf16(__fdiv_rn(x, sum[half]), __fdiv_rn(y, sum[half]));
      }
    }
  }
#endif
}

template <int kDim>
void launch(const Stream& stream, const Attention& a) {
  launch_kernel(stream, attention_spread_fold<kDim>, a.spread.items * kConsumers * kPieces<kDim>, 128, 0, a);
}

}  // namespace

void attention_spread_fold_launch(const Stream& stream, const Attention& a) {
  a.layout.head_dim == 64 ? launch<64>(stream, a) : launch<128>(stream, a);
}

}  // namespace nim::cuda
