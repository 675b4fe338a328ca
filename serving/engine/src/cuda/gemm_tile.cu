// Products of more than a few rows on any chip: mma.sync fed by cp.async. A block computes a tile of weight rows x tokens over a
// ring of stages of 32 columns; a warp multiplies the fragments of one block of K while it loads those of the next, across the
// barrier between two stages as well, and stages of the next tile are on their way while one is stored.
//
// What decides is shared memory, 128 bytes a clock: a warp that owns 64 x 64 reads 4 KB for 32 mma, of which an H200 could do
// 40 in that time. And that nothing but loads and copies stands between the mma: what is rare is outside the loop's one block.
//
// Registers hold one slice's sums. Where tiles are few, the two slices of K go to two blocks; else a block parks its first
// slice's sums in scratch (the L2 keeps it) and adds them last.
#include <algorithm>

#include "cuda/gemm_launch.h"

namespace nim::cuda {
namespace {

constexpr int kGroupTokens = 2048;  ///< of a group, see item_of

/// A block: row warps x token warps, each with a tile of 16-row tiles x 8 tokens; and its ring: blocks of K of a stage, stages.
template <int row_warps, int warp_tiles, int token_warps, int warp_tokens8, int stage_blocks, int stages>
struct Shape {
  static constexpr int kWarpTiles = warp_tiles, kTokens8 = warp_tokens8, kTokenWarps = token_warps;
  static constexpr int kStageBlocks = stage_blocks, kStages = stages;
  static constexpr int kWarps = row_warps * token_warps;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kTiles = row_warps * warp_tiles;
  static constexpr int kTokens = token_warps * warp_tokens8 * 8;
  static constexpr int kTileFloats = kTiles * kBlock * kTokens;
  static constexpr int kWeightBytes = kTiles * kStageBlocks * 512;
  static constexpr int kXBytes = kTokens * kStageBlocks * 32;
  static constexpr int kStageBytes = kWeightBytes + kXBytes;
  static constexpr int kShared = kStages * kStageBytes;  ///< 99 KB at most: what sm_86 and sm_89 have
};

/// How a product is cut into items: row tiles x token tiles, once or once for each slice.
struct Cut {
  int row_tiles, token_tiles;
  bool split;  ///< an item is one slice of two
  int items;
};

template <typename S>
__global__ void __launch_bounds__(S::kThreads, 1) gemm_tile(const Gemm g, const Cut cut) {
  constexpr int kStageBlocks = S::kStageBlocks;
  constexpr int kStagePieces = kStageBlocks * 32;  // 16 bytes each, of a 16-row tile
  constexpr int kWarpTiles = S::kWarpTiles;
  constexpr int kTokens8 = S::kTokens8;
  extern __shared__ __align__(128) std::byte shared[];
  const uint32_t base = ptx::shared_address(shared);
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warp_tile = warp / S::kTokenWarps * kWarpTiles;
  const int warp_token = warp % S::kTokenWarps * kTokens8 * 8;
  const int k_blocks = g.in / kBlock;
  const int slice_blocks = g.blocks_per_slice();
  const int slices = cut.split ? 1 : g.slices;  // of an item

  struct Item {
    int row_tile, token_tile, slice;
  };
  // Neighbours share tokens of a group and weights: what blocks read at a time is little, however many rows there are.
  const auto item_of = [&](int i) {
    constexpr int kGroup = kGroupTokens / S::kTokens;
    const int slice = cut.split ? i % 2 : 0;
    i = cut.split ? i / 2 : i;
    const int group = i / (cut.row_tiles * kGroup);
    const int within = i % (cut.row_tiles * kGroup);
    const int token_tiles = min(kGroup, cut.token_tiles - group * kGroup);
    return Item{within / token_tiles, group * kGroup + within % token_tiles, slice};
  };

  // A thread copies the same pieces of every stage, of its items one after the other. Tokens beyond the last are copies of it,
  // tiles beyond the last are not copied (nor is what becomes of them stored).
  constexpr int kWeightStep = S::kThreads / kStagePieces;
  constexpr int kPanelStep = S::kThreads / S::kTokens;
  const int piece = threadIdx.x % kStagePieces;
  const int panel = threadIdx.x / S::kTokens;
  int copy_item = blockIdx.x;
  int copy_slice = 0;   // of the item
  int copy_blocks = 0;  // left of the slice
  int copy_tiles = 0;   // from the thread's first to the last
  const uint4* weights_from = nullptr;
  const uint4* x_from = nullptr;
  const auto begin_slice = [&] {
    if (copy_slice == slices) {
      copy_slice = 0;
      copy_item += gridDim.x;
    }
    if (copy_item >= cut.items) {
      return;
    }
    const Item item = item_of(copy_item);
    const int tile = item.row_tile * S::kTiles + int(threadIdx.x) / kStagePieces;
    const int token = min(item.token_tile * S::kTokens + int(threadIdx.x) % S::kTokens, g.rows - 1);
    const int block = (item.slice + copy_slice++) * slice_blocks;
    weights_from = reinterpret_cast<const uint4*>(g.weights) + (std::size_t(tile) * k_blocks + block) * 32 + piece;
    x_from = reinterpret_cast<const uint4*>(g.x) + std::size_t(2 * block + panel) * g.rows + token;
    copy_blocks = slice_blocks;
    copy_tiles = g.tiles - tile;
  };
  const auto copy_stage = [&](int slot) {
    const uint32_t to = base + slot * S::kStageBytes + threadIdx.x * 16;
#pragma unroll
    for (int j = 0; j < S::kTiles / kWeightStep; ++j) {
      if (piece / 32 < copy_blocks && j * kWeightStep < copy_tiles) {
        ptx::copy16(to + j * S::kThreads * 16, weights_from + std::size_t(j * kWeightStep) * k_blocks * 32);
      }
    }
#pragma unroll
    for (int j = 0; j < 2 * kStageBlocks / kPanelStep; ++j) {
      if ((panel + j * kPanelStep) / 2 < copy_blocks) {
        ptx::copy16(to + S::kWeightBytes + j * S::kThreads * 16, x_from + std::size_t(j * kPanelStep) * g.rows);
      }
    }
    ptx::copy_commit();
    weights_from += kStagePieces;
    x_from += std::size_t(2 * kStageBlocks) * g.rows;
    copy_blocks -= kStageBlocks;
  };

  float acc[kWarpTiles][kTokens8][4];
  uint4 a[2][kWarpTiles];
  uint4 b[2][kTokens8 / 2];
  const uint32_t a_from = base + warp_tile * kStageBlocks * 512 + lane * 16;
  const uint32_t b_from = base + S::kWeightBytes + (lane / 8 % 2 * S::kTokens + warp_token + lane / 16 * 8 + lane % 8) * 16;
  const auto load = [&](int slot, int k) {
    const uint32_t stage = slot * S::kStageBytes;
#pragma unroll
    for (int m = 0; m < kWarpTiles; ++m) {
      a[k % 2][m] = ptx::load_shared(a_from + stage + (m * kStageBlocks + k) * 512);
    }
#pragma unroll
    for (int t = 0; t < kTokens8 / 2; ++t) {
      b[k % 2][t] = ptx::load_matrices(b_from + stage + (2 * k * S::kTokens + t * 16) * 16);
    }
  };
  const auto multiply = [&](int k) {
#pragma unroll
    for (int t = 0; t < kTokens8 / 2; ++t) {
#pragma unroll
      for (int m = 0; m < kWarpTiles; ++m) {
        ptx::mma(acc[m][2 * t], a[k % 2][m], b[k % 2][t].x, b[k % 2][t].y);
        ptx::mma(acc[m][2 * t + 1], a[k % 2][m], b[k % 2][t].z, b[k % 2][t].w);
      }
    }
  };
  const auto clear = [&] {
#pragma unroll
    for (int i = 0; i < kWarpTiles * kTokens8 * 4; ++i) {
      acc[i / 4 / kTokens8][i / 4 % kTokens8][i % 4] = 0;
    }
  };
  const auto parked_at = [&](int parking) {
    return reinterpret_cast<float4*>(g.partial) + std::size_t(parking) * (kWarpTiles * kTokens8 * S::kThreads) + threadIdx.x;
  };
  const auto park = [&](int parking) {
    float4* const to = parked_at(parking);
#pragma unroll
    for (int j = 0; j < kWarpTiles * kTokens8; ++j) {
      to[j * S::kThreads] = *reinterpret_cast<float4*>(acc[j / kTokens8][j % kTokens8]);
    }
  };
  const auto wait_stage = [&] {
    ptx::copy_wait<S::kStages - 2>();
    __syncthreads();
  };

  ptx::launch_next();
  ptx::wait_for_previous();
#pragma unroll 1
  for (int slot = 0; slot < S::kStages - 1; ++slot) {
    if (copy_blocks <= 0) {
      begin_slice();
    }
    copy_stage(slot);
  }
  wait_stage();
  int read = 0;
  int written = S::kStages - 1;  // the slot before `read`: all warps are past it
#pragma unroll 1
  for (int i = blockIdx.x; i < cut.items; i += gridDim.x) {
    load(read, 0);
#pragma unroll 1
    for (int slice = 0; slice < slices; ++slice) {
      if (slice > 0) {
        park(blockIdx.x);
      }
      clear();
#pragma unroll 1
      for (int blocks = slice_blocks; blocks > 0; blocks -= kStageBlocks) {
        if (copy_blocks <= 0) {
          begin_slice();
        }
#pragma unroll
        for (int k = 0; k < kStageBlocks; ++k) {
          if (k + 1 < kStageBlocks) {
            load(read, k + 1);
          }
          if (k == 0) {
            copy_stage(written);
          }
          if (k + 1 == kStageBlocks) {
            written = read;
            read = read + 1 == S::kStages ? 0 : read + 1;
            wait_stage();
            load(read, 0);
          }
          if (k == 0 || k < blocks) {
            multiply(k);
          }
        }
      }
    }
    const Item item = item_of(i);
    const int parking = cut.split ? item.row_tile * cut.token_tiles + item.token_tile : blockIdx.x;
    if (cut.split) {
      unsigned* const claim = g.claim + parking * S::kWarps + warp;
      if (__shfl_sync(~0U, lane == 0 ? int(claim_first(claim)) : 0, 0) != 0) {
        park(parking);
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
    const int token0 = item.token_tile * S::kTokens + warp_token;
#pragma unroll
    for (int m = 0; m < kWarpTiles; ++m) {
      const int tile = item.row_tile * S::kTiles + warp_tile + m;
      if (g.slices == 2) {
        float4 first[kTokens8];  // many loads under way at a time
#pragma unroll
        for (int t = 0; t < kTokens8; ++t) {
          first[t] = __ldcg(parked_at(parking) + (m * kTokens8 + t) * S::kThreads);
        }
#pragma unroll
        for (int t = 0; t < kTokens8; ++t) {
          acc[m][t][0] += first[t].x, acc[m][t][1] += first[t].y, acc[m][t][2] += first[t].z, acc[m][t][3] += first[t].w;
        }
      }
      if (tile >= g.tiles) {
        continue;
      }
      if (token0 + kTokens8 * 8 <= g.rows) {
        store_fragments<kTokens8>(g, tile, token0, reinterpret_cast<float(&)[4 * kTokens8]>(acc[m]));
        continue;
      }
#pragma unroll
      for (int t = 0; t < kTokens8; ++t) {
        if (token0 + t * 8 < g.rows) {
          store_fragment(g, tile, token0 + t * 8, acc[m][t]);
        }
      }
    }
  }
}

/// Of a shape, measured on an H200: clocks of a block of K where the block is alone on its SM, and for each of several.
struct Pace {
  double alone, each;
};
constexpr double kItemClocks = 3000;  ///< of filling the ring and of storing

using Launch = void (*)(const Stream&, const Gemm&, const Cut&);
/// The shape and cut with the fewest clocks of the busiest SM.
struct Choice {
  double clocks = 1e30;
  Launch launch = nullptr;
  Cut cut{};
};

/// Blocks of an SM.
template <typename S>
int resident() {
  static const int blocks = [] {
    allow_shared(gemm_tile<S>, S::kShared);
    int most = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&most, gemm_tile<S>, S::kThreads, S::kShared), "occupancy");
    return most;
  }();
  return blocks;
}

template <typename S>
void launch(const Stream& stream, const Gemm& g, const Cut& cut) {
  const int most = std::min(stream.multiprocessors * resident<S>(), int(kPartialBytes / sizeof(float) / S::kTileFloats));
  launch_kernel(stream, gemm_tile<S>, std::min(cut.items, most), S::kThreads, S::kShared, g, cut);
}

template <typename S>
void consider(Choice& best, const Stream& stream, const Gemm& g, Pace pace) {
  Cut cut{(g.tiles + S::kTiles - 1) / S::kTiles, (g.rows + S::kTokens - 1) / S::kTokens, false, 0};
  const int tiles = cut.row_tiles * cut.token_tiles;
  for (int parts = 1; parts <= g.slices; ++parts) {
    cut.split = parts == 2;
    cut.items = tiles * parts;
    if (cut.split && (tiles * S::kTileFloats * sizeof(float) > kPartialBytes || tiles * S::kWarps > kClaims)) {
      continue;
    }
    const int items = (cut.items + stream.multiprocessors - 1) / stream.multiprocessors;  // of an SM
    const int together = std::min(items, resident<S>());
    const int rounds = (items + together - 1) / together;
    const double clocks = rounds * (std::max(pace.alone, together * pace.each) * (g.in / kBlock / parts) + kItemClocks);
    if (clocks < best.clocks) {
      best = {clocks, launch<S>, cut};
    }
  }
}

}  // namespace

void gemm_tile_launch(const Stream& stream, const Gemm& g) {
  Choice best;
  consider<Shape<4, 1, 1, 2, 4, 8>>(best, stream, g, {110, 75});   // 64 x 16: 80 KB
  consider<Shape<4, 1, 1, 4, 4, 8>>(best, stream, g, {140, 80});   // 64 x 32: 96 KB
  consider<Shape<2, 2, 2, 4, 4, 6>>(best, stream, g, {210, 110});  // 64 x 64: 96 KB
  consider<Shape<4, 2, 2, 8, 2, 4>>(best, stream, g, {315, 315});  // 128 x 128: 64 KB
  consider<Shape<4, 4, 2, 8, 2, 4>>(best, stream, g, {490, 490});  // 256 x 128: 96 KB
  best.launch(stream, g, best.cut);
}

}  // namespace nim::cuda
