// What the scheduler decides, case by case, on the executor without a model and its clock.
#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "loop/core.h"
#include "support/fake_executor.h"

namespace nim::test {
namespace {

struct Timed {
  std::vector<Micros> at;  // of each token
  FinishReason finish = FinishReason::kNone;
  std::uint32_t cached = 0;
};

/// The core with a clock that the cost model drives.
class Rig {
 public:
  explicit Rig(FakeOptions fake, EngineOptions options = {}) : executor_(std::move(fake)), core_(options, executor_) {}

  RequestId submit(std::vector<Token> prompt, int max_tokens, int priority = 0, int n = 1) {
    auto request = std::make_shared<Request>();
    request->prompt = std::move(prompt);
    request->max_tokens = max_tokens;
    request->priority = priority;
    request->n = n;
    request->sampling.ignore_eos = true;
    core_.submit(++last_id_, request, now);
    submitted_[last_id_] = now;
    return last_id_;
  }

  bool turn() {
    const std::uint64_t steps = core_.counters().steps;
    const bool progressed = core_.turn(now);
    now += core_.counters().steps > steps ? core_.counters().last_step : 0;
    const StepOutput output = core_.take_output();
    for (const TokenRecord& record : output.records) {
      Timed& timed = timed_[{record.request, record.sequence}];
      if (record.token >= 0) {
        timed.at.push_back(now);
      }
      timed.finish = record.finish;
      timed.cached = record.cached_tokens;
      if (record.finish != FinishReason::kNone) {
        ends.push_back(record.request);
      }
    }
    EXPECT_EQ(executor_.violation(), "");
    return progressed;
  }

  void run() {
    while (turn()) {
    }
  }

  const Timed& of(RequestId id, std::uint32_t sequence = 0) { return timed_[{id, sequence}]; }
  double first_token_ms(RequestId id) { return static_cast<double>(of(id).at.at(0) - submitted_[id]) / 1000; }
  Core& core() { return core_; }
  const Scheduler::Counters& counters() const { return core_.scheduler().counters(); }

  Micros now = 1;
  std::vector<RequestId> ends;

