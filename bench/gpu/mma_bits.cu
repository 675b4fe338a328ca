// What mma.sync m16n8k16 gives on this GPU for random rows, as bits: the table that tests/cuda/mma_bits_test.cpp holds the
// model of src/cuda/mma_model.h against, where there is no GPU.
//   mma_bits > serving/engine/tests/cuda/mma_bits_<gpu>.txt
// A line a sum: 16 bf16 of a, 16 of b, the accumulator and the result, in hexadecimal.
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "base/bf16.h"
#include "cuda/ptx.cuh"
#include "device.cuh"

namespace {

using nim::bf16;

constexpr int kRows = 16, kColumns = 8, kInner = 16;
constexpr int kTiles = 32;

struct Tile {
  bf16 a[kRows][kInner];
  bf16 b[kColumns][kInner];  // a column of the product a row
  float c[kRows][kColumns];
};

__device__ std::uint32_t pair(const bf16* p) {
  std::uint32_t bits;
  memcpy(&bits, p, sizeof bits);
  return bits;
}

/// PTX ISA, "Matrix fragments for mma.m16n8k16": lane l holds rows l / 4 and l / 4 + 8 of a and c, and column l / 4 of b.
__global__ void multiply(Tile* tiles) {
  Tile& t = tiles[blockIdx.x];
  const int row = int(threadIdx.x) / 4, column = 2 * (int(threadIdx.x) % 4);
  const uint4 a = {pair(&t.a[row][column]), pair(&t.a[row + 8][column]), pair(&t.a[row][column + 8]),
                   pair(&t.a[row + 8][column + 8])};
  float d[4] = {t.c[row][column], t.c[row][column + 1], t.c[row + 8][column], t.c[row + 8][column + 1]};
  nim::cuda::ptx::mma(d, a, pair(&t.b[row][column]), pair(&t.b[row][column + 8]));
  t.c[row][column] = d[0], t.c[row][column + 1] = d[1], t.c[row + 8][column] = d[2], t.c[row + 8][column + 1] = d[3];
}

/// Values of like size, of very different sizes, with zeros and with large terms that cancel: a tile of each in turn.
Tile random_tile(std::mt19937_64& random, int kind) {
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> exponent(-30, 30);
  const auto value = [&] {
    const float plain = normal(random);
    return kind == 1 ? std::ldexp(plain, exponent(random)) : kind == 2 && random() % 3 == 0 ? 0.0F : plain;
  };
  Tile t;
  for (auto& row : t.a) {
    for (bf16& x : row) x = nim::to_bf16(value());
  }
  for (auto& column : t.b) {
    for (bf16& x : column) x = nim::to_bf16(value());
  }
  for (auto& row : t.c) {
    for (float& x : row) x = value() * (kind == 3 ? 1e4F : 4.0F);
  }
  if (kind == 3) {
    for (auto& row : t.a) {
      row[9] = nim::to_bf16(1e4F);
      row[2] = nim::to_bf16(-1e4F);
    }
    for (auto& column : t.b) {
      column[2] = column[9];
    }
  }
  return t;
}

void print(const bf16 (&values)[kInner]) {
  for (const bf16& value : values) {
    std::uint16_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    std::printf("%04x", bits);
  }
  std::printf(" ");
}

}  // namespace

int main() {
  std::mt19937_64 random(20261121);
  std::vector<Tile> before;
  for (int i = 0; i < kTiles; ++i) {
    before.push_back(random_tile(random, i % 4));
  }
  Tile* const tiles = bench::allocate<Tile>(kTiles);
  bench::check(cudaMemcpy(tiles, before.data(), kTiles * sizeof(Tile), cudaMemcpyHostToDevice), "upload");
  multiply<<<kTiles, 32>>>(tiles);
  std::vector<Tile> after(kTiles);
  bench::check(cudaMemcpy(after.data(), tiles, kTiles * sizeof(Tile), cudaMemcpyDeviceToHost), "download");
  for (int i = 0; i < kTiles; ++i) {
    for (int row = 0; row < kRows; ++row) {
      const int column = (row + i) % kColumns;
      print(before[i].a[row]);
      print(before[i].b[column]);
      std::printf("%08x %08x\n", std::bit_cast<std::uint32_t>(before[i].c[row][column]),
                  std::bit_cast<std::uint32_t>(after[i].c[row][column]));
    }
  }
}
