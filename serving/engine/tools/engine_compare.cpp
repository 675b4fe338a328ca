// Shows on any machine what the engine promises of one checkpoint:
//   engine-compare <checkpoint> <backend> [<other backend>]
// 1. Batch invariance: each request's tokens and logprobs are the same bits alone, in company, with long prompts cut in
//    chunks, and with its prefix from the cache.
// 2. With another backend: how many greedy tokens agree (all of them, where the checkpoint is a planted chain), and by how
//    much logprobs differ.
#include <bit>
#include <condition_variable>
#include <cmath>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <vector>

#include "base/error.h"
#include "nim/engine.h"
#include "program.h"

namespace {

using namespace nim;

struct Output {
  std::vector<Token> tokens;
  std::vector<float> logprobs;
  bool operator==(const Output& other) const {
    if (tokens != other.tokens || logprobs.size() != other.logprobs.size()) {
      return false;
    }
    for (std::size_t i = 0; i < logprobs.size(); ++i) {
      if (std::bit_cast<std::uint32_t>(logprobs[i]) != std::bit_cast<std::uint32_t>(other.logprobs[i])) {
        return false;
      }
    }
    return true;
  }
};

class Runner {
 public:
  Runner(const std::string& model, const std::string& backend, int step_tokens, bool prefix_cache) {
    EngineOptions options;
    options.model = model;
    options.backend = backend;
    options.step_tokens = step_tokens;
    options.max_sequences = 32;
    options.max_context = 2048;
    options.prefix_cache = prefix_cache;
    options.memory_bytes = std::uint64_t{12} << 30;
    engine_ = Engine::create(options, [this](const StepOutput& out) { take(out); });
  }

  int vocabulary() const { return engine_->vocabulary(); }

  std::vector<Output> run(const std::vector<Request>& requests, bool together) {
    std::vector<Output> outputs;
    std::vector<RequestId> ids;
    for (const Request& r : requests) {
      ids.push_back(tools::submit(*engine_, r));
      if (!together) {
        wait(ids.size());
      }
    }
    wait(ids.size());
    for (const RequestId id : ids) {
      outputs.push_back(outputs_[id]);
    }
    outputs_.clear();
    finished_ = 0;
    return outputs;
  }

 private:
  void take(const StepOutput& out) {
    const std::lock_guard lock(mutex_);
    for (const TokenRecord& r : out.records) {
      if (r.token >= 0) {
        outputs_[r.request].tokens.push_back(r.token);
        outputs_[r.request].logprobs.push_back(r.logprob);
      }
      finished_ += r.finish != FinishReason::kNone;
      if (r.finish == FinishReason::kError) {
        error_ = out.error;
      }
    }
    changed_.notify_all();
  }
  void wait(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return finished_ >= n || !error_.empty(); });
    if (!error_.empty()) {
      fail("a step failed: ", error_);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<RequestId, Output> outputs_;
  std::size_t finished_ = 0;
  std::string error_;
  std::unique_ptr<Engine> engine_;
};

std::vector<Request> make_requests(int vocabulary) {
  std::mt19937_64 random(7);
  std::vector<Request> requests;
  for (int i = 0; i < 24; ++i) {
    Request r;
    const int lengths[] = {1, 5, 16, 17, 63, 200, 257, 700};
    for (int t = 0; t < lengths[i % 8]; ++t) {
      r.prompt.push_back(static_cast<Token>(random() % vocabulary));
    }
    r.max_tokens = 24 + i;
    r.sampling.ignore_eos = true;
    r.sampling.logprobs = i % 5 == 0 ? 3 : 0;
    r.sampling.temperature = i % 3 == 0 ? 0.0F : 0.8F;
    if (i % 6 == 1) {
      r.sampling.top_k = 40;
    }
    if (i % 6 == 2) {
      r.sampling.top_p = 0.9F;
      r.sampling.min_p = 0.01F;
    }
    if (i % 6 == 4) {
      r.sampling.repetition_penalty = 1.1F;
      r.sampling.frequency_penalty = 0.2F;
      r.sampling.logit_bias = {{3, 1.5F}, {5, -100.0F}};
    }
    r.sampling.seed = 1000 + i;
    requests.push_back(std::move(r));
  }
  return requests;
}

int differing(const char* what, const std::vector<Output>& a, const std::vector<Output>& b) {
  int different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    different += !(a[i] == b[i]);
  }
  std::cout << "| " << what << " | " << a.size() << " | " << different << " |" << std::endl;
  return different;
}

int run(int count, char** arguments) {
  if (count < 3) {
    fail("usage: engine-compare <checkpoint> <backend> [<other backend>]");
  }
  std::cout << "| bits of tokens and logprobs | requests | differ |\n|---|---|---|\n";
  std::vector<Output> alone;
  std::vector<Request> requests;
  int different = 0;
  {
    Runner runner(arguments[1], arguments[2], 2048, false);
    requests = make_requests(runner.vocabulary());
    alone = runner.run(requests, false);
    different += differing("again alone", alone, runner.run(requests, false));
    different += differing("all together", alone, runner.run(requests, true));
    different += differing("all together again", alone, runner.run(requests, true));
  }
  {
    Runner runner(arguments[1], arguments[2], 48, true);
    different += differing("in chunks of 48 tokens, cache filling", alone, runner.run(requests, true));
    different += differing("prefixes from the cache", alone, runner.run(requests, true));
  }
  if (count > 3) {
    Runner runner(arguments[1], arguments[3], 2048, false);
    const std::vector<Output> other = runner.run(requests, true);
    int same = 0;
    int tokens = 0;
    float most = 0;
    for (std::size_t i = 0; i < alone.size(); ++i) {
      for (std::size_t t = 0; t < alone[i].tokens.size() && t < other[i].tokens.size(); ++t) {
        ++tokens;
        if (alone[i].tokens[t] != other[i].tokens[t]) {
          break;  // from here on the contexts differ
        }
        ++same;
        most = std::max(most, std::abs(alone[i].logprobs[t] - other[i].logprobs[t]));
      }
    }
    std::cout << "\n" << arguments[2] << " and " << arguments[3] << ": " << same << " of " << tokens
              << " tokens agree up to the first difference of each request; logprobs differ by " << most << " at most\n";
  }
  return different == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] { return run(count, arguments); });
}
