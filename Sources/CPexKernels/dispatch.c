#include "CPexKernels.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern const pex_kernels pex_kernels_portable;
#if defined(__x86_64__)
extern const pex_kernels pex_kernels_avx2;
extern const pex_kernels pex_kernels_avx512;
#endif

const pex_kernels *pex_kernels_named(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(name, "avx512") == 0 && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return &pex_kernels_avx512;
  }
  if (strcmp(name, "avx2") == 0 && avx2) return &pex_kernels_avx2;
#endif
  if (strcmp(name, "portable") == 0) return &pex_kernels_portable;
  return NULL;
}

static const pex_kernels *choose(void) {
  const char *wanted = getenv("PEX_ISA");
  const pex_kernels *found = wanted ? pex_kernels_named(wanted) : NULL;
  if (!found) found = pex_kernels_named("avx512");
  if (!found) found = pex_kernels_named("avx2");
  return found ? found : &pex_kernels_portable;
}

const pex_kernels *pex_kernels_default(void) {
  static const pex_kernels *chosen;
  // Two threads that come first together choose the same, so the order of their stores does not matter.
  const pex_kernels *kernels = __atomic_load_n(&chosen, __ATOMIC_ACQUIRE);
  if (!kernels) {
    kernels = choose();
    __atomic_store_n(&chosen, kernels, __ATOMIC_RELEASE);
  }
  return kernels;
}

const char *pex_isa_name(void) { return pex_kernels_default()->name; }

ptrdiff_t pex_plane_floats(const pex_kernels *kernels, const pex_window *w) {
  ptrdiff_t taps, table, rows, reach, columns, floats;
  if (__builtin_mul_overflow(w->kernel_height, w->kernel_width, &taps) ||
      __builtin_mul_overflow(taps, (ptrdiff_t)sizeof(ptrdiff_t), &table) || table > PTRDIFF_MAX - 64 ||
      __builtin_mul_overflow(w->out_height - 1, w->stride_height, &rows) ||
      __builtin_mul_overflow(w->kernel_height - 1, w->dilation_height, &reach) ||
      __builtin_add_overflow(rows, reach + 1, &rows) ||
      __builtin_mul_overflow(w->kernel_width - 1, w->dilation_width, &reach) ||
      __builtin_add_overflow(w->out_width + kernels->lanes, reach / w->stride_width, &columns) ||
      __builtin_mul_overflow(columns, w->stride_width, &columns) || __builtin_mul_overflow(rows, columns, &floats) ||
      __builtin_add_overflow(floats, (table + 63) / 64 * 16, &floats) || floats > PTRDIFF_MAX / 8) {
    return -1;
  }
  return floats;
}

#if defined(__x86_64__)

uint64_t pex_flush_denormals(void) {
  const uint64_t before = _mm_getcsr();
  // Flush to zero is bit 15, denormals are zero is bit 6.
  _mm_setcsr((unsigned)before | 0x8040);
  return before;
}

void pex_restore_denormals(uint64_t state) { _mm_setcsr((unsigned)state); }

void pex_pause(void) { _mm_pause(); }

#elif defined(__aarch64__)

uint64_t pex_flush_denormals(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  // Flush to zero is bit 24 and covers inputs and results.
  __asm__ volatile("msr fpcr, %0" : : "r"(before | (1ull << 24)));
  return before;
}

void pex_restore_denormals(uint64_t state) { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }

void pex_pause(void) { __asm__ volatile("yield"); }

#else

uint64_t pex_flush_denormals(void) { return 0; }
void pex_restore_denormals(uint64_t state) { (void)state; }
void pex_pause(void) {}

#endif
