// What a bench's callback saw: when each step ended, and when each request's tokens came.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "energy_meter.h"
#include "nim/engine.h"

namespace nim::tools {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

struct StepLog {
  struct Step {
    Clock::time_point end;
    std::size_t tokens;
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Step> steps;
  std::unordered_map<RequestId, std::vector<Clock::time_point>> tokens;
  std::size_t finished = 0;
  std::string error;
  EnergyMeter meter;
  std::size_t batch = 0;  ///< energy is counted over steps of so many tokens
  std::size_t batch_steps = 0, metered_steps = 0;
  double first_joules = 0, last_joules = 0;

  /// The engine's callback.
  void take(const StepOutput&);
  /// Throws where a step failed.
  void wait_finished(std::size_t requests);
  template <typename Condition>
  void wait(Condition condition) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return condition() || !error.empty(); });
    refuse_error();
  }
  void clear();
  /// Joules a token of the steps of `batch` tokens; 0 where the card does not tell.
  double joules_per_token() const;

 private:
  void refuse_error() const;
};

}  // namespace nim::tools
