// Convolution as a matrix product of packed weights and input columns that are packed on the fly (im2col).

static void pack_rows(const float *weights, ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t tile, float *packed) {
  for (ptrdiff_t first = 0; first < rows; first += tile) {
    ptrdiff_t present = smaller(tile, rows - first);
    for (ptrdiff_t k = 0; k < depth; k++) {
      for (ptrdiff_t i = 0; i < tile; i++) *packed++ = i < present ? weights[(first + i) * depth + k] : 0;
    }
  }
}

// Copies `count` elements that lie `step` apart. Runs are short, so this beats a call of memcpy.
INLINE void gather(float *to, const float *from, ptrdiff_t count, ptrdiff_t step) {
  ptrdiff_t i = 0;
  if (step == 1) {
    for (; i + 8 <= count; i += 8) memcpy(to + i, from + i, 32);
    for (; i + 4 <= count; i += 4) memcpy(to + i, from + i, 16);
    for (; i < count; i++) to[i] = from[i];
  } else if (step == 2) {
    for (; i < count; i++) to[i] = from[2 * i];
  } else {
    for (; i < count; i++) to[i] = from[step * i];
  }
}

INLINE void clear(float *to, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) to[i] = 0;
}

// Packs `count` pixels of one output row, from column `x` of row `y`, of `channels` channels at `input`.
static void pack_run(const pex_window *w, const float *input, ptrdiff_t channels, ptrdiff_t y, ptrdiff_t x,
                     ptrdiff_t count, float *packed) {
  const ptrdiff_t plane = w->in_height * w->in_width;
  const ptrdiff_t step = w->kernel_height * w->kernel_width * TILE_COLUMNS;
  const ptrdiff_t stride = w->stride_width;
  for (ptrdiff_t ky = 0; ky < w->kernel_height; ky++) {
    const ptrdiff_t row = y * w->stride_height - w->pad_height + ky * w->dilation_height;
    for (ptrdiff_t kx = 0; kx < w->kernel_width; kx++) {
      float *to = packed + (ky * w->kernel_width + kx) * TILE_COLUMNS;
      const ptrdiff_t column = x * stride - w->pad_width + kx * w->dilation_width;
      ptrdiff_t from = column < 0 ? divide_up(-column, stride) : 0;
      ptrdiff_t end = column < w->in_width ? (w->in_width - 1 - column) / stride + 1 : 0;
      from = smaller(from, count);
      end = larger(from, smaller(end, count));
      if (row < 0 || row >= w->in_height) from = end = count;
      if (from == end) {
        for (ptrdiff_t c = 0; c < channels; c++, to += step) clear(to, count);
        continue;
      }
      const float *source = input + row * w->in_width + (column + from * stride);
      if (stride == 1 && end - from == TILE_COLUMNS) {
        for (ptrdiff_t c = 0; c < channels; c++, to += step, source += plane) memcpy(to, source, TILE_COLUMNS * 4);
        continue;
      }
      for (ptrdiff_t c = 0; c < channels; c++, to += step, source += plane) {
        clear(to, from);
        gather(to + from, source, end - from, stride);
        clear(to + end, count - end);
      }
    }
  }
}

// Packs the columns of panels `first..<last` of `channels` channels: [panel][channel, ky, kx][column in panel].
static void pack_columns(const pex_window *w, const float *input, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last,
                         float *packed) {
  const ptrdiff_t depth = channels * w->kernel_height * w->kernel_width;
  const ptrdiff_t columns = w->out_height * w->out_width;
  for (ptrdiff_t panel = first; panel < last; panel++, packed += depth * TILE_COLUMNS) {
    const ptrdiff_t start = panel * TILE_COLUMNS;
    const ptrdiff_t end = smaller(start + TILE_COLUMNS, columns);
    if (end - start < TILE_COLUMNS) memset(packed, 0, (size_t)(depth * TILE_COLUMNS) * sizeof(float));
    for (ptrdiff_t column = start; column < end;) {
      const ptrdiff_t y = column / w->out_width, x = column % w->out_width;
      const ptrdiff_t count = smaller(w->out_width - x, end - column);
      pack_run(w, input, channels, y, x, count, packed + (column - start));
      column += count;
    }
  }
}

// What happens to a tile besides the products: whether it goes on from an earlier block of channels, and, in the last
// block, bias, residual and bounds.
typedef struct {
  int continues, ends;
  float minimum, maximum;
} tile_frame;

