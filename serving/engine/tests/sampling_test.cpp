// The definition of sampling (src/sampling/sampling.h), step by step and as a whole.
#include "sampling/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "support/random.h"

namespace nim {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

SampleRow neutral_row() {
  SampleRow row{};
  row.temperature = 1;
  row.top_p = 1;
  row.repetition_penalty = 1;
  row.top_logprobs = -1;
  row.mask = -1;
  return row;
}

std::vector<float> random_logits(std::uint64_t seed, int count) {
  test::Random random(seed);
  std::vector<float> logits(count);
  for (float& l : logits) {
    l = static_cast<float>(random.between(-400, 400)) / 100;
  }
  return logits;
}

std::vector<bool> kept(const std::vector<float>& logits) {
  std::vector<bool> kept;
  for (const float l : logits) {
    kept.push_back(l != kOut);
  }
  return kept;
}

Sampled sample_row(std::vector<float> logits, const SampleInput& input) {
  SampleScratch scratch;
  return sample(logits, input, scratch, nullptr, nullptr);
}

// Known answers of Random123's kat_vectors for philox4x32-10.
TEST(Philox, GivesRandom123sKnownAnswers) {
  const Words4 zeros = philox(0, {0, 0, 0, 0});
  EXPECT_EQ(zeros.x, 0x6627e8d5U);
  EXPECT_EQ(zeros.y, 0xe169c58dU);
  EXPECT_EQ(zeros.z, 0xbc57ac4cU);
  EXPECT_EQ(zeros.w, 0x9b00dbd8U);
  const Words4 ones = philox(~0ULL, {~0U, ~0U, ~0U, ~0U});
  EXPECT_EQ(ones.x, 0x408f276dU);
  EXPECT_EQ(ones.y, 0x41c83b0eU);
  EXPECT_EQ(ones.z, 0xa20bc7c6U);
  EXPECT_EQ(ones.w, 0x6d5451fdU);
  const Words4 pi = philox(0x299f31d0a4093822ULL, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344});
  EXPECT_EQ(pi.x, 0xd16cfe09U);
  EXPECT_EQ(pi.y, 0x94fdccebU);
  EXPECT_EQ(pi.z, 0x5001e420U);
  EXPECT_EQ(pi.w, 0x24126ea1U);
}

TEST(Sampling, PenaltiesTellPromptFromOutput) {
  std::vector<float> logits{2, 2, -2, 2, 2};
  std::vector<TokenCount> counts(5);
  count_token(counts, ~1);  // prompt
  count_token(counts, ~2);
  count_token(counts, 3);  // output, twice
  count_token(counts, 3);
  SampleRow row = neutral_row();
  row.repetition_penalty = 2;
  row.presence_penalty = 0.25F;
  row.frequency_penalty = 0.5F;
  apply_penalties(logits, row, counts);
  EXPECT_EQ(logits, (std::vector<float>{2, 1, -4, 1 - 0.25F - 2 * 0.5F, 2}));
}

TEST(Sampling, CountsSaturateInsteadOfTouchingThePromptBit) {
  std::vector<TokenCount> counts{kMaxCount};
  count_token(counts, 0);
  EXPECT_EQ(counts[0], kMaxCount);
}

TEST(Sampling, TopKKeepsTiesWithTheKth) {
  std::vector<float> logits{1, 3, 2, 2, 0};
  SampleScratch scratch;
  keep_top_k(logits, 2, scratch);
  EXPECT_EQ(logits, (std::vector<float>{kOut, 3, 2, 2, kOut}));
}

TEST(Sampling, TopKOfEverythingOrOffKeepsAll) {
  for (const int k : {0, 5, 9}) {
    std::vector<float> logits{1, 3, 2, 2, 0};
    SampleScratch scratch;
    keep_top_k(logits, k, scratch);
    EXPECT_EQ(logits, (std::vector<float>{1, 3, 2, 2, 0}));
  }
}

TEST(Sampling, TopPKeepsTheTokenThatReachesTheMass) {
  const auto log = [](double p) { return static_cast<float>(std::log(p)); };
  const std::vector<float> logits{log(0.1), log(0.5), log(0.15), log(0.25)};
  SampleScratch scratch;
  std::vector<float> half = logits;
  keep_top_p(half, 0.49F, scratch);
  EXPECT_EQ(kept(half), (std::vector<bool>{false, true, false, false}));
  std::vector<float> more = logits;
  keep_top_p(more, 0.74F, scratch);
  EXPECT_EQ(kept(more), (std::vector<bool>{false, true, false, true}));
  std::vector<float> most = logits;
  keep_top_p(most, 0.95F, scratch);
  EXPECT_EQ(kept(most), (std::vector<bool>{true, true, true, true}));
}

