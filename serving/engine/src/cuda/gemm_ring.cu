// Products of few rows on Hopper, up to 32 (64 where gemm_batch.cu does not fit): the ring of gemm_ring.cuh, multiplied by mma.
// A warp has a 16-row tile (two where K has two slices), so no sum crosses blocks.
#include "cuda/gemm_launch.h"
#include "cuda/gemm_ring.cuh"

namespace nim::cuda {
namespace {

constexpr int kSlots = 8;        ///< consumer warps at most
constexpr int kCopyBlocks = 16;  ///< of K in a stage: 8 KB a copy
constexpr int kLeastStages = 3;

#ifdef NIM_SM90A

/// The operands of some blocks of K, in registers.
template <int kTokens8>
struct Operands {
  // As many as registers allow: the chain of dependent mma runs while the next ones load.
  static constexpr int kBlocks = kTokens8 == 1 ? 8 : kTokens8 == 2 ? 4 : 2;
  static constexpr int kX = kTokens8 == 1 ? kBlocks / 2 : kBlocks * kTokens8 / 2;
  uint4 a[kBlocks];
  uint4 b[kX];

  /// From block k of a stage that has `blocks`; lanes hold the address of their row of x.
  __device__ __forceinline__ void load(uint32_t weights, uint32_t x, int k, int blocks, int rows) {
    const int lane = threadIdx.x % 32;
    const uint32_t panel_bytes = rows * 16;
#pragma unroll
    for (int i = 0; i < kBlocks; ++i) {
      a[i] = ptx::load_shared(weights + min(k + i, blocks - 1) * 512 + lane * 16);
    }
    if constexpr (kTokens8 == 1) {
      // One ldmatrix gives B for two blocks: the four panels of 32 columns.
#pragma unroll
      for (int i = 0; i < kX; ++i) {
        const int panel = min(2 * (k + 2 * i) + lane / 8, 2 * blocks - 1);
        b[i] = ptx::load_matrices(x + panel * panel_bytes + min(lane % 8, rows - 1) * 16);
      }
    } else {
      // One ldmatrix gives B for 16 tokens: two panels, twice 8 rows.
#pragma unroll
      for (int i = 0; i < kBlocks; ++i) {
        const uint32_t panel = x + (2 * min(k + i, blocks - 1) + lane / 8 % 2) * panel_bytes;
#pragma unroll
        for (int t = 0; t < kTokens8 / 2; ++t) {
          b[i * kTokens8 / 2 + t] = ptx::load_matrices(panel + min(t * 16 + lane / 16 * 8 + lane % 8, rows - 1) * 16);
        }
      }
    }
  }

