// AVX2 with fused multiply-add.

#if defined(__x86_64__)
// Before the attribute, so that it does not touch their functions.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Vectors wider than a register stay within a level: every function that takes or gives one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define PEX_LEVEL avx2
#define PEX_LANES 8
// Two blocks of six pixels, two vectors of weights and an input number fill 15 of the 16 registers.
#define PEX_TILE_PIXELS 6
#define PEX_HALVES 0
#define PEX_FMA 1
#include "level.h"
#pragma clang attribute pop
#endif
