#include "sampling/sampling.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace nim {
namespace {

constexpr float kSuppressed = -std::numeric_limits<float>::infinity();

bool is_number(float logit) { return logit < std::numeric_limits<float>::infinity(); }  // false for NaN

/// What has not been suppressed, in `scratch`.
std::span<float> remaining(std::span<const float> logits, SampleScratch& scratch) {
  scratch.values.clear();
  std::ranges::copy_if(logits, std::back_inserter(scratch.values), [](float l) { return l != kSuppressed; });
  return scratch.values;
}

void suppress_below(std::span<float> logits, float threshold) {
  for (float& l : logits) {
    l = l < threshold ? kSuppressed : l;
  }
}

void top_logprobs_of(std::span<const float> logits, double log_sum, std::int32_t count, std::int32_t* tokens,
                     float* logprobs) {
  if (count == 0) {
    return;  // the chosen token's alone is asked for
  }
  // An insertion sort of the few: almost every token fails the first comparison.
  std::int32_t found = 0;
  for (std::int32_t token = 0; token < static_cast<std::int32_t>(logits.size()); ++token) {
    if (found == count && !(logits[token] > logits[tokens[found - 1]])) {
      continue;
    }
    std::int32_t place = found < count ? found++ : found - 1;
    for (; place > 0 && logits[token] > logits[tokens[place - 1]]; --place) {
      tokens[place] = tokens[place - 1];
    }
    tokens[place] = token;
  }
  for (std::int32_t i = 0; i < count; ++i) {
    logprobs[i] = i < found ? static_cast<float>(logits[tokens[i]] - log_sum) : kSuppressed;
    tokens[i] = i < found ? tokens[i] : -1;
  }
}

}  // namespace

void count_token(std::span<TokenCount> counts, std::int32_t history_token) {
  if (history_token < 0) {
    counts[~history_token] |= kInPrompt;
    return;
  }
  TokenCount& count = counts[history_token];
  if ((count & kMaxCount) != kMaxCount) {
    ++count;
  }
}

void apply_penalties(std::span<float> logits, const SampleRow& row, std::span<const TokenCount> counts) {
  for (std::size_t token = 0; token < counts.size(); ++token) {
    if (counts[token] == 0) {
      continue;
    }
    float& l = logits[token];
    l = l > 0 ? l / row.repetition_penalty : l * row.repetition_penalty;
    const auto outputs = static_cast<float>(counts[token] & kMaxCount);
    if (outputs > 0) {
      l -= row.presence_penalty;
      l -= row.frequency_penalty * outputs;
    }
  }
}

void apply_bias(std::span<float> logits, std::span<const std::int32_t> tokens, std::span<const float> values) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    logits[tokens[i]] += values[i];
  }
}

void apply_mask(std::span<float> logits, std::span<const std::uint32_t> mask) {
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if ((mask[token / 32] >> (token % 32) & 1U) == 0) {
      logits[token] = kSuppressed;
    }
  }
}

void apply_temperature(std::span<float> logits, float temperature) {
  for (float& l : logits) {
    l /= temperature;
  }
}

void keep_top_k(std::span<float> logits, std::int32_t k, SampleScratch& scratch) {
  const std::span<float> values = remaining(logits, scratch);
  if (k < 1 || static_cast<std::size_t>(k) >= values.size()) {
    return;
  }
  std::ranges::nth_element(values, values.begin() + (k - 1), std::greater{});
  suppress_below(logits, values[k - 1]);
}

void keep_top_p(std::span<float> logits, float p, SampleScratch& scratch) {
  if (p >= 1) {
    return;
  }
  const double log_sum = log_sum_exp(logits);
  const std::span<float> values = remaining(logits, scratch);
  // Sorted piece by piece, since the largest few nearly always hold the mass asked for.
  double above = 0;
  for (std::size_t done = 0; done < values.size();) {
    const std::size_t piece = std::min(std::max<std::size_t>(256, done * 4), values.size() - done);
    const std::span<float> rest = values.subspan(done);
    std::ranges::nth_element(rest, rest.begin() + static_cast<std::ptrdiff_t>(piece - 1), std::greater{});
    std::ranges::sort(rest.first(piece), std::greater{});
    for (const std::size_t end = done + piece; done < end; ++done) {
      if (above >= p && values[done] < values[done - 1]) {
        suppress_below(logits, values[done - 1]);
        return;
      }
      above += std::exp(values[done] - log_sum);
    }
  }
}

void keep_min_p(std::span<float> logits, float min_p) {
  if (min_p <= 0) {
    return;
  }
  const float most = *std::ranges::max_element(logits);
  suppress_below(logits, most + std::log(min_p));
}

std::int32_t largest(std::span<const float> logits) {
  const auto best = std::ranges::max_element(logits);
  return best == logits.end() || *best == kSuppressed ? -1 : static_cast<std::int32_t>(best - logits.begin());
}

double log_sum_exp(std::span<const float> logits) {
  const float most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float l : logits) {
    sum += std::exp(static_cast<double>(l) - most);
  }
  return most + std::log(sum);
}

Sampled sample(std::span<float> logits, const SampleInput& input, SampleScratch& scratch, std::int32_t* top_tokens,
               float* top_logprobs) {
  const SampleRow& row = input.row;
  if (!std::ranges::all_of(logits, is_number)) {
    return {};
  }
  const bool logprobs = row.top_logprobs >= 0;
  double log_sum = 0;
  if (logprobs) {
    log_sum = log_sum_exp(logits);
    top_logprobs_of(logits, log_sum, row.top_logprobs, top_tokens, top_logprobs);
    scratch.raw.assign(logits.begin(), logits.end());
  }

  apply_penalties(logits, row, input.counts);
  apply_bias(logits, input.bias_tokens, input.bias_values);
  if (!input.mask.empty()) {
    apply_mask(logits, input.mask);
  }
  Sampled sampled;
  if (row.temperature > 0) {
    apply_temperature(logits, row.temperature);
    keep_top_k(logits, row.top_k, scratch);
    keep_top_p(logits, row.top_p, scratch);
    keep_min_p(logits, row.min_p);
    sampled.token = draw(logits, row.seed, row.position);
  } else {
    sampled.token = largest(logits);
  }
  if (logprobs && sampled.token >= 0) {
    sampled.logprob = static_cast<float>(scratch.raw[sampled.token] - log_sum);
  }
  return sampled;
}

}  // namespace nim
