#ifndef PEX_IMAGE_INTERNAL_H
#define PEX_IMAGE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "CImageCodecs.h"

// A function of a library that is looked for at run time.
struct pex_symbol {
  const char *name;
  void **target;
  int is_optional;
};

// Opens the first of some shared libraries (the list ends with NULL) and fills in its functions (the list ends with a
// NULL name). True when all are there that must be. A library stays open for as long as the process lives.
int pex_library_open(const char *const *libraries, const struct pex_symbol *symbols);

// RGBA to RGB over white, in place: the target never overtakes the source.
void pex_composite_white(unsigned char *pixels, size_t count);

// Gives back what the last quarter of the pixels' memory took after RGBA became RGB.
unsigned char *pex_shrunk(unsigned char *pixels, size_t width, size_t height);

// Whether there are pixels and not too many; else what is wrong stands in `status` and `message`.
int pex_check_size(size_t width, size_t height, size_t pixel_limit, enum pex_image_status *status, char *message);

#endif
