// Vectors of PEX_LANES floats and what the kernels do with them.

#include "CPexKernels.h"

#include <math.h>
#include <string.h>

// Products and sums are fused only where the code says so: a step must give the same numbers in every kernel.
#pragma STDC FP_CONTRACT OFF

#define LANES PEX_LANES
#define TILE_ROWS PEX_TILE_ROWS
#define TILE_VECTORS PEX_TILE_VECTORS
#define TILE_COLUMNS (TILE_VECTORS * LANES)
#define INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((ext_vector_type(PEX_LANES)));

INLINE vec load(const float *from) {
  vec v;
  memcpy(&v, from, sizeof v);
  return v;
}

INLINE void store(float *to, vec v) { memcpy(to, &v, sizeof v); }

INLINE void store_part(float *to, vec v, ptrdiff_t count) {
  if (count >= LANES) {
    store(to, v);
  } else {
    float part[LANES];
    memcpy(part, &v, sizeof v);
    for (ptrdiff_t i = 0; i < count; i++) to[i] = part[i];
  }
}

INLINE vec splat(float x) { return (vec)(x); }

INLINE vec vfma(vec a, vec b, vec c) {
#if PEX_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

INLINE float sfma(float a, float b, float c) {
#if PEX_FMA
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

// NaN stays NaN and -0 stays -0: the bound is taken only where it is truly beyond x.
INLINE float slimit(float x, float minimum, float maximum) {
  x = minimum > x ? minimum : x;
  return maximum < x ? maximum : x;
}

INLINE vec vlimit(vec x, vec minimum, vec maximum) {
  x = minimum > x ? minimum : x;
  return maximum < x ? maximum : x;
}

INLINE ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
INLINE ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
