// Which sequences take part in the next step, with how many tokens. CONTRACT.md has the states and invariants.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <vector>

#include "nim/engine.h"
#include "scheduler/block_manager.h"
#include "scheduler/forecast.h"
#include "scheduler/pace.h"
#include "scheduler/sequence.h"

namespace nim {

/// One sequence's part of a step: tokens computed .. computed + rows - 1, before the step moves `computed`.
struct PlannedRows {
  SequencePtr sequence;
  std::int32_t first = 0;  ///< position of the first row
  std::int32_t rows = 0;
  bool samples = false;    ///< the last row's logits give the next token
};

struct StepPlan {
  std::uint64_t number = 0;
  std::vector<PlannedRows> parts;
  int rows = 0;
  int decodes = 0;
  double prompt_units = 0;
  int history = 0;         ///< tokens that first samples in a slot count
};

struct SchedulerOptions {
  int pages = 0;
  int page_tokens = 16;
  int max_sequences = 0;
  int step_tokens = 0;
  int max_history = 0;  ///< of a step; at least the maximum context
  bool prefix_cache = true;
  bool pace_prefill = true;
  bool forecast_pages = true;
  double attention_parity = 16384;
  int row_tile = 1;  ///< up to the next multiple of it, more rows in a step cost next to nothing
  std::vector<Token> end_tokens;  ///< the model's own
};

/// Called once for each token and once for each end, which may be the same call. token < 0: an end without a token.
/// `sample`: which of the step's samples it was.
using SequenceSink = std::function<void(const Sequence&, Token token, int sample, FinishReason)>;

class Scheduler {
 public:
  Scheduler(const SchedulerOptions&, SequenceSink);

  void add(SequencePtr);
  void cancel(RequestId, FinishReason);
  void cancel_all(FinishReason);
  /// Ends what is past its deadline.
  void expire(Micros now);
  void set_mask(RequestId, std::uint32_t sequence, std::uint32_t index, std::span<const std::uint32_t> words);

  /// Plans the next step as if all launched ones had ended. False: there is nothing to run.
  bool schedule(StepPlan&);
  /// The step has been launched: its KV counts as computed, its samples as in flight.
  void launched(const StepPlan&);
  /// The step has ended: `tokens` by sample. Steps are collected in the order of their launch.
  void collect(const StepPlan&, std::span<const Token> tokens, Micros duration);
  /// Steps in flight have failed: ends their sequences, and shares nothing that they may have written.
  void fail(std::span<const StepPlan* const> plans);

  bool idle() const { return waiting_.empty() && running_.empty(); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int running() const { return static_cast<int>(running_.size()); }
  Micros next_deadline() const { return next_deadline_; }  ///< 0: none
  const BlockManager& blocks() const { return blocks_; }
  std::vector<SequencePtr> all() const;  ///< running, then waiting, each by key

  struct Counters {
    std::uint64_t prompt_tokens = 0, cached_tokens = 0, computed_tokens = 0, output_tokens = 0, preemptions = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct ByKey {
    bool operator()(const SequencePtr& a, const SequencePtr& b) const { return a->key < b->key; }
  };

  void plan_decodes(StepPlan&);
  void plan_prompts(StepPlan&);
  void admit_waiting(StepPlan&);
  void plan_chunk(StepPlan&, const SequencePtr&);
  void plan_rows(StepPlan&, const SequencePtr&, int rows);
  bool fits(const StepPlan&, const Sequence&) const;
  bool will_fit(const Sequence&);
  bool make_room(Sequence&);
  void preempt_last();
  void run(const SequencePtr&);
  void stop_running(Sequence&);
  void finish(const SequencePtr&, Token, int sample, FinishReason);
  FinishReason reason_to_finish(const Sequence&, Token) const;

  SchedulerOptions options_;
  SequenceSink sink_;
  BlockManager blocks_;
  Pace pace_;
  Forecast forecast_;
  std::set<SequencePtr, ByKey> waiting_;
  std::vector<SequencePtr> running_;  // by key
  std::vector<std::int32_t> free_slots_;
  Micros next_deadline_ = 0;
  std::uint64_t steps_ = 0;
  double allowance_ = 0;  // prompt units left to the step being planned
  Counters counters_;
};

}  // namespace nim
