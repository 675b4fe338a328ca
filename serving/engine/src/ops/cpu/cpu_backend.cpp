#include "ops/cpu/cpu_backend.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/placer.h"

namespace nim {
namespace {

constexpr std::size_t kStagingBytes = std::size_t{4} << 20;

std::size_t counts_bytes(const ModelConfig& config, const StepLimits& limits) {
  return sizeof(TokenCount) * config.vocab * limits.max_sequences;
}

/// The number that a file begins with, or `otherwise` where there is none ("max" in a control group).
std::size_t number_in(const std::string& file, std::size_t otherwise) {
  std::ifstream in(file);
  std::size_t value = 0;
  return in >> value ? value : otherwise;
}

}  // namespace

SystemMemory::SystemMemory(std::size_t bytes) : bytes_(bytes) {
  void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    fail("cannot allocate ", bytes, " bytes: ", std::strerror(errno));
  }
  madvise(data, bytes, MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(data);
}

SystemMemory::~SystemMemory() {
  if (data_ != nullptr) {
    munmap(data_, bytes_);
  }
}

SystemMemory::SystemMemory(SystemMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

SystemMemory& SystemMemory::operator=(SystemMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

std::size_t CpuBackend::free_memory() const {
  std::size_t available = SIZE_MAX;
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  std::size_t kib = 0;
  while (meminfo >> name) {
    if (name == "MemAvailable:" && meminfo >> kib) {
      available = kib * 1024;
      break;
    }
  }
  // A container's limit, as seen from inside it (control groups version 2).
  const std::size_t limit = number_in("/sys/fs/cgroup/memory.max", SIZE_MAX);
  const std::size_t used = number_in("/sys/fs/cgroup/memory.current", 0);
  return std::min(available, limit > used ? limit - used : 0);
}

std::vector<MemoryLine> CpuBackend::own_memory(const ModelConfig& config, const StepLimits& limits) const {
  return {
      {"step input, two sets", 2 * step_input_bytes(limits, config.vocab)},
      {"step results, two sets", 2 * step_result_bytes(limits)},
      {"token counts behind penalties", aligned(counts_bytes(config, limits))},
      {"workspace", aligned(workspace_bytes(config, limits))},
  };
}

std::vector<MemoryLine> CpuBackend::host_memory(const ModelConfig&, const StepLimits&) const {
  return {{"staging, until loaded", staging_count_ * kStagingBytes}};
}

std::byte* CpuBackend::allocate(const ArenaLayout& layout, const ModelConfig& config, const StepLimits& limits) {
  config_ = config;
  limits_ = limits;
  arena_ = SystemMemory(layout.bytes);
  staging_ = SystemMemory(staging_count_ * kStagingBytes);
  for (int i = 0; i < staging_count_; ++i) {
    free_staging_.push_back(i);
  }
  kv_ = arena_.data() + layout.kv_offset;
  kv_page_bytes_ = kv_page_bytes(config, limits.page_tokens);
  std::byte* own = arena_.data() + layout.own_offset;
  for (StepInput& input : input_) {
    input = place_step_input(own, limits, config.vocab);
    own += step_input_bytes(limits, config.vocab);
  }
  for (StepResult& result : result_) {
    result = place_step_result(own, limits);
    own += step_result_bytes(limits);
  }
  counts_ = reinterpret_cast<TokenCount*>(own);
  workspace_ = own + aligned(counts_bytes(config, limits));
  last_token_.assign(limits.max_sequences, 0);
  sample_scratch_.resize(threads());
  for (SampleScratch& scratch : sample_scratch_) {
    scratch.values.reserve(config.vocab);
  }
  return arena_.data();
}

Staging CpuBackend::acquire_staging() {
  std::unique_lock lock(staging_mutex_);
  staging_free_.wait(lock, [this] { return !free_staging_.empty(); });
  const int index = free_staging_.back();
  free_staging_.pop_back();
  return {staging_.data() + index * kStagingBytes, kStagingBytes, index};
}

void CpuBackend::release_staging(Staging staging) {
  {
    const std::lock_guard lock(staging_mutex_);
    free_staging_.push_back(staging.index);
  }
  staging_free_.notify_one();
}

void CpuBackend::store_floats(float* device, const float* host, std::size_t count) {
  std::memcpy(device, host, count * sizeof(float));
}

void CpuBackend::finish_load() {
  free_staging_.clear();
  staging_ = SystemMemory();
}

StepInput CpuBackend::host_input(int set) { return input_[set]; }

void CpuBackend::begin_step(int set, const StepShape&) { current_ = set; }

void CpuBackend::run(const StepShape& shape, const std::function<void(const StepShape&)>& launch) { launch(shape); }

void CpuBackend::end_step(int) {}

StepResult CpuBackend::wait(int set) { return result_[set]; }

void CpuBackend::read(void* host, const void* device, std::size_t bytes) { std::memcpy(host, device, bytes); }

int CpuBackend::token(int row) const {
  const int token = step().token[row];
  return token >= 0 ? token : last_token_[~token];
}

}  // namespace nim
