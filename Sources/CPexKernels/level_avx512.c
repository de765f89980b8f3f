// AVX-512 as every CPU since Skylake-SP and Zen 4 has it.

#if defined(__x86_64__)
// Before the attribute, so that it does not touch their functions.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq"))), apply_to = function)
#define PEX_LEVEL avx512
#define PEX_LANES 16
// Two blocks of 14 pixels, two vectors of weights and an input number fill 31 of the 32 registers; and 7, 14, 28
// and 56 are what feature maps of most networks measure.
#define PEX_TILE_PIXELS 14
#define PEX_HALVES 1
#define PEX_FMA 1
#include "level.h"
#pragma clang attribute pop
#endif
