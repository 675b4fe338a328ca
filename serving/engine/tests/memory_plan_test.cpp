#include "model/memory_plan.h"

#include <gtest/gtest.h>

#include "checkpoint_writer.h"
#include "ops/cpu/cpu_ops.h"
#include "support/errors.h"

namespace nim {
namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;

StepLimits limits_of(int context, int sequences) {
  return {.max_sequences = sequences, .max_step_tokens = 512, .max_context = context, .page_tokens = 16, .pages = 0};
}

TEST(MemoryPlan, WeightsOfLlama8bAreItsParameters) {
  const ModelConfig c = tools::preset("llama-3.1-8b");
  const auto ops = make_cpu_ops(1);
  const MemoryPlan plan = plan_memory(c, *ops, limits_of(8192, 4), 64 * kGiB);
  // 8,030,261,248 parameters in bf16; norms are kept as floats.
  const std::size_t norms = (2 * 32 + 1) * 4096;
  EXPECT_EQ(plan.arena[0].bytes, 2 * 8030261248 + 2 * norms);
  EXPECT_EQ(plan.kv_page_bytes, 16U * 128 * 1024);  // 128 KiB a token
  EXPECT_EQ(plan.limits.pages, 4 * 8192 / 16);
}

TEST(MemoryPlan, FillsTheBudgetWithPages) {
  const ModelConfig c = tools::preset("llama-3.2-1b");
  const auto ops = make_cpu_ops(1);
  const MemoryPlan plan = plan_memory(c, *ops, limits_of(8192, 64), 6 * kGiB);
  EXPECT_LE(plan.bytes(), 6 * kGiB);
  EXPECT_GT(plan.bytes() + plan.kv_page_bytes, 6 * kGiB - 4096);
  EXPECT_EQ(plan.layout.bytes, plan.layout.own_offset + plan.arena[4].bytes + plan.arena[5].bytes + plan.arena[6].bytes + plan.arena[7].bytes);
}

TEST(MemoryPlan, ContextIsTheModelsOrWhatFits) {
  const ModelConfig c = tools::preset("llama-3.2-1b");
  const auto ops = make_cpu_ops(1);
  EXPECT_EQ(plan_memory(c, *ops, limits_of(0, 4), 64 * kGiB).limits.max_context, 131072);
  const MemoryPlan small = plan_memory(c, *ops, limits_of(0, 4), 4 * kGiB);
  EXPECT_LT(small.limits.max_context, 131072);
  EXPECT_GT(small.limits.max_context, 10000);
  EXPECT_LE(small.bytes(), 4 * kGiB);
}

TEST(MemoryPlan, SaysWhatIsMissing) {
  const ModelConfig c = tools::preset("llama-3.2-1b");
  const auto ops = make_cpu_ops(1);
  const std::string error = message_of([&] { plan_memory(c, *ops, limits_of(8192, 4), kGiB); });
  EXPECT_EQ(error,
            "too little memory: 2653.6 MiB are needed (weights 2359.3 MiB, activations 21.0 MiB, buffers 17.4 MiB, KV cache of 8192 "
            "tokens 256.0 MiB), 1024.0 MiB are there: lower the maximum context, the step's tokens or the sequences, or take a "
            "smaller model");
}

TEST(MemoryPlan, TableAddsUp) {
  const auto ops = make_cpu_ops(1);
  const MemoryPlan plan = plan_memory(tools::preset("tiny-llama"), *ops, limits_of(64, 2), kGiB);
  EXPECT_NE(plan.table().find("KV cache, 8 pages of 16 tokens"), std::string::npos) << plan.table();
  EXPECT_NE(plan.table().find("total"), std::string::npos);
}

}  // namespace
}  // namespace nim
