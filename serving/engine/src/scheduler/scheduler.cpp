#include "scheduler/scheduler.h"

#include <algorithm>
#include <limits>

namespace nim {

Scheduler::Scheduler(const SchedulerOptions& options, SequenceSink sink)
    : options_(options),
      sink_(std::move(sink)),
      blocks_(options.pages, options.page_tokens, options.prefix_cache),
      pace_(options.attention_parity),
      forecast_(options.page_tokens) {
  for (int slot = options.max_sequences - 1; slot >= 0; --slot) {
    free_slots_.push_back(slot);
  }
}

bool Scheduler::schedule(StepPlan& plan) {
  plan.parts.clear();
  plan.rows = plan.decodes = plan.history = 0;
  plan.prompt_units = 0;

  plan_decodes(plan);
  const auto prompts = static_cast<int>(running_.size()) - plan.decodes + std::min<int>(waiting(), static_cast<int>(free_slots_.size()));
  allowance_ = options_.pace_prefill ? pace_.allowance(plan.decodes, prompts) : std::numeric_limits<double>::infinity();
  plan_prompts(plan);
  admit_waiting(plan);
  return plan.rows > 0;
}

void Scheduler::plan_decodes(StepPlan& plan) {
  // Who is planned has a smaller key than who is preempted for it, so no planned sequence is.
  for (std::size_t i = 0; i < running_.size(); ++i) {
    const SequencePtr sequence = running_[i];
    if (sequence->remaining() == 1 && sequence->may_sample() && fits(plan, *sequence) && make_room(*sequence)) {
      plan_rows(plan, sequence, 1);
      ++plan.decodes;
    }
  }
}

void Scheduler::plan_prompts(StepPlan& plan) {
  for (const SequencePtr& sequence : running_) {
    if (sequence->remaining() > 1) {
      plan_chunk(plan, sequence);
    }
  }
}

void Scheduler::admit_waiting(StepPlan& plan) {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const SequencePtr sequence = *next;
    if (free_slots_.empty() || plan.rows >= options_.step_tokens || allowance_ <= 0 || sequence->in_flight > 0) {
      return;
    }
    if (sequence->waits_for != kNoPage && blocks_.cache().is_promised(sequence->waits_for)) {
      ++next;
      continue;
    }
    sequence->waits_for = kNoPage;
    if (!will_fit(*sequence)) {
      return;
    }
    switch (blocks_.admit(*sequence, static_cast<int>(running_.size()))) {
      case BlockManager::Admission::kWaits:
        ++next;
        break;
      case BlockManager::Admission::kNoPages:
        return;
      case BlockManager::Admission::kAdmitted:
        next = waiting_.erase(next);
        run(sequence);
        plan_chunk(plan, sequence);
    }
  }
}

/// As many of the sequence's rows as the step has room for and the pace allows, in whole tiles of the step's rows, the one
/// begun at least: its rest costs nothing.
void Scheduler::plan_chunk(StepPlan& plan, const SequencePtr& sequence) {
  const int wanted = sequence->remaining() - (sequence->may_sample() ? 0 : 1);
  const int room = options_.step_tokens - plan.rows;
  if (wanted <= 0 || room <= 0 || allowance_ <= 0) {
    return;
  }
  const int tile = options_.row_tile;
  const int paced = (plan.rows + std::min(room, pace_.tokens_within(allowance_, sequence->computed))) / tile * tile;
  const int least = (plan.rows + options_.page_tokens + tile - 1) / tile * tile;
  int rows = std::min({wanted, room, std::max(paced, least) - plan.rows});
  if (rows == sequence->remaining() && !fits(plan, *sequence) && --rows == 0) {
    return;
  }
  const double units = pace_.units(rows, sequence->computed);
  allowance_ -= units;
  plan.prompt_units += units;
  plan_rows(plan, sequence, rows);
}

void Scheduler::plan_rows(StepPlan& plan, const SequencePtr& sequence, int rows) {
  const bool samples = rows == sequence->remaining();
  plan.parts.push_back({sequence, sequence->computed, rows, samples});
  plan.rows += rows;
  plan.history += samples ? sequence->history() : 0;
}

/// The tokens that a sequence counts from the start travel with its first sample in its slot.
bool Scheduler::fits(const StepPlan& plan, const Sequence& sequence) const {
  return plan.history + sequence.history() <= options_.max_history;
}

