// The card's energy counter, through the driver's own library (NVML) where there is one.
#pragma once

namespace nim::tools {

class EnergyMeter {
 public:
  EnergyMeter();
  /// Joules since the driver was loaded; 0 where they cannot be read.
  double joules() const;

 private:
  int (*read_)(void*, unsigned long long*) = nullptr;
  void* device_ = nullptr;
};

}  // namespace nim::tools
