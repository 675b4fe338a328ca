// Products of a few rows on any chip: a warp for each slice of a 16-row tile, with a ring of its own that it fills by cp.async.
// The ring is deep, since a chip's bandwidth is the bytes under way over the time they take, and no warp waits for another.
// Hopper has the ring of bulk copies.
#include "cuda/gemm_launch.h"

namespace nim::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;
constexpr int kGroup = 8;   ///< blocks of K that are copied, waited for and multiplied together
constexpr int kGroups = 4;  ///< of a ring
constexpr int kRows = 8;    ///< of x at most: one fragment

/// Of a warp's ring: weights, and x of these columns for all rows.
__host__ __device__ constexpr int group_bytes(int rows) { return kGroup * (512 + 2 * rows * 16); }

__global__ void __launch_bounds__(kThreads) gemm_direct(const Gemm g) {
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ float4 other_slice[kWarps / 2][32];
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int unit = blockIdx.x * kWarps + warp;
  const int tile = unit / g.slices;
  const int slice = unit % g.slices;
  const bool active = tile < g.tiles;
  const int blocks = g.blocks_per_slice();
  float acc[4] = {};

  ptx::launch_next();
  ptx::wait_for_previous();
  if (active) {
    const uint32_t bytes = group_bytes(g.rows);
    const uint32_t ring = ptx::shared_address(shared) + warp * kGroups * bytes;
    // A group's weights are one contiguous piece, and so is its x.
    const auto* weights = reinterpret_cast<const uint4*>(g.weights) +
                          (std::size_t(tile) * (g.in / kBlock) + slice * blocks) * 32 + lane;
    const auto* x = reinterpret_cast<const uint4*>(g.x) + std::size_t(slice) * blocks * 2 * g.rows + lane;
    int left = blocks;  // to be copied
    const auto copy_group = [&](int slot) {
      const uint32_t to = ring + slot * bytes + lane * 16;
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        if (i < left) {
          ptx::copy16(to + i * 512, weights + i * 32);
        }
      }
      const int pieces = min(left, kGroup) * 2 * g.rows;
#pragma unroll
      for (int i = 0; i < kGroup * 2 * kRows; i += 32) {
        if (i + lane < pieces) {
          ptx::copy16_shared(to + kGroup * 512 + i * 16, x + i);
        }
      }
      ptx::copy_commit();
      weights += kGroup * 32;
      x += kGroup * 2 * g.rows;
      left -= kGroup;
    };
    for (int slot = 0; slot < kGroups - 1; ++slot) {
      copy_group(slot);
    }
    const uint32_t a_from = ring + lane * 16;
    const uint32_t b_from = ring + kGroup * 512 + (lane / 8 * g.rows + min(lane % 8, g.rows - 1)) * 16;  // of two blocks
    int at = 0;
    for (int k0 = 0; k0 < blocks; k0 += kGroup) {
      ptx::copy_wait<kGroups - 2>();
      __syncwarp();
      copy_group(at == 0 ? kGroups - 1 : at - 1);  // where the group before these was
      uint4 a[kGroup];
      uint4 b[kGroup / 2];
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        a[i] = ptx::load_shared(a_from + at * bytes + i * 512);
      }
#pragma unroll
      for (int i = 0; i < kGroup / 2; ++i) {
        b[i] = ptx::load_matrices(b_from + at * bytes + i * 4 * g.rows * 16);
      }
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        if (k0 + i < blocks) {
          ptx::mma(acc, a[i], i % 2 == 0 ? b[i / 2].x : b[i / 2].z, i % 2 == 0 ? b[i / 2].y : b[i / 2].w);
        }
      }
      at = at + 1 == kGroups ? 0 : at + 1;
    }
  }
  if (g.slices == 2) {  // a tile's two slices are neighbouring warps
    if (slice == 1) {
      other_slice[warp / 2][lane] = make_float4(acc[0], acc[1], acc[2], acc[3]);
    }
    __syncthreads();
    if (slice == 0) {
      const float4 other = other_slice[warp / 2][lane];
      acc[0] += other.x, acc[1] += other.y, acc[2] += other.z, acc[3] += other.w;
    }
  }
  if (active && slice == 0) {
    store_fragment(g, tile, 0, acc);
  }
}

}  // namespace

void gemm_direct_launch(const Stream& stream, const Gemm& g) {
  static const int raised = allow_shared(gemm_direct, kWarps * kGroups * group_bytes(kRows));
  (void)raised;
  const int grid = (g.tiles * g.slices + kWarps - 1) / kWarps;
  launch_kernel(stream, gemm_direct, grid, kThreads, kWarps * kGroups * group_bytes(g.rows), g);
}

}  // namespace nim::cuda
