// What the programs of this folder share: device memory full of random numbers, and times by events.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "cuda/launch.cuh"

namespace bench {

using nim::cuda::check;
using nim::cuda::Stream;

__device__ __forceinline__ unsigned hash(unsigned long long x) {
  x ^= x >> 33, x *= 0xff51afd7ed558ccdULL, x ^= x >> 33, x *= 0xc4ceb9fe1a85ec53ULL, x ^= x >> 33;
  return unsigned(x);
}

/// Normal-like: the sum of four uniforms.
__device__ __forceinline__ float normal(unsigned long long i, unsigned long long seed) {
  const unsigned h = hash(i * 2 + seed * 0x9e3779b97f4a7c15ULL);
  const unsigned g = hash(i * 2 + 1 + seed * 0x9e3779b97f4a7c15ULL);
  return (float(h & 0xffff) + float(h >> 16) + float(g & 0xffff) + float(g >> 16) - 131070.0F) / 37837.0F;
}

static __global__ void fill_bf16(__nv_bfloat16* p, std::size_t n, float scale, unsigned long long seed) {
  for (std::size_t i = blockIdx.x * std::size_t(blockDim.x) + threadIdx.x; i < n; i += std::size_t(gridDim.x) * blockDim.x) {
    p[i] = __float2bfloat16(scale * normal(i, seed));
  }
}
static __global__ void fill_float(float* p, std::size_t n, float scale, float offset, unsigned long long seed) {
  for (std::size_t i = blockIdx.x * std::size_t(blockDim.x) + threadIdx.x; i < n; i += std::size_t(gridDim.x) * blockDim.x) {
    p[i] = offset + scale * normal(i, seed);
  }
}

template <typename T>
T* allocate(std::size_t count) {
  void* p = nullptr;
  check(cudaMalloc(&p, count * sizeof(T)), "cudaMalloc");
  return static_cast<T*>(p);
}
inline __nv_bfloat16* random_bf16(std::size_t count, float scale, unsigned long long seed) {
  auto* p = allocate<__nv_bfloat16>(count);
  fill_bf16<<<2048, 256>>>(p, count, scale, seed);
  check(cudaGetLastError(), "fill");
  return p;
}
inline float* random_float(std::size_t count, float scale, float offset, unsigned long long seed) {
  auto* p = allocate<float>(count);
  fill_float<<<2048, 256>>>(p, count, scale, offset, seed);
  check(cudaGetLastError(), "fill");
  return p;
}

inline Stream make_stream() {
  Stream s;
  check(cudaStreamCreateWithFlags(&s.handle, cudaStreamNonBlocking), "stream");
  cudaDeviceProp p;
  check(cudaGetDeviceProperties(&p, 0), "properties");
  s.multiprocessors = p.multiProcessorCount;
  s.hopper = p.major == 9;
  s.dependent_launch = p.major >= 9;
  return s;
}

/// Captures `work` as a graph.
inline cudaGraphExec_t capture(const Stream& s, const std::function<void()>& work) {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamBeginCapture(s.handle, cudaStreamCaptureModeThreadLocal), "capture");
  work();
  check(cudaStreamEndCapture(s.handle, &graph), "capture");
  check(cudaGraphInstantiate(&exec, graph, 0), "instantiate");
  cudaGraphDestroy(graph);
  return exec;
}

/// Median seconds of `work` by events, after a warm-up.
inline double time(const Stream& s, int repeats, const std::function<void()>& work) {
  std::vector<float> ms(repeats);
  cudaEvent_t a, b;
  cudaEventCreate(&a), cudaEventCreate(&b);
  work(), work();
  for (float& t : ms) {
    cudaEventRecord(a, s.handle);
    work();
    cudaEventRecord(b, s.handle);
    check(cudaEventSynchronize(b), "run");
    cudaEventElapsedTime(&t, a, b);
  }
  cudaEventDestroy(a), cudaEventDestroy(b);
  std::sort(ms.begin(), ms.end());
  return ms[repeats / 2] * 1e-3;
}

/// The same for a graph of `work`.
inline double time_graph(const Stream& s, int repeats, const std::function<void()>& work) {
  work();
  cudaGraphExec_t exec = capture(s, work);
  const double t = time(s, repeats, [&] { check(cudaGraphLaunch(exec, s.handle), "graph"); });
  cudaGraphExecDestroy(exec);
  return t;
}

}  // namespace bench
