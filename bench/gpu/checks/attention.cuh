// Attention by every kernel that takes it, with rotation and pages: bit for bit, and against doubles. What is free is poisoned.
#pragma once

#include "cuda/attention.cuh"
#include "cuda/rows.cuh"
#include "expect.cuh"

namespace kernel_checks {

using namespace nim::cuda;
using nim::bf16;

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

inline void check_attention(const Stream& s, int dim, int kv_heads, int group, int page_tokens, int window, std::vector<int> queries,
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
inline void check_decodes(const Stream& s, int dim, int kv_heads, int group, int page_tokens, int window, const std::vector<int>& contexts) {
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

}  // namespace kernel_checks
