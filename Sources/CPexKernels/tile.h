// The inner loop of every convolution: sums of products for a tile of output pixels and one or two blocks of output
// channels, all of them in registers. One input number is spread over a vector and meets a vector of weights, one for
// each output channel; so there is one chain of products for each result, in the order of the weights.

typedef struct {
  // Block 0 of the input, at the tile's first pixel.
  const float *input;
  // From one input block to the next.
  ptrdiff_t block_step;
  // For each element of the window, where its pixels lie relative to `input`.
  const ptrdiff_t *taps;
  ptrdiff_t tap_count;
  // The input channels first..<last, in blocks of `width`.
  ptrdiff_t first, last, width;
  const float *weights;
  // The output at the tile's first pixel, and from one of its blocks to the next.
  float *output;
  ptrdiff_t output_step;
  // Whether to go on from sums that `output` holds. Else the sums begin with `bias`, or with nothing when it is null.
  int continues;
  const float *bias;
  // The weights that come next, which are fetched meanwhile: for each input channel as much as is one tile's share.
  const float *ahead;
  ptrdiff_t ahead_step;
  // Whether the sums are complete; then `residual` (or null), at the tile's first pixel, and the limits.
  int completes;
  const float *residual;
  activation_limits limits;
} tile_work;

typedef void (*tile_function)(const tile_work *work);

#define UNROLLED _Pragma("clang loop unroll(full)")

#define PART_VEC vec
#define PART(name) name
#include "block_sums.h"
#undef PART_VEC
#undef PART
#define PART_VEC half_vec
#define PART(name) half_##name
#include "block_sums.h"
#undef PART_VEC
#undef PART

// `blocks` blocks of output channels, the last of them a half one if `half` says so.
INLINE void tile(const int blocks, const int half, const int pixels, const ptrdiff_t step, const tile_work *work) {
  const int whole = blocks - half;
  vec sum[TILE_BLOCKS][TILE_PIXELS];
  half_vec rest[TILE_PIXELS];
  UNROLLED for (int b = 0; b < whole; b++) begin_sums(pixels, work, b, sum[b]);
  if (half) half_begin_sums(pixels, work, whole, rest);
  const float *w = work->weights, *ahead = work->ahead;
  const ptrdiff_t width = step == 1 ? 1 : LANES;
  for (ptrdiff_t channel = work->first; channel < work->last;) {
    const ptrdiff_t block = channel / width;
    const ptrdiff_t end = smaller(work->last, (block + 1) * width);
    const float *from = work->input + block * work->block_step + (channel - block * width);
    // A plain block is one channel: the loop over it goes when this is compiled.
    const ptrdiff_t count = width == 1 ? 1 : end - channel;
    for (ptrdiff_t t = 0; t < work->tap_count; t++) {
      const float *in = from + work->taps[t];
      for (ptrdiff_t c = 0; c < count; c++, w += blocks * LANES, in++) {
        vec k[TILE_BLOCKS];
        half_vec last;
        UNROLLED for (int b = 0; b < whole; b++) k[b] = load(w + b * LANES);
        if (half) last = half_load(w + whole * LANES);
        UNROLLED for (int p = 0; p < pixels; p++) {
          const float x = in[p * step];
          UNROLLED for (int b = 0; b < whole; b++) sum[b][p] = vfma(splat(x), k[b], sum[b][p]);
          if (half) rest[p] = half_vfma(half_splat(x), last, rest[p]);
        }
        __builtin_prefetch(ahead, 0, 2);
        ahead += work->ahead_step;
      }
    }
    channel = end;
  }
  UNROLLED for (int b = 0; b < whole; b++) end_sums(pixels, work, b, sum[b]);
  if (half) half_end_sums(pixels, work, whole, rest);
}

