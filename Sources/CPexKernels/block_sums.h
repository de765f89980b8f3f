// The sums of one block of output channels, before and after the products of a `tile`: written once for whole and for half
// vectors, as PART_VEC and PART(name) say.

// What the sums of block `block` start from.
INLINE void PART(begin_sums)(const int pixels, const tile_work *work, ptrdiff_t block, PART_VEC *sum) {
  if (work->continues) {
    const float *from = work->output + block * work->output_step;
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = PART(load)(from + p * LANES);
  } else {
    const PART_VEC start = work->bias ? PART(load)(work->bias + block * LANES) : PART(splat)(0);
    UNROLLED for (int p = 0; p < pixels; p++) sum[p] = start;
  }
}

// Gives complete sums.
INLINE void PART(finish_sums)(const int pixels, const int hard_swish, const tile_work *work, const PART_VEC *sum,
                              const float *residual, float *to) {
  const PART_VEC minimum = PART(splat)(work->limits.minimum), maximum = PART(splat)(work->limits.maximum);
  UNROLLED for (int p = 0; p < pixels; p++) {
    PART_VEC x = sum[p];
    if (residual) x = x + PART(load)(residual + p * LANES);
    PART(store)(to + p * LANES, PART(on_the_way)(x, hard_swish, minimum, maximum));
  }
}

// Gives sums, complete or not.
INLINE void PART(end_sums)(const int pixels, const tile_work *work, ptrdiff_t block, const PART_VEC *sum) {
  float *to = work->output + block * work->output_step;
  if (!work->completes) {
    UNROLLED for (int p = 0; p < pixels; p++) PART(store)(to + p * LANES, sum[p]);
    return;
  }
  const float *residual = work->residual ? work->residual + block * work->output_step : NULL;
  if (work->limits.hard_swish) {
    PART(finish_sums)(pixels, 1, work, sum, residual, to);
  } else {
    PART(finish_sums)(pixels, 0, work, sum, residual, to);
  }
}
