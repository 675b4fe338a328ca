#include "scheduler/forecast.h"

#include <algorithm>

namespace nim {

void Forecast::ended(int outputs) {
  int& oldest = lengths_[count_++ % kWindow];
  sum_ += outputs - oldest;
  oldest = outputs;
}

int Forecast::rest(const Sequence& sequence) const {
  const int usual = count_ == 0 ? kUnknown : static_cast<int>(sum_ / static_cast<long>(std::min(count_, kWindow)));
  // One that has outlived what is usual is expected to go on for a quarter of it.
  return std::min(sequence.max_length - sequence.length(), std::max(usual - sequence.outputs(), usual / 4 + 1));
}

Forecast::Holder Forecast::holder_of(const Sequence& sequence) const {
  const int known = (static_cast<int>(sequence.tokens.size()) + page_tokens_ - 1) / page_tokens_;
  return {rest(sequence), std::max(static_cast<int>(sequence.pages.size()), known) - sequence.shared};
}

bool Forecast::fits(std::span<const SequencePtr> running, const Sequence& more, int pages, int available) {
  const auto grown = [this](int tokens) { return (tokens + page_tokens_ - 1) / page_tokens_; };
  holders_.assign(1, holder_of(more));
  int all = holders_[0].pages + grown(holders_[0].rest);
  int held = 0;
  for (const SequencePtr& sequence : running) {
    holders_.push_back(holder_of(*sequence));
    all += grown(holders_.back().rest);
    held += holders_.back().pages;
  }
  if (all <= available) {
    return true;  // even if nobody gives any back
  }
  // Pages of prefixes whose first owner has ended stay held.
  int sum = std::max(0, pages - available - held);
  std::ranges::sort(holders_, std::ranges::greater{}, &Holder::rest);
  int most = 0;
  for (std::size_t i = 0; i < holders_.size(); ++i) {  // when this one ends, those before it have grown as much
    sum += holders_[i].pages;
    most = std::max(most, sum + static_cast<int>(i + 1) * grown(holders_[i].rest));
  }
  return most <= pages;
}

}  // namespace nim
