// Every byte that the engine will ever hold, by arithmetic, before anything is loaded.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/forward.h"
#include "ops/ops.h"

namespace nim {

struct MemoryPlan {
  StepLimits limits;  ///< pages and max_context filled in
  std::vector<MemoryLine> arena;
  std::vector<MemoryLine> host;
  ArenaLayout layout;
  std::size_t activations_offset = 0;
  std::size_t kv_page_bytes = 0;

  /// Arena and host memory.
  std::size_t bytes() const;
  /// The plan as a table of lines and MiB.
  std::string table() const;
};

/// Plans `limits`. Where `limits.pages` is 0 the pool takes what the budget leaves, up to what max_sequences of max_context
/// can use; where `limits.max_context` is 0 it becomes the model's own, or what the pages hold. Throws one line with the
/// figures where the budget is too small.
MemoryPlan plan_memory(const ModelConfig&, const OpsMemory&, const StepLimits& limits, std::size_t budget);

/// Places the model's weights from `base` on: weights are the arena's first part. With a null base it only counts.
std::size_t place_weights(Model&, const OpsMemory&, const StepLimits&, std::byte* base);

/// Places the activations from `base` on.
std::size_t place_activations(Activations&, const ModelConfig&, const StepLimits&, std::byte* base);

}  // namespace nim
