// What bulk copies of each size deliver when all SMs copy at once: from memory, from the L2 (each SM elsewhere in 8 MB, or all
// the same 2 MB in step), by itself or to the two or four blocks of a cluster. A ring of 6 stages of 32 KB, as the products have.
//   copies
#include "cuda/ptx.cuh"
#include "device.cuh"

namespace ptx = nim::cuda::ptx;
using namespace bench;

constexpr int kStageBytes = 32768, kStages = 6;

/// Each block (or cluster) copies `stages` stages from block * stride on, around after `wrap` bytes.
template <int kBlocks>
__global__ void __launch_bounds__(64) copies(const std::byte* p, std::size_t wrap, std::size_t stride, int stages, int bytes,
                                             unsigned* out) {
#ifdef NIM_SM90A
  extern __shared__ __align__(128) std::byte ring[];
  __shared__ uint64_t barriers[2 * kStages];
  const uint32_t base = ptx::shared_address(ring), full = ptx::shared_address(barriers), empty = full + 8 * kStages;
  const int rank = blockIdx.x % kBlocks, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int i = 0; i < kStages; ++i) ptx::barrier_init(full + 8 * i, 1), ptx::barrier_init(empty + 8 * i, kBlocks);
    ptx::barrier_fence();
  }
  kBlocks > 1 ? ptx::cluster_sync() : __syncthreads();
  int at = 0;
  uint32_t parity = threadIdx.x < 32;  // the ring is empty at first
  const auto next = [&] {
    if (++at == kStages) at = 0, parity ^= 1;
  };
  if (threadIdx.x < 32) {
    std::size_t from = blockIdx.x / kBlocks * stride % wrap;
    for (int n = 0; n < stages; ++n, next()) {
      ptx::barrier_wait(empty + 8 * at, parity);
      if (lane == 0) ptx::barrier_expect(full + 8 * at, kStageBytes);
      __syncwarp();
      constexpr int kPart = kStageBytes / kBlocks;
      for (int i = rank * kPart + lane * bytes; i < (rank + 1) * kPart; i += 32 * bytes) {
        kBlocks == 1 ? ptx::bulk_copy(base + at * kStageBytes + i, p + from + i, bytes, full + 8 * at)
                     : ptx::bulk_copy_all(base + at * kStageBytes + i, p + from + i, bytes, full + 8 * at, (1 << kBlocks) - 1);
      }
      from = from + kStageBytes >= wrap ? from + kStageBytes - wrap : from + kStageBytes;
    }
  } else {
    for (int n = 0; n < stages; ++n, next()) {
      ptx::barrier_wait(full + 8 * at, parity);
      if (lane < kBlocks) {
        kBlocks == 1 ? ptx::barrier_arrive(empty + 8 * at) : ptx::barrier_arrive_at(empty + 8 * at, lane);
      }
    }
    if (ring[0] == std::byte{0x77} && stages == 1) *out = 1;
  }
  if (kBlocks > 1) {
    __syncwarp();
    ptx::cluster_sync();
  }
#endif
}

int main() {
  const Stream s = make_stream();
  if (!s.hopper) {
    std::printf("bulk copies are Hopper's\n");
    return 0;
  }
  const std::size_t size = std::size_t(4) << 30, mib = std::size_t(1) << 20;
  const auto* data = reinterpret_cast<const std::byte*>(random_bf16(size / 2, 1, 1));
  auto* out = allocate<unsigned>(1);
  const auto measure = [&](auto kernel, int blocks, const char* from, std::size_t wrap, std::size_t stride, int bytes) {
    nim::cuda::allow_shared(kernel, kStageBytes * kStages);
    const int grid = s.multiprocessors / blocks * blocks, stages = 1000;
    const double t = time(s, 3, [&] {
      nim::cuda::launch_cluster(s, kernel, grid, 64, kStageBytes * kStages, blocks, data, wrap, stride, stages, bytes, out);
    });
    const double per_block = double(stages) * kStageBytes;
    std::printf("%-24s to %d, %5d bytes: %5.2f TB/s arrive, %5.1f GB/s an SM, %4.0f ns a copy\n", from, blocks, bytes,
                grid * per_block / t / 1e12, per_block / t / 1e9, t / (per_block / blocks / bytes) * 1e9);
  };
  for (int bytes = 512; bytes <= kStageBytes; bytes *= 2) {
    measure(copies<1>, 1, "memory", size - kStageBytes, 30 * mib, bytes);
    measure(copies<1>, 1, "L2, each elsewhere", 8 * mib, 640 * 1024, bytes);
    measure(copies<1>, 1, "L2, all the same", 2 * mib, 0, bytes);
    if (bytes <= kStageBytes / 2) measure(copies<2>, 2, "L2, each elsewhere", 8 * mib, 640 * 1024, bytes);
    if (bytes <= kStageBytes / 4) measure(copies<4>, 4, "L2, each elsewhere", 8 * mib, 640 * 1024, bytes);
  }
  return 0;
}