TEST(Sampling, TopPIsItsDefinitionOnLargeVocabularies) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<float> logits = random_logits(seed, 5000);
    const double log_sum = log_sum_exp(logits);
    const float p = 0.05F * static_cast<float>(seed) - 0.025F;
    std::vector<float> filtered = logits;
    SampleScratch scratch;
    keep_top_p(filtered, p, scratch);
    for (std::size_t i = 0; i < logits.size(); i += 97) {
      double above = 0;
      for (const float other : logits) {
        above += other > logits[i] ? std::exp(other - log_sum) : 0;
      }
      ASSERT_EQ(filtered[i] != kOut, above < p) << "token " << i << " of seed " << seed;
    }
  }
}

TEST(Sampling, MinPIsRelativeToTheLargestProbability) {
  const auto log = [](double p) { return static_cast<float>(std::log(p)); };
  std::vector<float> logits{log(0.5), log(0.3), log(0.12), log(0.08)};
  keep_min_p(logits, 0.2F);
  EXPECT_EQ(kept(logits), (std::vector<bool>{true, true, true, false}));
}

TEST(Sampling, GreedyTakesTheLowestIdAmongEquals) {
  SampleRow row = neutral_row();
  row.temperature = 0;
  EXPECT_EQ(sample_row({1, 4, 4, 2}, {row, {}, {}, {}, {}}).token, 1);
}

TEST(Sampling, GreedyHonoursBiasMaskAndPenalties) {
  SampleRow row = neutral_row();
  row.temperature = 0;
  const std::vector<std::int32_t> bias_tokens{2};
  const std::vector<float> bias_values{5};
  EXPECT_EQ(sample_row({1, 4, 0, 2}, {row, {}, bias_tokens, bias_values, {}}).token, 2);
  const std::vector<std::uint32_t> mask{0b1001};
  EXPECT_EQ(sample_row({1, 4, 0, 2}, {row, {}, {}, {}, mask}).token, 3);
  std::vector<TokenCount> counts(4);
  count_token(counts, 1);
  row.presence_penalty = 2;
  row.frequency_penalty = 1;
  EXPECT_EQ(sample_row({1, 4, 0, 2}, {row, counts, {}, {}, {}}).token, 3);
}

TEST(Sampling, NothingAllowedIsMinusOne) {
  const std::vector<std::uint32_t> mask{0};
  for (const float temperature : {0.0F, 1.0F}) {
    SampleRow row = neutral_row();
    row.temperature = temperature;
    EXPECT_EQ(sample_row({1, 2, 3}, {row, {}, {}, {}, mask}).token, -1);
  }
}

TEST(Sampling, LogitsThatAreNotNumbersAreMinusOne) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EXPECT_EQ(sample_row({1, bad, 3}, {neutral_row(), {}, {}, {}, {}}).token, -1);
  }
}

TEST(Sampling, LogprobsAreOfTheRawLogits) {
  std::vector<float> logits{1, 2, 3, 3};
  const double log_sum = log_sum_exp(logits);
  SampleRow row = neutral_row();
  row.temperature = 0;
  row.top_logprobs = 3;
  const std::vector<std::int32_t> bias_tokens{0};
  const std::vector<float> bias_values{50};
  SampleScratch scratch;
  std::int32_t tokens[kMaxTopLogprobs];
  float logprobs[kMaxTopLogprobs];
  const Sampled sampled = sample(logits, {row, {}, bias_tokens, bias_values, {}}, scratch, tokens, logprobs);
  EXPECT_EQ(sampled.token, 0);
  EXPECT_FLOAT_EQ(sampled.logprob, static_cast<float>(1 - log_sum));
  EXPECT_EQ((std::vector<std::int32_t>{tokens, tokens + 3}), (std::vector<std::int32_t>{2, 3, 1}));
  EXPECT_FLOAT_EQ(logprobs[2], static_cast<float>(2 - log_sum));
}

