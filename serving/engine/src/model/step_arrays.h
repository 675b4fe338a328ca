// Where the arrays of StepInput and StepResult lie: one block each, every array at a fixed place, sized by the limits. A
// backend places one block on the host and one on the device, so that a step is copied with few transfers.
#pragma once

#include <cstddef>

#include "base/placer.h"
#include "model/step_input.h"

namespace nim {

/// Most entries of `StepInput::page` in one step.
std::size_t step_page_capacity(const StepLimits&);

/// Most entries of `StepInput::history_slot` and `history_token` in one step.
std::size_t step_history_capacity(const StepLimits&);

std::size_t step_input_bytes(const StepLimits&, int vocab);
StepInput place_step_input(std::byte* base, const StepLimits&, int vocab);

std::size_t step_result_bytes(const StepLimits&);
StepResult place_step_result(std::byte* base, const StepLimits&);

}  // namespace nim
