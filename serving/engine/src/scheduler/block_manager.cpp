#include "scheduler/block_manager.h"

#include <algorithm>

namespace nim {

BlockManager::BlockManager(int pages, int page_tokens, bool prefix_cache)
    : pages_(pages), cache_(pages, page_tokens), page_tokens_(page_tokens), enabled_(prefix_cache) {}

PageId BlockManager::take() {
  if (const PageId page = pages_.take(); page != kNoPage) {
    return page;
  }
  const PageId page = cache_.evict();
  if (page == kNoPage) {
    return kNoPage;
  }
  pages_.give_back(page);
  return pages_.take();
}

BlockManager::Admission BlockManager::admit(Sequence& sequence, int reserve) {
  const auto known = static_cast<int>(sequence.tokens.size());
  match_.pages.clear();
  match_.promised = kNoPage;
  if (enabled_) {
    // Not the last token: its row must run, to sample from.
    cache_.match(sequence.tokens, (known - 1) / page_tokens_, match_);
  }
  if (match_.promised != kNoPage) {
    sequence.waits_for = match_.promised;
    return Admission::kWaits;
  }
  const auto shared = static_cast<int>(match_.pages.size());
  const auto idle = static_cast<int>(std::ranges::count_if(match_.pages, [&](PageId p) { return pages_.owners(p) == 0; }));
  if (pages_for(known) - shared + idle + reserve > available()) {
    return Admission::kNoPages;
  }

  for (const PageId page : match_.pages) {
    if (pages_.owners(page) == 0) {
      cache_.set_used(page);
    }
    pages_.share(page);
  }
  sequence.pages = match_.pages;
  sequence.computed = shared * page_tokens_;
  sequence.indexed = sequence.published = sequence.shared = shared;
  while (static_cast<int>(sequence.pages.size()) < pages_for(known)) {
    sequence.pages.push_back(take());
  }
  index(sequence, known / page_tokens_);
  return Admission::kAdmitted;
}

bool BlockManager::extend(Sequence& sequence) {
  if (sequence.computed < static_cast<int>(sequence.pages.size()) * page_tokens_) {
    return true;
  }
  const PageId page = take();
  if (page == kNoPage) {
    return false;
  }
  sequence.pages.push_back(page);
  return true;
}

void BlockManager::index(Sequence& sequence, int full) {
  const std::span<const Token> tokens = sequence.tokens;
  for (; enabled_ && sequence.indexed < full; ++sequence.indexed) {
    const int i = sequence.indexed;
    const PageId page = sequence.pages[i];
    const PageId parent = i == 0 ? kNoPage : sequence.pages[i - 1];
    const auto spelled = tokens.subspan(static_cast<std::size_t>(i) * page_tokens_, page_tokens_);
    if (cache_.promise(parent, spelled, page) != page) {
      return;  // an equal page is there: what follows would hang below a page that this sequence does not hold
    }
  }
}

void BlockManager::publish(Sequence& sequence) {
  const int full = std::min<int>(sequence.computed, static_cast<int>(sequence.tokens.size())) / page_tokens_;
  index(sequence, full);
  for (; sequence.published < std::min(full, sequence.indexed); ++sequence.published) {
    cache_.mark_computed(sequence.pages[sequence.published]);
  }
}

void BlockManager::release(Sequence& sequence) {
  for (auto i = static_cast<int>(sequence.pages.size()) - 1; i >= 0; --i) {
    const PageId page = sequence.pages[i];
    if (sequence.published <= i && i < sequence.indexed) {
      cache_.remove(page);
    }
    if (pages_.release(page) > 0) {
      continue;
    }
    if (cache_.contains(page)) {
      cache_.set_idle(page);
    } else {
      pages_.give_back(page);
    }
  }
  sequence.pages.clear();
  sequence.computed = sequence.indexed = sequence.published = sequence.shared = 0;
}

void BlockManager::forget_prefixes() {
  for (PageId page = cache_.evict(); page != kNoPage; page = cache_.evict()) {
    pages_.give_back(page);
  }
}

}  // namespace nim
