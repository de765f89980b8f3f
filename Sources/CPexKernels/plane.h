// Depthwise convolution and pooling: one channel at a time, vectors along output columns.
//
// The plane is first copied into scratch with its padding, the columns of each row sorted by their remainder modulo the
// stride: what neighbouring outputs read then lies side by side whatever the stride is.

typedef struct {
  // Rows, and columns of one remainder.
  ptrdiff_t rows, columns;
  // For each element of the window, where it lies relative to the output's row and column.
  ptrdiff_t *taps;
  float *plane;
} split_plane;

static void fill(float *to, float value, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) to[i] = value;
}

static split_plane split(const pex_window *w, const float *input, float padding, float *scratch) {
  const ptrdiff_t taps = w->kernel_height * w->kernel_width;
  const ptrdiff_t stride = w->stride_width;
  split_plane s;
  s.rows = (w->out_height - 1) * w->stride_height + (w->kernel_height - 1) * w->dilation_height + 1;
  s.columns = divide_up(w->out_width, LANES) * LANES + (w->kernel_width - 1) * w->dilation_width / stride;
  s.taps = (ptrdiff_t *)scratch;
  s.plane = scratch + divide_up(taps * (ptrdiff_t)sizeof(ptrdiff_t), 64) * 16;
  const ptrdiff_t row_size = s.columns * stride;
  for (ptrdiff_t ky = 0; ky < w->kernel_height; ky++) {
    for (ptrdiff_t kx = 0; kx < w->kernel_width; kx++) {
      const ptrdiff_t x = kx * w->dilation_width;
      s.taps[ky * w->kernel_width + kx] =
          ky * w->dilation_height * row_size + (x % stride) * s.columns + x / stride;
    }
  }
  for (ptrdiff_t y = 0; y < s.rows; y++) {
    float *row = s.plane + y * row_size;
    const ptrdiff_t source_y = y - w->pad_height;
    if (source_y < 0 || source_y >= w->in_height) {
      fill(row, padding, row_size);
      continue;
    }
    const float *source = input + source_y * w->in_width;
    for (ptrdiff_t remainder = 0; remainder < stride; remainder++, row += s.columns) {
      // Column i of this remainder is element remainder + i * stride - pad of the input's row.
      const ptrdiff_t offset = remainder - w->pad_width;
      const ptrdiff_t first = smaller(offset < 0 ? divide_up(-offset, stride) : 0, s.columns);
      ptrdiff_t last = offset < w->in_width ? (w->in_width - 1 - offset) / stride + 1 : 0;
      last = larger(first, smaller(last, s.columns));
      fill(row, padding, first);
      gather(row + first, source + (offset + first * stride), last > first ? last - first : 0, stride);
      fill(row + last, padding, s.columns - last);
    }
  }
  return s;
}

INLINE vec weigh(const ptrdiff_t *taps, ptrdiff_t count, const float *weights, const float *at) {
  vec sum = splat(0);
#pragma clang loop unroll(enable)
  for (ptrdiff_t t = 0; t < count; t++) sum = vfma(splat(weights[t]), load(at + taps[t]), sum);
  return sum;
}

static void depthwise(const pex_window *w, const float *plane, const float *weights, float bias, float minimum,
                      float maximum, float *output, float *scratch) {
  const split_plane s = split(w, plane, 0, scratch);
  const ptrdiff_t taps = w->kernel_height * w->kernel_width;
  for (ptrdiff_t y = 0; y < w->out_height; y++, output += w->out_width) {
    const float *row = s.plane + y * w->stride_height * s.columns * w->stride_width;
    for (ptrdiff_t x = 0; x < w->out_width; x += LANES) {
      vec sum;
      if (taps == 9) {
        sum = weigh(s.taps, 9, weights, row + x);
      } else if (taps == 25) {
        sum = weigh(s.taps, 25, weights, row + x);
      } else {
        sum = weigh(s.taps, taps, weights, row + x);
      }
      store_part(output + x, vlimit(sum + splat(bias), splat(minimum), splat(maximum)), w->out_width - x);
    }
  }
}

static void pool(const pex_window *w, pex_take take, const float *row_counts, const float *column_counts,
                 const float *plane, float *output, float *scratch) {
  const split_plane s = split(w, plane, take == pex_take_maximum ? -INFINITY : 0, scratch);
  const ptrdiff_t taps = w->kernel_height * w->kernel_width;
  for (ptrdiff_t y = 0; y < w->out_height; y++, output += w->out_width) {
    const float *row = s.plane + y * w->stride_height * s.columns * w->stride_width;
    for (ptrdiff_t x = 0; x < w->out_width; x += LANES) {
      const ptrdiff_t count = w->out_width - x;
      if (take == pex_take_maximum) {
        vec best = load(row + x + s.taps[0]);
        for (ptrdiff_t t = 1; t < taps; t++) {
          const vec v = load(row + x + s.taps[t]);
          // A NaN in the window wins, as it does in any sum.
          best = best >= v ? best : (best != best ? best : v);
        }
        store_part(output + x, best, count);
      } else {
        vec sum = splat(0);
        for (ptrdiff_t t = 0; t < taps; t++) sum = sum + load(row + x + s.taps[t]);
        vec counts = splat(1);
        for (ptrdiff_t i = 0; i < smaller(count, LANES); i++) counts[i] = column_counts[x + i];
        store_part(output + x, sum / (counts * splat(row_counts[y])), count);
      }
    }
  }
}
