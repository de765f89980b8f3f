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

// The rows of B' d: as many numbers as the patch has.
INLINE void transform_input(const int size, const vec *d, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  if (size == 2) {
    to[0] = d0 - d2;
    to[to_step] = d1 + d2;
    to[2 * to_step] = d2 - d1;
    to[3 * to_step] = d1 - d3;
    return;
  }
  const vec d4 = d[4 * step], d5 = d[5 * step];
  const vec a = d4 - splat(4) * d2, b = d3 - splat(4) * d1;
  const vec c = d4 - d2, e = splat(2) * (d3 - d1);
  to[0] = splat(4) * d0 - splat(5) * d2 + d4;
  to[to_step] = a + b;
  to[2 * to_step] = a - b;
  to[3 * to_step] = c + e;
  to[4 * to_step] = c - e;
  to[5 * to_step] = splat(4) * d1 - splat(5) * d3 + d5;
}

INLINE void input_tiles(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                        ptrdiff_t last, const float *input, float *spectrum) {
  const int patch = patch_of(size), points = patch * patch;
  const pex_window *w = &s->window;
  const ptrdiff_t in_blocks = divide_up(s->in_channels, LANES);
  const ptrdiff_t across = divide_up(w->out_width, size);
  const ptrdiff_t point_step = in_blocks * s->chunk_tiles * LANES;
  for (ptrdiff_t block = first; block < last; block++) {
    const float *plane = input + block * w->in_height * w->in_width * LANES;
    float *to = spectrum + block * s->chunk_tiles * LANES;
    for (ptrdiff_t i = 0; i < tiles; i++, to += LANES) {
      const ptrdiff_t tile = first_tile + i;
      const ptrdiff_t y = tile / across * size - w->pad_height, x = tile % across * size - w->pad_width;
      vec given[largest_points], half[largest_points], whole[largest_points];
      if (y >= 0 && x >= 0 && y + patch <= w->in_height && x + patch <= w->in_width) {
        const float *from = plane + (y * w->in_width + x) * LANES;
        UNROLLED for (int r = 0; r < patch; r++) {
          UNROLLED for (int c = 0; c < patch; c++) given[r * patch + c] = load(from + (r * w->in_width + c) * LANES);
        }
      } else {
        for (int r = 0; r < patch; r++) {
          for (int c = 0; c < patch; c++) {
            const int inside = y + r >= 0 && y + r < w->in_height && x + c >= 0 && x + c < w->in_width;
            given[r * patch + c] = inside ? load(plane + ((y + r) * w->in_width + x + c) * LANES) : splat(0);
          }
        }
      }
      UNROLLED for (int c = 0; c < patch; c++) transform_input(size, given + c, patch, half + c, patch);
      UNROLLED for (int r = 0; r < patch; r++) transform_input(size, half + r * patch, 1, whole + r * patch, 1);
      UNROLLED for (int p = 0; p < points; p++) store(to + p * point_step, whole[p]);
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
        .input = spectrum + point * in_blocks * s->chunk_tiles * LANES,
        .block_step = s->chunk_tiles * LANES,
        .taps = &no_shift,
        .tap_count = 1,
        .first = 0,
        .last = s->in_channels,
        .width = LANES,
        .weights = weights,
        // Those of the next point, or of the next panel's first one.
        .ahead = weights + s->in_channels * blocks * LANES,
        .output = sums + (point * out_blocks + panel * 2) * s->chunk_tiles * LANES,
        .output_step = s->chunk_tiles * LANES,
    };
    tile_pixels(work, blocks, 1, tiles, 0);
  }
}

// The rows of A' m: as many numbers as the tile has.
INLINE void transform_output(const int size, const vec *m, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  if (size == 2) {
    to[0] = m[0] + a;
    to[to_step] = b - m[3 * step];
    return;
  }
  const vec c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  to[0] = m[0] + a + c;
  to[to_step] = b + splat(2) * d;
  to[2 * to_step] = a + splat(4) * c;
  to[3 * to_step] = b + splat(8) * d + m[5 * step];
}

INLINE void output_tiles(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                         ptrdiff_t last, const float *sums, const float *bias, const float *residual, float *output) {
  const int patch = patch_of(size), points = patch * patch;
  const pex_window *w = &s->window;
  const ptrdiff_t out_blocks = divide_up(s->out_channels, LANES);
  const ptrdiff_t across = divide_up(w->out_width, size);
  const ptrdiff_t point_step = out_blocks * s->chunk_tiles * LANES;
  const activation_limits limits = limits_of(s->activation);
  for (ptrdiff_t block = first; block < last; block++) {
    const ptrdiff_t plane = block * w->out_height * w->out_width * LANES;
    const float *from = sums + block * s->chunk_tiles * LANES;
    const vec shift = load(bias + block * LANES);
    for (ptrdiff_t i = 0; i < tiles; i++, from += LANES) {
      const ptrdiff_t tile = first_tile + i;
      const ptrdiff_t y = tile / across * size, x = tile % across * size;
      vec sum[largest_points], half[4 * largest_patch], whole[16];
      UNROLLED for (int p = 0; p < points; p++) sum[p] = load(from + p * point_step);
      UNROLLED for (int c = 0; c < patch; c++) transform_output(size, sum + c, patch, half + c, patch);
      UNROLLED for (int r = 0; r < size; r++) transform_output(size, half + r * patch, 1, whole + r * size, 1);
      const ptrdiff_t rows = smaller(size, w->out_height - y), columns = smaller(size, w->out_width - x);
      for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t place = plane + ((y + r) * w->out_width + x) * LANES;
        for (ptrdiff_t c = 0; c < columns; c++) {
          vec v = whole[r * size + c] + shift;
          if (residual) v = v + load(residual + place + c * LANES);
          store(output + place + c * LANES, limited(v, limits));
        }
        activate(s->activation, columns * LANES, output + place);
      }
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
