// AVX2 with fused multiply-add.

#if defined(__x86_64__)
// Before the attribute, so that it does not touch their functions.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define PEX_LEVEL avx2
#define PEX_LANES 8
#define PEX_TILE_ROWS 6
#define PEX_TILE_VECTORS 2
#define PEX_FMA 1
#include "level.h"
#pragma clang attribute pop
#endif