// One function for each number of pixels: blocked input with one and two blocks of output channels, plain input too, the
// last block whole or half.
#define TILE_OF(P, NAME, BLOCKS, HALF, STEP)                                                                           \
  static void tile_##NAME##_##P(const tile_work *work) { tile(BLOCKS, HALF, P, STEP, work); }
#if PEX_HALVES
#define TILE(P)                                                                                                        \
  TILE_OF(P, blocked_1, 1, 0, LANES)                                                                                   \
  TILE_OF(P, blocked_2, 2, 0, LANES)                                                                                   \
  TILE_OF(P, plain_1, 1, 0, 1)                                                                                         \
  TILE_OF(P, plain_2, 2, 0, 1)                                                                                         \
  TILE_OF(P, blocked_1_half, 1, 1, LANES)                                                                              \
  TILE_OF(P, blocked_2_half, 2, 1, LANES)                                                                              \
  TILE_OF(P, plain_1_half, 1, 1, 1)                                                                                    \
  TILE_OF(P, plain_2_half, 2, 1, 1)
#define TILE_NAMES(P)                                                                                                  \
  {{{tile_blocked_1_##P, tile_blocked_1_half_##P}, {tile_blocked_2_##P, tile_blocked_2_half_##P}},                     \
   {{tile_plain_1_##P, tile_plain_1_half_##P}, {tile_plain_2_##P, tile_plain_2_half_##P}}}
#else
#define TILE(P)                                                                                                        \
  TILE_OF(P, blocked_1, 1, 0, LANES)                                                                                   \
  TILE_OF(P, blocked_2, 2, 0, LANES)                                                                                   \
  TILE_OF(P, plain_1, 1, 0, 1)                                                                                         \
  TILE_OF(P, plain_2, 2, 0, 1)
#define TILE_NAMES(P) {{{tile_blocked_1_##P}, {tile_blocked_2_##P}}, {{tile_plain_1_##P}, {tile_plain_2_##P}}}
#endif

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#if TILE_PIXELS == 14
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
TILE(13)
TILE(14)
#endif

// [pixels - 1][input is plain][blocks - 1][the last one is half]
static const tile_function tiles[TILE_PIXELS][2][2][1 + PEX_HALVES] = {
    TILE_NAMES(1),  TILE_NAMES(2),  TILE_NAMES(3),  TILE_NAMES(4),  TILE_NAMES(5),  TILE_NAMES(6),
#if TILE_PIXELS == 14
    TILE_NAMES(7),  TILE_NAMES(8),  TILE_NAMES(9),  TILE_NAMES(10), TILE_NAMES(11), TILE_NAMES(12),
    TILE_NAMES(13), TILE_NAMES(14),
#endif
};

// Calls `work`'s tile function for `rows` of `count` pixels, each cut into tiles of nearly equal size. The pointers of
// `work` stand at pixel 0 and move along; input rows are `input_step` apart. `half`: whether the last block is a half one.
INLINE void tile_pixels(tile_work work, ptrdiff_t blocks, int half, ptrdiff_t rows, ptrdiff_t count,
                        ptrdiff_t input_step) {
  const ptrdiff_t number = divide_up(count, TILE_PIXELS);
  const ptrdiff_t plain = work.width == 1;
  const ptrdiff_t step = plain ? 1 : LANES;
  const ptrdiff_t share = (work.last - work.first) * work.tap_count * blocks * LANES / (number * rows);
  const float *line = work.input;
  work.ahead_step = blocks * LANES / (number * rows);
  for (ptrdiff_t y = 0; y < rows; y++, line += input_step) {
    work.input = line;
    for (ptrdiff_t i = 0, done = 0; i < number; i++) {
      const ptrdiff_t pixels = count * (i + 1) / number - done;
      tiles[pixels - 1][plain][blocks - 1][half](&work);
      work.input += pixels * step;
      work.output += pixels * LANES;
      if (work.residual) work.residual += pixels * LANES;
      work.ahead += share;
      done += pixels;
    }
  }
}
