// Greedy answers to random prompts, with their likeliest tokens at each place, as JSON: what bench/gpu/torch_logits.py compares.
//   engine-greedy <checkpoint> <backend> [prompts] [longest prompt] [tokens of each answer]
#include <condition_variable>
#include <iomanip>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "nim/engine.h"
#include "program.h"

namespace {

using namespace nim;

constexpr int kTop = 20;

struct Answer {
  std::vector<Token> prompt, tokens;
  std::vector<std::vector<TopLogprob>> top;  ///< of each token
};

class Asker {
 public:
  explicit Asker(const EngineOptions& options)
      : engine_(Engine::create(options, [this](const StepOutput& out) { take(out); })) {}

  int vocabulary() const { return engine_->vocabulary(); }

  void ask(std::vector<Token> prompt, int tokens) {
    Request request;
    request.prompt = prompt;
    request.max_tokens = tokens;
    request.sampling.temperature = 0;
    request.sampling.ignore_eos = true;
    request.sampling.logprobs = kTop;
    const std::lock_guard lock(mutex_);  // before the first record is taken
    answers_[tools::submit(*engine_, std::move(request))].prompt = std::move(prompt);
  }

  const std::map<RequestId, Answer>& wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ == answers_.size(); });
    if (!error_.empty()) {
      fail("a step failed: ", error_);
    }
    return answers_;
  }

 private:
  void take(const StepOutput& out) {
    const std::lock_guard lock(mutex_);
    for (const TokenRecord& record : out.records) {
      Answer& answer = answers_[record.request];
      if (record.token >= 0) {
        answer.tokens.push_back(record.token);
        const auto top = out.top.subspan(record.top_begin, record.top_count);
        answer.top.emplace_back(top.begin(), top.end());
      }
      ended_ += record.finish != FinishReason::kNone;
      if (record.finish == FinishReason::kError) {
        error_ = out.error;
      }
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<RequestId, Answer> answers_;
  std::size_t ended_ = 0;
  std::string error_;
  std::unique_ptr<Engine> engine_;
};

template <typename Values, typename Print>
void print_list(const Values& values, Print print) {
  std::cout << '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::cout << (i == 0 ? "" : ",");
    print(values[i]);
  }
  std::cout << ']';
}

void print(const Answer& answer) {
  const auto number = [](Token token) { std::cout << token; };
  std::cout << "{\"prompt\":";
  print_list(answer.prompt, number);
  std::cout << ",\"tokens\":";
  print_list(answer.tokens, number);
  std::cout << ",\"top\":";
  print_list(answer.top, [](const std::vector<TopLogprob>& top) {
    print_list(top, [](const TopLogprob& each) { std::cout << '[' << each.token << ',' << each.logprob << ']'; });
  });
  std::cout << '}';
}

void run(int count, char** arguments) {
  if (count < 3) {
    fail("usage: engine-greedy <checkpoint> <backend> [prompts] [longest prompt] [tokens of each answer]");
  }
  const auto number = [&](int place, int otherwise) { return count > place ? std::stoi(arguments[place]) : otherwise; };
  const int prompts = number(3, 16);
  const int longest = number(4, 512);
  const int tokens = number(5, 64);
  EngineOptions options;
  options.model = arguments[1];
  options.backend = arguments[2];
  options.max_context = longest + tokens;
  options.memory_bytes = std::uint64_t{24} << 30;
  Asker asker(options);
  std::mt19937 random(1);
  for (int i = 0; i < prompts; ++i) {
    std::vector<Token> prompt(1 + random() % static_cast<unsigned>(longest));
    for (Token& token : prompt) {
      token = static_cast<Token>(random() % static_cast<unsigned>(asker.vocabulary()));
    }
    asker.ask(std::move(prompt), tokens);
  }
  std::cout << std::setprecision(9) << "[\n";
  const char* separator = "";
  for (const auto& [id, answer] : asker.wait()) {
    std::cout << separator;
    print(answer);
    separator = ",\n";
  }
  std::cout << "\n]\n";
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] {
    run(count, arguments);
    return 0;
  });
}
