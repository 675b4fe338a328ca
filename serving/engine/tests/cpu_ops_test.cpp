// Each op of the SIMD backend against the reference, for every instruction set of this CPU, over ragged shapes. What lies behind
// inputs and in pages that nobody owns is NaN.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "model/rope_table.h"
#include "ops/cpu/cpu_ops.h"
#include "support/op_bench.h"

namespace nim {
namespace {

ModelConfig config_of(int hidden, int heads, int kv_heads, int head_dim) {
  ModelConfig c;
  c.layers = 2;
  c.hidden = hidden;
  c.intermediate = hidden;
  c.heads = heads;
  c.kv_heads = kv_heads;
  c.head_dim = head_dim;
  c.vocab = 400;
  c.max_context = 1024;
  c.window = {0, 0};
  return c;
}

constexpr StepLimits kLimits{.max_sequences = 8, .max_step_tokens = 160, .max_context = 1024, .page_tokens = 16, .pages = 80};

/// Largest difference, relative to the value's size and all values' root mean square; infinite where one is not a number.
template <typename T>
double distance(const std::vector<T>& actual, const std::vector<T>& expected) {
  const auto number = [](auto value) {
    if constexpr (std::is_same_v<T, bf16>) {
      return static_cast<double>(to_float(value));
    } else {
      return static_cast<double>(value);
    }
  };
  double squares = 0;
  for (const T value : expected) {
    squares += number(value) * number(value);
  }
  const double typical = std::sqrt(squares / static_cast<double>(expected.size()));
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(number(actual[i]) - number(expected[i])) / (typical + std::fabs(number(expected[i])));
    largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
  }
  return largest;
}

constexpr double kHalf = 0.005;   // a rounding to bf16 that goes the other way is 1/256 of the value at most
constexpr double kFloat = 1e-5;

class CpuOps : public testing::TestWithParam<std::string> {
 protected:
  static std::pair<OpBench, OpBench> both(const ModelConfig& config, const StepLimits& limits = kLimits) {
    return {OpBench(make_reference_ops(), config, limits), OpBench(make_cpu_ops(2, GetParam()), config, limits)};
  }
};

TEST_P(CpuOps, Products) {
  const ModelConfig c = config_of(320, 4, 2, 32);
  const StepLimits limits{.max_sequences = 1, .max_step_tokens = 160, .max_context = 16, .page_tokens = 16, .pages = 1};
  int seed = 0;
  for (const int in : {2, 31, 32, 33, 96, 320}) {
    for (const int out : {1, 15, 16, 17, 64, 65, 130}) {
      const auto weights = random_halves(static_cast<std::size_t>(out) * in, ++seed);
      const auto bias = random_floats(out, ++seed);
      for (const int rows : {1, 2, 7, 16, 17, 32, 33, 48, 63, 64, 65, 129}) {
        const auto x = random_halves(static_cast<std::size_t>(rows) * in, ++seed);
        const auto residual = random_floats(static_cast<std::size_t>(rows) * out, ++seed);
        std::vector<std::vector<bf16>> halves;
        std::vector<std::vector<float>> floats;
        auto [reference, simd] = both(c, limits);
        for (OpBench* const bench : {&reference, &simd}) {
          const Matrix w = bench->matrix(weights, out, in, false, bias);
          const Matrix plain = bench->matrix(weights, out, in);
          const bf16* const device = bench->give(x);
          const std::size_t count = static_cast<std::size_t>(rows) * out;
          bf16* const half = bench->space<bf16>(count);
          float* const sum = bench->give(residual);
          float* const logits = bench->space<float>(count);
          (*bench)->matmul(half, device, w, rows);
          (*bench)->matmul_add(sum, device, w, rows);
          (*bench)->matmul_logits(logits, device, plain, rows);
          halves.push_back(bench->take(half, count));
          floats.push_back(bench->take(sum, count));
          floats.push_back(bench->take(logits, count));
        }
        const std::string what = text("in ", in, ", out ", out, ", rows ", rows);
        ASSERT_LT(distance(halves[1], halves[0]), kHalf) << what;
        ASSERT_LT(distance(floats[2], floats[0]), kFloat) << what;
        ASSERT_LT(distance(floats[3], floats[1]), kFloat) << what;
      }
    }
  }
}

TEST_P(CpuOps, SiluGate) {
  for (const int width : {1, 16, 24, 33, 100}) {
    for (const int rows : {1, 5, 40}) {
      const auto weights = random_halves(static_cast<std::size_t>(2) * width * 72, width);
      const auto x = random_halves(static_cast<std::size_t>(rows) * 72, 1000 + rows);
      std::vector<std::vector<bf16>> results;
      auto [reference, simd] = both(config_of(72, 4, 2, 32));
      for (OpBench* const bench : {&reference, &simd}) {
        const Matrix w = bench->matrix(weights, 2 * width, 72, true);
        bf16* const out = bench->space<bf16>(static_cast<std::size_t>(rows) * width);
        (*bench)->silu_gate(out, bench->give(x), w, rows);
        results.push_back(bench->take(out, static_cast<std::size_t>(rows) * width));
      }
      ASSERT_LT(distance(results[1], results[0]), kHalf) << "width " << width << ", rows " << rows;
    }
  }
}

TEST_P(CpuOps, NormsAndEmbedding) {
  for (const int hidden : {2, 30, 64, 77, 320}) {
    auto [reference, simd] = both(config_of(hidden, 2, 2, 32));
    const int rows = 37;
    const auto table = random_halves(static_cast<std::size_t>(9) * hidden, hidden);
    const auto weight = random_floats(hidden, 3);
    const auto residual = random_floats(static_cast<std::size_t>(rows) * hidden, 4);
    std::vector<std::vector<bf16>> norms;
    std::vector<std::vector<bf16>> samples;
    std::vector<std::vector<float>> embedded;
    for (OpBench* const bench : {&reference, &simd}) {
      bench->step({{0, rows}}, {{5, 6, 7}});
      (*bench)->host_input(0).logit_row[0] = 36;
      (*bench)->host_input(0).logit_row[1] = 2;
      const std::size_t count = residual.size();
      const float* const device = bench->give(residual);
      const float* const scale = bench->give(weight);
      bf16* const out = bench->space<bf16>(count);
      (*bench)->rms_norm(out, device, scale, rows);
      norms.push_back(bench->take(out, count));
      (*bench)->rms_norm_samples(out, device, scale, 2);
      samples.push_back(bench->take(out, static_cast<std::size_t>(2) * hidden));
      float* const rows_out = bench->space<float>(count);
      (*bench)->embed(rows_out, bench->matrix(table, 9, hidden), rows);
      embedded.push_back(bench->take(rows_out, count));
    }
    EXPECT_LT(distance(norms[1], norms[0]), kHalf) << hidden;
    EXPECT_LT(distance(samples[1], samples[0]), kHalf) << hidden;
    EXPECT_EQ(embedded[1], embedded[0]) << hidden;
  }
}

struct Heads {
  int heads, kv_heads, head_dim;
};

TEST_P(CpuOps, RotationStoreAndAttention) {
  for (const Heads& h : {Heads{4, 4, 32}, Heads{6, 2, 12}, Heads{8, 1, 64}, Heads{7, 1, 80}, Heads{40, 1, 16}, Heads{2, 1, 128}}) {
    for (const int page_tokens : {8, 16, 32, 64}) {
      for (const int window : {0, 1, 19, 300}) {
        const bool norms = window % 2 == 1;
        const ModelConfig c = config_of(64, h.heads, h.kv_heads, h.head_dim);
        const StepLimits limits{.max_sequences = 8, .max_step_tokens = 160, .max_context = 1024,
                                .page_tokens = page_tokens, .pages = 1600 / page_tokens};
        const auto rope = rope_table(c, 0, limits.max_context);
        const auto q_norm = random_floats(h.head_dim, 21);
        const auto k_norm = random_floats(h.head_dim, 22);
        // A long sequence in chunks, beside a short one and one that decodes; their pages are shuffled.
        std::vector<std::vector<int>> pages(3);
        for (int page = 0; page < limits.pages; ++page) {
          pages[page % 5 < 3 ? 0 : page % 5 - 2].push_back(limits.pages - 1 - page);
        }
        const std::vector<std::vector<std::pair<int, int>>> steps = {
            {{0, 100}, {0, 1}, {0, 33}}, {{100, 77}, {1, 1}, {33, 1}}, {{177, 150}, {2, 1}, {34, 1}}, {{327, 1}, {3, 1}, {35, 1}}};
        auto [reference, simd] = both(c, limits);
        for (std::size_t i = 0; i < steps.size(); ++i) {
          std::vector<std::vector<bf16>> queries;
          std::vector<std::vector<bf16>> results;
          for (OpBench* const bench : {&reference, &simd}) {
            const StepShape shape = bench->step(steps[i], pages);
            bf16* const qkv = bench->give(random_halves(static_cast<std::size_t>(shape.rows) * c.qkv_width(), 50 + i));
            const std::size_t count = static_cast<std::size_t>(shape.rows) * c.q_width();
            bf16* const out = bench->space<bf16>(count);
            const float* const table = bench->give(rope);
            const float* const qn = norms ? bench->give(q_norm) : nullptr;
            const float* const kn = norms ? bench->give(k_norm) : nullptr;
            (*bench)->attention(1, out, qkv, {table, qn, kn}, window, shape);
            queries.push_back(bench->take(qkv, static_cast<std::size_t>(shape.rows) * c.qkv_width()));
            results.push_back(bench->take(out, count));
          }
          const std::string what = text("heads ", h.heads, "/", h.kv_heads, "x", h.head_dim, ", pages of ", page_tokens,
                                        ", window ", window, ", step ", i, norms ? ", norms" : "");
          ASSERT_LT(distance(queries[1], queries[0]), kHalf) << what;
          // Weights are rounded to bf16 before they meet the values, as flash attention does on a GPU. One key too many or too
          // few of 300 would be 0.06.
          ASSERT_LT(distance(results[1], results[0]), 0.04) << what;
        }
      }
    }
  }
}

TEST_P(CpuOps, UnknownInstructionSetIsRefused) {
  try {
    make_cpu_ops(1, "mmx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("instruction set 'mmx' is not one that this CPU has: use one of portable"));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, CpuOps, testing::ValuesIn(cpu_isas()));

}  // namespace
}  // namespace nim
