// RMSNorm of the float residual stream to bf16 panels: a block a row.
#include "cuda/rms_norm.cuh"
#include "cuda/rows.cuh"

namespace nim::cuda {
namespace {

constexpr int kKept = 2;  ///< pieces that a thread holds in registers; wider rows are read twice

__global__ void __launch_bounds__(kNormThreads) rms_norm(__nv_bfloat16* out, const float* residual, const float* weight,
                                                         float epsilon, int hidden, const int32_t* source, const int32_t* count,
                                                         int rows) {
  __shared__ float sums[kNormWarps];
  ptx::launch_next();
  const int row = blockIdx.x;
  const int pieces = hidden / 8;
  const bool exists = row < *count;
  const int from = exists && source != nullptr ? source[row] : row;
  NormPiece kept[kKept], scale[kKept];
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    scale[i].load(weight, min(i * kNormThreads + int(threadIdx.x), pieces - 1));
  }
  ptx::wait_for_previous();
  if (!exists) {
    return;
  }
  const float* const x = residual + std::size_t(from) * hidden;

  float sum = 0;
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    kept[i].load(x, min(i * kNormThreads + int(threadIdx.x), pieces - 1));
  }
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (i * kNormThreads + int(threadIdx.x) < pieces) {
      sum = kept[i].add_squares(sum);
    }
  }
  for (int piece = kKept * kNormThreads + threadIdx.x; piece < pieces; piece += kNormThreads) {
    NormPiece p;
    p.load(x, piece);
    sum = p.add_squares(sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) {
    sums[threadIdx.x / 32] = sum;
  }
  __syncthreads();
  const float inverse = norm_inverse(sums, hidden, epsilon);

  uint4* const to = reinterpret_cast<uint4*>(out) + row;
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    if (const int piece = i * kNormThreads + threadIdx.x; piece < pieces) {
      to[std::size_t(piece) * rows] = kept[i].normed(inverse, scale[i]);
    }
  }
  for (int piece = kKept * kNormThreads + threadIdx.x; piece < pieces; piece += kNormThreads) {
    NormPiece p, s;
    p.load(x, piece);
    s.load(weight, piece);
    to[std::size_t(piece) * rows] = p.normed(inverse, s);
  }
}

}  // namespace

void rms_norm_launch(const Stream& stream, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon,
                     int hidden, const int32_t* source, const int32_t* count, int rows) {
  if (rows >= 1024 && source == nullptr && rms_norm_rows_fits(hidden)) {
    return rms_norm_rows_launch(stream, out, residual, weight, epsilon, hidden, count, rows);
  }
  launch_kernel(stream, rms_norm, rows, kNormThreads, 0, out, residual, weight, epsilon, hidden, source, count, rows);
}

}  // namespace nim::cuda
