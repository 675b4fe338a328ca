#include "support/fake_executor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace nim::test {
namespace {

constexpr std::uint32_t kPromptBit = 0x8000;

bool has_penalties(const SampleRow& row) {
  return row.repetition_penalty != 1 || row.presence_penalty != 0 || row.frequency_penalty != 0;
}

}  // namespace

std::uint64_t extend_history(std::uint64_t history, Token token) { return mix(history, static_cast<std::uint32_t>(token)); }

Token expected_token(const FakeSample& s, std::int32_t vocabulary) {
  const std::uint64_t hash = mix(mix(s.history, s.seed), mix(static_cast<std::uint64_t>(s.position), s.counts));
  const auto first = static_cast<Token>(hash % static_cast<std::uint64_t>(vocabulary));
  for (Token i = 0; i < vocabulary; ++i) {
    const Token token = (first + i) % vocabulary;
    if (s.allowed(token)) {
      return token;
    }
  }
  return -1;
}

float expected_logprob(std::uint64_t history, Token token) {
  return -static_cast<float>(mix(history, static_cast<std::uint32_t>(token)) % 1000);
}

FakeExecutor::FakeExecutor(FakeOptions options) : options_(std::move(options)), random_(options_.seed) {
  const StepLimits& l = options_.limits;
  info_ = {l, options_.vocabulary, options_.end_tokens, options_.asynchronous, options_.cost.attention_parity, options_.row_tile};
  cells_.assign(static_cast<std::size_t>(l.pages) * l.page_tokens, {-1, 0xBAD});
  last_token_.assign(l.max_sequences, -1);
  counts_.assign(l.max_sequences, std::vector<std::uint32_t>(options_.vocabulary));
  page_writer_.resize(l.pages);
  page_reader_.resize(l.pages);
  for (Arrays& a : sets_) {
    const auto rows = static_cast<std::size_t>(l.max_step_tokens);
    const auto sequences = static_cast<std::size_t>(l.max_sequences);
    const auto biases = sequences * kMaxBiasesPerRow;
    for (auto* array : {&a.token, &a.position, &a.sequence}) {
      array->resize(rows);
    }
    for (auto* array : {&a.query_start, &a.context_length, &a.slot, &a.page_start, &a.logit_row, &a.reset_slot,
                        &a.result_token}) {
      array->resize(sequences + 1);
    }
    a.page.resize(sequences * l.max_pages_per_sequence());
    a.sample.resize(sequences);
    a.bias_token.resize(biases);
    a.bias_value.resize(biases);
    a.mask_words.resize(sequences * ((options_.vocabulary + 31) / 32));
    a.history_slot.resize(l.max_context + rows);
    a.history_token.resize(l.max_context + rows);
    a.result_logprob.resize(sequences);
    a.result_top_token.resize(sequences * kMaxTopLogprobs);
    a.result_top_logprob.resize(sequences * kMaxTopLogprobs);
  }
}

StepInput FakeExecutor::input(int set) {
  Arrays& a = sets_[set];
  expect(!a.launched, "input() of a set that is in flight");
  return {&a.counts,          a.token.data(),       a.position.data(), a.sequence.data(),   a.query_start.data(),
          a.context_length.data(), a.slot.data(),   a.page_start.data(), a.page.data(),     a.logit_row.data(),
          a.sample.data(),    a.bias_token.data(),  a.bias_value.data(), a.mask_words.data(), a.reset_slot.data(),
          a.history_slot.data(), a.history_token.data()};
}

void FakeExecutor::maybe_fail(const char* where) {
  if (random_.chance(options_.step_fault)) {
    throw StepFault(text("injected step fault at ", where));
  }
  if (random_.chance(options_.fatal_fault)) {
    throw std::runtime_error(text("injected fatal fault at ", where));
  }
}

void FakeExecutor::launch(int set, const StepShape& shape) {
  Arrays& a = sets_[set];
  expect(!a.launched, "launch() of a set that is in flight");
  maybe_fail("launch");
  ++launched_;
  a.launched = true;
  a.executed = false;
  a.shape = shape;
  order_.push_back(set);
  // A device may run a step at once or only when it is waited for: neither may matter.
  if (!options_.asynchronous || random_.chance(0.5)) {
    while (!order_.empty()) {
      execute(sets_[order_.front()]);
      order_.erase(order_.begin());
    }
  }
}

