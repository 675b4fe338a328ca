// Checks the CUDA kernels on a GPU: products against each other and against the CPU model of mma, bit for bit; attention by
// both kernels, bit for bit, and against doubles; small ops against doubles. Padding, free pages and outputs are poisoned.
//   ops_check            exits 1 at the first failure
//   ops_check small      few small shapes, for compute-sanitizer
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "base/bf16.h"
#include "cuda/attention.cuh"
#include "cuda/gemm_launch.h"
#include "cuda/rows.cuh"
#include "device.cuh"
#include "cuda/mma_model.h"

using namespace nim::cuda;
using bench::allocate;
using nim::bf16;

namespace {

std::mt19937_64 rng(20261121);
float gauss() { return std::normal_distribution<float>()(rng); }
int failures = 0;
int checks = 0;

void expect(bool ok, const std::string& what) {
  ++checks;
  if (!ok) {
    std::printf("FAIL %s\n", what.c_str());
    if (++failures > 20) {
      std::exit(1);
    }
  }
}

template <typename T>
T* upload(const std::vector<T>& host) {
  T* p = allocate<T>(host.size());
  check(cudaMemcpy(p, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "upload");
  check(cudaDeviceSynchronize(), "upload");  // a copy from pageable memory may still be on its way, and streams do not wait
  return p;
}
template <typename T>
std::vector<T> download(const T* p, std::size_t n) {
  std::vector<T> host(n);
  check(cudaMemcpy(host.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost), "download");
  return host;
}
std::vector<float> random_values(std::size_t n, float scale) {
  std::vector<float> v(n);
  for (float& x : v) x = nim::to_float(nim::to_bf16(scale * gauss()));
  return v;
}
std::vector<bf16> to_panels(const std::vector<float>& x, int rows, int columns) {
  std::vector<bf16> p(x.size());
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) p[panel_offset(r, c, rows)] = nim::to_bf16(x[std::size_t(r) * columns + c]);
  return p;
}
__nv_bfloat16* device(bf16* p) { return reinterpret_cast<__nv_bfloat16*>(p); }

std::string name(const char* op, std::initializer_list<int> n) {
  std::string s = op;
  for (int i : n) s += " " + std::to_string(i);
  return s;
}

// ---- Products.

using Launch = void (*)(const Stream&, const Gemm&);
struct Kernel {
  const char* name;
  Launch launch;
};

float mma_dot_of(const std::vector<float>& w, const float* x, int row, int in, int slices) {
  return mma_dot(&w[std::size_t(row) * in], x, in, slices);
}

void check_gemm(const Stream& s, int out, int in, const std::vector<int>& row_counts, Epilogue epilogue) {
  const bool gated = epilogue == Epilogue::kSiluGate;
  const auto w = random_values(std::size_t(out) * in, 0.02F);
  std::vector<bf16> w_rows(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) w_rows[i] = nim::to_bf16(w[i]);
  const int tiles = (out + 15) / 16;
  bf16* raw = upload(w_rows);
  bf16* stored = upload(std::vector<bf16>(std::size_t(tiles) * 16 * in, bf16{0x7fc0}));
  shuffle_launch(s.handle, device(stored), device(raw), 0, out, out, in, gated);
  const auto bias = random_values(tiles * 16, 1);
  float* bias_device = epilogue == Epilogue::kPanels ? upload(bias) : nullptr;
  float* partial = allocate<float>(kPartialBytes / 4);
  unsigned* claim = upload(std::vector<unsigned>(kClaims, 0));
  const int slices = k_slices(out, in);

  const int most = *std::max_element(row_counts.begin(), row_counts.end());
  const auto x = random_values(std::size_t(most) * in, 1);
  const int width = gated ? out / 2 : out;
  std::vector<float> wanted;  // [most][width], by the first kernel that computes a row
  std::vector<char> known(most, 0);
  wanted.resize(std::size_t(most) * width);

  for (int rows : row_counts) {
    const std::vector<float> part(x.begin(), x.begin() + std::size_t(rows) * in);
    bf16* x_device = upload(to_panels(part, rows, in));
    std::vector<Kernel> kernels;
    if (s.hopper && rows <= 64) kernels.push_back({"ring", gemm_ring_launch});
    if (rows <= 8) kernels.push_back({"direct", gemm_direct_launch});
    kernels.push_back({"tile", gemm_tile_launch});
    Gemm g = {device(stored), device(x_device), nullptr, bias_device, partial, claim, rows, in, width, tiles, slices, epilogue};
    if (!gated) g.out_features = out;
    if (s.hopper && gemm_batch_fits(g)) kernels.push_back({"batch", gemm_batch_launch});
    if (s.hopper && gemm_wgmma_fits(g)) kernels.push_back({"wgmma", gemm_wgmma_launch});
    for (const Kernel& kernel : kernels) {
      std::vector<float> got(std::size_t(rows) * width);
      if (epilogue == Epilogue::kPanels || gated) {
        bf16* y = upload(std::vector<bf16>(std::size_t(rows) * tiles * 16, bf16{0x7fc0}));
        g.out = y;
        kernel.launch(s, g);
        check(cudaStreamSynchronize(s.handle), kernel.name);
        const auto host = download(y, std::size_t(rows) * tiles * 16);
        for (int r = 0; r < rows; ++r)
          for (int c = 0; c < width; ++c) got[std::size_t(r) * width + c] = nim::to_float(host[panel_offset(r, c, rows)]);
        cudaFree(y);
      } else {
        float* y = upload(std::vector<float>(std::size_t(rows) * width, epilogue == Epilogue::kResidual ? 1.5F : NAN));
        g.out = y;
        kernel.launch(s, g);
        check(cudaStreamSynchronize(s.handle), kernel.name);
        got = download(y, got.size());
        cudaFree(y);
      }
      const std::string what = name(kernel.name, {out, in, rows, int(epilogue)});
      for (int r = 0; r < rows; ++r) {
        if (!known[r]) {
          std::copy_n(&got[std::size_t(r) * width], width, &wanted[std::size_t(r) * width]);
          known[r] = 1;
        }
      }
      expect(std::memcmp(got.data(), wanted.data(), got.size() * 4) == 0, what + ": bits differ from another kernel or batch");
      // Against the model of mma's bits, at random places.
      for (int i = 0; i < 40; ++i) {
        const int r = int(rng() % rows);
        const int c = int(rng() % width);
        const float* xr = &x[std::size_t(r) * in];
        float y = mma_dot_of(w, xr, c, in, slices);
        if (gated) {
          const float up = mma_dot_of(w, xr, c + width, in, slices);
          y = y / (1 + std::exp(-y)) * up;
        }
        if (bias_device) y += bias[c];
        if (epilogue == Epilogue::kResidual) y = 1.5F + y;
        const float have = got[std::size_t(r) * width + c];
        const float want = epilogue == Epilogue::kPanels ? nim::to_float(nim::to_bf16(y)) : y;
        const bool same = gated ? std::abs(have - want) <= 0.005F * std::abs(want) + 1e-6F : have == want;
        expect(same, what + name(": at", {r, c}) + " have " + std::to_string(have) + " want " + std::to_string(want));
      }
    }
    cudaFree(x_device);
  }
  cudaFree(raw), cudaFree(stored), cudaFree(partial), cudaFree(claim), cudaFree(bias_device);
}


// ---- Attention.

struct Sequences {
  std::vector<int> queries, contexts;
  int pages = 0;
  std::vector<int32_t> query_start{0}, page_start{0}, page, token, position, sequence;
  nim::StepCounts counts{};

