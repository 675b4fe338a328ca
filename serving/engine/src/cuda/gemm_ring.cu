// Products of few rows on Hopper, up to 32 (64 where gemm_batch.cu does not fit): the ring of gemm_ring.cuh, multiplied by mma.
// A warp has a 16-row tile (two where K has two slices), so no sum crosses blocks. Of one row, every block norms its own x while its
// ring fills.
#include "cuda/gemm_launch.h"
#include "cuda/gemm_ring.cuh"
#include "cuda/rms_norm.cuh"

namespace nim::cuda {
namespace {

constexpr int kSlots = 7;        ///< consumer warps
constexpr int kThreads = 32 * (kSlots + 1);
constexpr int kCopyBlocks = 16;  ///< of K in a stage: 8 KB a copy
constexpr int kLeastStages = 3;
/// Stages of the first fill that are on their way at a time, where all of x lies beside the ring: what the consumers ask for
/// meanwhile would otherwise come behind 200 KB.
constexpr int kAhead = 2;
/// Of a product that norms: no small kernel runs beside it, and attention begins when it has ended on an SM, not to take its
/// bandwidth.
constexpr int kNormedRingBytes = 222 * 1024;
// What the kernel norms itself, at most. With two rows a step of an 8B model was 0.08 ms slower than with the
// norms' own kernel (H200).
constexpr int kNormRows = 1;
constexpr int kNormWidth = 4096;
constexpr int kMostX = 32 * 1024;  ///< of x that lies whole beside the ring
constexpr int kNormBarrier = 1 + kSlots / 2;   ///< behind those of the slices

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

/// Rows of x, normed, to panels in shared memory, by the consumers: four of them, each as two warps of the norm.
__device__ __forceinline__ void norm_rows(const Gemm& g, std::byte* x) {
  constexpr int kWarps = 4;
  constexpr int kParts = kNormWarps / kWarps;
  constexpr int kPieces = kParts * (kNormWidth / 8 / kNormThreads);  // of a thread
  __shared__ float sums[kNormRows][kNormWarps];
  const int warp = threadIdx.x / 32;
  const int pieces = g.in / 8;
  const auto piece = [&](int i) { return i / kParts * kNormThreads + i % kParts * (32 * kWarps) + int(threadIdx.x); };
  NormPiece scale[kPieces], kept[kPieces];
  if (warp < kWarps) {
#pragma unroll
    for (int i = 0; i < kPieces; ++i) {
      scale[i].load(g.normed.weight, min(piece(i), pieces - 1));
    }
  }
  ptx::wait_for_previous();
#pragma unroll 1
  for (int row = 0; row < g.rows; ++row) {
    if (warp < kWarps) {
#pragma unroll
      for (int i = 0; i < kPieces; ++i) {
        kept[i].load(g.normed.residual + std::size_t(row) * g.in, min(piece(i), pieces - 1));
      }
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
        float sum = 0;
#pragma unroll
        for (int i = part; i < kPieces; i += kParts) {
          if (piece(i) < pieces) {
            sum = kept[i].add_squares(sum);
          }
        }
        sum = warp_sum(sum);
        if (threadIdx.x % 32 == 0) {
          sums[row][part * kWarps + warp] = sum;
        }
      }
    }
    ptx::named_barrier(kNormBarrier, 32 * kSlots);
    if (warp < kWarps) {
      const float inverse = norm_inverse(sums[row], g.in, g.normed.epsilon);
#pragma unroll
      for (int i = 0; i < kPieces; ++i) {
        if (piece(i) < pieces) {
          reinterpret_cast<uint4*>(x)[piece(i) * g.rows + row] = kept[i].normed(inverse, scale[i]);
        }
      }
    }
  }
  ptx::named_barrier(kNormBarrier, 32 * kSlots);
}

#endif

/// Of few rows, half of the registers: the rest is for the attention beside it (attention_split.cu).
template <int kTokens8>
__global__ void __maxnreg__(kTokens8 == 1 ? 112 : 255) gemm_ring(const Gemm g, const Ring ring) {
#ifdef NIM_SM90A
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ uint64_t barriers[2 * kRingStages + 1];
  const uint32_t full = ptx::shared_address(barriers);
  const uint32_t empty = full + 8 * kRingStages;
  const uint32_t x_full = empty + 8 * kRingStages;
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
    ptx::barrier_init(x_full, 1);
    ptx::barrier_fence();
  }
  __syncthreads();