ExecutedStep FakeExecutor::wait(int set) {
  Arrays& a = sets_[set];
  expect(a.launched, "wait() for a set that is not in flight");
  maybe_fail("wait");
  while (!a.executed && !order_.empty()) {
    execute(sets_[order_.front()]);
    order_.erase(order_.begin());
  }
  a.launched = false;
  return {{a.result_token.data(), a.result_logprob.data(), a.result_top_token.data(), a.result_top_logprob.data()}, a.duration};
}

void FakeExecutor::reset() {
  order_.clear();
  for (Arrays& a : sets_) {
    if (!a.launched) {
      continue;
    }
    // What a failed step wrote is anybody's guess.
    for (int row = 0; row < a.counts.rows; ++row) {
      const int page = a.page[a.page_start[a.sequence[row]] + a.position[row] / options_.limits.page_tokens];
      cells_[static_cast<std::size_t>(page) * options_.limits.page_tokens + a.position[row] % options_.limits.page_tokens] = {-1, 0xBAD};
    }
    a.launched = false;
  }
}

void FakeExecutor::execute(Arrays& a) {
  check_shape(a);
  check_writers(a);
  if (!violation_.empty()) {
    a.executed = true;
    return;
  }
  for (int i = 0; i < a.counts.resets; ++i) {
    std::ranges::fill(counts_[a.reset_slot[i]], 0);
  }
  for (int i = 0; i < a.counts.history; ++i) {
    auto& counts = counts_[a.history_slot[i]];
    const std::int32_t token = a.history_token[i];
    token < 0 ? counts[~token] |= kPromptBit : ++counts[token];
  }
  const int tile = options_.cost.row_tile;
  double cost = options_.cost.step + options_.cost.row * ((tile - a.counts.rows % tile) % tile);
  for (int row = 0; row < a.counts.rows; ++row) {
    run_row(a, row);
    cost += options_.cost.row * (1 + a.position[row] / options_.cost.attention_parity);
  }
  for (int sample = 0; sample < a.counts.samples; ++sample) {
    draw(a, sample);
  }
  a.duration = static_cast<Micros>(cost * (0.97 + 0.0006 * random_.between(0, 100)));
  a.executed = true;
}

void FakeExecutor::check_shape(const Arrays& a) {
  const StepLimits& l = options_.limits;
  const StepCounts& c = a.counts;
  expect(c.rows >= 1 && c.rows <= l.max_step_tokens, "a step of ", c.rows, " rows: the budget is ", l.max_step_tokens);
  expect(c.sequences >= 1 && c.sequences <= l.max_sequences, "a step of ", c.sequences, " sequences");
  expect(c.samples <= c.sequences && c.resets <= c.sequences && c.history <= l.max_context, "more samples, resets or history than fit");
  expect(c.samples > 0 || c.resets + c.history == 0, "token counts without a sample: a step that samples nothing skips them");
  expect(a.shape.rows == c.rows && a.shape.sequences == c.sequences && a.shape.samples == c.samples, "shape and counts differ");
  expect(a.query_start[0] == 0 && a.query_start[c.sequences] == c.rows, "rows that belong to no sequence");
  std::vector<bool> used(l.max_sequences);
  for (int s = 0; s < c.sequences && violation_.empty(); ++s) {
    const int slot = a.slot[s];
    expect(slot >= 0 && slot < l.max_sequences && !used[slot], "slot ", slot, " used twice or out of range");
    if (!violation_.empty()) {
      return;
    }
    used[slot] = true;
    const int rows = a.query_start[s + 1] - a.query_start[s];
    const int pages = a.page_start[s + 1] - a.page_start[s];
    expect(rows >= 1, "a sequence without rows");
    expect(a.context_length[s] <= l.max_context && a.context_length[s] <= pages * l.page_tokens,
           "a context of ", a.context_length[s], " tokens on ", pages, " pages");
    for (int r = 0; r < rows; ++r) {
      const int row = a.query_start[s] + r;
      expect(a.sequence[row] == s && a.position[row] == a.context_length[s] - rows + r, "rows out of order");
    }
  }
}

