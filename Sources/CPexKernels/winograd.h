// 3x3 convolution by the minimal filtering algorithms F(2x2, 3x3) and F(4x4, 3x3): Winograd 1980, as Lavin and Gray
// apply them to convolutions ("Fast Algorithms for Convolutional Neural Networks", 2015, arXiv 1509.09308), with the
// interpolation points 0, 1, -1 and infinity, and 2 and -2 besides. A tile of 4x4 results takes 36 products a channel
// instead of 144, one of 2x2 results 16 instead of 36. `size` is known when a function is compiled.

enum { largest_patch = 6, largest_points = 36 };

INLINE int patch_of(int size) { return size + 2; }
INLINE ptrdiff_t points_of(ptrdiff_t size) { return (size + 2) * (size + 2); }

// The columns of G g: a number for each point of three.
INLINE void transform_weights(const int size, const vec *g, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec a = g[0], b = g[step], c = g[2 * step];
  if (size == 2) {
    to[0] = a;
    to[to_step] = (a + c + b) * splat(0.5f);
    to[2 * to_step] = (a + c - b) * splat(0.5f);
    to[3 * to_step] = c;
    return;
  }
  const vec even = a + c, outer = a + splat(4) * c;
  to[0] = a * splat(0.25f);
  to[to_step] = (even + b) * splat(-1.0f / 6);
  to[2 * to_step] = (even - b) * splat(-1.0f / 6);
  to[3 * to_step] = (outer + splat(2) * b) * splat(1.0f / 24);
  to[4 * to_step] = (outer - splat(2) * b) * splat(1.0f / 24);
  to[5 * to_step] = c;
}

INLINE void pack_tiles(const int size, const pex_winograd *s, ptrdiff_t first, ptrdiff_t last, const float *weights,
                       float *packed, float *scratch) {
  const int patch = patch_of(size), points = patch * patch;
  const ptrdiff_t out_blocks = divide_up(s->out_channels, LANES);
  const pex_convolution plain = {
      .window = s->window, .in_channels = s->in_channels, .out_channels = s->out_channels, .groups = 1};
  for (ptrdiff_t panel = first; panel < last; panel++) {
    const ptrdiff_t blocks = smaller(2, out_blocks - panel * 2), rows = blocks * LANES;
    // All panels in front are of two blocks.
    float *to = packed + panel * 2 * LANES * points * s->in_channels;
    for (ptrdiff_t channel = 0; channel < s->in_channels; channel += LANES) {
      const ptrdiff_t end = smaller(channel + LANES, s->in_channels), count = end - channel;
      pack_block(&plain, weights, panel * 2 * LANES, rows, channel, end, scratch);
      for (ptrdiff_t c = 0; c < count; c++) {
        for (ptrdiff_t b = 0; b < blocks; b++) {
          vec g[9], half[3 * largest_patch], whole[largest_points];
          UNROLLED for (int t = 0; t < 9; t++) g[t] = load(scratch + (t * count + c) * rows + b * LANES);
          UNROLLED for (int x = 0; x < 3; x++) transform_weights(size, g + x, 3, half + x, 3);
          UNROLLED for (int y = 0; y < patch; y++) transform_weights(size, half + y * 3, 1, whole + y * patch, 1);
          for (int p = 0; p < points; p++) {
            store(to + (p * s->in_channels + channel + c) * rows + b * LANES, whole[p]);
          }
        }
      }
    }
  }
}

static void pack_winograd(const pex_winograd *s, ptrdiff_t first, ptrdiff_t last, const float *weights, float *packed,
                          float *scratch) {
  if (s->tile_size == 2) {
    pack_tiles(2, s, first, last, weights, packed, scratch);
  } else {
    pack_tiles(4, s, first, last, weights, packed, scratch);
  }
}

// From one point to the next in transformed maps of `blocks` blocks. An odd number of vectors: points that lie a power of
// two apart would all go to the same few places of a cache.
INLINE ptrdiff_t point_step(const pex_winograd *s, ptrdiff_t blocks) { return (blocks * s->chunk_tiles | 1) * LANES; }

