// How the tiles of one block of channels are transformed: written once for whole and for half vectors, as PART_VEC and
// PART(name) say.

// The rows of B' d: as many numbers as the patch has.
INLINE void PART(transform_input)(const int size, const PART_VEC *d, ptrdiff_t step, PART_VEC *to, ptrdiff_t to_step) {
  const PART_VEC d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  if (size == 2) {
    to[0] = d0 - d2;
    to[to_step] = d1 + d2;
    to[2 * to_step] = d2 - d1;
    to[3 * to_step] = d1 - d3;
    return;
  }
  const PART_VEC d4 = d[4 * step], d5 = d[5 * step];
  const PART_VEC a = d4 - PART(splat)(4) * d2, b = d3 - PART(splat)(4) * d1;
  const PART_VEC c = d4 - d2, e = PART(splat)(2) * (d3 - d1);
  to[0] = PART(splat)(4) * d0 - PART(splat)(5) * d2 + d4;
  to[to_step] = a + b;
  to[2 * to_step] = a - b;
  to[3 * to_step] = c + e;
  to[4 * to_step] = c - e;
  to[5 * to_step] = PART(splat)(4) * d1 - PART(splat)(5) * d3 + d5;
}

// One block of the input, which lies in `plane`.
INLINE void PART(input_block)(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles,
                              const float *plane, ptrdiff_t point_step, float *to) {
  const int patch = patch_of(size);
  const pex_window *w = &s->window;
  const ptrdiff_t across = divide_up(w->out_width, size);
  for (ptrdiff_t i = 0; i < tiles; i++, to += LANES) {
    const ptrdiff_t tile = first_tile + i;
    const ptrdiff_t y = tile / across * size - w->pad_height, x = tile % across * size - w->pad_width;
    PART_VEC half[largest_points];
    if (y >= 0 && x >= 0 && y + patch <= w->in_height && x + patch <= w->in_width) {
      const float *from = plane + (y * w->in_width + x) * LANES;
      UNROLLED for (int c = 0; c < patch; c++) {
        PART_VEC column[largest_patch];
        UNROLLED for (int r = 0; r < patch; r++) column[r] = PART(load)(from + (r * w->in_width + c) * LANES);
        PART(transform_input)(size, column, 1, half + c, patch);
      }
    } else {
      // Beyond the map it reads zeros: a choice of places, not of ways.
      UNROLLED for (int c = 0; c < patch; c++) {
        PART_VEC column[largest_patch];
        UNROLLED for (int r = 0; r < patch; r++) {
          const int inside = (y + r >= 0) & (y + r < w->in_height) & (x + c >= 0) & (x + c < w->in_width);
          column[r] = PART(load)(inside ? plane + ((y + r) * w->in_width + x + c) * LANES : no_pixel);
        }
        PART(transform_input)(size, column, 1, half + c, patch);
      }
    }
    UNROLLED for (int r = 0; r < patch; r++) {
      PART_VEC whole[largest_patch];
      PART(transform_input)(size, half + r * patch, 1, whole, 1);
      UNROLLED for (int c = 0; c < patch; c++) PART(store)(to + (r * patch + c) * point_step, whole[c]);
    }
  }
}

// The rows of A' m: as many numbers as the tile has.
INLINE void PART(transform_output)(const int size, const PART_VEC *m, ptrdiff_t step, PART_VEC *to, ptrdiff_t to_step) {
  const PART_VEC a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  if (size == 2) {
    to[0] = m[0] + a;
    to[to_step] = b - m[3 * step];
    return;
  }
  const PART_VEC c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  to[0] = m[0] + a + c;
  to[to_step] = b + PART(splat)(2) * d;
  to[2 * to_step] = a + PART(splat)(4) * c;
  to[3 * to_step] = b + PART(splat)(8) * d + m[5 * step];
}

// One block of the output, to `plane`; `residual`, if any, lies as it does.
INLINE void PART(output_block)(const int size, const pex_winograd *s, ptrdiff_t first_tile, ptrdiff_t tiles,
                               const float *from, ptrdiff_t point_step, const float *bias, const float *residual,
                               float *plane) {
  const int patch = patch_of(size), points = patch * patch;
  const pex_window *w = &s->window;
  const ptrdiff_t across = divide_up(w->out_width, size);
  const activation_limits limits = limits_of(s->activation);
  const PART_VEC minimum = PART(splat)(limits.minimum), maximum = PART(splat)(limits.maximum);
  const PART_VEC shift = PART(load)(bias);
  for (ptrdiff_t i = 0; i < tiles; i++, from += LANES) {
    const ptrdiff_t tile = first_tile + i;
    const ptrdiff_t y = tile / across * size, x = tile % across * size;
    PART_VEC sum[largest_points], half[4 * largest_patch], whole[16];
    UNROLLED for (int p = 0; p < points; p++) sum[p] = PART(load)(from + p * point_step);
    UNROLLED for (int c = 0; c < patch; c++) PART(transform_output)(size, sum + c, patch, half + c, patch);
    UNROLLED for (int r = 0; r < size; r++) {
      PART(transform_output)(size, half + r * patch, 1, whole + r * size, 1);
    }
    const ptrdiff_t rows = smaller(size, w->out_height - y), columns = smaller(size, w->out_width - x);
    for (ptrdiff_t r = 0; r < rows; r++) {
      const ptrdiff_t place = ((y + r) * w->out_width + x) * LANES;
      for (ptrdiff_t c = 0; c < columns; c++) {
        PART_VEC v = whole[r * size + c] + shift;
        if (residual) v = v + PART(load)(residual + place + c * LANES);
        PART(store)(plane + place + c * LANES, PART(on_the_way)(v, limits.hard_swish, minimum, maximum));
      }
      activate(s->activation, columns * LANES, plane + place);
    }
  }
}