/// To its end, as far as one can tell. Who would run alone always does.
bool Scheduler::will_fit(const Sequence& sequence) {
  return !options_.forecast_pages || running_.empty() ||
         forecast_.fits(running_, sequence, blocks_.pages().total(), blocks_.available());
}

/// A page for the next token, taken from the sequence with the largest key if need be. False: from this one.
bool Scheduler::make_room(Sequence& sequence) {
  while (!blocks_.extend(sequence)) {
    preempt_last();
    if (sequence.state == Sequence::State::kWaiting) {
      return false;
    }
  }
  return true;
}

void Scheduler::preempt_last() {
  const SequencePtr victim = std::move(running_.back());
  running_.pop_back();
  stop_running(*victim);
  victim->state = Sequence::State::kWaiting;
  waiting_.insert(victim);
  ++counters_.preemptions;
}

void Scheduler::launched(const StepPlan& plan) {
  for (const PlannedRows& part : plan.parts) {
    Sequence& sequence = *part.sequence;
    sequence.computed += part.rows;
    sequence.in_flight += part.samples ? 1 : 0;
    sequence.fresh = sequence.fresh && !part.samples;
    blocks_.publish(sequence);
  }
  counters_.computed_tokens += plan.rows;
}

void Scheduler::collect(const StepPlan& plan, std::span<const Token> tokens, Micros duration) {
  pace_.record(plan.prompt_units, duration);
  int sample = 0;
  for (const PlannedRows& part : plan.parts) {
    if (!part.samples) {
      continue;
    }
    const Token token = tokens[sample];
    const int index = sample++;
    Sequence& sequence = *part.sequence;
    if (sequence.state == Sequence::State::kFinished) {
      continue;  // ended while this step ran
    }
    if (token < 0) {
      finish(part.sequence, token, index, FinishReason::kError);
      continue;
    }
    --sequence.in_flight;
    sequence.tokens.push_back(token);
    ++counters_.output_tokens;
    blocks_.publish(sequence);
    if (const FinishReason reason = reason_to_finish(sequence, token); reason != FinishReason::kNone) {
      forecast_.ended(sequence.known_outputs());
      finish(part.sequence, token, index, reason);
    } else {
      sink_(sequence, token, index, FinishReason::kNone);
    }
  }
}

FinishReason Scheduler::reason_to_finish(const Sequence& sequence, Token token) const {
  const SamplingParams& sampling = sequence.request->sampling;
  const auto has = [token](const std::vector<Token>& tokens) { return std::ranges::find(tokens, token) != tokens.end(); };
  if (has(sampling.stop_tokens) || (!sampling.ignore_eos && has(options_.end_tokens))) {
    return FinishReason::kStop;
  }
  return static_cast<int>(sequence.tokens.size()) >= sequence.max_length ? FinishReason::kLength : FinishReason::kNone;
}

void Scheduler::run(const SequencePtr& sequence) {
  sequence->state = Sequence::State::kRunning;
  sequence->slot = free_slots_.back();
  free_slots_.pop_back();
  sequence->fresh = true;
  if (sequence->cached < 0) {
    sequence->cached = sequence->computed;
    counters_.prompt_tokens += sequence->prompt_length();
    counters_.cached_tokens += sequence->cached;
  }
  running_.insert(std::ranges::upper_bound(running_, sequence, ByKey{}), sequence);
}

void Scheduler::stop_running(Sequence& sequence) {
  blocks_.release(sequence);
  free_slots_.push_back(sequence.slot);
  sequence.slot = -1;
}

void Scheduler::finish(const SequencePtr& sequence, Token token, int sample, FinishReason reason) {
  if (sequence->state == Sequence::State::kRunning) {
    stop_running(*sequence);
    running_.erase(std::ranges::lower_bound(running_, sequence, ByKey{}));
  } else {
    waiting_.erase(sequence);
  }
  sequence->state = Sequence::State::kFinished;
  sink_(*sequence, token, sample, reason);
}

void Scheduler::fail(std::span<const StepPlan* const> plans) {
  for (const StepPlan* plan : plans) {
    for (const PlannedRows& part : plan->parts) {
      if (part.sequence->state != Sequence::State::kFinished) {
        finish(part.sequence, -1, -1, FinishReason::kError);
      }
    }
  }
  // The others may share pages that the failed steps were to write: they start anew.
  while (!running_.empty()) {
    preempt_last();
  }
  blocks_.forget_prefixes();
}

}  // namespace nim
