// Times the CUDA kernels at the shapes of an 8B model (Llama 3.1: 32 layers, 4096, 14336, 32/8 heads of 128, 128256 tokens),
// each as a share of the measured limit. Random data; every layer has its own weights and pages, 15 GB, so nothing stays in L2.
//   ops_bench [limit TB/s] [limit TFLOP/s] [chain shapes attention small step prefill]    these sections alone
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

#include "cuda/attention.cuh"
#include "cuda/gemm_launch.h"
#include "cuda/rows.cuh"
#include "device.cuh"

using namespace nim::cuda;
using namespace bench;

namespace {

constexpr int kLayers = 32, kHidden = 4096, kInner = 14336, kHeads = 32, kKvHeads = 8, kDim = 128, kVocab = 128256;
constexpr int kQkv = (kHeads + 2 * kKvHeads) * kDim;
double limit_bytes = 4.5e12, limit_flops = 732e12;

struct Weight {
  const __nv_bfloat16* data;
  int out, in;
  double bytes() const { return 2.0 * out * in; }
};

struct Bench {
  Stream s = make_stream();
  Weight qkv[kLayers], o[kLayers], gate_up[kLayers], down[kLayers], head;
  const __nv_bfloat16* embedding;
  float* norm = random_float(kHidden, 0.1F, 1, 3);
  float* partial = allocate<float>(kPartialBytes / 4);
  float* residual;
  __nv_bfloat16 *normed, *qkv_rows, *attended, *gated;
  float* logits;
  float2* table;
  KvLayout layout{kLayers, kKvHeads, kDim, 16, 256 * 1040 / 16 + 64};  // 256 sequences of 1,024, or one of 131,072
  unsigned* claim = allocate<unsigned>(kClaims);
  __nv_bfloat16* kv;
  std::size_t kv_pages;
  Attention attention{};
  int rows = 0, context = 0;
  int last_token_value = 0;
  int32_t* last_token = allocate<int32_t>(1024);

  Bench() {
    std::size_t n = 0;
    const auto take = [&](int out, int in) {
      Weight w{nullptr, out, in};
      n += std::size_t(out) * in;
      return w;
    };
    for (int i = 0; i < kLayers; ++i) {
      qkv[i] = take(kQkv, kHidden), o[i] = take(kHidden, kHeads * kDim);
      gate_up[i] = take(2 * kInner, kHidden), down[i] = take(kHidden, kInner);
    }
    head = take(kVocab, kHidden);
    const __nv_bfloat16* p = random_bf16(n + std::size_t(kVocab) * kHidden, 0.02F, 7);
    const auto place = [&](Weight& w) { w.data = p, p += std::size_t(w.out) * w.in; };
    for (int i = 0; i < kLayers; ++i) place(qkv[i]), place(o[i]), place(gate_up[i]), place(down[i]);
    place(head);
    embedding = p;
    const int most = 8192;
    residual = random_float(std::size_t(most) * kHidden, 1, 0, 11);
    normed = random_bf16(std::size_t(most) * kHidden, 1, 12);
    qkv_rows = random_bf16(std::size_t(most) * kQkv, 1, 13);
    attended = random_bf16(std::size_t(most) * kHeads * kDim, 1, 14);
    gated = random_bf16(std::size_t(most) * kInner, 1, 15);
    logits = allocate<float>(std::size_t(256) * kVocab);
    table = reinterpret_cast<float2*>(random_float(std::size_t(131072) * kDim, 0.7F, 0, 16));
    kv_pages = layout.pages;
    kv = random_bf16(kv_pages * layout.page_elements() * kLayers, 1, 17);
    check(cudaMemset(claim, 0, kClaims * 4), "memset");
    attention.partial_units = 2048;
    attention.partial = allocate<float>(std::size_t(2048) * kKvHeads * 8 * (kDim + 2));
    attention.finished = allocate<unsigned>(kFewSequences * kKvHeads);
    check(cudaMemset(attention.finished, 0, 4 * kFewSequences * kKvHeads), "memset");
    attention.rotation = {table, nullptr, nullptr, 1e-5F};
    check(cudaMemset(last_token, 0, 4096), "memset");
    attention.qkv = qkv_rows, attention.out = attended, attention.kv = kv, attention.layout = layout;
    attention.group = kHeads / kKvHeads, attention.scale_log2 = 0.08838834764F * 1.44269504F;
  }

