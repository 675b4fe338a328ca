#include "step_log.h"

#include "base/error.h"

namespace nim::tools {

void StepLog::take(const StepOutput& out) {
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex);
  std::size_t count = 0;
  for (const TokenRecord& r : out.records) {
    if (r.token >= 0) {
      tokens[r.request].push_back(now);
      ++count;
    }
    finished += r.finish != FinishReason::kNone;
    if (r.finish == FinishReason::kError) {
      error = out.error;
    }
  }
  steps.push_back({now, count});
  if (count == batch && batch_steps++ % 16 == 0) {
    last_joules = meter.joules();
    first_joules = batch_steps == 1 ? last_joules : first_joules;
    metered_steps = batch_steps - 1;
  }
  changed.notify_all();
}

void StepLog::wait_finished(std::size_t requests) {
  wait([&] { return finished >= requests; });
}

void StepLog::clear() {
  const std::lock_guard lock(mutex);
  steps.clear(), tokens.clear(), finished = 0, batch = batch_steps = metered_steps = 0;
}

double StepLog::joules_per_token() const {
  return metered_steps > 0 ? (last_joules - first_joules) / static_cast<double>(metered_steps * batch) : 0;
}

void StepLog::refuse_error() const {
  if (!error.empty()) {
    fail("a step failed: ", error);
  }
}

}  // namespace nim::tools
