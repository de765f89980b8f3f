#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

// The library's description of a file, as of its interface 2.x.
struct webp_features {
  int width;
  int height;
  int has_alpha;
  int has_animation;
  int format;
  uint32_t reserved[5];
};

enum { WEBP_INTERFACE = 0x0200 };

static int (*get_features)(const uint8_t *bytes, size_t count, struct webp_features *features, int version);
static uint8_t *(*decode_rgb)(const uint8_t *bytes, size_t count, uint8_t *target, size_t size, int stride);
static uint8_t *(*decode_rgba)(const uint8_t *bytes, size_t count, uint8_t *target, size_t size, int stride);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_there;

static void find_library(void) {
  static const char *const libraries[] = {"libwebp.so.7", "libwebp.so.6", "libwebp.7.dylib", NULL};
  const struct pex_symbol symbols[] = {
      {"WebPGetFeaturesInternal", (void **)&get_features, 0},
      {"WebPDecodeRGBInto", (void **)&decode_rgb, 0},
      {"WebPDecodeRGBAInto", (void **)&decode_rgba, 0},
      {NULL, NULL, 0},
  };
  is_there = pex_library_open(libraries, symbols);
}

enum pex_image_status pex_decode_webp(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  message[0] = 0;
  pthread_once(&once, find_library);
  if (!is_there) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libwebp is not installed");
    return PEX_IMAGE_NO_DECODER;
  }
  struct webp_features features = {0};
  if (get_features(bytes, count, &features, WEBP_INTERFACE) != 0 || features.width < 0 || features.height < 0) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "its header is damaged");
    return PEX_IMAGE_MALFORMED;
  }
  size_t width = (size_t)features.width, height = (size_t)features.height;
  enum pex_image_status status = PEX_IMAGE_MALFORMED;
  if (!pex_check_size(width, height, pixel_limit, &status, message)) {
    return status;
  }
  size_t channels = features.has_alpha ? 4 : 3;
  unsigned char *pixels = malloc(width * height * channels);
  if (pixels == NULL) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "no memory for %zux%zu pixels", width, height);
    return PEX_IMAGE_NO_MEMORY;
  }
  uint8_t *(*decode)(const uint8_t *, size_t, uint8_t *, size_t, int) = features.has_alpha ? decode_rgba : decode_rgb;
  if (decode(bytes, count, pixels, width * height * channels, (int)(width * channels)) == NULL) {
    free(pixels);
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "its pixels are damaged or end too early");
    return PEX_IMAGE_MALFORMED;
  }
  if (features.has_alpha) {
    pex_composite_white(pixels, width * height);
    pixels = pex_shrunk(pixels, width, height);
  }
  *image = (struct pex_image){pixels, width, height};
  return PEX_IMAGE_OK;
}
