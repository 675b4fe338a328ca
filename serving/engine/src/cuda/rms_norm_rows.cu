// RMSNorm of many rows: a warp a row, four rows a block, so that what they have of a panel is written as whole sectors. A block a
// row (rms_norm.cu) writes 16 bytes here and there: 8,192 rows of 4,096 took 149 us on an H200, this takes 89, the bytes alone 47.
//
// The sums are those of rms_norm.cu, whose 256 threads a lane stands for in turn, and so are the bits.
#include "cuda/norm_piece.cuh"
#include "cuda/rows.cuh"

namespace nim::cuda {
namespace {

constexpr int kRows = 4;  ///< of a block
constexpr int kParts = 8;  ///< of 32 threads there
constexpr int kKept = 2;   ///< pieces of 8 columns of a thread there

__global__ void __launch_bounds__(32 * kRows) rms_norm_rows(__nv_bfloat16* out, const float* residual, const float* weight,
                                                            float epsilon, int hidden, const int32_t* count, int rows) {
  extern __shared__ __align__(16) uint4 tile[];  // [pieces][rows]
  ptx::launch_next();
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row0 = blockIdx.x * kRows;
  const int pieces = hidden / 8;
  const int end = min(*count, rows);
  // The rows of neighbouring pieces lie in other banks.
  const auto place = [](int piece, int row) { return piece * kRows + (row ^ piece / 2 % kRows); };
  ptx::wait_for_previous();

  if (row0 + warp < end) {
    const auto* x = reinterpret_cast<const float4*>(residual + std::size_t(row0 + warp) * hidden);
    const auto* scale = reinterpret_cast<const float4*>(weight);
    float4 kept[kParts][kKept][2];
#pragma unroll
    for (int p = 0; p < kParts; ++p) {
#pragma unroll
      for (int i = 0; i < kKept; ++i) {
        const int piece = (i * kParts + p) * 32 + lane;
        if (piece < pieces) {
          kept[p][i][0] = x[2 * piece], kept[p][i][1] = x[2 * piece + 1];
        }
      }
    }
    float all = 0;
#pragma unroll
    for (int p = 0; p < kParts; ++p) {
      float sum = 0;
#pragma unroll
      for (int i = 0; i < kKept; ++i) {
        if ((i * kParts + p) * 32 + lane < pieces) {
          sum += sum_of_squares(kept[p][i][0], kept[p][i][1]);
        }
      }
#pragma unroll
      for (int d = 16; d > 0; d /= 2) {
        sum += __shfl_xor_sync(~0U, sum, d);
      }
      all += sum;
    }
    const float inverse = rsqrtf(all / hidden + epsilon);
#pragma unroll
    for (int p = 0; p < kParts; ++p) {
#pragma unroll
      for (int i = 0; i < kKept; ++i) {
        const int piece = (i * kParts + p) * 32 + lane;
        if (piece < pieces) {
          tile[place(piece, warp)] = normed(kept[p][i][0], kept[p][i][1], inverse, scale[2 * piece], scale[2 * piece + 1]);
        }
      }
    }
  }
  __syncthreads();
  const int row = threadIdx.x % kRows;
  if (row0 + row < end) {
    for (int piece = threadIdx.x / kRows; piece < pieces; piece += 32) {
      reinterpret_cast<uint4*>(out)[std::size_t(piece) * rows + row0 + row] = tile[place(piece, row)];
    }
  }
}

}  // namespace

bool rms_norm_rows_fits(int hidden) { return hidden <= 8 * 32 * kParts * kKept; }

void rms_norm_rows_launch(const Stream& stream, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon,
                          int hidden, const int32_t* count, int rows) {
  launch_kernel(stream, rms_norm_rows, (rows + kRows - 1) / kRows, 32 * kRows, kRows * hidden * sizeof(__nv_bfloat16), out,
                residual, weight, epsilon, hidden, count, rows);
}

}  // namespace nim::cuda
