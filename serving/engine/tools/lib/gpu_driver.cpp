#include "gpu_driver.h"

#include <dlfcn.h>

#include "base/error.h"

namespace nim::tools {

namespace {

constexpr const char* kTrap = ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry broken() { trap; }\n";

}  // namespace

template <typename Function>
Function* GpuDriver::symbol(const char* name) const {
  return reinterpret_cast<Function*>(dlsym(library_, name));
}

GpuDriver::GpuDriver() : library_(dlopen("libcuda.so.1", RTLD_NOW)) {
  if (library_ == nullptr) {
    return;
  }
  const auto init = symbol<int(unsigned)>("cuInit");
  const auto retain = symbol<int(void**, int)>("cuDevicePrimaryCtxRetain");
  if (init == nullptr || retain == nullptr || init(0) != 0 || retain(&context_, 0) != 0) {
    context_ = nullptr;
  }
}

std::uint64_t GpuDriver::used_bytes() const {
  if (!present()) {
    return 0;
  }
  std::size_t free_bytes = 0, total = 0;
  symbol<int(void*)>("cuCtxSetCurrent")(context_);
  symbol<int(std::size_t*, std::size_t*)>("cuMemGetInfo_v2")(&free_bytes, &total);
  return total - free_bytes;
}

void GpuDriver::break_context() const {
  symbol<int(void*)>("cuCtxSetCurrent")(context_);
  void* module = nullptr;
  void* function = nullptr;
  if (symbol<int(void**, const void*)>("cuModuleLoadData")(&module, kTrap) != 0 ||
      symbol<int(void**, void*, const char*)>("cuModuleGetFunction")(&function, module, "broken") != 0) {
    fail("the kernel that traps was not loaded");
  }
  symbol<int(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**)>(
      "cuLaunchKernel")(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr);
}

}  // namespace nim::tools
