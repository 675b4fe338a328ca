// Arrays side by side in one block of memory: what every plan of the arena counts, and later hands out, by the same code.
#pragma once

#include <cstddef>

namespace nim {

/// Every array starts at a multiple of this many bytes from its block's base.
inline constexpr std::size_t kArrayAlignment = 256;

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + kArrayAlignment - 1) / kArrayAlignment * kArrayAlignment; }

/// Hands out consecutive arrays of a block; with a null base it only counts, and hands out null.
class Placer {
 public:
  explicit Placer(std::byte* base) : base_(base) {}

  template <typename T>
  T* take(std::size_t count) {
    std::byte* const at = base_ != nullptr ? base_ + bytes_ : nullptr;
    bytes_ += aligned(count * sizeof(T));
    return reinterpret_cast<T*>(at);
  }
  template <typename T>
  void place(T*& array, std::size_t count) {
    array = take<T>(count);
  }
  /// Bytes so far.
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* base_;
  std::size_t bytes_ = 0;
};

}  // namespace nim
