// Measures the engine as its callers see it, without HTTP and tokenizer: random token ids, greedy, ignore_eos.
//   engine-bench <checkpoint> [--only decode,prefill,prefix,arrival,offline] [--decode 1/512,...] [--arrival 0,8192,...]
//                [--offline input/output/requests,...] [--backend cuda] [--memory-gib N] and the engine's own options
// Prints Markdown. Rows are those of issue "the CUDA engine"; limits are in bench/results. Without options all sections run in
// one configuration: 1,024 sequences at a time, 8,192 tokens a step, contexts up to 40,960, prompts paced.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "nim/engine.h"
#include "program.h"
#include "step_log.h"

namespace {

using namespace nim;
using tools::Clock;
using tools::seconds;

/// A row of a section: the numbers of "128/128/1024".
using Row = std::vector<int>;

struct Options {
  EngineOptions engine;
  std::set<std::string> only;
  std::vector<Row> decodes{{1, 512}, {1, 8192}, {1, 32000}, {1, 130000}, {8, 1024}, {32, 1024}, {64, 1024}, {128, 1024}, {256, 1024}};
  std::vector<Row> arrivals{{0}, {8192}, {32000}};
  // As many requests as vLLM's rows have (bench/results).
  std::vector<Row> offline{{128, 128, 1024}, {1000, 1000, 896}, {2048, 128, 512}, {2048, 2048, 256}};
};

/// Of sorted values; 0 of none.
double at(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::vector<double> sorted(std::vector<double> values) {
  std::ranges::sort(values);
  return values;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {
    std::cout << "| start | s |\n|---|---|\n";
    const Clock::time_point begin = Clock::now();
    std::string plan;
    engine_ = Engine::create(
        options.engine, [this](const StepOutput& out) { log_.take(out); },
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
    if (options_.only.empty() || options_.only.contains(name)) {
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

  double since(Clock::time_point begin, RequestId id) const { return seconds(log_.tokens.at(id).front() - begin) * 1e3; }

  void decode() {
    std::cout << "| batch | context | ms/token | p99 | tok/s | J/token |\n|---|---|---|---|---|---|\n";
    for (const Row& row : options_.decodes) {
      const int batch = row[0], context = row[1];
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
        if (log_.steps[i].tokens == std::size_t(batch) && log_.steps[i - 1].tokens == std::size_t(batch)) {
          gaps.push_back(seconds(log_.steps[i].end - log_.steps[i - 1].end));
        }
      }
      gaps = sorted(std::move(gaps));
      const double median = at(gaps, 0.5);
      std::cout << "| " << batch << " | " << context << " | " << median * 1e3 << " | " << at(gaps, 0.99) * 1e3 << " | "
                << (median > 0 ? batch / median : 0) << " | " << log_.joules_per_token() << " |" << std::endl;
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
          ms.push_back(since(begin, id));
        }
        log_.clear();
      }
      std::cout << "| " << prompt << " | " << at(sorted(ms), 0.5) << " |" << std::endl;
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
          sum += since(begin, id);
          last = std::max(last, since(begin, id));
        }
        means.push_back(sum / 32), lasts.push_back(last);
        log_.clear();
      }
      std::cout << "| " << (shared ? "shared, cache empty" : "nothing shared") << " | " << at(sorted(means), 0.5) << " | "
                << at(sorted(lasts), 0.5) << " |" << std::endl;
    }
  }

  /// 64 decodes run from before a prompt arrives until it has its first token; the first row, without a prompt, is what they
  /// are measured against.
  void arrival() {
    constexpr int kDecodes = 64;
    std::cout << "| 64 running decodes, a prompt arrives | p50 ms | p99 | max | max / p50 alone | its TTFT |\n|---|---|---|---|---|---|\n";
    double alone = 0;
    for (const Row& row : options_.arrivals) {
      const int prompt = row[0];
      if (prompt + 8 > engine_->max_context()) {
        continue;
      }
      std::vector<RequestId> running;
      for (int i = 0; i < kDecodes; ++i) {
        running.push_back(submit(1024, 4096));
      }
      const auto all_have = [&](std::size_t count) {
        return log_.tokens.size() >= kDecodes && std::ranges::all_of(running, [&](RequestId id) { return log_.tokens[id].size() > count; });
      };
      log_.wait([&] { return all_have(40); });
      const Clock::time_point begin = Clock::now();
      RequestId late = 0;
      if (prompt > 0) {
        late = submit(prompt, 4);
        log_.wait_finished(1);
      } else {
        log_.wait([&] { return all_have(240); });
      }
      std::vector<double> gaps;
      {
        const std::lock_guard lock(log_.mutex);
        const Clock::time_point end = late != 0 ? log_.tokens[late].back() : Clock::time_point::max();
        for (const RequestId id : running) {
          const auto& t = log_.tokens[id];
          for (std::size_t i = 1; i < t.size() && t[i] <= end; ++i) {
            if (t[i] > begin) {
              gaps.push_back(seconds(t[i] - t[i - 1]) * 1e3);
            }
          }
        }
      }
      gaps = sorted(std::move(gaps));
      alone = prompt == 0 ? at(gaps, 0.5) : alone;
      std::cout << "| " << prompt << " tokens | " << at(gaps, 0.5) << " | " << at(gaps, 0.99) << " | " << at(gaps, 1) << " | "
                << (alone > 0 ? at(gaps, 1) / alone : 0) << " | " << (late != 0 ? since(begin, late) : 0) << " |" << std::endl;
      for (const RequestId id : running) {
        engine_->cancel(id);
      }
      log_.wait_finished(kDecodes + (late != 0 ? 1 : 0));
      log_.clear();
    }
  }

