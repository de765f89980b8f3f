// The convolutions of a branch in training. Maps lie channels last, [height][width][channels]: what a window sees are
// runs of channels, and forward and backward are products of matrices.

enum {
  product_rows = 6,
  // As many sums as fit the registers beside a row of the right matrix and a number of the left one.
  product_vectors = LANES == 16 ? 4 : 2,
  // A strip of the right matrix this deep stays in the first-level cache while all rows pass over it.
  product_depth = 128
};

INLINE vec load_part(const float *from, ptrdiff_t count) {
  if (count >= LANES) return load(from);
  float part[LANES] = {0};
  for (ptrdiff_t i = 0; i < count; i++) part[i] = from[i];
  return load(part);
}

// `rows` rows by `vectors` vectors, the last of which holds `last` numbers.
INLINE void product_tile(const int rows, const int vectors, ptrdiff_t last, ptrdiff_t depth, const float *a,
                         ptrdiff_t a_row, ptrdiff_t a_depth, const float *b, ptrdiff_t b_pitch, float *c,
                         ptrdiff_t c_pitch) {
  vec sum[product_rows][product_vectors];
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int v = 0; v < vectors; v++) {
      sum[r][v] = load_part(c + r * c_pitch + v * LANES, v + 1 < vectors ? LANES : last);
    }
  }
  for (ptrdiff_t k = 0; k < depth; k++) {
    vec right[product_vectors];
    UNROLLED for (int v = 0; v < vectors; v++) {
      right[v] = load_part(b + k * b_pitch + v * LANES, v + 1 < vectors ? LANES : last);
    }
    UNROLLED for (int r = 0; r < rows; r++) {
      const vec left = splat(a[r * a_row + k * a_depth]);
      UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = vfma(left, right[v], sum[r][v]);
    }
  }
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int v = 0; v < vectors; v++) {
      store_part(c + r * c_pitch + v * LANES, sum[r][v], v + 1 < vectors ? LANES : last);
    }
  }
}

// All rows by `vectors` vectors.
INLINE void product_panel(const int vectors, ptrdiff_t last, ptrdiff_t rows, ptrdiff_t depth, const float *a,
                          ptrdiff_t a_row, ptrdiff_t a_depth, const float *b, ptrdiff_t b_pitch, float *c,
                          ptrdiff_t c_pitch) {
  ptrdiff_t row = 0;
  for (; row + product_rows <= rows; row += product_rows) {
    product_tile(product_rows, vectors, last, depth, a + row * a_row, a_row, a_depth, b, b_pitch, c + row * c_pitch,
                 c_pitch);
  }
  for (; row < rows; row++) {
    product_tile(1, vectors, last, depth, a + row * a_row, a_row, a_depth, b, b_pitch, c + row * c_pitch, c_pitch);
  }
}

static void add_product(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t columns, const float *a, ptrdiff_t a_row,
                        ptrdiff_t a_depth, const float *b, ptrdiff_t b_pitch, float *c, ptrdiff_t c_pitch) {
  for (ptrdiff_t start = 0; start < depth; start += product_depth) {
    const ptrdiff_t length = smaller(product_depth, depth - start);
    const float *left = a + start * a_depth, *right = b + start * b_pitch;
    ptrdiff_t column = 0;
#define PANEL(VECTORS, LAST)                                                                                           \
  product_panel(VECTORS, LAST, rows, length, left, a_row, a_depth, right + column, b_pitch, c + column, c_pitch)
    for (; column + product_vectors * LANES <= columns; column += product_vectors * LANES) {
      PANEL(product_vectors, LANES);
    }
    // What is left takes one pass over the rows more, not one a vector.
    const ptrdiff_t left_over = (columns - column + LANES - 1) / LANES, last = columns - column - (left_over - 1) * LANES;
    if (product_vectors == 4 && left_over == 4) PANEL(4, last);
    if (product_vectors == 4 && left_over == 3) PANEL(3, last);
    if (left_over == 2) PANEL(2, last);
    if (left_over == 1) PANEL(1, last);
#undef PANEL
  }
}

