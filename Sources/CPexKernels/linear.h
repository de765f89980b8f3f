// Fully connected layers, and what is computed of whole rows.

#define LINEAR_VECTORS 2
#define LINEAR_ROWS (LINEAR_VECTORS * LANES)

// Four sums take turns along the depth: they hide the latency of the products and keep the rounding error small.
#define LINEAR_SUMS 4

static void pack_rows(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t first, ptrdiff_t last, const float *weights,
                      float *packed) {
  for (ptrdiff_t panel = first; panel < last; panel++) {
    const ptrdiff_t row = panel * LINEAR_ROWS, present = smaller(LINEAR_ROWS, rows - row);
    const float *from = weights + row * depth;
    float *to = packed + row * depth;
    ptrdiff_t k = 0;
    if (present == LINEAR_ROWS) {
      for (; k + LANES <= depth; k += LANES) {
        for (ptrdiff_t i = 0; i < LINEAR_ROWS; i += LANES) {
          transpose_square(from + i * depth + k, depth, LINEAR_ROWS, to + k * LINEAR_ROWS + i);
        }
      }
    }
    for (; k < depth; k++) {
      for (ptrdiff_t i = 0; i < LINEAR_ROWS; i++) to[k * LINEAR_ROWS + i] = i < present ? from[i * depth + k] : 0;
    }
  }
}

static void linear(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t first, ptrdiff_t last, const float *input,
                   const float *packed, const float *bias, const float *residual, pex_activation activation,
                   float *output) {
  const activation_limits limits = limits_of(activation);
  for (ptrdiff_t panel = first; panel < last; panel++) {
    const float *w = packed + panel * depth * LINEAR_ROWS;
    vec sum[LINEAR_SUMS][LINEAR_VECTORS];
    for (int s = 0; s < LINEAR_SUMS; s++) {
      for (int v = 0; v < LINEAR_VECTORS; v++) sum[s][v] = splat(0);
    }
    ptrdiff_t k = 0;
    for (; k + LINEAR_SUMS <= depth; k += LINEAR_SUMS) {
      // Each weight is used once: what takes time is to fetch them, so that is asked for a few steps ahead.
      for (int line = 0; line < LINEAR_SUMS * LINEAR_ROWS; line += 16) {
        __builtin_prefetch(w + 16 * LINEAR_ROWS + line, 0, 3);
      }
#pragma clang loop unroll(full)
      for (int s = 0; s < LINEAR_SUMS; s++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < LINEAR_VECTORS; v++) {
          sum[s][v] = vfma(splat(input[k + s]), load(w + (s * LINEAR_VECTORS + v) * LANES), sum[s][v]);
        }
      }
      w += LINEAR_SUMS * LINEAR_ROWS;
    }
    for (; k < depth; k++, w += LINEAR_ROWS) {
      for (int v = 0; v < LINEAR_VECTORS; v++) sum[0][v] = vfma(splat(input[k]), load(w + v * LANES), sum[0][v]);
    }
    for (int v = 0; v < LINEAR_VECTORS; v++) {
      const ptrdiff_t row = panel * LINEAR_ROWS + v * LANES;
      if (row >= rows) break;
      const ptrdiff_t count = smaller(LANES, rows - row);
      vec x = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]) + load(bias + row);
      if (residual) {
        vec addend = splat(0);
        for (ptrdiff_t i = 0; i < count; i++) addend[i] = residual[row + i];
        x = x + addend;
      }
      store_part(output + row, limited(x, limits), count);
    }
    const ptrdiff_t row = panel * LINEAR_ROWS;
    activate(activation, smaller(LINEAR_ROWS, rows - row), output + row);
  }
}

INLINE float combine(pex_take take, float a, float b) {
  switch (take) {
  case pex_take_maximum: return a >= b ? a : (a != a ? a : b);
  case pex_take_minimum: return a <= b ? a : (a != a ? a : b);
  case pex_take_average:
  case pex_take_sum: return a + b;
  }
}

INLINE float reduce_row(pex_take take, ptrdiff_t count, const float *input) {
  // As many partial results as fill several registers at every level; they meet pairwise.
  enum { parts = 64 };
  float part[parts];
  if (count < parts) {
    float whole = input[0];
    for (ptrdiff_t i = 1; i < count; i++) whole = combine(take, whole, input[i]);
    return whole;
  }
  for (int j = 0; j < parts; j++) part[j] = input[j];
  ptrdiff_t i = parts;
  for (; i + parts <= count; i += parts) {
    for (int j = 0; j < parts; j++) part[j] = combine(take, part[j], input[i + j]);
  }
  for (int j = 0; i < count; i++, j++) part[j] = combine(take, part[j], input[i]);
  for (int half = parts / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; j++) part[j] = combine(take, part[j], part[j + half]);
  }
  return part[0];
}

static void reduce_rows(pex_take take, ptrdiff_t rows, ptrdiff_t count, const float *input, float *output) {
  for (ptrdiff_t row = 0; row < rows; row++, input += count) {
    switch (take) {
    case pex_take_maximum: output[row] = reduce_row(pex_take_maximum, count, input); break;
    case pex_take_minimum: output[row] = reduce_row(pex_take_minimum, count, input); break;
    case pex_take_sum: output[row] = reduce_row(pex_take_sum, count, input); break;
    case pex_take_average: output[row] = reduce_row(pex_take_sum, count, input) / (float)count; break;
    }
  }
}

// The sum of squares, in as many partial sums as `reduce_row` has.
static float squares_row(ptrdiff_t count, const float *input) {
  enum { parts = 64 };
  float part[parts] = {0};
  ptrdiff_t i = 0;
  for (; i + parts <= count; i += parts) {
    for (int j = 0; j < parts; j++) part[j] += input[i + j] * input[i + j];
  }
  for (int j = 0; i < count; i++, j++) part[j] += input[i] * input[i];
  for (int half = parts / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; j++) part[j] += part[j + half];
  }
  return part[0];
}

static void standardize_row(ptrdiff_t count, float epsilon, const float *input, float *output) {
  const float mean = reduce_row(pex_take_sum, count, input) / (float)count;
  for (ptrdiff_t i = 0; i < count; i++) output[i] = input[i] - mean;
  const float factor = 1 / sqrtf(squares_row(count, output) / (float)count + epsilon);
  for (ptrdiff_t i = 0; i < count; i++) output[i] = output[i] * factor;
}

static void softmax_row(ptrdiff_t count, const float *input, float *output) {
  const pex_activation power = {pex_exponential, 0, 0};
  affine_row(count, reduce_row(pex_take_maximum, count, input), 1, 0, power, input, output);
  const float sum = reduce_row(pex_take_sum, count, output);
  for (ptrdiff_t i = 0; i < count; i++) output[i] = output[i] / sum;
}
