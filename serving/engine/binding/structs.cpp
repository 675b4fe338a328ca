#include "structs.h"

namespace nim::binding {
namespace {

std::vector<Token> read_tokens(const Fields& fields, const char* name) {
  const napi_value value = fields.get(name);
  if (value == nullptr) {
    return {};
  }
  const auto tokens = elements<std::int32_t>(fields.env(), value, name);
  return {tokens.begin(), tokens.end()};
}

napi_value lines_to_js(napi_env env, const std::vector<ModelPlan::Line>& lines) {
  napi_value array = nullptr;
  check(env, napi_create_array_with_length(env, lines.size(), &array));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const napi_value line = new_object(env);
    set(env, line, "name", to_js(env, std::string_view(lines[i].name)));
    set(env, line, "bytes", to_js(env, static_cast<double>(lines[i].bytes)));
    check(env, napi_set_element(env, array, static_cast<std::uint32_t>(i), line));
  }
  return array;
}

std::string_view name_of(Refusal::Code code) {
  switch (code) {
    case Refusal::Code::kInvalid: return "invalid";
    case Refusal::Code::kTooLong: return "too-long";
    case Refusal::Code::kQueueFull: return "queue-full";
    case Refusal::Code::kDraining: return "draining";
    case Refusal::Code::kUnhealthy: return "unhealthy";
  }
  return "invalid";
}

std::string_view name_of(Health health) {
  switch (health) {
    case Health::kReady: return "ready";
    case Health::kDraining: return "draining";
    case Health::kUnhealthy: return "unhealthy";
    case Health::kStopped: return "stopped";
  }
  return "unhealthy";
}

}  // namespace

EngineOptions read_options(napi_env env, napi_value object) {
  const Fields fields(env, object, "options");
  EngineOptions options;
  fields.read("model", options.model);
  fields.read("backend", options.backend);
  fields.read("memoryBytes", options.memory_bytes);
  fields.read("blockSize", options.block_size);
  fields.read("maxSequences", options.max_sequences);
  fields.read("maxContext", options.max_context);
  fields.read("stepTokens", options.step_tokens);
  fields.read("queueBound", options.queue_bound);
  fields.read("threads", options.threads);
  fields.read("prefixCache", options.prefix_cache);
  fields.read("overlap", options.overlap);
  fields.read("pacePrefill", options.pace_prefill);
  fields.read("forecastPages", options.forecast_pages);
  if (options.model.empty()) {
    throw TypeError("model is missing: it must be the folder of a checkpoint");
  }
  return options;
}

Request read_request(napi_env env, napi_value object) {
  const Fields fields(env, object, "request");
  Request request;
  request.prompt = read_tokens(fields, "prompt");
  fields.read("maxTokens", request.max_tokens);
  fields.read("n", request.n);
  fields.read("priority", request.priority);
  fields.read("deadlineMs", request.deadline_ms);
  fields.read("masked", request.masked);
  SamplingParams& sampling = request.sampling;
  fields.read("temperature", sampling.temperature);
  fields.read("topK", sampling.top_k);
  fields.read("topP", sampling.top_p);
  fields.read("minP", sampling.min_p);
  fields.read("repetitionPenalty", sampling.repetition_penalty);
  fields.read("presencePenalty", sampling.presence_penalty);
  fields.read("frequencyPenalty", sampling.frequency_penalty);
  fields.read("logprobs", sampling.logprobs);
  fields.read("seed", sampling.seed);
  sampling.stop_tokens = read_tokens(fields, "stopTokens");
  fields.read("ignoreEos", sampling.ignore_eos);
  fields.read("minTokens", sampling.min_tokens);

  const std::vector<Token> bias_tokens = read_tokens(fields, "logitBiasTokens");
  const napi_value bias_values = fields.get("logitBiasValues");
  const auto values = bias_values != nullptr ? elements<float>(env, bias_values, "logitBiasValues") : std::span<const float>{};
  if (bias_tokens.size() != values.size()) {
    throw TypeError("logitBiasTokens and logitBiasValues differ in length");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    sampling.logit_bias.emplace_back(bias_tokens[i], values[i]);
  }
  return request;
}

napi_value to_js(napi_env env, const Refusal& refusal) {
  const napi_value object = new_object(env);
  set(env, object, "code", to_js(env, name_of(refusal.code)));
  set(env, object, "message", to_js(env, std::string_view(refusal.message)));
  return object;
}

napi_value to_js(napi_env env, const EngineStats& stats) {
  const napi_value object = new_object(env);
  const auto figure = [&](const char* name, auto value) { set(env, object, name, to_js(env, static_cast<double>(value))); };
  set(env, object, "health", to_js(env, name_of(stats.health)));
  figure("running", stats.running);
  figure("waiting", stats.waiting);
  figure("pages", stats.pages);
  figure("pagesFree", stats.pages_free);
  figure("pagesCached", stats.pages_cached);
  figure("steps", stats.steps);
  figure("promptTokens", stats.prompt_tokens);
  figure("cachedTokens", stats.cached_tokens);
  figure("computedTokens", stats.computed_tokens);
  figure("outputTokens", stats.output_tokens);
  figure("preemptions", stats.preemptions);
  figure("faults", stats.faults);
  figure("lastStepUs", stats.last_step_us);
  figure("busyUs", stats.busy_us);
  figure("pausedUs", stats.paused_us);
  return object;
}

napi_value to_js(napi_env env, const ModelPlan& plan) {
  const napi_value object = new_object(env);
  const auto figure = [&](const char* name, auto value) { set(env, object, name, to_js(env, static_cast<double>(value))); };
  set(env, object, "architecture", to_js(env, std::string_view(plan.architecture)));
  figure("layers", plan.layers);
  figure("hidden", plan.hidden);
  figure("heads", plan.heads);
  figure("kvHeads", plan.kv_heads);
  figure("headDim", plan.head_dim);
  figure("vocabulary", plan.vocabulary);
  figure("maxContext", plan.max_context);
  figure("parameters", plan.parameters);
  set(env, object, "backend", to_js(env, std::string_view(plan.backend)));
  set(env, object, "lines", lines_to_js(env, plan.lines));
  set(env, object, "hostLines", lines_to_js(env, plan.host_lines));
  figure("pageBytes", plan.page_bytes);
  figure("pages", plan.pages);
  figure("freeBytes", plan.free_bytes);
  set(env, object, "fits", to_js(env, plan.fits));
  return object;
}

}  // namespace nim::binding
