// Measures the engine as its callers see it, without HTTP and tokenizer: random token ids, greedy, ignore_eos.
//   engine-bench <checkpoint> [--backend cuda] [--only start,decode,prefill,prefix,arrival,offline] [--memory-gib N]
// Prints Markdown. Rows are those of issue "the CUDA engine"; limits are in bench/results.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iomanip>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "nim/engine.h"
#include "program.h"

namespace {

using namespace nim;
using Clock = std::chrono::steady_clock;
double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

/// The card's energy counter, through the driver's own library where there is one.
class EnergyMeter {
 public:
  EnergyMeter() {
    void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (library == nullptr) {
      return;
    }
    const auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
    const auto handle = reinterpret_cast<int (*)(unsigned, void**)>(dlsym(library, "nvmlDeviceGetHandleByIndex_v2"));
    read_ = reinterpret_cast<int (*)(void*, unsigned long long*)>(dlsym(library, "nvmlDeviceGetTotalEnergyConsumption"));
    if (init == nullptr || handle == nullptr || init() != 0 || handle(0, &device_) != 0) {
      read_ = nullptr;
    }
  }
  /// Joules since the driver was loaded; 0 where they cannot be read.
  double joules() const {
    unsigned long long millijoules = 0;
    return read_ != nullptr && read_(device_, &millijoules) == 0 ? static_cast<double>(millijoules) * 1e-3 : 0;
  }

 private:
  int (*read_)(void*, unsigned long long*) = nullptr;
  void* device_ = nullptr;
};

struct Arrival {
  Clock::time_point when;
  std::size_t records;
};

/// What the callback saw.
struct Log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Arrival> steps;
  std::map<RequestId, std::vector<Clock::time_point>> tokens;
  std::size_t finished = 0;
  std::string error;
  EnergyMeter meter;
  std::size_t batch = 0;  ///< energy is counted over steps of so many tokens
  std::size_t batch_steps = 0, metered_steps = 0;
  double first_joules = 0, last_joules = 0;

  void take(const StepOutput& out) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (const TokenRecord& r : out.records) {
      if (r.token >= 0) {
        tokens[r.request].push_back(now);
        ++count;
      }
      finished += r.finish != FinishReason::kNone;
      if (r.finish == FinishReason::kError) {
        error = out.error;
      }
    }
    steps.push_back({now, count});
    if (count == batch && batch_steps++ % 16 == 0) {
      last_joules = meter.joules();
      first_joules = batch_steps == 1 ? last_joules : first_joules;
      metered_steps = batch_steps - 1;
    }
    changed.notify_all();
  }
  void wait_finished(std::size_t n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return finished >= n || !error.empty(); });
    if (!error.empty()) {
      fail("a step failed: ", error);
    }
  }
  void clear() {
    const std::lock_guard lock(mutex);
    steps.clear(), tokens.clear(), finished = 0, batch = batch_steps = metered_steps = 0;
  }
};

double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v.empty() ? 0 : v[v.size() / 2];
}

class Bench {
 public:
  Bench(const EngineOptions& options, const std::set<std::string>& only) : only_(only) {
    std::cout << "| start | s |\n|---|---|\n";
    const Clock::time_point begin = Clock::now();
    std::string plan;
    engine_ = Engine::create(
        options, [this](const StepOutput& out) { log_.take(out); },
        [](std::string_view phase, double s) { std::cout << "| " << phase << " | " << s << " |\n"; },
        [&](std::string_view text) { plan = text; });
    const double ready = seconds(Clock::now() - begin);
    submit(16, 1);
    log_.wait_finished(1);
    std::cout << "| ready | " << ready << " |\n| first token | " << seconds(Clock::now() - begin) - ready << " |\n\n" << plan << "\n";
    log_.clear();
  }

  void run() {
    section("decode", [this] { decode(); });
    section("prefill", [this] { prefill(); });
    section("prefix", [this] { prefix(); });
    section("arrival", [this] { arrival(); });
    section("offline", [this] { offline(); });
  }

 private:
  template <typename Work>
  void section(const char* name, Work work) {
    if (only_.empty() || only_.contains(name)) {
      work();
      std::cout << std::endl;
    }
  }