// c[TILE_ROWS][TILE_COLUMNS] (+)= w[depth][TILE_ROWS] * b[depth][TILE_COLUMNS]. Each element sums in the order of
// depth.
INLINE void tile(const tile_frame *frame, ptrdiff_t depth, const float *w, const float *b, const float *bias,
                 const float *residual, float *c, ptrdiff_t stride) {
  vec sum[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < TILE_VECTORS; j++) {
      sum[i][j] = frame->continues ? load(c + i * stride + j * LANES) : splat(0);
    }
  }
  for (ptrdiff_t k = 0; k < depth; k++) {
    vec column[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int j = 0; j < TILE_VECTORS; j++) column[j] = load(b + j * LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE_ROWS; i++) {
      const vec row = splat(w[i]);
#pragma clang loop unroll(full)
      for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = vfma(row, column[j], sum[i][j]);
    }
    w += TILE_ROWS;
    b += TILE_COLUMNS;
  }
  if (frame->ends) {
    const vec minimum = splat(frame->minimum), maximum = splat(frame->maximum);
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE_ROWS; i++) {
      const vec shift = splat(bias[i]);
#pragma clang loop unroll(full)
      for (int j = 0; j < TILE_VECTORS; j++) {
        vec x = sum[i][j] + shift;
        if (residual) x = x + load(residual + i * stride + j * LANES);
        sum[i][j] = vlimit(x, minimum, maximum);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < TILE_VECTORS; j++) store(c + i * stride + j * LANES, sum[i][j]);
  }
}

static void whole_tile(const tile_frame *frame, ptrdiff_t depth, const float *w, const float *b, const float *bias,
                       const float *residual, float *c, ptrdiff_t stride) {
  tile(frame, depth, w, b, bias, residual, c, stride);
}

static void copy_tile(float *to, ptrdiff_t to_stride, const float *from, ptrdiff_t from_stride, ptrdiff_t rows,
                      ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++) gather(to + i * to_stride, from + i * from_stride, columns, 1);
}

// A tile of which only `rows` x `columns` exist: computed by the same kernel in a buffer of full size.
static void edge_tile(const tile_frame *frame, ptrdiff_t depth, const float *w, const float *b, const float *bias,
                      const float *residual, float *c, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns) {
  float buffer[TILE_ROWS * TILE_COLUMNS] = {0};
  float addend[TILE_ROWS * TILE_COLUMNS] = {0};
  if (frame->continues) copy_tile(buffer, TILE_COLUMNS, c, stride, rows, columns);
  if (frame->ends && residual) copy_tile(addend, TILE_COLUMNS, residual, stride, rows, columns);
  whole_tile(frame, depth, w, b, bias, residual ? addend : NULL, buffer, TILE_COLUMNS);
  copy_tile(c, stride, buffer, TILE_COLUMNS, rows, columns);
}

static void convolution(const pex_convolution *shape, ptrdiff_t task, const float *input, const float *weights,
                        const float *bias, const float *residual, float *output, float *scratch) {
  const pex_window *w = &shape->window;
  const ptrdiff_t row_part = task % shape->row_parts;
  task /= shape->row_parts;
  const ptrdiff_t column_part = task % shape->column_parts;
  task /= shape->column_parts;
  const ptrdiff_t group = task % shape->groups;

  const ptrdiff_t kernel = w->kernel_height * w->kernel_width;
  const ptrdiff_t depth = shape->in_channels * kernel;
  const ptrdiff_t plane = w->in_height * w->in_width;
  const ptrdiff_t columns = w->out_height * w->out_width;
  const ptrdiff_t row_panels = divide_up(shape->out_channels, TILE_ROWS);
  const ptrdiff_t column_panels = divide_up(columns, TILE_COLUMNS);
  const ptrdiff_t row_first = row_part * row_panels / shape->row_parts;
  const ptrdiff_t row_last = (row_part + 1) * row_panels / shape->row_parts;
  const ptrdiff_t column_first = column_part * column_panels / shape->column_parts;
  const ptrdiff_t column_last = (column_part + 1) * column_panels / shape->column_parts;

  input += task * shape->in_channels * plane;
  output += task * shape->out_channels * columns;
  if (residual) residual += task * shape->out_channels * columns;
  weights += group * row_panels * TILE_ROWS * depth;
  bias += group * row_panels * TILE_ROWS;

  for (ptrdiff_t channel = 0; channel < shape->in_channels; channel += shape->channel_block) {
    const ptrdiff_t channels = smaller(shape->channel_block, shape->in_channels - channel);
    const ptrdiff_t block = channels * kernel;
    const tile_frame frame = {channel > 0, channel + channels == shape->in_channels, shape->minimum, shape->maximum};
    pack_columns(w, input + channel * plane, channels, column_first, column_last, scratch);
    for (ptrdiff_t panel = column_first; panel < column_last; panel++) {
      const float *b = scratch + (panel - column_first) * block * TILE_COLUMNS;
      const ptrdiff_t present = smaller(TILE_COLUMNS, columns - panel * TILE_COLUMNS);
      for (ptrdiff_t row = row_first; row < row_last; row++) {
        const float *a = weights + (row * depth + channel * kernel) * TILE_ROWS;
        const ptrdiff_t rows = smaller(TILE_ROWS, shape->out_channels - row * TILE_ROWS);
        const ptrdiff_t at = row * TILE_ROWS * columns + panel * TILE_COLUMNS;
        const float *addend = residual ? residual + at : NULL;
        if (rows == TILE_ROWS && present == TILE_COLUMNS) {
          whole_tile(&frame, block, a, b, bias + row * TILE_ROWS, addend, output + at, columns);
        } else {
          edge_tile(&frame, block, a, b, bias + row * TILE_ROWS, addend, output + at, columns, rows, present);
        }
      }
    }
  }
}
