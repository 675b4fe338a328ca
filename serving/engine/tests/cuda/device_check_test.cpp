// What the CUDA backend refuses before it asks anything of a GPU: whole messages.
#include "cuda/device_check.h"

#include <gtest/gtest.h>

#include <functional>

namespace nim::cuda {
namespace {

std::string error_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(DeviceCheck, DriverIsMissing) {
  EXPECT_EQ(error_of([] { check_driver(0, 13000); }),
            "no NVIDIA driver: libcuda.so.1 is not here. Run on a GPU node, with the NVIDIA container runtime");
}

TEST(DeviceCheck, DriverIsTooOld) {
  EXPECT_EQ(error_of([] { check_driver(12080, 13000); }),
            "the NVIDIA driver supports CUDA 12.8, this engine needs 13.0: use driver 580 or newer");
  EXPECT_EQ(error_of([] { check_driver(12090, 13020); }),
            "the NVIDIA driver supports CUDA 12.9, this engine needs 13.0: use driver 580 or newer");
}

TEST(DeviceCheck, DriverOfTheMajorVersionOrNewerIsTaken) {
  for (const int driver : {13000, 13010, 14000}) {
    EXPECT_EQ(error_of([&] { check_driver(driver, 13010); }), "") << driver;
  }
}

TEST(DeviceCheck, NoGpuIsVisible) {
  EXPECT_EQ(error_of([] { check_device(0, 0, "no CUDA-capable device is detected"); }),
            "no GPU is visible (no CUDA-capable device is detected): check nvidia.com/gpu and CUDA_VISIBLE_DEVICES");
}

TEST(DeviceCheck, IndexIsOneOfTheVisible) {
  EXPECT_EQ(error_of([] { check_device(2, 2, ""); }), "device 2 is not one of the 2 visible GPUs: use 0 to 1");
  EXPECT_EQ(error_of([] { check_device(-1, 1, ""); }), "device -1 is not one of the 1 visible GPUs: use 0 to 0");
  EXPECT_EQ(error_of([] { check_device(1, 2, ""); }), "");
}

TEST(DeviceCheck, ChipIsTooOld) {
  EXPECT_EQ(error_of([] { check_chip("Tesla T4", 7, 5); }),
            "Tesla T4 has compute capability 7.5, this engine needs 8.0 or newer (A100, A10G, L4, L40S, H100)");
  EXPECT_EQ(error_of([] { check_chip("NVIDIA A10G", 8, 6); }), "");
}

TEST(DeviceCheck, NvidiaVisibleDevices) {
  EXPECT_EQ(error_of([] { visible_devices("void"); }),
            "NVIDIA_VISIBLE_DEVICES is 'void', which gives this container no GPU: request one (nvidia.com/gpu: 1)");
  EXPECT_EQ(error_of([] { visible_devices("none"); }),
            "NVIDIA_VISIBLE_DEVICES is 'none', which gives this container no GPU: request one (nvidia.com/gpu: 1)");
  EXPECT_EQ(visible_devices("GPU-8f2c,GPU-11ab"), "GPU-8f2c,GPU-11ab");
  EXPECT_EQ(visible_devices("MIG-3d1f"), "MIG-3d1f");
  EXPECT_EQ(visible_devices("all"), "");
  EXPECT_EQ(visible_devices("0,1"), "");
}

}  // namespace
}  // namespace nim::cuda
