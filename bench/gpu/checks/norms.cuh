// RMSNorm against doubles, and of many rows against few.
#pragma once

#include "cuda/rows.cuh"
#include "expect.cuh"

namespace kernel_checks {

using namespace nim::cuda;
using nim::bf16;

inline void check_norm(const Stream& s, int hidden, int rows) {
  std::vector<float> x(std::size_t(rows) * hidden), w(hidden);
  for (float& v : x) v = 3 * gauss();
  for (float& v : w) v = 1 + 0.1F * gauss();
  float* xd = upload(x);
  float* wd = upload(w);
  bf16* y = upload(std::vector<bf16>(x.size(), bf16{0x7fc0}));
  auto* count = upload(std::vector<int32_t>{rows});
  rms_norm_launch(s, device(y), xd, wd, 1e-5F, hidden, nullptr, count, rows);
  check(cudaStreamSynchronize(s.handle), "norm");
  const auto got = download(y, x.size());
  double worst = 0;
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int c = 0; c < hidden; ++c) sum += double(x[std::size_t(r) * hidden + c]) * x[std::size_t(r) * hidden + c];
    for (int c = 0; c < hidden; ++c) {
      const double want = x[std::size_t(r) * hidden + c] / std::sqrt(sum / hidden + 1e-5) * w[c];
      worst = std::max(worst, std::abs(nim::to_float(got[panel_offset(r, c, rows)]) - want) / (std::abs(want) + 1e-2));
    }
  }
  expect(worst < 0.0045, name("rms_norm", {hidden, rows}) + ": relative error " + std::to_string(worst));
  if (const int few = 37; rows > few) {  // by another kernel, where there are many
    bf16* alone = upload(std::vector<bf16>(std::size_t(few) * hidden, bf16{0x7fc0}));
    rms_norm_launch(s, device(alone), xd, wd, 1e-5F, hidden, nullptr, count, few);
    check(cudaStreamSynchronize(s.handle), "norm of few rows");
    const auto same = download(alone, std::size_t(few) * hidden);
    int differ = 0;
    for (int r = 0; r < few; ++r) {
      for (int c = 0; c < hidden; ++c) differ += same[panel_offset(r, c, few)].bits != got[panel_offset(r, c, rows)].bits;
    }
    expect(differ == 0, name("rms_norm of many rows and of few differ", {hidden, rows, differ}));
    cudaFree(alone);
  }
  cudaFree(xd), cudaFree(wd), cudaFree(y);
}

}  // namespace kernel_checks
