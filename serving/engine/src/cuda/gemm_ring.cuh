// The ring through which the weights of a decode step stream on Hopper: shared memory filled by bulk copies, at the read limit
// of the memory. gemm_ring.cu multiplies from it by mma, gemm_batch.cu by wgmma.
//
// Stages of { slots x blocks x 512 bytes of weights; slices x blocks x rows x 32 bytes of x, unless the kernel has made all of x
// itself }. Each block owns whole 16-row
// tiles, or one slice of twice as many. One warp produces: before the kernel that this one depends on has ended, it has asked
// for the ring's first fill. (Asking the L2 for what comes after, too, into the next product's weights, was slower in every
// setting.)
//
// Loops are not unrolled: a kernel of a decode step runs its start once, and instructions come from the L2 too.
//
// What was learnt on the H200 (bench/results): copies of 8 KB and more where few tiles are read, about 200 KB in flight on an
// SM, no clusters.
#pragma once

#include "cuda/gemm.cuh"

namespace nim::cuda {

inline constexpr int kRingStages = 16;  ///< at most
inline constexpr int kRingBytes = 204 * 1024;  ///< leaves room beside it for the small kernels between two products

struct Ring {
  int slots;        ///< (tile, slice) pairs of a pass, a consumer warp each
  int slices;       ///< that a block computes: all, or one of two
  int blocks;       ///< of K a stage
  int stages;
  int ahead;        ///< stages of the first fill that are on their way at a time
  int x_bytes;      ///< of one slice in a stage; 0: all of x lies behind the stages
  int stage_bytes;  ///< weights and x
  // What a block reads: whole numbers that the host divides.
  int slice_blocks, chunks;
  int tiles, more;                ///< of a group of blocks with the same tiles; the first `more` groups have another
  int tiles_per_pass;
  int passes, passes_more;        ///< of a group, of one with another tile

  void share(const Gemm& g, int groups) {
    slice_blocks = g.blocks_per_slice();
    chunks = (slice_blocks + blocks - 1) / blocks;
    tiles = g.tiles / groups;
    more = g.tiles % groups;
    tiles_per_pass = slots / slices;
    passes = (tiles + tiles_per_pass - 1) / tiles_per_pass;
    passes_more = (tiles + tiles_per_pass) / tiles_per_pass;
  }
};

#ifdef NIM_SM90A

/// A block's range of tiles, in passes, each along K in chunks of a stage.
struct RingShare {
  const std::byte* weights;
  int first, last;  ///< tiles
  int first_slice, slices, tiles_per_pass, blocks, slice_blocks, k_blocks;
  int passes, chunks;

  __device__ RingShare(const Gemm& g, const Ring& ring)
      : weights(reinterpret_cast<const std::byte*>(g.weights)),
        slices(ring.slices),
        tiles_per_pass(ring.tiles_per_pass),
        blocks(ring.blocks),
        slice_blocks(ring.slice_blocks),
        k_blocks(ring.slice_blocks * g.slices),
        chunks(ring.chunks) {
    const int apart = g.slices - ring.slices;  // 1: neighbouring blocks have a slice each of the same tiles
    const int group = blockIdx.x >> apart;
    first_slice = blockIdx.x & apart;
    first = group * ring.tiles + min(group, ring.more);
    last = first + ring.tiles + (group < ring.more);
    passes = group < ring.more ? ring.passes_more : ring.passes;
  }
  __device__ int slots_of(int pass) const { return min(tiles_per_pass, last - first - pass * tiles_per_pass) * slices; }
  __device__ int blocks_of(int chunk) const { return min(blocks, slice_blocks - chunk * blocks); }
  __device__ const std::byte* at(int pass, int chunk, int slot) const {
    const int tile = first + pass * tiles_per_pass + (slot >> (slices - 1));
    const int slice = first_slice + (slot & (slices - 1));
    return weights + (std::size_t(tile) * k_blocks + slice * slice_blocks + chunk * blocks) * 512;
  }
};

/// A place in a share, and the stage of the ring that it goes to.
struct RingCursor {
  int pass = 0, chunk = 0, stage = 0;
  __device__ __forceinline__ void advance(const RingShare& share, int stages) {
    stage = stage + 1 == stages ? 0 : stage + 1;
    if (++chunk == share.chunks) {
      chunk = 0;
      ++pass;
    }
  }
};

/// The producer: one warp.
__device__ __forceinline__ void fill_ring(const Gemm& g, const Ring& ring, uint32_t base, uint32_t full, uint32_t empty) {
  const int lane = threadIdx.x % 32;
  const RingShare share(g, ring);
  const int slices = ring.slices;
  const auto* x = reinterpret_cast<const std::byte*>(g.x) +
                  std::size_t(share.first_slice + (lane & (slices - 1))) * share.slice_blocks * g.rows * 32;

  const auto copy_weights = [&](const RingCursor& c) {
    const int slots = share.slots_of(c.pass);
    const int blocks = share.blocks_of(c.chunk);
    const uint32_t barrier = full + 8 * c.stage;
    if (lane == 0) {
      ptx::barrier_expect(barrier, slots * blocks * 512 + (ring.x_bytes > 0 ? slices * blocks * g.rows * 32 : 0));
    }
    __syncwarp();
    if (lane < slots) {
      ptx::bulk_copy(base + c.stage * ring.stage_bytes + lane * ring.blocks * 512, share.at(c.pass, c.chunk, lane), blocks * 512,
                     barrier);
    }
  };
  const auto copy_x = [&](const RingCursor& c) {
    if (lane < slices) {
      ptx::bulk_copy(base + c.stage * ring.stage_bytes + ring.slots * ring.blocks * 512 + lane * ring.x_bytes,
                     x + std::size_t(c.chunk * ring.blocks) * g.rows * 32, share.blocks_of(c.chunk) * g.rows * 32,
                     full + 8 * c.stage);
    }
  };
  const int total = share.passes * share.chunks;
  const int first_fill = min(total, ring.stages);
  RingCursor c;
#pragma unroll 1
  for (int n = 0; n < first_fill; ++n, c.advance(share, ring.stages)) {
    if (n >= ring.ahead) {
      ptx::barrier_wait(full + 8 * (n - ring.ahead), 0);
    }
    copy_weights(c);
  }
  if (ring.x_bytes > 0) {
    ptx::wait_for_previous();
    RingCursor d;
#pragma unroll 1
    for (int n = 0; n < first_fill; ++n, d.advance(share, ring.stages)) {
      copy_x(d);
    }
  }
  uint32_t parity = 0;
#pragma unroll 1
  for (int n = first_fill; n < total; ++n, c.advance(share, ring.stages)) {
    ptx::barrier_wait(empty + 8 * c.stage, parity);
    copy_weights(c);
    if (ring.x_bytes > 0) {
      copy_x(c);
    }
    if (c.stage + 1 == ring.stages) {
      parity ^= 1;
    }
  }
}

#endif

}  // namespace nim::cuda
