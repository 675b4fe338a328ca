// What is refused before anything is asked of a GPU, in one line with the figures. Plain functions, so that they are tested
// where there is no GPU (tests/cuda/device_check_test.cpp).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace nim::cuda {

/// Versions as CUDA counts them: 13000 is 13.0.
inline std::string version_text(int version) { return text(version / 1000, ".", version % 1000 / 10); }

/// `driver`: what the installed driver supports, 0 for none. Within a major version any driver runs what any toolkit built.
inline void check_driver(int driver, int built_with) {
  if (driver == 0) {
    fail("no NVIDIA driver: libcuda.so.1 is not here. Run on a GPU node, with the NVIDIA container runtime");
  }
  const int needed = built_with / 1000 * 1000;
  if (driver < needed) {
    fail("the NVIDIA driver supports CUDA ", version_text(driver), ", this engine needs ", version_text(needed),
         ": use driver 580 or newer");
  }
}

/// `status`: what the runtime says where it finds none.
inline void check_device(int index, int count, std::string_view status) {
  if (count == 0) {
    fail("no GPU is visible (", status, "): check nvidia.com/gpu and CUDA_VISIBLE_DEVICES");
  }
  if (index < 0 || index >= count) {
    fail("device ", index, " is not one of the ", count, " visible GPUs: use 0 to ", count - 1);
  }
}

inline void check_chip(std::string_view name, int major, int minor) {
  if (major < 8) {
    fail(name, " has compute capability ", major, ".", minor, ", this engine needs 8.0 or newer (A100, A10G, L4, L40S, H100)");
  }
}

/// NVIDIA_VISIBLE_DEVICES is the container runtime's, which mounts the devices that it names. Without that runtime (a
/// privileged pod sees them all) names by UUID still mean something; numbers do not, since inside a container they start at 0.
/// Returns what CUDA_VISIBLE_DEVICES should be; empty: as it is.
inline std::string_view visible_devices(std::string_view listed) {
  if (listed == "void" || listed == "none") {
    fail("NVIDIA_VISIBLE_DEVICES is '", listed, "', which gives this container no GPU: request one (nvidia.com/gpu: 1)");
  }
  return listed.starts_with("GPU-") || listed.starts_with("MIG-") ? listed : std::string_view{};
}

}  // namespace nim::cuda
