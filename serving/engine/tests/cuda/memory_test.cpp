// What the CUDA backend refuses for want of memory, whole: the arithmetic of a GPU that is not here. What only a GPU shows is
// that the driver reports the free bytes these begin with (bench/gpu/run.sh, "Refusals").
#include "cuda/memory.h"

#include <gtest/gtest.h>

#include "checkpoint_writer.h"
#include "model/memory_plan.h"
#include "support/errors.h"

namespace nim::cuda {
namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;
const CudaMemory kHopper(true);
const CudaMemory kPortable(false);

StepLimits limits_of(int context, int sequences) {
  return {.max_sequences = sequences, .max_step_tokens = 2048, .max_context = context, .page_tokens = 16, .pages = 0};
}

TEST(CudaMemory, AModelThatDoesNotFitIsRefusedWithEveryFigure) {
  const ModelConfig c = tools::preset("llama-3.1-8b");
  // 8,030,261,248 parameters in bf16, 128 KiB of keys and values a token; of the device 768 MiB stay the driver's.
  EXPECT_EQ(message_of([&] { plan_memory(c, kPortable, limits_of(8192, 64), usable_bytes(16 * kGiB)); }),
            "too little memory: 16654.3 MiB are needed (weights 15321.0 MiB, activations 175.8 MiB, buffers 133.4 MiB, KV cache of "
            "8192 tokens 1024.0 MiB), 15616.0 MiB are there: lower the maximum context, the step's tokens or "
            "the sequences, or take a smaller model");
}

TEST(CudaMemory, AContextThatDoesNotFitIsRefused) {
  const ModelConfig c = tools::preset("llama-3.1-8b");
  EXPECT_EQ(message_of([&] { plan_memory(c, kPortable, limits_of(131072, 64), usable_bytes(24 * kGiB)); }),
            "too little memory: 32077.1 MiB are needed (weights 15381.0 MiB, activations 175.8 MiB, buffers 136.3 MiB, KV cache of "
            "131072 tokens 16384.0 MiB), 23808.0 MiB are there: lower the maximum context, the step's tokens or "
            "the sequences, or take a smaller model");
}

TEST(CudaMemory, ASmallGpuStillServesTheModel) {
  const ModelConfig c = tools::preset("llama-3.1-8b");
  const MemoryPlan plan = plan_memory(c, kPortable, limits_of(8192, 64), usable_bytes(23 * kGiB));  // A10G
  EXPECT_LE(plan.bytes(), usable_bytes(23 * kGiB));
  EXPECT_GT(plan.limits.pages * 16, 40000);
}

TEST(CudaMemory, TheDriverKeepsItsPart) {
  EXPECT_EQ(usable_bytes(kReserve + 5), 5U);
  EXPECT_EQ(usable_bytes(kReserve), 0U);
  EXPECT_EQ(usable_bytes(0), 0U);
}

TEST(CudaMemory, WhatTheDriverDoesNotGiveIsRefused) {
  EXPECT_EQ(message_of([] { refuse_allocation(20 * kGiB, 8 * kGiB, 24 * kGiB, "out of memory"); }),
            "GPU memory: 20480 MiB are asked for, 8192 of 24576 MiB are free (out of memory): lower the memory limit, the "
            "context or max_sequences");
}

TEST(CudaMemory, ShapesThatHaveNoKernelAreRefused) {
  ModelConfig c = tools::preset("llama-3.1-8b");
  EXPECT_EQ(message_of([&] { kHopper.own_memory(c, limits_of(8192, 1025)); }),
            "max_sequences 1025: the CUDA backend plans for 1024 at most");
  EXPECT_EQ(message_of([&] { kHopper.kv_page_bytes(c, 8); }),
            "block_size 8: the CUDA backend stores keys in blocks of 16 tokens; use 16, 32 or 64");
  EXPECT_EQ(message_of([] { kHopper.matrix_bytes(64, 72, false); }),
            "a weight of 64 x 72: the CUDA backend takes widths that are multiples of 16");
  c.head_dim = 96;
  EXPECT_EQ(message_of([&] { kHopper.kv_page_bytes(c, 16); }), "head_dim 96: the CUDA backend has attention for 32, 64 and 128");
}

TEST(CudaMemory, OnlyHopperSpreadsPrompts) {
  const ModelConfig c = tools::preset("llama-3.1-8b");
  EXPECT_EQ(kHopper.spread_units(c, limits_of(8192, 64)), 512U);  // 32 splits of 16 items
  EXPECT_EQ(kPortable.spread_units(c, limits_of(8192, 64)), 0U);
}

}  // namespace
}  // namespace nim::cuda
