// The bits of mma.sync m16n8k16 (bf16 in, float accumulators) on Hopper, found by probing an H200: the 16 exact products and
// the accumulator are each cut toward zero to a multiple of 2^(e - 25), where e is the largest exponent among them, added,
// and the sum is cut toward zero to a float. What the GPU gave stands in tests/cuda/mma_bits_h200.txt.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nim::cuda {

/// acc + a b over 16 elements.
inline float mma_step(float acc, const float* a, const float* b) {
  // Exponents of products are sums of the operands' exponents, not normalized.
  int most = -1000;
  for (int i = 0; i < 16; ++i) {
    if (a[i] != 0 && b[i] != 0) {
      most = std::max(most, std::ilogb(a[i]) + std::ilogb(b[i]));
    }
  }
  if (acc != 0) {
    most = std::max(most, std::ilogb(acc));
  }
  if (most == -1000) {
    return 0;
  }
  double sum = 0;  // of multiples of 2^(most - 25), fewer than 2^31 of them: exact
  const double unit = std::ldexp(1.0, most - 25);
  for (int i = 0; i < 16; ++i) {
    sum += std::trunc(double(a[i]) * b[i] / unit);
  }
  sum = (sum + std::trunc(acc / unit)) * unit;
  const float nearest = static_cast<float>(sum);
  return std::abs(double(nearest)) > std::abs(sum) ? std::nextafter(nearest, 0.0F) : nearest;
}

/// A dot product of `n` (a multiple of 16) in `slices` slices, as every product of the engine sums it.
inline float mma_dot(const float* a, const float* b, int n, int slices) {
  float total = 0;
  for (int s = 0; s < slices; ++s) {
    float acc = 0;
    for (int k = s * (n / slices); k < (s + 1) * (n / slices); k += 16) {
      acc = mma_step(acc, a + k, b + k);
    }
    total = s == 0 ? acc : total + acc;
  }
  return total;
}

}  // namespace nim::cuda
