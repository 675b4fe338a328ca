// How many blocks share the keys of a prompt's rows: figures of Llama-3.1-8B (8 kv heads, groups of 4) on 132 SMs.
#include "cuda/attention_spread.h"

#include <gtest/gtest.h>

#include <vector>

namespace nim::cuda {
namespace {

constexpr int kUnits = spread_units(131072, 8, 4);

/// A step of sequences, each (queries, context).
Spread spread(const std::vector<std::pair<int, int>>& sequences, int units = kUnits) {
  StepCounts counts{};
  std::vector<std::int32_t> query_start{0}, context_length;
  for (const auto& [queries, context] : sequences) {
    query_start.push_back(query_start.back() + queries);
    context_length.push_back(context);
  }
  counts.sequences = static_cast<std::int32_t>(sequences.size());
  StepInput step{};
  step.counts = &counts;
  step.query_start = query_start.data();
  step.context_length = context_length.data();
  return spread_of(step, 8, 4, 132, units);
}

TEST(AttentionSpread, AShortChunkOfALongPromptTakesTheWholeChip) {
  const Spread s = spread({{64, 32000}});
  EXPECT_EQ(s.items, 16);  // 64 queries x 4 heads are 2 items of 128 rows, for each of 8 kv heads
  EXPECT_EQ(s.ranges, 8);
  EXPECT_EQ(s.splits, 125);
}

TEST(AttentionSpread, DecodesBesideItTakeNoPart) {
  std::vector<std::pair<int, int>> step(64, {1, 1400});
  step.emplace_back(192, 8000);
  EXPECT_EQ(spread(step).items, 48);
  EXPECT_EQ(spread(step).ranges, 2);
}

TEST(AttentionSpread, ItemsOfAllPromptsCount) {
  EXPECT_EQ(spread({{64, 9000}, {17, 400}}).items, 24);
  EXPECT_EQ(spread({{64, 9000}, {17, 400}}).splits, 36);
  EXPECT_EQ(spread({{64, 9000}, {17, 400}}).ranges, 5);
}

TEST(AttentionSpread, NothingIsSpreadWhereBlocksOrKeysAreFew) {
  EXPECT_EQ(spread({{512, 32000}}).ranges, 1);  // 128 items
  EXPECT_EQ(spread({{64, 700}}).ranges, 1);     // 3 splits
  EXPECT_EQ(spread({{1, 32000}}).ranges, 1);
  EXPECT_EQ(spread({}).ranges, 1);
}

TEST(AttentionSpread, NorWhereTheSumsHaveNoRoom) {
  EXPECT_EQ(spread({{64, 32768}}).ranges, 8);
  EXPECT_EQ(spread({{64, 33025}}).ranges, 1);
  EXPECT_EQ(spread({{128, 16384}}).ranges, 4);
  EXPECT_EQ(spread({{128, 16641}}).ranges, 1);
  EXPECT_EQ(spread({{64, 4096}}, spread_units(4096, 8, 4)).ranges, 8);
}

TEST(AttentionSpread, SumsOfTwoWarpgroupsThreads) {
  EXPECT_EQ(spread_unit_bytes(128), 69632U);
  EXPECT_EQ(spread_unit_bytes(64), 36864U);
}

}  // namespace
}  // namespace nim::cuda
