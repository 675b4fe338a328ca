// The small kernels between the products, a launcher each.
#pragma once

#include "cuda/launch.cuh"
#include "cuda/rope.cuh"
#include "model/step_input.h"

namespace nim::cuda {

/// residual[row] = embedding[token]; a token below 0 is the one last drawn for slot ~token.
void embed_launch(const Stream&, float* residual, const __nv_bfloat16* embedding, int hidden, const StepInput&,
                  const int32_t* last_token, int rows);

/// Row i of the panels `out` is row source[i] (null: i) of `residual`, less its scale. `count`: rows that exist, on the device.
void rms_norm_launch(const Stream&, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon, int hidden,
                     const int32_t* source, const int32_t* count, int rows);
void rms_norm_rows_launch(const Stream&, __nv_bfloat16* out, const float* residual, const float* weight, float epsilon, int hidden,
                          const int32_t* count, int rows);  ///< the same of many rows
bool rms_norm_rows_fits(int hidden);

struct Rope {
  __nv_bfloat16* qkv;  ///< panels of `rows`
  __nv_bfloat16* kv;
  Rotation rotation;
  StepInput step;
  KvLayout layout;
  int layer;
  int heads;
  int rows;
};
void rope_launch(const Stream&, const Rope&);
void rope_rows_launch(const Stream&, const Rope&);  ///< the same of many rows, without norms

/// Rows of a row-major matrix on the device to their place in a weight.
void shuffle_launch(cudaStream_t, __nv_bfloat16* weight, const __nv_bfloat16* rows, int first_row, int count, int out, int in,
                    bool gated);

}  // namespace nim::cuda
