// The threaded SIMD backend. One layout for all instruction sets (kernels.h), one table of inner loops for each.
#pragma once

#include <string>
#include <vector>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/simd/kernels.h"
#include "ops/cpu/simd/kv_layout.h"
#include "ops/cpu/simd/thread_pool.h"

namespace nim::simd {

class SimdOps final : public CpuBackend {
 public:
  SimdOps(const std::string& isa, int threads);

  std::string describe() const override;
  std::size_t matrix_bytes(int out, int in, bool gated) const override;
  std::size_t kv_page_bytes(const ModelConfig&, int page_tokens) const override;
  std::byte* allocate(const ArenaLayout&, const ModelConfig&, const StepLimits&) override;
  void store_rows(const Matrix&, int first_row, int rows, Staging) override;
  void begin_step(int set, const StepShape&) override;

  void embed(float* residual, const Matrix& embedding, int rows) override;
  void rms_norm(bf16* out, const float* residual, const float* weight, int rows) override;
  void rms_norm_samples(bf16* out, const float* residual, const float* weight, int samples) override;
  void matmul(bf16* out, const bf16* x, const Matrix& w, int rows) override;
  void matmul_add(float* residual, const bf16* x, const Matrix& w, int rows) override;
  void silu_gate(bf16* out, const bf16* x, const Matrix& w, int rows) override;
  void matmul_logits(float* logits, const bf16* x, const Matrix& w, int samples) override;

 protected:
  std::size_t workspace_bytes(const ModelConfig&, const StepLimits&) const override;
  void for_each(int count, const std::function<void(int item, int thread)>& work) override { pool_.parallel(count, work); }
  void rope_and_store(int layer, bf16* qkv, const Rotary&) override;
  void attend(int layer, bf16* out, const bf16* qkv, int window, const StepShape&) override;
  int threads() const override { return pool_.threads(); }

 private:
  /// Consecutive rows of one sequence.
  struct Run {
    int sequence;
    int row;
    int rows;
  };
  /// What one thread needs while it works on one item.
  struct Scratch {
    float* sums;       ///< a product's sums, or scores
    float* part;       ///< [query rows][dim] one split's weighted values
    float* total;      ///< [query rows][dim]
    bf16* queries;     ///< packed
    bf16* weights;     ///< packed
  };

  Scratch scratch(int thread) const;
  void attend_run(int layer, bf16* out, const bf16* qkv, int window, const Run&, int head, const Scratch&) const;
  void store_token(int layer, bf16* row, const float* cos_sin, const float* q_norm, const float* k_norm, int sequence,
                   int position) const;
  /// finish(sums, ldc, first row, rows, first panel, panels) for every part of x w^T.
  template <typename Finish>
  void product(const bf16* x, const Matrix& w, int rows, const Finish& finish);
  template <typename Work>
  void rows_in_parallel(int rows, const Work& work);

  Kernels kernels_;
  ThreadPool pool_;
  std::vector<Run> page_runs_;   ///< rows that share a page
  std::vector<Run> query_runs_;  ///< rows that attention takes together
};

}  // namespace nim::simd
