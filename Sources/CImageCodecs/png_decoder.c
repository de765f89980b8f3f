#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

// Everything that must survive a longjmp lives here, outside the frame that called setjmp.
struct png_decoder {
  png_structp png;
  png_infop info;
  const unsigned char *next;
  size_t remaining;
  unsigned char *pixels;
  png_bytep *rows;
  enum pex_image_status status;
  char *message;
};

static void report(png_structp png, png_const_charp text) {
  struct png_decoder *decoder = png_get_error_ptr(png);
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", text);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void take(png_structp png, png_bytep target, size_t count) {
  struct png_decoder *decoder = png_get_io_ptr(png);
  if (count > decoder->remaining) {
    png_error(png, "the file ends too early");
  }
  memcpy(target, decoder->next, count);
  decoder->next += count;
  decoder->remaining -= count;
}

// RGBA to RGB over white, in place: the target never overtakes the source.
static void composite(unsigned char *pixels, size_t count) {
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

// The only frame that longjmp returns to. True when `pixels` holds the whole picture as RGBA.
static int decode(struct png_decoder *decoder, size_t pixel_limit, size_t *width, size_t *height) {
  png_structp png = decoder->png;
  if (setjmp(png_jmpbuf(png))) {
    return 0;
  }
  png_set_read_fn(png, decoder, take);
  // Libpng refuses sides beyond a million by itself; the limit below is the one that users hear of.
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, decoder->info);
  *width = png_get_image_width(png, decoder->info);
  *height = png_get_image_height(png, decoder->info);
  if (*width == 0 || *height == 0) {
    png_error(png, "it has no pixels");
  }
  if (*height > pixel_limit / *width || *width > SIZE_MAX / 4 / *height) {
    decoder->status = PEX_IMAGE_TOO_LARGE;
    snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%zux%zu pixels, at most %zu in all are allowed", *width,
             *height, pixel_limit);
    return 0;
  }
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(png);
  png_read_update_info(png, decoder->info);
  if (png_get_rowbytes(png, decoder->info) != *width * 4) {
    png_error(png, "its rows have an unexpected length");
  }
  decoder->pixels = malloc(*width * *height * 4);
  decoder->rows = malloc(*height * sizeof(png_bytep));
  if (decoder->pixels == NULL || decoder->rows == NULL) {
    decoder->status = PEX_IMAGE_NO_MEMORY;
    snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "no memory for %zux%zu pixels", *width, *height);
    return 0;
  }
  for (size_t row = 0; row < *height; row++) {
    decoder->rows[row] = decoder->pixels + row * *width * 4;
  }
  png_read_image(png, decoder->rows);
  png_read_end(png, NULL);
  return 1;
}

enum pex_image_status pex_decode_png(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                     struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  message[0] = 0;
  struct png_decoder decoder = {
      .next = bytes, .remaining = count, .status = PEX_IMAGE_MALFORMED, .message = message};
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, report, ignore);
  decoder.info = decoder.png == NULL ? NULL : png_create_info_struct(decoder.png);
  size_t width = 0, height = 0;
  if (decoder.info == NULL) {
    decoder.status = PEX_IMAGE_NO_MEMORY;
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libpng cannot start");
  } else if (decode(&decoder, pixel_limit, &width, &height)) {
    decoder.status = PEX_IMAGE_OK;
    composite(decoder.pixels, width * height);
    unsigned char *shrunk = realloc(decoder.pixels, width * height * 3);
    image->pixels = shrunk == NULL ? decoder.pixels : shrunk;
    image->width = width;
    image->height = height;
    decoder.pixels = NULL;
  }
  free(decoder.rows);
  free(decoder.pixels);
  png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
  return decoder.status;
}
