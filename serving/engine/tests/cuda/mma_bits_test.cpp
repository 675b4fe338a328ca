// The model of the tensor cores' sums against what an H200 gave (bench/gpu/mma_bits.cu), bit for bit.
#include "cuda/mma_model.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace nim::cuda {
namespace {

constexpr int kInner = 16;

float float_of(const std::string& hexadecimal) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(hexadecimal, nullptr, 16)));
}

void read_bf16(const std::string& text, float (&values)[kInner]) {
  ASSERT_EQ(text.size(), 4U * kInner);
  for (std::size_t i = 0; i < kInner; ++i) {
    values[i] = float_of(text.substr(4 * i, 4) + "0000");
  }
}

TEST(MmaModel, GivesTheBitsOfAnH200) {
  std::ifstream table(NIM_TESTS_FOLDER "/cuda/mma_bits_h200.txt");
  int lines = 0;
  for (std::string a_text, b_text, c_text, d_text; table >> a_text >> b_text >> c_text >> d_text; ++lines) {
    float a[kInner], b[kInner];
    ASSERT_NO_FATAL_FAILURE(read_bf16(a_text, a));
    ASSERT_NO_FATAL_FAILURE(read_bf16(b_text, b));
    const float sum = mma_step(float_of(c_text), a, b);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(sum), std::bit_cast<std::uint32_t>(float_of(d_text)))
        << "line " << lines + 1 << ": " << sum << " instead of " << float_of(d_text);
  }
  EXPECT_EQ(lines, 512);
}

// What makes it another sum than IEEE's: terms far below the largest are cut, not rounded.
TEST(MmaModel, CutsWhatIsBelowTheLargestTerm) {
  float a[kInner]{}, b[kInner]{};
  a[0] = b[0] = 1;
  a[1] = 1;
  b[1] = std::ldexp(1.0F, -26);
  EXPECT_EQ(mma_step(0, a, b), 1.0F);
  EXPECT_EQ(mma_step(std::ldexp(1.0F, -26), a, b), 1.0F);
  EXPECT_EQ(mma_step(std::ldexp(3.0F, -24), a, b), 1.0F + std::ldexp(1.0F, -23));
}

TEST(MmaModel, ADotProductAddsItsSlices) {
  std::vector<float> a(64, 1), b(64, 0.5F);
  EXPECT_EQ(mma_dot(a.data(), b.data(), 64, 1), 32.0F);
  EXPECT_EQ(mma_dot(a.data(), b.data(), 64, 4), 32.0F);
}

}  // namespace
}  // namespace nim::cuda
