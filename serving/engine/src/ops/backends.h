// The backends that this build has, by name.
#pragma once

#include <memory>
#include <string>

#include "ops/ops.h"

namespace nim {

struct Backend {
  std::unique_ptr<Ops> ops;
  /// Launches return before they have run.
  bool asynchronous = false;
};

/// "cpu", "reference", "cuda" or "auto": "cuda" where this build has it and an NVIDIA driver is installed, "cpu" otherwise. A
/// driver without a usable GPU is an error, never a slow CPU. `threads` 0: one for each core that the process may run on.
Backend make_backend(const std::string& name, int threads);

}  // namespace nim
