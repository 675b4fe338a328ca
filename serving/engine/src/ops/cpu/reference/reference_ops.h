// The reference backend: every op as plainly as it can be said, sums in double, one op a file. Matrices are row-major as in
// the checkpoint; a KV page is [layer][key, value][kv head][token][head_dim].
#pragma once

#include "ops/cpu/cpu_backend.h"

namespace nim {

class ReferenceOps final : public CpuBackend {
 public:
  ReferenceOps() : CpuBackend(4) {}

  std::string describe() const override { return "CPU reference, one thread, sums in double"; }
  std::size_t matrix_bytes(int out, int in, bool gated) const override;
  std::size_t kv_page_bytes(const ModelConfig&, int page_tokens) const override;
  void store_rows(const Matrix&, int first_row, int rows, Staging) override;

  void embed(float* residual, const Matrix& embedding, int rows) override;
  void rms_norm(bf16* out, const float* residual, const float* weight, int rows) override;
  void rms_norm_samples(bf16* out, const float* residual, const float* weight, int samples) override;
  void matmul(bf16* out, const bf16* x, const Matrix& w, int rows) override;
  void matmul_add(float* residual, const bf16* x, const Matrix& w, int rows) override;
  void silu_gate(bf16* out, const bf16* x, const Matrix& w, int rows) override;
  void matmul_logits(float* logits, const bf16* x, const Matrix& w, int samples) override;

 protected:
  void for_each(int count, const std::function<void(int item, int thread)>& work) override {
    for (int item = 0; item < count; ++item) {
      work(item, 0);
    }
  }
  void rope_and_store(int layer, bf16* qkv, const Rotary&) override;
  void attend(int layer, bf16* out, const bf16* qkv, int window, const StepShape&) override;
  int threads() const override { return 1; }

 private:
  /// Key (part 0) or value (part 1) of token `position` of the step's sequence.
  bf16* kv(int layer, int part, int sequence, int position, int head) const;
};

}  // namespace nim
