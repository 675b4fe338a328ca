// RMSNorm of many rows: four rows a block, so that what they have of a panel is written as whole sectors. A block a row
// (rms_norm.cu) writes 16 bytes here and there: 8,192 rows of 4,096 took 149 us on an H200, of which the bytes take 47.
//
// A thread has the same columns of each row as there, and sums them in the same order: the bits are the same.
#include "cuda/rms_norm.cuh"
#include "cuda/rows.cuh"

namespace nim::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kRows = 4;  ///< of a block
constexpr int kKept = 2;  ///< pieces of 8 columns that a thread holds of each

__global__ void __launch_bounds__(kThreads, 2) rms_norm_rows(__nv_bfloat16* out, const float* residual, const float* weight,
                                                             float epsilon, int hidden, const int32_t* count, int rows) {
  __shared__ float sums[kRows][kWarps];
  __shared__ uint4 tile[kWarps][32 * kRows];  // of a warp: [pieces][rows]
  ptx::launch_next();
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row0 = blockIdx.x * kRows;
  const int pieces = hidden / 8;
  const int end = min(*count, rows);
  ptx::wait_for_previous();
  if (row0 >= end) {
    return;
  }

  float4 kept[kRows][kKept][2];
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const auto* x = reinterpret_cast<const float4*>(residual + std::size_t(min(row0 + r, end - 1)) * hidden);
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      const int piece = min(i * kThreads + int(threadIdx.x), pieces - 1);
      kept[r][i][0] = x[2 * piece], kept[r][i][1] = x[2 * piece + 1];
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      if (i * kThreads + int(threadIdx.x) < pieces) {
        sum += sum_of_squares(kept[r][i][0], kept[r][i][1]);
      }
    }
#pragma unroll
    for (int d = 16; d > 0; d /= 2) {
      sum += __shfl_xor_sync(~0U, sum, d);
    }
    if (lane == 0) {
      sums[r][warp] = sum;
    }
  }
  __syncthreads();
  float inverse[kRows];
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    float sum = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      sum += sums[r][w];
    }
    inverse[r] = rsqrtf(sum / hidden + epsilon);
  }

  // Turned within the warp: four lanes then write what four rows have of a piece. Neighbouring pieces lie in other banks.
  const auto place = [](int piece, int row) { return piece * kRows + (row ^ piece / 2 % kRows); };
  const auto* scale = reinterpret_cast<const float4*>(weight);
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    const int piece = min(i * kThreads + int(threadIdx.x), pieces - 1);
    const float4 s = scale[2 * piece];
    const float4 t = scale[2 * piece + 1];
    __syncwarp();
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      tile[warp][place(lane, r)] = normed(kept[r][i][0], kept[r][i][1], inverse[r], s, t);
    }
    __syncwarp();
#pragma unroll
    for (int j = 0; j < kRows; ++j) {
      const int of_warp = j * (32 / kRows) + lane / kRows;
      const int to = i * kThreads + warp * 32 + of_warp;
      if (to < pieces && row0 + lane % kRows < end) {
        reinterpret_cast<uint4*>(out)[std::size_t(to) * rows + row0 + lane % kRows] = tile[warp][place(of_warp, lane % kRows)];
      }
    }
  }
}

}  // namespace

bool rms_norm_rows_fits(int hidden) { return hidden <= 8 * kThreads * kKept; }

void rms_norm_rows_launch(const Stream& stream, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon,
                          int hidden, const int32_t* count, int rows) {
  launch_kernel(stream, rms_norm_rows, (rows + kRows - 1) / kRows, kThreads, 0, out, residual, weight, epsilon, hidden, count,
                rows);
}

}  // namespace nim::cuda
