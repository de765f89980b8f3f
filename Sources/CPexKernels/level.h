// The kernels of one level, written once in portable vector code. The file that includes this one defines PEX_LEVEL,
// PEX_LANES, PEX_TILE_PIXELS, PEX_FMA and the target attribute.

#include "vectors.h"

#include "elementwise.h"
#include "linear.h"
#include "tile.h"
#include "convolution.h"
#include "winograd.h"
#include "window.h"
#include "blocks.h"
#include "heads.h"
#include "training.h"
#include "branch.h"
#include "pictures.h"

#define PEX_JOIN_(a, b) a##b
#define PEX_JOIN(a, b) PEX_JOIN_(a, b)
#define PEX_TEXT_(a) #a
#define PEX_TEXT(a) PEX_TEXT_(a)

const pex_kernels PEX_JOIN(pex_kernels_, PEX_LEVEL) = {
    .name = PEX_TEXT(PEX_LEVEL),
    .lanes = LANES,
    .tile_pixels = TILE_PIXELS,
    .linear_rows = LINEAR_ROWS,
    .pack_convolution = pack_convolution,
    .convolution = convolution,
    .pack_winograd = pack_winograd,
    .winograd_input = winograd_input,
    .winograd_products = winograd_products,
    .winograd_output = winograd_output,
    .depthwise = depthwise,
    .depthwise_scratch = depthwise_scratch,
    .pool = pool,
    .reduce_pixels = reduce_pixels,
    .binary_pixels = binary_pixels,
    .affine_pixels = affine_pixels,
    .block_planes = block_planes,
    .unblock_planes = unblock_planes,
    .pool_features = pool_features,
    .dot_rows = dot_rows,
    .layer_logits = layer_logits,
    .layer_descent = layer_descent,
    .standardise = standardise,
    .add_product = add_product,
    .window_rows = window_rows,
    .add_window_rows = add_window_rows,
    .add_window_products = add_window_products,
    .add_window_gradients = add_window_gradients,
    .pack_rows = pack_rows,
    .linear = linear,
    .reduce_rows = reduce_rows,
    .softmax_row = softmax_row,
    .standardize_row = standardize_row,
    .binary_row = binary_row,
    .copy_finite = copy_finite,
    .unary = unary,
    .affine_row = affine_row,
    .resample_columns = resample_columns,
    .resample_rows = resample_rows,
    .orient = orient,
    .plane_of_levels = plane_of_levels,
    .luma = luma,
};
