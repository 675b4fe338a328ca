#include "model/memory_plan.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "base/error.h"
#include "base/placer.h"
#include "model/step_arrays.h"

namespace nim {
namespace {

std::size_t sum(const std::vector<MemoryLine>& lines) {
  std::size_t total = 0;
  for (const MemoryLine& line : lines) {
    total += line.bytes;
  }
  return total;
}

std::string mib(std::size_t bytes) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / (1 << 20) << " MiB";
  return out.str();
}

/// Lines of the arena but the KV pages, in their order there.
struct Fixed {
  std::vector<MemoryLine> weights, activations, own, host;

  Fixed(const ModelConfig& config, const OpsMemory& ops, const StepLimits& limits) {
    Model model;
    model.config = config;
    const std::size_t all = place_weights(model, ops, limits, nullptr);
    const std::size_t rope = aligned(sizeof(float) * config.head_dim * limits.max_context);
    weights = {{"weights", all - rope}, {"rotary table", rope}};
    Activations activations_of;
    activations = {{"activations", place_activations(activations_of, config, limits, nullptr)}};
    own = ops.own_memory(config, limits);
    host = ops.host_memory(config, limits);
  }
  std::size_t bytes() const { return sum(weights) + sum(activations) + sum(own) + sum(host); }
};

}  // namespace

std::size_t place_weights(Model& model, const OpsMemory& ops, const StepLimits& limits, std::byte* base) {
  const ModelConfig& c = model.config;
  Placer at(base);
  const auto matrix = [&](int out, int in, bool biased = false, bool gated = false) {
    Matrix w{out, in, gated, at.take<std::byte>(ops.matrix_bytes(out, in, gated)), nullptr};
    w.bias = biased ? at.take<float>(out) : nullptr;
    return w;
  };
  model.embedding = matrix(c.vocab, c.hidden);
  model.layers.resize(c.layers);
  for (LayerWeights& layer : model.layers) {
    layer.input_norm = at.take<float>(c.hidden);
    layer.qkv = matrix(c.qkv_width(), c.hidden, c.qkv_bias);
    layer.q_norm = c.qk_norm ? at.take<float>(c.head_dim) : nullptr;
    layer.k_norm = c.qk_norm ? at.take<float>(c.head_dim) : nullptr;
    layer.o = matrix(c.hidden, c.q_width(), c.o_bias);
    layer.post_norm = at.take<float>(c.hidden);
    layer.gate_up = matrix(2 * c.intermediate, c.hidden, false, true);
    layer.down = matrix(c.hidden, c.intermediate);
  }
  model.final_norm = at.take<float>(c.hidden);
  model.head = c.tied_head ? model.embedding : matrix(c.vocab, c.hidden);
  model.rope = at.take<float>(static_cast<std::size_t>(limits.max_context) * c.head_dim);
  return at.bytes();
}

std::size_t place_activations(Activations& a, const ModelConfig& c, const StepLimits& limits, std::byte* base) {
  const std::size_t rows = limits.max_step_tokens;
  const std::size_t samples = limits.max_sequences;
  Placer at(base);
  a.residual = at.take<float>(rows * c.hidden);
  a.normed = at.take<bf16>(rows * c.hidden);
  a.qkv = at.take<bf16>(rows * c.qkv_width());
  a.attended = at.take<bf16>(rows * c.q_width());
  a.gated = at.take<bf16>(rows * c.intermediate);
  a.selected = at.take<bf16>(samples * c.hidden);
  a.logits = at.take<float>(samples * c.vocab);
  return at.bytes();
}

MemoryPlan plan_memory(const ModelConfig& config, const OpsMemory& ops, const StepLimits& asked, std::size_t budget) {
  MemoryPlan plan;
  plan.limits = asked;
  StepLimits& limits = plan.limits;
  plan.kv_page_bytes = ops.kv_page_bytes(config, limits.page_tokens);
  if (limits.max_context == 0) {
    limits.max_context = config.max_context;
    const std::size_t fixed = Fixed(config, ops, limits).bytes();
    const std::size_t held = fixed < budget ? (budget - fixed) / plan.kv_page_bytes * limits.page_tokens : 0;
    limits.max_context = std::min<std::size_t>(config.max_context, std::max<std::size_t>(held, limits.page_tokens));
  }
  const Fixed fixed(config, ops, limits);
  const std::size_t one = limits.max_pages_per_sequence();
  const std::size_t left = fixed.bytes() < budget ? (budget - fixed.bytes()) / plan.kv_page_bytes : 0;
  const std::size_t wanted = limits.pages > 0 ? limits.pages : one;
  if (left < wanted) {
    fail("too little memory: ", mib(fixed.bytes() + wanted * plan.kv_page_bytes), " are needed (weights ",
         mib(sum(fixed.weights)), ", activations ", mib(sum(fixed.activations)), ", buffers ",
         mib(sum(fixed.own) + sum(fixed.host)), ", KV cache of ", wanted * limits.page_tokens, " tokens ",
         mib(wanted * plan.kv_page_bytes), "), ", mib(budget),
         " are there: lower the maximum context, the step's tokens or the sequences, or take a smaller model");
  }
  if (limits.pages == 0) {
    limits.pages = static_cast<int>(std::min({left, one * limits.max_sequences, std::size_t{INT32_MAX}}));
  }

  plan.arena = fixed.weights;
  plan.activations_offset = sum(fixed.weights);
  plan.arena.insert(plan.arena.end(), fixed.activations.begin(), fixed.activations.end());
  plan.layout.kv_offset = plan.activations_offset + sum(fixed.activations);
  const std::size_t kv = aligned(limits.pages * plan.kv_page_bytes);
  plan.arena.push_back({text("KV cache, ", limits.pages, " pages of ", limits.page_tokens, " tokens"), kv});
  plan.layout.own_offset = plan.layout.kv_offset + kv;
  plan.arena.insert(plan.arena.end(), fixed.own.begin(), fixed.own.end());
  plan.layout.bytes = plan.layout.own_offset + sum(fixed.own);
  plan.host = fixed.host;
  return plan;
}

std::size_t MemoryPlan::bytes() const { return sum(arena) + sum(host); }

std::string MemoryPlan::table() const {
  std::ostringstream out;
  const auto row = [&](const std::string& name, std::size_t bytes) {
    out << std::left << std::setw(44) << name << std::right << std::setw(14) << mib(bytes) << '\n';
  };
  for (const MemoryLine& line : arena) {
    row(line.name, line.bytes);
  }
  for (const MemoryLine& line : host) {
    row("host: " + line.name, line.bytes);
  }
  row("total", bytes());
  return out.str();
}

}  // namespace nim