 private:
  FakeExecutor executor_;
  Core core_;
  RequestId last_id_ = 0;
  std::map<RequestId, Micros> submitted_;
  std::map<std::pair<RequestId, std::uint32_t>, Timed> timed_;
};

std::vector<Token> prompt_of(int count, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<Token> tokens(count);
  std::ranges::generate(tokens, [&] { return random.between(0, 60); });
  return tokens;
}

std::vector<Token> joined(std::vector<Token> first, const std::vector<Token>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

FakeOptions fake_of(int sequences, int step_tokens, int context, int pages, int page_tokens = 16) {
  FakeOptions fake;
  fake.limits = {sequences, step_tokens, context, page_tokens, pages};
  return fake;
}

// Figures of an H200 with an 8B model (facts: a decode step 5.5 to 7.6 ms at 64 sequences, prefill 18.6 us a token).
FakeOptions h200(int sequences, int step_tokens, int context) {
  FakeOptions fake = fake_of(sequences, step_tokens, context, sequences * 200 + 4096);
  fake.cost = {5500, 18.6, 28'600};
  return fake;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

TEST(Scheduler, ALongPromptLeavesNoGapAboveTwiceTheMedianStep) {
  for (const int arriving : {8192, 32768}) {
    Rig rig(h200(80, 8192, 40'000));
    std::vector<RequestId> running;
    for (int i = 0; i < 64; ++i) {
      running.push_back(rig.submit(prompt_of(100, static_cast<std::uint64_t>(i)), 1500));
    }
    for (int i = 0; i < 100; ++i) {
      rig.turn();
    }
    const RequestId late = rig.submit(prompt_of(arriving, 99), 4);
    rig.run();
    std::vector<double> gaps;
    for (const RequestId id : running) {
      const auto& at = rig.of(id).at;
      for (std::size_t i = 20; i < at.size(); ++i) {
        gaps.push_back(static_cast<double>(at[i] - at[i - 1]));
      }
    }
    EXPECT_LE(*std::ranges::max_element(gaps), 2 * median(gaps)) << arriving << " tokens";
    // And the prompt is not held back for that: its time is its own cost and as much again for the decodes beside it.
    EXPECT_LE(rig.first_token_ms(late), arriving == 8192 ? 600 : 4000) << arriving << " tokens";
  }
}

TEST(Scheduler, AChunkTakesTheRowsThatCostNothing) {
  const auto first_token_ms = [](int told) {
    FakeOptions fake = h200(80, 8192, 40'000);
    fake.cost.row = 1000;  // 64 rows: longer than the pace gives a prompt beside 64 decodes
    fake.cost.row_tile = 64;
    fake.row_tile = told;
    Rig rig(fake);
    for (int i = 0; i < 64; ++i) {
      rig.submit(prompt_of(100, static_cast<std::uint64_t>(i)), 1500);
    }
    for (int i = 0; i < 100; ++i) {
      rig.turn();
    }
    const RequestId late = rig.submit(prompt_of(4096, 99), 4);
    rig.run();
    return rig.first_token_ms(late);
  };
  EXPECT_LT(first_token_ms(64), 0.5 * first_token_ms(1));
}

TEST(Scheduler, WithoutPaceALongPromptStallsTheDecodes) {
  EngineOptions options;
  options.pace_prefill = false;
  Rig rig(h200(80, 8192, 40'000), options);
  std::vector<RequestId> running;
  for (int i = 0; i < 64; ++i) {
    running.push_back(rig.submit(prompt_of(100, static_cast<std::uint64_t>(i)), 300));
  }
  for (int i = 0; i < 100; ++i) {
    rig.turn();
  }
  rig.submit(prompt_of(8192, 99), 4);
  rig.run();
  Micros most = 0;
  const auto& at = rig.of(running[0]).at;
  for (std::size_t i = 1; i < at.size(); ++i) {
    most = std::max(most, at[i] - at[i - 1]);
  }
  EXPECT_GT(most, 100'000U);
}

TEST(Scheduler, ManyWaitingPromptsOutweighFewDecodes) {
  const auto mean_first_token = [](bool pace) {
    EngineOptions options;
    options.pace_prefill = pace;
    Rig rig(h200(64, 2048, 4096), options);
    rig.submit(prompt_of(100), 400);
    for (int i = 0; i < 50; ++i) {
      rig.turn();
    }
    std::vector<RequestId> burst;
    for (int i = 0; i < 31; ++i) {
      burst.push_back(rig.submit(prompt_of(512, static_cast<std::uint64_t>(i)), 4));
    }
    rig.run();
    double sum = 0;
    for (const RequestId id : burst) {
      sum += rig.first_token_ms(id);
    }
    return sum / 31;
  };
  EXPECT_LE(mean_first_token(true), 1.25 * mean_first_token(false));
}

TEST(Scheduler, EqualPrefixesAreComputedOnceEvenWhenTheyArriveTogether) {
  const auto burst = [](bool cache) {
    EngineOptions options;
    options.prefix_cache = cache;
    Rig rig(h200(64, 2048, 4096), options);
    const std::vector<Token> shared = prompt_of(2048, 7);
    std::vector<RequestId> ids;
    for (int i = 0; i < 32; ++i) {
      ids.push_back(rig.submit(joined(shared, prompt_of(64, 100 + static_cast<std::uint64_t>(i))), 8));
    }
    rig.run();
    double sum = 0;
    for (const RequestId id : ids) {
      sum += rig.first_token_ms(id);
    }
    return std::pair{sum / 32, rig.counters().computed_tokens};
  };
  const auto [with, computed_with] = burst(true);
  const auto [without, computed_without] = burst(false);
  EXPECT_EQ(computed_with, 2048U + 32 * 64 + 32 * 7);
  EXPECT_EQ(computed_without, 32U * (2048 + 64 + 7));
  EXPECT_LE(with, 100);
  EXPECT_GE(without / with, 5);
}

TEST(Scheduler, SequencesOfARequestShareItsPrompt) {
  Rig rig(fake_of(8, 256, 512, 512));
  const RequestId id = rig.submit(prompt_of(200), 10, 0, 4);
  rig.run();
  EXPECT_EQ(rig.of(id, 0).cached, 0U);
  for (std::uint32_t i = 1; i < 4; ++i) {
    EXPECT_EQ(rig.of(id, i).cached, 192U);
  }
}

TEST(Scheduler, AnOutputIsAPrefixForTheNextTurnOfItsConversation) {
  FakeOptions fake = fake_of(4, 256, 512, 128);
  FakeExecutor executor(fake);
  Core core({}, executor);
  auto first = std::make_shared<Request>();
  first->prompt = prompt_of(64);
  first->max_tokens = 32;
  first->sampling.ignore_eos = true;
  core.submit(1, first, 1);
  std::vector<Token> conversation = first->prompt;
  while (core.turn(1)) {
    for (const TokenRecord& record : core.take_output().records) {
      conversation.push_back(record.token);
    }
  }
  auto second = std::make_shared<Request>(*first);
  second->prompt = joined(conversation, prompt_of(10, 2));
  core.submit(2, second, 1);
  while (core.turn(1)) {
  }
  // 96 tokens; the last one was never fed back, so its page is not full.
  EXPECT_EQ(core.take_output().records.back().cached_tokens, 80U);
}

TEST(Scheduler, TheEngineKeepsToItsArrivalOrder) {
  Rig rig(fake_of(1, 64, 256, 64));
  std::vector<RequestId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(rig.submit(prompt_of(20, static_cast<std::uint64_t>(i)), 5));
  }
  rig.run();
  EXPECT_EQ(rig.ends, ids);
}

TEST(Scheduler, PriorityIsAHeadStart) {
  Rig rig(fake_of(1, 64, 256, 64));
  const RequestId first = rig.submit(prompt_of(20), 5);
  rig.turn();
  const RequestId later = rig.submit(prompt_of(20), 5, 3);
  const RequestId normal = rig.submit(prompt_of(20), 5);
  const RequestId sooner = rig.submit(prompt_of(20), 5, -1);
  rig.run();
  EXPECT_EQ(rig.ends, (std::vector{first, sooner, normal, later}));
}

TEST(Scheduler, PriorityStarvesNobody) {
  Rig rig(fake_of(1, 64, 256, 64));
  const RequestId patient = rig.submit(prompt_of(20), 2, 7);
  int others = 0;
  while (rig.of(patient).finish == FinishReason::kNone) {
    if (rig.core().scheduler().waiting() < 3) {
      rig.submit(prompt_of(20, static_cast<std::uint64_t>(others++)), 2, -8);
    }
    rig.turn();
    ASSERT_LE(others, 15 * kHeadStart + 10);
  }
  EXPECT_GT(others, 14 * kHeadStart);
}

TEST(Scheduler, APreemptedSequenceGoesOnWhereItWas) {
  EngineOptions options;
  options.forecast_pages = false;
  Rig rig(fake_of(4, 64, 128, 12, 16), options);  // room for one and a half
  const RequestId first = rig.submit(prompt_of(40, 1), 80);
  const RequestId second = rig.submit(prompt_of(40, 2), 80);
  rig.run();
  EXPECT_GT(rig.counters().preemptions, 0U);
  EXPECT_EQ(rig.ends, (std::vector{first, second}));
  EXPECT_EQ(rig.of(second).at.size(), 80U);
}

TEST(Scheduler, WhoWouldBePreemptedWaitsInstead) {
  Rig rig(fake_of(4, 64, 128, 12, 16));
  const RequestId first = rig.submit(prompt_of(40, 1), 80);
  const RequestId second = rig.submit(prompt_of(40, 2), 80);
  rig.run();
  EXPECT_EQ(rig.counters().preemptions, 0U);
  EXPECT_GT(rig.of(second).at.front(), rig.of(first).at[60]);  // not before pages for both are in sight
  EXPECT_EQ(rig.of(second).at.size(), 80U);
}

TEST(Scheduler, EvictionTakesTheLongestUnusedAndKeepsTheStem) {
  Rig rig(fake_of(1, 256, 256, 24, 16));
  const std::vector<Token> stem = prompt_of(64, 1);
  const auto ask = [&](const std::vector<Token>& prompt) {
    const RequestId id = rig.submit(prompt, 1);
    rig.run();
    return rig.of(id).cached;
  };
  EXPECT_EQ(ask(joined(stem, prompt_of(64, 2))), 0U);
  EXPECT_EQ(ask(joined(stem, prompt_of(64, 3))), 64U);
  // 12 pages of stem and tails are kept; an unrelated prompt of 15 pages takes the 12 free ones and the oldest of these.
  EXPECT_EQ(ask(prompt_of(240, 4)), 0U);
  EXPECT_EQ(ask(joined(stem, prompt_of(64, 2))), 64U + 16);
  // Its three missing pages came from the end of the next oldest.
  EXPECT_EQ(ask(joined(stem, prompt_of(64, 3))), 64U + 16);
}

TEST(Scheduler, WithoutPrefixCacheNothingIsShared) {
  EngineOptions options;
  options.prefix_cache = false;
  Rig rig(fake_of(4, 64, 256, 64), options);
  rig.submit(prompt_of(100), 5);
  rig.run();
  const RequestId again = rig.submit(prompt_of(100), 5);
  rig.run();
  EXPECT_EQ(rig.of(again).cached, 0U);
  EXPECT_EQ(rig.core().scheduler().blocks().pages().free(), 64);
}

TEST(Scheduler, DecodesAreInEveryStepWhileAPromptIsComputed) {
  Rig rig(fake_of(4, 16, 2048, 1024));
  const RequestId decoding = rig.submit(prompt_of(8), 300);
  rig.turn();
  rig.turn();
  const RequestId prompt = rig.submit(prompt_of(1500, 2), 1);
  while (rig.of(prompt).finish == FinishReason::kNone) {
    const std::size_t before = rig.of(decoding).at.size();
    const std::uint64_t steps = rig.core().counters().steps;
    rig.turn();
    ASSERT_EQ(rig.of(decoding).at.size() - before, rig.core().counters().steps - steps);
  }
}

}  // namespace
}  // namespace nim::test