// How often a window of padding 1 stands along an axis.
INLINE ptrdiff_t window_count(ptrdiff_t extent, ptrdiff_t stride) { return (extent + stride - 1) / stride; }

// The pixel that place 0 to 8 of the 3x3 window at an output pixel sees, or -1 beyond the map.
INLINE ptrdiff_t seen_pixel(ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, ptrdiff_t output, ptrdiff_t place) {
  const ptrdiff_t out_width = window_count(width, stride);
  const ptrdiff_t y = output / out_width * stride + place / 3 - 1, x = output % out_width * stride + place % 3 - 1;
  return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
}

static void window_rows(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride, const float *map,
                        float *rows) {
  const ptrdiff_t outputs = window_count(height, stride) * window_count(width, stride);
  for (ptrdiff_t output = 0; output < outputs; output++) {
    for (ptrdiff_t place = 0; place < 9; place++, rows += channels) {
      const ptrdiff_t pixel = seen_pixel(height, width, stride, output, place);
      if (pixel >= 0) {
        memcpy(rows, map + pixel * channels, (size_t)channels * sizeof *map);
      } else {
        memset(rows, 0, (size_t)channels * sizeof *map);
      }
    }
  }
}

static void add_window_rows(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride, const float *rows,
                            float *map) {
  const ptrdiff_t outputs = window_count(height, stride) * window_count(width, stride);
  for (ptrdiff_t output = 0; output < outputs; output++) {
    for (ptrdiff_t place = 0; place < 9; place++, rows += channels) {
      const ptrdiff_t pixel = seen_pixel(height, width, stride, output, place);
      if (pixel < 0) continue;
      float *to = map + pixel * channels;
      ptrdiff_t i = 0;
      for (; i + LANES <= channels; i += LANES) store(to + i, load(to + i) + load(rows + i));
      for (; i < channels; i++) to[i] += rows[i];
    }
  }
}

static void add_window_products(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride,
                                const float *map, const float *weights, float *output) {
  const ptrdiff_t outputs = window_count(height, stride) * window_count(width, stride);
  for (ptrdiff_t number = 0; number < outputs; number++, output += channels) {
    for (ptrdiff_t place = 0; place < 9; place++) {
      const ptrdiff_t pixel = seen_pixel(height, width, stride, number, place);
      if (pixel < 0) continue;
      const float *from = map + pixel * channels, *factor = weights + place * channels;
      ptrdiff_t i = 0;
      for (; i + LANES <= channels; i += LANES) {
        store(output + i, vfma(load(from + i), load(factor + i), load(output + i)));
      }
      for (; i < channels; i++) output[i] += from[i] * factor[i];
    }
  }
}

static void add_window_gradients(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride,
                                 const float *map, const float *weights, const float *slopes, float *weight_slopes,
                                 float *map_slopes) {
  const ptrdiff_t outputs = window_count(height, stride) * window_count(width, stride);
  for (ptrdiff_t output = 0; output < outputs; output++, slopes += channels) {
    for (ptrdiff_t place = 0; place < 9; place++) {
      const ptrdiff_t pixel = seen_pixel(height, width, stride, output, place);
      if (pixel < 0) continue;
      const float *from = map + pixel * channels, *factor = weights + place * channels;
      float *weight_slope = weight_slopes + place * channels;
      float *map_slope = map_slopes ? map_slopes + pixel * channels : NULL;
      ptrdiff_t i = 0;
      for (; i + LANES <= channels; i += LANES) {
        const vec slope = load(slopes + i);
        store(weight_slope + i, vfma(load(from + i), slope, load(weight_slope + i)));
        if (map_slope) store(map_slope + i, vfma(load(factor + i), slope, load(map_slope + i)));
      }
      for (; i < channels; i++) {
        weight_slope[i] += from[i] * slopes[i];
        if (map_slope) map_slope[i] += factor[i] * slopes[i];
      }
    }
  }
}
