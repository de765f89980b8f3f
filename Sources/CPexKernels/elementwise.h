// Functions of single elements, as plain loops that the compiler turns into vectors.

// exp(x) = 2^n exp(r) with |r| <= ln(2) / 2, n and r by Cody and Waite's split of ln(2) in two parts (1980), exp(r) by
// its Taylor polynomial of degree 7. Relative error below 2e-7; above 88.7 infinite, below -87.3 zero.
INLINE float exponential(float x) {
  const float magic = 12582912.0f;
  const float bounded = slimit(x, -88.0f, 89.0f);
  const float shifted = bounded * 1.44269504f + magic;
  const float n = shifted - magic;
  float r = sfma(n, -0.693359375f, bounded);
  r = sfma(n, 2.12194440e-4f, r);
  float p = 1.98412698e-4f;
  p = sfma(p, r, 1.38888889e-3f);
  p = sfma(p, r, 8.33333333e-3f);
  p = sfma(p, r, 4.16666667e-2f);
  p = sfma(p, r, 1.66666667e-1f);
  p = sfma(p, r, 0.5f);
  p = sfma(p * r, r, r) + 1.0f;
  // 2^n in two factors, because n = 128 is beyond the largest exponent.
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  const int32_t whole = bits - 0x4B400000;
  const int32_t half = whole >> 1;
  const int32_t low = (half + 127) << 23, high = (whole - half + 127) << 23;
  float a, b;
  memcpy(&a, &low, sizeof a);
  memcpy(&b, &high, sizeof b);
  float y = p * a * b;
  y = x > 88.7228394f ? INFINITY : y;
  y = x < -87.3365448f ? 0.0f : y;
  return x != x ? x : y;
}

#define UNARY_LOOP(EXPRESSION)                                                                                         \
  do {                                                                                                                 \
    for (ptrdiff_t i = 0; i < count; i++) {                                                                            \
      const float x = input[i];                                                                                        \
      output[i] = (EXPRESSION);                                                                                        \
    }                                                                                                                  \
  } while (0)

static void unary(pex_activation activation, ptrdiff_t count, const float *input, float *output) {
  const float a = activation.a, b = activation.b;
  switch (activation.function) {
  case pex_clamp: UNARY_LOOP(slimit(x, a, b)); break;
  case pex_sigmoid: UNARY_LOOP(1.0f / (1.0f + exponential(-x))); break;
  case pex_hard_sigmoid: UNARY_LOOP(slimit(a * x + b, 0, 1)); break;
  case pex_hard_swish: UNARY_LOOP(x * slimit(x * (1.0f / 6.0f) + 0.5f, 0, 1)); break;
  case pex_swish: UNARY_LOOP(x * (1.0f / (1.0f + exponential(-x)))); break;
  case pex_leaky_relu: UNARY_LOOP(x < 0 ? a * x : x); break;
  case pex_exponential: UNARY_LOOP(exponential(x)); break;
  case pex_absolute: UNARY_LOOP(__builtin_fabsf(x)); break;
  case pex_negative: UNARY_LOOP(-x); break;
  case pex_square_root: UNARY_LOOP(__builtin_sqrtf(x)); break;
  }
}

// What of an activation is done on the way, by limits that change nothing when it is another function.
typedef struct {
  float minimum, maximum;
} activation_limits;

INLINE activation_limits limits_of(pex_activation activation) {
  const int limits = activation.function == pex_clamp;
  return (activation_limits){limits ? activation.a : -INFINITY, limits ? activation.b : INFINITY};
}

// The rest of an activation, on results that have been limited.
INLINE void activate(pex_activation activation, ptrdiff_t count, float *results) {
  if (activation.function != pex_clamp) unary(activation, count, results, results);
}

#define BINARY_LOOPS(EXPRESSION)                                                                                       \
  do {                                                                                                                 \
    if (left_step && right_step) {                                                                                     \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float a = left[i], b = right[i];                                                                         \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                              \
      }                                                                                                                \
    } else if (left_step) {                                                                                            \
      const float b = right[0];                                                                                        \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float a = left[i];                                                                                       \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                              \
      }                                                                                                                \
    } else if (right_step) {                                                                                           \
      const float a = left[0];                                                                                         \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float b = right[i];                                                                                      \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                              \
      }                                                                                                                \
    } else {                                                                                                           \
      const float a = left[0], b = right[0];                                                                           \
      for (ptrdiff_t i = 0; i < count; i++) output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                          \
    }                                                                                                                  \
  } while (0)

static void binary_row(pex_binary op, ptrdiff_t count, const float *left, ptrdiff_t left_step, const float *right,
                       ptrdiff_t right_step, pex_activation activation, float *output) {
  const activation_limits limits = limits_of(activation);
  switch (op) {
  case pex_add: BINARY_LOOPS(a + b); break;
  case pex_subtract: BINARY_LOOPS(a - b); break;
  case pex_multiply: BINARY_LOOPS(a * b); break;
  case pex_divide: BINARY_LOOPS(a / b); break;
  case pex_minimum: BINARY_LOOPS((a <= b ? a : (a != a ? a : b))); break;
  case pex_maximum: BINARY_LOOPS((a >= b ? a : (a != a ? a : b))); break;
  }
  activate(activation, count, output);
}

static void affine_row(ptrdiff_t count, float mean, float scale, float shift, pex_activation activation,
                       const float *input, float *output) {
  const activation_limits limits = limits_of(activation);
  for (ptrdiff_t i = 0; i < count; i++) {
    output[i] = slimit((input[i] - mean) * scale + shift, limits.minimum, limits.maximum);
  }
  activate(activation, count, output);
}
