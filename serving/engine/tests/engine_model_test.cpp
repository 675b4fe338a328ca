// The engine with real weights on the CPU backends: outputs that do not depend on the schedule, bit for bit, and planted
// models whose whole output is known.
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "loop/model_executor.h"
#include "model/checkpoint.h"
#include "ops/cpu/cpu_ops.h"
#include "planted.h"
#include "support/collector.h"
#include "support/random.h"
#include "support/stepper.h"

namespace nim::test {
namespace {

/// One way to run the same requests.
struct Schedule {
  const char* name;
  StepLimits limits{.max_sequences = 8, .max_step_tokens = 256, .max_context = 192, .page_tokens = 16, .pages = 96};
  bool together = true;      ///< all requests at once, or one after the other
  bool prefix_cache = true;
  bool asynchronous = false; ///< two steps in flight
  bool twice = false;        ///< the second time prompts come from the prefix cache
};

std::unique_ptr<Executor> executor_of(const std::string& folder, std::unique_ptr<Ops> ops, const Schedule& schedule) {
  const Checkpoint checkpoint = open_checkpoint(folder);
  const MemoryPlan plan = plan_memory(checkpoint.config, *ops, schedule.limits, std::numeric_limits<std::size_t>::max());
  LoadedModel loaded = load_model(checkpoint, *ops, plan);
  return std::make_unique<ModelExecutor>(std::move(ops), std::move(loaded), schedule.asynchronous);
}

/// A mix of everything that sampling can do, over prompts that share stems.
std::vector<Request> requests_of(int vocabulary) {
  std::vector<Request> requests;
  Random random(5);
  const std::vector<Token> stem = random_tokens(70, vocabulary, 9);
  for (int i = 0; i < 12; ++i) {
    Request request;
    request.prompt = random_tokens(random.between(1, 60), vocabulary, static_cast<std::uint32_t>(i));
    if (i % 2 == 0) {
      request.prompt.insert(request.prompt.begin(), stem.begin(), stem.end());
    }
    request.max_tokens = random.between(20, 60);
    SamplingParams& p = request.sampling;
    p.ignore_eos = true;
    p.logprobs = 3;
    p.seed = static_cast<std::uint64_t>(i);
    p.temperature = i % 3 == 0 ? 0.0F : 0.8F;
    p.top_k = i % 4 == 1 ? 40 : 0;
    p.top_p = i % 4 == 2 ? 0.9F : 1.0F;
    p.min_p = i % 4 == 3 ? 0.02F : 0.0F;
    if (i % 5 == 0) {
      p.repetition_penalty = 1.2F;
      p.frequency_penalty = 0.3F;
      p.presence_penalty = 0.2F;
    }
    if (i % 6 == 0) {
      p.logit_bias = {{3, 2.0F}, {5, -100.0F}};
      p.stop_tokens = {7};
      p.min_tokens = 6;
    }
    request.n = i % 7 == 0 ? 2 : 1;
    requests.push_back(request);
  }
  return requests;
}

struct Ran {
  std::vector<Output> outputs;
  EngineStats stats;
};

Ran run(const std::string& folder, std::unique_ptr<Ops> ops, const Schedule& schedule, const std::vector<Request>& requests) {
  Collector collector;
  EngineOptions options;
  options.prefix_cache = schedule.prefix_cache;
  Engine engine(options, executor_of(folder, std::move(ops), schedule), collector.callback());
  Ran result{{}, {}};
  for (int round = 0; round < (schedule.twice ? 2 : 1); ++round) {
    result.outputs.clear();
    std::vector<RequestId> ids;
    const auto wait = [&](std::size_t i) {
      for (std::uint32_t s = 0; s < static_cast<std::uint32_t>(requests[i].n); ++s) {
        result.outputs.push_back(collector.wait(ids[i], s));
      }
    };
    for (std::size_t i = 0; i < requests.size(); ++i) {
      ids.push_back(accepted(engine.submit(requests[i])));
      if (!schedule.together) {
        wait(i);
      }
    }
    for (std::size_t i = 0; schedule.together && i < requests.size(); ++i) {
      wait(i);
    }
  }
  engine.drain();
  result.stats = engine.stats();
  return result;
}

void expect_same(const Ran& run, const Ran& alone, const char* name) {
  ASSERT_EQ(run.outputs.size(), alone.outputs.size());
  for (std::size_t i = 0; i < alone.outputs.size(); ++i) {
    const Output& a = alone.outputs[i];
    const Output& b = run.outputs[i];
    EXPECT_EQ(b.tokens, a.tokens) << name << ", output " << i;
    EXPECT_EQ(bits(b.logprobs), bits(a.logprobs)) << name << ", output " << i;
    EXPECT_EQ(b.finish, a.finish) << name << ", output " << i;
    for (std::size_t t = 0; t < a.top.size(); ++t) {
      for (std::size_t j = 0; j < a.top[t].size(); ++j) {
        EXPECT_EQ(b.top[t][j].token, a.top[t][j].token) << name << ", output " << i;
        EXPECT_EQ(bits({b.top[t][j].logprob}), bits({a.top[t][j].logprob})) << name << ", output " << i;
      }
    }
  }
}

class EveryBackend : public testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Ops> make_ops() {
    return std::string(GetParam()) == "reference" ? make_reference_ops() : make_cpu_ops(2);
  }
};

TEST_P(EveryBackend, TokensAndLogprobsAreBitEqualAcrossSchedules) {
  const std::string folder = tiny_checkpoint("tiny-llama");
  const std::vector<Request> requests = requests_of(open_checkpoint(folder).config.vocab);

  Schedule alone{.name = "alone"};
  alone.together = false;
  alone.prefix_cache = false;
  const Ran expected = run(folder, make_ops(), alone, requests);
  EXPECT_EQ(expected.stats.preemptions, 0U);

  Schedule batched{.name = "batched"};
  batched.prefix_cache = false;
  expect_same(run(folder, make_ops(), batched, requests), expected, batched.name);

  Schedule chunked{.name = "chunked by 9 rows"};
  chunked.prefix_cache = false;
  chunked.limits.max_step_tokens = 9;
  expect_same(run(folder, make_ops(), chunked, requests), expected, chunked.name);

  Schedule shared{.name = "prefix hits"};
  shared.twice = true;
  const Ran hits = run(folder, make_ops(), shared, requests);
  expect_same(hits, expected, shared.name);
  EXPECT_GT(hits.stats.cached_tokens, 500U);

  Schedule small{.name = "pages of 8"};
  small.limits.page_tokens = 8;
  small.limits.pages = 192;
  expect_same(run(folder, make_ops(), small, requests), expected, small.name);

  Schedule scarce{.name = "preempted and resumed"};
  scarce.limits.pages = 28;
  scarce.limits.page_tokens = 8;
  const Ran preempted = run(folder, make_ops(), scarce, requests);
  expect_same(preempted, expected, scarce.name);
  EXPECT_GT(preempted.stats.preemptions, 0U);

  Schedule ahead{.name = "two steps in flight"};
  ahead.asynchronous = true;
  expect_same(run(folder, make_ops(), ahead, requests), expected, ahead.name);
}

INSTANTIATE_TEST_SUITE_P(EngineModel, EveryBackend, testing::Values("reference", "cpu"),
                         [](const auto& info) { return std::string(info.param); });

TEST(EngineModel, PlantedOutputIsExactUnderRandomLoad) {
  const std::string folder = tiny_checkpoint("tiny-llama", 3, true);
  Schedule schedule{.name = "random"};
  schedule.limits = {.max_sequences = 6, .max_step_tokens = 40, .max_context = 192, .page_tokens = 8, .pages = 40};
  schedule.asynchronous = true;
  Collector collector;
  Engine engine({}, executor_of(folder, make_cpu_ops(2), schedule), collector.callback());
  const std::vector<Token> pi = tools::planted_permutation(engine.vocabulary(), 3);
  const std::vector<Token> stem = random_tokens(60, engine.vocabulary(), 1);

  struct Asked {
    RequestId id;
    Request request;
    bool cancelled;
  };
  std::vector<Asked> asked;
  Random random(17);
  for (int i = 0; i < 60; ++i) {
    Request request;
    request.prompt = random_tokens(random.between(1, 100), engine.vocabulary(), static_cast<std::uint32_t>(100 + i));
    if (random.chance(0.5)) {
      request.prompt.insert(request.prompt.begin(), stem.begin(), stem.begin() + random.between(1, 60));
    }
    request.max_tokens = random.between(1, 30);
    request.n = random.chance(0.2) ? 2 : 1;
    request.sampling.ignore_eos = true;
    request.sampling.temperature = random.chance(0.5) ? 0.0F : 1.0F;
    request.sampling.seed = random.next();
    const RequestId id = accepted(engine.submit(request));
    asked.push_back({id, request, random.chance(0.2)});
    if (asked.back().cancelled) {
      collector.wait_for_tokens(id, static_cast<std::size_t>(random.between(1, 5)));
      engine.cancel(id);
    }
  }
  for (const auto& [id, request, cancelled] : asked) {
    for (std::uint32_t s = 0; s < static_cast<std::uint32_t>(request.n); ++s) {
      const Output output = collector.wait(id, s);
      const auto expected = tools::planted_output(pi, request.prompt.back(), static_cast<int>(output.tokens.size()));
      EXPECT_EQ(output.tokens, expected) << "request " << id;
      EXPECT_TRUE(output.in_order);
      if (!cancelled) {
        EXPECT_EQ(output.tokens.size(), static_cast<std::size_t>(request.max_tokens));
      }
    }
  }
  engine.drain();
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.pages_free + stats.pages_cached, stats.pages);
  EXPECT_GT(stats.cached_tokens, 0U);
}

