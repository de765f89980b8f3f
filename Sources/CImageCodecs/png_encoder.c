#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

enum pex_image_status pex_encode_png(const unsigned char *pixels, size_t width, size_t height, unsigned char **bytes,
                                     size_t *count) {
  *bytes = NULL;
  *count = 0;
  if (width == 0 || height == 0 || width > 0x7fff || height > 0x7fff) {
    return PEX_IMAGE_TOO_LARGE;
  }
  // libpng's simplified interface catches its own jumps.
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = (png_uint_32)width;
  image.height = (png_uint_32)height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  unsigned char *memory = malloc(size);
  if (memory == NULL) {
    return PEX_IMAGE_NO_MEMORY;
  }
  if (!png_image_write_to_memory(&image, memory, &size, 0, pixels, 0, NULL)) {
    png_image_free(&image);
    free(memory);
    return PEX_IMAGE_NO_MEMORY;
  }
  *bytes = memory;
  *count = size;
  return PEX_IMAGE_OK;
}

void pex_encoded_free(unsigned char *bytes) { free(bytes); }
