// The one public header of the engine: what the Node binding, the tools and the tests use.
// CONTRACT.md says what happens between submit() and the last record of a request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nim {

class Executor;  // src/loop/executor.h

using Token = std::int32_t;
using RequestId = std::uint64_t;

struct EngineOptions {
  std::string model;                ///< folder of a Hugging Face checkpoint: config.json and *.safetensors
  std::string backend = "auto";     ///< "cuda", "cpu", "reference" (plain loops, double accumulation); "auto": by the driver
  std::uint64_t memory_bytes = 0;   ///< for weights, activations and KV pages together; 0: what the backend finds free
  std::int32_t block_size = 16;     ///< tokens of a KV page: 8, 16, 32 or 64
  std::int32_t max_sequences = 64;  ///< sequences that run at once (slots)
  std::int32_t max_context = 0;     ///< prompt and output tokens of a sequence; 0: the model's own, or what the pages hold
  std::int32_t step_tokens = 2048;  ///< rows of one step: decodes and prefill chunks together; >= max_sequences
  std::int32_t queue_bound = 1024;  ///< sequences that may wait; beyond it submit() refuses
  std::int32_t threads = 0;         ///< of a CPU backend; 0: one per core
  // Switches, so that each mechanism can be measured against its absence.
  bool prefix_cache = true;  ///< share the KV pages of equal prefixes
  bool overlap = true;       ///< schedule a step while the one before runs, where the backend runs asynchronously
  bool pace_prefill = true;  ///< bound prefill chunks by the time that they cost the running decodes
  bool forecast_pages = true;  ///< admit by the pages that sequences are expected to need to their end, not by those free now
};

/// The order of processing is that of src/sampling/sampling.h. Each default leaves the distribution as it is.
struct SamplingParams {
  float temperature = 1.0F;         ///< >= 0; below 1e-5 greedy: the lowest id among the largest logits
  std::int32_t top_k = 0;           ///< 0: off
  float top_p = 1.0F;               ///< (0, 1]
  float min_p = 0.0F;               ///< [0, 1]
  float repetition_penalty = 1.0F;  ///< > 0; over prompt and output tokens
  float presence_penalty = 0.0F;    ///< [-2, 2]; over output tokens
  float frequency_penalty = 0.0F;   ///< [-2, 2]; over output tokens
  std::vector<std::pair<Token, float>> logit_bias;  ///< added to logits; at most 300 tokens
  std::int32_t logprobs = -1;       ///< -1: none; n: of the chosen token and of the n likeliest, n <= 20
  std::uint64_t seed = 0;           ///< with the position of a token it keys all randomness: equal seeds, equal outputs
  std::vector<Token> stop_tokens;   ///< end the output, beside the model's own end tokens; at most 16
  bool ignore_eos = false;          ///< the model's own end tokens do not end the output
  std::int32_t min_tokens = 0;      ///< neither stop nor end tokens are sampled before that many output tokens
};

struct Request {
  std::vector<Token> prompt;       ///< at least one token
  SamplingParams sampling;
  std::int32_t max_tokens = 16;    ///< output tokens of a sequence; 0: up to the maximum context, which ends it in any case
  std::int32_t n = 1;              ///< sequences; sequence i samples with seed + i
  std::int32_t priority = 0;       ///< -8 to 7, smaller is sooner; a head start in the queue, never a way to starve others
  std::uint32_t deadline_ms = 0;   ///< from submit(), queue included; 0: none
  bool masked = false;             ///< each token waits for set_mask()
};

enum class FinishReason : std::uint8_t {
  kNone = 0,       // the sequence goes on
  kStop = 1,       // a stop or end token, which is the record's token
  kLength = 2,     // max_tokens or the maximum context
  kCancelled = 3,  // cancel() or stop()
  kDeadline = 4,
  kError = 5,  // StepOutput::error says why
};

struct TopLogprob {
  Token token;
  float logprob;
};

/// One token of one sequence, its end, or both. The binding hands these 40 bytes to JavaScript as they are (little endian).
struct TokenRecord {
  RequestId request;
  std::uint32_t sequence;       ///< 0 to n - 1
  Token token;                  ///< -1: the sequence ends without a token
  std::uint32_t index;          ///< of the token in its sequence's output, from 0; without a token: how many there were
  float logprob;                ///< of the chosen token, natural log, from the unmodified logits; NaN unless asked for
  std::uint32_t top_begin;      ///< into StepOutput::top
  std::uint16_t top_count;
  FinishReason finish;
  std::uint8_t reserved;
  std::uint32_t cached_tokens;  ///< prompt tokens whose KV came from the prefix cache when the sequence was first admitted
  std::uint32_t reserved2;
};
static_assert(sizeof(TokenRecord) == 40);

