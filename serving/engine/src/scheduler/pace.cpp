#include "scheduler/pace.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nim {
namespace {

/// Of the time that a decode's gap may grow by. What is learned is never exact, and on an H200 at its power limit a step that
/// cost 13 ms takes 14.5 now and then.
constexpr double kCaution = 0.75;
/// A step's prompts are never taken for less than this share of it, or a few cheap small chunks would promise a free large one.
constexpr double kLeastShare = 0.125;
constexpr double kDecay = 0.9;

}  // namespace

double Pace::units(int tokens, int computed) const {
  const double n = tokens;
  return n + (n * computed + n * n / 2) / parity_;
}

int Pace::tokens_within(double units, int computed) const {
  if (std::isinf(units)) {
    return std::numeric_limits<int>::max();
  }
  // The positive root of n^2 / 2 + (parity + computed) n = units * parity.
  const double b = parity_ + computed;
  return static_cast<int>(std::sqrt(b * b + 2 * units * parity_) - b);
}

double Pace::allowance(int decodes, int prompts) const {
  if (decodes == 0 || decode_count_ == 0 || units_ == 0) {
    return std::numeric_limits<double>::infinity();
  }
  const double outnumbered = std::max(1.0, static_cast<double>(prompts) / decodes);
  return kCaution * usual_step_ * outnumbered * units_ / seconds_;
}

void Pace::record(double prompt_units, Micros duration) {
  const double seconds = static_cast<double>(duration) * 1e-6;
  if (prompt_units > 0) {
    seconds_ = kDecay * seconds_ + std::max({seconds - usual_step_, kLeastShare * seconds, 1e-9});
    units_ = kDecay * units_ + prompt_units;
    return;
  }
  decode_steps_[decode_count_++ % decode_steps_.size()] = seconds;
  std::array<double, kWindow> sorted = decode_steps_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(decode_count_, kWindow));
  const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
  std::nth_element(sorted.begin(), middle, end);
  usual_step_ = *middle;
}

}  // namespace nim
