#include <algorithm>
#include <cctype>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "checkpoint_writer.h"

namespace nim::tools {
namespace {

struct Preset {
  const char* name;
  std::function<void(ModelConfig&)> set;
};

void size(ModelConfig& c, int layers, int hidden, int intermediate, int heads, int kv_heads, int head_dim, int vocab, int context) {
  c.layers = layers;
  c.hidden = hidden;
  c.intermediate = intermediate;
  c.heads = heads;
  c.kv_heads = kv_heads;
  c.head_dim = head_dim;
  c.vocab = vocab;
  c.max_context = context;
  c.window.assign(layers, 0);
}

void llama3(ModelConfig& c, double factor, int original) {
  c.architecture = "LlamaForCausalLM";
  c.rope.theta = 500000;
  c.rope.scaling = RopeConfig::Scaling::Llama3;
  c.rope.llama3 = {factor, 1, 4, original};
}

void mistral(ModelConfig& c, int window) {
  c.architecture = "MistralForCausalLM";
  c.window.assign(c.layers, window);
}

void qwen2(ModelConfig& c) {
  c.architecture = "Qwen2ForCausalLM";
  c.norm_epsilon = 1e-6F;
  c.rope.theta = 1e6;
  c.qkv_bias = true;
}

void qwen3(ModelConfig& c) {
  c.architecture = "Qwen3ForCausalLM";
  c.norm_epsilon = 1e-6F;
  c.rope.theta = 1e6;
  c.qk_norm = true;
}

// Sizes from the config.json files of the models' repositories on huggingface.co. The tiny ones are ragged on purpose: widths
// that fill no vector register, and a long wavelength so that scaling matters.
const Preset kPresets[] = {
    {"llama-3.1-8b", [](ModelConfig& c) { size(c, 32, 4096, 14336, 32, 8, 128, 128256, 131072), llama3(c, 8, 8192); }},
    {"llama-3.2-1b", [](ModelConfig& c) { size(c, 16, 2048, 8192, 32, 8, 64, 128256, 131072), llama3(c, 32, 8192), c.tied_head = true; }},
    {"mistral-7b", [](ModelConfig& c) { size(c, 32, 4096, 14336, 32, 8, 128, 32000, 32768), mistral(c, 4096); }},
    {"qwen2.5-0.5b", [](ModelConfig& c) { size(c, 24, 896, 4864, 14, 2, 64, 151936, 32768), qwen2(c), c.tied_head = true; }},
    {"qwen3-0.6b", [](ModelConfig& c) { size(c, 28, 1024, 3072, 16, 8, 128, 151936, 40960), qwen3(c), c.tied_head = true; }},
    {"tiny-llama", [](ModelConfig& c) { size(c, 2, 72, 200, 6, 2, 12, 301, 1024), llama3(c, 8, 64); }},
    {"tiny-mistral", [](ModelConfig& c) { size(c, 2, 64, 112, 4, 2, 32, 256, 1024), mistral(c, 19); }},
    {"tiny-qwen2", [](ModelConfig& c) { size(c, 2, 96, 160, 6, 1, 16, 257, 1024), qwen2(c), c.tied_head = true; }},
    {"tiny-qwen3", [](ModelConfig& c) { size(c, 3, 64, 96, 4, 4, 40, 311, 1024), qwen3(c); }},
};

}  // namespace

ModelConfig preset(const std::string& name) {
  for (const Preset& each : kPresets) {
    if (name == each.name) {
      ModelConfig config;
      each.set(config);
      return config;
    }
  }
  std::string all;
  for (const std::string& each : preset_names()) {
    all += (all.empty() ? "" : ", ") + each;
  }
  fail("shape '", name, "' is not known: use one of ", all);
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& each : kPresets) {
    names.emplace_back(each.name);
  }
  return names;
}

namespace {

/// As transformers writes it: "llama" for LlamaForCausalLM.
std::string model_type(const std::string& architecture) {
  std::string type = architecture.substr(0, architecture.find("ForCausalLM"));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

}  // namespace

std::string config_json(const ModelConfig& c, DType dtype) {
  std::ostringstream out;
  out.precision(9);
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  out << "{\n  \"architectures\": [\"" << c.architecture << "\"],\n  \"model_type\": \"" << model_type(c.architecture)
      << "\",\n  \"hidden_act\": \"silu\""
      << ",\n  \"num_hidden_layers\": " << c.layers << ",\n  \"hidden_size\": " << c.hidden
      << ",\n  \"intermediate_size\": " << c.intermediate << ",\n  \"num_attention_heads\": " << c.heads
      << ",\n  \"num_key_value_heads\": " << c.kv_heads << ",\n  \"head_dim\": " << c.head_dim
      << ",\n  \"vocab_size\": " << c.vocab << ",\n  \"max_position_embeddings\": " << c.max_context
      << ",\n  \"rms_norm_eps\": " << c.norm_epsilon << ",\n  \"rope_theta\": " << c.rope.theta
      << ",\n  \"tie_word_embeddings\": " << flag(c.tied_head) << ",\n  \"torch_dtype\": \""
      << (dtype == DType::BF16 ? "bfloat16" : dtype == DType::F16 ? "float16" : "float32") << "\"";
  if (c.rope.scaling == RopeConfig::Scaling::Llama3) {
    out << ",\n  \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": " << c.rope.llama3.factor
        << ", \"low_freq_factor\": " << c.rope.llama3.low_freq_factor
        << ", \"high_freq_factor\": " << c.rope.llama3.high_freq_factor
        << ", \"original_max_position_embeddings\": " << c.rope.llama3.original_max_position_embeddings << "}";
  }
  if (c.o_bias) {
    out << ",\n  \"attention_bias\": true";
  }
  if (!c.window.empty() && c.window[0] > 0) {
    out << ",\n  \"sliding_window\": " << c.window[0];
  }
  if (!c.eos_tokens.empty()) {
    out << ",\n  \"eos_token_id\": " << c.eos_tokens[0];
  }
  out << "\n}\n";
  return out.str();
}

}  // namespace nim::tools