  Sequences(std::vector<int> q, std::vector<int> c, int page_tokens, const std::vector<int32_t>& order)
      : queries(std::move(q)), contexts(std::move(c)) {
    int used = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      for (int t = 0; t < queries[i]; ++t) {
        position.push_back(contexts[i] - queries[i] + t);
        sequence.push_back(int(i));
        token.push_back(0);
      }
      query_start.push_back(query_start.back() + queries[i]);
      for (int p = 0; p < (contexts[i] + page_tokens - 1) / page_tokens; ++p) page.push_back(order.at(used++));
      page_start.push_back(used);
    }
    counts.rows = query_start.back();
    counts.sequences = int(queries.size());
    counts.pages = used;
  }
  /// What the host's own planning reads.
  nim::StepInput host_input() const {
    nim::StepInput in{};
    in.counts = const_cast<nim::StepCounts*>(&counts);
    in.query_start = const_cast<int32_t*>(query_start.data());
    in.context_length = const_cast<int32_t*>(contexts.data());
    return in;
  }
  nim::StepInput device_input() const {
    nim::StepInput in{};
    in.counts = upload(std::vector<nim::StepCounts>{counts});
    in.token = upload(token), in.position = upload(position), in.sequence = upload(sequence);
    in.query_start = upload(query_start), in.context_length = upload(std::vector<int32_t>(contexts.begin(), contexts.end()));
    in.page_start = upload(page_start), in.page = upload(page);
    return in;
  }
};