static const float no_pixel[LANES];

#define PART_VEC vec
#define PART(name) name
#include "winograd_tiles.h"
#undef PART_VEC
#undef PART
#define PART_VEC half_vec
#define PART(name) half_##name
#include "winograd_tiles.h"
#undef PART_VEC
#undef PART

INLINE void input_tiles(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                        ptrdiff_t last, const float *input, float *spectrum) {
  const pex_window *w = &s->window;
  const ptrdiff_t in_blocks = divide_up(s->in_channels, LANES), step = point_step(s, in_blocks);
  for (ptrdiff_t block = first; block < last; block++) {
    const float *plane = input + block * w->in_height * w->in_width * LANES;
    float *to = spectrum + block * s->chunk_tiles * LANES;
    if (block + 1 == in_blocks && ends_in_half(s->in_channels)) {
      half_input_block(size, s, first_tile, tiles, plane, step, to);
    } else {
      input_block(size, s, first_tile, tiles, plane, step, to);
    }
  }
}

static void winograd_input(const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                           ptrdiff_t last, const float *input, float *spectrum) {
  if (s->tile_size == 2) {
    input_tiles(2, s, first_tile, tiles, first, last, input, spectrum);
  } else {
    input_tiles(4, s, first_tile, tiles, first, last, input, spectrum);
  }
}

static void winograd_products(const pex_winograd *s, ptrdiff_t tiles, ptrdiff_t point, ptrdiff_t first, ptrdiff_t last,
                              const float *spectrum, const float *packed, float *sums) {
  static const ptrdiff_t no_shift = 0;
  const ptrdiff_t points = points_of(s->tile_size);
  const ptrdiff_t in_blocks = divide_up(s->in_channels, LANES), out_blocks = divide_up(s->out_channels, LANES);
  for (ptrdiff_t panel = first; panel < last; panel++) {
    const ptrdiff_t blocks = smaller(2, out_blocks - panel * 2);
    const float *weights =
        packed + panel * 2 * LANES * points * s->in_channels + point * s->in_channels * blocks * LANES;
    const tile_work work = {
        .input = spectrum + point * point_step(s, in_blocks),
        .block_step = s->chunk_tiles * LANES,
        .taps = &no_shift,
        .tap_count = 1,
        .first = 0,
        .last = s->in_channels,
        .width = LANES,
        .weights = weights,
        // Those of the next point, or of the next panel's first one.
        .ahead = weights + s->in_channels * blocks * LANES,
        .output = sums + point * point_step(s, out_blocks) + panel * 2 * s->chunk_tiles * LANES,
        .output_step = s->chunk_tiles * LANES,
    };
    const int half = ends_in_half(s->out_channels) && panel * 2 + blocks == out_blocks;
    tile_pixels(work, blocks, half, 1, tiles, 0);
  }
}

INLINE void output_tiles(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                         ptrdiff_t last, const float *sums, const float *bias, const float *residual, float *output) {
  const pex_window *w = &s->window;
  const ptrdiff_t out_blocks = divide_up(s->out_channels, LANES), step = point_step(s, out_blocks);
  for (ptrdiff_t block = first; block < last; block++) {
    const ptrdiff_t place = block * w->out_height * w->out_width * LANES;
    const float *from = sums + block * s->chunk_tiles * LANES, *shift = bias + block * LANES;
    const float *addend = residual ? residual + place : NULL;
    if (block + 1 == out_blocks && ends_in_half(s->out_channels)) {
      half_output_block(size, s, first_tile, tiles, from, step, shift, addend, output + place);
    } else {
      output_block(size, s, first_tile, tiles, from, step, shift, addend, output + place);
    }
  }
}

static void winograd_output(const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                            ptrdiff_t last, const float *sums, const float *bias, const float *residual,
                            float *output) {
  if (s->tile_size == 2) {
    output_tiles(2, s, first_tile, tiles, first, last, sums, bias, residual, output);
  } else {
    output_tiles(4, s, first_tile, tiles, first, last, sums, bias, residual, output);
  }
}
