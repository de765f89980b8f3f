// Convolution of any window, stride, dilation and grouping, directly: no matrix of patches is made. Where the window is
// more than one element, a strip of input rows is first copied with its padding, rows and columns sorted by their
// remainder modulo the stride: then neighbouring output pixels lie side by side for every element of the window. Of
// narrow maps it is copied once for each column of the window, so that they do so across rows too.

// The output blocks and the input channels of a panel of the weights.
typedef struct {
  ptrdiff_t block, blocks;
  // First and end of the input channels that any of its output channels reads.
  ptrdiff_t first, last;
} panel_range;

INLINE panel_range panel_at(const pex_convolution *s, ptrdiff_t index) {
  const ptrdiff_t all = divide_up(s->out_channels, LANES);
  const ptrdiff_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
  panel_range p;
  p.block = index * s->panel_blocks;
  p.blocks = smaller(s->panel_blocks, all - p.block);
  p.first = p.block * LANES / out * in;
  p.last = ((smaller((p.block + p.blocks) * LANES, s->out_channels) - 1) / out + 1) * in;
  return p;
}

// The place of a panel in the packed weights: all panels in front of it are of the same height, and with more than one
// group of the same depth or not; so the depths are added up.
INLINE ptrdiff_t panel_offset(const pex_convolution *s, ptrdiff_t index) {
  const ptrdiff_t taps = s->window.kernel_height * s->window.kernel_width;
  if (s->groups == 1) return index * s->panel_blocks * LANES * s->in_channels * taps;
  ptrdiff_t offset = 0;
  for (ptrdiff_t i = 0; i < index; i++) {
    const panel_range p = panel_at(s, i);
    offset += (p.last - p.first) * taps * p.blocks * LANES;
  }
  return offset;
}

// Weights of output channels `row`..., `rows` of them, for input channels first..<last of a block: [tap][channel][row].
// Channels of other groups weigh nothing.
static void pack_block(const pex_convolution *s, const float *weights, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t first,
                       ptrdiff_t last, float *packed) {
  const ptrdiff_t taps = s->window.kernel_height * s->window.kernel_width;
  const ptrdiff_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
  const ptrdiff_t count = last - first;
  if (s->groups == 1 && row + rows <= s->out_channels && count == LANES) {
    // What lies side by side, LANES x taps numbers for each output channel, goes through the registers in squares.
    ptrdiff_t channel = 0, tap = 0;
    for (ptrdiff_t k = 0; k < LANES * taps; k += LANES) {
      float *to[LANES];
      for (int i = 0; i < LANES; i++) {
        to[i] = packed + (tap * LANES + channel) * rows;
        if (++tap == taps) {
          tap = 0;
          channel++;
        }
      }
      for (ptrdiff_t r = 0; r < rows; r += LANES) {
        vec square[LANES];
        for (int i = 0; i < LANES; i++) square[i] = load(weights + ((row + r + i) * in + first) * taps + k);
        transpose(square);
        for (int i = 0; i < LANES; i++) store(to[i] + r, square[i]);
      }
    }
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *to = packed + r;
    const ptrdiff_t channel = row + r;
    const ptrdiff_t group = channel / out * in;
    if (channel >= s->out_channels) {
      for (ptrdiff_t k = 0; k < count * taps; k++) to[k * rows] = 0;
      continue;
    }
    const float *from = weights + channel * in * taps;
    for (ptrdiff_t c = 0; c < count; c++) {
      const ptrdiff_t place = first + c - group;
      const int present = place >= 0 && place < in;
      for (ptrdiff_t t = 0; t < taps; t++) to[(t * count + c) * rows] = present ? from[place * taps + t] : 0;
    }
  }
}

static void pack_convolution(const pex_convolution *s, ptrdiff_t first, ptrdiff_t last, const float *weights,
                             float *packed) {
  const ptrdiff_t taps = s->window.kernel_height * s->window.kernel_width;
  float *to = packed + panel_offset(s, first);
  for (ptrdiff_t index = first; index < last; index++) {
    const panel_range p = panel_at(s, index);
    const ptrdiff_t row = p.block * LANES, rows = p.blocks * LANES;
    for (ptrdiff_t channel = p.first; channel < p.last;) {
      const ptrdiff_t end = smaller(p.last, (channel / s->width + 1) * s->width);
      pack_block(s, weights, row, rows, channel, end, to);
      to += (end - channel) * taps * rows;
      channel = end;
    }
  }
}

// How a strip lies in its copy: for each input block some planes of columns, each of some phases of rows.
typedef struct {
  // Numbers from one row to the next, rows of a phase, numbers of a plane, and planes.
  ptrdiff_t line, phase_rows, plane, planes;
} strip_layout;

