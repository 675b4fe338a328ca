// What runs steps: the loop's view of a model on a backend. ModelExecutor is the real one; tests have one without a model.
#pragma once

#include <stdexcept>
#include <vector>

#include "model/step_input.h"
#include "nim/engine.h"
#include "scheduler/sequence.h"

namespace nim {

struct ExecutorInfo {
  StepLimits limits;
  std::int32_t vocabulary = 0;
  std::vector<Token> end_tokens;
  /// launch() returns before the step has run, and a second step may be launched meanwhile.
  bool asynchronous = false;
  /// The context at which a token's attention costs as much as its matrices.
  double attention_parity = 16384;
  /// Up to the next multiple of it, more rows in a step cost next to nothing.
  int row_tile = 1;
};

struct ExecutedStep {
  StepResult result;
  Micros duration = 0;  ///< from its own start on the device, or the end of the step before
};

/// A step failed, and nothing else did: its sequences end, the engine goes on after reset(). Any other exception of an
/// executor ends the engine's work: health turns off.
class StepFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual const ExecutorInfo& info() const = 0;
  /// The arrays of set 0 or 1, which are used in turn; free to fill once wait() for the same set has returned.
  virtual StepInput input(int set) = 0;
  /// Steps run in the order of their launch.
  virtual void launch(int set, const StepShape&) = 0;
  /// Blocks until the set's step has ended. The result stands until the set is launched again.
  virtual ExecutedStep wait(int set) = 0;
  /// After a StepFault: everything launched has ended, or will have no effect.
  virtual void reset() = 0;
};

}  // namespace nim