void check_attention(const Stream& s, int dim, int kv_heads, int group, int page_tokens, int window, std::vector<int> queries,
                     std::vector<int> contexts) {
  const int layer = 1;
  const std::string what = name("attention", {dim, kv_heads, group, page_tokens, window, queries[0], contexts[0]});
  int pages = 3;
  for (int c : contexts) pages += (c + page_tokens - 1) / page_tokens;
  const KvLayout layout{2, kv_heads, dim, page_tokens, pages};
  std::vector<int32_t> order(pages);
  for (int i = 0; i < pages; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), rng);
  const Sequences all(queries, contexts, page_tokens, order);
  const int rows = all.counts.rows;
  const int heads = kv_heads * group;
  const int width = (heads + 2 * kv_heads) * dim;

  // Keys and values, in pages full of NaN. What attends stores those of the step's rows, the others are put here.
  const bool norms = group % 2 == 1;
  const auto q_norm = random_values(dim, 1), k_norm = random_values(dim, 1);
  std::vector<float2> table(std::size_t(*std::max_element(contexts.begin(), contexts.end())) * dim / 2);
  for (float2& t : table) {
    const float angle = 3 * gauss();
    t = {std::cos(angle), std::sin(angle)};
  }
  const auto rotate = [&](float* x, int position, const std::vector<float>& norm) {  // a head, to bf16
    double sum = 0;
    for (int d = 0; d < dim; ++d) sum += double(x[d]) * x[d];
    const double scale = norms ? 1 / std::sqrt(sum / dim + 1e-5) : 1;
    for (int d = 0; d < dim / 2; ++d) {
      const float2 t = table[std::size_t(position) * dim / 2 + d];
      const double low = x[d] * scale * (norms ? norm[d] : 1), high = x[d + dim / 2] * scale * (norms ? norm[d + dim / 2] : 1);
      x[d] = nim::to_float(nim::to_bf16(float(low * t.x - high * t.y)));
      x[d + dim / 2] = nim::to_float(nim::to_bf16(float(high * t.x + low * t.y)));
    }
  };
  std::vector<std::vector<float>> keys, values;
  std::vector<bf16> kv(layout.page_elements() * pages * 2, bf16{0x7fc0});
  auto qkv = random_values(std::size_t(rows) * width, 1);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    keys.push_back(random_values(std::size_t(contexts[i]) * kv_heads * dim, 1));
    values.push_back(random_values(std::size_t(contexts[i]) * kv_heads * dim, 1));
    for (int t = 0; t < contexts[i]; ++t)
      for (int h = 0; h < kv_heads; ++h)
        for (int d = 0; d < dim; ++d) {
          const std::size_t page = layout.layer_offset(layer) + all.page[all.page_start[i] + t / page_tokens] * layout.page_elements();
          const std::size_t from = (std::size_t(t) * kv_heads + h) * dim + d;
          if (const int row = t - (contexts[i] - queries[i]); row >= 0) {
            const std::size_t at = std::size_t(all.query_start[i] + row) * width + (heads + h) * dim + d;
            qkv[at] = keys[i][from], qkv[at + kv_heads * dim] = values[i][from];
            if (d == dim - 1) rotate(&keys[i][from - d], t, k_norm);
          } else {
            kv[page + layout.head_offset(0, h) + layout.key_offset(t % page_tokens, d)] = nim::to_bf16(keys[i][from]);
            kv[page + layout.head_offset(1, h) + layout.value_offset(t % page_tokens, d)] = nim::to_bf16(values[i][from]);
          }
        }
  }
  bf16* kv_device = upload(kv);
  bf16* qkv_device = upload(to_panels(qkv, rows, width));
  bf16* out = upload(std::vector<bf16>(std::size_t(rows) * heads * dim, bf16{0x7fc0}));
  Attention a{};
  a.qkv = device(qkv_device), a.out = device(out), a.kv = device(kv_device), a.step = all.device_input(), a.layout = layout;
  a.layer = layer, a.rows = rows, a.group = group, a.window = window;
  a.scale_log2 = float(1 / std::sqrt(double(dim)) * 1.4426950408889634);
  a.partial_units = 512;
  const int chunks = (group + 7) / 8;
  a.partial = allocate<float>(std::size_t(a.partial_units) * kv_heads * chunks * 8 * (dim + 2));
  a.finished = upload(std::vector<unsigned>(kFewSequences * kv_heads * chunks, 0));
  a.rotation = {upload(table), norms ? upload(q_norm) : nullptr, norms ? upload(k_norm) : nullptr, 1e-5F};
  rope_launch(s, {a.qkv, a.kv, a.rotation, a.step, layout, layer, heads, rows});
  attention_decode_launch(s, a);
  attention_of_prompts(s, a, all.counts.sequences);
  check(cudaStreamSynchronize(s.handle), "attention");
  const auto got = download(out, std::size_t(rows) * heads * dim);
  attention_prefill_launch(s, a, all.counts.sequences);  // the portable kernel, over the other's output
  check(cudaStreamSynchronize(s.handle), "attention by mma");
  const auto portable = download(out, got.size());
  expect(std::memcmp(got.data(), portable.data(), got.size() * sizeof(bf16)) == 0, what + ": kernels for prompts differ");
  Attention spread = a;  // each item's keys over several blocks
  spread.spread = spread_of(all.host_input(), kv_heads, group, 0, 1 << 20);
  if (s.hopper && attention_wgmma_fits(a) && spread.spread.items > 0) {
    spread.partial = allocate<float>(spread.spread.items * spread.spread.splits * spread_unit_bytes(dim) / sizeof(float));
    for (int ranges : {2, 3, 8}) {
      spread.spread.ranges = ranges;
      check(cudaMemset(spread.partial, 0xff, spread.spread.items * spread.spread.splits * spread_unit_bytes(dim)), "poison");
      check(cudaDeviceSynchronize(), "poison");
      attention_wgmma_launch(s, spread, all.counts.sequences);
      check(cudaStreamSynchronize(s.handle), "attention spread");
      expect(std::memcmp(got.data(), download(out, got.size()).data(), got.size() * sizeof(bf16)) == 0,
             what + name(": spread differs, ranges", {ranges}));
    }
    cudaFree(spread.partial);
  }

  // Doubles, at random rows and heads.
  double worst = 0;
  for (int n = 0; n < 60; ++n) {
    const int row = n == 0 ? rows - 1 : int(rng() % rows);
    const int i = all.sequence[row], position = all.position[row], head = int(rng() % heads), kv_head = head / group;
    const auto first_q = qkv.begin() + std::size_t(row) * width + head * dim;
    std::vector<float> q(first_q, first_q + dim);
    rotate(q.data(), position, q_norm);
    std::vector<double> weight(position + 1, 0);
    double most = -1e300, sum = 0;
    const int first = window > 0 ? std::max(0, position + 1 - window) : 0;
    for (int t = first; t <= position; ++t) {
      double score = 0;
      for (int d = 0; d < dim; ++d)
        score += double(q[d]) * keys[i][(std::size_t(t) * kv_heads + kv_head) * dim + d];
      weight[t] = score / std::sqrt(double(dim));
      most = std::max(most, weight[t]);
    }
    for (int t = first; t <= position; ++t) sum += weight[t] = std::exp(weight[t] - most);
    double difference = 0, norm = 0;
    for (int d = 0; d < dim; ++d) {
      double want = 0;
      for (int t = first; t <= position; ++t) want += weight[t] / sum * values[i][(std::size_t(t) * kv_heads + kv_head) * dim + d];
      const double have = nim::to_float(got[panel_offset(row, head * dim + d, rows)]);
      difference += (have - want) * (have - want), norm += want * want;
      if (std::isnan(have)) difference = 1e30;
    }
    worst = std::max(worst, std::sqrt(difference / norm));
  }
  expect(worst < 6e-3, what + ": relative error " + std::to_string(worst));

  // Each row again, alone: a decode of a sequence that ends there, over the same pages.
  for (int n = 0; n < 18; ++n) {
    const int row = int(rng() % rows);
    const int i = all.sequence[row], context = all.position[row] + 1;
    std::vector<int32_t> mine(all.page.begin() + all.page_start[i], all.page.begin() + all.page_start[i + 1]);
    const Sequences one({1}, {context}, page_tokens, mine);
    std::vector<float> q(qkv.begin() + std::size_t(row) * width, qkv.begin() + std::size_t(row + 1) * width);
    bf16* q_device = upload(to_panels(q, 1, width));
    bf16* y = upload(std::vector<bf16>(std::size_t(heads) * dim, bf16{0x7fc0}));
    Attention b = a;
    b.qkv = device(q_device), b.out = device(y), b.step = one.device_input(), b.rows = 1;
    b.partial_units = n % 3 == 0 ? 0 : 512;  // the sequence in one block, or splits spread over blocks
    n % 3 == 2 && (context + kSplitKeys - 1) / kSplitKeys * kv_heads * chunks <= s.multiprocessors ? attention_split_launch(s, b) : attention_decode_launch(s, b);
    check(cudaStreamSynchronize(s.handle), "attention alone");
    const auto alone = download(y, std::size_t(heads) * dim);
    int different = 0;
    for (int c = 0; c < heads * dim; ++c) different += alone[c].bits != got[panel_offset(row, c, rows)].bits;
    expect(different == 0, what + name(": row alone differs, context, bits:", {context, different}));
    cudaFree(q_device), cudaFree(y);
  }
  cudaFree(kv_device), cudaFree(qkv_device), cudaFree(out), cudaFree(a.partial), cudaFree(a.finished);
}

