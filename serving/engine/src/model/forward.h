// The forward pass of a Llama-family decoder, written once over the op interface.
#pragma once

#include <vector>

#include "model/config.h"
#include "ops/ops.h"

namespace nim {

struct LayerWeights {
  const float* input_norm;
  Matrix qkv;
  const float* q_norm;  ///< [head_dim], Qwen3 only
  const float* k_norm;
  Matrix o;
  const float* post_norm;
  Matrix gate_up;
  Matrix down;
};

struct Model {
  ModelConfig config;
  Matrix embedding;
  std::vector<LayerWeights> layers;
  const float* final_norm;
  Matrix head;  ///< the embedding itself where tied
  const float* rope;
};

/// Activations of one step, in the arena.
struct Activations {
  float* residual;  ///< [max_step_tokens][hidden]
  bf16* normed;     ///< [max_step_tokens][hidden]
  bf16* qkv;        ///< [max_step_tokens][qkv_width]
  bf16* attended;   ///< [max_step_tokens][q_width]
  bf16* gated;      ///< [max_step_tokens][intermediate]
  bf16* selected;   ///< [max_sequences][hidden]
  float* logits;    ///< [max_sequences][vocab]
};

/// Sees each intermediate as it is computed, where the backend does (normed rows: those with a norm of its own). Off in service:
/// a null pointer.
class Probe {
 public:
  virtual ~Probe() = default;
  /// `layer` is -1 outside the layers.
  virtual void see(const char* name, int layer, const bf16* values, int rows, int columns) = 0;
  virtual void see(const char* name, int layer, const float* values, int rows, int columns) = 0;
};

/// Launches one step: from the step's tokens to logits and drawn tokens.
void forward(Ops&, const Model&, const Activations&, const StepShape&, Probe* probe = nullptr);

}  // namespace nim
