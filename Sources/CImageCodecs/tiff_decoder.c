#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// What libtiff 4.x declares, as far as it is used here.
typedef int64_t (*tiff_io)(void *client, void *buffer, int64_t count);
typedef uint64_t (*tiff_seek)(void *client, uint64_t offset, int whence);
typedef int (*tiff_close)(void *client);
typedef uint64_t (*tiff_size)(void *client);
typedef int (*tiff_map)(void *client, void **base, uint64_t *size);
typedef void (*tiff_unmap)(void *client, void *base, uint64_t size);
typedef int (*tiff_report)(void *tiff, void *client, const char *module, const char *format, va_list arguments);

enum {
  TAG_REDUCED = 254,
  TAG_WIDTH = 256,
  TAG_HEIGHT = 257,
  TAG_ORIENTATION = 274,
  TAG_COLORMAP = 320,
  TAG_TILE_WIDTH = 322,
  TAG_TILE_HEIGHT = 323,
  TAG_BITS = 258,
  TAG_PHOTOMETRIC = 262,
  TAG_SAMPLES = 277,
  TAG_EXTRA_SAMPLES = 338,
  PHOTOMETRIC_PALETTE = 3,
  PHOTOMETRIC_SEPARATED = 5,
  EXTRA_UNSPECIFIED = 0,
  EXTRA_SEPARATE = 2,
};

static void *(*client_open)(const char *name, const char *mode, void *client, tiff_io read, tiff_io write,
                            tiff_seek seek, tiff_close close, tiff_size size, tiff_map map, tiff_unmap unmap);
static void *(*client_open_ext)(const char *name, const char *mode, void *client, tiff_io read, tiff_io write,
                                tiff_seek seek, tiff_close close, tiff_size size, tiff_map map, tiff_unmap unmap,
                                void *options);
static void *(*options_alloc)(void);
static void (*options_free)(void *options);
static void (*options_set_most)(void *options, int64_t bytes);
static void (*options_set_errors)(void *options, tiff_report report, void *client);
static void (*options_set_warnings)(void *options, tiff_report report, void *client);
static void *(*set_errors)(void *handler);
static void *(*set_warnings)(void *handler);
static void (*close_file)(void *tiff);
static int (*get_field)(void *tiff, uint32_t tag, ...);
static int (*get_field_defaulted)(void *tiff, uint32_t tag, ...);
static int (*set_field)(void *tiff, uint32_t tag, ...);
static int (*is_readable)(void *tiff, char *message);
static int (*read_rgba)(void *tiff, uint32_t width, uint32_t height, uint32_t *raster, int orientation, int stop);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_there;

static void find_library(void) {
  static const char *const libraries[] = {"libtiff.so.6", "libtiff.so.5", "libtiff.6.dylib", NULL};
  const struct pex_symbol symbols[] = {
      {"TIFFClientOpen", (void **)&client_open, 0},
      {"TIFFClientOpenExt", (void **)&client_open_ext, 1},
      {"TIFFOpenOptionsAlloc", (void **)&options_alloc, 1},
      {"TIFFOpenOptionsFree", (void **)&options_free, 1},
      {"TIFFOpenOptionsSetMaxSingleMemAlloc", (void **)&options_set_most, 1},
      {"TIFFOpenOptionsSetErrorHandlerExtR", (void **)&options_set_errors, 1},
      {"TIFFOpenOptionsSetWarningHandlerExtR", (void **)&options_set_warnings, 1},
      {"TIFFSetErrorHandler", (void **)&set_errors, 0},
      {"TIFFSetWarningHandler", (void **)&set_warnings, 0},
      {"TIFFClose", (void **)&close_file, 0},
      {"TIFFGetField", (void **)&get_field, 0},
      {"TIFFGetFieldDefaulted", (void **)&get_field_defaulted, 0},
      {"TIFFSetField", (void **)&set_field, 0},
      {"TIFFRGBAImageOK", (void **)&is_readable, 0},
      {"TIFFReadRGBAImageOriented", (void **)&read_rgba, 0},
      {NULL, NULL, 0},
  };
  is_there = pex_library_open(libraries, symbols);
  if (is_there) {
    // Nothing is ever printed; what is wrong with a file goes to whoever opened it, where the library can say so.
    set_errors(NULL);
    set_warnings(NULL);
  }
}

struct tiff_decoder {
  const unsigned char *bytes;
  size_t count;
  size_t position;
  void *tiff;
  uint32_t *raster;
  enum pex_image_status status;
  char *message;
};

