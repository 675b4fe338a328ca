#include "model/forward.h"

namespace nim {

void forward(Ops& ops, const Model& model, const Activations& a, const StepShape& shape, Probe* probe) {
  const ModelConfig& c = model.config;
  const int rows = shape.rows;
  const auto see = [&](const char* name, int layer, const auto* values, int count, int columns) {
    if (probe != nullptr) {
      probe->see(name, layer, values, count, columns);
    }
  };

  ops.embed(a.residual, model.embedding, rows);
  see("embedding", -1, a.residual, rows, c.hidden);

  for (int i = 0; i < c.layers; ++i) {
    const LayerWeights& layer = model.layers[i];

    ops.norm_matmul(a.qkv, {a.residual, layer.input_norm, a.normed}, layer.qkv, rows);
    see("input_norm", i, a.normed, rows, c.hidden);
    see("qkv", i, a.qkv, rows, c.qkv_width());
    ops.attention(i, a.attended, a.qkv, {model.rope, layer.q_norm, layer.k_norm}, c.window[i], shape);
    see("attention", i, a.attended, rows, c.q_width());
    ops.matmul_add(a.residual, a.attended, layer.o, rows);
    see("attention_residual", i, a.residual, rows, c.hidden);

    ops.norm_silu_gate(a.gated, {a.residual, layer.post_norm, a.normed}, layer.gate_up, rows);
    see("post_norm", i, a.normed, rows, c.hidden);
    see("gated", i, a.gated, rows, c.intermediate);
    ops.matmul_add(a.residual, a.gated, layer.down, rows);
    see("layer", i, a.residual, rows, c.hidden);
  }

  if (shape.samples == 0) {
    return;
  }
  ops.rms_norm_samples(a.selected, a.residual, model.final_norm, shape.samples);
  see("final_norm", -1, a.selected, shape.samples, c.hidden);
  ops.matmul_logits(a.logits, a.selected, model.head, shape.samples);
  see("logits", -1, a.logits, shape.samples, c.vocab);
  ops.sample(a.logits, shape.samples);
}

}  // namespace nim
