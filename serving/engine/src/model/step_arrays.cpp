#include "model/step_arrays.h"

namespace nim {
namespace {

std::size_t place(StepInput& in, std::byte* base, const StepLimits& limits, int vocab) {
  const std::size_t rows = limits.max_step_tokens;
  const std::size_t sequences = limits.max_sequences;
  const std::size_t mask_row = (static_cast<std::size_t>(vocab) + 31) / 32;
  const std::size_t history = step_history_capacity(limits);
  Placer at(base);
  at.place(in.counts, 1);
  at.place(in.token, rows);
  at.place(in.position, rows);
  at.place(in.sequence, rows);
  at.place(in.query_start, sequences + 1);
  at.place(in.context_length, sequences);
  at.place(in.slot, sequences);
  at.place(in.page_start, sequences + 1);
  at.place(in.logit_row, sequences);
  at.place(in.sample, sequences);
  at.place(in.reset_slot, sequences);
  // What is large in the worst case and small in most steps stands last.
  at.place(in.page, step_page_capacity(limits));
  at.place(in.bias_token, sequences * kMaxBiasesPerRow);
  at.place(in.bias_value, sequences * kMaxBiasesPerRow);
  at.place(in.history_slot, history);
  at.place(in.history_token, history);
  at.place(in.mask_words, sequences * mask_row);
  return at.bytes();
}

std::size_t place(StepResult& result, std::byte* base, const StepLimits& limits) {
  const std::size_t samples = limits.max_sequences;
  Placer at(base);
  at.place(result.token, samples);
  at.place(result.logprob, samples);
  at.place(result.top_token, samples * kMaxTopLogprobs);
  at.place(result.top_logprob, samples * kMaxTopLogprobs);
  return at.bytes();
}

}  // namespace

std::size_t step_page_capacity(const StepLimits& limits) {
  return static_cast<std::size_t>(limits.max_sequences) * limits.max_pages_per_sequence();
}

std::size_t step_history_capacity(const StepLimits& limits) {
  return static_cast<std::size_t>(limits.max_context) + limits.max_step_tokens;
}

std::size_t step_input_bytes(const StepLimits& limits, int vocab) {
  StepInput in{};
  return place(in, nullptr, limits, vocab);
}

StepInput place_step_input(std::byte* base, const StepLimits& limits, int vocab) {
  StepInput in{};
  place(in, base, limits, vocab);
  return in;
}

std::size_t step_result_bytes(const StepLimits& limits) {
  StepResult result{};
  return place(result, nullptr, limits);
}

StepResult place_step_result(std::byte* base, const StepLimits& limits) {
  StepResult result{};
  place(result, base, limits);
  return result;
}

}  // namespace nim
