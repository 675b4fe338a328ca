// An executor without a model. Its KV is symbolic: each slot of each page holds the token written there and a hash of the
// whole history up to it. Each row checks that the context which it reads is one unbroken history, and each sample is a
// function of that history, of the slot's token counts and of what the request asked for: so a wrong page, a stale block, a
// lost reset or a swapped row shows as a token that the oracle (`expected_token`) does not give.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "loop/executor.h"
#include "support/random.h"

namespace nim::test {

/// What a step costs, in microseconds.
struct CostModel {
  double step = 4000;
  double row = 20;
  double attention_parity = 16384;  ///< context at which a row costs twice
  int row_tile = 1;                 ///< rows are paid for in multiples of it
};

struct FakeOptions {
  StepLimits limits;
  std::int32_t vocabulary = 61;
  std::vector<Token> end_tokens{3};
  bool asynchronous = true;
  CostModel cost;
  int row_tile = 1;  ///< what the engine is told of cost.row_tile
  std::uint64_t seed = 1;
  double step_fault = 0;   ///< probability of a StepFault at launch and at wait
  double fatal_fault = 0;  ///< of any other exception
  double no_sample = 0;    ///< of a sample of -1
};

/// The state of a history after one more token.
std::uint64_t extend_history(std::uint64_t history, Token token);
inline constexpr std::uint64_t kEmptyHistory = 0xE3;

/// What sampling sees of a sequence.
struct FakeSample {
  std::uint64_t history;  ///< of all tokens so far
  std::uint64_t seed;
  std::int32_t position;
  std::uint64_t counts;   ///< sum over the tokens of mix(token, count), where penalties are on; else 0
  std::function<bool(Token)> allowed;
};
Token expected_token(const FakeSample&, std::int32_t vocabulary);
float expected_logprob(std::uint64_t history, Token token);

class FakeExecutor : public Executor {
 public:
  explicit FakeExecutor(FakeOptions);

  const ExecutorInfo& info() const override { return info_; }
  StepInput input(int set) override;
  void launch(int set, const StepShape&) override;
  ExecutedStep wait(int set) override;
  void reset() override;

  /// The first broken rule, or empty.
  const std::string& violation() const { return violation_; }
  std::uint64_t launched() const { return launched_; }
  std::uint64_t no_samples() const { return no_samples_; }

 private:
  struct Cell {
    Token token;
    std::uint64_t history;
  };
  struct Arrays {
    StepCounts counts;
    std::vector<std::int32_t> token, position, sequence, query_start, context_length, slot, page_start, page, logit_row;
    std::vector<SampleRow> sample;
    std::vector<std::int32_t> bias_token, reset_slot, history_slot, history_token;
    std::vector<float> bias_value;
    std::vector<std::uint32_t> mask_words;
    std::vector<std::int32_t> result_token, result_top_token;
    std::vector<float> result_logprob, result_top_logprob;
    StepShape shape;
    bool launched = false, executed = false;
    Micros duration = 0;
  };

  void execute(Arrays&);
  void check_shape(const Arrays&);
  void check_writers(const Arrays&);
  void run_row(Arrays&, int row);
  void draw(Arrays&, int sample);
  void maybe_fail(const char* where);
  template <typename... Parts>
  void expect(bool holds, const Parts&... rule) {
    if (!holds && violation_.empty()) {
      violation_ = text(rule...);
    }
  }

  FakeOptions options_;
  ExecutorInfo info_;
  Random random_;
  std::array<Arrays, 2> sets_;
  std::vector<int> order_;                  // sets launched and not yet executed
  std::vector<Cell> cells_;                 // [page][page_tokens]
  std::vector<Token> last_token_;           // by slot
  std::vector<std::vector<std::uint32_t>> counts_;  // by slot: [vocabulary], top bit as in sampling.h
  std::vector<std::int32_t> page_writer_, page_reader_;  // of the step being checked
  std::string violation_;
  std::uint64_t launched_ = 0, no_samples_ = 0;
};

}  // namespace nim::test
