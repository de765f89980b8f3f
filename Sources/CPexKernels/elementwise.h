// Functions of single elements. Those of one element may work in place, which is why they take whole vectors: a
// compiler would fall back to one number at a time.

// exp(x) = 2^n exp(r) with |r| <= ln(2) / 2, n and r by Cody and Waite's split of ln(2) in two parts (1980), exp(r) by
// its Taylor polynomial of degree 7. Relative error below 2e-7; above 88.7 infinite, below -87.3 zero.
INLINE vec exponential(vec x) {
  const vec magic = splat(12582912.0f);
  const vec bounded = vlimit(x, splat(-88.0f), splat(89.0f));
  const vec shifted = bounded * splat(1.44269504f) + magic;
  const vec n = shifted - magic;
  vec r = vfma(n, splat(-0.693359375f), bounded);
  r = vfma(n, splat(2.12194440e-4f), r);
  vec p = splat(1.98412698e-4f);
  p = vfma(p, r, splat(1.38888889e-3f));
  p = vfma(p, r, splat(8.33333333e-3f));
  p = vfma(p, r, splat(4.16666667e-2f));
  p = vfma(p, r, splat(1.66666667e-1f));
  p = vfma(p, r, splat(0.5f));
  p = vfma(p * r, r, r) + splat(1);
  // 2^n in two factors, because n = 128 is beyond the largest exponent.
  const ivec whole = bits_of(shifted) - 0x4B400000;
  const ivec half = whole >> 1;
  return p * vec_of((half + 127) << 23) * vec_of((whole - half + 127) << 23);
}

INLINE vec sigmoid(vec x) { return splat(1) / (splat(1) + exponential(-x)); }

// Near 0 a polynomial, because 1 - 2 / (exp(2x) + 1) would cancel there; its coefficients are those of Moshier's Cephes
// library, as are those of the error function below.
INLINE vec hyperbolic_tangent(vec x) {
  const vec z = x * x;
  vec p = splat(-5.70498872745e-3f);
  p = vfma(p, z, splat(2.06390887954e-2f));
  p = vfma(p, z, splat(-5.37397155531e-2f));
  p = vfma(p, z, splat(1.33314422036e-1f));
  p = vfma(p, z, splat(-3.33332819422e-1f));
  const vec near = vfma(p * z, x, x);
  const vec far = splat(1) - splat(2) / (exponential(x + x) + splat(1));
  return __builtin_elementwise_abs(x) < splat(0.625f) ? near : far;
}

// Below 1 a polynomial; from there Abramowitz and Stegun's 7.1.26, whose absolute error is 1.5e-7.
INLINE vec error_function(vec x) {
  const vec z = x * x;
  vec p = splat(7.853861353153693e-5f);
  p = vfma(p, z, splat(-8.010193625184903e-4f));
  p = vfma(p, z, splat(5.188327685732524e-3f));
  p = vfma(p, z, splat(-2.685381193529856e-2f));
  p = vfma(p, z, splat(1.128358514861418e-1f));
  p = vfma(p, z, splat(-3.761262582423300e-1f));
  p = vfma(p, z, splat(1.128379165726710f));
  const vec size = __builtin_elementwise_abs(x);
  const vec t = splat(1) / vfma(splat(0.3275911f), size, splat(1));
  vec q = splat(1.061405429f);
  q = vfma(q, t, splat(-1.453152027f));
  q = vfma(q, t, splat(1.421413741f));
  q = vfma(q, t, splat(-0.284496736f));
  q = vfma(q, t, splat(0.254829592f));
  const vec far = splat(1) - q * t * exponential(-z);
  return size < splat(1) ? p * x : (x < splat(0) ? -far : far);
}

INLINE vec apply(pex_unary function, vec a, vec b, vec x) {
  switch (function) {
  case pex_clamp: return vlimit(x, a, b);
  case pex_sigmoid: return sigmoid(x);
  case pex_hard_sigmoid: return vlimit(a * x + b, splat(0), splat(1));
  case pex_hard_swish: return on_the_way(x, 1, x, x);
  case pex_swish: return x * sigmoid(x);
  case pex_leaky_relu: return x < splat(0) ? a * x : x;
  case pex_exponential: return exponential(x);
  case pex_absolute: return __builtin_elementwise_abs(x);
  case pex_negative: return -x;
  case pex_square_root: return square_root(x);
  case pex_tanh: return hyperbolic_tangent(x);
  case pex_error_function: return error_function(x);
  case pex_gelu: return splat(0.5f) * x * (splat(1) + error_function(x * splat(0.70710678f)));
  case pex_elu: return x < splat(0) ? a * (exponential(x) - splat(1)) : x;
  }
}

