#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

void pex_image_free(struct pex_image *image) {
  free(image->pixels);
  image->pixels = NULL;
  image->width = 0;
  image->height = 0;
}

void pex_composite_white(unsigned char *pixels, size_t count) {
  for (size_t index = 0; index < count; index++) {
    const unsigned char *source = pixels + index * 4;
    unsigned alpha = source[3];
    unsigned white = 255 * (255 - alpha) + 127;
    unsigned char red = (unsigned char)((source[0] * alpha + white) / 255);
    unsigned char green = (unsigned char)((source[1] * alpha + white) / 255);
    unsigned char blue = (unsigned char)((source[2] * alpha + white) / 255);
    pixels[index * 3] = red;
    pixels[index * 3 + 1] = green;
    pixels[index * 3 + 2] = blue;
  }
}

unsigned char *pex_shrunk(unsigned char *pixels, size_t width, size_t height) {
  unsigned char *shrunk = realloc(pixels, width * height * 3);
  return shrunk == NULL ? pixels : shrunk;
}

int pex_check_size(size_t width, size_t height, size_t pixel_limit, enum pex_image_status *status, char *message) {
  if (width == 0 || height == 0) {
    *status = PEX_IMAGE_MALFORMED;
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "it has no pixels");
    return 0;
  }
  if (height > pixel_limit / width || width > SIZE_MAX / 4 / height) {
    *status = PEX_IMAGE_TOO_LARGE;
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "%zux%zu", width, height);
    return 0;
  }
  return 1;
}
