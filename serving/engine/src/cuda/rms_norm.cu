// RMSNorm of the float residual stream to bf16 panels: a block a row, sums in one fixed order whatever the number of rows.
#include "cuda/norm_piece.cuh"
#include "cuda/rows.cuh"

namespace nim::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) rms_norm(__nv_bfloat16* out, const float* residual, const float* weight,
                                                     float epsilon, int hidden, const int32_t* source, const int32_t* count,
                                                     int rows) {
  constexpr int kKept = 4;  // pieces of 8 columns that a thread holds in registers; wider rows are read twice
  __shared__ float sums[kThreads / 32];
  ptx::launch_next();
  const int row = blockIdx.x;
  const int pieces = hidden / 8;
  const bool exists = row < *count;
  const int from = exists && source != nullptr ? source[row] : row;
  ptx::wait_for_previous();
  if (!exists) {
    return;
  }
  const auto* x = reinterpret_cast<const float4*>(residual + std::size_t(from) * hidden);
  const auto* scale = reinterpret_cast<const float4*>(weight);

  float4 kept[kKept][2];
  float sum = 0;
  for (int base = 0, i = 0; base < pieces; base += kThreads, ++i) {
    const int piece = base + threadIdx.x;
    if (piece < pieces) {
      const float4 a = x[2 * piece];
      const float4 b = x[2 * piece + 1];
#pragma unroll
      for (int j = 0; j < kKept; ++j) {
        if (i == j) {
          kept[j][0] = a, kept[j][1] = b;
        }
      }
      sum += sum_of_squares(a, b);
    }
  }
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
    sum += __shfl_xor_sync(~0U, sum, d);
  }
  if (threadIdx.x % 32 == 0) {
    sums[threadIdx.x / 32] = sum;
  }
  __syncthreads();
  sum = 0;
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) {
    sum += sums[w];
  }
  const float inverse = rsqrtf(sum / hidden + epsilon);

  for (int base = 0, i = 0; base < pieces; base += kThreads, ++i) {
    const int piece = base + threadIdx.x;
    if (piece >= pieces) {
      break;
    }
    float4 a, b;
    if (i < kKept) {
#pragma unroll
      for (int j = 0; j < kKept; ++j) {
        if (i == j) {
          a = kept[j][0], b = kept[j][1];
        }
      }
    } else {
      a = x[2 * piece], b = x[2 * piece + 1];
    }
    reinterpret_cast<uint4*>(out)[std::size_t(piece) * rows + row] =
        normed(a, b, inverse, scale[2 * piece], scale[2 * piece + 1]);
  }
}

}  // namespace

void rms_norm_launch(const Stream& stream, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon,
                     int hidden, const int32_t* source, const int32_t* count, int rows) {
  if (rows >= 4096 && source == nullptr && rms_norm_rows_fits(hidden)) {
    return rms_norm_rows_launch(stream, out, residual, weight, epsilon, hidden, count, rows);
  }
  launch_kernel(stream, rms_norm, rows, kThreads, 0, out, residual, weight, epsilon, hidden, source, count, rows);
}

}  // namespace nim::cuda
