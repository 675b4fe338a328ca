// Sampling by three kernels: token counts behind the penalties; a pass over the logits by 32 blocks a row (penalties, bias,
// mask, temperature, and the best token with its noise); then the draw (sample_draw.cu).
#include "cuda/sample_token.cuh"

namespace nim::cuda {
namespace {

constexpr int kPartThreads = 256;

__global__ void __launch_bounds__(kDrawThreads) sample_history(const Sampling s) {
  ptx::launch_next();
  const StepCounts counts = *s.step.counts;
  ptx::wait_for_previous();
  const std::size_t stride = count_stride(s.vocab);
  for (int i = 0; i < counts.resets; ++i) {
    auto* words = reinterpret_cast<unsigned*>(s.counts + s.step.reset_slot[i] * stride);
    for (int t = threadIdx.x; t < int(stride / 2); t += kDrawThreads) {
      words[t] = 0;
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < counts.history; i += kDrawThreads) {
    count(s.counts + s.step.history_slot[i] * stride, s.step.history_token[i]);
  }
}

__global__ void __launch_bounds__(kPartThreads) sample_part(const Sampling s) {
  __shared__ Best of_warps[32];
  __shared__ float floats[32];
  __shared__ double doubles[32];
  extern __shared__ float bias[];
  const int sample = blockIdx.y;
  ptx::launch_next();
  const bool exists = sample < s.step.counts->samples;
  ptx::wait_for_previous();
  if (!exists) {
    return;
  }
  const SampleRow row = s.step.sample[sample];
  const float* logits = s.logits + std::size_t(sample) * s.vocab;
  const int fours = (s.vocab + 3) / 4;
  const int first = int(std::int64_t(blockIdx.x) * fours / kSampleParts) * 4;
  const int last = min(int(std::int64_t(blockIdx.x + 1) * fours / kSampleParts) * 4, s.vocab);
  const bool biased = row.bias_end > row.bias_begin;
  if (biased) {
    for (int i = threadIdx.x; i < last - first; i += kPartThreads) {
      bias[i] = 0;
    }
    __syncthreads();
    for (int i = row.bias_begin + threadIdx.x; i < row.bias_end; i += kPartThreads) {
      const int token = s.step.bias_token[i];
      if (token >= first && token < last) {
        atomicAdd(&bias[token - first], s.step.bias_value[i]);
      }
    }
    __syncthreads();
  }
  const std::uint16_t* counts = has_penalties(row) ? s.counts + row.slot * count_stride(s.vocab) : nullptr;
  const std::uint32_t* mask = row.mask >= 0 ? s.step.mask_words + std::size_t(row.mask) * ((s.vocab + 31) / 32) : nullptr;
  const bool filters = has_filters(row);
  float* processed = s.processed + std::size_t(sample) * s.vocab;

  Best best;
  float largest = -INFINITY, raw_largest = -INFINITY;
  double raw_sum = 0;
  int bad = 0;
  for (int at = first + 4 * int(threadIdx.x); at < last; at += 4 * kPartThreads) {
    const int here = min(4, last - at);
    float raw[4], l[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      raw[i] = i < here ? __ldcg(logits + at + i) : -INFINITY;
      l[i] = raw[i];
      bad |= !(raw[i] < INFINITY);
    }
    if (row.top_logprobs >= 0) {
      const float most = fmaxf(fmaxf(raw[0], raw[1]), fmaxf(raw[2], raw[3]));
      if (most > raw_largest) {
        raw_sum *= exp(double(raw_largest) - most);
        raw_largest = most;
      }
      for (int i = 0; i < here; ++i) {
        raw_sum += expf(raw[i] - raw_largest);
      }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < here) {
        if (counts != nullptr) {
          const std::uint16_t c = counts[at + i];
          if (c != 0) {
            l[i] = l[i] > 0 ? l[i] / row.repetition_penalty : l[i] * row.repetition_penalty;
            if (const float outputs = c & kMaxCount; outputs > 0) {
              l[i] = __fsub_rn(l[i], row.presence_penalty);
              l[i] = __fsub_rn(l[i], __fmul_rn(row.frequency_penalty, outputs));
            }
          }
        }
        if (biased) {
          l[i] += bias[at + i - first];
        }
        if (mask != nullptr && (mask[(at + i) / 32] >> ((at + i) % 32) & 1U) == 0) {
          l[i] = -INFINITY;
        }
        if (row.temperature > 0) {
          l[i] = __fdiv_rn(l[i], row.temperature);
        }
        largest = fmaxf(largest, l[i]);
        if (filters) {
          processed[at + i] = l[i];
        }
      }
    }
    if (!filters) {
      take_four(best, row, at, here, l, raw);
    }
  }

  best = best_of_block(best, of_warps);
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  float most = raw_largest;
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
    largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, d));
    most = fmaxf(most, __shfl_xor_sync(~0U, most, d));
  }
  double sum = raw_largest == -INFINITY ? 0 : raw_sum * exp(double(raw_largest) - most);
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
    sum += __shfl_xor_sync(~0U, sum, d);
  }
  __shared__ float raw_floats[32];
  if (lane == 0) {
    floats[warp] = largest, raw_floats[warp] = most, doubles[warp] = sum;
  }
  bad = __syncthreads_or(bad);
  if (threadIdx.x == 0) {
    SamplePart part{best.score, best.token, best.raw, -INFINITY, -INFINITY, 0, bad};
    for (int w = 0; w < kPartThreads / 32; ++w) {
      part.largest = fmaxf(part.largest, floats[w]);
      part.raw_largest = fmaxf(part.raw_largest, raw_floats[w]);
    }
    for (int w = 0; w < kPartThreads / 32; ++w) {
      part.raw_sum += raw_floats[w] == -INFINITY ? 0 : doubles[w] * exp(double(raw_floats[w]) - part.raw_largest);
    }
    s.parts[sample * kSampleParts + blockIdx.x] = part;
  }
}

}  // namespace

void sample_launch(const Stream& stream, const Sampling& s, int samples) {
  const int part = ((s.vocab + 3) / 4 + kSampleParts - 1) / kSampleParts * 4 + 4;
  const int shared = part * int(sizeof(float));
  static const int raised = allow_shared(sample_part, 96 * 1024);
  (void)raised;
  launch_kernel(stream, sample_history, 1, kDrawThreads, 0, s);
  launch_kernel(stream, sample_part, dim3(kSampleParts, samples), kPartThreads, shared, s);
  sample_draw_launch(stream, s, samples);
}

}  // namespace nim::cuda
