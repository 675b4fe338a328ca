// Random load for so many seconds, and then: did everything come back?
//   engine-soak <checkpoint> <seconds> [--backend cuda] [--memory-mib 4096] [--seed 1] [--greedy-admission] [--break-gpu]
// Requests of random length, sampling, priority and number, a third with a shared prefix, a fifth cancelled, a tenth with a
// deadline. Each must end exactly once a sequence; when all have, every page is free or idle in the prefix cache, and neither
// the process nor the device has grown since the first quarter. With --greedy-admission sequences start without regard to the
// pages that they will need, so that memory runs out under them and they are preempted. --break-gpu then breaks the GPU under a running request: it
// must end with an error and the engine be unhealthy. Prints Markdown; exits 1 where something did not come back.
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "gpu_driver.h"
#include "nim/engine.h"
#include "program.h"

namespace {

using namespace nim;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint64_t kMib = 1 << 20;

struct Options {
  EngineOptions engine;
  std::chrono::seconds duration{60};
  std::uint64_t seed = 1;
  bool break_gpu = false;
};

std::uint64_t resident_bytes() {
  std::uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Open sequences of each request, and what has been counted.
struct Ledger {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<RequestId, int> open;
  std::vector<RequestId> early;  ///< ends that came before submit() had returned the id
  std::uint64_t ended = 0, tokens = 0, errors = 0, unknown = 0;
  std::string error;

  void take(const StepOutput& out) {
    const std::lock_guard lock(mutex);
    for (const TokenRecord& record : out.records) {
      tokens += record.token >= 0;
      if (record.finish == FinishReason::kError) {
        ++errors;
        error = out.error;
      }
      if (record.finish != FinishReason::kNone) {
        const auto found = open.find(record.request);
        if (found == open.end()) {
          early.push_back(record.request);
        } else {
          end(found);
        }
      }
    }
    changed.notify_all();
  }
  void opened(RequestId id, int sequences) {
    const std::lock_guard lock(mutex);
    open[id] += sequences;
    for (const RequestId ended_early : std::exchange(early, {})) {
      const auto found = open.find(ended_early);
      found == open.end() ? static_cast<void>(++unknown) : end(found);
    }
  }
  bool wait_all_ended(std::chrono::seconds limit) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, limit, [this] { return open.empty(); });
  }

 private:
  void end(std::map<RequestId, int>::iterator sequence) {
    ++ended;
    if (--sequence->second == 0) {
      open.erase(sequence);
    }
  }
};

class Soak {
 public:
  explicit Soak(const Options& options)
      : options_(options),
        random_(options.seed),
        engine_(Engine::create(options.engine, [this](const StepOutput& out) { ledger_.take(out); })) {
    for (std::vector<Token>& prefix : prefixes_) {
      prefix = tokens(between(16, engine_->max_context() / 4));
    }
  }

  bool run() {
    if (options_.break_gpu && !driver_.present()) {
      fail("--break-gpu: there is no NVIDIA driver, so no GPU to break");
    }
    std::cout << "| s | ended | tokens | refused | preempted | running | pages free + idle of all | device MiB | process MiB |\n"
                 "|---|---|---|---|---|---|---|---|---|\n";
    const Clock::time_point begin = Clock::now();
    const Clock::duration quarter = options_.duration / 4;
    Clock::time_point next_row = begin + quarter;
    while (Clock::now() - begin < options_.duration) {
      submit(random_request());
      cancel_some();
      std::this_thread::sleep_for(std::chrono::microseconds(between(0, 4000)));
      if (Clock::now() >= next_row) {
        row(begin);
        next_row += quarter;
      }
    }
    const bool all_ended = ledger_.wait_all_ended(300s);
    wait_idle();
    const EngineStats end = row(begin);
    const bool pages = end.pages_free + end.pages_cached == end.pages && end.running == 0 && end.waiting == 0;
    const bool device = rows_.back().device <= rows_.front().device + 16 * kMib;  // graphs are captured late: 2 MiB for ten or so
    const bool process = rows_.back().process < rows_.front().process + rows_.front().process / 20 + 16 * kMib;
    const bool answers = ledger_.errors == 0 && ledger_.unknown == 0;
    say("every sequence ended", all_ended);
    say("once, and none with an error", answers);
    say("every page is free or idle in the prefix cache", pages);
    say("the device holds as much as after the first quarter, within 16 MiB", device);
    say("the process holds as much, within 5% and 16 MiB", process);
    return all_ended && answers && pages && device && process && (!options_.break_gpu || breaks());
  }

 private:
  struct Row {
    std::uint64_t device, process;
  };

  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool one_in(int count) { return between(1, count) == 1; }

  std::vector<Token> tokens(int count) {
    std::vector<Token> result(static_cast<std::size_t>(count));
    for (Token& token : result) {
      token = between(0, engine_->vocabulary() - 1);
    }
    return result;
  }

