// One output of one request, and all that the scheduler knows of it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nim/engine.h"
#include "scheduler/kv_pages.h"

namespace nim {

/// Microseconds of the loop's clock.
using Micros = std::uint64_t;

/// Place in the queue: smaller is sooner. Fixed at submit(), so that nobody is overtaken without bound.
struct QueueKey {
  std::int64_t rank = 0;      ///< arrival number, moved by kHeadStart for each level of priority
  std::uint64_t arrival = 0;  ///< unique
  auto operator<=>(const QueueKey&) const = default;
};
inline constexpr std::int64_t kHeadStart = 256;  ///< arrivals that a level of priority overtakes

struct Sequence {
  enum class State : std::uint8_t { kWaiting, kRunning, kFinished };

  RequestId id = 0;
  std::uint32_t index = 0;  ///< among the n of its request
  std::shared_ptr<const Request> request;
  QueueKey key;
  Micros deadline = 0;  ///< 0: none
  State state = State::kWaiting;

  std::vector<Token> tokens;      ///< prompt, then the output as far as it is known
  std::int32_t max_length = 0;    ///< of `tokens` at the end
  std::int32_t in_flight = 0;     ///< tokens sampled by launched steps, not yet known
  std::int32_t computed = 0;      ///< leading tokens whose KV launched steps have written or will
  std::int32_t cached = -1;       ///< prompt tokens found in the prefix cache at the first admission
  std::int32_t slot = -1;         ///< while running
  bool fresh = false;             ///< has not sampled in its slot: the slot's counts start anew with its first sample

  std::vector<PageId> pages;      ///< token t lies in pages[t / page_tokens]
  std::int32_t shared = 0;        ///< leading pages that were others' at admission
  std::int32_t indexed = 0;       ///< leading pages that are the prefix cache's nodes for these tokens
  std::int32_t published = 0;     ///< of these, computed
  PageId waits_for = kNoPage;     ///< promised page that another sequence is computing

  std::vector<std::uint32_t> mask;    ///< for output `mask_index`
  std::int64_t mask_index = -1;

  int prompt_length() const { return static_cast<int>(request->prompt.size()); }
  /// Tokens known or sampled.
  int length() const { return static_cast<int>(tokens.size()) + in_flight; }
  int outputs() const { return length() - prompt_length(); }
  int known_outputs() const { return outputs() - in_flight; }
  /// Tokens without KV: the last one is the row that samples.
  int remaining() const { return length() - computed; }
  /// Its slot has token counts, which start from the tokens known then.
  bool counts_tokens() const {
    const SamplingParams& s = request->sampling;
    return s.repetition_penalty != 1 || s.presence_penalty != 0 || s.frequency_penalty != 0;
  }
  int history() const { return fresh && counts_tokens() ? static_cast<int>(tokens.size()) : 0; }
  /// Another token is wanted, and nothing but its row is missing.
  bool may_sample() const { return length() < max_length && !(request->masked && mask_index != outputs()); }
};

using SequencePtr = std::shared_ptr<Sequence>;

}  // namespace nim
