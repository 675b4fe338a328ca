#include "energy_meter.h"

#include <dlfcn.h>

namespace nim::tools {

EnergyMeter::EnergyMeter() {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (library == nullptr) {
    return;
  }
  const auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
  const auto handle = reinterpret_cast<int (*)(unsigned, void**)>(dlsym(library, "nvmlDeviceGetHandleByIndex_v2"));
  read_ = reinterpret_cast<int (*)(void*, unsigned long long*)>(dlsym(library, "nvmlDeviceGetTotalEnergyConsumption"));
  if (init == nullptr || handle == nullptr || init() != 0 || handle(0, &device_) != 0) {
    read_ = nullptr;
  }
}

double EnergyMeter::joules() const {
  unsigned long long millijoules = 0;
  return read_ != nullptr && read_(device_, &millijoules) == 0 ? static_cast<double>(millijoules) * 1e-3 : 0;
}

}  // namespace nim::tools