  __device__ __forceinline__ void multiply(float (&acc)[kTokens8][4], int k, int blocks) const {
#pragma unroll
    for (int i = 0; i < kBlocks; ++i) {
      if (k + i < blocks) {
        if constexpr (kTokens8 == 1) {
          i % 2 == 0 ? ptx::mma(acc[0], a[i], b[i / 2].x, b[i / 2].y) : ptx::mma(acc[0], a[i], b[i / 2].z, b[i / 2].w);
        } else {
#pragma unroll
          for (int t = 0; t < kTokens8 / 2; ++t) {
            const uint4& x = b[i * kTokens8 / 2 + t];
            ptx::mma(acc[2 * t], a[i], x.x, x.y);
            ptx::mma(acc[2 * t + 1], a[i], x.z, x.w);
          }
        }
      }
    }
  }
};

#endif

template <int kTokens8>
__global__ void __launch_bounds__(32 * (kSlots + 1), 1) gemm_ring(const Gemm g, const Ring ring) {
#ifdef NIM_SM90A
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ uint64_t barriers[2 * kRingStages];
  const uint32_t full = ptx::shared_address(barriers);
  const uint32_t empty = full + 8 * kRingStages;
  const uint32_t base = ptx::shared_address(shared);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;

  ptx::launch_next();
  if (threadIdx.x == 0) {
#pragma unroll 1
    for (int i = 0; i < ring.stages; ++i) {
      ptx::barrier_init(full + 8 * i, 1);
      ptx::barrier_init(empty + 8 * i, ring.slots);
    }
    ptx::barrier_fence();
  }
  __syncthreads();

  if (warp == ring.slots) {
    fill_ring(g, ring, base, full, empty);
    return;
  }

  // Consumers.
  const RingShare share(g, ring);
  float* const other_slice = reinterpret_cast<float*>(shared + ring.stages * ring.stage_bytes);
  const int slice = warp % ring.slices;
  int stage = 0;
  uint32_t parity = 0;
  for (int pass = 0; pass < share.passes; ++pass) {
    const int tile = share.first + pass * share.tiles_per_pass + warp / ring.slices;
    const bool active = tile < share.last;
    float acc[kTokens8][4] = {};
    for (int chunk = 0; chunk < share.chunks; ++chunk) {
      const uint32_t at = base + stage * ring.stage_bytes;
      const uint32_t weights = at + warp * ring.blocks * 512;
      const uint32_t x = at + ring.slots * ring.blocks * 512 + slice * ring.x_bytes;
      const int blocks = share.blocks_of(chunk);
      ptx::barrier_wait(full + 8 * stage, parity);
      if (active) {
        using Set = Operands<kTokens8>;
        Set even, odd;
        even.load(weights, x, 0, blocks, g.rows);
        for (int k = 0; k < blocks; k += 2 * Set::kBlocks) {
          odd.load(weights, x, k + Set::kBlocks, blocks, g.rows);
          even.multiply(acc, k, blocks);
          if (k + 2 * Set::kBlocks < blocks) {
            even.load(weights, x, k + 2 * Set::kBlocks, blocks, g.rows);
          }
          odd.multiply(acc, k + Set::kBlocks, blocks);
        }
      }
      __syncwarp();
      if (lane == 0) {
        ptx::barrier_arrive(empty + 8 * stage);
      }
      if (++stage == ring.stages) {
        stage = 0;
        parity ^= 1;
      }
    }
    if (!active) {
      continue;
    }
    if (pass == 0) {
      ptx::wait_for_previous();
    }
    if (g.slices == 2) {
      float* const mine = other_slice + warp / 2 * (kTokens8 * 4 * 32) + lane;
      // Both warps of a tile meet at the same two barriers.
      if (slice == 1) {
#pragma unroll
        for (int i = 0; i < kTokens8 * 4; ++i) {
          mine[i * 32] = acc[i / 4][i % 4];
        }
      }
      ptx::named_barrier(1 + warp / 2, 64);
      if (slice == 0) {
#pragma unroll
        for (int i = 0; i < kTokens8 * 4; ++i) {
          acc[i / 4][i % 4] += mine[i * 32];
        }
      }
      ptx::named_barrier(1 + warp / 2, 64);
      if (slice == 1) {
        continue;
      }
    }
#pragma unroll
    for (int t = 0; t < kTokens8; ++t) {
      if (t * 8 < g.rows) {
        store_fragment(g, tile, t * 8, acc[t]);
      }
    }
  }
#endif
}

template <int kTokens8>
void launch(const Stream& stream, const Gemm& g) {
  Ring ring;
  ring.slices = g.slices;
  const int blocks = min(stream.multiprocessors, g.tiles);
  const int most_tiles = (g.tiles + blocks - 1) / blocks;
  // Equal passes.
  const int tiles_at_once = kSlots / g.slices;
  const int passes = (most_tiles + tiles_at_once - 1) / tiles_at_once;
  ring.slots = (most_tiles + passes - 1) / passes * g.slices;
  const int scratch = g.slices == 2 ? ring.slots / 2 * kTokens8 * 512 : 0;
  const int budget = kRingBytes - scratch;
  const auto stage_bytes = [&] { return ring.blocks * (ring.slots * 512 + g.slices * g.rows * 32); };
  ring.blocks = min(g.blocks_per_slice(), kCopyBlocks);
  while (stage_bytes() * kLeastStages > budget && ring.blocks > 2) {
    ring.blocks = (ring.blocks + 1) / 2;
  }
  ring.x_bytes = ring.blocks * g.rows * 32;
  ring.stage_bytes = stage_bytes();
  ring.stages = min(kRingStages, budget / ring.stage_bytes);
  static const int raised = allow_shared(gemm_ring<kTokens8>, kRingBytes);
  (void)raised;
  launch_kernel(stream, gemm_ring<kTokens8>, blocks, 32 * (ring.slots + 1), ring.stages * ring.stage_bytes + scratch, g, ring);
}

}  // namespace

void gemm_ring_launch(const Stream& stream, const Gemm& g) {
  if (g.rows <= 8) {
    launch<1>(stream, g);
  } else if (g.rows <= 16) {
    launch<2>(stream, g);
  } else if (g.rows <= 32) {
    launch<4>(stream, g);
  } else {
    launch<8>(stream, g);
  }
}

}  // namespace nim::cuda
