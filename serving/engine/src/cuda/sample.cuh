// Sampling on the device, as src/sampling defines it.
#pragma once

#include "cuda/launch.cuh"
#include "cuda/memory.h"
#include "model/step_input.h"

namespace nim::cuda {

struct Sampling {
  const float* logits;     ///< [samples][vocab], raw
  float* processed;        ///< [samples][vocab], for rows with top-k, top-p or min-p
  SamplePart* parts;       ///< [samples][kSampleParts]
  std::uint16_t* counts;   ///< [slots][vocab] TokenCount, behind the penalties
  std::int32_t* last_token;  ///< [slots]
  StepInput step;
  StepResult result;
  int vocab;
};

void sample_launch(const Stream&, const Sampling&, int samples);

}  // namespace nim::cuda
