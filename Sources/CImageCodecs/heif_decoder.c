#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// What libheif 1.x declares, as far as it is used here.
struct heif_error {
  int code;
  int subcode;
  const char *message;
};

// Version 2 of the options; later ones only add to the end, and the library makes them itself.
struct heif_decoding_options {
  uint8_t version;
  uint8_t ignore_transformations;
  void (*start_progress)(int step, int most, void *user);
  void (*on_progress)(int step, int progress, void *user);
  void (*end_progress)(int step, void *user);
  void *user;
  uint8_t convert_hdr_to_8bit;
};

enum {
  ERROR_UNSUPPORTED_FILE = 3,
  ERROR_UNSUPPORTED_FEATURE = 4,
  SUBERROR_UNSUPPORTED_CODEC = 3000,
  COLORS_RGB = 1,
  CHROMA_RGB = 10,
  CHROMA_RGBA = 11,
  CHANNEL_INTERLEAVED = 10,
};

static void *(*context_alloc)(void);
static void (*context_free)(void *context);
static struct heif_error (*context_read)(void *context, const void *bytes, size_t count, const void *options);
static struct heif_error (*context_primary)(void *context, void **handle);
static void (*handle_release)(void *handle);
static int (*handle_width)(const void *handle);
static int (*handle_height)(const void *handle);
static int (*handle_stored_width)(const void *handle);
static int (*handle_stored_height)(const void *handle);
static int (*handle_has_alpha)(const void *handle);
static int (*handle_is_premultiplied)(const void *handle);
static struct heif_decoding_options *(*options_alloc)(void);
static void (*options_free)(struct heif_decoding_options *options);
static struct heif_error (*decode_image)(const void *handle, void **image, int colors, int chroma,
                                         const struct heif_decoding_options *options);
static void (*image_release)(const void *image);
static int (*image_width)(const void *image, int channel);
static int (*image_height)(const void *image, int channel);
static const uint8_t *(*image_plane)(const void *image, int channel, int *stride);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_there;

static void find_library(void) {
  static const char *const libraries[] = {"libheif.so.1", "libheif.1.dylib", NULL};
  const struct pex_symbol symbols[] = {
      {"heif_context_alloc", (void **)&context_alloc, 0},
      {"heif_context_free", (void **)&context_free, 0},
      {"heif_context_read_from_memory_without_copy", (void **)&context_read, 0},
      {"heif_context_get_primary_image_handle", (void **)&context_primary, 0},
      {"heif_image_handle_release", (void **)&handle_release, 0},
      {"heif_image_handle_get_width", (void **)&handle_width, 0},
      {"heif_image_handle_get_height", (void **)&handle_height, 0},
      {"heif_image_handle_get_ispe_width", (void **)&handle_stored_width, 1},
      {"heif_image_handle_get_ispe_height", (void **)&handle_stored_height, 1},
      {"heif_image_handle_has_alpha_channel", (void **)&handle_has_alpha, 0},
      {"heif_image_handle_is_premultiplied_alpha", (void **)&handle_is_premultiplied, 1},
      {"heif_decoding_options_alloc", (void **)&options_alloc, 0},
      {"heif_decoding_options_free", (void **)&options_free, 0},
      {"heif_decode_image", (void **)&decode_image, 0},
      {"heif_image_release", (void **)&image_release, 0},
      {"heif_image_get_width", (void **)&image_width, 0},
      {"heif_image_get_height", (void **)&image_height, 0},
      {"heif_image_get_plane_readonly", (void **)&image_plane, 0},
      {NULL, NULL, 0},
  };
  is_there = pex_library_open(libraries, symbols);
}

// Everything that is released at the end.
struct heif_decoder {
  void *context;
  void *handle;
  void *decoded;
  struct heif_decoding_options *options;
  enum pex_image_status status;
  char *message;
};

// True when there is no error.
static int check(struct heif_decoder *decoder, struct heif_error error) {
  if (error.code == 0) {
    return 1;
  }
  int lacks_codec = error.code == ERROR_UNSUPPORTED_FILE ||
                    (error.code == ERROR_UNSUPPORTED_FEATURE && error.subcode == SUBERROR_UNSUPPORTED_CODEC);
  decoder->status = lacks_codec ? PEX_IMAGE_NO_DECODER : PEX_IMAGE_MALFORMED;
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", error.message == NULL ? "unknown error" : error.message);
  return 0;
}

static int fail(struct heif_decoder *decoder, enum pex_image_status status, const char *text) {
  decoder->status = status;
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", text);
  return 0;
}