  template <typename T>
  static T* upload(const std::vector<T>& v) {
    T* p = allocate<T>(v.size() + 1);
    check(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice), "upload");
    return p;
  }

  /// `sequences` of `queries` new tokens and `context` in all.
  void set_step(int sequences, int queries, int context) {
    std::vector<int32_t> start{0}, pages_start{0}, page, token, position, sequence, contexts;
    for (int i = 0; i < sequences; ++i) {
      for (int t = 0; t < queries; ++t) {
        token.push_back((i * 7919 + t * 104729) % kVocab), position.push_back(context - queries + t), sequence.push_back(i);
      }
      start.push_back(start.back() + queries);
      for (int p = 0; p < (context + 15) / 16; ++p) page.push_back(int(page.size() * std::size_t(7919) % kv_pages));
      pages_start.push_back(int(page.size()));
      contexts.push_back(context);
    }
    rows = sequences * queries;
    this->context = context;
    nim::StepCounts counts{};
    counts.rows = rows, counts.sequences = sequences, counts.samples = sequences;
    nim::StepInput& in = attention.step;
    in.counts = upload(std::vector<nim::StepCounts>{counts});
    in.token = upload(token), in.position = upload(position), in.sequence = upload(sequence), in.query_start = upload(start);
    in.context_length = upload(contexts), in.page_start = upload(pages_start), in.page = upload(page);
    attention.rows = rows;
  }

  Gemm gemm_of(const Weight& w, const __nv_bfloat16* x, void* out, Epilogue e, int m) const {
    return {w.data, x, out, nullptr, partial, claim, m, w.in, e == Epilogue::kSiluGate ? w.out / 2 : w.out, w.out / 16,
            k_slices(w.out, w.in), e};
  }

  enum class Kernel { kPrompts, kSplit, kRing };
  Kernel decodes() const {
    const bool fit = rows <= kFewSequences && rows * ((context + kSplitKeys - 1) / kSplitKeys) * kKvHeads <= s.multiprocessors;
    return fit && !(plain & 2) ? Kernel::kSplit : Kernel::kRing;
  }
  void attend(int layer, Kernel kernel, int sequences) {
    Attention a = attention;
    a.layer = layer;
    switch (kernel) {
      case Kernel::kPrompts:
        rope_launch(s, {qkv_rows, kv, a.rotation, a.step, layout, layer, kHeads, rows});
        return attention_of_prompts(s, a, sequences);
      case Kernel::kSplit: return attention_split_launch(s, a);
      case Kernel::kRing: return attention_decode_launch(s, a);
    }
  }
  int plain = 0;  ///< without 1: norms inside products, 2: attention by splits in registers
  void norm_gemm(Gemm g) {
    if (gemm_norms(s, g) && !(plain & 1)) {
      g.normed = {residual, norm, 1e-5F};
    } else {
      rms_norm_launch(s, normed, residual, norm, 1e-5F, kHidden, nullptr, &attention.step.counts->rows, rows);
    }
    gemm(s, g);
  }

  void step(bool prefill, int samples) {
    const nim::StepInput& in = attention.step;
    embed_launch(s, residual, embedding, kHidden, in, last_token, rows);
    for (int i = 0; i < kLayers; ++i) {
      norm_gemm(gemm_of(qkv[i], normed, qkv_rows, Epilogue::kPanels, rows));
      attend(i, prefill ? Kernel::kPrompts : decodes(), samples);
      gemm(s, gemm_of(o[i], attended, residual, Epilogue::kResidual, rows));
      norm_gemm(gemm_of(gate_up[i], normed, gated, Epilogue::kSiluGate, rows));
      gemm(s, gemm_of(down[i], gated, residual, Epilogue::kResidual, rows));
    }
    rms_norm_launch(s, normed, residual, norm, 1e-5F, kHidden, nullptr, &in.counts->samples, samples);
    gemm(s, gemm_of(head, normed, logits, Epilogue::kLogits, samples));
  }

