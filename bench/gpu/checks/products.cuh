// Products by every kernel that takes them: against each other and the CPU model of mma, bit for bit.
#pragma once

#include "cuda/gemm_launch.h"
#include "cuda/mma_model.h"
#include "cuda/rows.cuh"
#include "expect.cuh"

namespace kernel_checks {

using namespace nim::cuda;
using nim::bf16;

using Launch = void (*)(const Stream&, const Gemm&);
struct Kernel {
  const char* name;
  Launch launch;
};

inline float mma_dot_of(const std::vector<float>& w, const float* x, int row, int in, int slices) {
  return mma_dot(&w[std::size_t(row) * in], x, in, slices);
}

inline void check_gemm(const Stream& s, int out, int in, const std::vector<int>& row_counts, Epilogue epilogue) {
  const bool gated = epilogue == Epilogue::kSiluGate;
  const auto w = random_values(std::size_t(out) * in, 0.02F);
  std::vector<bf16> w_rows(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) w_rows[i] = nim::to_bf16(w[i]);
  const int tiles = (out + 15) / 16;
  bf16* raw = upload(w_rows);
  bf16* stored = upload(std::vector<bf16>(std::size_t(tiles) * 16 * in, bf16{0x7fc0}));
  shuffle_launch(s.handle, device(stored), device(raw), 0, out, out, in, gated);
  const auto bias = random_values(tiles * 16, 1);
  float* bias_device = epilogue == Epilogue::kPanels ? upload(bias) : nullptr;
  float* partial = allocate<float>(kPartialBytes / 4);
  unsigned* claim = upload(std::vector<unsigned>(kClaims, 0));
  const int slices = k_slices(out, in);

  const int most = *std::max_element(row_counts.begin(), row_counts.end());
  const auto x = random_values(std::size_t(most) * in, 1);
  const int width = gated ? out / 2 : out;
  std::vector<float> wanted;  // [most][width], by the first kernel that computes a row
  std::vector<char> known(most, 0);
  wanted.resize(std::size_t(most) * width);

  for (int rows : row_counts) {
    const std::vector<float> part(x.begin(), x.begin() + std::size_t(rows) * in);
    bf16* x_device = upload(to_panels(part, rows, in));
    std::vector<Kernel> kernels;
    if (s.hopper && rows <= 64) kernels.push_back({"ring", gemm_ring_launch});
    if (rows <= 8) kernels.push_back({"direct", gemm_direct_launch});
    kernels.push_back({"tile", gemm_tile_launch});
    Gemm g = {device(stored), device(x_device), nullptr, bias_device, partial, claim, rows, in, width, tiles, slices, epilogue};
    if (!gated) g.out_features = out;
    if (s.hopper && gemm_batch_fits(g)) kernels.push_back({"batch", gemm_batch_launch});
    if (s.hopper && gemm_wgmma_fits(g)) kernels.push_back({"wgmma", gemm_wgmma_launch});
    for (const Kernel& kernel : kernels) {
      std::vector<float> got(std::size_t(rows) * width);
      if (epilogue == Epilogue::kPanels || gated) {
        bf16* y = upload(std::vector<bf16>(std::size_t(rows) * tiles * 16, bf16{0x7fc0}));
        g.out = y;
        kernel.launch(s, g);
        check(cudaStreamSynchronize(s.handle), kernel.name);
        const auto host = download(y, std::size_t(rows) * tiles * 16);
        for (int r = 0; r < rows; ++r)
          for (int c = 0; c < width; ++c) got[std::size_t(r) * width + c] = nim::to_float(host[panel_offset(r, c, rows)]);
        cudaFree(y);
      } else {
        float* y = upload(std::vector<float>(std::size_t(rows) * width, epilogue == Epilogue::kResidual ? 1.5F : NAN));
        g.out = y;
        kernel.launch(s, g);
        check(cudaStreamSynchronize(s.handle), kernel.name);
        got = download(y, got.size());
        cudaFree(y);
      }
      const std::string what = name(kernel.name, {out, in, rows, int(epilogue)});
      for (int r = 0; r < rows; ++r) {
        if (!known[r]) {
          std::copy_n(&got[std::size_t(r) * width], width, &wanted[std::size_t(r) * width]);
          known[r] = 1;
        }
      }
      expect(std::memcmp(got.data(), wanted.data(), got.size() * 4) == 0, what + ": bits differ from another kernel or batch");
      // Against the model of mma's bits, at random places.
      for (int i = 0; i < 40; ++i) {
        const int r = int(rng() % rows);
        const int c = int(rng() % width);
        const float* xr = &x[std::size_t(r) * in];
        float y = mma_dot_of(w, xr, c, in, slices);
        if (gated) {
          const float up = mma_dot_of(w, xr, c + width, in, slices);
          y = y / (1 + std::exp(-y)) * up;
        }
        if (bias_device) y += bias[c];
        if (epilogue == Epilogue::kResidual) y = 1.5F + y;
        const float have = got[std::size_t(r) * width + c];
        const float want = epilogue == Epilogue::kPanels ? nim::to_float(nim::to_bf16(y)) : y;
        const bool same = gated ? std::abs(have - want) <= 0.005F * std::abs(want) + 1e-6F : have == want;
        expect(same, what + name(": at", {r, c}) + " have " + std::to_string(have) + " want " + std::to_string(want));
      }
    }
    cudaFree(x_device);
  }
  cudaFree(raw), cudaFree(stored), cudaFree(partial), cudaFree(claim), cudaFree(bias_device);
}

/// A product that norms its rows itself, and the norm's kernel before the product.
inline void check_normed(const Stream& s, int out, int in, int rows, bool gated) {
  const auto w = random_values(std::size_t(out) * in, 0.02F);
  std::vector<bf16> stored(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) stored[i] = nim::to_bf16(w[i]);
  std::vector<float> x(std::size_t(rows) * in), scale(in);
  for (float& v : x) v = 3 * gauss();
  for (float& v : scale) v = 1 + 0.1F * gauss();
  bf16* room = upload(std::vector<bf16>(x.size(), bf16{0x7fc0}));
  bf16* weights = upload(stored);  // in any order
  float* residual = upload(x);
  float* scale_device = upload(scale);
  const int tiles = out / 16, width = gated ? out / 2 : out;
  Gemm g = {device(weights), device(room), nullptr, nullptr, allocate<float>(kPartialBytes / 4), upload(std::vector<unsigned>(kClaims, 0)),
            rows, in, width, tiles, k_slices(out, in), gated ? Epilogue::kSiluGate : Epilogue::kPanels};
  if (!gemm_norms(s, g)) return;
  std::vector<bf16> outs[2];
  for (int fused = 0; fused < 2; ++fused) {
    if (fused) {
      g.normed = {residual, scale_device, 1e-5F};
    } else {
      rms_norm_launch(s, device(room), residual, scale_device, 1e-5F, in, nullptr, upload(std::vector<int32_t>{rows}), rows);
    }
    bf16* y = upload(std::vector<bf16>(std::size_t(rows) * width, bf16{0x7fc0}));
    g.out = y;
    gemm(s, g);
    check(cudaStreamSynchronize(s.handle), "normed product");
    outs[fused] = download(y, std::size_t(rows) * width);
    cudaFree(y);
  }
  expect(std::memcmp(outs[0].data(), outs[1].data(), outs[0].size() * 2) == 0, name("normed product differs", {out, in, rows, gated}));
  cudaFree(weights), cudaFree(residual), cudaFree(room), cudaFree(g.partial), cudaFree(g.claim);
}

}  // namespace kernel_checks