/// What one step gave, valid during the callback. Records of a sequence come in order; the last one has its finish reason.
struct StepOutput {
  std::uint64_t step;
  std::span<const TokenRecord> records;
  std::span<const TopLogprob> top;
  std::string_view error;  ///< of the records that end with kError
};

/// Called on the engine's thread, once a step that has records. May call submit(), cancel(), set_mask() and stats(). While it
/// blocks, the engine pauses: that is the back-pressure. Must not throw, nor call drain() or stop().
using StepCallback = std::function<void(const StepOutput&)>;

struct Refusal {
  enum class Code : std::uint8_t { kInvalid, kTooLong, kQueueFull, kDraining, kUnhealthy };
  Code code;
  std::string message;  ///< field, value given, what is allowed
};

enum class Health : std::uint8_t { kReady, kDraining, kUnhealthy, kStopped };

/// Readable at any time without waiting for the loop; each figure is whole, together they may be of two steps.
struct EngineStats {
  Health health;
  std::int32_t running, waiting;                        // sequences
  std::int32_t pages, pages_free, pages_cached;         // cached: kept for prefixes, in nobody's use, taken when needed
  std::uint64_t steps;                                  // collected
  std::uint64_t prompt_tokens, cached_tokens;           // admitted, and of these found in the prefix cache
  std::uint64_t computed_tokens, output_tokens;         // rows run; tokens handed out
  std::uint64_t preemptions, faults;
  std::uint64_t last_step_us;                           // duration of the last step
  std::uint64_t busy_us;                                // how long the loop's turn has run; 0 when idle: the watchdog's figure
  std::uint64_t paused_us;                              // how long the callback has blocked; 0 outside it
};

/// Where start-up time goes: called when a phase of create() ends.
using PhaseCallback = std::function<void(std::string_view phase, double seconds)>;

/// What a checkpoint is and what it needs, by arithmetic over its config.json and the options.
struct ModelPlan {
  struct Line {
    std::string name;
    std::uint64_t bytes;
  };
  std::string architecture;  ///< as config.json names it
  std::int32_t layers, hidden, heads, kv_heads, head_dim, vocabulary, max_context;
  std::uint64_t parameters;
  std::string backend;       ///< the chip and the path chosen on it
  std::vector<Line> lines, host_lines;
  std::uint64_t page_bytes;
  std::int32_t pages;
  std::uint64_t free_bytes;  ///< memory_bytes, or what the backend finds free
  bool fits;                 ///< false: the lines are what one sequence of max_context needs
};

/// Loads nothing. Throws std::runtime_error where create() would before its plan. The backend may be a GPU that is not here
/// too, "cuda-8.0", "cuda-8.6", "cuda-8.9" or "cuda-9.0" by its compute capability; memory_bytes is its memory then.
ModelPlan inspect(const EngineOptions&);

class Engine {
 public:
  /// Reads the checkpoint's configuration, refuses what cannot work or does not fit, reports the memory plan, loads, starts.
  /// Throws std::runtime_error with one line that says what to change.
  static std::unique_ptr<Engine> create(const EngineOptions&, StepCallback, const PhaseCallback& = {},
                                        const std::function<void(std::string_view plan)>& = {});

  /// Over any executor: what create() ends with, and what tests start with.
  Engine(const EngineOptions&, std::unique_ptr<Executor>, StepCallback);
  ~Engine();  ///< stop()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // From any thread. None waits for a step.
  std::variant<RequestId, Refusal> submit(Request);
  void cancel(RequestId);  ///< all sequences; unknown and finished ones are ignored
  /// Allowed tokens of output `index` of a masked sequence, bit t of word t / 32; false: a mask of the wrong length.
  /// Masks for unknown sequences or past indices are ignored.
  bool set_mask(RequestId, std::uint32_t sequence, std::uint32_t index, std::span<const std::uint32_t> words);
  EngineStats stats() const;
  std::string error() const;  ///< why the engine is unhealthy; empty otherwise
  std::int32_t max_context() const;
  std::int32_t vocabulary() const;

  // From any thread but the engine's own.
  bool drain(std::uint32_t timeout_ms = 0);  ///< refuse new requests, finish the rest; 0: however long. False: timed out
  void stop();                               ///< cancel everything, deliver the last records, end the thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nim