  if (warp == kSlots) {
    fill_ring(g, ring, base, full, empty);
    return;
  }

  // Consumers.
  const int ring_bytes = ring.stages * ring.stage_bytes;
  const bool staged = ring.x_bytes > 0;
  if (g.normed.weight != nullptr) {
    norm_rows(g, shared + ring_bytes);
  } else {
    ptx::wait_for_previous();
    if (!staged && threadIdx.x == 0) {
      ptx::barrier_expect(x_full, g.in * g.rows * 2);
      ptx::bulk_copy(base + ring_bytes, g.x, g.in * g.rows * 2, x_full);
    }
  }
  if (warp >= ring.slots) {
    return;
  }
  const RingShare share(g, ring);
  float* const other_slice = reinterpret_cast<float*>(shared + ring_bytes + (staged ? 0 : g.in * g.rows * 2));
  const int slice = warp % ring.slices;
  // Where x is: in the stages, or all of it behind them.
  const uint32_t x_panels = ring.blocks * g.rows * 32;  // of a chunk
  const uint32_t first_x = staged ? base + ring.slots * ring.blocks * 512 + slice * ring.x_bytes
                                  : base + ring_bytes + slice * share.slice_blocks * g.rows * 32;
  if (!staged && g.normed.weight == nullptr) {
    ptx::barrier_wait(x_full, 0);
  }
  int stage = 0;
  uint32_t parity = 0;
  for (int pass = 0; pass < share.passes; ++pass) {
    const int tile = share.first + pass * share.tiles_per_pass + warp / ring.slices;
    const bool active = tile < share.last;
    float acc[kTokens8][4] = {};
    ResidualFragment old[kTokens8];
    const bool adds = g.epilogue == Epilogue::kResidual && active && slice == 0;
    if (adds) {
#pragma unroll
      for (int t = 0; t < kTokens8; ++t) {
        old[t].load(g, tile, t * 8);
      }
    }
    for (int chunk = 0; chunk < share.chunks; ++chunk) {
      const uint32_t at = base + stage * ring.stage_bytes;
      const uint32_t weights = at + warp * ring.blocks * 512;
      const uint32_t x = first_x + (staged ? stage * ring.stage_bytes : chunk * x_panels);
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
        adds ? old[t].add(g, tile, t * 8, acc[t]) : store_fragment(g, tile, t * 8, acc[t]);
      }
    }
  }
#endif
}

template <int kTokens8>
void launch(const Stream& stream, const Gemm& g) {
  Ring ring;
  ring.slices = g.slices;
  const int grid = min(stream.multiprocessors, g.tiles);
  const int most_tiles = (g.tiles + grid - 1) / grid;
  // Equal passes.
  const int tiles_at_once = kSlots / g.slices;
  const int passes = (most_tiles + tiles_at_once - 1) / tiles_at_once;
  ring.slots = (most_tiles + passes - 1) / passes * g.slices;
  const bool staged = g.in * g.rows * 2 > kMostX;
  const int behind = (g.slices == 2 ? ring.slots / 2 * kTokens8 * 512 : 0) + (staged ? 0 : g.in * g.rows * 2);
  const bool normed = g.normed.weight != nullptr;
  const int budget = (normed ? kNormedRingBytes : kRingBytes) - behind;
  const auto stage_bytes = [&] { return ring.blocks * (ring.slots * 512 + (staged ? g.slices * g.rows * 32 : 0)); };
  ring.blocks = min(g.blocks_per_slice(), kCopyBlocks);
  while (stage_bytes() * kLeastStages > budget && ring.blocks > 2) {
    ring.blocks = (ring.blocks + 1) / 2;
  }
  ring.x_bytes = staged ? ring.blocks * g.rows * 32 : 0;
  ring.stage_bytes = stage_bytes();
  ring.stages = min(kRingStages, budget / ring.stage_bytes);
  ring.ahead = staged ? ring.stages : kAhead;
  ring.share(g, grid);
  static const int raised = allow_shared(gemm_ring<kTokens8>, kNormedRingBytes);
  (void)raised;
  launch_kernel(stream, gemm_ring<kTokens8>, grid, kThreads, normed ? kNormedRingBytes : ring.stages * ring.stage_bytes + behind,
                g, ring);
}

}  // namespace

bool gemm_ring_norms(const Gemm& g) { return g.rows <= kNormRows && g.in <= kNormWidth && g.in * g.rows * 2 <= kMostX; }

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