/// Decodes by both of their kernels: the same bits, in the output and in the pages.
void check_decodes(const Stream& s, int dim, int kv_heads, int group, int page_tokens, int window, const std::vector<int>& contexts) {
  int pages = 3;
  for (int c : contexts) pages += (c + page_tokens - 1) / page_tokens;
  const KvLayout layout{1, kv_heads, dim, page_tokens, pages};
  std::vector<int32_t> order(pages);
  for (int i = 0; i < pages; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), rng);
  const int rows = int(contexts.size()), heads = kv_heads * group, width = (heads + 2 * kv_heads) * dim, chunks = (group + 7) / 8;
  const Sequences all(std::vector<int>(rows, 1), contexts, page_tokens, order);
  std::vector<bf16> kv(layout.page_elements() * pages), poisoned = kv;
  for (bf16& x : kv) x = nim::to_bf16(gauss());
  // Behind each sequence's keys may be anything.
  for (int i = 0; i < rows; ++i)
    for (int t = contexts[i] - 1; t < (contexts[i] + page_tokens - 1) / page_tokens * page_tokens; ++t)
      for (int h = 0; h < kv_heads; ++h)
        for (int d = 0; d < dim; ++d) {
          const std::size_t page = all.page[all.page_start[i] + t / page_tokens] * layout.page_elements();
          kv[page + layout.head_offset(0, h) + layout.key_offset(t % page_tokens, d)] = bf16{0x7fc0};
          kv[page + layout.head_offset(1, h) + layout.value_offset(t % page_tokens, d)] = bf16{0x7fc0};
        }
  std::vector<float2> table(std::size_t(*std::max_element(contexts.begin(), contexts.end())) * dim / 2);
  for (float2& t : table) t = {std::cos(gauss()), std::sin(gauss())};
  Attention a{};
  a.qkv = device(upload(to_panels(random_values(std::size_t(rows) * width, 1), rows, width)));
  a.step = all.device_input(), a.layout = layout, a.rows = rows, a.group = group, a.window = window;
  a.scale_log2 = float(1 / std::sqrt(double(dim)) * 1.4426950408889634);
  a.rotation = {upload(table), upload(random_values(dim, 1)), upload(random_values(dim, 1)), 1e-5F};
  a.partial_units = 2048;
  a.partial = allocate<float>(std::size_t(a.partial_units) * kv_heads * chunks * 8 * (dim + 2));
  a.finished = upload(std::vector<unsigned>(kFewSequences * kv_heads * chunks, 0));
  std::vector<bf16> outs[2], pages_after[2];
  for (int kernel = 0; kernel < 2; ++kernel) {
    a.kv = device(upload(kv)), a.out = device(upload(std::vector<bf16>(std::size_t(rows) * heads * dim, bf16{0x7fc0})));
    kernel == 0 ? attention_decode_launch(s, a) : attention_split_launch(s, a);
    check(cudaStreamSynchronize(s.handle), "attention of decodes");
    outs[kernel] = download(reinterpret_cast<bf16*>(a.out), std::size_t(rows) * heads * dim);
    pages_after[kernel] = download(reinterpret_cast<bf16*>(a.kv), kv.size());
    cudaFree(a.kv), cudaFree(a.out);
  }
  const std::string what = name("decodes", {dim, kv_heads, group, page_tokens, window, rows, contexts[0]});
  expect(std::memcmp(outs[0].data(), outs[1].data(), outs[0].size() * 2) == 0, what + ": kernels differ");
  expect(std::memcmp(pages_after[0].data(), pages_after[1].data(), kv.size() * 2) == 0, what + ": pages differ");
  expect(std::none_of(outs[1].begin(), outs[1].end(), [](bf16 x) { return std::isnan(nim::to_float(x)); }), what + ": NaN");
  const auto counts = download(a.finished, std::size_t(kFewSequences) * kv_heads * chunks);
  expect(std::all_of(counts.begin(), counts.end(), [](unsigned n) { return n == 0; }), what + ": counts are left");
  cudaFree(a.qkv), cudaFree(a.partial), cudaFree(a.finished);
}

