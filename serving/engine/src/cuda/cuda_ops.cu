// The op interface on CUDA: memory, steps and graphs. What a launch computes is in the file of its kernel.
#include "cuda/cuda_ops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/placer.h"
#include "cuda/attention.cuh"
#include "cuda/device.h"
#include "cuda/gemm_launch.h"
#include "cuda/rows.cuh"
#include "cuda/sample.cuh"
#include "cuda/staging.h"
#include "model/step_arrays.h"

namespace nim {
namespace {

using namespace cuda;

const __nv_bfloat16* on_device(const bf16* p) { return reinterpret_cast<const __nv_bfloat16*>(p); }
__nv_bfloat16* on_device(bf16* p) { return reinterpret_cast<__nv_bfloat16*>(p); }

/// Rows of a decode step are rounded up to one of these, a graph each.
int bucket_of(int rows) { return rows <= 4 ? (rows == 3 ? 4 : rows) : rows <= 64 ? round_up(rows, 8) : round_up(rows, 32); }

class CudaOps final : public Ops {
 public:
  explicit CudaOps(const CudaOptions& options)
      : options_(options), device_(open_device(options.device)), memory_(options.hopper && device_.major == 9) {
    stream_.multiprocessors = device_.multiprocessors;
    stream_.hopper = options.hopper && device_.major == 9;
    stream_.dependent_launch = device_.major >= 9;
    check(cudaStreamCreateWithFlags(&stream_.handle, cudaStreamNonBlocking), "stream");
    for (cudaEvent_t& event : ended_) {
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event");
    }
  }

  ~CudaOps() override {
    cudaStreamSynchronize(stream_.handle);
    for (auto& [key, graph] : graphs_) {
      if (graph != nullptr) {
        cudaGraphExecDestroy(graph);
      }
    }
    for (cudaEvent_t event : ended_) {
      cudaEventDestroy(event);
    }
    staging_.reset();
    cudaStreamDestroy(stream_.handle);
    cudaFreeHost(host_);
    cudaFree(arena_);
  }

  std::string describe() const override {
    return text(device_.name, ", compute capability ", device_.major, ".", device_.minor, ", ", device_.multiprocessors,
                " SMs, ", stream_.hopper ? "Hopper path (wgmma, bulk copies)" : "portable path (mma, cp.async)");
  }

  /// Hopper: up to 256 rows (gemm_batch.cu); beside fewer decodes than that a chunk of a prompt is short.
  int row_tile() const override { return stream_.hopper ? 32 : 64; }

  std::size_t free_memory() const override {
    std::size_t free = 0;
    std::size_t total = 0;
    check(cudaMemGetInfo(&free, &total), "free memory");
    return usable_bytes(free);
  }

  std::size_t matrix_bytes(int out, int in, bool gated) const override { return memory_.matrix_bytes(out, in, gated); }
  std::size_t kv_page_bytes(const ModelConfig& c, int page_tokens) const override { return memory_.kv_page_bytes(c, page_tokens); }
  std::vector<MemoryLine> own_memory(const ModelConfig& c, const StepLimits& l) const override { return memory_.own_memory(c, l); }
  std::vector<MemoryLine> host_memory(const ModelConfig& c, const StepLimits& l) const override { return memory_.host_memory(c, l); }

