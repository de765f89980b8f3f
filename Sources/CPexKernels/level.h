// The kernels of one level, written once in portable vector code. The file that includes this one defines PEX_LEVEL,
// PEX_LANES, PEX_TILE_ROWS, PEX_TILE_VECTORS, PEX_FMA and the target attribute.

#include "vectors.h"

#include "convolution.h"
#include "plane.h"
#include "linear.h"
#include "elementwise.h"

#define PEX_JOIN_(a, b) a##b
#define PEX_JOIN(a, b) PEX_JOIN_(a, b)
#define PEX_TEXT_(a) #a
#define PEX_TEXT(a) PEX_TEXT_(a)

const pex_kernels PEX_JOIN(pex_kernels_, PEX_LEVEL) = {
    .name = PEX_TEXT(PEX_LEVEL),
    .tile_rows = TILE_ROWS,
    .tile_columns = TILE_COLUMNS,
    .linear_rows = LINEAR_ROWS,
    .lanes = LANES,
    .pack_rows = pack_rows,
    .convolution = convolution,
    .depthwise = depthwise,
    .pool = pool,
    .linear = linear,
    .reduce_rows = reduce_rows,
    .binary_row = binary_row,
    .unary = unary,
    .affine_row = affine_row,
};
