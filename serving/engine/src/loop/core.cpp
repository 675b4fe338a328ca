#include "loop/core.h"

#include <algorithm>
#include <limits>

#include "loop/step_writer.h"

namespace nim {
namespace {

SchedulerOptions scheduler_options(const EngineOptions& options, const ExecutorInfo& info) {
  return {
      .pages = info.limits.pages,
      .page_tokens = info.limits.page_tokens,
      .max_sequences = info.limits.max_sequences,
      .step_tokens = info.limits.max_step_tokens,
      .max_history = info.limits.max_context,
      .prefix_cache = options.prefix_cache,
      .pace_prefill = options.pace_prefill,
      .forecast_pages = options.forecast_pages,
      .attention_parity = info.attention_parity,
      .row_tile = info.row_tile,
      .end_tokens = info.end_tokens,
  };
}

}  // namespace

Core::Core(const EngineOptions& options, Executor& executor)
    : executor_(executor),
      scheduler_(scheduler_options(options, executor.info()),
                 [this](const Sequence& sequence, Token token, int sample, FinishReason reason) {
                   emit(sequence, token, sample, reason);
                 }),
      depth_(options.overlap && executor.info().asynchronous ? 2 : 1) {}

void Core::submit(RequestId id, std::shared_ptr<const Request> request, Micros now) {
  const auto limit = executor_.info().limits.max_context;
  const auto prompt = static_cast<std::int32_t>(request->prompt.size());
  for (std::int32_t i = 0; i < request->n; ++i) {
    auto sequence = std::make_shared<Sequence>();
    sequence->id = id;
    sequence->index = static_cast<std::uint32_t>(i);
    sequence->request = request;
    sequence->key = {arrivals_ + request->priority * kHeadStart, static_cast<std::uint64_t>(arrivals_)};
    sequence->deadline = request->deadline_ms == 0 ? 0 : now + Micros{request->deadline_ms} * 1000;
    sequence->tokens = request->prompt;
    sequence->max_length = request->max_tokens == 0 ? limit : prompt + std::min(request->max_tokens, limit - prompt);
    ++arrivals_;
    scheduler_.add(std::move(sequence));
  }
}

bool Core::turn(Micros now) {
  if (!healthy()) {
    // Sequences that were submitted before anyone could know.
    step_error_ = error_;
    scheduler_.cancel_all(FinishReason::kError);
    return false;
  }
  try {
    scheduler_.expire(now);
    const bool planned = in_flight_.size() < depth_ && launch();
    if (in_flight_.empty()) {
      return false;
    }
    if (!planned || in_flight_.size() == depth_) {
      collect();
    }
  } catch (const StepFault& fault) {
    step_failed(fault.what());
  } catch (const std::exception& error) {
    give_up(error.what());
  } catch (...) {
    give_up("an exception of no known type");
  }
  return true;
}

bool Core::launch() {
  const int set = next_set_;
  StepPlan& plan = plans_[set];
  if (!scheduler_.schedule(plan)) {
    return false;
  }
  const ExecutorInfo& info = executor_.info();
  const StepShape shape = write_step(plan, executor_.input(set), info.vocabulary, info.end_tokens);
  next_set_ = 1 - next_set_;
  in_flight_.push_back(set);
  scheduler_.launched(plan);
  executor_.launch(set, shape);
  return true;
}

void Core::collect() {
  const int set = in_flight_.front();
  const ExecutedStep executed = executor_.wait(set);
  in_flight_.pop_front();
  ++counters_.steps;
  counters_.last_step = executed.duration;
  result_ = &executed.result;
  const StepPlan& plan = plans_[set];
  std::size_t samples = 0;
  for (const PlannedRows& part : plan.parts) {
    samples += part.samples ? 1 : 0;
  }
  scheduler_.collect(plan, {executed.result.token, samples}, executed.duration);
  result_ = nullptr;
}

void Core::emit(const Sequence& sequence, Token token, int sample, FinishReason reason) {
  TokenRecord record{};
  record.request = sequence.id;
  record.sequence = sequence.index;
  record.token = token;
  record.index = static_cast<std::uint32_t>(sequence.known_outputs() - (token >= 0 ? 1 : 0));
  record.logprob = std::numeric_limits<float>::quiet_NaN();
  record.top_begin = static_cast<std::uint32_t>(top_.size());
  record.finish = reason;
  record.cached_tokens = static_cast<std::uint32_t>(std::max(sequence.cached, 0));
  const std::int32_t top = sequence.request->sampling.logprobs;
  if (token >= 0 && top >= 0) {
    record.logprob = result_->logprob[sample];
    record.top_count = static_cast<std::uint16_t>(top);
    const auto first = static_cast<std::size_t>(sample) * kMaxTopLogprobs;
    for (std::size_t i = first; i < first + static_cast<std::size_t>(top); ++i) {
      top_.push_back({result_->top_token[i], result_->top_logprob[i]});
    }
  }
  if (token < 0 && sample >= 0) {
    step_error_ = "no token could be sampled: the mask and the bias leave none, or the model's logits are not numbers";
  }
  records_.push_back(record);
}

void Core::step_failed(const std::string& why) {
  ++counters_.faults;
  step_error_ = why;
  std::vector<const StepPlan*> plans;
  for (const int set : in_flight_) {
    plans.push_back(&plans_[set]);
  }
  scheduler_.fail(plans);
  in_flight_.clear();
  try {
    executor_.reset();
  } catch (const std::exception& error) {
    give_up(error.what());
  }
}

void Core::give_up(const std::string& why) {
  ++counters_.faults;
  error_ = why.empty() ? "unknown" : why;
  step_error_ = error_;
  in_flight_.clear();
  scheduler_.cancel_all(FinishReason::kError);
}

StepOutput Core::take_output() {
  std::swap(records_, delivered_);
  std::swap(top_, delivered_top_);
  std::swap(step_error_, delivered_error_);
  records_.clear();
  top_.clear();
  step_error_.clear();
  return {counters_.steps, delivered_, delivered_top_, delivered_error_};
}

}  // namespace nim
