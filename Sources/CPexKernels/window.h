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
  // An empty span lies nowhere; where it would may be too far to count.
  s.source = s.first < s.last ? start + s.first * dilation : 0;
  return s;
}

// `pixels` neighbouring outputs of a depthwise convolution, `step` floats apart in the input. `in` is the first element
// of the first window that lies in the map, as `rows` and `columns` say.
INLINE void weigh(const int pixels, const ptrdiff_t step, const pex_window *w, window_span rows, ptrdiff_t first,
                  ptrdiff_t last, const ptrdiff_t kernel_width, const float *in, const float *weights, vec bias,
                  vec *sum) {
  const ptrdiff_t row_step = w->dilation_height * w->in_width * LANES, column_step = w->dilation_width * LANES;
  UNROLLED for (int p = 0; p < pixels; p++) sum[p] = bias;
  for (ptrdiff_t ky = rows.first; ky < rows.last; ky++, in += row_step) {
    const float *weight = weights + ky * kernel_width * LANES;
    for (ptrdiff_t kx = first; kx < last; kx++) {
      const vec k = load(weight + kx * LANES);
      const float *at = in + (kx - first) * column_step;
      UNROLLED for (int p = 0; p < pixels; p++) sum[p] = vfma(k, load(at + p * step), sum[p]);
    }
  }
}

INLINE void finish_pixels(const int pixels, const int hard_swish, const vec *sum, const float *residual, vec minimum,
                          vec maximum, float *output) {
  UNROLLED for (int p = 0; p < pixels; p++) {
    vec x = sum[p];
    if (residual) x = x + load(residual + p * LANES);
    store(output + p * LANES, on_the_way(x, hard_swish, minimum, maximum));
  }
}

// What the rows of a depthwise convolution have in common.
typedef struct {
  const pex_window *window;
  // The output columns whose windows lie within the map's columns.
  ptrdiff_t inner_first, inner_last;
  const float *input, *weights;
  vec bias, minimum, maximum;
  int hard_swish;
} depthwise_work;

// One output row. The columns whose windows lie inside are computed some at a time, the others one by one; each sum is
// the same chain of products either way. Strides and widths of windows that nets have are known when this is compiled.
INLINE void depthwise_row(const ptrdiff_t stride, const ptrdiff_t width, const depthwise_work *work, ptrdiff_t y,
                          const float *residual, float *output) {
  enum { wide = 8 };
  const pex_window *w = work->window;
  const window_span rows =
      span_at(y, w->stride_height, w->pad_height, w->dilation_height, w->kernel_height, w->in_height);
  const float *line = work->input + rows.source * w->in_width * LANES;
  vec sum[wide];
#define DEPTHWISE_PIXELS(N, FIRST, LAST, SOURCE)                                                                       \
  weigh(N, stride *LANES, w, rows, FIRST, LAST, width, line + (SOURCE)*LANES, work->weights, work->bias, sum);         \
  finish_pixels(N, work->hard_swish, sum, residual ? residual + x * LANES : NULL, work->minimum, work->maximum,        \
                output + x * LANES);                                                                                   \
  x += N
#define DEPTHWISE_EDGE(END)                                                                                            \
  while (x < END) {                                                                                                    \
    const window_span c = span_at(x, stride, w->pad_width, w->dilation_width, width, w->in_width);                     \
    DEPTHWISE_PIXELS(1, c.first, c.last, c.source);                                                                    \
  }
#define DEPTHWISE_INNER(N)                                                                                             \
  if (x + N <= work->inner_last) {                                                                                     \
    DEPTHWISE_PIXELS(N, 0, width, x *stride - w->pad_width);                                                           \
  }
  ptrdiff_t x = 0;
  DEPTHWISE_EDGE(work->inner_first)
  while (x + wide <= work->inner_last) {
    DEPTHWISE_INNER(wide)
  }
  DEPTHWISE_INNER(4)
  DEPTHWISE_INNER(2)
  DEPTHWISE_EDGE(w->out_width)
}

static void depthwise(const pex_window *w, ptrdiff_t first_row, ptrdiff_t last_row, const float *input,
                      const float *weights, const float *bias, const float *residual, pex_activation activation,
                      float *output) {
  const activation_limits limits = limits_of(activation);
  // A window that is wider than the map lies inside nowhere.
  const ptrdiff_t last_start = w->in_width - 1 - (w->kernel_width - 1) * w->dilation_width;
  const ptrdiff_t inner = last_start < 0 ? 0 : (last_start + w->pad_width) / w->stride_width + 1;
  const depthwise_work work = {
      .window = w,
      .inner_first = smaller(divide_up(w->pad_width, w->stride_width), w->out_width),
      .inner_last = smaller(inner, w->out_width),
      .input = input,
      .weights = weights,
      .bias = load(bias),
      .minimum = splat(limits.minimum),
      .maximum = splat(limits.maximum),
      .hard_swish = limits.hard_swish,
  };
  const ptrdiff_t line = w->out_width * LANES;
  for (ptrdiff_t y = first_row; y < last_row; y++) {
    float *to = output + y * line;
    const float *addend = residual ? residual + y * line : NULL;
    switch (w->stride_width * 16 + (w->kernel_width < 16 ? w->kernel_width : 0)) {
    case 1 * 16 + 3: depthwise_row(1, 3, &work, y, addend, to); break;
    case 1 * 16 + 5: depthwise_row(1, 5, &work, y, addend, to); break;
    case 2 * 16 + 3: depthwise_row(2, 3, &work, y, addend, to); break;
    case 2 * 16 + 5: depthwise_row(2, 5, &work, y, addend, to); break;
    default: depthwise_row(w->stride_width, w->kernel_width, &work, y, addend, to);
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
