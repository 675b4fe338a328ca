// Checks the CUDA kernels on a GPU: products against each other and against the CPU model of mma, bit for bit; attention by
// each kernel, bit for bit, and against doubles; small ops against doubles. Padding, free pages and outputs are poisoned.
//   ops_check            exits with 1 where one fails
//   ops_check small      few small shapes, for compute-sanitizer
#include <string>

#include "checks/attention.cuh"
#include "checks/norms.cuh"
#include "checks/products.cuh"

using namespace kernel_checks;

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
