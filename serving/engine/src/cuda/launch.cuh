// Launching: errors become nim::Error, and on Hopper every kernel may start before the one ahead of it has ended.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "base/error.h"

namespace nim::cuda {

inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    fail("CUDA: ", what, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
  }
}

/// Where and how launches go.
struct Stream {
  cudaStream_t handle = nullptr;
  int multiprocessors = 0;
  bool hopper = false;            ///< wgmma, bulk copies (sm_90a code)
  bool dependent_launch = false;  ///< programmatic dependent launch
};

/// Lets a kernel have more dynamic shared memory than 48 KB. Returns 0, to initialize a static.
template <typename Kernel>
int allow_shared(Kernel kernel, int bytes) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "shared memory of a kernel");
  return 0;
}

/// In clusters of `cluster` blocks (1: none).
template <typename... Parameters, typename... Arguments>
void launch_cluster(const Stream& stream, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared, int cluster,
                    Arguments... arguments) {
  cudaLaunchAttribute attributes[2];
  unsigned count = 0;
  if (stream.dependent_launch) {
    attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[count++].val.programmaticStreamSerializationAllowed = 1;
  }
  if (cluster > 1) {
    attributes[count].id = cudaLaunchAttributeClusterDimension;
    attributes[count].val.clusterDim.x = unsigned(cluster);
    attributes[count].val.clusterDim.y = attributes[count].val.clusterDim.z = 1;
    ++count;
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  config.stream = stream.handle;
  config.attrs = attributes;
  config.numAttrs = count;
  check(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...), "launch");
}

template <typename... Parameters, typename... Arguments>
void launch_kernel(const Stream& stream, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared,
                   Arguments... arguments) {
  launch_cluster(stream, kernel, grid, block, shared, 1, arguments...);
}

}  // namespace nim::cuda