INLINE strip_layout layout_of(const pex_convolution *s) {
  const pex_window *w = &s->window;
  strip_layout l;
  l.line = (w->out_width + (s->flat ? 0 : (w->kernel_width - 1) * w->dilation_width / w->stride_width)) * s->width;
  l.phase_rows = s->strip_rows + (w->kernel_height - 1) * w->dilation_height / w->stride_height;
  l.plane = w->stride_height * l.phase_rows * l.line;
  l.planes = s->flat ? w->kernel_width : w->stride_width;
  return l;
}

// Where the pixels of an element of the window lie in the copy of a block.
INLINE ptrdiff_t tap_offset(const pex_convolution *s, strip_layout l, ptrdiff_t ky, ptrdiff_t kx) {
  const pex_window *w = &s->window;
  const ptrdiff_t y = ky * w->dilation_height, x = kx * w->dilation_width;
  const ptrdiff_t row = y % w->stride_height * l.phase_rows + y / w->stride_height;
  if (s->flat) return kx * l.plane + row * l.line;
  return x % w->stride_width * l.plane + row * l.line + x / w->stride_width * s->width;
}

// Copies one row of a block: every stride-th column from `shift` on, zeros in the padding.
INLINE void copy_row(const pex_convolution *s, const float *block, ptrdiff_t y, ptrdiff_t shift, ptrdiff_t count,
                     float *to) {
  const pex_window *w = &s->window;
  const ptrdiff_t width = s->width, stride = w->stride_width;
  if (y < 0 || y >= w->in_height) {
    memset(to, 0, (size_t)(count * width) * sizeof *to);
    return;
  }
  const ptrdiff_t first = smaller(shift < 0 ? divide_up(-shift, stride) : 0, count);
  ptrdiff_t last = shift < w->in_width ? (w->in_width - 1 - shift) / stride + 1 : 0;
  last = larger(first, smaller(last, count));
  const float *from = block + (y * w->in_width + shift) * width;
  memset(to, 0, (size_t)(first * width) * sizeof *to);
  if (stride == 1) {
    memcpy(to + first * width, from + first * width, (size_t)((last - first) * width) * sizeof *to);
  } else if (width == LANES) {
    for (ptrdiff_t x = first; x < last; x++) store(to + x * LANES, load(from + x * stride * LANES));
  } else {
    ptrdiff_t x = first;
    // Every second number of two vectors; the last one of the second lies within the row, or one beyond is not read.
    for (; stride == 2 && x + LANES < last; x += LANES) {
      store(to + x, even_lanes(load(from + 2 * x), load(from + 2 * x + LANES)));
    }
    for (; x < last; x++) to[x] = from[x * stride];
  }
  memset(to + last * width, 0, (size_t)((count - last) * width) * sizeof *to);
}

// How many remainders modulo the stride the elements of a window have: those of its first ones.
INLINE ptrdiff_t used_phases(ptrdiff_t kernel, ptrdiff_t dilation, ptrdiff_t stride) {
  ptrdiff_t a = stride, b = dilation;
  while (b) {
    const ptrdiff_t rest = a % b;
    a = b;
    b = rest;
  }
  return smaller(kernel, stride / a);
}

// Copies what `rows` output rows from `row` on read of the input blocks first..<last.
static void copy_strip(const pex_convolution *s, strip_layout l, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t first,
                       ptrdiff_t last, const float *input, float *copy) {
  const pex_window *w = &s->window;
  const ptrdiff_t needed = rows + (w->kernel_height - 1) * w->dilation_height / w->stride_height;
  const ptrdiff_t columns =
      s->flat ? w->kernel_width : used_phases(w->kernel_width, w->dilation_width, w->stride_width);
  const ptrdiff_t phases = used_phases(w->kernel_height, w->dilation_height, w->stride_height);
  for (ptrdiff_t block = first; block < last; block++, copy += l.planes * l.plane) {
    const float *from = input + block * s->in_plane * s->width;
    for (ptrdiff_t kx = 0; kx < columns; kx++) {
      const ptrdiff_t x = kx * w->dilation_width, plane = s->flat ? kx : x % w->stride_width;
      const ptrdiff_t shift = (s->flat ? x : plane) - w->pad_width;
      for (ptrdiff_t ky = 0; ky < phases; ky++) {
        const ptrdiff_t phase = ky * w->dilation_height % w->stride_height;
        float *to = copy + plane * l.plane + phase * l.phase_rows * l.line;
        for (ptrdiff_t y = 0; y < needed; y++) {
          const ptrdiff_t source = (row + y) * w->stride_height + phase - w->pad_height;
          copy_row(s, from, source, shift, l.line / s->width, to + y * l.line);
        }
      }
    }
  }
}

