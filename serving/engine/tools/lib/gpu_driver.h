// The NVIDIA driver by its own library, for tools: absent on a machine without one.
#pragma once

#include <cstdint>

namespace nim::tools {

class GpuDriver {
 public:
  GpuDriver();

  bool present() const { return context_ != nullptr; }
  /// In use on the device by everybody; 0 without a driver.
  std::uint64_t used_bytes() const;
  /// Ends a kernel by a trap, in the context that the engine uses too: every later call there reports an error. Only where present().
  void break_context() const;

 private:
  template <typename Function>
  Function* symbol(const char* name) const;

  void* library_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace nim::tools
