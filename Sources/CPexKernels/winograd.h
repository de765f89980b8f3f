// 3x3 convolution by the minimal filtering algorithm F(4x4, 3x3): Winograd 1980 as Lavin and Gray apply it to
// convolutions ("Fast Algorithms for Convolutional Neural Networks", 2015, arXiv 1509.09308), with the interpolation
// points 0, 1, -1, 2, -2 and infinity. A tile of 4x4 results takes 36 products a channel instead of 144.

enum { tile_size = 4, patch_size = 6, points = 36 };

INLINE ptrdiff_t winograd_panels(const pex_winograd *s) { return divide_up(divide_up(s->out_channels, LANES), 2); }

// The columns of G g: six numbers of three.
INLINE void transform_weights(const vec *g, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec a = g[0], b = g[step], c = g[2 * step];
  const vec even = a + c, outer = a + splat(4) * c;
  to[0] = a * splat(0.25f);
  to[to_step] = (even + b) * splat(-1.0f / 6);
  to[2 * to_step] = (even - b) * splat(-1.0f / 6);
  to[3 * to_step] = (outer + splat(2) * b) * splat(1.0f / 24);
  to[4 * to_step] = (outer - splat(2) * b) * splat(1.0f / 24);
  to[5 * to_step] = c;
}

static void pack_winograd(const pex_winograd *s, ptrdiff_t first, ptrdiff_t last, const float *weights, float *packed,
                          float *scratch) {
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
          vec g[9], half[18], whole[points];
          for (int t = 0; t < 9; t++) g[t] = load(scratch + (t * count + c) * rows + b * LANES);
          for (int x = 0; x < 3; x++) transform_weights(g + x, 3, half + x, 3);
          for (int y = 0; y < patch_size; y++) transform_weights(half + y * 3, 1, whole + y * patch_size, 1);
          for (int p = 0; p < points; p++) {
            store(to + (p * s->in_channels + channel + c) * rows + b * LANES, whole[p]);
          }
        }
      }
    }
  }
}

// The rows of B' d: six numbers of six.
INLINE void transform_input(const vec *d, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const vec a = d4 - splat(4) * d2, b = d3 - splat(4) * d1;
  const vec c = d4 - d2, e = splat(2) * (d3 - d1);
  to[0] = splat(4) * d0 - splat(5) * d2 + d4;
  to[to_step] = a + b;
  to[2 * to_step] = a - b;
  to[3 * to_step] = c + e;
  to[4 * to_step] = c - e;
  to[5 * to_step] = splat(4) * d1 - splat(5) * d3 + d5;
}

static void winograd_input(const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                           ptrdiff_t last, const float *input, float *spectrum) {
  const pex_window *w = &s->window;
  const ptrdiff_t in_blocks = divide_up(s->in_channels, LANES);
  const ptrdiff_t across = divide_up(w->out_width, tile_size);
  const ptrdiff_t point_step = in_blocks * s->chunk_tiles * LANES;
  for (ptrdiff_t block = first; block < last; block++) {
    const float *plane = input + block * w->in_height * w->in_width * LANES;
    float *to = spectrum + block * s->chunk_tiles * LANES;
    for (ptrdiff_t i = 0; i < tiles; i++, to += LANES) {
      const ptrdiff_t tile = first_tile + i;
      const ptrdiff_t y = tile / across * tile_size - w->pad_height, x = tile % across * tile_size - w->pad_width;
      vec patch[points], half[points], whole[points];
      if (y >= 0 && x >= 0 && y + patch_size <= w->in_height && x + patch_size <= w->in_width) {
        const float *from = plane + (y * w->in_width + x) * LANES;
        for (int r = 0; r < patch_size; r++) {
          for (int c = 0; c < patch_size; c++) {
            patch[r * patch_size + c] = load(from + (r * w->in_width + c) * LANES);
          }
        }
      } else {
        for (int r = 0; r < patch_size; r++) {
          for (int c = 0; c < patch_size; c++) {
            const int inside = y + r >= 0 && y + r < w->in_height && x + c >= 0 && x + c < w->in_width;
            patch[r * patch_size + c] = inside ? load(plane + ((y + r) * w->in_width + x + c) * LANES) : splat(0);
          }
        }
      }
      UNROLLED for (int c = 0; c < patch_size; c++) transform_input(patch + c, patch_size, half + c, patch_size);
      UNROLLED for (int r = 0; r < patch_size; r++) {
        transform_input(half + r * patch_size, 1, whole + r * patch_size, 1);
      }
      for (int p = 0; p < points; p++) store(to + p * point_step, whole[p]);
    }
  }
}

static void winograd_products(const pex_winograd *s, ptrdiff_t tiles, ptrdiff_t point, ptrdiff_t first, ptrdiff_t last,
                              const float *spectrum, const float *packed, float *sums) {
  static const ptrdiff_t no_shift = 0;
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

// The rows of A' m: four numbers of six.
INLINE void transform_output(const vec *m, ptrdiff_t step, vec *to, ptrdiff_t to_step) {
  const vec a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  const vec c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  to[0] = m[0] + a + c;
  to[to_step] = b + splat(2) * d;
  to[2 * to_step] = a + splat(4) * c;
  to[3 * to_step] = b + splat(8) * d + m[5 * step];
}

static void winograd_output(const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                            ptrdiff_t last, const float *sums, const float *bias, const float *residual,
                            float *output) {
  const pex_window *w = &s->window;
  const ptrdiff_t out_blocks = divide_up(s->out_channels, LANES);
  const ptrdiff_t across = divide_up(w->out_width, tile_size);
  const ptrdiff_t point_step = out_blocks * s->chunk_tiles * LANES;
  const activation_limits limits = limits_of(s->activation);
  const vec minimum = splat(limits.minimum), maximum = splat(limits.maximum);
  for (ptrdiff_t block = first; block < last; block++) {
    const ptrdiff_t plane = block * w->out_height * w->out_width * LANES;
    const float *from = sums + block * s->chunk_tiles * LANES;
    const vec shift = load(bias + block * LANES);
    for (ptrdiff_t i = 0; i < tiles; i++, from += LANES) {
      const ptrdiff_t tile = first_tile + i;
      const ptrdiff_t y = tile / across * tile_size, x = tile % across * tile_size;
      vec sum[points], half[tile_size * patch_size], whole[tile_size * tile_size];
      for (int p = 0; p < points; p++) sum[p] = load(from + p * point_step);
      UNROLLED for (int c = 0; c < patch_size; c++) transform_output(sum + c, patch_size, half + c, patch_size);
      UNROLLED for (int r = 0; r < tile_size; r++) {
        transform_output(half + r * patch_size, 1, whole + r * tile_size, 1);
      }
      const ptrdiff_t rows = smaller(tile_size, w->out_height - y), columns = smaller(tile_size, w->out_width - x);
      for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t place = plane + ((y + r) * w->out_width + x) * LANES;
        for (ptrdiff_t c = 0; c < columns; c++) {
          vec v = whole[r * tile_size + c] + shift;
          if (residual) v = v + load(residual + place + c * LANES);
          store(output + place + c * LANES, vlimit(v, minimum, maximum));
        }
        activate(s->activation, columns * LANES, output + place);
      }
    }
  }
}