  Request random_request() {
    Request request;
    if (one_in(3)) {
      request.prompt = prefixes_[static_cast<std::size_t>(between(0, kPrefixes - 1))];
    }
    const int half = engine_->max_context() / 2;
    const std::vector<Token> own = tokens(one_in(8) ? between(1, half) : between(1, std::min(half, 256)));
    request.prompt.insert(request.prompt.end(), own.begin(), own.end());
    request.max_tokens = one_in(4) ? between(1, engine_->max_context() / 8) : between(1, 32);
    request.n = one_in(4) ? between(2, 4) : 1;
    request.priority = between(-8, 7);
    request.deadline_ms = one_in(10) ? static_cast<std::uint32_t>(between(1, 2000)) : 0;
    SamplingParams& sampling = request.sampling;
    sampling.temperature = one_in(3) ? 0.0F : 0.8F;
    sampling.top_k = one_in(3) ? between(1, 50) : 0;
    sampling.top_p = one_in(3) ? 0.9F : 1.0F;
    sampling.frequency_penalty = one_in(5) ? 0.5F : 0.0F;
    sampling.logprobs = one_in(5) ? between(0, 5) : -1;
    sampling.seed = random_();
    return request;
  }

  void submit(Request request) {
    const int sequences = request.n;
    const auto answer = engine_->submit(std::move(request));
    if (const auto* id = std::get_if<RequestId>(&answer)) {
      ledger_.opened(*id, sequences);
      if (one_in(5)) {
        doomed_.emplace_back(Clock::now() + std::chrono::milliseconds(between(0, 500)), *id);
      }
    } else if (std::get<Refusal>(answer).code == Refusal::Code::kQueueFull) {
      ++refused_;
      std::this_thread::sleep_for(20ms);
    } else {
      fail("refused: ", std::get<Refusal>(answer).message);
    }
  }

  void cancel_some() {
    std::erase_if(doomed_, [this](const auto& each) {
      const bool due = each.first <= Clock::now();
      if (due) {
        engine_->cancel(each.second);
      }
      return due;
    });
  }

  /// The loop publishes its figures after the step that ended the last sequence.
  void wait_idle() const {
    for (int tries = 0; tries < 1000 && engine_->stats().running > 0; ++tries) {
      std::this_thread::sleep_for(1ms);
    }
  }

  EngineStats row(Clock::time_point begin) {
    const EngineStats s = engine_->stats();
    rows_.push_back({driver_.used_bytes(), resident_bytes()});
    const std::lock_guard lock(ledger_.mutex);
    std::cout << "| " << std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count() << " | " << ledger_.ended
              << " | " << ledger_.tokens << " | " << refused_ << " | " << s.preemptions << " | " << s.running << " | "
              << s.pages_free << " + " << s.pages_cached << " of " << s.pages << " | " << rows_.back().device / kMib << " | "
              << rows_.back().process / kMib << " |" << std::endl;
    return s;
  }

  bool breaks() {
    Request request;
    request.prompt = tokens(64);
    request.max_tokens = engine_->max_context() - 64;
    request.sampling.ignore_eos = true;
    submit(std::move(request));
    std::this_thread::sleep_for(100ms);
    const Clock::time_point broken = Clock::now();
    driver_.break_context();
    const bool ended = ledger_.wait_all_ended(30s);
    while (engine_->stats().health == Health::kReady && Clock::now() - broken < 30s) {
      std::this_thread::sleep_for(1ms);
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - broken).count();
    const bool unhealthy = engine_->stats().health == Health::kUnhealthy;
    const std::string why = engine_->error();
    say("a broken GPU ends the request with an error, and the engine is unhealthy within " + std::to_string(took) + " ms: " + why,
        ended && unhealthy && ledger_.errors > 0);
    return ended && unhealthy;
  }

  static void say(const std::string& what, bool holds) { std::cout << "\n- " << (holds ? "yes: " : "NO: ") << what << std::flush; }

  static constexpr int kPrefixes = 8;
  Options options_;
  std::mt19937_64 random_;
  Ledger ledger_;
  tools::GpuDriver driver_;
  std::vector<Token> prefixes_[kPrefixes];
  std::vector<std::pair<Clock::time_point, RequestId>> doomed_;
  std::vector<Row> rows_;
  std::uint64_t refused_ = 0;
  std::unique_ptr<Engine> engine_;
};

Options parse(int count, char** arguments) {
  if (count < 3) {
    fail("usage: engine-soak <checkpoint> <seconds> [--backend cuda] [--memory-mib 4096] [--seed 1] [--greedy-admission] [--break-gpu]");
  }
  Options options;
  options.engine.model = arguments[1];
  options.duration = std::chrono::seconds(std::stoi(arguments[2]));
  options.engine.memory_bytes = 4096 * kMib;
  options.engine.max_context = 2048;
  options.engine.queue_bound = 256;
  for (int i = 3; i < count; ++i) {
    const std::string name = arguments[i];
    const bool last = i + 1 == count;
    if (name == "--break-gpu") {
      options.break_gpu = true;
    } else if (name == "--greedy-admission") {
      options.engine.forecast_pages = false;
    } else if (name == "--backend" && !last) {
      options.engine.backend = arguments[++i];
    } else if (name == "--memory-mib" && !last) {
      options.engine.memory_bytes = std::stoull(arguments[++i]) * kMib;
    } else if (name == "--seed" && !last) {
      options.seed = std::stoull(arguments[++i]);
    } else {
      fail("argument '", name, "' is not known, or has no value");
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] {
    const bool fine = Soak(parse(count, arguments)).run();
    std::cout << '\n';
    return fine ? 0 : 1;
  });
}
