// A fully connected layer in training: logits of a batch, and one step of descent along the gradient of its weights.

INLINE float sum_of_lanes(vec v) {
  float lanes[LANES];
  store(lanes, v);
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// Products of `rows` rows of features, `step` floats apart, with `columns` rows of weights, into `output`, whose rows are
// `pitch` apart. Sums run over the depth in as many lanes as a vector has, which are added at the end.
INLINE void products(const int rows, const int columns, ptrdiff_t depth, ptrdiff_t step, const float *features,
                     const float *weights, const float *bias, ptrdiff_t pitch, float *output) {
  vec sum[4][5];
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int c = 0; c < columns; c++) sum[r][c] = splat(0);
  }
  ptrdiff_t k = 0;
  for (; k + LANES <= depth; k += LANES) {
    vec w[5];
    UNROLLED for (int c = 0; c < columns; c++) w[c] = load(weights + c * depth + k);
    UNROLLED for (int r = 0; r < rows; r++) {
      const vec x = load(features + r * step + k);
      UNROLLED for (int c = 0; c < columns; c++) sum[r][c] = vfma(x, w[c], sum[r][c]);
    }
  }
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int c = 0; c < columns; c++) {
      float total = sum_of_lanes(sum[r][c]);
      for (ptrdiff_t i = k; i < depth; i++) total += features[r * step + i] * weights[c * depth + i];
      output[r * pitch + c] = bias[c] + total;
    }
  }
}

// `columns` columns of the logits of all samples.
INLINE void logit_columns(const int columns, ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t depth, ptrdiff_t step,
                          const float *features, const float *weights, const float *bias, float *logits) {
  ptrdiff_t s = 0;
  for (; s + 4 <= samples; s += 4) {
    products(4, columns, depth, step, features + s * step, weights, bias, classes, logits + s * classes);
  }
  for (; s < samples; s++) {
    products(1, columns, depth, step, features + s * step, weights, bias, classes, logits + s * classes);
  }
}

static void layer_logits(ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t depth, ptrdiff_t step, const float *features,
                         const float *weights, const float *bias, float *logits) {
  ptrdiff_t c = 0;
  for (; c + 5 <= classes; c += 5) {
    logit_columns(5, samples, classes, depth, step, features, weights + c * depth, bias + c, logits + c);
  }
  for (; c < classes; c++) {
    logit_columns(1, samples, classes, depth, step, features, weights + c * depth, bias + c, logits + c);
  }
}

// 1 / sqrt(x) for positive x: a first guess from the exponent, then Newton's method. Relative error below 3e-7.
INLINE vec inverse_root(vec x) {
  vec y = vec_of(0x5F375A86 - (bits_of(x) >> 1));
  const vec half = x * splat(0.5f);
  UNROLLED for (int i = 0; i < 3; i++) y = y * vfma(-half * y, y, splat(1.5f));
  return y;
}

INLINE vec descended(const pex_descent *d, vec slope, vec weight, vec anchor, vec *first, vec *second) {
  vec length;
  if (d->adam) {
    *first = vfma(splat(0.9f), *first, splat(0.1f) * slope);
    *second = vfma(splat(0.999f), *second, splat(0.001f) * (slope * slope));
    length = *first * splat(d->first_correction) *
             inverse_root(vfma(*second, splat(d->second_correction), splat(1e-16f)));
  } else {
    *first = vfma(splat(0.9f), *first, slope);
    length = *first;
  }
  return weight - vfma(splat(d->rate), length, splat(d->decay) * (weight - anchor));
}

// `vectors` vectors of the weights of one class or of several, from number `k` of each on.
INLINE void descend_vectors(const int rows, const int vectors, const pex_descent *d, ptrdiff_t samples,
                            ptrdiff_t classes, ptrdiff_t depth, ptrdiff_t step, const float *slopes,
                            const float *features, const float *anchor, float *weights, float *first, float *second) {
  vec slope[2][4];
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int v = 0; v < vectors; v++) slope[r][v] = splat(0);
  }
  for (ptrdiff_t s = 0; s < samples; s++) {
    vec x[4];
    UNROLLED for (int v = 0; v < vectors; v++) x[v] = load(features + s * step + v * LANES);
    UNROLLED for (int r = 0; r < rows; r++) {
      const vec factor = splat(slopes[s * classes + r]);
      UNROLLED for (int v = 0; v < vectors; v++) slope[r][v] = vfma(factor, x[v], slope[r][v]);
    }
  }
  UNROLLED for (int r = 0; r < rows; r++) {
    UNROLLED for (int v = 0; v < vectors; v++) {
      const ptrdiff_t place = r * depth + v * LANES;
      vec f = load(first + place), q = load(second + place);
      store(weights + place, descended(d, slope[r][v], load(weights + place), load(anchor + place), &f, &q));
      store(first + place, f);
      if (d->adam) store(second + place, q);
    }
  }
}

// The same for the last numbers, which do not fill a vector.
static void descend_rest(const pex_descent *d, ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t count, ptrdiff_t step,
                         const float *slopes, const float *features, const float *anchor, float *weights, float *first,
                         float *second) {
  float part[5][LANES] = {{0}};
  for (ptrdiff_t i = 0; i < count; i++) {
    for (ptrdiff_t s = 0; s < samples; s++) part[0][i] += slopes[s * classes] * features[s * step + i];
    part[1][i] = weights[i];
    part[2][i] = anchor[i];
    part[3][i] = first[i];
    part[4][i] = second[i];
  }
  vec f = load(part[3]), q = load(part[4]);
  store_part(weights, descended(d, load(part[0]), load(part[1]), load(part[2]), &f, &q), count);
  store_part(first, f, count);
  store_part(second, q, count);
}

static void layer_descent(const pex_descent *d, ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t depth, ptrdiff_t step,
                          const float *slopes, const float *features, const float *anchor, float *weights,
                          float *first, float *second) {
  // So many numbers of each sample stay in a first-level cache while all classes pass.
  enum { near = 256 };
  for (ptrdiff_t start = 0; start < depth; start += near) {
    const ptrdiff_t end = smaller(start + near, depth);
    for (ptrdiff_t c = 0; c < classes; c += 2) {
      const int pair = c + 2 <= classes;
      ptrdiff_t k = start;
#define DESCEND(R, N)                                                                                                  \
  descend_vectors(R, N, d, samples, classes, depth, step, slopes + c, features + k, anchor + c * depth + k,            \
                  weights + c * depth + k, first + c * depth + k, second + c * depth + k)
      for (; k + 4 * LANES <= end; k += 4 * LANES) pair ? DESCEND(2, 4) : DESCEND(1, 4);
      for (; k + LANES <= end; k += LANES) pair ? DESCEND(2, 1) : DESCEND(1, 1);
      for (ptrdiff_t row = c; k < end && row < c + 1 + pair; row++) {
        const ptrdiff_t place = row * depth + k;
        descend_rest(d, samples, classes, end - k, step, slopes + row, features + k, anchor + place, weights + place,
                     first + place, second + place);
      }
    }
  }
}

static void standardise(ptrdiff_t count, const float *input, const float *mean, const float *scale, float *output) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) store(output + i, (load(input + i) - load(mean + i)) * load(scale + i));
  for (; i < count; i++) output[i] = (input[i] - mean[i]) * scale[i];
}
