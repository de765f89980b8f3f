// Vectors of eight floats in plain C, two registers each: SSE2 on x86-64, NEON on aarch64.

// Vectors stay within a level: every function that takes or gives one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define PEX_LEVEL portable
#define PEX_LANES 8
#define PEX_TILE_PIXELS 6
#define PEX_HALVES 1
#if defined(__aarch64__)
#define PEX_FMA 1
#else
#define PEX_FMA 0
#endif
#include "level.h"