  std::vector<Token> random_tokens(int count) {
    std::vector<Token> t(count);
    for (Token& x : t) {
      x = static_cast<Token>(random_() % engine_->vocabulary());
    }
    return t;
  }

  RequestId submit(std::vector<Token> prompt, int output) {
    Request r;
    r.prompt = std::move(prompt);
    r.max_tokens = output;
    r.sampling.temperature = 0;
    r.sampling.ignore_eos = true;
    return tools::submit(*engine_, std::move(r));
  }
  RequestId submit(int prompt, int output) { return submit(random_tokens(prompt), output); }

  void decode() {
    std::cout << "| batch | context | ms/token | p99 | tok/s | J/token |\n|---|---|---|---|---|---|\n";
    for (const auto& [batch, context] : std::initializer_list<std::pair<int, int>>{
             {1, 512}, {1, 8192}, {1, 32000}, {1, 130000}, {8, 1024}, {32, 1024}, {64, 1024}, {128, 1024}, {256, 1024}}) {
      if (context + 64 > engine_->max_context()) {
        continue;
      }
      // All run together from the last prompt's end to the first sequence's.
      const int together = 128;
      const int output = together + (batch > 1 ? batch : 0);
      log_.batch = batch;
      for (int i = 0; i < batch; ++i) {
        submit(context - together / 2, output);
      }
      log_.wait_finished(batch);
      std::vector<double> gaps;
      for (std::size_t i = 1; i < log_.steps.size(); ++i) {
        if (log_.steps[i].records == std::size_t(batch) && log_.steps[i - 1].records == std::size_t(batch)) {
          gaps.push_back(seconds(log_.steps[i].when - log_.steps[i - 1].when));
        }
      }
      std::ranges::sort(gaps);
      const double m = median(gaps);
      const double p99 = gaps.empty() ? 0 : gaps[gaps.size() * 99 / 100];
      std::cout << "| " << batch << " | " << context << " | " << m * 1e3 << " | " << p99 * 1e3 << " | "
                << (m > 0 ? batch / m : 0) << " | "
                << (log_.metered_steps > 0 ? (log_.last_joules - log_.first_joules) / double(log_.metered_steps * batch) : 0) << " |"
                << std::endl;
      log_.clear();
    }
  }

  void prefill() {
    std::cout << "| prompt | TTFT ms (median) |\n|---|---|\n";
    for (const int prompt : {512, 2048, 8192, 32000}) {
      if (prompt + 8 > engine_->max_context()) {
        continue;
      }
      std::vector<double> ms;
      for (int i = 0; i < (prompt > 8192 ? 3 : 6); ++i) {
        const Clock::time_point begin = Clock::now();
        const RequestId id = submit(prompt, 1);
        log_.wait_finished(1);
        if (i > 0) {
          ms.push_back(seconds(log_.tokens[id].front() - begin) * 1e3);
        }
        log_.clear();
      }
      std::cout << "| " << prompt << " | " << median(ms) << " |" << std::endl;
    }
  }

  void prefix() {
    std::cout << "| 32 requests, 2,048 shared tokens and 64 own | mean TTFT ms | last |\n|---|---|---|\n";
    for (const bool shared : {true, false}) {
      std::vector<double> means, lasts;
      for (int round = 0; round < 3; ++round) {
        const std::vector<Token> prefix = random_tokens(2048);
        const Clock::time_point begin = Clock::now();
        std::vector<RequestId> ids;
        for (int i = 0; i < 32; ++i) {
          std::vector<Token> prompt = shared ? prefix : random_tokens(2048);
          const std::vector<Token> own = random_tokens(64);
          prompt.insert(prompt.end(), own.begin(), own.end());
          ids.push_back(submit(std::move(prompt), 16));
        }
        log_.wait_finished(32);
        double sum = 0;
        double last = 0;
        for (const RequestId id : ids) {
          const double ttft = seconds(log_.tokens[id].front() - begin) * 1e3;
          sum += ttft;
          last = std::max(last, ttft);
        }
        means.push_back(sum / 32), lasts.push_back(last);
        log_.clear();
      }
      std::cout << "| " << (shared ? "shared, cache empty" : "nothing shared") << " | " << median(means) << " | " << median(lasts)
                << " |" << std::endl;
    }
  }