TEST(EngineModel, CreatePlansLoadsAndReportsItsPhases) {
  EngineOptions options;
  options.model = tiny_checkpoint("tiny-qwen2");
  options.max_sequences = 4;
  options.step_tokens = 64;
  options.max_context = 128;
  options.memory_bytes = 256 << 20;
  std::vector<std::string> phases;
  std::string plan;
  Collector collector;
  const auto engine = Engine::create(
      options, collector.callback(), [&](std::string_view phase, double) { phases.emplace_back(phase); },
      [&](std::string_view table) {
        EXPECT_EQ(phases, (std::vector<std::string>{"checkpoint", "backend"}));
        plan = table;
      });
  EXPECT_EQ(phases, (std::vector<std::string>{"checkpoint", "backend", "plan", "weights", "start"}));
  EXPECT_NE(plan.find("KV cache"), std::string::npos);
  Request request;
  request.prompt = {1, 2, 3};
  request.max_tokens = 4;
  request.sampling.ignore_eos = true;
  EXPECT_EQ(collector.wait(accepted(engine->submit(request))).tokens.size(), 4U);
  EXPECT_EQ(engine->max_context(), 128);

  const ModelPlan inspected = inspect(options);
  EXPECT_TRUE(inspected.fits);
  EXPECT_EQ(inspected.vocabulary, engine->vocabulary());
  EXPECT_EQ(inspected.pages, engine->stats().pages);
}