  void offline() {
    std::cout << "| input/output | requests | output tok/s | s | J/token | preempted |\n|---|---|---|---|---|---|\n";
    for (const Row& row : options_.offline) {
      const int input = row[0], output = row[1], requests = row[2];
      const Clock::time_point begin = Clock::now();
      const double joules = log_.meter.joules();
      const std::uint64_t preempted = engine_->stats().preemptions;
      for (int i = 0; i < requests; ++i) {
        submit(input, output);
      }
      log_.wait_finished(requests);
      const double s = seconds(Clock::now() - begin);
      const double tokens = double(requests) * output;
      std::cout << "| " << input << "/" << output << " | " << requests << " | " << tokens / s << " | " << s << " | "
                << (log_.meter.joules() - joules) / tokens << " | " << engine_->stats().preemptions - preempted << " |" << std::endl;
      log_.clear();
    }
  }

  const Options options_;
  std::mt19937_64 random_{20261121};
  tools::StepLog log_;
  std::unique_ptr<Engine> engine_;
};

std::vector<std::string> split(const std::string& list, char by) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, by);) {
    parts.push_back(part);
  }
  return parts;
}

std::vector<Row> rows(const std::string& name, const std::string& list, std::size_t numbers) {
  std::vector<Row> result;
  for (const std::string& text : split(list, ',')) {
    Row row;
    for (const std::string& number : split(text, '/')) {
      row.push_back(std::stoi(number));
    }
    if (row.size() != numbers) {
      fail(name, " has '", text, "': a row has ", numbers, " numbers, parted by /");
    }
    result.push_back(row);
  }
  return result;
}

Options parse(int count, char** arguments) {
  if (count < 2 || count % 2 != 0) {
    fail("usage: engine-bench <checkpoint> [--only decode,prefill,...] [--decode batch/context,...] [--arrival tokens,...]"
         " [--offline input/output/requests,...] [--backend cuda] [--memory-gib N] [--max-context N] [--step-tokens N]"
         " [--sequences N] [--pace-prefill on|off] [--forecast-pages on|off]");
  }
  Options options;
  EngineOptions& engine = options.engine;
  engine.model = arguments[1];
  engine.backend = "cuda";
  engine.max_sequences = 1024;
  engine.step_tokens = 8192;
  engine.queue_bound = 4096;
  engine.max_context = 40960;
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    const std::string value = arguments[i + 1];
    if (name == "--backend") {
      engine.backend = value;
    } else if (name == "--memory-gib") {
      engine.memory_bytes = std::stoull(value) << 30;
    } else if (name == "--max-context") {
      engine.max_context = std::stoi(value);
    } else if (name == "--step-tokens") {
      engine.step_tokens = std::stoi(value);
    } else if (name == "--sequences") {
      engine.max_sequences = std::stoi(value);
    } else if (name == "--pace-prefill") {
      engine.pace_prefill = value == "on";
    } else if (name == "--forecast-pages") {
      engine.forecast_pages = value == "on";
    } else if (name == "--only") {
      const std::vector<std::string> names = split(value, ',');
      options.only = {names.begin(), names.end()};
    } else if (name == "--decode") {
      options.decodes = rows(name, value, 2);
    } else if (name == "--arrival") {
      options.arrivals = rows(name, value, 1);
    } else if (name == "--offline") {
      options.offline = rows(name, value, 3);
    } else {
      fail("argument '", name, "' is not known");
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] {
    std::cout << std::setprecision(4);
    Bench(parse(count, arguments)).run();
    return 0;
  });
}
