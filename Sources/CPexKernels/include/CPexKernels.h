#ifndef CPEXKERNELS_H
#define CPEXKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// The compute kernels of pex. No kernel allocates, starts threads or fails: callers have checked every extent and give
/// each thread scratch of its own. All numbers are float32. All extents are at least 1.
///
/// A map lies in memory in one of two layouts. *Plain* is row-major NCHW. *Blocked* is [N][C / lanes][H][W][lanes]: the
/// channels in blocks of as many as a vector has lanes, a pixel's block in one vector; the lanes behind the last
/// channel hold any numbers and are never read for a result.
///
/// Every output element is computed by one sequence of operations that depends on the layer's shape and the
/// instruction-set level alone: never on how the work is cut into tasks or on where an element lies in a tile.

/// A sliding window over the two spatial axes of a map, padding resolved.
typedef struct {
  ptrdiff_t in_height, in_width;
  ptrdiff_t out_height, out_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  /// Elements in front of each axis. What lies behind follows from the output's extents.
  ptrdiff_t pad_height, pad_width;
} pex_window;

/// A function of one element. `a` and `b` are its settings.
typedef enum {
  /// x limited to a...b.
  pex_clamp,
  pex_sigmoid,
  /// a * x + b limited to 0...1.
  pex_hard_sigmoid,
  /// x * hard_sigmoid(x).
  pex_hard_swish,
  /// x * sigmoid(x).
  pex_swish,
  /// x, or a * x below 0.
  pex_leaky_relu,
  pex_exponential,
  pex_absolute,
  pex_negative,
  pex_square_root,
  pex_tanh,
  pex_error_function,
  /// x * (1 + erf(x / sqrt(2))) / 2.
  pex_gelu,
  /// x, or a * (exp(x) - 1) below 0.
  pex_elu
} pex_unary;

/// A function with its settings. Clamping to -infinity...infinity changes nothing.
typedef struct {
  pex_unary function;
  float a, b;
} pex_activation;

/// A function of two elements.
typedef enum { pex_add, pex_subtract, pex_multiply, pex_divide, pex_minimum, pex_maximum } pex_binary;

/// What is taken of a row or a window.
typedef enum { pex_take_maximum, pex_take_average, pex_take_sum, pex_take_minimum } pex_take;

/// A convolution with a blocked result.
typedef struct {
  pex_window window;
  /// Channels of the whole maps, and into how many groups both are divided.
  ptrdiff_t in_channels, out_channels, groups;
  /// Pixels from one block of channels to the next: those of a map, or more when a strip of one lies in a larger place.
  ptrdiff_t in_plane, out_plane;
  /// Channels of a pixel that lie side by side in the input: `lanes` when it is blocked, 1 when it is plain.
  ptrdiff_t width;
  /// Blocks of output channels that are computed together, 1 or 2: a *panel* of the weights.
  ptrdiff_t panel_blocks;
  /// Output rows, and input blocks, that are worked on at a time.
  ptrdiff_t strip_rows, chunk_blocks;
  /// Whether the input is read where it lies: a window of one element, stride 1, no padding, blocked.
  int direct;
  /// Whether the rows of the copy are as long as the output's, so that tiles go on from one row to the next. The copy
  /// is larger then: this is for maps that are narrower than a tile or two.
  int flat;
  pex_activation activation;
} pex_convolution;

/// A 3x3 convolution of stride 1 by Winograd's F(2x2, 3x3) or F(4x4, 3x3), blocked maps. With tiles of size t it has
/// (t + 2)^2 points.
typedef struct {
  pex_window window;
  ptrdiff_t in_channels, out_channels;
  /// Output pixels of a tile along each axis: 2 or 4.
  ptrdiff_t tile_size;
  /// Tiles that are transformed at a time.
  ptrdiff_t chunk_tiles;
  pex_activation activation;
} pex_winograd;

/// How weights move along a gradient.
typedef struct {
  /// AdamW (Loshchilov and Hutter 2019) with 0.9 and 0.999, and 1e-16 added to the second moment beneath its root; else
  /// momentum 0.9.
  int adam;
  /// The step's length, and the share of the distance to the anchor that is given up.
  float rate, decay;
  /// What AdamW multiplies its moments by: 1 / (1 - 0.9^t) and 1 / (1 - 0.999^t) in step t.
  float first_correction, second_correction;
} pex_descent;