static int64_t read_bytes(void *client, void *buffer, int64_t count) {
  struct tiff_decoder *decoder = client;
  if (count <= 0 || decoder->position >= decoder->count) {
    return 0;
  }
  size_t there = decoder->count - decoder->position;
  size_t taken = (uint64_t)count < there ? (size_t)count : there;
  memcpy(buffer, decoder->bytes + decoder->position, taken);
  decoder->position += taken;
  return (int64_t)taken;
}

static int64_t write_nothing(void *client, void *buffer, int64_t count) {
  (void)client;
  (void)buffer;
  (void)count;
  return -1;
}

static uint64_t seek(void *client, uint64_t offset, int whence) {
  struct tiff_decoder *decoder = client;
  uint64_t base = whence == SEEK_CUR ? decoder->position : whence == SEEK_END ? decoder->count : 0;
  // Offsets wrap as negative ones would; what lies outside of the file has no bytes.
  uint64_t position = base + offset;
  decoder->position = position > decoder->count ? decoder->count : (size_t)position;
  return position;
}

static int close_nothing(void *client) {
  (void)client;
  return 0;
}

static uint64_t size(void *client) { return ((struct tiff_decoder *)client)->count; }

static int map(void *client, void **base, uint64_t *size) {
  struct tiff_decoder *decoder = client;
  *base = (void *)(uintptr_t)decoder->bytes;
  *size = decoder->count;
  return 1;
}

static void unmap(void *client, void *base, uint64_t size) {
  (void)client;
  (void)base;
  (void)size;
}

static int take_error(void *tiff, void *client, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  (void)module;
  struct tiff_decoder *decoder = client;
  // The first error is the cause of the others.
  if (decoder->message[0] == 0) {
    vsnprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, format, arguments);
  }
  return 1;
}

static int ignore(void *tiff, void *client, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  (void)client;
  (void)module;
  (void)format;
  (void)arguments;
  return 1;
}

static void *open_file(struct tiff_decoder *decoder, size_t pixel_limit) {
  void *options = client_open_ext == NULL || options_alloc == NULL || options_free == NULL ? NULL : options_alloc();
  if (options == NULL) {
    return client_open("", "r", decoder, read_bytes, write_nothing, seek, close_nothing, size, map, unmap);
  }
  // A strip holds at most the whole picture, in at most 64 bits a sample.
  uint64_t most = pixel_limit > INT64_MAX / 64 ? INT64_MAX : (uint64_t)pixel_limit * 32 + (1 << 20);
  if (options_set_most != NULL) {
    options_set_most(options, (int64_t)most);
  }
  if (options_set_errors != NULL) {
    options_set_errors(options, take_error, decoder);
  }
  if (options_set_warnings != NULL) {
    options_set_warnings(options, ignore, NULL);
  }
  void *tiff =
      client_open_ext("", "r", decoder, read_bytes, write_nothing, seek, close_nothing, size, map, unmap, options);
  options_free(options);
  return tiff;
}

static int fail(struct tiff_decoder *decoder, enum pex_image_status status, const char *text) {
  decoder->status = status;
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", text);
  return 0;
}

// The library takes 16-bit colours down to 8 by their share of 65535; most writers put the 8 bits on top and nothing or
// the same bits below them. Both come out right when the upper byte stands in both places.
static void round_palette(void *tiff) {
  uint16_t bits = 0, *colors[3] = {NULL, NULL, NULL};
  if (!get_field_defaulted(tiff, TAG_BITS, &bits) || bits > 8 ||
      !get_field(tiff, TAG_COLORMAP, &colors[0], &colors[1], &colors[2])) {
    return;
  }
  size_t count = (size_t)1 << bits;
  uint16_t rounded[3][256];
  int is_wide = 0;
  for (int channel = 0; channel < 3; channel++) {
    for (size_t index = 0; index < count; index++) {
      uint16_t level = colors[channel][index];
      is_wide = is_wide || level > 255;
      rounded[channel][index] = (uint16_t)((level >> 8) * 257);
    }
  }
  if (is_wide) {
    set_field(tiff, TAG_COLORMAP, rounded[0], rounded[1], rounded[2]);
  }
}

enum alpha { NO_ALPHA, MULTIPLIED, SEPARATE };

