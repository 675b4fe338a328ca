// Independent multiply-adds in registers; the including file says how wide they are.
#ifdef __aarch64__
#define NIM_VECTOR_REGISTER "w"
#else
#define NIM_VECTOR_REGISTER "v"
#endif

using Floats = float __attribute__((vector_size(NIM_VECTOR_BYTES)));

double multiply_add(long rounds) {
  Floats sums[8] = {};
  Floats a = Floats{} + 0.999F;
  Floats b = Floats{} + 1e-3F;
  for (long i = 0; i < rounds; ++i) {
    for (Floats& sum : sums) {
      sum = sum * a + b;
    }
    asm volatile("" : "+" NIM_VECTOR_REGISTER(a), "+" NIM_VECTOR_REGISTER(b));
  }
  for (Floats& sum : sums) {
    asm volatile("" : : NIM_VECTOR_REGISTER(sum));
  }
  return static_cast<double>(rounds) * 8 * 2 * (NIM_VECTOR_BYTES / 4);
}
