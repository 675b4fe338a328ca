// Products of a decode batch on Hopper, 33 to 256 rows: the ring of gemm_ring.cuh, multiplied by wgmma. A warp has a 16-row tile
// of the weights as A in registers, the four warps of a warpgroup share the rows of x as B in shared memory. All of a stage's x
// is one contiguous copy, which every block asks for at about the same time.
//
// What decides (bench/results): an SM's copy engine takes 30 ns and more for a copy of any size and 59 ns for 4 KB, and the L2
// hands an SM about 69 GB/s of what it does not share with others. So copies are few and large, blocks own tiles of 16 rows
// until all SMs are full, and where K has two slices two blocks take one each, which halves the x that a block reads.
#include "cuda/gemm_launch.h"
#include "cuda/gemm_ring.cuh"

namespace nim::cuda {
namespace {

constexpr int kGroups = 2;  ///< warpgroups of consumers at most, four tiles each
constexpr int kThreads = 128 * (kGroups + 1);

#ifdef NIM_SM90A

template <int kTokens>
__device__ __forceinline__ void multiply(float (&acc)[kTokens / 2], const uint4& a, uint64_t b) {
  if constexpr (kTokens == 256) {
    ptx::wgmma_m64n256k16(acc, a, b);
  } else if constexpr (kTokens == 192) {
    ptx::wgmma_m64n192k16(acc, a, b);
  } else if constexpr (kTokens == 128) {
    ptx::wgmma_m64n128k16(acc, a, b);
  } else {
    ptx::wgmma_m64n64k16(acc, a, b);
  }
}
/// A finished tile, as store_fragment (gemm.cuh) does for one fragment; `add`: the sums of the other slice. What to do is
/// decided once, so that little code runs for each of up to 32 fragments.
template <int kTokens>
__device__ __forceinline__ void store_tile(const Gemm& g, int tile, float (&acc)[kTokens / 2], const float4* add) {
  const int lane = threadIdx.x % 32;
  const int out = tile * kBlock + lane / 4;
  if (add != nullptr) {
#pragma unroll
    for (int j = 0; j < kTokens / 8; ++j) {
      const float4 other = __ldcg(add + j * 32);  // of rows past the last, anything
      acc[4 * j] += other.x, acc[4 * j + 1] += other.y, acc[4 * j + 2] += other.z, acc[4 * j + 3] += other.w;
      if (j % 8 == 7) {
        ptx::keep_order();  // or the registers of all 32 loads are wanted at once
      }
    }
  }
  if (g.bias != nullptr) {
    const float low = g.bias[out];
    const float high = g.bias[out + 8];
#pragma unroll
    for (int j = 0; j < kTokens / 8; ++j) {
      acc[4 * j] += low, acc[4 * j + 1] += low, acc[4 * j + 2] += high, acc[4 * j + 3] += high;
    }
  }
  if (g.epilogue == Epilogue::kPanels) {
    uint32_t* to = static_cast<uint32_t*>(g.out) + (std::size_t(2 * tile) * g.rows + lane / 4) * 4 + lane % 4;
    uint32_t* const above = to + g.rows * 4;
#pragma unroll
    for (int j = 0; j < kTokens / 8; ++j) {
      const uint32_t low = ptx::transpose_matrix(pack_bf16(acc[4 * j], acc[4 * j + 1]));
      const uint32_t high = ptx::transpose_matrix(pack_bf16(acc[4 * j + 2], acc[4 * j + 3]));
      if (j * 8 + lane / 4 < g.rows) {
        to[j * 32] = low;
        above[j * 32] = high;
      }
    }
    return;
  }
  if (g.epilogue == Epilogue::kSiluGate) {
    uint32_t* const to = static_cast<uint32_t*>(g.out) + (std::size_t(tile) * g.rows + lane / 4) * 4 + lane % 4;
#pragma unroll
    for (int j = 0; j < kTokens / 8; ++j) {
      const uint32_t gated = ptx::transpose_matrix(
          pack_bf16(silu(acc[4 * j]) * acc[4 * j + 2], silu(acc[4 * j + 1]) * acc[4 * j + 3]));
      if (j * 8 + lane / 4 < g.rows) {
        to[j * 32] = gated;
      }
    }
    return;
  }
  // Reductions, since nothing waits for them: loads and stores were 2 to 8 us slower here.
  const bool adds = g.epilogue == Epilogue::kResidual;
  const bool low = out < g.out_features;
  const bool high = out + 8 < g.out_features;
  float* even = static_cast<float*>(g.out) + std::size_t(2 * (lane % 4)) * g.out_features + out;
  float* odd = even + g.out_features;
  const std::size_t step = std::size_t(8) * g.out_features;
#pragma unroll
  for (int j = 0; j < kTokens / 8; ++j, even += step, odd += step) {
    const int row = j * 8 + 2 * (lane % 4);
    const auto put = [&](bool wanted, float* at, float value) {
      if (wanted) {
        adds ? (void)atomicAdd(at, value) : (void)(*at = value);
      }
    };
    put(row < g.rows && low, even, acc[4 * j]);
    put(row + 1 < g.rows && low, odd, acc[4 * j + 1]);
    put(row < g.rows && high, even + 8, acc[4 * j + 2]);
    put(row + 1 < g.rows && high, odd + 8, acc[4 * j + 3]);
  }
}

#endif

/// Stages of kBlocks of K: for copies of 4 KB and more where there is room for a ring of them.
template <int kTokens, int kBlocks>
__global__ void __launch_bounds__(kThreads, 1) gemm_batch(const Gemm g, const Ring ring) {
#ifdef NIM_SM90A
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ uint64_t barriers[2 * kRingStages];
  const uint32_t full = ptx::shared_address(barriers);
  const uint32_t empty = full + 8 * kRingStages;
  const uint32_t base = ptx::shared_address(shared);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int consumers = blockDim.x / 32 - 4;

  ptx::launch_next();
  if (threadIdx.x == 0) {
#pragma unroll 1
    for (int i = 0; i < ring.stages; ++i) {
      ptx::barrier_init(full + 8 * i, 1);
      ptx::barrier_init(empty + 8 * i, consumers);
    }
    ptx::barrier_fence();
  }
  __syncthreads();

  if (warp >= consumers) {
    ptx::give_registers<40>();
    if (warp == consumers) {
      fill_ring(g, ring, base, full, empty);
    }
    return;
  }
  ptx::take_registers<232>();

  // Consumers. A warp without a tile multiplies with its warpgroup and keeps nothing.
  const RingShare share(g, ring);
  const uint32_t my_weights = base + min(warp, ring.slots - 1) * (kBlocks * 512) + lane * 16;
  const uint32_t first_b = ptx::uniform(base + ring.slots * (kBlocks * 512));
  int stage = 0;
  uint32_t parity = 0;
#pragma unroll 1
  for (int pass = 0; pass < share.passes; ++pass) {
    const int tile = share.first + pass * ring.slots + warp;
    float acc[kTokens / 2];
#pragma unroll
    for (int i = 0; i < kTokens / 2; ++i) {
      acc[i] = 0;
    }

    // The registers of A are loaded while the wgmma of the stage before run.
    uint4 a[2][kBlocks];
    int previous = -1;
    const auto run_stage = [&](uint4 (&registers)[kBlocks]) {
      const uint32_t at = my_weights + stage * ring.stage_bytes;
      const uint32_t b = ptx::uniform(stage * ring.stage_bytes);
      ptx::barrier_wait(full + 8 * stage, parity);
#pragma unroll
      for (int k = 0; k < kBlocks; ++k) {
        registers[k] = ptx::load_shared(at + k * 512);
      }
      ptx::wgmma_fence();
#pragma unroll
      for (int k = 0; k < kBlocks; ++k) {
        multiply<kTokens>(acc, registers[k], ptx::operand_descriptor(first_b, b + k * 32 * g.rows, g.rows * 16, 128));
      }
      ptx::wgmma_commit();
      ptx::wgmma_wait<1>();
      if (previous >= 0 && lane == 0) {
        ptx::barrier_arrive(empty + 8 * previous);
      }
      previous = stage;
      if (++stage == ring.stages) {
        stage = 0;
        parity ^= 1;
      }
    };
    int chunk = 0;
#pragma unroll 1
    for (; chunk + 1 < share.chunks; chunk += 2) {
      run_stage(a[0]);
      run_stage(a[1]);
    }
    if (chunk < share.chunks) {
      run_stage(a[0]);
    }
    ptx::wgmma_wait<0>();
    if (lane == 0) {
      ptx::barrier_arrive(empty + 8 * previous);
    }

    if (pass == 0) {
      ptx::wait_for_previous();
    }
    if (warp >= ring.slots || tile >= share.last) {
      continue;
    }
    const bool shared_tile = g.slices == 2;
    float4* const parked = reinterpret_cast<float4*>(g.partial) + std::size_t(tile) * (kTokens / 8) * 32 + lane;
    if (shared_tile) {
      if (__shfl_sync(~0U, lane == 0 ? int(claim_first(g.claim + tile)) : 0, 0) != 0) {
#pragma unroll
        for (int j = 0; j < kTokens / 8; ++j) {
          if (j * 8 < g.rows) {
            parked[j * 32] = make_float4(acc[4 * j], acc[4 * j + 1], acc[4 * j + 2], acc[4 * j + 3]);
          }
        }
        __threadfence();
        __syncwarp();
        if (lane == 0) {
          claim_publish(g.claim + tile);
        }
        continue;
      }
      if (lane == 0) {
        claim_await(g.claim + tile);
      }
      __syncwarp();
    }
    store_tile<kTokens>(g, tile, acc, shared_tile ? parked : nullptr);
  }
#endif
}

template <int kTokens, int kBlocks>
void launch(const Stream& stream, const Gemm& g) {
  Ring ring;
  const int parts = min(stream.multiprocessors / g.slices, g.tiles);
  const int most_tiles = (g.tiles + parts - 1) / parts;
  const int passes = (most_tiles + 4 * kGroups - 1) / (4 * kGroups);
  ring.slots = (most_tiles + passes - 1) / passes;
  ring.slices = 1;
  ring.blocks = kBlocks;
  ring.share(g, parts);
  ring.x_bytes = kBlocks * g.rows * 32;
  ring.stage_bytes = kBlocks * ring.slots * 512 + ring.x_bytes;
  // Columns of B past the last row read what lies behind the stage: the last one needs room for them.
  ring.stages = min(kRingStages, (kRingBytes - kTokens * 16) / ring.stage_bytes);
  ring.ahead = ring.stages;
  const auto kernel = gemm_batch<kTokens, kBlocks>;
  static const int raised = allow_shared(kernel, kRingBytes);
  (void)raised;
  launch_kernel(stream, kernel, parts * g.slices, 128 * ((ring.slots + 3) / 4 + 1), kRingBytes, g, ring);
}

}  // namespace

bool gemm_batch_fits(const Gemm& g) {
  const std::size_t parked = std::size_t(g.tiles) * kBlock * 256 * sizeof(float);
  return g.rows <= 256 && g.blocks_per_slice() % 8 == 0 && (g.slices == 1 || (g.tiles <= kClaims && parked <= kPartialBytes));
}

void gemm_batch_launch(const Stream& stream, const Gemm& g) {
  if (g.rows <= 64) {
    launch<64, 8>(stream, g);
  } else if (g.rows <= 128) {
    launch<128, 8>(stream, g);
  } else if (g.rows <= 192) {
    launch<192, 4>(stream, g);
  } else {
    launch<256, 4>(stream, g);
  }
}

}  // namespace nim::cuda
