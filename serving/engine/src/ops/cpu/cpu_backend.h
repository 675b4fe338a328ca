// What both CPU backends share: arena, staging buffers, step arrays, and launches that are done at return.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "model/step_arrays.h"
#include "ops/ops.h"
#include "sampling/sampling.h"

namespace nim {

/// Pages from the system, zero, in large pages where it has them.
class SystemMemory {
 public:
  SystemMemory() = default;
  explicit SystemMemory(std::size_t bytes);
  ~SystemMemory();
  SystemMemory(SystemMemory&& other) noexcept;
  SystemMemory& operator=(SystemMemory&& other) noexcept;
  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

class CpuBackend : public Ops {
 public:
  std::size_t free_memory() const override;
  std::vector<MemoryLine> own_memory(const ModelConfig&, const StepLimits&) const override;
  std::vector<MemoryLine> host_memory(const ModelConfig&, const StepLimits&) const override;

  std::byte* allocate(const ArenaLayout&, const ModelConfig&, const StepLimits&) override;
  Staging acquire_staging() override;
  void release_staging(Staging) override;
  void store_floats(float* device, const float* host, std::size_t count) override;
  void finish_load() override;

  StepInput host_input(int set) override;
  void begin_step(int set, const StepShape&) override;
  void run(const StepShape&, const std::function<void(const StepShape&)>& launch) override;
  void end_step(int set) override;
  StepResult wait(int set) override;
  void read(void* host, const void* device, std::size_t bytes) override;

  void attention(int layer, bf16* out, bf16* qkv, const Rotary& rotary, int window, const StepShape& shape) override {
    rope_and_store(layer, qkv, rotary);
    attend(layer, out, qkv, window, shape);
  }
  void sample(float* logits, int samples) override;

 protected:
  explicit CpuBackend(int staging_buffers) : staging_count_(staging_buffers) {}

  /// Scratch of the derived backend, in the arena.
  virtual std::size_t workspace_bytes(const ModelConfig&, const StepLimits&) const { return 0; }
  /// work(item, thread) for each item, in no order; thread < threads().
  virtual void for_each(int count, const std::function<void(int item, int thread)>& work) = 0;
  virtual int threads() const = 0;
  /// The two halves of attention. q stays in qkv, rotated.
  virtual void rope_and_store(int layer, bf16* qkv, const Rotary&) = 0;
  virtual void attend(int layer, bf16* out, const bf16* qkv, int window, const StepShape&) = 0;

  const ModelConfig& config() const { return config_; }
  const StepLimits& limits() const { return limits_; }
  const StepInput& step() const { return input_[current_]; }
  StepResult& result() { return result_[current_]; }
  std::byte* kv_page(int page) const { return kv_ + static_cast<std::size_t>(page) * kv_page_bytes_; }
  std::byte* workspace() const { return workspace_; }
  /// The row's token, looked up where the step refers to the last one sampled.
  int token(int row) const;

 private:
  std::span<TokenCount> counts_of(int slot) const;
  void draw(float* logits, int sample, SampleScratch&);

  int staging_count_;
  ModelConfig config_;
  StepLimits limits_;
  SystemMemory arena_;
  SystemMemory staging_;
  std::mutex staging_mutex_;
  std::condition_variable staging_free_;
  std::vector<int> free_staging_;
  std::byte* kv_ = nullptr;
  std::size_t kv_page_bytes_ = 0;
  std::byte* workspace_ = nullptr;
  StepInput input_[2] = {};
  StepResult result_[2] = {};
  int current_ = 0;
  std::vector<std::int32_t> last_token_;
  TokenCount* counts_ = nullptr;  ///< [slots][vocab], behind the penalties
  std::vector<SampleScratch> sample_scratch_;
};

}  // namespace nim
