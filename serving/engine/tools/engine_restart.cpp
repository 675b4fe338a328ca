// A fault on purpose, and how soon a new process answers: engine-restart <checkpoint> [--backend cuda]
// Starts an engine in a process of its own, breaks the GPU under a running request (where there is none, kills the process),
// waits for the process to end as whoever watches it would, and starts the next. Times are wall-clock from the outside: process
// start, page cache, context and load included. Prints Markdown; exits 1 unless the fault was noticed, the process ended with a
// status that is not 0, and its successor gave a token.
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#include "base/error.h"
#include "gpu_driver.h"
#include "nim/engine.h"
#include "program.h"
#include "step_log.h"

namespace {

using namespace nim;
using tools::Clock;
using tools::seconds;
using namespace std::chrono_literals;

constexpr int kUnhealthy = 3;  ///< exit status of a process whose engine gave up

/// The process that serves. Says on stdout, a line each, what has come to pass; ends when its stdin does, or by the fault.
int serve(const EngineOptions& options, bool breaks) {
  tools::StepLog log;
  const auto engine = Engine::create(options, [&](const StepOutput& out) { log.take(out); });
  const auto say = [](const char* what) { std::cout << what << std::endl; };
  say("ready");
  Request request;
  request.prompt.assign(16, 1);
  request.max_tokens = 1024;
  request.sampling.ignore_eos = true;
  tools::submit(*engine, request);
  log.wait([&] { return !log.tokens.empty(); });
  say("token");
  if (!breaks) {
    return 0;
  }
  say("fault");
  if (const tools::GpuDriver driver; driver.present() && options.backend == "cuda") {
    driver.break_context();
  } else {
    std::raise(SIGKILL);
  }
  while (engine->stats().health == Health::kReady) {
    std::this_thread::sleep_for(1ms);
  }
  std::cerr << engine->error() << '\n';
  return kUnhealthy;
}

struct Life {
  double ready = 0, token = 0;  ///< seconds since the process was started
  double end = 0;               ///< since the fault
  int status = 0;
};

Life run(const std::string& program, const EngineOptions& options, const char* how) {
  int lines[2];
  if (pipe(lines) != 0) {
    fail("pipe: no descriptors left");
  }
  const Clock::time_point begin = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(lines[1], STDOUT_FILENO);
    close(lines[0]), close(lines[1]);
    execl(program.c_str(), program.c_str(), options.model.c_str(), "--backend", options.backend.c_str(), how, nullptr);
    _exit(127);
  }
  close(lines[1]);
  Life life;
  Clock::time_point fault = begin;
  std::FILE* const in = fdopen(lines[0], "r");
  char line[64];
  while (std::fgets(line, sizeof line, in) != nullptr) {
    const std::string what(line);
    if (what == "ready\n") {
      life.ready = seconds(Clock::now() - begin);
    } else if (what == "token\n") {
      life.token = seconds(Clock::now() - begin);
    } else if (what == "fault\n") {
      fault = Clock::now();
    }
  }
  std::fclose(in);
  waitpid(child, &life.status, 0);
  life.end = seconds(Clock::now() - fault);
  return life;
}

int compare(const std::string& program, const EngineOptions& options) {
  const Life first = run(program, options, "--break");
  const Life second = run(program, options, "--once");
  const bool noticed = first.token > 0 && first.status != 0;
  std::cout << "| process | start to ready, s | to the first token | fault to its end |\n|---|---|---|---|\n| first | " << first.ready
            << " | " << first.token << " | " << first.end << " |\n| its successor | " << second.ready << " | " << second.token
            << " | - |\n\nA fault, the process ends, the next one is ready: " << first.end + second.ready << " s\n";
  return noticed && second.token > 0 && second.status == 0 ? 0 : 1;
}

int work(int count, char** arguments) {
  EngineOptions options;
  std::string how;
  for (int i = 2; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--backend" && i + 1 < count) {
      options.backend = arguments[++i];
    } else if (name == "--break" || name == "--once") {
      how = name;
    } else {
      fail("argument '", name, "' is not known, or has no value");
    }
  }
  if (count < 2) {
    fail("usage: engine-restart <checkpoint> [--backend cuda]");
  }
  options.model = arguments[1];
  options.step_tokens = 8192;
  return how.empty() ? compare("/proc/self/exe", options) : serve(options, how == "--break");
}

}  // namespace

int main(int count, char** arguments) {
  return nim::tools::exit_status([&] { return work(count, arguments); });
}