TEST(EngineModel, InspectSaysThatSomethingDoesNotFitAndCreateRefuses) {
  EngineOptions options;
  options.model = tiny_checkpoint("tiny-llama");
  options.memory_bytes = 1 << 20;
  const ModelPlan plan = inspect(options);
  EXPECT_FALSE(plan.fits);
  EXPECT_EQ(plan.free_bytes, 1U << 20);
  try {
    Engine::create(options, [](const StepOutput&) {});
    FAIL() << "it was made";
  } catch (const std::exception& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 18), "too little memory:");
  }
}

TEST(EngineModel, CreateRefusesOptionsThatCannotWork) {
  const auto message = [](auto change) -> std::string {
    EngineOptions options;
    options.model = tiny_checkpoint("tiny-llama");
    change(options);
    try {
      Engine::create(options, [](const StepOutput&) {});
    } catch (const std::exception& error) {
      return error.what();
    }
    return "it was made";
  };
  EXPECT_EQ(message([](EngineOptions& o) { o.block_size = 24; }), "block_size is 24: allowed are 8, 16, 32 and 64");
  EXPECT_EQ(message([](EngineOptions& o) { o.max_sequences = 0; }), "max_sequences is 0: allowed are 1 to 4096");
  EXPECT_EQ(message([](EngineOptions& o) { o.step_tokens = 10; }),
            "step_tokens is 10: allowed are 64 (max_sequences: each running sequence needs a row of a step) to 1048576");
  EXPECT_EQ(message([](EngineOptions& o) { o.max_context = 1; }),
            "max_context is 1: allowed are 0 (the model's own, or what the memory holds) and 2 or more");
  EXPECT_EQ(message([](EngineOptions& o) { o.queue_bound = 0; }), "queue_bound is 0: allowed is 1 or more");
  EXPECT_EQ(message([](EngineOptions& o) { o.threads = -1; }), "threads is -1: allowed are 0 (one per core) to 1024");
  EXPECT_EQ(message([](EngineOptions& o) { o.backend = "tpu"; }),
            "backend is \"tpu\": allowed are auto, cpu and reference; this build has no CUDA backend");
  EXPECT_NE(message([](EngineOptions& o) { o.max_context = 1 << 28; }).find("give at most that"), std::string::npos);
}

}  // namespace
}  // namespace nim::test
