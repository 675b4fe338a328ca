// The index arithmetic of the CUDA backend, on the CPU.
#include "cuda/layout.h"

#include <gtest/gtest.h>

#include <vector>

namespace nim::cuda {
namespace {

/// Every offset below `count` is hit once.
template <typename Offset>
void expect_permutation(std::size_t count, int rows, int columns, Offset offset) {
  std::vector<int> hits(count, 0);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const std::size_t at = offset(row, column);
      ASSERT_LT(at, count) << row << ", " << column;
      ++hits[at];
    }
  }
  EXPECT_EQ(hits, std::vector<int>(count, 1));
}

// PTX ISA, "Matrix fragments for mma.m16n8k16", A: lane l holds rows l / 4 and l / 4 + 8, columns 2 (l % 4) and + 8.
TEST(CudaLayout, FragmentOrderIsThatOfTheAOperand) {
  for (int lane = 0; lane < 32; ++lane) {
    const int row = lane / 4;
    const int column = 2 * (lane % 4);
    const int rows[] = {row, row + 8, row, row + 8};
    const int columns[] = {column, column, column + 8, column + 8};
    for (int reg = 0; reg < 4; ++reg) {
      EXPECT_EQ(fragment_offset(rows[reg], columns[reg]), lane * 8 + reg * 2);
      EXPECT_EQ(fragment_offset(rows[reg], columns[reg] + 1), lane * 8 + reg * 2 + 1);
    }
  }
}

TEST(CudaLayout, WeightsPanelsKeysAndValuesArePermutations) {
  expect_permutation(48 * 80, 48, 80, [](int r, int c) { return weight_offset(r, c, 80); });
  expect_permutation(7 * 24, 7, 24, [](int r, int c) { return panel_offset(r, c, 7); });
  const KvLayout kv{2, 3, 64, 32, 5};
  expect_permutation(32 * 64, 32, 64, [&](int t, int d) { return kv.key_offset(t, d); });
  expect_permutation(32 * 64, 32, 64, [&](int t, int d) { return kv.value_offset(t, d); });
  EXPECT_EQ(kv.page_elements(), 2U * 3 * 32 * 64);
  EXPECT_EQ(kv.layer_offset(1), 5 * kv.page_elements());
  EXPECT_EQ(kv.head_offset(1, 2) + 32 * 64, kv.page_elements());
}

// A core matrix is 8 rows of 16 bytes, one after the other; 16 tokens of a head are one piece of memory.
TEST(CudaLayout, KeysAndValuesAreCoreMatrices) {
  const KvLayout kv{1, 1, 64, 32, 1};
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < 8; ++column) {
      EXPECT_EQ(kv.key_offset(8 + row, 40 + column) - kv.key_offset(8, 40), row * 8 + column);
      EXPECT_EQ(kv.value_offset(8 + column, 40 + row) - kv.value_offset(8, 40), row * 8 + column);
    }
  }
  for (int token = 16; token < 32; ++token) {
    for (int dim = 0; dim < 64; ++dim) {
      EXPECT_EQ(kv.key_offset(token, dim) / (16 * 64), 1);
      EXPECT_EQ(kv.value_offset(token, dim) / (16 * 64), 1);
    }
  }
}

TEST(CudaLayout, AGateAndItsUpShareALane) {
  const int out = 96;
  std::vector<int> hits(out, 0);
  for (int i = 0; i < out / 2; ++i) {
    EXPECT_EQ(gated_row(i + out / 2, out), gated_row(i, out) + 8);
    ++hits[gated_row(i, out)], ++hits[gated_row(i + out / 2, out)];
  }
  EXPECT_EQ(hits, std::vector<int>(out, 1));
}

TEST(CudaLayout, SlicesDependOnTheShapeAlone) {
  EXPECT_EQ(k_slices(4096, 14336), 2);
  EXPECT_EQ(k_slices(28672, 4096), 1);
  EXPECT_EQ(k_slices(4096, 4112), 1);  // an odd number of blocks of 16
}

}  // namespace
}  // namespace nim::cuda
