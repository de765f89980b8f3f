// Vectors of four floats in plain C: SSE2 on x86-64, NEON on aarch64.

#define PEX_LEVEL portable
#define PEX_LANES 4
#define PEX_TILE_ROWS 4
#define PEX_TILE_VECTORS 2
#if defined(__aarch64__)
#define PEX_FMA 1
#else
#define PEX_FMA 0
#endif
#include "level.h"