  void arrival() {
    std::cout << "| 64 running decodes, a prompt arrives | p50 ms | p99 | max | its TTFT |\n|---|---|---|---|---|\n";
    for (const int prompt : {0, 8192, 32000}) {
      if (prompt + 8 > engine_->max_context()) {
        continue;
      }
      std::vector<RequestId> running;
      for (int i = 0; i < 64; ++i) {
        running.push_back(submit(1024, 400));
      }
      {
        std::unique_lock lock(log_.mutex);
        log_.changed.wait(lock, [&] {
          return log_.tokens.size() == 64 && std::ranges::all_of(log_.tokens, [](const auto& t) { return t.second.size() > 20; });
        });
      }
      const Clock::time_point begin = Clock::now();
      RequestId late = 0;
      if (prompt > 0) {
        late = submit(prompt, 4);
      }
      log_.wait_finished(64 + (prompt > 0 ? 1 : 0));
      std::vector<double> gaps;
      for (const RequestId id : running) {
        const auto& t = log_.tokens[id];
        for (std::size_t i = 1; i < t.size(); ++i) {
          if (t[i] > begin) {
            gaps.push_back(seconds(t[i] - t[i - 1]) * 1e3);
          }
        }
      }
      std::ranges::sort(gaps);
      std::cout << "| " << prompt << " tokens | " << gaps[gaps.size() / 2] << " | " << gaps[gaps.size() * 99 / 100] << " | "
                << gaps.back() << " | " << (late != 0 ? seconds(log_.tokens[late].front() - begin) * 1e3 : 0) << " |" << std::endl;
      log_.clear();
    }
  }

  void offline() {
    std::cout << "| input/output | requests | output tok/s | s |\n|---|---|---|---|\n";
    for (const auto& [input, output, requests] :
         std::initializer_list<std::tuple<int, int, int>>{{128, 128, 1024}, {1000, 1000, 256}, {2048, 128, 128}, {2048, 2048, 192}}) {
      const Clock::time_point begin = Clock::now();
      for (int i = 0; i < requests; ++i) {
        submit(input, output);
      }
      log_.wait_finished(requests);
      const double s = seconds(Clock::now() - begin);
      std::cout << "| " << input << "/" << output << " | " << requests << " | " << double(requests) * output / s << " | " << s << " |"
                << std::endl;
      log_.clear();
    }
  }

  std::set<std::string> only_;
  std::mt19937_64 random_{20261121};
  Log log_;
  std::unique_ptr<Engine> engine_;
};

void run(int count, char** arguments) {
  if (count < 2) {
    fail("usage: engine-bench <checkpoint> [--backend cuda] [--only start,decode,...] [--memory-gib N] [--max-context N] [--step-tokens N]"
         " [--sequences N] [--pace-prefill on|off]");
  }
  EngineOptions options;
  options.model = arguments[1];
  options.backend = "cuda";
  options.max_sequences = 256;
  options.step_tokens = 8192;
  options.queue_bound = 4096;
  options.max_context = 40960;
  std::set<std::string> only;
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    const std::string value = arguments[i + 1];
    if (name == "--backend") {
      options.backend = value;
    } else if (name == "--memory-gib") {
      options.memory_bytes = std::stoull(value) << 30;
    } else if (name == "--max-context") {
      options.max_context = std::stoi(value);
    } else if (name == "--step-tokens") {
      options.step_tokens = std::stoi(value);
    } else if (name == "--sequences") {
      options.max_sequences = std::stoi(value);
    } else if (name == "--pace-prefill") {
      options.pace_prefill = value == "on";
    } else if (name == "--only") {
      for (std::size_t from = 0; from <= value.size();) {
        const std::size_t to = std::min(value.find(',', from), value.size());
        only.insert(value.substr(from, to - from));
        from = to + 1;
      }
    } else {
      fail("argument '", name, "' is not known");
    }
  }
  std::cout << std::setprecision(4);
  Bench(options, only).run();
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] {
    run(count, arguments);
    return 0;
  });
}