  std::byte* allocate(const ArenaLayout& layout, const ModelConfig& config, const StepLimits& limits) override {
    config_ = config;
    limits_ = limits;
    if (const cudaError_t status = cudaMalloc(reinterpret_cast<void**>(&arena_), layout.bytes); status != cudaSuccess) {
      std::size_t free = 0;
      std::size_t total = 0;
      cudaMemGetInfo(&free, &total);
      refuse_allocation(layout.bytes, free, total, cudaGetErrorString(status));
    }
    std::byte* own = arena_ + layout.own_offset;
    auto take = [&, lines = own_memory(config, limits), i = std::size_t{0}]() mutable {
      std::byte* const at = own;
      own += lines[i++].bytes;
      return at;
    };
    step_ = place_step_input(take(), limits, config.vocab);
    result_ = place_step_result(take(), limits);
    counts_ = reinterpret_cast<std::uint16_t*>(take());
    last_token_ = reinterpret_cast<std::int32_t*>(take());
    sample_parts_ = reinterpret_cast<SamplePart*>(take());
    processed_ = reinterpret_cast<float*>(take());
    partial_ = reinterpret_cast<float*>(take());
    attention_partial_ = reinterpret_cast<float*>(take());
    std::byte* const flags = take();
    claim_ = reinterpret_cast<unsigned*>(flags);
    finished_ = claim_ + kClaims;
    check(cudaMemset(flags, 0, CudaMemory::flag_bytes(config)), "clearing flags");
    check(cudaMemset(last_token_, 0, sizeof(std::int32_t) * limits.max_sequences), "clearing tokens");

    kv_ = reinterpret_cast<__nv_bfloat16*>(arena_ + layout.kv_offset);
    layout_ = {config.layers, config.kv_heads, config.head_dim, limits.page_tokens, limits.pages};

    const std::size_t input = step_input_bytes(limits, config.vocab);
    const std::size_t result = step_result_bytes(limits);
    check(cudaMallocHost(reinterpret_cast<void**>(&host_), 2 * (input + result)), "pinned memory");
    for (int set = 0; set < 2; ++set) {
      host_input_[set] = place_step_input(host_ + set * input, limits, config.vocab);
      host_result_[set] = place_step_result(host_ + 2 * input + set * result, limits);
    }
    staging_.emplace(device_.index);
    return arena_;
  }

  Staging acquire_staging() override { return staging_->acquire(); }
  void release_staging(Staging staging) override { staging_->release(staging); }
  void store_rows(const Matrix& w, int first_row, int rows, Staging staging) override {
    staging_->store(w, first_row, rows, staging);
  }
  void store_floats(float* device, const float* host, std::size_t count) override {
    check(cudaMemcpy(device, host, count * sizeof(float), cudaMemcpyHostToDevice), "load");
  }
  void finish_load() override {
    staging_->finish();
    staging_.reset();
    check(cudaDeviceSynchronize(), "load");
  }

  StepInput host_input(int set) override { return host_input_[set]; }

  void begin_step(int set, const StepShape& shape) override {
    const StepInput& from = host_input_[set];
    spread_ = {};
    if (shape.longest_query > 1) {
      spread_ = spread_of(from, config_.kv_heads, config_.heads / config_.kv_heads, stream_.multiprocessors,
                          static_cast<int>(memory_.spread_units(config_, limits_)));
    }
    const StepCounts& n = *from.counts;
    // The small arrays stand together, before `page`; of the others what is used travels.
    copy(step_.counts, from.counts, reinterpret_cast<std::byte*>(from.page) - reinterpret_cast<std::byte*>(from.counts));
    copy(step_.page, from.page, sizeof(std::int32_t) * n.pages);
    copy(step_.bias_token, from.bias_token, sizeof(std::int32_t) * n.biases);
    copy(step_.bias_value, from.bias_value, sizeof(float) * n.biases);
    copy(step_.history_slot, from.history_slot, sizeof(std::int32_t) * n.history);
    copy(step_.history_token, from.history_token, sizeof(std::int32_t) * n.history);
    copy(step_.mask_words, from.mask_words, sizeof(std::uint32_t) * ((config_.vocab + 31) / 32) * n.masks);
  }

  void run(const StepShape& shape, const std::function<void(const StepShape&)>& launch) override {
    if (!options_.graphs || shape.longest_query != 1) {
      launch(shape);
      return;
    }
    StepShape bucket = shape;
    bucket.rows = std::min(bucket_of(shape.rows), limits_.max_sequences);
    bucket.sequences = bucket.samples = bucket.rows;
    // The first step of a bucket runs as it is, and loads its kernels; the second is captured, once; all later ones replay.
    const auto [graph, is_new] = graphs_.try_emplace({bucket.rows, splits_fit(bucket)}, nullptr);
    if (is_new) {
      launch(bucket);
      return;
    }
    if (graph->second == nullptr) {
      cudaGraph_t captured;
      check(cudaStreamBeginCapture(stream_.handle, cudaStreamCaptureModeThreadLocal), "capture");
      launch(bucket);
      check(cudaStreamEndCapture(stream_.handle, &captured), "capture");
      check(cudaGraphInstantiate(&graph->second, captured, 0), "instantiating a graph");
      cudaGraphDestroy(captured);
    }
    check(cudaGraphLaunch(graph->second, stream_.handle), "graph");
  }

