// Products of many rows on Hopper: wgmma with the weights as A from registers (a lane's 16 bytes of a fragment block are A's
// registers) and the tokens as B from shared memory (panels are unswizzled core matrices). One warp fills the ring with bulk
// copies; two warpgroups own 64 weight rows each, over up to 256 tokens.
//
// A tile of 128 x 256 asks the L2 for 47 bytes a clock and SM, more than it gives: for prompts two blocks of a cluster take
// neighbouring weights and the same tokens, and each fetches half of the tokens for both. Where tiles are few, the two slices
// of K go to two blocks; else a block parks its first slice's sums in scratch and adds them last. The same K order and slices
// as mma.sync, and the same bits.
#include <algorithm>

#include "cuda/gemm_launch.h"

namespace nim::cuda {
namespace {

constexpr int kConsumers = 2;           ///< warpgroups
constexpr int kTiles = 4 * kConsumers;  ///< 16-row tiles of a block
constexpr int kThreads = 128 * (kConsumers + 1);
constexpr int kStageBlocks = 4;         ///< of K
constexpr int kRingBytes = 200 * 1024;
constexpr int kGroupTiles = 8;          ///< token tiles of a group, see item_of

template <int kTokens>
struct Ring {
  static constexpr int kWeightBytes = kTiles * kStageBlocks * 512;
  static constexpr int kXBytes = kStageBlocks * 2 * kTokens * 16;
  static constexpr int kStageBytes = kWeightBytes + kXBytes;
  static constexpr int kStages = kRingBytes / kStageBytes < 8 ? kRingBytes / kStageBytes : 8;
};

/// How a product is cut into items: row tiles x token tiles, once or once for each slice.
struct Cut {
  int row_tiles, token_tiles;
  bool split;  ///< an item is one slice of two
  int items;   ///< of a block, or of a cluster of two
};

#ifdef NIM_SM90A
template <int kTokens>
__device__ __forceinline__ void multiply(float (&acc)[kTokens / 2], const uint4& a, uint64_t b) {
  if constexpr (kTokens == 256) {
    ptx::wgmma_m64n256k16(acc, a, b);
  } else if constexpr (kTokens == 128) {
    ptx::wgmma_m64n128k16(acc, a, b);
  } else {
    ptx::wgmma_m64n64k16(acc, a, b);
  }
}
/// Adds a warp's 16 outputs of `tile` x kTokens tokens, all of them there, to the residual. No other block has these elements,
/// and many reductions in the L2 take longer than loads and stores (17 us for a tile of 128 x 256 on every SM of an H200). The
/// old values, and the parked sums of the first slice, are asked for some fragments ahead.
template <int kTokens, bool kParked>
__device__ __forceinline__ void add_to_residual(const Gemm& g, int tile, int token0, const float (&acc)[kTokens / 2],
                                                const float4* parked) {
  constexpr int kFragments = kTokens / 8;
  constexpr int kAhead = 4;
  const int lane = threadIdx.x % 32;
  const int out = tile * kBlock + lane / 4;
  const bool biased = g.bias != nullptr;
  const float low = biased ? g.bias[out] : 0;
  const float high = biased ? g.bias[out + 8] : 0;
  float* const to = static_cast<float*>(g.out) + std::size_t(token0 + 2 * (lane % 4)) * g.out_features + out;
  const auto at = [&](int j, int i) { return to + std::size_t(j * 8 + i % 2) * g.out_features + i / 2 * 8; };
  float4 first[kAhead];
  float old[kAhead][4];
  const auto ask = [&](int j) {
    if constexpr (kParked) {
      first[j % kAhead] = __ldcg(parked + j * 128 * kConsumers);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      old[j % kAhead][i] = __ldcg(at(j, i));
    }
  };
#pragma unroll
  for (int j = 0; j < kAhead; ++j) {
    ask(j);
  }
#pragma unroll
  for (int j = 0; j < kFragments; ++j) {
    float c[4] = {acc[4 * j], acc[4 * j + 1], acc[4 * j + 2], acc[4 * j + 3]};
    if constexpr (kParked) {
      const float4 other = first[j % kAhead];
      c[0] += other.x, c[1] += other.y, c[2] += other.z, c[3] += other.w;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      c[i] = biased ? c[i] + (i < 2 ? low : high) : c[i];
      *at(j, i) = ptx::add_flushed(old[j % kAhead][i], c[i]);
    }
    if (j + kAhead < kFragments) {
      ask(j + kAhead);
    }
  }
}

#endif

template <int kTokens, int kCluster>
__global__ void __launch_bounds__(kThreads, 1) gemm_wgmma(const Gemm g, const Cut cut) {
#ifdef NIM_SM90A
  using R = Ring<kTokens>;
  constexpr int kStages = R::kStages;
  extern __shared__ __align__(128) std::byte shared[];
  __shared__ uint64_t barriers[2 * kStages];
  const uint32_t base = ptx::shared_address(shared);
  const uint32_t full = ptx::shared_address(barriers);
  const uint32_t empty = full + 8 * kStages;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int rank = kCluster == 1 ? 0 : blockIdx.x % kCluster;
  const int k_blocks = g.in / kBlock;
  const int item_stages = k_blocks / kStageBlocks / (cut.split ? 2 : 1);

  ptx::launch_next();
  if (threadIdx.x == 0) {
    for (int i = 0; i < kStages; ++i) {
      ptx::barrier_init(full + 8 * i, 1);
      ptx::barrier_init(empty + 8 * i, 4 * kConsumers * kCluster);
    }
    ptx::barrier_fence();
  }
  kCluster == 1 ? __syncthreads() : ptx::cluster_sync();

  struct Item {
    int row_tile, token_tile, slice;
  };
  // Neighbours share tokens of a group and weights: what blocks read at a time is little, however many rows there are.
  const auto item_of = [&](int i) {
    const int slice = cut.split ? i % 2 : 0;
    i = cut.split ? i / 2 : i;
    const int group = i / (cut.row_tiles / kCluster * kGroupTiles);
    const int within = i % (cut.row_tiles / kCluster * kGroupTiles);
    const int token_tiles = min(kGroupTiles, cut.token_tiles - group * kGroupTiles);
    return Item{within / token_tiles * kCluster + rank, group * kGroupTiles + within % token_tiles, slice};
  };
  const int first_item = blockIdx.x / kCluster;
  const int item_step = gridDim.x / kCluster;

  if (warp >= 4 * kConsumers) {
    ptx::give_registers<40>();
    if (warp == 4 * kConsumers) {
      ptx::wait_for_previous();
      int at = 0;
      uint32_t parity = 1;  // the ring is empty at first
      for (int i = first_item; i < cut.items; i += item_step) {
        // A lane copies the same piece of every stage: a tile of weights, or 8 columns of the tokens.
        const Item item = item_of(i);
        const int tile0 = item.row_tile * kTiles;
        const int token0 = item.token_tile * kTokens;
        const int tiles = min(kTiles, g.tiles - tile0);
        const int tokens = min(kTokens, g.rows - token0);
        const int first_block = item.slice * item_stages * kStageBlocks;
        const int panel = lane - 16;
        const uint4* from = nullptr;
        std::size_t step = 0;
        uint32_t to = 0;
        if (lane < tiles) {
          from = reinterpret_cast<const uint4*>(g.weights) + (std::size_t(tile0 + lane) * k_blocks + first_block) * 32;
          step = kStageBlocks * 32;
          to = base + lane * kStageBlocks * 512;
        } else if (panel >= 0 && panel < 2 * kStageBlocks && panel % kCluster == rank) {
          from = reinterpret_cast<const uint4*>(g.x) + std::size_t(2 * first_block + panel) * g.rows + token0;
          step = std::size_t(2 * kStageBlocks) * g.rows;
          to = base + R::kWeightBytes + panel * kTokens * 16;
        }
        for (int s = 0; s < item_stages; ++s) {
          const uint32_t barrier = full + 8 * at;
          ptx::barrier_wait(empty + 8 * at, parity);
          if (lane == 0) {
            ptx::barrier_expect(barrier, kStageBlocks * (tiles * 512 + 2 * tokens * 16));
          }
          __syncwarp();
          if (from != nullptr) {
            if (lane < kTiles) {
              ptx::bulk_copy_once(to + at * R::kStageBytes, from, kStageBlocks * 512, barrier);
            } else if (kCluster == 1) {
              ptx::bulk_copy(to + at * R::kStageBytes, from, tokens * 16, barrier);
            } else {
              ptx::bulk_copy_all(to + at * R::kStageBytes, from, tokens * 16, barrier, (1 << kCluster) - 1);
            }
            from += step;
          }
          if (++at == kStages) {
            at = 0;
            parity ^= 1;
          }
        }
      }
    }
  } else {
    ptx::take_registers<232>();
    ptx::wait_for_previous();
    int at = 0;
    uint32_t parity = 0;
    for (int i = first_item; i < cut.items; i += item_step) {
      const Item item = item_of(i);
      const int tile = item.row_tile * kTiles + warp;
      const int token0 = item.token_tile * kTokens;
      float acc[kTokens / 2];
#pragma unroll
      for (int j = 0; j < kTokens / 2; ++j) {
        acc[j] = 0;
      }

      // The registers of A are loaded while the wgmma of the stage before run.
      uint4 a[2][kStageBlocks];
      int previous = -1;  // the stage that the wgmma before these read
      const auto release = [&](int stage) {
        if (stage >= 0 && lane < kCluster) {
          kCluster == 1 ? ptx::barrier_arrive(empty + 8 * stage) : ptx::barrier_arrive_at(empty + 8 * stage, lane);
        }
      };
      const auto run_stage = [&](uint4 (&registers)[kStageBlocks]) {
        const uint32_t stage = ptx::uniform(base + at * R::kStageBytes);
        ptx::barrier_wait(full + 8 * at, parity);
#pragma unroll
        for (int k = 0; k < kStageBlocks; ++k) {
          registers[k] = ptx::load_shared(stage + (warp * kStageBlocks + k) * 512 + lane * 16);
        }
        ptx::wgmma_fence();
#pragma unroll
        for (int k = 0; k < kStageBlocks; ++k) {
          multiply<kTokens>(acc, registers[k],
                            ptx::operand_descriptor(stage, R::kWeightBytes + 2 * k * kTokens * 16, kTokens * 16, 128));
        }
        ptx::wgmma_commit();
        ptx::wgmma_wait<1>();
        release(previous);
        previous = at;
        if (++at == kStages) {
          at = 0;
          parity ^= 1;
        }
      };
      const auto run_stages = [&](int count) {  // an even number
        for (int s = 0; s < count; s += 2) {
          run_stage(a[0]);
          run_stage(a[1]);
        }
        ptx::wgmma_wait<0>();
        release(previous);
        previous = -1;
      };

      const int parking = cut.split ? item.row_tile * cut.token_tiles + item.token_tile : blockIdx.x;
      float4* parked = reinterpret_cast<float4*>(g.partial) + std::size_t(parking) * (kTokens / 8) * (128 * kConsumers) +
                       threadIdx.x;
      const auto park = [&] {
#pragma unroll
        for (int j = 0; j < kTokens / 8; ++j) {
          parked[j * 128 * kConsumers] = make_float4(acc[4 * j], acc[4 * j + 1], acc[4 * j + 2], acc[4 * j + 3]);
        }
      };
      if (g.slices == 2 && !cut.split) {
        run_stages(item_stages / 2);
        park();
#pragma unroll
        for (int j = 0; j < kTokens / 2; ++j) {
          acc[j] = 0;
        }
        run_stages(item_stages / 2);
      } else {
        run_stages(item_stages);
      }
      if (cut.split) {
        unsigned* const claim = g.claim + parking * (4 * kConsumers) + warp;
        if (__shfl_sync(~0U, lane == 0 ? int(claim_first(claim)) : 0, 0) != 0) {
          park();
          __threadfence();
          __syncwarp();
          if (lane == 0) {
            claim_publish(claim);
          }
          continue;
        }
        if (lane == 0) {
          claim_await(claim);
        }
        __syncwarp();
      }
      const bool whole = tile < g.tiles && token0 + kTokens <= g.rows;
      if (whole && g.epilogue == Epilogue::kResidual) {
        g.slices == 2 ? add_to_residual<kTokens, true>(g, tile, token0, acc, parked)
                      : add_to_residual<kTokens, false>(g, tile, token0, acc, nullptr);
        continue;
      }
      if (g.slices == 2) {
        // Before anything is stored, so that many loads are under way at a time.
#pragma unroll
        for (int j = 0; j < kTokens / 8; ++j) {
          const float4 other = __ldcg(parked + j * 128 * kConsumers);
          acc[4 * j] += other.x, acc[4 * j + 1] += other.y, acc[4 * j + 2] += other.z, acc[4 * j + 3] += other.w;
        }
      }
      if (tile >= g.tiles) {
        continue;
      }
      if (whole) {
        store_fragments<kTokens / 8>(g, tile, token0, acc);
        continue;
      }
#pragma unroll
      for (int j = 0; j < kTokens / 8; ++j) {
        if (token0 + j * 8 < g.rows) {
          float c[4] = {acc[4 * j], acc[4 * j + 1], acc[4 * j + 2], acc[4 * j + 3]};
          store_fragment(g, tile, token0 + j * 8, c);
        }
      }
    }
  }
  if (kCluster > 1) {
    __syncwarp();
    ptx::cluster_sync();  // a block's shared memory may still be written by its neighbour
  }
#endif
}

template <int kTokens, int kCluster>
void launch(const Stream& stream, const Gemm& g, Cut cut) {
  using R = Ring<kTokens>;
  static const int raised = allow_shared(gemm_wgmma<kTokens, kCluster>, R::kStages * R::kStageBytes);
  (void)raised;
  const int groups = min(cut.items, stream.multiprocessors / kCluster);
  launch_cluster(stream, gemm_wgmma<kTokens, kCluster>, groups * kCluster, kThreads, R::kStages * R::kStageBytes, kCluster, g,
                 cut);
}

/// Steps of 64 columns that the slowest block takes, in clocks: arithmetic, or what the L2 hands out.
double cost(const Stream& stream, const Gemm& g, int tokens, bool split, Cut& cut) {
  cut.row_tiles = (g.tiles + kTiles - 1) / kTiles;
  cut.token_tiles = (g.rows + tokens - 1) / tokens;
  cut.split = split;
  cut.items = cut.row_tiles * cut.token_tiles * (split ? 2 : 1);
  const int waves = (cut.items + stream.multiprocessors - 1) / stream.multiprocessors;
  const double stage = std::max(tokens * 4.0, (16384 + tokens * 128) / 45.0);
  return waves * (stage * (g.in / 64) / (split ? 2 : 1) + 3000);
}

}  // namespace

/// Slices of whole pairs of stages.
bool gemm_wgmma_fits(const Gemm& g) { return g.blocks_per_slice() % (2 * kStageBlocks) == 0; }

void gemm_wgmma_launch(const Stream& stream, const Gemm& g) {
  Cut best{};
  int best_tokens = 0;
  double least = 1e30;
  for (int tokens : {64, 128, 256}) {
    for (bool split : {false, true}) {
      Cut cut;
      const double clocks = cost(stream, g, tokens, split, cut);
      const std::size_t parked = std::size_t(cut.row_tiles) * cut.token_tiles * tokens * kTiles * kBlock * sizeof(float);
      if (split && (g.slices != 2 || parked > kPartialBytes || cut.row_tiles * cut.token_tiles * kTiles > kClaims)) {
        continue;
      }
      if (clocks < least) {
        least = clocks, best = cut, best_tokens = tokens;
      }
    }
  }
  if (best_tokens == 256 && !best.split && best.row_tiles % 2 == 0 && best.items >= stream.multiprocessors) {
    best.items /= 2;
    return launch<256, 2>(stream, g, best);
  }
  switch (best_tokens) {
    case 64: return launch<64, 1>(stream, g, best);
    case 128: return launch<128, 1>(stream, g, best);
    default: return launch<256, 1>(stream, g, best);
  }
}

}  // namespace nim::cuda
