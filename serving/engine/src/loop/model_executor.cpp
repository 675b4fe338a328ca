#include "loop/model_executor.h"

#include <algorithm>

#include "model/forward.h"

namespace nim {
namespace {

/// The context at which a token's attention has as many multiplications as its matrices.
double attention_parity(const ModelConfig& c) {
  const double matrices = static_cast<double>(c.hidden) * (c.qkv_width() + c.q_width() + 3.0 * c.intermediate);
  return matrices / (2.0 * c.q_width());
}

}  // namespace

ModelExecutor::ModelExecutor(std::unique_ptr<Ops> ops, LoadedModel loaded, bool asynchronous)
    : ops_(std::move(ops)),
      loaded_(std::move(loaded)),
      info_{loaded_.plan.limits, loaded_.model.config.vocab, loaded_.model.config.eos_tokens, asynchronous,
            attention_parity(loaded_.model.config), ops_->row_tile()} {}

void ModelExecutor::launch(int set, const StepShape& shape) {
  launched_[set] = Clock::now();
  ops_->begin_step(set, shape);
  ops_->run(shape, [this](const StepShape& rounded) { forward(*ops_, loaded_.model, loaded_.activations, rounded); });
  ops_->end_step(set);
}

ExecutedStep ModelExecutor::wait(int set) {
  const StepResult result = ops_->wait(set);
  const Clock::time_point end = Clock::now();
  const auto duration = end - std::max(launched_[set], last_end_);
  last_end_ = end;
  return {result, static_cast<Micros>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count())};
}

}  // namespace nim