  void end_step(int set) override {
    const StepResult& to = host_result_[set];
    const std::size_t samples = host_input_[set].counts->samples;
    if (samples > 0) {
      bool top = false;
      for (std::size_t i = 0; i < samples; ++i) {
        top = top || host_input_[set].sample[i].top_logprobs > 0;
      }
      check(cudaMemcpyAsync(to.token, result_.token, sizeof(std::int32_t) * samples, cudaMemcpyDeviceToHost, stream_.handle),
            "result");
      check(cudaMemcpyAsync(to.logprob, result_.logprob, sizeof(float) * samples, cudaMemcpyDeviceToHost, stream_.handle),
            "result");
      if (top) {
        const std::size_t n = samples * kMaxTopLogprobs;
        check(cudaMemcpyAsync(to.top_token, result_.top_token, sizeof(std::int32_t) * n, cudaMemcpyDeviceToHost, stream_.handle),
              "result");
        check(cudaMemcpyAsync(to.top_logprob, result_.top_logprob, sizeof(float) * n, cudaMemcpyDeviceToHost, stream_.handle),
              "result");
      }
    }
    check(cudaEventRecord(ended_[set], stream_.handle), "event");
  }

  StepResult wait(int set) override {
    check(cudaEventSynchronize(ended_[set]), "step");
    return host_result_[set];
  }

  void read(void* host, const void* device, std::size_t bytes) override {
    check(cudaStreamSynchronize(stream_.handle), "step");
    check(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "read");
  }

  // ---- Launches.

  void embed(float* residual, const Matrix& embedding, int rows) override {
    embed_launch(stream_, residual, on_device(reinterpret_cast<const bf16*>(embedding.data)), config_.hidden, step_, last_token_,
                 rows);
  }

  void rms_norm(bf16* out, const float* residual, const float* weight, int rows) override {
    rms_norm_launch(stream_, on_device(out), residual, weight, config_.norm_epsilon, config_.hidden, nullptr,
                    &step_.counts->rows, rows);
  }

  void rms_norm_samples(bf16* out, const float* residual, const float* weight, int samples) override {
    rms_norm_launch(stream_, on_device(out), residual, weight, config_.norm_epsilon, config_.hidden, step_.logit_row,
                    &step_.counts->samples, samples);
  }

  void matmul(bf16* out, const bf16* x, const Matrix& w, int rows) override {
    multiply(out, x, w, rows, w.out, Epilogue::kPanels);
  }
  void matmul_add(float* residual, const bf16* x, const Matrix& w, int rows) override {
    multiply(residual, x, w, rows, w.out, Epilogue::kResidual);
  }
  void silu_gate(bf16* out, const bf16* x, const Matrix& w, int rows) override {
    multiply(out, x, w, rows, w.out / 2, Epilogue::kSiluGate);
  }
  void matmul_logits(float* logits, const bf16* x, const Matrix& w, int samples) override {
    multiply(logits, x, w, samples, w.out, Epilogue::kLogits);
  }

  void norm_matmul(bf16* out, const NormedRows& x, const Matrix& w, int rows) override {
    multiply_normed(out, x, w, rows, w.out, Epilogue::kPanels);
  }
  void norm_silu_gate(bf16* out, const NormedRows& x, const Matrix& w, int rows) override {
    multiply_normed(out, x, w, rows, w.out / 2, Epilogue::kSiluGate);
  }

