#include "fuzz/scenario.h"

#include <algorithm>
#include <sstream>

namespace nim::test {
namespace {

std::vector<Token> random_tokens(Random& random, int count, std::int32_t vocabulary) {
  std::vector<Token> tokens(count);
  for (Token& token : tokens) {
    token = random.between(0, vocabulary - 1);
  }
  return tokens;
}

SamplingParams random_sampling(Random& random, std::int32_t vocabulary) {
  SamplingParams p;
  p.seed = random.next();
  p.temperature = random.chance(0.5) ? 0.0F : 1.0F;
  if (random.chance(0.2)) {
    p.repetition_penalty = 1.1F;
  }
  if (random.chance(0.2)) {
    p.frequency_penalty = 0.5F;
  }
  if (random.chance(0.3)) {
    p.stop_tokens = random_tokens(random, random.between(1, 3), vocabulary);
  }
  p.ignore_eos = random.chance(0.7);
  p.min_tokens = random.chance(0.2) ? random.between(1, 10) : 0;
  p.logprobs = random.chance(0.3) ? random.between(0, 4) : -1;
  return p;
}

/// A stem that others have too, a continuation of somebody's output, or neither.
std::vector<Token> random_prompt(Random& random, const Scenario& scenario, const std::vector<std::vector<Token>>& stems) {
  const int most = scenario.fake.limits.max_context - 1;
  std::vector<Token> prompt;
  if (!scenario.arrivals.empty() && random.chance(0.25)) {
    const auto& before = scenario.arrivals[random.next() % scenario.arrivals.size()].request;
    prompt = before.prompt;
    const Expected expected = expected_output(before, 0, scenario.fake);
    prompt.insert(prompt.end(), expected.output.begin(), expected.output.end());
  } else if (random.chance(0.6)) {
    const auto& stem = stems[random.next() % stems.size()];
    prompt.assign(stem.begin(), stem.begin() + random.between(1, static_cast<int>(stem.size())));
  }
  const auto own = random_tokens(random, random.chance(0.2) ? random.between(0, most) : random.between(0, 12), scenario.fake.vocabulary);
  prompt.insert(prompt.end(), own.begin(), own.end());
  if (prompt.empty()) {
    prompt.push_back(random.between(0, scenario.fake.vocabulary - 1));
  }
  prompt.resize(std::min<std::size_t>(prompt.size(), most));
  return prompt;
}

/// Makes all pages alike from one of them on: equal tokens below different parents.
void repeat_pages(Random& random, std::vector<Token>& tokens, int page_tokens) {
  const std::size_t first = static_cast<std::size_t>(random.between(0, 2) + 1) * static_cast<std::size_t>(page_tokens);
  for (std::size_t i = first; i < tokens.size(); ++i) {
    tokens[i] = tokens[i - static_cast<std::size_t>(page_tokens)];
  }
}

void choose_limits(Random& random, Scenario& scenario) {
  StepLimits& l = scenario.fake.limits;
  l.page_tokens = random.chance(0.8) ? 8 : 16;
  l.max_sequences = random.between(1, 10);
  l.max_step_tokens = l.max_sequences + (random.chance(0.3) ? 0 : random.between(1, 60));
  l.max_context = random.between(2, 12) * l.page_tokens - random.between(0, 5);
  // From one sequence's worth, where everybody preempts everybody, to plenty.
  l.pages = l.max_pages_per_sequence() + random.between(0, random.chance(0.6) ? 2 : 60);
}

}  // namespace

Scenario make_scenario(std::uint64_t seed) {
  Random random(mix(seed, 1));
  Scenario scenario;
  scenario.seed = seed;
  choose_limits(random, scenario);
  scenario.fake.seed = mix(seed, 2);
  scenario.fake.asynchronous = random.chance(0.7);
  scenario.fake.cost = {random.chance(0.5) ? 4000.0 : 100.0, random.chance(0.5) ? 20.0 : 500.0, 64};
  if (random.chance(0.25)) {
    scenario.fake.step_fault = 0.01;
    scenario.fake.no_sample = 0.01;
  }
  if (random.chance(0.05)) {
    scenario.fake.fatal_fault = 0.01;
  }
  scenario.options.prefix_cache = random.chance(0.85);
  scenario.options.pace_prefill = random.chance(0.7);
  scenario.options.forecast_pages = mix(seed, 3) % 4 == 0;  // without it pages run out, and more of the scheduler runs

  std::vector<std::vector<Token>> stems;
  for (int i = 0; i < 3; ++i) {
    stems.push_back(random_tokens(random, random.between(1, scenario.fake.limits.max_context - 1), scenario.fake.vocabulary));
    if (random.chance(0.4)) {
      repeat_pages(random, stems.back(), scenario.fake.limits.page_tokens);
    }
  }
  const int spread = random.between(0, 3);
  int turn = 0;
  for (int left = random.between(1, 40); left > 0; --left) {
    Arrival arrival;
    turn += random.between(0, spread * 2);
    arrival.turn = turn;
    Request& request = arrival.request;
    request.prompt = random_prompt(random, scenario, stems);
    request.sampling = random_sampling(random, scenario.fake.vocabulary);
    request.max_tokens = random.chance(0.1) ? 0 : random.between(1, random.chance(0.4) ? 80 : 20);
    request.n = random.chance(0.15) ? random.between(2, 4) : 1;
    request.priority = random.chance(0.2) ? random.between(-8, 7) : 0;
    request.masked = random.chance(0.15);
    request.deadline_ms = random.chance(0.1) ? static_cast<std::uint32_t>(random.between(1, 200)) : 0;
    arrival.mask_delay = random.between(0, 3);
    arrival.cancel_turn = random.chance(0.2) ? turn + random.between(0, 40) : -1;
    scenario.arrivals.push_back(arrival);
  }
  return scenario;
}

std::vector<std::uint32_t> mask_for(const Request& request, int sequence, int output, std::int32_t vocabulary) {
  std::vector<std::uint32_t> words((static_cast<std::size_t>(vocabulary) + 31) / 32);
  for (Token token = 0; token < vocabulary; ++token) {
    const std::uint64_t hash = mix(request.sampling.seed + static_cast<std::uint64_t>(sequence), static_cast<std::uint64_t>(output * 1000 + token));
    if (hash % 3 != 0 || token == output % vocabulary) {
      words[token / 32] |= 1U << (token % 32);
    }
  }
  return words;
}

Expected expected_output(const Request& request, int sequence, const FakeOptions& fake) {
  const SamplingParams& p = request.sampling;
  const bool penalties = p.repetition_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0;
  std::vector<std::uint32_t> counts(fake.vocabulary);
  std::uint64_t history = kEmptyHistory;
  for (const Token token : request.prompt) {
    history = extend_history(history, token);
    counts[token] |= 0x8000;
  }
  const auto prompt = static_cast<std::int32_t>(request.prompt.size());
  const std::int32_t room = fake.limits.max_context - prompt;
  const std::int32_t most = request.max_tokens == 0 ? room : std::min(room, request.max_tokens);
  const auto ends = [&](Token token) {
    return std::ranges::find(p.stop_tokens, token) != p.stop_tokens.end() ||
           (!p.ignore_eos && std::ranges::find(fake.end_tokens, token) != fake.end_tokens.end());
  };
  Expected expected{{}, FinishReason::kLength};
  for (std::int32_t i = 0; i < most; ++i) {
    FakeSample sample{history, p.seed + static_cast<std::uint64_t>(sequence), prompt + i, 0, {}};
    for (Token t = 0; penalties && t < fake.vocabulary; ++t) {
      sample.counts += counts[t] == 0 ? 0 : mix(static_cast<std::uint64_t>(t), counts[t]);
    }
    const auto mask = mask_for(request, sequence, i, fake.vocabulary);
    sample.allowed = [&](Token token) {
      return (!request.masked || (mask[token / 32] >> (token % 32) & 1U) != 0) && (i >= p.min_tokens || !ends(token));
    };
    const Token token = expected_token(sample, fake.vocabulary);
    if (token < 0) {
      expected.reason = FinishReason::kError;
      break;
    }
    expected.output.push_back(token);
    history = extend_history(history, token);
    ++counts[token];
    if (ends(token)) {
      expected.reason = FinishReason::kStop;
      break;
    }
  }
  return expected;
}

std::string describe(const Scenario& s) {
  std::ostringstream out;
  const StepLimits& l = s.fake.limits;
  out << "seed " << s.seed << ": " << l.pages << " pages of " << l.page_tokens << ", " << l.max_sequences << " slots, "
      << l.max_step_tokens << " rows, context " << l.max_context << (s.fake.asynchronous ? ", overlap" : "")
      << (s.options.prefix_cache ? ", prefix cache" : "") << (s.options.pace_prefill ? ", pace" : "") << (s.options.forecast_pages ? ", forecast" : "") << ", faults "
      << s.fake.step_fault << "/" << s.fake.fatal_fault << "/" << s.fake.no_sample << "\n";
  for (const Arrival& a : s.arrivals) {
    out << "  turn " << a.turn << ": max_tokens " << a.request.max_tokens << ", n " << a.request.n << ", priority "
        << a.request.priority << (a.request.masked ? ", masked" : "") << ", deadline " << a.request.deadline_ms
        << ", cancel " << a.cancel_turn << ", stops " << a.request.sampling.stop_tokens.size() << ", prompt of "
        << a.request.prompt.size() << ":";
    for (const Token token : a.request.prompt) {
      out << " " << token;
    }
    out << "\n";
  }
  return out.str();
}

Scenario shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails) {
  const auto keep_if = [&](const std::function<void(Scenario&)>& change) {
    Scenario smaller = scenario;
    change(smaller);
    if (fails(smaller)) {
      scenario = std::move(smaller);
      return true;
    }
    return false;
  };
  for (std::size_t piece = scenario.arrivals.size() / 2; piece > 0; piece /= 2) {
    for (std::size_t first = 0; first + piece <= scenario.arrivals.size();) {
      const bool kept = keep_if([&](Scenario& s) {
        s.arrivals.erase(s.arrivals.begin() + static_cast<std::ptrdiff_t>(first), s.arrivals.begin() + static_cast<std::ptrdiff_t>(first + piece));
      });
      first += kept ? 0 : piece;
    }
  }
  for (std::size_t i = 0; i < scenario.arrivals.size(); ++i) {
    keep_if([&](Scenario& s) { s.arrivals[i].cancel_turn = -1; });
    keep_if([&](Scenario& s) { s.arrivals[i].turn = 0; });
    keep_if([&](Scenario& s) { s.arrivals[i].request.n = 1; });
    keep_if([&](Scenario& s) { s.arrivals[i].request.priority = 0; });
    keep_if([&](Scenario& s) { s.arrivals[i].request.masked = false; });
    keep_if([&](Scenario& s) { s.arrivals[i].request.deadline_ms = 0; });
    while (scenario.arrivals[i].request.prompt.size() > 1 && keep_if([&](Scenario& s) {
             auto& prompt = s.arrivals[i].request.prompt;
             prompt.resize((prompt.size() + 1) / 2);
           })) {
    }
    while (scenario.arrivals[i].request.max_tokens > 1 && keep_if([&](Scenario& s) { s.arrivals[i].request.max_tokens /= 2; })) {
    }
  }
  keep_if([](Scenario& s) { s.fake.asynchronous = false; });
  keep_if([](Scenario& s) { s.options.pace_prefill = false; });
  keep_if([](Scenario& s) { s.options.forecast_pages = false; });
  keep_if([](Scenario& s) { s.options.prefix_cache = false; });
  return scenario;
}

}  // namespace nim::test
