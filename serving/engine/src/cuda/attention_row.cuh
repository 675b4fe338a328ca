// What a decode brings to its attention: its row of q, k and v, straight from the product that made it. The attention kernels of
// decodes rotate it (rope.cuh) and put the new key and value to their page themselves; nothing of the pages that they read then
// depends on the kernel before.
#pragma once

#include "cuda/attention.cuh"

namespace nim::cuda {

/// A thread's share of a new row, for one kv head and chunk of 8 q heads of its group: 8 dimensions of a q head or, where the block
/// has the newest `key`, of the key, and the 8 that they are rotated with; or 8 of the value.
template <int kDim>
struct RowPiece {
  static constexpr int kPieces = kDim / 16;  ///< of a rotated head, a thread each
  enum Kind { kNone, kQuery, kKey, kValue } kind;
  int head;  ///< q head of the chunk
  int piece;
  uint4 low, high;
  const float2* turn;

  /// Whatever is read of memory.
  __device__ __forceinline__ void load(const Attention& a, int row, int position, int kv_head, int chunk, bool key) {
    const int heads = a.layout.kv_heads * a.group;
    const int q_heads = min(kDecodeHeads, a.group - chunk * kDecodeHeads);
    const auto* const panels = reinterpret_cast<const uint4*>(a.qkv) + row;
    head = int(threadIdx.x) / kPieces;
    piece = threadIdx.x % kPieces;
    kind = head < q_heads ? kQuery : !key ? kNone : head == q_heads ? kKey : head < q_heads + 3 ? kValue : kNone;
    if (kind == kNone) {
      return;
    }
    if (kind == kValue) {
      piece += (head - q_heads - 1) * kPieces;
      low = panels[std::size_t((heads + a.layout.kv_heads + kv_head) * (kDim / 8) + piece) * a.rows];
      return;
    }
    const int from = kind == kKey ? heads + kv_head : kv_head * a.group + chunk * kDecodeHeads + head;
    low = panels[std::size_t(from * (kDim / 8) + piece) * a.rows];
    high = panels[std::size_t(from * (kDim / 8) + piece + kPieces) * a.rows];
    turn = a.rotation.table + std::size_t(position) * (kDim / 2) + piece * 8;
    ptx::prefetch_near(turn);
  }

  /// To put_query(head of the chunk, dimension, 8 values), put_key and put_value(dimension, 8 values).
  template <typename PutQuery, typename PutKey, typename PutValue>
  __device__ __forceinline__ void rotate_and_put(const Attention& a, const PutQuery& put_query, const PutKey& put_key,
                                                 const PutValue& put_value) {
    if (kind == kNone) {
      return;
    }
    if (kind == kValue) {
      put_value(piece * 8, low);
      return;
    }
    norm_and_rotate(low, high, kind == kKey ? a.rotation.k_norm : a.rotation.q_norm, a.rotation.epsilon, piece, kPieces, turn);
    if (kind == kQuery) {
      put_query(head, piece * 8, low);
      put_query(head, piece * 8 + kDim / 2, high);
    } else {
      put_key(piece * 8, low);
      put_key(piece * 8 + kDim / 2, high);
    }
  }
};

/// By kDim threads: a new key and value to their place among 16 tokens of a head, on their page or a copy of it.
template <int kDim>
__device__ __forceinline__ void put_token(std::byte* keys, std::byte* values, int token, const void* key, const void* value) {
  const int dim = threadIdx.x;
  const int half = token / 8 * (kDim * 16);
  if (dim < kDim) {
    reinterpret_cast<uint16_t*>(values + half + dim / 8 * 128 + dim % 8 * 16)[token % 8] = static_cast<const uint16_t*>(value)[dim];
    if (dim < kDim / 8) {
      *reinterpret_cast<uint4*>(keys + half + dim * 128 + token % 8 * 16) = static_cast<const uint4*>(key)[dim];
    }
  }
}

}  // namespace nim::cuda
