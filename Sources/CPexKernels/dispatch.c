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

// Multiplies and adds numbers that are not negative; any overflow makes and keeps the result -1.
static ptrdiff_t times(ptrdiff_t a, ptrdiff_t b) {
  ptrdiff_t product;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product) ? -1 : product;
}

static ptrdiff_t plus(ptrdiff_t a, ptrdiff_t b) {
  ptrdiff_t sum;
  return a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) ? -1 : sum;
}

static ptrdiff_t addressable(ptrdiff_t floats) { return floats > PTRDIFF_MAX / 8 ? -1 : floats; }

ptrdiff_t pex_convolution_weights(const pex_kernels *kernels, const pex_convolution *s) {
  const ptrdiff_t lanes = kernels->lanes;
  const ptrdiff_t blocks = s->out_channels / lanes + (s->out_channels % lanes > 0);
  // Input channels that a panel reads: those of all groups that have an output channel in it.
  const ptrdiff_t out = s->out_channels / s->groups;
  const ptrdiff_t groups = s->panel_blocks * lanes / out + 2 < s->groups ? s->panel_blocks * lanes / out + 2 : s->groups;
  const ptrdiff_t depth = times(groups, s->in_channels / s->groups);
  const ptrdiff_t taps = times(s->window.kernel_height, s->window.kernel_width);
  return addressable(times(times(times(blocks, lanes), depth), taps));
}

ptrdiff_t pex_convolution_scratch(const pex_convolution *s) {
  const pex_window *w = &s->window;
  const ptrdiff_t taps = times(w->kernel_height, w->kernel_width);
  const ptrdiff_t table = plus(times(taps, sizeof(ptrdiff_t) / sizeof(float)), 16);
  if (s->direct) return addressable(table);
  // As `layout_of` has it, rounded up.
  const ptrdiff_t rows = plus(s->strip_rows, times(w->kernel_height - 1, w->dilation_height) / w->stride_height);
  const ptrdiff_t reach = s->flat ? 0 : times(w->kernel_width - 1, w->dilation_width) / w->stride_width;
  const ptrdiff_t line = times(plus(w->out_width, reach), s->width);
  const ptrdiff_t planes = s->flat ? w->kernel_width : w->stride_width;
  const ptrdiff_t copy = times(times(times(times(w->stride_height, rows), line), planes), s->chunk_blocks);
  return addressable(plus(table, copy));
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