TEST(Sampling, NoTopLogprobsLeaveTheirMemoryAlone) {
  std::vector<float> logits{1, 2, 3};
  SampleRow row = neutral_row();
  row.temperature = 0;
  row.top_logprobs = 0;
  SampleScratch scratch;
  const double log_sum = log_sum_exp(logits);
  std::int32_t tokens[3]{7, 7, 7};
  float logprobs[3]{7, 7, 7};
  const Sampled sampled = sample(logits, {row, {}, {}, {}, {}}, scratch, tokens + 1, logprobs + 1);
  EXPECT_FLOAT_EQ(sampled.logprob, static_cast<float>(3 - log_sum));
  EXPECT_EQ((std::vector<std::int32_t>{tokens, tokens + 3}), (std::vector<std::int32_t>{7, 7, 7}));
  EXPECT_EQ((std::vector<float>{logprobs, logprobs + 3}), (std::vector<float>{7, 7, 7}));
}

TEST(Sampling, TopLogprobsBeyondTheVocabularyAreMarked) {
  std::vector<float> logits{1, 2};
  SampleRow row = neutral_row();
  row.top_logprobs = 3;
  SampleScratch scratch;
  std::int32_t tokens[kMaxTopLogprobs];
  float logprobs[kMaxTopLogprobs];
  sample(logits, {row, {}, {}, {}, {}}, scratch, tokens, logprobs);
  EXPECT_EQ(tokens[1], 0);
  EXPECT_EQ(tokens[2], -1);
}

TEST(Sampling, SeedAndPositionAloneDecide) {
  const std::vector<float> logits = random_logits(1, 1000);
  SampleRow row = neutral_row();
  row.seed = 42;
  row.position = 7;
  const std::int32_t first = sample_row(logits, {row, {}, {}, {}, {}}).token;
  row.slot = 3;
  EXPECT_EQ(sample_row(logits, {row, {}, {}, {}, {}}).token, first);
  int different = 0;
  for (int i = 0; i < 20; ++i) {
    row.position = 8 + i;
    different += sample_row(logits, {row, {}, {}, {}, {}}).token != first ? 1 : 0;
  }
  EXPECT_GT(different, 15);
}

// `draw` skips tokens that cannot win: the result must be that of the plain definition.
TEST(Sampling, TheDrawIsTheArgmaxOfLogitAndNoise) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::vector<float> logits = random_logits(seed, 203);
    logits[seed % 203] += 20;
    std::int32_t best = -1;
    double most = -std::numeric_limits<double>::infinity();
    for (std::int32_t token = 0; token < 203; ++token) {
      const double score = logits[token] + gumbel(seed, 5, token);
      if (score > most) {
        most = score;
        best = token;
      }
    }
    EXPECT_EQ(draw(logits, seed, 5), best) << "seed " << seed;
  }
}

// Chi-squared over 20,000 draws: 9 degrees of freedom, 99.9th percentile 27.9.
TEST(Sampling, DrawsFollowTheDistributionOfTheirTemperature) {
  const std::vector<float> logits = random_logits(3, 10);
  for (const float temperature : {0.7F, 1.0F, 1.5F}) {
    std::vector<float> scaled = logits;
    apply_temperature(scaled, temperature);
    const double log_sum = log_sum_exp(scaled);
    std::vector<int> seen(10);
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      SampleRow row = neutral_row();
      row.temperature = temperature;
      row.seed = static_cast<std::uint64_t>(i / 100);
      row.position = i % 100;
      ++seen[sample_row(logits, {row, {}, {}, {}, {}}).token];
    }
    double chi = 0;
    for (int t = 0; t < 10; ++t) {
      const double wanted = kDraws * std::exp(scaled[t] - log_sum);
      chi += (seen[t] - wanted) * (seen[t] - wanted) / wanted;
    }
    EXPECT_LT(chi, 27.9) << "temperature " << temperature;
  }
}

TEST(Sampling, FiltersCompose) {
  // top-k leaves 3 tokens, whose renormalized mass top-p then cuts, and min-p the rest.
  const auto log = [](double p) { return static_cast<float>(std::log(p)); };
  SampleRow row = neutral_row();
  row.top_k = 3;
  row.top_p = 0.8F;
  std::vector<bool> seen(5);
  for (int i = 0; i < 2000; ++i) {
    row.position = i;
    seen[sample_row({log(0.4), log(0.3), log(0.12), log(0.1), log(0.08)}, {row, {}, {}, {}, {}}).token] = true;
  }
  // 0.4 / 0.82 = 0.49, 0.3 / 0.82 = 0.37: the second reaches 0.8 of what top-k left.
  EXPECT_EQ(seen, (std::vector<bool>{true, true, false, false, false}));
}

}  // namespace
}  // namespace nim
