// Holds the kernels of one level to plain loops, on machines where Swift cannot be built for: `make test-arm` compiles
// this for aarch64 and runs it in an emulator. The Swift tests hold the same kernels to the reference interpreter.
// usage: kernels [LEVEL]

#include "CPexKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const pex_kernels *kernels;
static int failures;

static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static float number(void) { return (float)draw(20001) / 10000.0f - 1; }

static float *floats(ptrdiff_t count) {
  float *memory = NULL;
  if (posix_memalign((void **)&memory, 64, (size_t)(count + 64) * sizeof *memory)) abort();
  for (ptrdiff_t i = 0; i < count + 64; i++) memory[i] = number();
  return memory;
}

static ptrdiff_t blocks_of(ptrdiff_t channels) { return (channels + kernels->lanes - 1) / kernels->lanes; }

// A plain map in blocks, and back.
static float *blocked(const float *plain, ptrdiff_t channels, ptrdiff_t pixels) {
  const ptrdiff_t lanes = kernels->lanes;
  float *map = floats(blocks_of(channels) * lanes * pixels);
  for (ptrdiff_t c = 0; c < channels; c += lanes) {
    const ptrdiff_t count = channels - c < lanes ? channels - c : lanes;
    kernels->block_planes(count, pixels, pixels, plain + c * pixels, map + c * pixels);
  }
  return map;
}

static float *plain(const float *map, ptrdiff_t channels, ptrdiff_t pixels) {
  const ptrdiff_t lanes = kernels->lanes;
  float *planes = floats(channels * pixels);
  for (ptrdiff_t c = 0; c < channels; c += lanes) {
    const ptrdiff_t count = channels - c < lanes ? channels - c : lanes;
    kernels->unblock_planes(count, pixels, pixels, map + c * pixels, planes + c * pixels);
  }
  return planes;
}

// What a kernel should give, and the largest sum of its products' magnitudes: what rounding errors are measured by.
typedef struct {
  double *values;
  double scale;
} expectation;

static void compare(const char *what, const float *found, expectation expected, ptrdiff_t count, double tolerance) {
  double error = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    const double difference = fabs(found[i] - expected.values[i]);
    if (!(difference <= error)) error = difference;
  }
  if (!(error <= tolerance * expected.scale)) {
    printf("%s: off by %.2e of %.2e\n", what, error, expected.scale);
    failures++;
  }
}

// The convolution of `w` with groups, from plain maps, in f64.
static expectation reference(const pex_window *w, ptrdiff_t in, ptrdiff_t out, ptrdiff_t groups, const float *x,
                         const float *weights, const float *bias, const float *residual, float low, float high) {
  const ptrdiff_t pixels = w->out_height * w->out_width, depth = in / groups;
  expectation y = {malloc((size_t)(out * pixels) * sizeof *y.values), 0};
  for (ptrdiff_t o = 0; o < out; o++) {
    const ptrdiff_t first = o / (out / groups) * depth;
    for (ptrdiff_t p = 0; p < pixels; p++) {
      double sum = bias[o] + (residual ? residual[o * pixels + p] : 0), magnitude = fabs(sum);
      for (ptrdiff_t c = 0; c < depth; c++) {
        for (ptrdiff_t ky = 0; ky < w->kernel_height; ky++) {
          for (ptrdiff_t kx = 0; kx < w->kernel_width; kx++) {
            const ptrdiff_t sy = p / w->out_width * w->stride_height + ky * w->dilation_height - w->pad_height;
            const ptrdiff_t sx = p % w->out_width * w->stride_width + kx * w->dilation_width - w->pad_width;
            if (sy < 0 || sx < 0 || sy >= w->in_height || sx >= w->in_width) continue;
            const double product = (double)x[((first + c) * w->in_height + sy) * w->in_width + sx] *
                                   weights[((o * depth + c) * w->kernel_height + ky) * w->kernel_width + kx];
            sum += product;
            magnitude += fabs(product);
          }
        }
      }
      y.values[o * pixels + p] = sum < low ? low : sum > high ? high : sum;
      if (magnitude > y.scale) y.scale = magnitude;
    }
  }
  return y;
}

static pex_window draw_window(void) {
  pex_window w = {.kernel_height = 1 + draw(5), .kernel_width = 1 + draw(5)};
  w.stride_height = 1 + draw(3);
  w.stride_width = 1 + draw(3);
  w.dilation_height = 1 + draw(2);
  w.dilation_width = 1 + draw(2);
  w.pad_height = draw(3);
  w.pad_width = draw(3);
  const ptrdiff_t reach_y = (w.kernel_height - 1) * w.dilation_height, reach_x = (w.kernel_width - 1) * w.dilation_width;
  w.in_height = reach_y + 1 + draw(9);
  w.in_width = reach_x + 1 + draw(15);
  w.out_height = (w.in_height + w.pad_height - reach_y - 1) / w.stride_height + 1;
  w.out_width = (w.in_width + w.pad_width - reach_x - 1) / w.stride_width + 1;
  return w;
}

