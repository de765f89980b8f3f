// What heads compute, number for number as PexHeads does it in Swift: the same bytes at every level.

typedef double wide __attribute__((ext_vector_type(PEX_LANES)));

// Sums in f32 stay short: eight of them take turns over as many pixels as a run has, meet pairwise and go into one in f64.
enum { pooled_parts = 8, pooled_run = 128 };

// The sum of at most `pooled_run` pixels of a block; `maxima` take them in.
INLINE vec pool_run(ptrdiff_t pixels, const float *input, vec *maxima) {
  vec part[pooled_parts], largest[pooled_parts / 2];
  UNROLLED for (int j = 0; j < pooled_parts; j++) part[j] = splat(0);
  UNROLLED for (int j = 0; j < pooled_parts / 2; j++) largest[j] = *maxima;
  ptrdiff_t i = 0;
  for (; i + pooled_parts <= pixels; i += pooled_parts) {
    UNROLLED for (int j = 0; j < pooled_parts; j++) {
      const vec x = load(input + (i + j) * LANES);
      part[j] = part[j] + x;
      largest[j / 2] = x > largest[j / 2] ? x : largest[j / 2];
    }
  }
  UNROLLED for (int j = 0; j < pooled_parts; j++) {
    if (i + j >= pixels) break;
    const vec x = load(input + (i + j) * LANES);
    part[j] = part[j] + x;
    largest[j / 2] = x > largest[j / 2] ? x : largest[j / 2];
  }
  vec whole = largest[0];
  UNROLLED for (int j = 1; j < pooled_parts / 2; j++) whole = largest[j] > whole ? largest[j] : whole;
  *maxima = whole;
  return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

static void pool_features(ptrdiff_t channels, ptrdiff_t pixels, ptrdiff_t first, ptrdiff_t last, const float *map,
                          float *features) {
  for (ptrdiff_t block = first; block < last; block++) {
    const ptrdiff_t channel = block * LANES, count = smaller(LANES, channels - channel);
    wide sum = 0;
    vec maxima = splat(-INFINITY);
    for (ptrdiff_t i = 0; i < pixels; i += pooled_run) {
      const vec part = pool_run(smaller(pooled_run, pixels - i), map + (block * pixels + i) * LANES, &maxima);
      sum += __builtin_convertvector(part, wide);
    }
    store_part(features + channel, __builtin_convertvector(sum / (double)pixels, vec), count);
    store_part(features + channels + channel, maxima, count);
  }
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
