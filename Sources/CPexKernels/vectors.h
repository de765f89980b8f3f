// Vectors of PEX_LANES floats and what the kernels do with them.

#include "CPexKernels.h"

#include <math.h>
#include <string.h>

// Products and sums are fused only where the code says so: a step must give the same numbers in every kernel.
#pragma STDC FP_CONTRACT OFF

#define LANES PEX_LANES
#define TILE_PIXELS PEX_TILE_PIXELS
#define TILE_BLOCKS 2
#define INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((ext_vector_type(PEX_LANES)));
// Half a vector: what a block needs that has no more channels than this.
typedef float half_vec __attribute__((ext_vector_type(PEX_LANES / 2)));

#define PART_VEC vec
#define PART(name) name
#include "lanes.h"
#undef PART_VEC
#undef PART
#define PART_VEC half_vec
#define PART(name) half_##name
#include "lanes.h"
#undef PART_VEC
#undef PART

// Whether the last block of so many channels is computed in half vectors. The lanes behind it keep what they hold.
INLINE int ends_in_half(ptrdiff_t channels) {
  return PEX_HALVES && channels % LANES > 0 && channels % LANES <= LANES / 2;
}

INLINE void store_part(float *to, vec v, ptrdiff_t count) {
  if (count >= LANES) {
    store(to, v);
  } else {
    float part[LANES];
    memcpy(part, &v, sizeof v);
    for (ptrdiff_t i = 0; i < count; i++) to[i] = part[i];
  }
}

typedef int32_t ivec __attribute__((ext_vector_type(PEX_LANES)));

INLINE ivec bits_of(vec v) { return __builtin_bit_cast(ivec, v); }
INLINE vec vec_of(ivec v) { return __builtin_bit_cast(vec, v); }

INLINE vec square_root(vec v) {
  for (int i = 0; i < LANES; i++) v[i] = __builtin_sqrtf(v[i]);
  return v;
}

INLINE float slimit(float x, float minimum, float maximum) {
  x = minimum > x ? minimum : x;
  return maximum < x ? maximum : x;
}

INLINE ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
INLINE ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

// Two vectors taken apart: the lower halves' lanes in turn, and the upper halves'.
#if PEX_LANES == 16
#define LOWER_LANES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER_LANES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVEN_LANES 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#else
#define EVEN_LANES 0, 2, 4, 6, 8, 10, 12, 14
#define LOWER_LANES 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER_LANES 4, 12, 5, 13, 6, 14, 7, 15
#endif

INLINE vec even_lanes(vec a, vec b) { return __builtin_shufflevector(a, b, EVEN_LANES); }

// Rows become columns: a vector meets the one half the square away, as often as halving leads to one.
INLINE void transpose(vec *square) {
  vec other[LANES];
#pragma clang loop unroll(full)
  for (int size = LANES; size > 1; size /= 2) {
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES / 2; i++) {
      other[2 * i] = __builtin_shufflevector(square[i], square[i + LANES / 2], LOWER_LANES);
      other[2 * i + 1] = __builtin_shufflevector(square[i], square[i + LANES / 2], UPPER_LANES);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) square[i] = other[i];
  }
}

// A square of LANES numbers each way from rows `depth` apart to columns `step` apart.
INLINE void transpose_square(const float *from, ptrdiff_t depth, ptrdiff_t step, float *to) {
  vec square[LANES];
  for (int i = 0; i < LANES; i++) square[i] = load(from + i * depth);
  transpose(square);
  for (int i = 0; i < LANES; i++) store(to + i * step, square[i]);
}
