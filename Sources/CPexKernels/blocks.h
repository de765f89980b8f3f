// Blocks of channels: from and to plain planes, and functions with a number for each channel.

static void block_planes(ptrdiff_t channels, ptrdiff_t count, ptrdiff_t plane, const float *planes, float *block) {
  ptrdiff_t i = 0;
  if (channels == LANES) {
    for (; i + LANES <= count; i += LANES) transpose_square(planes + i, plane, LANES, block + i * LANES);
  }
  for (; i < count; i++) {
    for (ptrdiff_t c = 0; c < LANES; c++) block[i * LANES + c] = c < channels ? planes[c * plane + i] : 0;
  }
}

static void unblock_planes(ptrdiff_t channels, ptrdiff_t count, ptrdiff_t plane, const float *block, float *planes) {
  ptrdiff_t i = 0;
  if (channels == LANES) {
    for (; i + LANES <= count; i += LANES) transpose_square(block + i * LANES, LANES, plane, planes + i);
  }
  for (; i < count; i++) {
    for (ptrdiff_t c = 0; c < channels; c++) planes[c * plane + i] = block[i * LANES + c];
  }
}

INLINE vec combine_pixels(pex_take take, vec a, vec b) {
  switch (take) {
  case pex_take_maximum: return a >= b ? a : (a != a ? a : b);
  case pex_take_minimum: return a <= b ? a : (a != a ? a : b);
  case pex_take_average:
  case pex_take_sum: return a + b;
  }
}

INLINE vec reduce_block(pex_take take, ptrdiff_t count, const float *input) {
  // Several partial results hide the latency and keep the rounding error small; they meet pairwise.
  enum { parts = 8 };
  vec part[parts];
  if (count < parts) {
    vec whole = load(input);
    for (ptrdiff_t i = 1; i < count; i++) whole = combine_pixels(take, whole, load(input + i * LANES));
    return whole;
  }
  for (int j = 0; j < parts; j++) part[j] = load(input + j * LANES);
  ptrdiff_t i = parts;
  for (; i + parts <= count; i += parts) {
    for (int j = 0; j < parts; j++) part[j] = combine_pixels(take, part[j], load(input + (i + j) * LANES));
  }
  for (int j = 0; i < count; i++, j++) part[j] = combine_pixels(take, part[j], load(input + i * LANES));
  for (int half = parts / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; j++) part[j] = combine_pixels(take, part[j], part[j + half]);
  }
  return part[0];
}

static void reduce_pixels(pex_take take, ptrdiff_t count, const float *input, float *output) {
  switch (take) {
  case pex_take_maximum: store(output, reduce_block(pex_take_maximum, count, input)); break;
  case pex_take_minimum: store(output, reduce_block(pex_take_minimum, count, input)); break;
  case pex_take_sum: store(output, reduce_block(pex_take_sum, count, input)); break;
  case pex_take_average: store(output, reduce_block(pex_take_sum, count, input) / splat((float)count)); break;
  }
}

#define PIXEL_LOOP(EXPRESSION)                                                                                         \
  for (ptrdiff_t i = 0; i < count; i++) {                                                                              \
    const vec a = load(left + i * left_step * LANES), b = load(right + i * right_step * LANES);                        \
    store(output + i * LANES, limited(EXPRESSION, limits));                                                            \
  }

static void binary_pixels(pex_binary op, ptrdiff_t count, const float *left, ptrdiff_t left_step, const float *right,
                          ptrdiff_t right_step, pex_activation activation, float *output) {
  const activation_limits limits = limits_of(activation);
  switch (op) {
  case pex_add: PIXEL_LOOP(a + b); break;
  case pex_subtract: PIXEL_LOOP(a - b); break;
  case pex_multiply: PIXEL_LOOP(a * b); break;
  case pex_divide: PIXEL_LOOP(a / b); break;
  case pex_minimum: PIXEL_LOOP((a <= b ? a : (a != a ? a : b))); break;
  case pex_maximum: PIXEL_LOOP((a >= b ? a : (a != a ? a : b))); break;
  }
  activate(activation, count * LANES, output);
}

static void affine_pixels(ptrdiff_t count, const float *mean, const float *scale, const float *shift,
                          pex_activation activation, const float *input, float *output) {
  const activation_limits limits = limits_of(activation);
  for (ptrdiff_t i = 0; i < count; i++) {
    const vec x = (load(input + i * LANES) - load(mean)) * load(scale) + load(shift);
    store(output + i * LANES, limited(x, limits));
  }
  activate(activation, count * LANES, output);
}
