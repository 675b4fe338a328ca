// Speed of the CPU backend on a checkpoint, beside what this machine can do: our half of bench/engine.
//   cpu-bench limits [threads] [isa]                 read bandwidth and peak arithmetic
//   cpu-bench model <folder> [threads] [isa]         decode at a context of 512, prefill of 512 tokens
// Prints one line of JSON. Bandwidth is a parallel read of 1 GiB; peak is the instruction set's multiply-add on registers.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <numeric>
#include <thread>
#include <vector>

#include "base/error.h"
#include "burn.h"
#include "model/load.h"
#include "ops/cpu/cpu_ops.h"
#include "program.h"

namespace nim {
namespace {

constexpr int kPrompt = 512;
constexpr int kDecodes = 24;
constexpr int kPrefills = 3;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void on_threads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> all;
  for (int i = 1; i < threads; ++i) {
    all.emplace_back(work, i);
  }
  work(0);
  for (std::thread& thread : all) {
    thread.join();
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double read_bandwidth(int threads) {
  constexpr std::size_t kWords = std::size_t{1} << 27;  // 1 GiB
  std::vector<std::uint64_t> memory(kWords, 1);
  double best = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<std::uint64_t> sums(threads * 16);
    const double time = seconds([&] {
      on_threads(threads, [&](int thread) {
        const std::size_t part = kWords / threads;
        sums[thread * 16] = std::accumulate(memory.begin() + thread * part, memory.begin() + (thread + 1) * part, std::uint64_t{0});
      });
    });
    if (sums[0] == 0) {
      fail("the sum is wrong");
    }
    best = std::max(best, kWords * sizeof(std::uint64_t) / time);
  }
  return best;
}

double peak(int threads, const std::string& isa) {
  const long rounds = isa == "amx" ? 300'000 : 5'000'000;
  double best = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<double> work(threads * 16);
    const double time = seconds([&] { on_threads(threads, [&](int thread) { work[thread * 16] = tools::burn(isa, rounds); }); });
    best = std::max(best, std::accumulate(work.begin(), work.end(), 0.0) / time);
  }
  return best;
}

class Bench {
 public:
  Bench(const std::string& folder, int threads, const std::string& isa) : ops_(make_cpu_ops(threads, isa)) {
    const Checkpoint checkpoint = open_checkpoint(folder);
    const StepLimits limits{.max_sequences = 1, .max_step_tokens = kPrompt, .max_context = 2 * kPrompt, .page_tokens = 16, .pages = 0};
    const MemoryPlan plan = plan_memory(checkpoint.config, *ops_, limits, ops_->free_memory());
    load_ = seconds([&] { model_ = load_model(checkpoint, *ops_, plan); });
    bytes_ = checkpoint.bytes;
  }

  void report() {
    std::vector<double> prefills;
    for (int i = 0; i < kPrefills; ++i) {
      prefills.push_back(step(0, kPrompt));
    }
    std::vector<double> decodes;
    for (int i = 0; i < kDecodes; ++i) {
      decodes.push_back(step(kPrompt + i, 1));
    }
    const ModelConfig& c = model_.model.config;
    const double layer = static_cast<double>(c.hidden) * (c.qkv_width() + c.q_width() + 3.0 * c.intermediate);
    const double head = static_cast<double>(c.vocab) * c.hidden;
    const double read = 2 * (c.layers * layer + head) + 4.0 * c.layers * c.kv_width() * (kPrompt + kDecodes / 2);
    const double attention = 2.0 * c.layers * c.q_width() * kPrompt;  // per token: half the context, two products
    const double flops = kPrompt * (2 * c.layers * layer + attention) + 2 * head;
    std::cout << "{\"engine\": \"" << ops_->describe() << "\", \"load_gb_s\": " << static_cast<double>(bytes_) / load_ / 1e9
              << ", \"decode_s\": " << median(decodes) << ", \"decode_best_s\": " << *std::ranges::min_element(decodes)
              << ", \"decode_bytes\": " << read << ", \"prefill_s\": " << median(prefills)
              << ", \"prefill_best_s\": " << *std::ranges::min_element(prefills) << ", \"prefill_flops\": " << flops
              << ", \"prompt\": " << kPrompt << "}\n";
  }

 private:
  /// `rows` tokens of the one sequence, from `position` on, and one greedy token.
  double step(int position, int rows) {
    StepInput in = ops_->host_input(set_);
    *in.counts = {};
    in.counts->rows = rows;
    in.counts->sequences = in.counts->samples = 1;
    for (int i = 0; i < rows; ++i) {
      in.token[i] = rows == 1 ? ~0 : (position + i) * 7919 % model_.model.config.vocab;
      in.position[i] = position + i;
      in.sequence[i] = 0;
    }
    const int pages = (position + rows + 15) / 16;
    in.query_start[0] = in.page_start[0] = in.slot[0] = 0;
    in.query_start[1] = rows;
    in.page_start[1] = in.counts->pages = pages;
    in.context_length[0] = position + rows;
    std::iota(in.page, in.page + pages, 0);
    in.logit_row[0] = rows - 1;
    in.sample[0] = {};
    in.sample[0].top_p = in.sample[0].repetition_penalty = 1;
    in.sample[0].top_logprobs = in.sample[0].mask = -1;
    const StepShape shape{rows, 1, 1, rows, position + rows};
    const double time = seconds([&] {
      ops_->begin_step(set_, shape);
      ops_->run(shape, [&](const StepShape& padded) { forward(*ops_, model_.model, model_.activations, padded); });
      ops_->end_step(set_);
      ops_->wait(set_);
    });
    set_ ^= 1;
    return time;
  }

  std::unique_ptr<Ops> ops_;
  LoadedModel model_;
  double load_ = 0;
  std::uint64_t bytes_ = 0;
  int set_ = 0;
};

int run(const std::vector<std::string>& arguments) {
  const auto argument = [&](std::size_t i) { return i < arguments.size() ? arguments[i] : std::string(); };
  const std::size_t after = argument(0) == "model" ? 2 : 1;
  const int threads = argument(after).empty() ? static_cast<int>(std::thread::hardware_concurrency()) : std::stoi(argument(after));
  const std::string isa = argument(after + 1).empty() ? cpu_isas().back() : argument(after + 1);
  if (argument(0) == "limits") {
    std::cout << "{\"threads\": " << threads << ", \"isa\": \"" << isa << "\", \"read_bytes_s\": " << read_bandwidth(threads)
              << ", \"peak_flops\": " << peak(threads, isa) << "}\n";
    return 0;
  }
  if (argument(0) == "model" && !argument(1).empty()) {
    Bench(argument(1), threads, isa).report();
    return 0;
  }
  fail("usage: cpu-bench limits [threads] [isa], or cpu-bench model <folder> [threads] [isa]");
}

}  // namespace
}  // namespace nim

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] { return nim::run({arguments + 1, arguments + count}); });
}
