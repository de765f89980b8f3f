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

enum { narrow_pixels = 8 };

// What the rows of a depthwise convolution have in common.
typedef struct {
  const pex_window *window;
  // The input's row `first_row` at column 0, and pixels from one row to the next.
  const float *input;
  ptrdiff_t first_row, line;
  // Columns of zeros in front of each row, and the output columns whose windows lie within the row and its zeros.
  ptrdiff_t margin, inner_first, inner_last;
  const float *weights;
  vec bias, minimum, maximum;
  int hard_swish;
} depthwise_work;

// `pixels` neighbouring outputs of a depthwise convolution, `step` floats apart in the input. `in` is the first element
// of the first window that lies in the map, as `rows` and `first`..<`last` say.
INLINE void weigh(const int pixels, const ptrdiff_t step, const depthwise_work *work, window_span rows, ptrdiff_t first,
                  ptrdiff_t last, const ptrdiff_t kernel_width, const float *in, vec *sum) {
  const pex_window *w = work->window;
  const ptrdiff_t row_step = w->dilation_height * work->line * LANES, column_step = w->dilation_width * LANES;
  UNROLLED for (int p = 0; p < pixels; p++) sum[p] = work->bias;
  for (ptrdiff_t ky = rows.first; ky < rows.last; ky++, in += row_step) {
    const float *weight = work->weights + ky * kernel_width * LANES;
    for (ptrdiff_t kx = first; kx < last; kx++) {
      const vec k = load(weight + kx * LANES);
      const float *at = in + (kx - first) * column_step;
      UNROLLED for (int p = 0; p < pixels; p++) sum[p] = vfma(k, load(at + p * step), sum[p]);
    }
  }
}

INLINE void finish_pixels(const int pixels, const depthwise_work *work, vec *sum, const float *residual,
                          float *output) {
  const vec minimum = work->minimum, maximum = work->maximum;
  if (residual) {
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = sum[p] + load(residual + p * LANES);
  }
  if (work->hard_swish) {
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = on_the_way(sum[p], 1, minimum, maximum);
  } else {
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = on_the_way(sum[p], 0, minimum, maximum);
  }
  UNROLLED for (int p = 0; p < pixels; p++) store(output + p * LANES, sum[p]);
}

// One output row. The columns whose windows lie inside are computed some at a time, the others one by one; each sum is
// the same chain of products either way. Strides and widths of windows that nets have are known when this is compiled.
INLINE void depthwise_row(const ptrdiff_t stride, const ptrdiff_t width, const depthwise_work *work, ptrdiff_t y,
                          const float *residual, float *output) {
  const pex_window *w = work->window;
  const window_span rows =
      span_at(y, w->stride_height, w->pad_height, w->dilation_height, w->kernel_height, w->in_height);
  // A row without elements of the map may lie anywhere.
  const float *line = rows.first < rows.last ? work->input + (rows.source - work->first_row) * work->line * LANES
                                             : work->input;
  vec sum[8];
#define DEPTHWISE_PIXELS(N, FIRST, LAST, SOURCE)                                                                       \
  weigh(N, stride *LANES, work, rows, FIRST, LAST, width, line + (SOURCE)*LANES, sum);                                 \
  finish_pixels(N, work, sum, residual ? residual + x * LANES : NULL, output + x * LANES);                             \
  x += N
#define DEPTHWISE_EDGE(END)                                                                                            \
  while (x < END) {                                                                                                    \
    const window_span c = span_at(x, stride, w->pad_width, w->dilation_width, width, w->in_width);                     \
    DEPTHWISE_PIXELS(1, c.first, c.last, c.source);                                                                    \
  }
#define DEPTHWISE_INNER(N)                                                                                             \
  while (x + N <= work->inner_last) {                                                                                  \
    DEPTHWISE_PIXELS(N, 0, width, x *stride + work->margin - w->pad_width);                                            \
  }
  ptrdiff_t x = 0;
  DEPTHWISE_EDGE(work->inner_first)
  // Maps of 7, 14, 28 columns are common; a last single pixel takes as long as many.
  if ((work->inner_last - x) % 8 != 0 && (work->inner_last - x) % 7 == 0) {
    DEPTHWISE_INNER(7)
  }
  DEPTHWISE_INNER(8)
  DEPTHWISE_INNER(4)
  DEPTHWISE_INNER(2)
  DEPTHWISE_INNER(1)
  DEPTHWISE_EDGE(w->out_width)
}

