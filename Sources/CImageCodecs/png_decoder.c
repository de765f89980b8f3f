#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Everything that must survive a longjmp lives here, outside the frame that called setjmp.
struct png_decoder {
  png_structp png;
  png_infop info;
  const unsigned char *next;
  size_t remaining;
  unsigned char *pixels;
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

// Names of five bytes, as libpng takes them.
static const png_byte ignored[] = "zTXt\0iTXt\0tEXt\0iCCP\0sPLT\0hIST\0pCAL\0sCAL\0eXIf";

// The only frame that longjmp returns to. True when `pixels` holds the whole picture as RGBA.
static int decode(struct png_decoder *decoder, size_t pixel_limit, size_t *width, size_t *height) {
  png_structp png = decoder->png;
  if (setjmp(png_jmpbuf(png))) {
    return 0;
  }
  png_set_read_fn(png, decoder, take);
  // Text, profiles and suggested palettes change nothing here, and some kilobytes of them inflate to megabytes each.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, ignored, sizeof ignored / 5);
  // Libpng refuses sides beyond a million by itself; the limit below is the one that users hear of.
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, decoder->info);
  *width = png_get_image_width(png, decoder->info);
  *height = png_get_image_height(png, decoder->info);
  if (!pex_check_size(*width, *height, pixel_limit, &decoder->status, decoder->message)) {
    return 0;
  }
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, decoder->info);
  if (png_get_rowbytes(png, decoder->info) != *width * 4) {
    png_error(png, "its rows have an unexpected length");
  }
  decoder->pixels = malloc(*width * *height * 4);
  if (decoder->pixels == NULL) {
    decoder->status = PEX_IMAGE_NO_MEMORY;
    snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "no memory for %zux%zu pixels", *width, *height);
    return 0;
  }
  // One row after the other, and not png_read_image: its pointers to rows take more than the pixels of a narrow picture.
  for (int pass = 0; pass < passes; pass++) {
    for (size_t row = 0; row < *height; row++) {
      png_read_row(png, decoder->pixels + row * *width * 4, NULL);
    }
  }
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
    pex_composite_white(decoder.pixels, width * height);
    image->pixels = pex_shrunk(decoder.pixels, width, height);
    image->width = width;
    image->height = height;
    decoder.pixels = NULL;
  }
  free(decoder.pixels);
  png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
  return decoder.status;
}