  template <typename Launch>
  void chain(int m, Launch launch) {
    for (int i = 0; i < kLayers; ++i) {
      launch(s, gemm_of(qkv[i], normed, qkv_rows, Epilogue::kPanels, m));
      launch(s, gemm_of(o[i], attended, residual, Epilogue::kResidual, m));
      launch(s, gemm_of(gate_up[i], normed, gated, Epilogue::kSiluGate, m));
      launch(s, gemm_of(down[i], gated, residual, Epilogue::kResidual, m));
    }
    launch(s, gemm_of(head, normed, logits, Epilogue::kLogits, m));
  }
};

double weight_bytes() {
  return 2.0 * (double(kLayers) * (double(kQkv) * kHidden + double(kHidden) * kHidden + 3.0 * kInner * kHidden) +
                double(kVocab) * kHidden);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "profile") {  // each kernel that matters once, for ncu
    Bench b;
    const Stream& s = b.s;
    gemm_ring_launch(s, b.gemm_of(b.gate_up[0], b.normed, b.gated, Epilogue::kSiluGate, 1));
    gemm_ring_launch(s, b.gemm_of(b.down[0], b.gated, b.residual, Epilogue::kResidual, 32));
    gemm_wgmma_launch(s, b.gemm_of(b.gate_up[1], b.normed, b.gated, Epilogue::kSiluGate, 2048));
    gemm_tile_launch(s, b.gemm_of(b.gate_up[2], b.normed, b.gated, Epilogue::kSiluGate, 2048));
    b.set_step(64, 1, 1024);
    b.attend(0, b.decodes(), 64);
    b.set_step(1, 2048, 2048);
    b.attend(1, Bench::Kernel::kPrompts, 1);
    rms_norm_launch(s, b.normed, b.residual, b.norm, 1e-5F, kHidden, nullptr, &b.attention.step.counts->rows, 2048);
    check(cudaDeviceSynchronize(), "profile");
    return 0;
  }
  if (argc > 1) limit_bytes = std::atof(argv[1]) * 1e12;
  if (argc > 2) limit_flops = std::atof(argv[2]) * 1e12;
  const auto section = [&](const char* name) {
    return argc <= 3 || std::any_of(argv + 3, argv + argc, [&](const char* wanted) { return std::string(wanted) == name; });
  };
  Bench b;
  check(cudaDeviceSynchronize(), "set-up");
  Stream& s = b.s;
  using Launch = void (*)(const Stream&, const Gemm&);

  if (section("chain")) {
    std::printf("\n129 products of a decode step, one graph, dependent launch\n");
    const auto chain = [&](const char* name, int m, Launch launch) {
      const double t = time_graph(s, 7, [&] { b.chain(m, launch); });
      std::printf("  %-6s m=%-4d %.3f ms  %.2f TB/s  %3.0f%%  %4.0f TFLOP/s\n", name, m, t * 1e3, weight_bytes() / t / 1e12,
                  100 * weight_bytes() / t / limit_bytes, weight_bytes() * m / t / 1e12);
      std::fflush(stdout);
    };
    if (s.hopper) {
      for (int m : {1, 2, 4, 8, 16, 32, 64}) chain("ring", m, gemm_ring_launch);
      for (int m : {32, 48, 64, 96, 128, 160, 192, 256}) chain("batch", m, gemm_batch_launch);
      for (int m : {64, 128, 256}) chain("wgmma", m, gemm_wgmma_launch);
    }
    for (int m : {1, 8}) chain("direct", m, gemm_direct_launch);
    for (int m : {8, 16, 32, 64, 128, 256}) chain("tile", m, gemm_tile_launch);
  }
  if (section("shapes")) {
    std::printf("\nproducts by shape (rotating over the layers)\n");
    const auto shape = [&](const char* name, const Weight* w, const __nv_bfloat16* x, void* out, Epilogue e, int m, const char* kernel,
                           Launch launch) {
      const int n = kLayers;
      const double t = time_graph(s, 5, [&] {
                         for (int i = 0; i < n; ++i) launch(s, b.gemm_of(w[i], x, out, e, m));
                       }) / n;
      const double flops = w[0].bytes() * m;
      std::printf("  %-8s m=%-5d %-6s %8.1f us  %.2f TB/s %3.0f%%  %4.0f TFLOP/s %3.0f%%\n", name, m, kernel, t * 1e6,
                  w[0].bytes() / t / 1e12, 100 * w[0].bytes() / t / limit_bytes, flops / t / 1e12, 100 * flops / t / limit_flops);
      std::fflush(stdout);
    };
    const auto shapes = [&](int m, const char* kernel, Launch launch) {
      shape("qkv", b.qkv, b.normed, b.qkv_rows, Epilogue::kPanels, m, kernel, launch);
      shape("o", b.o, b.attended, b.residual, Epilogue::kResidual, m, kernel, launch);
      shape("gate_up", b.gate_up, b.normed, b.gated, Epilogue::kSiluGate, m, kernel, launch);
      shape("down", b.down, b.gated, b.residual, Epilogue::kResidual, m, kernel, launch);
    };
    if (s.hopper) {
      shapes(1, "ring", gemm_ring_launch);
      shapes(32, "ring", gemm_ring_launch);
      shapes(64, "batch", gemm_batch_launch);
      shapes(128, "batch", gemm_batch_launch);
      shapes(256, "batch", gemm_batch_launch);
      shapes(64, "wgmma", gemm_wgmma_launch);
      shapes(128, "wgmma", gemm_wgmma_launch);
      shapes(256, "wgmma", gemm_wgmma_launch);
      shapes(2048, "wgmma", gemm_wgmma_launch);
    }
    shapes(1, "direct", gemm_direct_launch);
    shapes(2048, "tile", gemm_tile_launch);
  }
  if (section("attention")) {
    std::printf("\nattention of one layer\n");
    for (auto [n, context] : std::initializer_list<std::pair<int, int>>{{1, 512}, {1, 8192}, {1, 32768}, {1, 131072}, {8, 1024}, {32, 1024}, {64, 1024}, {128, 1024}, {256, 1024}}) {
      b.set_step(n, 1, context);
      const double t = time_graph(s, 7, [&] { for (int i = 0; i < kLayers; ++i) b.attend(i, Bench::Kernel::kRing, n); }) / kLayers;
      const double bytes = 2.0 * 2 * n * context * kKvHeads * kDim;
      std::printf("  decode  %4d x %-6d %8.1f us  %.2f TB/s %3.0f%%\n", n, context, t * 1e6, bytes / t / 1e12, 100 * bytes / t / limit_bytes);
      if (b.decodes() == Bench::Kernel::kSplit) {
        const double split = time_graph(s, 7, [&] { for (int i = 0; i < kLayers; ++i) b.attend(i, Bench::Kernel::kSplit, n); }) / kLayers;
        std::printf("    by splits in registers %8.1f us  %.2f TB/s %3.0f%%\n", split * 1e6, bytes / split / 1e12, 100 * bytes / split / limit_bytes);
      }
      if (n == 1 && context >= 32768) {
        const int units = std::exchange(b.attention.partial_units, 0);
        const double whole = time_graph(s, 3, [&] { for (int i = 0; i < kLayers; ++i) b.attend(i, Bench::Kernel::kRing, n); }) / kLayers;
        b.attention.partial_units = units;
        std::printf("  one block for each kv head: %.1f us\n", whole * 1e6);
      }
      std::fflush(stdout);
    }
    for (int n : {2048, 8192}) {
      b.set_step(1, n, n);
      const double t = time_graph(s, 5, [&] { for (int i = 0; i < 8; ++i) b.attend(i, Bench::Kernel::kPrompts, 1); }) / 8;
      const double flops = 4.0 * n * (n + 1) / 2 * kHeads * kDim;
      std::printf("  prefill %-6d %8.1f us  %4.0f TFLOP/s %3.0f%%\n", n, t * 1e6, flops / t / 1e12, 100 * flops / t / limit_flops);
      std::fflush(stdout);
    }
  }
  if (section("small")) {
    std::printf("\nsmall ops of one layer, in a chain of 64, dependent launch\n");
    for (int rows : {1, 64, 2048}) {
      b.set_step(rows == 2048 ? 1 : rows, rows == 2048 ? 2048 : 1, rows == 2048 ? 2048 : 512);
      const nim::StepInput& in = b.attention.step;
      const double norm = time_graph(s, 5, [&] { for (int i = 0; i < 64; ++i) rms_norm_launch(s, b.normed, b.residual, b.norm, 1e-5F, kHidden, nullptr, &in.counts->rows, rows); }) / 64;
      std::printf("  rows %-5d norm %.2f us", rows, norm * 1e6);
      if (rows == 2048) {
        const double rope = time_graph(s, 5, [&] { for (int i = 0; i < 64; ++i) rope_launch(s, {b.qkv_rows, b.kv, b.attention.rotation, in, b.layout, i % 32, kHeads, rows}); }) / 64;
        std::printf(", rope and store %.2f us", rope * 1e6);
      }
      std::printf("\n");
    }
  }
  if (section("step")) {
    std::printf("\ndecode step without sampling, one graph\n");
    for (auto [n, context] : std::initializer_list<std::pair<int, int>>{{1, 512}, {1, 8192}, {1, 32768}, {1, 131072}, {8, 1024}, {32, 1024}, {64, 1024}, {128, 1024}, {256, 1024}}) {
      b.set_step(n, 1, context);
      const double bytes = weight_bytes() + 2.0 * 2 * n * double(context) * kKvHeads * kDim * kLayers;
      const double t = time_graph(s, 7, [&] { b.step(false, n); });
      s.dependent_launch = false;
      const double plain = time_graph(s, 5, [&] { b.step(false, n); });
      const bool hopper = std::exchange(s.hopper, false);
      const double portable = time_graph(s, 3, [&] { b.step(false, n); });
      s.dependent_launch = s.hopper = hopper;
      std::printf("  %4d x %-6d %.3f ms  %6.0f tok/s  %3.0f%% of the read limit; without dependent launch %.3f ms, and by the portable path %.3f ms\n",
                  n, context, t * 1e3, n / t, 100 * bytes / t / limit_bytes, plain * 1e3, portable * 1e3);
      if (n == 1 && context >= 32768) {
        const int units = std::exchange(b.attention.partial_units, 0);
        const double whole = time_graph(s, 3, [&] { b.step(false, n); });
        b.attention.partial_units = units;
        std::printf("    with one block for each kv head %.3f ms: splits are %.1f times as fast\n", whole * 1e3, whole / t);
      }
      std::fflush(stdout);
    }
  }
  if (argc > 3 && section("variants")) {
    std::printf("\ndecode step, ms: as it is; norms by their own kernel; attention by the ring; both\n");
    for (auto [n, context] : std::initializer_list<std::pair<int, int>>{{1, 512}, {1, 1024}, {1, 4096}, {2, 1024}, {4, 1024}, {8, 1024}, {16, 1024}}) {
      b.set_step(n, 1, context);
      std::printf("  %4d x %-6d", n, context);
      for (b.plain = 0; b.plain < 4; ++b.plain) std::printf(" %.3f", 1e3 * time_graph(s, 7, [&] { b.step(false, n); }));
      b.plain = 0;
      std::printf("\n");
      std::fflush(stdout);
    }
  }
  if (section("prefill")) {
    std::printf("\nprefill\n");
    for (int n : {512, 2048, 8192}) {
      b.set_step(1, n, n);
      const double flops = (weight_bytes() - 2.0 * kVocab * kHidden) * n + 4.0 * n * (n + 1) / 2 * kHeads * kDim * kLayers;
      const double t = time_graph(s, 5, [&] { b.step(true, 1); });
      const bool hopper = s.hopper;
      s.hopper = false;
      const double portable = time_graph(s, 3, [&] { b.step(true, 1); });
      s.hopper = hopper;
      std::printf("  %5d tokens %.1f ms  %4.0f TFLOP/s %3.0f%%; portable path %.1f ms\n", n, t * 1e3, flops / t / 1e12,
                  100 * flops / t / limit_flops, portable * 1e3);
      std::fflush(stdout);
    }
  }
  return 0;
}