// Asks for what a strip reads, all of it at once: it may have been written by another core, from which single numbers
// come slowly.
static void fetch_strip(const pex_convolution *s, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t first, ptrdiff_t last,
                        const float *input) {
  const ptrdiff_t plane = s->in_plane * LANES, line = s->window.in_width * LANES;
  for (ptrdiff_t block = first; block < last; block++) {
    const float *from = input + block * plane + row * line;
    for (ptrdiff_t i = 0; i < rows * line; i += 16) __builtin_prefetch(from + i, 0, 2);
  }
}

static void convolution(const pex_convolution *s, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first,
                        ptrdiff_t last, const float *input, const float *packed, const float *bias,
                        const float *residual, float *output, float *scratch) {
  const pex_window *w = &s->window;
  const ptrdiff_t tap_count = w->kernel_height * w->kernel_width;
  const ptrdiff_t in_blocks = divide_up(s->in_channels, s->width);
  const ptrdiff_t output_step = s->out_plane * LANES;
  const activation_limits limits = limits_of(s->activation);
  ptrdiff_t *taps = (ptrdiff_t *)scratch;
  float *copy = scratch + divide_up(tap_count * (ptrdiff_t)sizeof(ptrdiff_t), 64) * 16;
  const strip_layout layout = layout_of(s);
  for (ptrdiff_t ky = 0; ky < w->kernel_height; ky++) {
    for (ptrdiff_t kx = 0; kx < w->kernel_width; kx++) {
      taps[ky * w->kernel_width + kx] = s->direct ? 0 : tap_offset(s, layout, ky, kx);
    }
  }
  const ptrdiff_t start = panel_offset(s, first);
  // Panels of several groups need only some of the input.
  const ptrdiff_t used_first = panel_at(s, first).first / s->width;
  const ptrdiff_t used_last = divide_up(panel_at(s, last - 1).last, s->width);
  for (ptrdiff_t row = first_row; row < last_row; row += s->strip_rows) {
    const ptrdiff_t rows = smaller(s->strip_rows, last_row - row);
    for (ptrdiff_t chunk = used_first; chunk < used_last; chunk += s->chunk_blocks) {
      const ptrdiff_t chunk_end = smaller(chunk + s->chunk_blocks, smaller(used_last, in_blocks));
      if (s->direct) {
        fetch_strip(s, row, rows, chunk, chunk_end, input);
      } else {
        copy_strip(s, layout, row, rows, chunk, chunk_end, input, copy);
      }
      const float *weights = packed + start;
      for (ptrdiff_t index = first; index < last; index++) {
        const panel_range p = panel_at(s, index);
        const ptrdiff_t from = larger(p.first, chunk * s->width), to = smaller(p.last, chunk_end * s->width);
        const ptrdiff_t height_floats = tap_count * p.blocks * LANES;
        const float *panel = weights;
        weights += (p.last - p.first) * height_floats;
        if (from >= to) continue;
        const ptrdiff_t place = p.block * output_step + row * w->out_width * LANES;
        const int complete = to == p.last;
        const int half = ends_in_half(s->out_channels) && (p.block + p.blocks) * LANES > s->out_channels;
        // Behind the last panel's part comes the first one's of the next chunk.
        const float *next = index + 1 < last ? weights + (from - p.first) * height_floats
                                             : packed + start + (to - p.first) * height_floats;
        tile_work work = {
            .taps = taps,
            .tap_count = tap_count,
            .first = from,
            .last = to,
            .width = s->width,
            .weights = panel + (from - p.first) * height_floats,
            .ahead = next,
            .output = output + place,
            .output_step = output_step,
            .continues = from != p.first,
            .bias = bias + p.block * LANES,
            .completes = complete,
            .residual = complete && residual ? residual + place : NULL,
            .limits = limits,
        };
        if (s->direct) {
          work.block_step = s->in_plane * LANES;
          work.input = input + row * w->in_width * LANES;
        } else {
          work.block_step = layout.planes * layout.plane;
          work.input = copy - chunk * work.block_step;
        }
        if (s->direct || s->flat) {
          tile_pixels(work, p.blocks, half, 1, rows * w->out_width, 0);
        } else {
          tile_pixels(work, p.blocks, half, rows, w->out_width, layout.line);
        }
        for (ptrdiff_t b = 0; complete && b < p.blocks; b++) {
          activate(s->activation, rows * w->out_width * LANES, output + place + b * output_step);
        }
      }
    }
  }
}