// ---- Small ops.

/// A product that norms its rows itself, and the norm's kernel before the product.
void check_normed(const Stream& s, int out, int in, int rows, bool gated) {
  const auto w = random_values(std::size_t(out) * in, 0.02F);
  std::vector<bf16> stored(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) stored[i] = nim::to_bf16(w[i]);
  std::vector<float> x(std::size_t(rows) * in), scale(in);
  for (float& v : x) v = 3 * gauss();
  for (float& v : scale) v = 1 + 0.1F * gauss();
  bf16* room = upload(std::vector<bf16>(x.size(), bf16{0x7fc0}));
  bf16* weights = upload(stored);  // in any order
  float* residual = upload(x);
  float* scale_device = upload(scale);
  const int tiles = out / 16, width = gated ? out / 2 : out;
  Gemm g = {device(weights), device(room), nullptr, nullptr, allocate<float>(kPartialBytes / 4), upload(std::vector<unsigned>(kClaims, 0)),
            rows, in, width, tiles, k_slices(out, in), gated ? Epilogue::kSiluGate : Epilogue::kPanels};
  if (!gemm_norms(s, g)) return;
  std::vector<bf16> outs[2];
  for (int fused = 0; fused < 2; ++fused) {
    if (fused) {
      g.normed = {residual, scale_device, 1e-5F};
    } else {
      rms_norm_launch(s, device(room), residual, scale_device, 1e-5F, in, nullptr, upload(std::vector<int32_t>{rows}), rows);
    }
    bf16* y = upload(std::vector<bf16>(std::size_t(rows) * width, bf16{0x7fc0}));
    g.out = y;
    gemm(s, g);
    check(cudaStreamSynchronize(s.handle), "normed product");
    outs[fused] = download(y, std::size_t(rows) * width);
    cudaFree(y);
  }
  expect(std::memcmp(outs[0].data(), outs[1].data(), outs[0].size() * 2) == 0, name("normed product differs", {out, in, rows, gated}));
  cudaFree(weights), cudaFree(residual), cudaFree(room), cudaFree(g.partial), cudaFree(g.claim);
}