// What is seen over white of levels that were multiplied by their alpha.
static void add_white(unsigned char *pixels, size_t count) {
  for (size_t index = 0; index < count; index++) {
    unsigned white = 255u - pixels[index * 4 + 3];
    for (size_t channel = 0; channel < 3; channel++) {
      unsigned level = pixels[index * 4 + channel] + white;
      pixels[index * 3 + channel] = (unsigned char)(level > 255 ? 255 : level);
    }
  }
}

// True when the picture's size is told, and allowed: of what is shown, and of what is stored and cropped then. The library
// itself refuses pieces with sides beyond 32768.
static int open_picture(struct heif_decoder *decoder, const unsigned char *bytes, size_t count, size_t pixel_limit) {
  decoder->context = context_alloc();
  decoder->options = options_alloc();
  if (decoder->context == NULL || decoder->options == NULL) {
    return fail(decoder, PEX_IMAGE_NO_MEMORY, "libheif cannot start");
  }
  if (!check(decoder, context_read(decoder->context, bytes, count, NULL)) ||
      !check(decoder, context_primary(decoder->context, &decoder->handle))) {
    return 0;
  }
  int width = handle_width(decoder->handle), height = handle_height(decoder->handle);
  int stored_width = handle_stored_width == NULL ? 0 : handle_stored_width(decoder->handle);
  int stored_height = handle_stored_height == NULL ? 0 : handle_stored_height(decoder->handle);
  if (width < 0 || height < 0) {
    return fail(decoder, PEX_IMAGE_MALFORMED, "it has no pixels");
  }
  // The larger one first: it is the limit that a user needs.
  if (stored_width > 0 && stored_height > 0 &&
      !pex_check_size((size_t)stored_width, (size_t)stored_height, pixel_limit, &decoder->status, decoder->message)) {
    return 0;
  }
  return pex_check_size((size_t)width, (size_t)height, pixel_limit, &decoder->status, decoder->message);
}

// True when `image` holds the picture.
static int decode(struct heif_decoder *decoder, struct pex_image *image) {
  int has_alpha = handle_has_alpha(decoder->handle);
  decoder->options->convert_hdr_to_8bit = 1;
  if (!check(decoder, decode_image(decoder->handle, &decoder->decoded, COLORS_RGB,
                                   has_alpha ? CHROMA_RGBA : CHROMA_RGB, decoder->options))) {
    return 0;
  }
  int stride = 0;
  const uint8_t *plane = image_plane(decoder->decoded, CHANNEL_INTERLEAVED, &stride);
  int signed_width = image_width(decoder->decoded, CHANNEL_INTERLEAVED);
  int signed_height = image_height(decoder->decoded, CHANNEL_INTERLEAVED);
  size_t channels = has_alpha ? 4 : 3;
  if (plane == NULL || signed_width <= 0 || signed_height <= 0 || stride < 0 ||
      (size_t)stride < (size_t)signed_width * channels) {
    return fail(decoder, PEX_IMAGE_MALFORMED, "it has no pixels");
  }
  size_t width = (size_t)signed_width, height = (size_t)signed_height;
  if (signed_width != handle_width(decoder->handle) || signed_height != handle_height(decoder->handle)) {
    return fail(decoder, PEX_IMAGE_MALFORMED, "it holds another picture than it says");
  }
  unsigned char *pixels = malloc(width * height * channels);
  if (pixels == NULL) {
    return fail(decoder, PEX_IMAGE_NO_MEMORY, "no memory for its pixels");
  }
  for (size_t row = 0; row < height; row++) {
    memcpy(pixels + row * width * channels, plane + row * (size_t)stride, width * channels);
  }
  if (has_alpha) {
    if (handle_is_premultiplied != NULL && handle_is_premultiplied(decoder->handle)) {
      add_white(pixels, width * height);
    } else {
      pex_composite_white(pixels, width * height);
    }
    pixels = pex_shrunk(pixels, width, height);
  }
  *image = (struct pex_image){pixels, width, height};
  return 1;
}

enum pex_image_status pex_decode_heif(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  message[0] = 0;
  pthread_once(&once, find_library);
  if (!is_there) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libheif is not installed");
    return PEX_IMAGE_NO_DECODER;
  }
  struct heif_decoder decoder = {.status = PEX_IMAGE_MALFORMED, .message = message};
  if (open_picture(&decoder, bytes, count, pixel_limit) && decode(&decoder, image)) {
    decoder.status = PEX_IMAGE_OK;
  }
  if (decoder.decoded != NULL) {
    image_release(decoder.decoded);
  }
  if (decoder.handle != NULL) {
    handle_release(decoder.handle);
  }
  if (decoder.options != NULL) {
    options_free(decoder.options);
  }
  if (decoder.context != NULL) {
    context_free(decoder.context);
  }
  return decoder.status;
}
