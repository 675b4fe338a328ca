// The CUDA backend. Built where NIM_CUDA is on; the rest of the engine sees this header alone.
#pragma once

#include <memory>

#include "ops/ops.h"

namespace nim {

struct CudaOptions {
  int device = 0;       ///< among the visible ones
  bool graphs = true;   ///< replay captured decode steps
  bool hopper = true;   ///< false: the portable path, also on Hopper (to compare)
};

/// Whether this machine, or this container, has an NVIDIA driver (libcuda.so.1), whatever its version and GPUs.
bool cuda_driver_installed();

/// Chooses a GPU and creates its context. Throws one line with the figures where there is none that can be used: no driver or
/// one too old, no device, a chip below compute capability 8.0.
std::unique_ptr<Ops> make_cuda_ops(const CudaOptions& = {});

}  // namespace nim