static void depthwise_rows(const depthwise_work *work, ptrdiff_t first_row, ptrdiff_t last_row, const float *residual,
                           pex_activation activation, float *output) {
  const pex_window *w = work->window;
  const ptrdiff_t line = w->out_width * LANES;
  for (ptrdiff_t y = first_row; y < last_row; y++) {
    float *to = output + y * line;
    const float *addend = residual ? residual + y * line : NULL;
    switch (w->stride_width * 16 + (w->kernel_width < 16 ? w->kernel_width : 0)) {
    case 1 * 16 + 3: depthwise_row(1, 3, work, y, addend, to); break;
    case 1 * 16 + 5: depthwise_row(1, 5, work, y, addend, to); break;
    case 2 * 16 + 3: depthwise_row(2, 3, work, y, addend, to); break;
    case 2 * 16 + 5: depthwise_row(2, 5, work, y, addend, to); break;
    default: depthwise_row(w->stride_width, w->kernel_width, work, y, addend, to);
    }
    activate(activation, line, to);
  }
}

// Windows of three columns over narrow maps. `pixels` neighbouring outputs of each row, from column `x` on, are computed
// together, whether or not the first of them lacks the window's first column and the last one its last: taking those
// pixels by themselves would take as long again.
INLINE void narrow_rows(const int pixels, const int left, const int right, const ptrdiff_t stride,
                        const depthwise_work *work, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t x,
                        const float *residual, float *output) {
  const pex_window *w = work->window;
  const ptrdiff_t row_step = w->dilation_height * work->line * LANES, column = x * stride - w->pad_width;
  for (ptrdiff_t y = first_row; y < last_row; y++) {
    const window_span rows =
        span_at(y, w->stride_height, w->pad_height, w->dilation_height, w->kernel_height, w->in_height);
    vec sum[narrow_pixels];
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = work->bias;
    ptrdiff_t in = (rows.source * work->line + column) * LANES;
    for (ptrdiff_t ky = rows.first; ky < rows.last; ky++, in += row_step) {
      UNROLLED for (int kx = 0; kx < 3; kx++) {
        const vec k = load(work->weights + (ky * 3 + kx) * LANES);
        UNROLLED for (int p = 0; p < pixels; p++) {
          const int outside = (left && p == 0 && kx == 0) || (right && p == pixels - 1 && kx == 2);
          if (!outside) sum[p] = vfma(k, load(work->input + in + (p * stride + kx) * LANES), sum[p]);
        }
      }
    }
    const ptrdiff_t place = (y * w->out_width + x) * LANES;
    finish_pixels(pixels, work, sum, residual ? residual + place : NULL, output + place);
  }
}

typedef void (*narrow_function)(const depthwise_work *work, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t x,
                                const float *residual, float *output);

#define NARROW(N, L, R, S)                                                                                             \
  static void narrow_##N##_##L##_##R##_##S(const depthwise_work *work, ptrdiff_t first_row, ptrdiff_t last_row,        \
                                           ptrdiff_t x, const float *residual, float *output) {                        \
    narrow_rows(N, L, R, S, work, first_row, last_row, x, residual, output);                                           \
  }
#define NARROW_EDGES(N, S) NARROW(N, 0, 0, S) NARROW(N, 0, 1, S) NARROW(N, 1, 0, S) NARROW(N, 1, 1, S)
#define NARROW_NAMES(N, S) {{narrow_##N##_0_0_##S, narrow_##N##_0_1_##S}, {narrow_##N##_1_0_##S, narrow_##N##_1_1_##S}}

NARROW_EDGES(4, 1)
NARROW_EDGES(4, 2)
NARROW_EDGES(7, 1)
NARROW_EDGES(7, 2)
NARROW_EDGES(8, 1)
NARROW_EDGES(8, 2)

// [4, 7 or 8 pixels][stride - 1][left][right]
static const narrow_function narrow[3][2][2][2] = {{NARROW_NAMES(4, 1), NARROW_NAMES(4, 2)},
                                                   {NARROW_NAMES(7, 1), NARROW_NAMES(7, 2)},
                                                   {NARROW_NAMES(8, 1), NARROW_NAMES(8, 2)}};

// How many pixels of a row `narrow_rows` takes at a time: 4, 7 or 8; or 0 when it is not for such windows and maps.
INLINE ptrdiff_t narrow_count(const pex_window *w) {
  const ptrdiff_t width = w->out_width;
  const ptrdiff_t count = width == 14 ? 7 : width == 16 ? 8 : width;
  const ptrdiff_t beyond = (width - 1) * w->stride_width - w->pad_width + 3 - w->in_width;
  const int fits = w->kernel_width == 3 && w->dilation_width == 1 && (w->stride_width == 1 || w->stride_width == 2) &&
                   w->pad_width <= 1 && beyond <= 1;
  return fits && (count == 4 || count == 7 || count == 8) ? count : 0;
}