void check_norm(const Stream& s, int hidden, int rows) {
  std::vector<float> x(std::size_t(rows) * hidden), w(hidden);
  for (float& v : x) v = 3 * gauss();
  for (float& v : w) v = 1 + 0.1F * gauss();
  float* xd = upload(x);
  float* wd = upload(w);
  bf16* y = upload(std::vector<bf16>(x.size(), bf16{0x7fc0}));
  auto* count = upload(std::vector<int32_t>{rows});
  rms_norm_launch(s, device(y), xd, wd, 1e-5F, hidden, nullptr, count, rows);
  check(cudaStreamSynchronize(s.handle), "norm");
  const auto got = download(y, x.size());
  double worst = 0;
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int c = 0; c < hidden; ++c) sum += double(x[std::size_t(r) * hidden + c]) * x[std::size_t(r) * hidden + c];
    for (int c = 0; c < hidden; ++c) {
      const double want = x[std::size_t(r) * hidden + c] / std::sqrt(sum / hidden + 1e-5) * w[c];
      worst = std::max(worst, std::abs(nim::to_float(got[panel_offset(r, c, rows)]) - want) / (std::abs(want) + 1e-2));
    }
  }
  expect(worst < 0.0045, name("rms_norm", {hidden, rows}) + ": relative error " + std::to_string(worst));
  cudaFree(xd), cudaFree(wd), cudaFree(y);
}

}  // namespace

