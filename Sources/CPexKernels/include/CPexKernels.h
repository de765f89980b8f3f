#ifndef CPEXKERNELS_H
#define CPEXKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// The compute kernels of pex. No kernel allocates, starts threads or fails: callers have checked every extent and give
/// each thread scratch of its own. All maps are float32, row-major NCHW. All extents are at least 1.
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

/// A convolution as a matrix product: rows are output channels, columns are output pixels.
typedef struct {
  pex_window window;
  ptrdiff_t samples, groups;
  /// Channels of one group.
  ptrdiff_t in_channels, out_channels;
  /// Input channels that are packed at a time.
  ptrdiff_t channel_block;
  /// Into how many parts the columns and the rows are cut for threads: tasks = samples * groups * both.
  ptrdiff_t column_parts, row_parts;
  /// Bounds of the result: +-infinity where there are none.
  float minimum, maximum;
} pex_convolution;

/// A function of two elements, for `binary_row`.
typedef enum { pex_add, pex_subtract, pex_multiply, pex_divide, pex_minimum, pex_maximum } pex_binary;

/// A function of one element, for `unary`. `a` and `b` are its settings.
typedef enum {
  /// x limited to a...b.
  pex_clamp,
  pex_sigmoid,
  /// a * x + b limited to 0...1.
  pex_hard_sigmoid,
  /// x * hard_sigmoid(x).
  pex_hard_swish,
  /// x, or a * x below 0.
  pex_leaky_relu,
  pex_exponential,
  pex_absolute,
  pex_negative,
  pex_square_root
} pex_unary;

/// What is taken of a row or a window.
typedef enum { pex_take_maximum, pex_take_average, pex_take_sum, pex_take_minimum } pex_take;

/// The kernels of one instruction-set level.
typedef struct {
  /// `avx512`, `avx2` or `portable`.
  const char *name;
  /// Rows and columns of the matrix product's tile. Packed weights and biases are padded to whole tiles of rows.
  ptrdiff_t tile_rows, tile_columns;
  /// Rows of a fully connected layer that are computed together, to which its packed weights are padded.
  ptrdiff_t linear_rows;
  /// Floats that one vector register holds.
  ptrdiff_t lanes;

  /// Packs `rows` x `depth` weights into panels of `tile` rows: [panel][depth][row in panel], zeros in missing rows.
  void (*pack_rows)(const float *weights, ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t tile, float *packed);

  /// One task of a convolution. `weights`: for each group, [out_channels][in_channels * kernel] packed in tile_rows.
  /// `bias`: for each group, as many as the packed rows. `residual`: null, or as large as `output`, not overlapping it.
  /// Scratch: channel_block * kernel * tile_columns floats for each panel of tile_columns in a column part.
  void (*convolution)(const pex_convolution *shape, ptrdiff_t task, const float *input, const float *weights,
                      const float *bias, const float *residual, float *output, float *scratch);

  /// Depthwise convolution of one channel: `plane` -> `output`, `weights` [kernel_height * kernel_width].
  /// Scratch: `pex_plane_floats` floats.
  void (*depthwise)(const pex_window *window, const float *plane, const float *weights, float bias, float minimum,
                    float maximum, float *output, float *scratch);

  /// Maximum or average pooling of one channel. `row_counts` and `column_counts`: for averages, how many elements of
  /// each window count along each axis; the sum is divided by their product. Scratch: `pex_plane_floats` floats.
  void (*pool)(const pex_window *window, pex_take take, const float *row_counts, const float *column_counts,
               const float *plane, float *output, float *scratch);

  /// Panels `first..<last` of a fully connected layer. `packed`: [rows][depth] packed in linear_rows; `bias` as many as
  /// the packed rows; `residual`: null, or [rows].
  void (*linear)(ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t first, ptrdiff_t last, const float *input,
                 const float *packed, const float *bias, const float *residual, float minimum, float maximum,
                 float *output);

  /// Reduces each of `rows` rows of `count` elements to one number.
  void (*reduce_rows)(pex_take take, ptrdiff_t rows, ptrdiff_t count, const float *input, float *output);

  /// output[i] = left[i or 0] op right[i or 0], limited to minimum...maximum. A step of 0 repeats the first element.
  void (*binary_row)(pex_binary op, ptrdiff_t count, const float *left, ptrdiff_t left_step, const float *right,
                     ptrdiff_t right_step, float minimum, float maximum, float *output);

  /// output[i] = op(input[i]). They may be the same array.
  void (*unary)(pex_unary op, float a, float b, ptrdiff_t count, const float *input, float *output);

  /// output[i] = (input[i] - mean) * scale + shift, limited to minimum...maximum.
  void (*affine_row)(ptrdiff_t count, float mean, float scale, float shift, float minimum, float maximum,
                     const float *input, float *output);
} pex_kernels;

/// The kernels of the best level that this CPU has, or of the one that PEX_ISA names and this CPU has.
/// The choice is made once a process.
const pex_kernels *pex_kernels_default(void);

/// The kernels of a level by name, or null when there is no such level or this CPU lacks it.
const pex_kernels *pex_kernels_named(const char *name);

/// The name of the default level.
const char *pex_isa_name(void);

/// Floats of scratch that `depthwise` and `pool` take at a level, or -1 when the number cannot be addressed.
ptrdiff_t pex_plane_floats(const pex_kernels *kernels, const pex_window *window);

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
