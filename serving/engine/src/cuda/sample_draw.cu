// The draw: a block a row joins what the parts found. Rows with top-k, top-p or min-p search their threshold, digit by digit of
// the logits' bits, without a sort; masses are added as integers, so the order of addition does not matter.
#include "cuda/sample_token.cuh"

namespace nim::cuda {
namespace {

/// Bits that order as the floats do.
__device__ __forceinline__ std::uint32_t ordered(float x) {
  const std::uint32_t bits = __float_as_uint(x);
  return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

/// The smallest key such that what lies strictly above it weighs less than `bound`, among keys of at least `least`; tokens
/// weigh 1, or their share of the mass.
template <bool kMass>
__device__ std::uint32_t threshold(const float* l, int vocab, std::uint32_t least, float largest, double share,
                                   unsigned long long bound, unsigned long long* bins) {
  __shared__ unsigned long long above, wanted;
  __shared__ std::uint32_t prefix;
  __shared__ bool everything;
  if (threadIdx.x == 0) {
    above = 0, prefix = 0, everything = false, wanted = bound;
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int i = threadIdx.x; i < 256; i += kDrawThreads) {
      bins[i] = 0;
    }
    __syncthreads();
    const std::uint32_t high = shift == 24 ? 0 : prefix >> (shift + 8);
    for (int t = threadIdx.x; t < vocab; t += kDrawThreads) {
      const float x = l[t];
      const std::uint32_t key = ordered(x);
      if (x != -INFINITY && key >= least && (shift == 24 || key >> (shift + 8) == high)) {
        atomicAdd(&bins[key >> shift & 255], kMass ? (unsigned long long)(expf(x - largest) * 0x1p40F) : 1ULL);
      }
    }
    __syncthreads();
    if (threadIdx.x == 0 && !everything) {
      if (shift == 24) {
        unsigned long long total = 0;
        for (int i = 0; i < 256; ++i) {
          total += bins[i];
        }
        if (kMass) {
          wanted = (unsigned long long)(double(total) * share);
        }
        everything = total < wanted || wanted == 0;
      }
      int bin = 255;
      while (bin > 0 && above + bins[bin] < wanted) {
        above += bins[bin--];
      }
      prefix |= std::uint32_t(bin) << shift;
    }
    __syncthreads();
  }
  return everything ? least : prefix;
}

__global__ void __launch_bounds__(kDrawThreads) sample_draw(const Sampling s) {
  __shared__ Best of_warps[32];
  __shared__ unsigned long long bins[256];
  const int sample = blockIdx.x;
  ptx::launch_next();
  const bool exists = sample < s.step.counts->samples;
  ptx::wait_for_previous();
  if (!exists) {
    return;
  }
  const SampleRow row = s.step.sample[sample];
  const float* logits = s.logits + std::size_t(sample) * s.vocab;
  const SamplePart* parts = s.parts + sample * kSampleParts;

  Best best;
  float largest = -INFINITY, raw_largest = -INFINITY;
  int bad = 0;
  for (int i = 0; i < kSampleParts; ++i) {
    best.take(parts[i].score, parts[i].token, parts[i].raw);
    largest = fmaxf(largest, parts[i].largest);
    raw_largest = fmaxf(raw_largest, parts[i].raw_largest);
    bad |= parts[i].bad;
  }
  double log_sum = 0;
  if (row.top_logprobs >= 0) {
    for (int i = 0; i < kSampleParts; ++i) {
      log_sum += parts[i].raw_largest == -INFINITY ? 0 : parts[i].raw_sum * exp(double(parts[i].raw_largest) - raw_largest);
    }
    log_sum = raw_largest + log(log_sum);
  }
  if (has_filters(row) && !bad && largest != -INFINITY) {
    const float* l = s.processed + std::size_t(sample) * s.vocab;
    std::uint32_t least = 0;
    if (row.top_k > 0 && row.top_k < s.vocab) {
      least = threshold<false>(l, s.vocab, least, largest, 0, row.top_k, bins);
    }
    if (row.top_p < 1) {
      least = threshold<true>(l, s.vocab, least, largest, row.top_p, 1, bins);
    }
    if (row.min_p > 0) {
      least = max(least, ordered(largest + logf(row.min_p)));
    }
    best = Best{};
    for (int at = 4 * int(threadIdx.x); at < s.vocab; at += 4 * kDrawThreads) {
      const int here = min(4, s.vocab - at);
      float kept[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float x = i < here ? l[at + i] : -INFINITY;
        kept[i] = ordered(x) >= least ? x : -INFINITY;
      }
      take_four(best, row, at, here, kept, kept);
    }
    best = best_of_block(best, of_warps);
    best.raw = best.token >= 0 ? logits[best.token] : 0;
  }
  const std::int32_t token = bad ? -1 : best.token;
  if (threadIdx.x == 0) {
    s.result.token[sample] = token;
    s.result.logprob[sample] = row.top_logprobs >= 0 && token >= 0 ? float(best.raw - log_sum) : 0;
    s.last_token[row.slot] = max(token, 0);
    if (token >= 0 && has_penalties(row)) {
      count(s.counts + row.slot * count_stride(s.vocab), token);
    }
  }
  // The likeliest few of the raw distribution, one after the other: asked for rarely.
  Best previous{INFINITY, -1, 0};
  for (int n = 0; n < row.top_logprobs && !bad; ++n) {
    Best next;
    for (int t = threadIdx.x; t < s.vocab; t += kDrawThreads) {
      const float x = logits[t];
      if (x < previous.score || (x == previous.score && t > previous.token)) {
        next.take(x, t, x);
      }
    }
    previous = best_of_block(next, of_warps);
    if (threadIdx.x == 0) {
      s.result.top_token[sample * kMaxTopLogprobs + n] = previous.token;
      s.result.top_logprob[sample * kMaxTopLogprobs + n] = previous.token >= 0 ? float(previous.raw - log_sum) : -INFINITY;
    }
  }
}

}  // namespace

void sample_draw_launch(const Stream& stream, const Sampling& s, int samples) {
  launch_kernel(stream, sample_draw, samples, kDrawThreads, 0, s);
}

}  // namespace nim::cuda
