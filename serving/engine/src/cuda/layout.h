// Where each number lies in the CUDA backend's memory: index arithmetic alone, for host and device, checked on the CPU.
//
// Weights are stored in fragment order: blocks of 16 x 16 bf16, 512 contiguous bytes, in which the 16
// bytes of lane l are the four registers that lane l of a warp holds as the A operand of mma.m16n8k16 (PTX ISA, "Matrix
// fragments for mma.m16n8k16"). wgmma takes the same registers for A, and two of the four are the B operand for 8 of the 16
// rows. So one 16-byte load feeds every matrix instruction, without a shuffle, from global or shared memory alike.
//
// Activations lie in panels of 8 columns: [columns / 8][rows][8]. A row of a panel is 16 bytes, as ldmatrix reads it, and 8
// rows of a panel are the 128-byte core matrix of wgmma's B operand; a slice of K for all rows is one contiguous copy.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define NIM_HD __host__ __device__ __forceinline__
#else
#define NIM_HD inline
#endif

namespace nim::cuda {

inline constexpr int kBlock = 16;                       ///< rows and columns of a fragment block
inline constexpr int kBlockElements = kBlock * kBlock;  ///< 512 bytes

/// Element (row, column) of a 16 x 16 block, in elements.
NIM_HD constexpr int fragment_offset(int row, int column) {
  const int lane = (row % 8) * 4 + (column % 8) / 2;
  const int reg = row / 8 + 2 * (column / 8);
  return lane * 8 + reg * 2 + column % 2;
}

NIM_HD constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// The row of the stored matrix that holds row `row` of a [gate; up] matrix: 8 gate rows, then their 8 up rows, so that a
/// lane's accumulators hold both halves of silu(gate) * up.
NIM_HD constexpr int gated_row(int row, int out) {
  const int half = out / 2;
  const int i = row < half ? row : row - half;
  return i / 8 * 16 + i % 8 + (row < half ? 0 : 8);
}

/// Element (row, column) of a weight matrix, in elements: tiles of 16 rows, each with its blocks in the order of K.
NIM_HD constexpr std::size_t weight_offset(int row, int column, int in) {
  const std::size_t block = std::size_t(row / kBlock) * (in / kBlock) + column / kBlock;
  return block * kBlockElements + fragment_offset(row % kBlock, column % kBlock);
}

/// Element (row, column) of an activation of `rows` rows, in elements.
NIM_HD constexpr std::size_t panel_offset(int row, int column, int rows) {
  return (std::size_t(column / 8) * rows + row) * 8 + column % 8;
}

/// Slices that K is summed in, apart, before the slices are added: a function of the weight's shape alone, so that every
/// path gives the same bits. Two halve the chain of dependent instructions where an SM has few tiles of 16 rows (qkv, o,
/// down of an 8B model); with many tiles one is as fast.
NIM_HD constexpr int k_slices(int out, int in) { return out < 8192 && in % (2 * kBlock) == 0 ? 2 : 1; }

/// Keys of a split: attention sums over each split apart and folds the splits in order, however many blocks share the work.
inline constexpr int kSplitKeys = 256;
/// Keys between two updates of the running maximum within a split.
inline constexpr int kStepKeys = 64;

/// Keys and values: [layers][pages][key, value][kv_heads][page_tokens / 8][head_dim / 8] core matrices of 8 x 8, 128 contiguous
/// bytes: keys as (token, dim), values as (dim, token). wgmma takes them as its B operand where they lie, ldmatrix makes
/// fragments of them. A layer's pages lie together: what a step reads of one layer is then few pages of address space. 16
/// tokens of a head are one contiguous piece.
struct KvLayout {
  int layers, kv_heads, head_dim, page_tokens, pages;

  /// Of one page in one layer.
  NIM_HD constexpr std::size_t page_elements() const { return std::size_t(2) * kv_heads * page_tokens * head_dim; }
  NIM_HD constexpr std::size_t layer_offset(int layer) const { return std::size_t(layer) * pages * page_elements(); }
  /// First element of a head's keys (0) or values (1) in a page.
  NIM_HD constexpr std::size_t head_offset(int value, int head) const {
    return (std::size_t(value) * kv_heads + head) * page_tokens * head_dim;
  }
  NIM_HD constexpr int key_offset(int token, int dim) const {
    return (token / 8 * (head_dim / 8) + dim / 8) * 64 + token % 8 * 8 + dim % 8;
  }
  NIM_HD constexpr int value_offset(int token, int dim) const {
    return (token / 8 * (head_dim / 8) + dim / 8) * 64 + dim % 8 * 8 + token % 8;
  }
};

}  // namespace nim::cuda
