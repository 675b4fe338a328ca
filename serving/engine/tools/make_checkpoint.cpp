// Writes a generated checkpoint:
//   make-checkpoint <shape> <folder> [--seed N] [--planted] [--dtype bf16|f16|f32] [--shard-bytes N] [--eos N]
#include <chrono>
#include <iostream>
#include <string>

#include "base/error.h"
#include "checkpoint_writer.h"
#include "program.h"

namespace {

void run(int count, char** arguments) {
  using namespace nim;
  if (count < 3) {
    std::string names;
    for (const std::string& name : tools::preset_names()) {
      names += " " + name;
    }
    fail("usage: make-checkpoint <shape> <folder> [--seed N] [--planted] [--dtype bf16|f16|f32] [--shard-bytes N] [--eos N]\n"
         "shapes:", names);
  }
  ModelConfig config = tools::preset(arguments[1]);
  tools::CheckpointOptions options;
  for (int i = 3; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--planted") {
      options.planted = true;
      config.tied_head = false;
      continue;
    }
    const std::string value = i + 1 < count ? arguments[++i] : "";
    if (name == "--seed") {
      options.seed = std::stoull(value);
    } else if (name == "--shard-bytes") {
      options.shard_bytes = std::stoull(value);
    } else if (name == "--eos") {
      config.eos_tokens = {std::stoi(value)};
    } else if (name == "--dtype" && (value == "bf16" || value == "f16" || value == "f32")) {
      options.dtype = value == "bf16" ? DType::BF16 : value == "f16" ? DType::F16 : DType::F32;
    } else {
      fail("argument '", name, " ", value, "' is not known");
    }
  }
  const auto start = std::chrono::steady_clock::now();
  tools::write_checkpoint(arguments[2], config, options);
  std::cout << arguments[2] << ": " << arguments[1] << (options.planted ? ", planted" : ", random") << ", seed " << options.seed
            << ", " << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << " s\n";
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] {
    run(count, arguments);
    return 0;
  });
}
