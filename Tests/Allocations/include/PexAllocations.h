#ifndef PEXALLOCATIONS_H
#define PEXALLOCATIONS_H

#include <stddef.h>

/// How often the calling thread has asked for memory so far, or -1 where nobody counts: with another C library than
/// glibc, and under a sanitizer, which takes the allocator's place itself.
ptrdiff_t pex_allocations(void);

#endif
