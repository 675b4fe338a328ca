// What every check of the kernels counts by, and the memory and numbers that it works on.
#pragma once

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "../device.cuh"
#include "base/bf16.h"
#include "cuda/layout.h"

namespace kernel_checks {

using namespace nim::cuda;
using bench::allocate;
using nim::bf16;

inline std::mt19937_64 rng(20261121);
inline float gauss() { return std::normal_distribution<float>()(rng); }
inline int failures = 0;
inline int checks = 0;

inline void expect(bool ok, const std::string& what) {
  ++checks;
  if (!ok) {
    std::printf("FAIL %s\n", what.c_str());
    if (++failures > 20) {
      std::exit(1);
    }
  }
}

template <typename T>
T* upload(const std::vector<T>& host) {
  T* p = allocate<T>(host.size());
  check(cudaMemcpy(p, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "upload");
  check(cudaDeviceSynchronize(), "upload");  // a copy from pageable memory may still be on its way, and streams do not wait
  return p;
}
template <typename T>
std::vector<T> download(const T* p, std::size_t n) {
  std::vector<T> host(n);
  check(cudaMemcpy(host.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost), "download");
  return host;
}
inline std::vector<float> random_values(std::size_t n, float scale) {
  std::vector<float> v(n);
  for (float& x : v) x = nim::to_float(nim::to_bf16(scale * gauss()));
  return v;
}
inline std::vector<bf16> to_panels(const std::vector<float>& x, int rows, int columns) {
  std::vector<bf16> p(x.size());
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) p[panel_offset(r, c, rows)] = nim::to_bf16(x[std::size_t(r) * columns + c]);
  return p;
}
inline __nv_bfloat16* device(bf16* p) { return reinterpret_cast<__nv_bfloat16*>(p); }

inline std::string name(const char* op, std::initializer_list<int> n) {
  std::string s = op;
  for (int i : n) s += " " + std::to_string(i);
  return s;
}

}  // namespace kernel_checks