// As the branches of early exits and small networks have them: rows of few pixels, a window of three columns.
static pex_window draw_narrow_window(void) {
  static const ptrdiff_t widths[] = {3, 4, 5, 7, 8, 12, 14, 16};
  pex_window w = {.kernel_height = 1 + draw(3), .kernel_width = 3, .dilation_height = 1, .dilation_width = 1};
  w.stride_height = 1 + draw(2);
  w.stride_width = 1 + draw(2);
  w.pad_height = draw(2);
  w.pad_width = draw(2);
  w.out_width = widths[draw(8)];
  // The last window ends in front of the map's end, at it, or beyond it.
  w.in_width = (w.out_width - 1) * w.stride_width - w.pad_width + 2 + draw(3);
  w.in_height = w.kernel_height + draw(14);
  w.out_height = (w.in_height + w.pad_height - w.kernel_height) / w.stride_height + 1;
  return w;
}

static void test_convolution(void) {
  const ptrdiff_t lanes = kernels->lanes;
  const ptrdiff_t groups = draw(3) ? 1 : 1 + draw(4);
  pex_convolution s = {.window = draw_window(), .groups = groups};
  s.in_channels = groups * (1 + draw(30));
  s.out_channels = groups * (1 + draw(40));
  s.width = draw(4) ? lanes : 1;
  s.panel_blocks = groups == 1 ? 1 + draw(2) : 1;
  s.strip_rows = 1 + draw(6);
  s.chunk_blocks = 1 + draw(3);
  s.flat = draw(2);
  s.activation = (pex_activation){pex_clamp, -2, 3};
  if (s.width == lanes && draw(3) == 0) {
    const ptrdiff_t pixels = s.window.in_height * s.window.in_width;
    s.window = (pex_window){pixels, 1, pixels, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    s.direct = 1;
  }
  const pex_window *w = &s.window;
  const ptrdiff_t in_pixels = w->in_height * w->in_width, pixels = w->out_height * w->out_width;
  s.in_plane = in_pixels;
  s.out_plane = pixels;
  float *x = floats(s.in_channels * in_pixels), *bias = floats(blocks_of(s.out_channels) * lanes);
  float *weights = floats(s.out_channels * s.in_channels / groups * w->kernel_height * w->kernel_width);
  float *residual = draw(2) ? floats(s.out_channels * pixels) : NULL;
  float *input = s.width == 1 ? x : blocked(x, s.in_channels, in_pixels);
  float *addend = residual ? blocked(residual, s.out_channels, pixels) : NULL;
  float *packed = floats(pex_convolution_weights(kernels, &s)), *scratch = floats(pex_convolution_scratch(&s));
  float *output = floats(blocks_of(s.out_channels) * lanes * pixels);
  const ptrdiff_t panels = (blocks_of(s.out_channels) + s.panel_blocks - 1) / s.panel_blocks;
  const ptrdiff_t some = draw((uint32_t)panels + 1), rows = draw((uint32_t)w->out_height + 1);
  if (some > 0) kernels->pack_convolution(&s, 0, some, weights, packed);
  if (some < panels) kernels->pack_convolution(&s, some, panels, weights, packed);
  for (int part = 0; part < 4; part++) {
    const ptrdiff_t y0 = part & 1 ? rows : 0, y1 = part & 1 ? w->out_height : rows;
    const ptrdiff_t p0 = part & 2 ? some : 0, p1 = part & 2 ? panels : some;
    if (y0 < y1 && p0 < p1) {
      kernels->convolution(&s, y0, y1, p0, p1, input, packed, bias, addend, output, scratch);
    }
  }
  const expectation expected = reference(w, s.in_channels, s.out_channels, groups, x, weights, bias, residual, -2, 3);
  float *found = plain(output, s.out_channels, pixels);
  compare("convolution", found, expected, s.out_channels * pixels, 3e-7);
  if (input != x) free(input);
  free(x), free(bias), free(weights), free(residual), free(addend), free(packed), free(scratch), free(output);
  free(expected.values), free(found);
}

static void test_winograd(void) {
  const ptrdiff_t lanes = kernels->lanes;
  pex_winograd s = {.in_channels = 1 + draw(40), .out_channels = 1 + draw(40), .tile_size = draw(2) ? 4 : 2};
  const ptrdiff_t size = s.tile_size, points = (size + 2) * (size + 2);
  s.window = (pex_window){4 + draw(14), 4 + draw(14), 0, 0, 3, 3, 1, 1, 1, 1, draw(2), draw(2)};
  s.window.out_height = s.window.in_height - 2 + s.window.pad_height + draw(2);
  s.window.out_width = s.window.in_width - 2 + s.window.pad_width + draw(2);
  s.activation = (pex_activation){pex_clamp, -5, 5};
  const pex_window *w = &s.window;
  const ptrdiff_t tiles = ((w->out_height + size - 1) / size) * ((w->out_width + size - 1) / size);
  const ptrdiff_t in_pixels = w->in_height * w->in_width, pixels = w->out_height * w->out_width;
  const ptrdiff_t in_blocks = blocks_of(s.in_channels), out_blocks = blocks_of(s.out_channels);
  s.chunk_tiles = 1 + draw((uint32_t)tiles);
  float *x = floats(s.in_channels * in_pixels), *bias = floats(out_blocks * lanes);
  float *weights = floats(s.out_channels * s.in_channels * 9), *residual = floats(s.out_channels * pixels);
  float *input = blocked(x, s.in_channels, in_pixels), *addend = blocked(residual, s.out_channels, pixels);
  float *packed = floats(points * s.in_channels * out_blocks * lanes), *scratch = floats(18 * lanes * lanes);
  float *spectrum = floats(points * (in_blocks * s.chunk_tiles | 1) * lanes);
  float *sums = floats(points * (out_blocks * s.chunk_tiles | 1) * lanes);
  float *output = floats(out_blocks * lanes * pixels);
  kernels->pack_winograd(&s, 0, (out_blocks + 1) / 2, weights, packed, scratch);
  for (ptrdiff_t first = 0; first < tiles; first += s.chunk_tiles) {
    const ptrdiff_t count = tiles - first < s.chunk_tiles ? tiles - first : s.chunk_tiles;
    kernels->winograd_input(&s, first, count, 0, in_blocks, input, spectrum);
    for (ptrdiff_t point = 0; point < points; point++) {
      kernels->winograd_products(&s, count, point, 0, (out_blocks + 1) / 2, spectrum, packed, sums);
    }
    kernels->winograd_output(&s, first, count, 0, out_blocks, sums, bias, addend, output);
  }
  const expectation expected = reference(w, s.in_channels, s.out_channels, 1, x, weights, bias, residual, -5, 5);
  float *found = plain(output, s.out_channels, pixels);
  compare("winograd", found, expected, s.out_channels * pixels, size == 4 ? 3e-6 : 5e-7);
  free(x), free(bias), free(weights), free(residual), free(input), free(addend), free(packed), free(scratch);
  free(spectrum), free(sums), free(output), free(expected.values), free(found);
}

static void test_depthwise(pex_window (*drawn)(void)) {
  const ptrdiff_t lanes = kernels->lanes, channels = 1 + draw(20);
  pex_window w = drawn();
  if (draw(4) == 0) {
    // More rows than are copied at a time.
    w.in_height += 60;
    w.out_height += 60 / w.stride_height;
  }
  const ptrdiff_t in_size = w.in_height * w.in_width, pixels = w.out_height * w.out_width;
  const ptrdiff_t taps = w.kernel_height * w.kernel_width;
  float *x = floats(channels * in_size), *weights = floats(channels * taps), *bias = floats(blocks_of(channels) * lanes);
  float *input = blocked(x, channels, in_size), *packed = blocked(weights, channels, taps);
  float *output = floats(blocks_of(channels) * lanes * pixels), *scratch = floats(kernels->depthwise_scratch(&w));
  for (ptrdiff_t block = 0; block < blocks_of(channels); block++) {
    const ptrdiff_t cut = draw((uint32_t)w.out_height + 1);
    for (int part = 0; part < 2; part++) {
      kernels->depthwise(&w, part ? cut : 0, part ? w.out_height : cut, input + block * in_size * lanes,
                         packed + block * taps * lanes, bias + block * lanes, NULL,
                         (pex_activation){pex_clamp, 0, INFINITY}, output + block * pixels * lanes, scratch);
    }
  }
  const expectation expected = reference(&w, channels, channels, channels, x, weights, bias, NULL, 0, INFINITY);
  float *found = plain(output, channels, pixels);
  compare("depthwise", found, expected, channels * pixels, 3e-7);
  free(x), free(weights), free(bias), free(input), free(packed), free(output), free(scratch);
  free(expected.values), free(found);
}

static void test_linear(void) {
  const ptrdiff_t rows = 1 + draw(70), depth = 1 + draw(90);
  const ptrdiff_t panels = (rows + kernels->linear_rows - 1) / kernels->linear_rows;
  float *x = floats(depth), *weights = floats(rows * depth), *bias = floats(panels * kernels->linear_rows);
  float *packed = floats(panels * kernels->linear_rows * depth), *output = floats(rows);
  const pex_window whole = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  const expectation expected = reference(&whole, depth, rows, 1, x, weights, bias, NULL, -INFINITY, INFINITY);
  kernels->pack_rows(rows, depth, 0, panels, weights, packed);
  kernels->linear(rows, depth, 0, panels, x, packed, bias, NULL, (pex_activation){pex_clamp, -INFINITY, INFINITY},
                  output);
  compare("linear", output, expected, rows, 3e-7);
  free(x), free(weights), free(bias), free(packed), free(output), free(expected.values);
}

// One step of a layer in training against the same in double.
static void test_layer(void) {
  const ptrdiff_t samples = 1 + draw(20), classes = 1 + draw(12), depth = 1 + draw(600), step = depth + draw(40);
  const ptrdiff_t count = classes * depth;
  float *features = floats(samples * step), *weights = floats(count), *anchor = floats(count), *bias = floats(classes);
  float *first = floats(count), *second = floats(count), *slopes = floats(samples * classes);
  float *logits = floats(samples * classes), mean[100], scale[100], standard[100];
  expectation answers = {malloc((size_t)(samples * classes) * sizeof(double)), 0};
  expectation moved = {malloc((size_t)count * sizeof(double)), 1}, moments = {malloc((size_t)count * sizeof(double)), 0};
  const pex_descent d = {.adam = (int)draw(2), .rate = 0.01f, .decay = 0.1f, .first_correction = 1.5f,
                         .second_correction = 30};
  for (ptrdiff_t i = 0; i < count; i++) second[i] = 0.01f + second[i] * second[i];
  for (ptrdiff_t c = 0; c < classes; c++) {
    for (ptrdiff_t s = 0; s < samples; s++) {
      double sum = bias[c], size = fabs(bias[c]);
      for (ptrdiff_t k = 0; k < depth; k++) {
        const double product = (double)features[s * step + k] * weights[c * depth + k];
        sum += product;
        size += fabs(product);
      }
      answers.values[s * classes + c] = sum;
      answers.scale = fmax(answers.scale, size);
    }
    for (ptrdiff_t k = 0; k < depth; k++) {
      const ptrdiff_t i = c * depth + k;
      double slope = 0, size = fabs(first[i]), length;
      for (ptrdiff_t s = 0; s < samples; s++) {
        slope += (double)slopes[s * classes + c] * features[s * step + k];
        size += fabs((double)slopes[s * classes + c] * features[s * step + k]);
      }
      moments.scale = fmax(moments.scale, size);
      moments.values[i] = 0.9 * first[i] + (d.adam ? 0.1 : 1) * slope;
      length = moments.values[i];
      if (d.adam) length *= 1.5 / sqrt(30 * (0.999 * second[i] + 0.001 * slope * slope) + 1e-16);
      moved.values[i] = weights[i] - 0.01 * length - 0.1 * ((double)weights[i] - anchor[i]);
    }
  }
  kernels->layer_logits(samples, classes, depth, step, features, weights, bias, logits);
  compare("layer_logits", logits, answers, samples * classes, 3e-7);
  kernels->layer_descent(&d, samples, classes, depth, step, slopes, features, anchor, weights, first, second);
  compare("layer_descent", weights, moved, count, 2e-6);
  compare("layer_descent, moments", first, moments, count, 3e-7);
  for (int i = 0; i < 100; i++) {
    mean[i] = number();
    scale[i] = 1 + number() / 2;
  }
  const ptrdiff_t some = depth < 100 ? depth : 100;
  expectation wanted = {malloc(100 * sizeof(double)), 4};
  for (ptrdiff_t i = 0; i < some; i++) wanted.values[i] = ((double)features[i] - mean[i]) * scale[i];
  kernels->standardise(some, features, mean, scale, standard);
  compare("standardise", standard, wanted, some, 3e-7);
  free(features), free(weights), free(anchor), free(bias), free(first), free(second), free(slopes), free(logits);
  free(answers.values), free(moved.values), free(moments.values), free(wanted.values);
}

// What a head reads of a map, in double. Channels behind the last one are NaN: nothing may come of them.
static void test_pooled_features(void) {
  const ptrdiff_t lanes = kernels->lanes, channels = 1 + draw(40), pixels = 1 + draw(300), blocks = blocks_of(channels);
  float *x = floats(channels * pixels), *input = blocked(x, channels, pixels), *features = floats(2 * channels);
  for (ptrdiff_t i = 0; i < blocks * lanes * pixels; i++) {
    if (i / (lanes * pixels) * lanes + i % lanes >= channels) input[i] = NAN;
  }
  expectation expected = {malloc((size_t)(2 * channels) * sizeof(double)), 1};
  for (ptrdiff_t c = 0; c < channels; c++) {
    double sum = 0, largest = -INFINITY;
    for (ptrdiff_t i = 0; i < pixels; i++) {
      sum += x[c * pixels + i];
      largest = fmax(largest, x[c * pixels + i]);
    }
    expected.values[c] = sum / (double)pixels;
    expected.values[channels + c] = largest;
  }
  const ptrdiff_t some = draw((uint32_t)blocks + 1);
  features[2 * channels] = 77;
  kernels->pool_features(channels, pixels, some, blocks, input, features);
  kernels->pool_features(channels, pixels, 0, some, input, features);
  compare("pooled features", features, expected, 2 * channels, 1e-7);
  if (features[2 * channels] != 77) printf("pooled features: written behind the end\n"), failures++;
  free(x), free(input), free(features), free(expected.values);
}

static void test_functions(void) {
  enum { count = 133 };
  float x[count], y[count];
  double expected[count];
  for (pex_unary f = pex_clamp; f <= pex_elu; f++) {
    for (int i = 0; i < count; i++) {
      x[i] = 6 * number();
      const double v = x[i], gate = fmin(fmax(v / 6 + 0.5, 0), 1), sigmoid = 1 / (1 + exp(-v));
      switch (f) {
      case pex_clamp: expected[i] = fmin(fmax(v, 0.25), 2); break;
      case pex_sigmoid: expected[i] = sigmoid; break;
      case pex_hard_sigmoid: expected[i] = fmin(fmax(0.25 * v + 2, 0), 1); break;
      case pex_hard_swish: expected[i] = v * gate; break;
      case pex_swish: expected[i] = v * sigmoid; break;
      case pex_leaky_relu: expected[i] = v < 0 ? 0.25 * v : v; break;
      case pex_exponential: expected[i] = exp(v); break;
      case pex_absolute: expected[i] = fabs(v); break;
      case pex_negative: expected[i] = -v; break;
      case pex_square_root: x[i] = fabsf(x[i]), expected[i] = sqrt(x[i]); break;
      case pex_tanh: expected[i] = tanh(v); break;
      case pex_error_function: expected[i] = erf(v); break;
      case pex_gelu: expected[i] = v * (1 + erf(v / sqrt(2))) / 2; break;
      case pex_elu: expected[i] = v < 0 ? 0.25 * expm1(v) : v; break;
      }
    }
    memcpy(y, x, sizeof y);
    kernels->unary((pex_activation){f, 0.25f, 2}, count, y, y);
    // The largest input is 6: results are as large, or its exponential.
    compare("function", y, (expectation){expected, f == pex_exponential ? exp(6) : 6}, count, 2e-7);
  }
}

static void test_standardized_row(void) {
  enum { count = 201 };
  float x[count], y[count];
  double expected[count], mean = 0, variance = 0;
  for (int i = 0; i < count; i++) x[i] = 3 + number(), mean += (double)x[i] / count;
  for (int i = 0; i < count; i++) variance += (x[i] - mean) * (x[i] - mean) / count;
  for (int i = 0; i < count; i++) expected[i] = (x[i] - mean) / sqrt(variance + 0.25);
  kernels->standardize_row(count, 0.25f, x, y);
  compare("standardized row", y, (expectation){expected, 3}, count, 1e-6);
}

int main(int count, char **arguments) {
  kernels = count > 1 ? pex_kernels_named(arguments[1]) : pex_kernels_default();
  if (!kernels) {
    fprintf(stderr, "this CPU has no kernels of that name\n");
    return 64;
  }
  for (int i = 0; i < 300; i++) {
    test_convolution();
    test_winograd();
    test_depthwise(draw_window);
    test_linear();
    test_layer();
  }
  for (int i = 0; i < 300; i++) {
    test_depthwise(draw_narrow_window);
    test_pooled_features();
  }
  test_functions();
  test_standardized_row();
  printf("%s, %td lanes: %d failures\n", kernels->name, kernels->lanes, failures);
  return failures ? 1 : 0;
}
