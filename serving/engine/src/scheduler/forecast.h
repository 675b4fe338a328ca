// Whether a sequence that starts now will find pages to its end. Admission by what fits at the moment would fill the memory with
// prompts whose outputs then have no room: the last are preempted, and all that was computed of them is computed again.
//
// How long an output gets is not known; what outputs have come to lately is. With that, the most pages that will be held at once
// is arithmetic: sequences give theirs back in the order of what is left of them, and until then all grow alike. A forecast that
// was too low costs what it costs without one; one that was too high, some sequences fewer at a time.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "scheduler/sequence.h"

namespace nim {

class Forecast {
 public:
  explicit Forecast(int page_tokens) : page_tokens_(page_tokens) {}

  /// A sequence ended by itself after so many tokens of output.
  void ended(int outputs);
  /// Tokens that it will still get, as far as one can tell.
  int rest(const Sequence&) const;

  /// Whether `running` and one more will get by with `pages`, of which `available` are in nobody's use.
  bool fits(std::span<const SequencePtr> running, const Sequence& more, int pages, int available);

 private:
  struct Holder {
    int rest, pages;  ///< tokens to come; pages held, those of others' prefixes not counted
  };
  Holder holder_of(const Sequence&) const;

  static constexpr std::size_t kWindow = 64;
  static constexpr int kUnknown = 1024;  ///< expected before any output has ended

  int page_tokens_;
  std::array<int, kWindow> lengths_{};  // of the last outputs
  std::size_t count_ = 0;
  long sum_ = 0;
  std::vector<Holder> holders_;  // kept for its memory
};

}  // namespace nim
