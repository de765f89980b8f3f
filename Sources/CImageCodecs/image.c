#include <stdlib.h>

#include "CImageCodecs.h"

void pex_image_free(struct pex_image *image) {
  free(image->pixels);
  image->pixels = NULL;
  image->width = 0;
  image->height = 0;
}
