#include "cuda/device.h"

#include <cstdlib>
#include <string_view>

#include "cuda/cuda_ops.h"

namespace nim::cuda {
namespace {

std::string version(int v) { return text(v / 1000, ".", v % 1000 / 10); }

/// NVIDIA_VISIBLE_DEVICES is the container runtime's, which mounts the devices that it names. Without that runtime (a
/// privileged pod sees them all) names by UUID still mean something; numbers do not, since inside a container they start at 0.
void honour_visible_devices() {
  const char* const listed = std::getenv("NVIDIA_VISIBLE_DEVICES");
  if (listed == nullptr || std::getenv("CUDA_VISIBLE_DEVICES") != nullptr) {
    return;
  }
  const std::string_view names = listed;
  if (names.starts_with("GPU-") || names.starts_with("MIG-")) {
    setenv("CUDA_VISIBLE_DEVICES", listed, 0);
  } else if (names == "void" || names == "none") {
    fail("NVIDIA_VISIBLE_DEVICES is '", names, "', which gives this container no GPU: request one (nvidia.com/gpu: 1)");
  }
}

}  // namespace

Device open_device(int index) {
  honour_visible_devices();
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {  // 0: none is installed (CUDA Runtime API)
    fail("no NVIDIA driver: libcuda.so.1 is not here. Run on a GPU node, with the NVIDIA container runtime");
  }
  if (driver < CUDART_VERSION / 1000 * 1000) {
    fail("the NVIDIA driver supports CUDA ", version(driver), ", this engine needs ", version(CUDART_VERSION / 1000 * 1000),
         ": use driver 580 or newer");
  }
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess || count == 0) {
    fail("no GPU is visible (", status == cudaSuccess ? "0 devices" : cudaGetErrorString(status),
         "): check nvidia.com/gpu and CUDA_VISIBLE_DEVICES");
  }
  if (index < 0 || index >= count) {
    fail("device ", index, " is not one of the ", count, " visible GPUs: use 0 to ", count - 1);
  }
  cudaDeviceProp p;
  check(cudaGetDeviceProperties(&p, index), "device properties");
  if (p.major < 8) {
    fail(p.name, " has compute capability ", p.major, ".", p.minor, ", this engine needs 8.0 or newer (A100, A10G, L4, L40S, H100)");
  }
  check(cudaSetDevice(index), "choosing the device");
  check(cudaFree(nullptr), "creating a context");
  return {index, p.name, p.major, p.minor, p.multiProcessorCount, p.sharedMemPerBlockOptin, p.totalGlobalMem};
}

}  // namespace nim::cuda

bool nim::cuda_driver_installed() {
  int driver = 0;
  return cudaDriverGetVersion(&driver) == cudaSuccess && driver != 0;
}