/// A page that is written in this step is nobody else's.
void FakeExecutor::check_writers(const Arrays& a) {
  if (!violation_.empty()) {
    return;
  }
  const int tokens = options_.limits.page_tokens;
  std::ranges::fill(page_writer_, -1);
  for (int s = 0; s < a.counts.sequences; ++s) {
    const int rows = a.query_start[s + 1] - a.query_start[s];
    for (int p = (a.context_length[s] - rows) / tokens; p <= (a.context_length[s] - 1) / tokens; ++p) {
      const int page = a.page[a.page_start[s] + p];
      expect(page >= 0 && page < options_.limits.pages, "page ", page, " is out of range");
      if (!violation_.empty()) {
        return;
      }
      expect(page_writer_[page] == -1, "two sequences write page ", page);
      page_writer_[page] = s;
    }
  }
  for (int s = 0; s < a.counts.sequences; ++s) {
    for (int i = a.page_start[s]; i < a.page_start[s + 1]; ++i) {
      const int writer = page_writer_[a.page[i]];
      expect(writer == -1 || writer == s, "page ", a.page[i], " is written by one sequence and held by another");
    }
  }
}

void FakeExecutor::run_row(Arrays& a, int row) {
  const int s = a.sequence[row];
  const int position = a.position[row];
  const int tokens = options_.limits.page_tokens;
  const auto cell = [&](int t) -> Cell& {
    return cells_[static_cast<std::size_t>(a.page[a.page_start[s] + t / tokens]) * tokens + t % tokens];
  };
  Token token = a.token[row];
  if (token < 0) {
    expect(~token == a.slot[s], "a row takes another slot's token");
    token = last_token_[a.slot[s]];
  }
  expect(token >= 0 && token < options_.vocabulary, "token ", token, " is not in the vocabulary");
  // The first row of a chunk reads the whole context; the others read it and the chunk's own rows.
  std::uint64_t history = kEmptyHistory;
  if (row == a.query_start[s]) {
    for (int t = 0; t < position; ++t) {
      history = extend_history(history, cell(t).token);
      expect(history == cell(t).history, "sequence in slot ", a.slot[s], " reads KV of another prefix at position ", t);
    }
  } else {
    history = cell(position - 1).history;
  }
  cell(position) = {token, extend_history(history, token)};
}

void FakeExecutor::draw(Arrays& a, int sample) {
  const SampleRow& row = a.sample[sample];
  const int last = a.logit_row[sample];
  const int s = a.sequence[last];
  expect(row.slot == a.slot[s] && last == a.query_start[s + 1] - 1 && row.position == a.position[last] + 1, "a sample of the wrong row");
  const int tokens = options_.limits.page_tokens;
  const int position = a.position[last];
  const std::uint64_t history = cells_[static_cast<std::size_t>(a.page[a.page_start[s] + position / tokens]) * tokens + position % tokens].history;

  FakeSample input{history, row.seed, row.position, 0, {}};
  auto& counts = counts_[row.slot];
  if (has_penalties(row)) {
    for (Token t = 0; t < options_.vocabulary; ++t) {
      input.counts += counts[t] == 0 ? 0 : mix(static_cast<std::uint64_t>(t), counts[t]);
    }
  }
  const std::size_t words = (static_cast<std::size_t>(options_.vocabulary) + 31) / 32;
  input.allowed = [&](Token token) {
    if (row.mask >= 0 && (a.mask_words[row.mask * words + token / 32] >> (token % 32) & 1U) == 0) {
      return false;
    }
    for (int i = row.bias_begin; i < row.bias_end; ++i) {
      if (a.bias_token[i] == token && std::isinf(a.bias_value[i])) {
        return false;
      }
    }
    return true;
  };
  Token token = expected_token(input, options_.vocabulary);
  if (random_.chance(options_.no_sample)) {
    ++no_samples_;
    token = -1;
  }
  a.result_token[sample] = token;
  last_token_[row.slot] = std::max(token, 0);
  if (token >= 0 && has_penalties(row)) {
    ++counts[token];
  }
  a.result_logprob[sample] = expected_logprob(history, token);
  for (int i = 0; i < row.top_logprobs; ++i) {
    a.result_top_token[sample * kMaxTopLogprobs + i] = i;
    a.result_top_logprob[sample * kMaxTopLogprobs + i] = expected_logprob(history, i);
  }
}

}  // namespace nim::test