int main(int argc, char** argv) {
  const bool small = argc > 1 && std::string(argv[1]) == "small";
  const Stream s = bench::make_stream();
  for (Epilogue e : {Epilogue::kPanels, Epilogue::kResidual, Epilogue::kSiluGate, Epilogue::kLogits}) {
    check_gemm(s, 64, 128, {1, 3, 8}, e);
    check_gemm(s, 48, 176, {1, 9, 17}, e);
    if (small) {
      check_gemm(s, 256, 512, {1, 5, 33, 70}, e);
      continue;
    }
    check_gemm(s, 1024, 1024, {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 128, 129, 257, 300}, e);
    check_gemm(s, 8208, 512, {1, 5, 64, 200}, e);
    check_gemm(s, 4096, 4096, {1, 12, 40, 256}, e);
  }
  if (!small) {
    check_gemm(s, 6144, 4096, {1, 2, 32, 100}, Epilogue::kPanels);
    check_gemm(s, 4096, 14336, {1, 8, 64, 130}, Epilogue::kResidual);
    check_gemm(s, 28672, 4096, {1, 33, 280}, Epilogue::kSiluGate);
    check_gemm(s, 4096, 1024, {1, 1300}, Epilogue::kResidual);  // blocks of a cluster, two slices
    check_gemm(s, 4096, 1024, {2, 1300}, Epilogue::kPanels);
  }
  for (int rows : {1, 2, 3, 4}) {
    check_normed(s, 64, 128, rows, false);
    check_normed(s, 256, 512, rows, true);
    if (small) continue;
    check_normed(s, 6144, 4096, rows, false);
    check_normed(s, 28672, 4096, rows, true);
    check_normed(s, 9728, 2560, rows, false);
  }
  std::printf("products: %d checks, %d failures\n", checks, failures);
  for (int hidden : {64, 896, 4096, 8192, 12288}) check_norm(s, hidden, small ? 2 : 37);
  if (!small) {
    check_norm(s, 4096, 4099);  // by four rows
    check_norm(s, 896, 1030);
  }
  check_attention(s, 128, 2, 4, 16, 0, {5, 1, 33}, {5, 300, 290});
  check_decodes(s, 128, 2, 4, 16, 0, {1, 17, 256, 257, 700});
  if (!small) {
    for (int dim : {32, 64, 128})
      for (int group : {1, 3, 4, 7, 12}) {
        check_attention(s, dim, 2, group, 16, 0, {1, 40, 1}, {1, 40, 257});
        check_attention(s, dim, 2, group, 64, 0, {130, 1, 17, 64}, {130, 1025, 800, 64});
        check_attention(s, dim, 1, group, 32, 100, {300, 1, 1}, {300, 90, 600});
      }
    check_attention(s, 128, 8, 4, 16, 0, {600, 1, 1, 200}, {600, 4000, 513, 1600});
    check_attention(s, 128, 2, 4, 16, 0, {64, 1}, {5000, 300});
    for (int dim : {32, 64, 128})
      for (int group : {1, 4, 7, 12}) {
        check_decodes(s, dim, 2, group, 16, 0, {1, 2, 16, 17, 64, 255, 256, 257, 511, 512, 513, 1000, 5, 100, 290});
        check_decodes(s, dim, 3, group, 64, 300, {1, 63, 64, 65, 300, 301, 555, 556, 557, 812, 2000});
      }
    check_decodes(s, 128, 8, 4, 16, 0, {4096});
    check_decodes(s, 128, 2, 4, 32, 0, {16384});
  } else {
    check_attention(s, 64, 1, 2, 32, 20, {40, 1}, {40, 70});
  }
  std::printf("all: %d checks, %d failures\n", checks, failures);
  return failures != 0;
}
