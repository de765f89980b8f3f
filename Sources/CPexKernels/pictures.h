// Pictures of 8-bit red, green and blue: other sizes, and numbers for a model.

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));
typedef int32_t ints16 __attribute__((ext_vector_type(16)));
typedef int32_t ints4 __attribute__((ext_vector_type(4)));

// Where a sum starts, so that its shift rounds to nearest.
#define RESAMPLING_HALF (1 << (PEX_RESAMPLING_BITS - 1))

INLINE bytes16 load_bytes(const uint8_t *from) {
  bytes16 v;
  memcpy(&v, from, sizeof v);
  return v;
}

// As `load_bytes` where fewer than 16 bytes are left; the others are zero.
INLINE bytes16 load_some(const uint8_t *from, ptrdiff_t count) {
  uint8_t part[16] = {0};
  memcpy(part, from, count > 16 ? 16 : count > 0 ? (size_t)count : 0);
  return load_bytes(part);
}

INLINE ints16 levels(ints16 sum) {
  sum >>= PEX_RESAMPLING_BITS;
  sum = sum < 0 ? 0 : sum;
  return sum > 255 ? 255 : sum;
}

// Four pixels side by side, channel by channel, and as many weights: each channel's sum is one of four lanes.
INLINE ints16 four_taps(bytes16 pixels, const int32_t *weights) {
  const bytes16 planes =
      __builtin_shufflevector(pixels, pixels, 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, 12, 13, 14, 15);
  ints4 four;
  memcpy(&four, weights, sizeof four);
  return __builtin_convertvector(planes, ints16) *
         __builtin_shufflevector(four, four, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
}

static void resample_columns(const uint8_t *from, ptrdiff_t width, ptrdiff_t rows, ptrdiff_t stride,
                             const pex_resampling *r, uint8_t *to) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    const uint8_t *line = from + row * stride;
    for (ptrdiff_t column = 0; column < r->count; column++, to += 3) {
      const int32_t *weights = r->weights + column * r->taps;
      const ptrdiff_t first = 3 * (ptrdiff_t)r->first[column];
      ints16 sum = 0;
      for (ptrdiff_t tap = 0; tap < r->taps; tap += 4) {
        const ptrdiff_t left = 3 * width - first - 3 * tap;
        const uint8_t *pixels = line + first + 3 * tap;
        sum += four_taps(left >= 16 ? load_bytes(pixels) : load_some(pixels, left), weights + tap);
      }
      sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
      sum += __builtin_shufflevector(sum, sum, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
      sum = levels(sum + RESAMPLING_HALF);
      to[0] = (uint8_t)sum[0];
      to[1] = (uint8_t)sum[4];
      to[2] = (uint8_t)sum[8];
    }
  }
}

static void resample_rows(const uint8_t *from, ptrdiff_t length, const pex_resampling *r, uint8_t *to) {
  for (ptrdiff_t row = 0; row < r->count; row++, to += length) {
    const int32_t *weights = r->weights + row * r->taps;
    const uint8_t *lines = from + (ptrdiff_t)r->first[row] * length;
    ptrdiff_t x = 0;
    for (; x + 16 <= length; x += 16) {
      ints16 sum = RESAMPLING_HALF;
      for (ptrdiff_t tap = 0; tap < r->windows[row]; tap++) {
        sum += __builtin_convertvector(load_bytes(lines + tap * length + x), ints16) * weights[tap];
      }
      const bytes16 result = __builtin_convertvector(levels(sum), bytes16);
      memcpy(to + x, &result, sizeof result);
    }
    for (; x < length; x++) {
      int32_t sum = RESAMPLING_HALF;
      for (ptrdiff_t tap = 0; tap < r->windows[row]; tap++) sum += lines[tap * length + x] * weights[tap];
      sum >>= PEX_RESAMPLING_BITS;
      to[x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
  }
}

// Squares of so many pixels stay in the cache while rows become columns.
#define ORIENT_SIDE 16

static void orient(const uint8_t *from, ptrdiff_t row_step, ptrdiff_t column_step, ptrdiff_t height, ptrdiff_t width,
                   uint8_t *to) {
  for (ptrdiff_t top = 0; top < height; top += ORIENT_SIDE) {
    const ptrdiff_t bottom = smaller(top + ORIENT_SIDE, height);
    for (ptrdiff_t left = 0; left < width; left += ORIENT_SIDE) {
      const ptrdiff_t right = smaller(left + ORIENT_SIDE, width);
      for (ptrdiff_t row = top; row < bottom; row++) {
        const uint8_t *pixel = from + 3 * (row * row_step + left * column_step);
        uint8_t *place = to + 3 * (row * width + left);
        for (ptrdiff_t column = left; column < right; column++, pixel += 3 * column_step, place += 3) {
          place[0] = pixel[0];
          place[1] = pixel[1];
          place[2] = pixel[2];
        }
      }
    }
  }
}

static void plane_of_levels(const uint8_t *from, ptrdiff_t step, ptrdiff_t count, float scale, float mean,
                            float deviation, float *to) {
  // Pictures, and single planes, each with a step that the compiler knows.
  if (step == 3) {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = ((float)from[3 * i] * scale - mean) / deviation;
  } else {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = ((float)from[step * i] * scale - mean) / deviation;
  }
}

static void luma(const uint8_t *from, ptrdiff_t count, uint8_t *to) {
  for (ptrdiff_t i = 0; i < count; i++) {
    to[i] = (uint8_t)((19595 * from[3 * i] + 38470 * from[3 * i + 1] + 7471 * from[3 * i + 2] + 0x8000) >> 16);
  }
}
