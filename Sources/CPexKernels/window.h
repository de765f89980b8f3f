// Depthwise convolution and pooling: one block of channels at a time, a vector for each pixel.

// The elements of a window that lie in the map, and where the first of them lies: first..<last of the kernel.
typedef struct {
  ptrdiff_t first, last, source;
} window_span;

INLINE window_span span_at(ptrdiff_t position, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t dilation, ptrdiff_t kernel,
                           ptrdiff_t extent) {
  const ptrdiff_t start = position * stride - pad;
  window_span s;
  s.first = smaller(start < 0 ? divide_up(-start, dilation) : 0, kernel);
  s.last = larger(s.first, start < extent ? smaller(kernel, (extent - 1 - start) / dilation + 1) : 0);
  s.source = start + s.first * dilation;
  return s;
}

// Output columns whose windows lie within the map's columns: first..<last.
INLINE window_span inner_columns(const pex_window *w) {
  const ptrdiff_t reach = (w->kernel_width - 1) * w->dilation_width;
  window_span s;
  s.first = smaller(divide_up(w->pad_width, w->stride_width), w->out_width);
  const ptrdiff_t room = w->in_width - 1 - reach + w->pad_width;
  s.last = larger(s.first, room < 0 ? 0 : smaller(room / w->stride_width + 1, w->out_width));
  s.source = 0;
  return s;
}

// `pixels` neighbouring outputs of a depthwise convolution, `step` floats apart in the input. `in` is the first element
// of the first window that lies in the map, as `rows` and `columns` say.
INLINE void weigh(const int pixels, const ptrdiff_t step, const pex_window *w, window_span rows, window_span columns,
                  const float *in, const float *weights, vec *sum) {
  const ptrdiff_t row_step = w->dilation_height * w->in_width * LANES, column_step = w->dilation_width * LANES;
  UNROLLED for (int p = 0; p < pixels; p++) sum[p] = splat(0);
  for (ptrdiff_t ky = rows.first; ky < rows.last; ky++, in += row_step) {
    const float *at = in;
    const float *weight = weights + (ky * w->kernel_width + columns.first) * LANES;
    for (ptrdiff_t kx = columns.first; kx < columns.last; kx++, at += column_step, weight += LANES) {
      const vec k = load(weight);
      UNROLLED for (int p = 0; p < pixels; p++) sum[p] = vfma(k, load(at + p * step), sum[p]);
    }
  }
}

INLINE void finish_pixels(const int pixels, const vec *sum, vec bias, const float *residual, vec minimum, vec maximum,
                          float *output) {
  UNROLLED for (int p = 0; p < pixels; p++) {
    vec x = sum[p] + bias;
    if (residual) x = x + load(residual + p * LANES);
    store(output + p * LANES, vlimit(x, minimum, maximum));
  }
}

enum { wide = 8 };

// One output row. The columns whose windows lie inside are computed eight at a time, the others one by one; each sum is
// the same chain of products either way.
INLINE void depthwise_row(const ptrdiff_t stride, const pex_window *w, ptrdiff_t y, window_span inner,
                          const float *input, const float *weights, vec bias, const float *residual, vec minimum,
                          vec maximum, float *output) {
  const window_span rows =
      span_at(y, w->stride_height, w->pad_height, w->dilation_height, w->kernel_height, w->in_height);
  const float *line = input + rows.source * w->in_width * LANES;
  vec sum[wide];
  for (ptrdiff_t x = 0; x < w->out_width;) {
    const window_span columns =
        span_at(x, stride, w->pad_width, w->dilation_width, w->kernel_width, w->in_width);
    const float *in = line + columns.source * LANES;
    const float *addend = residual ? residual + x * LANES : NULL;
    const ptrdiff_t left = x >= inner.first && x < inner.last ? inner.last - x : 1;
    if (left >= wide) {
      weigh(wide, stride * LANES, w, rows, columns, in, weights, sum);
      finish_pixels(wide, sum, bias, addend, minimum, maximum, output + x * LANES);
      x += wide;
    } else if (left >= 4) {
      weigh(4, stride * LANES, w, rows, columns, in, weights, sum);
      finish_pixels(4, sum, bias, addend, minimum, maximum, output + x * LANES);
      x += 4;
    } else {
      weigh(1, stride * LANES, w, rows, columns, in, weights, sum);
      finish_pixels(1, sum, bias, addend, minimum, maximum, output + x * LANES);
      x++;
    }
  }
}

static void depthwise(const pex_window *w, ptrdiff_t first_row, ptrdiff_t last_row, const float *input,
                      const float *weights, const float *bias, const float *residual, pex_activation activation,
                      float *output) {
  const window_span inner = inner_columns(w);
  const activation_limits limits = limits_of(activation);
  const vec minimum = splat(limits.minimum), maximum = splat(limits.maximum);
  const ptrdiff_t line = w->out_width * LANES;
  for (ptrdiff_t y = first_row; y < last_row; y++) {
    float *to = output + y * line;
    const float *addend = residual ? residual + y * line : NULL;
    switch (w->stride_width) {
    case 1: depthwise_row(1, w, y, inner, input, weights, load(bias), addend, minimum, maximum, to); break;
    case 2: depthwise_row(2, w, y, inner, input, weights, load(bias), addend, minimum, maximum, to); break;
    default: depthwise_row(w->stride_width, w, y, inner, input, weights, load(bias), addend, minimum, maximum, to);
    }
    activate(activation, line, to);
  }
}

// A NaN in the window wins, as it does in any sum.
INLINE vec greater(vec a, vec b) { return a >= b ? a : (a != a ? a : b); }

static void pool(const pex_window *w, pex_take take, ptrdiff_t first_row, ptrdiff_t last_row, const float *row_counts,
                 const float *column_counts, const float *input, float *output) {
  const ptrdiff_t row_step = w->dilation_height * w->in_width * LANES, column_step = w->dilation_width * LANES;
  float *to = output + first_row * w->out_width * LANES;
  for (ptrdiff_t y = first_row; y < last_row; y++) {
    const window_span rows =
        span_at(y, w->stride_height, w->pad_height, w->dilation_height, w->kernel_height, w->in_height);
    for (ptrdiff_t x = 0; x < w->out_width; x++, to += LANES) {
      const window_span columns =
          span_at(x, w->stride_width, w->pad_width, w->dilation_width, w->kernel_width, w->in_width);
      const float *in = input + (rows.source * w->in_width + columns.source) * LANES;
      vec result = splat(take == pex_take_maximum ? -INFINITY : 0);
      for (ptrdiff_t ky = rows.first; ky < rows.last; ky++, in += row_step) {
        const float *at = in;
        if (take == pex_take_maximum) {
          for (ptrdiff_t kx = columns.first; kx < columns.last; kx++, at += column_step) {
            result = greater(load(at), result);
          }
        } else {
          for (ptrdiff_t kx = columns.first; kx < columns.last; kx++, at += column_step) result = result + load(at);
        }
      }
      if (take != pex_take_maximum) result = result / splat(row_counts[y] * column_counts[x]);
      store(to, result);
    }
  }
}
