// Every family against Hugging Face transformers: tests/golden holds small random checkpoints, and what transformers computed
// with them in float32 (make.py). The engine rounds activations to bf16, so it comes close and not equal: about 0.7% after a layer, the same for all families.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "model/safetensors.h"
#include "ops/cpu/cpu_ops.h"
#include "support/stepper.h"

namespace nim {
namespace {

const std::filesystem::path kGolden = NIM_TESTS_FOLDER "/golden";

/// A tensor of a golden file, as floats.
std::vector<float> golden(const std::string& model, const std::string& name) {
  const File file((kGolden / model / "golden.safetensors").string());
  const TensorInfo tensor = read_safetensors_header(file).at(name);
  std::vector<char> bytes(tensor.bytes);
  file.read(bytes.data(), bytes.size(), tensor.offset);
  std::vector<float> values;
  const auto as = [&]<typename T>(T value) {
    for (std::size_t i = 0; i < bytes.size(); i += sizeof value) {
      std::memcpy(&value, bytes.data() + i, sizeof value);
      values.push_back(static_cast<float>(value));
    }
  };
  tensor.dtype == "F32" ? as(float{}) : tensor.dtype == "I32" ? as(std::int32_t{}) : as(std::int64_t{});
  return values;
}

/// What enters each layer: transformers' hidden states.
class Hidden : public Probe {
 public:
  void see(const char*, int, const bf16*, int, int) override {}
  void see(const char* name, int layer, const float* values, int rows, int columns) override {
    const std::string_view what = name;
    if (what == "embedding" || what == "layer") {
      states[layer + 1].assign(values, values + static_cast<std::size_t>(rows) * columns);
    }
  }
  std::map<int, std::vector<float>> states;
};

/// Root of the mean squared difference, relative to the reference's.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return a.size() == b.size() && size > 0 ? std::sqrt(difference / size) : INFINITY;
}

std::vector<std::pair<std::string, std::string>> cases() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.is_directory()) {
      all.emplace_back(entry.path().filename().string(), "reference");
      all.emplace_back(entry.path().filename().string(), cpu_isas().back());
      all.emplace_back(entry.path().filename().string(), "portable");
    }
  }
  std::ranges::sort(all);
  return all;
}

class Golden : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Golden, HiddenStatesAndLogitsAreTransformers) {
  const auto& [model, backend] = GetParam();
  StepLimits limits{.max_sequences = 64, .max_step_tokens = 64, .max_context = 128, .page_tokens = 16, .pages = 16};
  Stepper stepper(backend == "reference" ? make_reference_ops() : make_cpu_ops(2, backend), (kGolden / model).string(), limits);
  const std::vector<float> tokens = golden(model, "tokens");
  const int length = static_cast<int>(tokens.size());
  stepper.add_sequence(0, {tokens.begin(), tokens.end()});
  Hidden hidden;
  const auto logits = stepper.step({{0, length}}, true, &hidden);

  for (int layer = 0; layer < stepper.config().layers; ++layer) {
    EXPECT_LT(distance(hidden.states[layer], golden(model, text("hidden.", layer))), 12e-3) << "entering layer " << layer;
  }
  std::vector<float> all;
  for (const auto& [key, row] : logits) {
    all.insert(all.end(), row.begin(), row.end());
  }
  EXPECT_LT(distance(all, golden(model, "logits")), 2e-2);
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.first + "_" + info.param.second;
  std::ranges::replace_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace nim
