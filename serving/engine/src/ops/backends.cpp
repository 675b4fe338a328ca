#include "ops/backends.h"

#include <array>

#include "base/error.h"
#include "cuda/memory.h"
#include "ops/cpu/cpu_ops.h"

#ifdef NIM_CUDA
#include "cuda/cuda_ops.h"
#endif

namespace nim {

Backend make_backend(const std::string& name, int threads) {
  if (threads < 0 || threads > 1024) {
    fail("threads is ", threads, ": allowed are 0 (one per core) to 1024");
  }
  if (name == "auto") {
#ifdef NIM_CUDA
    return make_backend(cuda_driver_installed() ? "cuda" : "cpu", threads);
#else
    return make_backend("cpu", threads);
#endif
  }
  if (name == "cpu") {
    return {make_cpu_ops(threads), false};
  }
  if (name == "reference") {
    return {make_reference_ops(), false};
  }
#ifdef NIM_CUDA
  if (name == "cuda") {
    return {make_cuda_ops(), true};
  }
  fail("backend is \"", name, "\": allowed are auto, cpu, reference and cuda");
#else
  fail("backend is \"", name, "\": allowed are auto, cpu and reference; this build has no CUDA backend");
#endif
}

BackendMemory memory_of_backend(const std::string& name, int threads) {
  static constexpr std::array kChips = {"8.0", "8.6", "8.9", "9.0"};
  for (const std::string chip : kChips) {
    if (name == "cuda-" + chip) {
      return {std::make_unique<cuda::CudaMemory>(chip == "9.0"), "a GPU of compute capability " + chip + ", by arithmetic", 0, false};
    }
  }
  std::unique_ptr<Ops> ops = make_backend(name, threads).ops;
  const std::string description = ops->describe();
  const std::size_t free = ops->free_memory();
  return {std::move(ops), description, free};
}

}  // namespace nim
