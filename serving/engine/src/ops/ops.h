// The op interface: everything the engine asks of a chip. The CPU backends (src/ops/cpu) and the CUDA backend (src/cuda)
// implement it; the forward pass (src/model/forward.cpp) is written once over it.
//
// Rules that hold for every backend:
//   - A launch returns at once; launches run in order on one stream. The CPU is done at return.
//   - Memory is one arena, allocated once; nothing is allocated after ready. Pointers in launches are device pointers.
//   - Activations are row-major bf16, the residual stream and logits float. Sums are float or better.
//   - Batch invariance: a row of a result depends on that row (and its sequence) alone, bit for bit. The order of every
//     sum is fixed by the row's own shape: K in one order for any number of rows, attention in splits of a fixed number
//     of keys, counted from the sequence's first.
//   - Rows and pages that no sequence owns may hold anything, NaN included.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bf16.h"
#include "model/config.h"
#include "model/step_input.h"

namespace nim {

/// A weight matrix, out x in, in the backend's own layout.
struct Matrix {
  int out = 0;
  int in = 0;
  /// Gate rows, then as many up rows: only for `silu_gate`, so a backend may interleave them.
  bool gated = false;
  std::byte* data = nullptr;
  const float* bias = nullptr;  ///< [out] or none
};

/// Rows of the residual stream as a product takes them: normed.
struct NormedRows {
  const float* residual;
  const float* weight;
  bf16* room;  ///< for the normed rows, where the backend computes them apart
};

/// How q and k are rotated.
struct Rotary {
  const float* table;   ///< [max_context][head_dim / 2] pairs of cosine and sine
  const float* q_norm;  ///< [head_dim], of each head before it is rotated, or none
  const float* k_norm;
};

/// Host memory that a reader fills and `store_rows` gives back.
struct Staging {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
  int index = -1;
};

/// A line of the memory plan.
struct MemoryLine {
  std::string name;
  std::size_t bytes = 0;
};

/// Where the backend's own parts lie in the arena.
struct ArenaLayout {
  std::size_t bytes = 0;
  std::size_t kv_offset = 0;   ///< pages * kv_page_bytes
  std::size_t own_offset = 0;  ///< the sum of own_memory
};

/// What a backend takes of its memory, by arithmetic: nothing is allocated, no device is asked, any thread may ask.
class OpsMemory {
 public:
  virtual ~OpsMemory() = default;

  virtual std::size_t matrix_bytes(int out, int in, bool gated) const = 0;
  /// One page: keys and values of page_tokens tokens in all layers.
  virtual std::size_t kv_page_bytes(const ModelConfig&, int page_tokens) const = 0;
  /// What the backend needs for itself in the arena: step input, workspace, token counts behind the penalties.
  virtual std::vector<MemoryLine> own_memory(const ModelConfig&, const StepLimits&) const = 0;
  /// Host memory outside the arena: staging for the load, pinned step input and results.
  virtual std::vector<MemoryLine> host_memory(const ModelConfig&, const StepLimits&) const = 0;
};

class Ops : public OpsMemory {
 public:
  // ---- Before the load.

  /// The chip and the path chosen on it, for the log.
  virtual std::string describe() const = 0;
  /// Rows that products take at a time: up to the next multiple, more rows in a step cost next to nothing.
  virtual int row_tile() const { return 1; }
  /// Bytes that may be planned for, free at this moment.
  virtual std::size_t free_memory() const = 0;

  // ---- The load.

  /// Allocates the arena and all host memory, once, and returns the arena's first byte.
  virtual std::byte* allocate(const ArenaLayout&, const ModelConfig&, const StepLimits&) = 0;
  /// Waits for a free staging buffer. Called by several reader threads.
  virtual Staging acquire_staging() = 0;
  /// Rows first_row .. first_row + rows - 1 of a matrix, row-major in the staging buffer, which is given back.
  virtual void store_rows(const Matrix&, int first_row, int rows, Staging) = 0;
  /// Floats to the device: norms, biases, rotary tables. The source is free at return.
  virtual void store_floats(float* device, const float* host, std::size_t count) = 0;
  /// Gives back a staging buffer unused.
  virtual void release_staging(Staging) = 0;
  /// Everything stored has arrived; staging memory is returned to the system.
  virtual void finish_load() = 0;

  // ---- A step. Two sets of host arrays, so that step n + 1 is filled while n runs: use them in turn.

  /// The host arrays to fill; free again once `wait` for the same set has returned.
  virtual StepInput host_input(int set) = 0;
  /// Copies the set to the device; launches read that copy.
  virtual void begin_step(int set, const StepShape&) = 0;
  /// Runs the launches of a step. A backend with graphs rounds the shape up to a bucket, captures `launch` once for each
  /// bucket and replays it after; so launches take their counts from `StepInput::counts`, and only grids from the shape.
  virtual void run(const StepShape&, const std::function<void(const StepShape&)>& launch) = 0;
  /// Copies what was sampled to the host.
  virtual void end_step(int set) = 0;
  /// Blocks until the step of this set has ended.
  virtual StepResult wait(int set) = 0;
  /// Copies device memory to the host after everything launched: for tests and probes.
  virtual void read(void* host, const void* device, std::size_t bytes) = 0;

  // ---- Launches. `rows` is a number of rows of the shape given to `run`.

  /// residual[row] = embedding[token[row]]
  virtual void embed(float* residual, const Matrix& embedding, int rows) = 0;

  /// out[row] = residual[row] / rms(residual[row]) * weight
  virtual void rms_norm(bf16* out, const float* residual, const float* weight, int rows) = 0;

  /// out[i] = rms_norm of residual[logit_row[i]]
  virtual void rms_norm_samples(bf16* out, const float* residual, const float* weight, int samples) = 0;

  /// out = x w^T + bias
  virtual void matmul(bf16* out, const bf16* x, const Matrix& w, int rows) = 0;

  /// residual += x w^T + bias
  virtual void matmul_add(float* residual, const bf16* x, const Matrix& w, int rows) = 0;

  /// out = silu(x gate^T) * (x up^T), for w = [gate; up]
  virtual void silu_gate(bf16* out, const bf16* x, const Matrix& w, int rows) = 0;

  /// logits = x w^T
  virtual void matmul_logits(float* logits, const bf16* x, const Matrix& w, int samples) = 0;

  /// matmul and silu_gate of normed rows. A backend may norm them inside the product.
  virtual void norm_matmul(bf16* out, const NormedRows& x, const Matrix& w, int rows) {
    rms_norm(x.room, x.residual, x.weight, rows);
    matmul(out, x.room, w, rows);
  }
  virtual void norm_silu_gate(bf16* out, const NormedRows& x, const Matrix& w, int rows) {
    rms_norm(x.room, x.residual, x.weight, rows);
    silu_gate(out, x.room, w, rows);
  }

  /// From q, k, v of each row, side by side: norms of each head of q and k where given, rotation by position (halves, as Hugging
  /// Face stores Llama), keys and values to their page; then causal attention of each row over its sequence's pages, `window`
  /// keys at most, 0: all. What is in qkv afterwards is the backend's matter.
  virtual void attention(int layer, bf16* out, bf16* qkv, const Rotary&, int window, const StepShape&) = 0;

  /// Draws one token for each row of logits, as src/sampling defines it, and remembers it as the slot's last.
  virtual void sample(float* logits, int samples) = 0;
};

}  // namespace nim