/// The fractional bits of a resampling's weights.
enum { PEX_RESAMPLING_BITS = 22 };

/// How a line of samples becomes one of another length: new sample `i` is the sum of old samples from `first[i]` on, times
/// `weights[i * taps]` and those behind, which add up to one in units of 2^-22. Of the `taps`, a multiple of four, the first
/// `windows[i]` lie within the old line; the others have weight 0.
typedef struct {
  /// New samples.
  ptrdiff_t count;
  ptrdiff_t taps;
  const int32_t *first;
  const int32_t *windows;
  const int32_t *weights;
} pex_resampling;

/// The kernels of one instruction-set level.
typedef struct {
  /// `avx512`, `avx2` or `portable`.
  const char *name;
  /// Floats of a vector, which are the channels of a block.
  ptrdiff_t lanes;
  /// Pixels that a tile of the convolutions holds at most.
  ptrdiff_t tile_pixels;
  /// Rows of a fully connected layer that are computed together, to which its packed weights are padded.
  ptrdiff_t linear_rows;

  /// Packs panels `first..<last` of a convolution's weights [out][in / groups][kernel] into their places in `packed`.
  void (*pack_convolution)(const pex_convolution *shape, ptrdiff_t first, ptrdiff_t last, const float *weights,
                           float *packed);

  /// Output rows `first_row..<last_row` of panels `first..<last` of one sample. `bias`: whole blocks. `residual`: null,
  /// or a map like `output` that is added, not overlapping it. Scratch: `pex_convolution_scratch` floats.
  void (*convolution)(const pex_convolution *shape, ptrdiff_t first_row, ptrdiff_t last_row, ptrdiff_t first,
                      ptrdiff_t last, const float *input, const float *packed, const float *bias,
                      const float *residual, float *output, float *scratch);

  /// Transforms the weights [out][in][3][3] of panels (two blocks of output channels) `first..<last` into their places
  /// in `packed`. Scratch: 9 * lanes * 2 * lanes floats.
  void (*pack_winograd)(const pex_winograd *shape, ptrdiff_t first, ptrdiff_t last, const float *weights,
                        float *packed, float *scratch);
  /// Input blocks `first..<last` of a chunk of tiles into `spectrum`: at each point [in blocks][chunk_tiles][lanes], points
  /// `in blocks * chunk_tiles | 1` vectors apart. `sums` lies likewise, with blocks of the output.
  void (*winograd_input)(const pex_winograd *shape, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                         ptrdiff_t last, const float *input, float *spectrum);
  /// Products of panels `first..<last` at one point: `spectrum` -> `sums`.
  void (*winograd_products)(const pex_winograd *shape, ptrdiff_t tiles, ptrdiff_t point, ptrdiff_t first,
                            ptrdiff_t last, const float *spectrum, const float *packed, float *sums);
  /// Output blocks `first..<last` of a chunk of tiles. `bias` and `residual` as for `convolution`.
  void (*winograd_output)(const pex_winograd *shape, ptrdiff_t first_tile, ptrdiff_t tiles, ptrdiff_t first,
                          ptrdiff_t last, const float *sums, const float *bias, const float *residual, float *output);

  /// Output rows `first_row..<last_row` of one block of channels, each channel convolved with its own window.
  /// `weights` [kernel][lanes], `bias` [lanes], `residual` null or a block like `output`.
  /// Scratch: `depthwise_scratch` floats.
  void (*depthwise)(const pex_window *window, ptrdiff_t first_row, ptrdiff_t last_row, const float *input,
                    const float *weights, const float *bias, const float *residual, pex_activation activation,
                    float *output, float *scratch);
  ptrdiff_t (*depthwise_scratch)(const pex_window *window);

  /// Output rows `first_row..<last_row` of one block of channels: maximum or average. `row_counts` and
  /// `column_counts`: for averages, how many elements of each window count along each axis.
  void (*pool)(const pex_window *window, pex_take take, ptrdiff_t first_row, ptrdiff_t last_row,
               const float *row_counts, const float *column_counts, const float *input, float *output);

  /// Reduces each lane of `count` vectors to one number: `output` [lanes].
  void (*reduce_pixels)(pex_take take, ptrdiff_t count, const float *input, float *output);

  /// A function of two blocks of channels, `count` pixels each; a step of 0 repeats the first pixel.
  void (*binary_pixels)(pex_binary op, ptrdiff_t count, const float *left, ptrdiff_t left_step, const float *right,
                        ptrdiff_t right_step, pex_activation activation, float *output);

  /// output = activation((input - mean) * scale + shift) of one block, the parameters [lanes] each.
  void (*affine_pixels)(ptrdiff_t count, const float *mean, const float *scale, const float *shift,
                        pex_activation activation, const float *input, float *output);

  /// `channels` (at most `lanes`) planes of `count` pixels into one block, zeros in the other lanes; and back.
  void (*block_planes)(ptrdiff_t channels, ptrdiff_t count, ptrdiff_t plane, const float *planes, float *block);
  void (*unblock_planes)(ptrdiff_t channels, ptrdiff_t count, ptrdiff_t plane, const float *block, float *planes);

  /// A head's features of one blocked map: averages of the channels in blocks `first..<last` go to `features`, maxima to
  /// `features + channels`, each to its channel's place. Sums in double, pixel by pixel.
  void (*pool_features)(ptrdiff_t channels, ptrdiff_t pixels, ptrdiff_t first, ptrdiff_t last, const float *map,
                        float *features);

  /// output[r] = bias[r] + row r of [rows][depth] times x, for rows `first..<last`: summed in sixteen lanes, which are
  /// added pairwise.
  void (*dot_rows)(ptrdiff_t first, ptrdiff_t last, ptrdiff_t depth, const float *matrix, const float *bias,
                   const float *x, float *output);

  /// A fully connected layer in training. logits[samples][classes] = bias + features[samples][depth] times
  /// weights[classes][depth]. The features of a sample lie `step` floats behind those of the one before: a step of a
  /// few KB, a power of two, would put all of them into the same places of a cache.
  void (*layer_logits)(ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t depth, ptrdiff_t step, const float *features,
                       const float *weights, const float *bias, float *logits);
  /// One step of `weights` along the gradient, the sum over samples of slopes[samples][classes] times features: summed
  /// sample by sample. `anchor`, `first` and `second` are as large as the weights; the moments are brought up to date.
  void (*layer_descent)(const pex_descent *descent, ptrdiff_t samples, ptrdiff_t classes, ptrdiff_t depth,
                        ptrdiff_t step, const float *slopes, const float *features, const float *anchor, float *weights, float *first,
                        float *second);
  /// output[i] = (input[i] - mean[i]) * scale[i].
  void (*standardise)(ptrdiff_t count, const float *input, const float *mean, const float *scale, float *output);

  /// c[i][j] += sum over k of a[i][k] * b[k][j], k rising whatever tile an element falls in. `a` may be read along either
  /// axis: a[i][k] lies at i * a_row + k * a_depth. Rows of `b` and `c` lie `b_pitch` and `c_pitch` apart.
  void (*add_product)(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t columns, const float *a, ptrdiff_t a_row,
                      ptrdiff_t a_depth, const float *b, ptrdiff_t b_pitch, float *c, ptrdiff_t c_pitch);
  /// What a 3x3 window of stride 1 or 2 and padding 1 sees of a map [height][width][channels] at each of its places, zeros
  /// beyond the map: rows [out height][out width][3][3][channels]. And the way back: adds every number of the rows to
  /// the one of the map that it came from.
  void (*window_rows)(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride, const float *map,
                      float *rows);
  void (*add_window_rows)(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride, const float *rows,
                          float *map);
  /// The same window of each channel by itself, with weights [3][3][channels]: adds to an output [out height][out
  /// width][channels]. And its gradients from those of the output; `map_slopes` may be null.
  void (*add_window_products)(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride,
                              const float *map, const float *weights, float *output);
  void (*add_window_gradients)(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t stride,
                               const float *map, const float *weights, const float *slopes, float *weight_slopes,
                               float *map_slopes);

  /// Packs panels of `linear_rows` rows `first..<last` of [rows][depth] weights: [panel][depth][row in panel].
  void (*pack_rows)(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t first, ptrdiff_t last, const float *weights,
                    float *packed);
  /// Panels `first..<last` of a fully connected layer. `packed`: by `pack_rows`; `bias` as many as the packed rows;
  /// `residual`: null, or [rows]. `output`: [rows].
  void (*linear)(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t first, ptrdiff_t last, const float *input,
                 const float *packed, const float *bias, const float *residual, pex_activation activation,
                 float *output);

  /// Reduces each of `rows` rows of `count` elements to one number.
  void (*reduce_rows)(pex_take take, ptrdiff_t rows, ptrdiff_t count, const float *input, float *output);

  /// output[i] = exp(input[i] - maximum) divided by their sum.
  void (*softmax_row)(ptrdiff_t count, const float *input, float *output);

  /// output[i] = (input[i] - mean) / sqrt(variance + epsilon), mean and variance being those of the row.
  void (*standardize_row)(ptrdiff_t count, float epsilon, const float *input, float *output);

  /// output[i] = activation(left[i or 0] op right[i or 0]). A step of 0 repeats the first element.
  void (*binary_row)(pex_binary op, ptrdiff_t count, const float *left, ptrdiff_t left_step, const float *right,
                     ptrdiff_t right_step, pex_activation activation, float *output);

  /// Copies numbers. Returns whether all of them are finite.
  int (*copy_finite)(ptrdiff_t count, const float *input, float *output);

  /// output[i] = activation(input[i]). They may be the same array.
  void (*unary)(pex_activation activation, ptrdiff_t count, const float *input, float *output);

  /// output[i] = activation((input[i] - mean) * scale + shift).
  void (*affine_row)(ptrdiff_t count, float mean, float scale, float shift, pex_activation activation,
                     const float *input, float *output);

  /// Pictures of 8-bit red, green and blue, [rows][width][3]. Sums are exact in 32 bits, rounded to nearest and limited to
  /// 0...255. Columns: `rows` rows of `width` pixels, `stride` bytes apart, become rows of `resampling->count` pixels. Rows:
  /// rows of `length` bytes become `resampling->count` such rows.
  void (*resample_columns)(const uint8_t *from, ptrdiff_t width, ptrdiff_t rows, ptrdiff_t stride,
                           const pex_resampling *resampling, uint8_t *to);
  void (*resample_rows)(const uint8_t *from, ptrdiff_t length, const pex_resampling *resampling, uint8_t *to);
  /// Turns a picture: the pixel at `row`, `column` of `height` rows of `width` is the one `row * row_step + column * column_step`
  /// pixels behind `from`.
  void (*orient)(const uint8_t *from, ptrdiff_t row_step, ptrdiff_t column_step, ptrdiff_t height, ptrdiff_t width,
                 uint8_t *to);
  /// to[i] = (from[i * step] * scale - mean) / deviation.
  void (*plane_of_levels)(const uint8_t *from, ptrdiff_t step, ptrdiff_t count, float scale, float mean,
                          float deviation, float *to);
  /// The luma of `count` pixels by ITU-R 601, with weights in units of 2^-16.
  void (*luma)(const uint8_t *pixels, ptrdiff_t count, uint8_t *to);
} pex_kernels;

/// The kernels of the best level that this CPU has, or of the one that PEX_ISA names and this CPU has.
/// The choice is made once a process.
const pex_kernels *pex_kernels_default(void);

/// The kernels of a level by name, or null when there is no such level or this CPU lacks it.
const pex_kernels *pex_kernels_named(const char *name);

/// The name of the default level.
const char *pex_isa_name(void);

/// Floats of a convolution's packed weights, or -1 when the number cannot be addressed.
ptrdiff_t pex_convolution_weights(const pex_kernels *kernels, const pex_convolution *shape);

/// Floats of scratch that a thread needs for a convolution, or -1 when the number cannot be addressed.
ptrdiff_t pex_convolution_scratch(const pex_convolution *shape);

/// Makes this thread take denormal numbers as zero and flush them to zero.
/// Returns the state before, for `pex_restore_denormals`.
uint64_t pex_flush_denormals(void);

/// Puts back what `pex_flush_denormals` returned.
void pex_restore_denormals(uint64_t state);

/// The processors that this process may run on.
ptrdiff_t pex_available_processors(void);

/// Tells the CPU that this is a waiting loop.
void pex_pause(void);

#endif
