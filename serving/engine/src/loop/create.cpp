// From a folder to a running engine: read what the model is, plan every byte, load, start.
#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "loop/model_executor.h"
#include "loop/validate.h"
#include "model/checkpoint.h"
#include "nim/engine.h"
#include "ops/backends.h"

namespace nim {
namespace {

class Phases {
 public:
  explicit Phases(const PhaseCallback& callback) : callback_(callback) {}

  void end(std::string_view phase) {
    const Clock::time_point now = Clock::now();
    if (callback_) {
      callback_(phase, std::chrono::duration<double>(now - began_).count());
    }
    began_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const PhaseCallback& callback_;
  Clock::time_point began_ = Clock::now();
};

Checkpoint open_checked(const EngineOptions& options) {
  Checkpoint checkpoint = open_checkpoint(options.model);
  if (options.max_context > checkpoint.config.max_context) {
    fail("max_context is ", options.max_context, ": the model of ", options.model, " was made for ",
         checkpoint.config.max_context, " tokens; give at most that");
  }
  return checkpoint;
}

std::size_t budget_of(const EngineOptions& options, const Ops& ops) {
  return options.memory_bytes != 0 ? options.memory_bytes : ops.free_memory();
}

std::uint64_t parameters_of(const ModelConfig& config) {
  std::uint64_t sum = 0;
  for (const auto& [name, shape] : tensor_shapes(config)) {
    sum += std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>{});
  }
  return sum;
}

std::vector<ModelPlan::Line> lines_of(const std::vector<MemoryLine>& lines) {
  std::vector<ModelPlan::Line> result;
  for (const MemoryLine& line : lines) {
    result.push_back({line.name, line.bytes});
  }
  return result;
}

}  // namespace

ModelPlan inspect(const EngineOptions& options) {
  StepLimits limits = step_limits(options);
  const ModelConfig config = open_checked(options).config;
  const BackendMemory backend = memory_of_backend(options.backend, options.threads);
  const std::size_t budget = options.memory_bytes != 0 ? options.memory_bytes : backend.free_bytes;
  if (options.memory_bytes == 0 && !backend.here) {
    fail("backend is \"", options.backend, "\", a GPU that is not asked what it has free: give the memory to plan for, such as 22GiB");
  }
  ModelPlan result{
      .architecture = config.architecture,
      .layers = config.layers,
      .hidden = config.hidden,
      .heads = config.heads,
      .kv_heads = config.kv_heads,
      .head_dim = config.head_dim,
      .vocabulary = config.vocab,
      .max_context = 0,
      .parameters = parameters_of(config),
      .backend = backend.description,
      .lines = {},
      .host_lines = {},
      .page_bytes = 0,
      .pages = 0,
      .free_bytes = budget,
      .fits = true,
  };
  // What one sequence of the asked context needs tells whether anything fits.
  StepLimits least = limits;
  least.max_context = limits.max_context == 0 ? std::min(config.max_context, limits.page_tokens) : limits.max_context;
  least.pages = least.max_pages_per_sequence();
  MemoryPlan plan = plan_memory(config, *backend.memory, least, std::numeric_limits<std::size_t>::max());
  result.fits = plan.bytes() <= budget;
  if (result.fits) {
    plan = plan_memory(config, *backend.memory, limits, budget);
  }
  result.max_context = plan.limits.max_context;
  result.lines = lines_of(plan.arena);
  result.host_lines = lines_of(plan.host);
  result.page_bytes = plan.kv_page_bytes;
  result.pages = plan.limits.pages;
  return result;
}

std::unique_ptr<Engine> Engine::create(const EngineOptions& options, StepCallback callback, const PhaseCallback& on_phase,
                                       const std::function<void(std::string_view)>& on_plan) {
  Phases phases(on_phase);
  const StepLimits limits = step_limits(options);
  const Checkpoint checkpoint = open_checked(options);
  phases.end("checkpoint");
  Backend backend = make_backend(options.backend, options.threads);
  phases.end("backend");
  const MemoryPlan plan = plan_memory(checkpoint.config, *backend.ops, limits, budget_of(options, *backend.ops));
  if (on_plan) {
    on_plan("on " + backend.ops->describe() + "\n" + plan.table());
  }
  phases.end("plan");
  LoadedModel loaded = load_model(checkpoint, *backend.ops, plan);
  phases.end("weights");
  auto executor = std::make_unique<ModelExecutor>(std::move(backend.ops), std::move(loaded), backend.asynchronous);
  auto engine = std::make_unique<Engine>(options, std::move(executor), std::move(callback));
  phases.end("start");
  return engine;
}

}  // namespace nim