static void depthwise_narrow(const depthwise_work *work, ptrdiff_t count, ptrdiff_t first_row, ptrdiff_t last_row,
                             const float *residual, pex_activation activation, float *output) {
  const pex_window *w = work->window;
  const int beyond = (w->out_width - 1) * w->stride_width - w->pad_width + 3 > w->in_width;
  for (ptrdiff_t x = 0; x < w->out_width; x += count) {
    const int left = x == 0 && w->pad_width == 1, right = x + count == w->out_width && beyond;
    narrow[count == 4 ? 0 : count - 6][w->stride_width - 1][left][right](work, first_row, last_row, x, residual, output);
  }
  const ptrdiff_t line = w->out_width * LANES;
  activate(activation, (last_row - first_row) * line, output + first_row * line);
}

// Of narrow maps many large windows reach beyond the rows, so that few pixels could be computed together: such rows are
// copied with zeros at both ends. Pixels of such a copy's row, or 0 when the map is read where it lies.
INLINE ptrdiff_t copied_line(const pex_window *w) {
  enum { smallest = 4, widest = 16, longest = 64 };
  if (w->kernel_width < smallest || w->out_width > widest || w->stride_width > longest || w->dilation_width > longest || w->kernel_width > longest ||
      w->dilation_height > longest || w->kernel_height > longest || w->stride_height > longest) {
    return 0;
  }
  const ptrdiff_t line = (w->out_width - 1) * w->stride_width + (w->kernel_width - 1) * w->dilation_width + 1;
  return line > longest || (w->pad_width == 0 && line <= w->in_width) ? 0 : line;
}

// Output rows for which rows are copied at a time, and the rows that they read.
typedef struct {
  ptrdiff_t output, input;
} copied_rows;

INLINE copied_rows copied_rows_of(const pex_window *w, ptrdiff_t line) {
  // What stays in a first-level cache beside the rest.
  enum { numbers = 6144 };
  const ptrdiff_t reach = (w->kernel_height - 1) * w->dilation_height + 1;
  const ptrdiff_t rows = larger(1, (numbers / (line * LANES) - reach) / w->stride_height + 1);
  return (copied_rows){rows, (rows - 1) * w->stride_height + reach};
}

static ptrdiff_t depthwise_scratch(const pex_window *w) {
  const ptrdiff_t line = copied_line(w);
  return line == 0 ? 0 : copied_rows_of(w, line).input * line * LANES;
}

static void depthwise(const pex_window *w, ptrdiff_t first_row, ptrdiff_t last_row, const float *input,
                      const float *weights, const float *bias, const float *residual, pex_activation activation,
                      float *output, float *scratch) {
  const activation_limits limits = limits_of(activation);
  // A window that is wider than the map lies inside nowhere.
  const ptrdiff_t last_start = w->in_width - 1 - (w->kernel_width - 1) * w->dilation_width;
  const ptrdiff_t inner = last_start < 0 ? 0 : (last_start + w->pad_width) / w->stride_width + 1;
  depthwise_work work = {
      .window = w,
      .input = input,
      .first_row = 0,
      .line = w->in_width,
      .margin = 0,
      .inner_first = smaller(divide_up(w->pad_width, w->stride_width), w->out_width),
      .inner_last = smaller(inner, w->out_width),
      .weights = weights,
      .bias = load(bias),
      .minimum = splat(limits.minimum),
      .maximum = splat(limits.maximum),
      .hard_swish = limits.hard_swish,
  };
  const ptrdiff_t copied = copied_line(w), together = narrow_count(w);
  if (together > 0) {
    depthwise_narrow(&work, together, first_row, last_row, residual, activation, output);
    return;
  }
  if (copied == 0) {
    depthwise_rows(&work, first_row, last_row, residual, activation, output);
    return;
  }
  work.input = scratch;
  work.line = copied;
  work.margin = w->pad_width;
  work.inner_first = 0;
  work.inner_last = w->out_width;
  const copied_rows rows = copied_rows_of(w, copied);
  for (ptrdiff_t y = first_row; y < last_row; y += rows.output) {
    const ptrdiff_t end = smaller(y + rows.output, last_row);
    work.first_row = larger(0, y * w->stride_height - w->pad_height);
    const ptrdiff_t last = smaller(w->in_height, y * w->stride_height - w->pad_height + rows.input);
    const ptrdiff_t from = smaller(w->pad_width, copied), to = smaller(from + w->in_width, copied);
    float *row = scratch;
    for (ptrdiff_t source = work.first_row; source < last; source++, row += copied * LANES) {
      memset(row, 0, (size_t)(from * LANES) * sizeof *row);
      memcpy(row + from * LANES, input + source * w->in_width * LANES, (size_t)((to - from) * LANES) * sizeof *row);
      memset(row + to * LANES, 0, (size_t)((copied - to) * LANES) * sizeof *row);
    }
    depthwise_rows(&work, y, end, residual, activation, output);
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