// What the sample behind a pixel's colours means. The library takes a fourth one for alpha even where the file does not
// say so, and multiplies colours by their alpha, but not grey levels.
static enum alpha alpha_of(void *tiff) {
  uint16_t samples = 1, extra = 0, photometric = 0, *kinds = NULL;
  get_field_defaulted(tiff, TAG_SAMPLES, &samples);
  get_field_defaulted(tiff, TAG_PHOTOMETRIC, &photometric);
  if (photometric == PHOTOMETRIC_SEPARATED || !get_field_defaulted(tiff, TAG_EXTRA_SAMPLES, &extra, &kinds) ||
      extra == 0 || kinds == NULL) {
    return NO_ALPHA;
  }
  return kinds[0] == EXTRA_UNSPECIFIED ? NO_ALPHA : kinds[0] == EXTRA_SEPARATE && samples == 2 ? SEPARATE : MULTIPLIED;
}

// The library's pixels, red in the lowest byte, to RGB over white, in place.
static void composite(uint32_t *raster, size_t count, enum alpha alpha) {
  unsigned char *pixels = (unsigned char *)raster;
  for (size_t index = 0; index < count; index++) {
    uint32_t pixel;
    memcpy(&pixel, pixels + index * 4, 4);
    uint32_t share = pixel >> 24, white = alpha == NO_ALPHA ? 0 : 255 - share;
    for (int channel = 0; channel < 3; channel++) {
      uint32_t level = pixel >> (8 * channel) & 255;
      level = (alpha == SEPARATE ? (level * share + 127) / 255 : level) + white;
      pixels[index * 3 + (size_t)channel] = (unsigned char)(level > 255 ? 255 : level);
    }
  }
}

// True when the raster holds the picture.
static int decode(struct tiff_decoder *decoder, size_t pixel_limit, uint32_t *width, uint32_t *height) {
  decoder->tiff = open_file(decoder, pixel_limit);
  if (decoder->tiff == NULL) {
    return 0;
  }
  uint32_t tile_width = 0, tile_height = 0, reduced = 0;
  get_field(decoder->tiff, TAG_WIDTH, width);
  get_field(decoder->tiff, TAG_HEIGHT, height);
  if (!pex_check_size(*width, *height, pixel_limit, &decoder->status, decoder->message)) {
    return 0;
  }
  if (get_field(decoder->tiff, TAG_TILE_WIDTH, &tile_width) && get_field(decoder->tiff, TAG_TILE_HEIGHT, &tile_height) &&
      tile_width > 0 && tile_height > pixel_limit / tile_width && (uint64_t)tile_width * tile_height > 1 << 20) {
    return fail(decoder, PEX_IMAGE_MALFORMED, "its tiles are larger than a picture may be");
  }
  if (get_field(decoder->tiff, TAG_REDUCED, &reduced) && reduced & 1) {
    return fail(decoder, PEX_IMAGE_MALFORMED, "its first picture is a preview, as in raw photos");
  }
  char reason[1024] = "";
  if (!is_readable(decoder->tiff, reason)) {
    return fail(decoder, PEX_IMAGE_MALFORMED, reason);
  }
  uint16_t photometric = 0, orientation = 1;
  get_field_defaulted(decoder->tiff, TAG_PHOTOMETRIC, &photometric);
  get_field_defaulted(decoder->tiff, TAG_ORIENTATION, &orientation);
  if (photometric == PHOTOMETRIC_PALETTE) {
    round_palette(decoder->tiff);
  }
  decoder->raster = malloc((size_t)*width * *height * sizeof *decoder->raster);
  if (decoder->raster == NULL) {
    return fail(decoder, PEX_IMAGE_NO_MEMORY, "no memory for its pixels");
  }
  // Asked for the orientation that it has, the library leaves rows and columns as they are stored.
  return read_rgba(decoder->tiff, *width, *height, decoder->raster, orientation, 1);
}

enum pex_image_status pex_decode_tiff(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  message[0] = 0;
  pthread_once(&once, find_library);
  if (!is_there) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libtiff is not installed");
    return PEX_IMAGE_NO_DECODER;
  }
  struct tiff_decoder decoder = {.bytes = bytes, .count = count, .status = PEX_IMAGE_MALFORMED, .message = message};
  uint32_t width = 0, height = 0;
  if (decode(&decoder, pixel_limit, &width, &height) && message[0] == 0) {
    decoder.status = PEX_IMAGE_OK;
    composite(decoder.raster, (size_t)width * height, alpha_of(decoder.tiff));
    unsigned char *pixels = pex_shrunk((unsigned char *)decoder.raster, width, height);
    *image = (struct pex_image){pixels, width, height};
    decoder.raster = NULL;
  } else if (message[0] == 0) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "it is damaged or ends too early");
  }
  if (decoder.tiff != NULL) {
    close_file(decoder.tiff);
  }
  free(decoder.raster);
  return decoder.status;
}
