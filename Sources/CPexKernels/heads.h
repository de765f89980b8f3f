// What heads compute, number for number as PexHeads does it in Swift: the same bytes at every level.

static void pool_features(ptrdiff_t count, const float *input, float *averages, float *maxima) {
  typedef double wide __attribute__((ext_vector_type(PEX_LANES)));
  wide sum = 0;
  vec largest = splat(-INFINITY);
  for (ptrdiff_t i = 0; i < count; i++) {
    const vec x = load(input + i * LANES);
    sum += __builtin_convertvector(x, wide);
    largest = x >= largest ? x : largest;
  }
  store(averages, __builtin_convertvector(sum / (double)count, vec));
  store(maxima, largest);
}

enum { dot_lanes = 16, dot_rows_at_once = 4 };
typedef float dot_vector __attribute__((ext_vector_type(dot_lanes)));

INLINE float dot_sum(const dot_vector *vector) {
  float lanes[dot_lanes];
  memcpy(lanes, vector, sizeof lanes);
  for (int half = dot_lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}

INLINE void dot_some(const int rows, ptrdiff_t depth, const float *matrix, const float *x, const float *bias,
                     float *output) {
  dot_vector sum[dot_rows_at_once];
  for (int r = 0; r < rows; r++) sum[r] = 0;
  ptrdiff_t k = 0;
  for (; k + dot_lanes <= depth; k += dot_lanes) {
    dot_vector b;
    memcpy(&b, x + k, sizeof b);
    for (int r = 0; r < rows; r++) {
      dot_vector a;
      memcpy(&a, matrix + r * depth + k, sizeof a);
      sum[r] = sum[r] + a * b;
    }
  }
  for (int r = 0; r < rows; r++) {
    float whole = dot_sum(&sum[r]);
    for (ptrdiff_t i = k; i < depth; i++) whole = whole + matrix[r * depth + i] * x[i];
    output[r] = bias[r] + whole;
  }
}

static void dot_rows(ptrdiff_t first, ptrdiff_t last, ptrdiff_t depth, const float *matrix, const float *bias,
                     const float *x, float *output) {
  ptrdiff_t row = first;
  for (; row + dot_rows_at_once <= last; row += dot_rows_at_once) {
    dot_some(dot_rows_at_once, depth, matrix + row * depth, x, bias + row, output + row);
  }
  for (; row < last; row++) dot_some(1, depth, matrix + row * depth, x, bias + row, output + row);
}