INLINE void apply_all(const pex_unary function, pex_activation activation, ptrdiff_t count, const float *input,
                      float *output) {
  const vec a = splat(activation.a), b = splat(activation.b);
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) store(output + i, apply(function, a, b, load(input + i)));
  if (i < count) {
    float rest[LANES] = {0};
    for (ptrdiff_t j = i; j < count; j++) rest[j - i] = input[j];
    store_part(output + i, apply(function, a, b, load(rest)), count - i);
  }
}

static int copy_finite(ptrdiff_t count, const float *input, float *output) {
  // x - x is 0 but for what is not finite. Sums of zeros tell in the end.
  vec sum = splat(0);
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    const vec x = load(input + i);
    sum = sum + (x - x);
    store(output + i, x);
  }
  float rest = 0;
  for (; i < count; i++) {
    rest += input[i] - input[i];
    output[i] = input[i];
  }
  for (int lane = 0; lane < LANES; lane++) rest += sum[lane];
  return rest == 0;
}

static void unary(pex_activation activation, ptrdiff_t count, const float *input, float *output) {
  switch (activation.function) {
  case pex_clamp: apply_all(pex_clamp, activation, count, input, output); break;
  case pex_sigmoid: apply_all(pex_sigmoid, activation, count, input, output); break;
  case pex_hard_sigmoid: apply_all(pex_hard_sigmoid, activation, count, input, output); break;
  case pex_hard_swish: apply_all(pex_hard_swish, activation, count, input, output); break;
  case pex_swish: apply_all(pex_swish, activation, count, input, output); break;
  case pex_leaky_relu: apply_all(pex_leaky_relu, activation, count, input, output); break;
  case pex_exponential: apply_all(pex_exponential, activation, count, input, output); break;
  case pex_absolute: apply_all(pex_absolute, activation, count, input, output); break;
  case pex_negative: apply_all(pex_negative, activation, count, input, output); break;
  case pex_square_root: apply_all(pex_square_root, activation, count, input, output); break;
  case pex_tanh: apply_all(pex_tanh, activation, count, input, output); break;
  case pex_error_function: apply_all(pex_error_function, activation, count, input, output); break;
  case pex_gelu: apply_all(pex_gelu, activation, count, input, output); break;
  case pex_elu: apply_all(pex_elu, activation, count, input, output); break;
  }
}

// What of an activation is done on the way: limits, which change nothing when it is another function; and hard swish,
// which is as common in small networks and nearly as cheap.
typedef struct {
  float minimum, maximum;
  int hard_swish;
} activation_limits;

INLINE activation_limits limits_of(pex_activation activation) {
  const int limits = activation.function == pex_clamp;
  return (activation_limits){limits ? activation.a : -INFINITY, limits ? activation.b : INFINITY,
                             activation.function == pex_hard_swish};
}

INLINE vec limited(vec x, activation_limits limits) {
  return on_the_way(x, limits.hard_swish, splat(limits.minimum), splat(limits.maximum));
}

// The rest of an activation, on vectors that went `on_the_way`.
INLINE void activate(pex_activation activation, ptrdiff_t count, float *results) {
  if (activation.function != pex_clamp && activation.function != pex_hard_swish) {
    unary(activation, count, results, results);
  }
}

// The rest of an activation, on plain rows of numbers, which are only limited.
INLINE void activate_row(pex_activation activation, ptrdiff_t count, float *results) {
  if (activation.function != pex_clamp) unary(activation, count, results, results);
}

#define BINARY_LOOPS(EXPRESSION)                                                                                       \
  do {                                                                                                                 \
    if (left_step && right_step) {                                                                                     \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float a = left[i], b = right[i];                                                                         \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                \
      }                                                                                                                \
    } else if (left_step) {                                                                                            \
      const float b = right[0];                                                                                        \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float a = left[i];                                                                                       \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                \
      }                                                                                                                \
    } else if (right_step) {                                                                                           \
      const float a = left[0];                                                                                         \
      for (ptrdiff_t i = 0; i < count; i++) {                                                                          \
        const float b = right[i];                                                                                      \
        output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);                                                \
      }                                                                                                                \
    } else {                                                                                                           \
      const float a = left[0], b = right[0];                                                                           \
      for (ptrdiff_t i = 0; i < count; i++) output[i] = slimit(EXPRESSION, limits.minimum, limits.maximum);            \
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
  activate_row(activation, count, output);
}

static void affine_row(ptrdiff_t count, float mean, float scale, float shift, pex_activation activation,
                       const float *input, float *output) {
  const activation_limits limits = limits_of(activation);
  for (ptrdiff_t i = 0; i < count; i++) {
    output[i] = slimit((input[i] - mean) * scale + shift, limits.minimum, limits.maximum);
  }
  activate_row(activation, count, output);
}
