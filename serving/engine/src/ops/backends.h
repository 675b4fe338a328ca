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

/// What a backend takes of memory, for a plan.
struct BackendMemory {
  std::unique_ptr<OpsMemory> memory;
  std::string description;
  std::size_t free_bytes = 0;
  bool here = true;  ///< false: free_bytes is not known
};

/// The memory of a backend of `make_backend`, or of a GPU that need not be here and is not asked: "cuda-8.0", "cuda-8.6",
/// "cuda-8.9" or "cuda-9.0", by its compute capability. Every build has these.
BackendMemory memory_of_backend(const std::string& name, int threads);

}  // namespace nim