  void attention(int layer, bf16* out, bf16* qkv, const Rotary& rotary, int window, const StepShape& shape) override {
    const Rotation rotation{reinterpret_cast<const float2*>(rotary.table), rotary.q_norm, rotary.k_norm, config_.norm_epsilon};
    Attention a{};
    a.qkv = on_device(qkv);
    a.out = on_device(out);
    a.kv = kv_;
    a.step = step_;
    a.layout = layout_;
    a.layer = layer;
    a.rows = shape.rows;
    a.group = config_.heads / config_.kv_heads;
    a.window = window;
    a.scale_log2 = static_cast<float>(1.4426950408889634 / std::sqrt(double(config_.head_dim)));
    a.partial = attention_partial_;
    a.rotation = rotation;
    a.finished = finished_;
    a.partial_units = kPartialUnits;
    a.spread = spread_;
    if (shape.longest_query == 1 && splits_fit(shape)) {
      attention_split_launch(stream_, a);
      return;
    }
    if (shape.longest_query > 1) {
      rope_launch(stream_, {a.qkv, kv_, rotation, step_, layout_, layer, config_.heads, shape.rows});
    }
    attention_decode_launch(stream_, a);
    if (shape.longest_query > 1) {
      attention_of_prompts(stream_, a, shape.sequences);
    }
  }

  void sample(float* logits, int samples) override {
    sample_launch(stream_, {logits, processed_, sample_parts_, counts_, last_token_, step_, result_, config_.vocab}, samples);
  }

 private:
  void copy(void* device, const void* host, std::size_t bytes) {
    if (bytes > 0) {
      check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_.handle), "step input");
    }
  }

  /// Whether decodes attend by splits in registers: one split for each SM at most.
  bool splits_fit(const StepShape& shape) const {
    const int units = shape.sequences * ((shape.longest_context + kSplitKeys - 1) / kSplitKeys);
    return shape.sequences <= kFewSequences && units * CudaMemory::decode_heads(config_) <= stream_.multiprocessors;
  }

  Gemm product(void* out, const bf16* x, const Matrix& w, int rows, int out_features, Epilogue epilogue) {
    return {on_device(reinterpret_cast<const bf16*>(w.data)), on_device(x), out, w.bias, partial_, claim_, rows, w.in,
            out_features, (w.out + kBlock - 1) / kBlock, k_slices(w.out, w.in), epilogue};
  }
  void multiply(void* out, const bf16* x, const Matrix& w, int rows, int out_features, Epilogue epilogue) {
    gemm(stream_, product(out, x, w, rows, out_features, epilogue));
  }
  void multiply_normed(void* out, const NormedRows& x, const Matrix& w, int rows, int out_features, Epilogue epilogue) {
    Gemm g = product(out, x.room, w, rows, out_features, epilogue);
    if (gemm_norms(stream_, g)) {
      g.normed = {x.residual, x.weight, config_.norm_epsilon};
    } else {
      rms_norm(x.room, x.residual, x.weight, rows);
    }
    gemm(stream_, g);
  }

  const CudaOptions options_;
  const Device device_;
  const CudaMemory memory_;
  Stream stream_;
  cudaEvent_t ended_[2] = {};
  ModelConfig config_;
  StepLimits limits_;
  KvLayout layout_{};
  std::byte* arena_ = nullptr;
  std::byte* host_ = nullptr;  ///< pinned
  StepInput host_input_[2] = {};
  StepResult host_result_[2] = {};
  std::optional<StagingRing> staging_;
  Spread spread_;  ///< of the step being launched
  std::map<std::pair<int, bool>, cudaGraphExec_t> graphs_;  ///< by rows, and which attention they take; null: seen once

  // In the arena.
  __nv_bfloat16* kv_ = nullptr;
  StepInput step_{};
  StepResult result_{};
  std::uint16_t* counts_ = nullptr;
  std::int32_t* last_token_ = nullptr;
  SamplePart* sample_parts_ = nullptr;
  float* processed_ = nullptr;
  float* partial_ = nullptr;
  float* attention_partial_ = nullptr;
  unsigned* claim_ = nullptr;
  unsigned* finished_ = nullptr;
};

}  // namespace

std::unique_ptr<Ops> make_cuda_ops(const CudaOptions& options) { return std::make_unique<CudaOps>(options); }

}  // namespace nim
