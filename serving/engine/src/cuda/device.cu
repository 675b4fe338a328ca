#include "cuda/device.h"

#include <cstdlib>
#include <string>

#include "cuda/cuda_ops.h"
#include "cuda/device_check.h"

namespace nim::cuda {

Device open_device(int index) {
  const char* const listed = std::getenv("NVIDIA_VISIBLE_DEVICES");
  if (listed != nullptr && std::getenv("CUDA_VISIBLE_DEVICES") == nullptr) {
    if (const std::string names(visible_devices(listed)); !names.empty()) {
      setenv("CUDA_VISIBLE_DEVICES", names.c_str(), 0);
    }
  }
  int driver = 0;
  check_driver(cudaDriverGetVersion(&driver) == cudaSuccess ? driver : 0, CUDART_VERSION);
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  check_device(index, status == cudaSuccess ? count : 0, status == cudaSuccess ? "0 devices" : cudaGetErrorString(status));
  cudaDeviceProp p;
  check(cudaGetDeviceProperties(&p, index), "device properties");
  check_chip(p.name, p.major, p.minor);
  check(cudaSetDevice(index), "choosing the device");
  check(cudaFree(nullptr), "creating a context");
  return {index, p.name, p.major, p.minor, p.multiProcessorCount, p.sharedMemPerBlockOptin, p.totalGlobalMem};
}

}  // namespace nim::cuda

bool nim::cuda_driver_installed() {
  int driver = 0;
  return cudaDriverGetVersion(&driver) == cudaSuccess && driver != 0;
}
