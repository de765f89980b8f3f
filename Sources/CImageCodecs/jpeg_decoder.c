#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "internal.h"

// A progressive file may repeat scans without end, each one a pass over the whole picture.
enum { MAXIMUM_SCANS = 500 };

// Everything that must survive a longjmp lives here, outside the frame that called setjmp.
struct jpeg_decoder {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf stop;
  unsigned char *pixels;
  // One row of which a part is wanted.
  unsigned char *row;
  enum pex_image_status status;
  char *message;
};

static void report(j_common_ptr jpeg) {
  struct jpeg_decoder *decoder = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", text);
  longjmp(decoder->stop, 1);
}

// Libjpeg paints over missing and damaged data with a mere warning. Only warnings after which every pixel is still
// as its author meant it are let pass.
static void warn(j_common_ptr jpeg, int level) {
  if (level >= 0) {
    return;
  }
  switch (jpeg->err->msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR:
  case JWRN_TOO_MUCH_DATA:
    return;
  default:
    report(jpeg);
  }
}

static void discard(j_common_ptr jpeg) { (void)jpeg; }

static void fail(struct jpeg_decoder *decoder, enum pex_image_status status, const char *text) {
  decoder->status = status;
  snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%s", text);
  longjmp(decoder->stop, 1);
}

static void count_scans(j_common_ptr jpeg) {
  if (((j_decompress_ptr)jpeg)->input_scan_number > MAXIMUM_SCANS) {
    fail(jpeg->client_data, PEX_IMAGE_MALFORMED, "it has too many scans");
  }
}

static void prepare(struct jpeg_decoder *decoder) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  jpeg->err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = report;
  decoder->errors.emit_message = warn;
  decoder->errors.output_message = discard;
  jpeg->client_data = decoder;
}

static void read_header(struct jpeg_decoder *decoder, const unsigned char *bytes, size_t count) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  jpeg_create_decompress(jpeg);
  decoder->progress.progress_monitor = count_scans;
  jpeg->progress = &decoder->progress;
  jpeg_mem_src(jpeg, bytes, count);
  jpeg_read_header(jpeg, TRUE);
}

// Pixels beside a part whose samples its own are interpolated with: libjpeg takes the part's edge for the picture's.
enum { MARGIN = 8 };

// Cyan, magenta, yellow and black to RGB, in place, without any profile. What is stored is how much paper each ink leaves
// white, as Adobe's programs do and everybody after them.
static void reduce_inks(unsigned char *pixels, size_t count) {
  for (size_t index = 0; index < count; index++) {
    const unsigned char *inks = pixels + index * 4;
    unsigned black = inks[3];
    for (size_t channel = 0; channel < 3; channel++) {
      pixels[index * 3 + channel] = (unsigned char)(black - ((255u - inks[channel]) * black + 127) / 255);
    }
  }
}

// Gives the wanted pixels away row by row and looks at all others no further than damage needs to be found.
static void read_part(struct jpeg_decoder *decoder, const struct pex_rows *rows, size_t channels) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  const struct pex_region wanted = rows->part;
  JDIMENSION left = wanted.left > MARGIN ? wanted.left - MARGIN : 0;
  const size_t right = wanted.left + wanted.width + MARGIN;
  JDIMENSION width = (right < jpeg->output_width ? right : jpeg->output_width) - left;
  if (width < jpeg->output_width) {
    jpeg_crop_scanline(jpeg, &left, &width);
  }
  // Libjpeg-turbo writes aligned rows past the caches, from where they are read next: this one is never aligned.
  decoder->row = malloc((size_t)width * channels + 1);
  if (decoder->row == NULL) {
    fail(decoder, PEX_IMAGE_NO_MEMORY, "no memory for its pixels");
  }
  JSAMPROW row = decoder->row + 1;
  unsigned char *pixels = row + channels * (wanted.left - left);
  if (wanted.top > 0) {
    jpeg_skip_scanlines(jpeg, wanted.top);
  }
  for (size_t y = 0; y < wanted.height; y++) {
    jpeg_read_scanlines(jpeg, &row, 1);
    if (channels == 4) {
      reduce_inks(pixels, wanted.width);
    }
    rows->take(rows->taker, pixels);
  }
  // Skipping to the very end would read no further.
  if (jpeg->output_scanline + 1 < jpeg->output_height) {
    jpeg_skip_scanlines(jpeg, jpeg->output_height - jpeg->output_scanline - 1);
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    jpeg_read_scanlines(jpeg, &row, 1);
  }
}

static void read_whole(struct jpeg_decoder *decoder, size_t channels) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  const size_t width = jpeg->output_width, height = jpeg->output_height;
  decoder->pixels = malloc(width * height * channels);
  if (decoder->pixels == NULL) {
    fail(decoder, PEX_IMAGE_NO_MEMORY, "no memory for its pixels");
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = decoder->pixels + (size_t)jpeg->output_scanline * width * channels;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  if (channels == 4) {
    reduce_inks(decoder->pixels, width * height);
    decoder->pixels = pex_shrunk(decoder->pixels, width, height);
  }
}

static int has(size_t width, size_t height, struct pex_region part) {
  return part.width > 0 && part.left <= width && part.width <= width - part.left && part.height > 0 &&
         part.top <= height && part.height <= height - part.top;
}

// The only frame that longjmp returns to. True when the wanted rows are given away or, where none are wanted, `pixels` holds
// the whole picture.
static int decode(struct jpeg_decoder *decoder, const unsigned char *bytes, size_t count, size_t pixel_limit,
                  const struct pex_rows *rows) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  prepare(decoder);
  if (setjmp(decoder->stop)) {
    return 0;
  }
  read_header(decoder, bytes, count);
  size_t width = jpeg->image_width, height = jpeg->image_height;
  if (!pex_check_size(width, height, pixel_limit, &decoder->status, decoder->message)) {
    return 0;
  }
  size_t channels = 3;
  switch (jpeg->jpeg_color_space) {
  case JCS_GRAYSCALE:
  case JCS_RGB:
  case JCS_YCbCr:
    break;
  case JCS_CMYK:
  case JCS_YCCK:
    channels = 4;
    break;
  default:
    fail(decoder, PEX_IMAGE_MALFORMED, "its colours are of an unknown kind, expected grey, RGB or CMYK");
  }
  jpeg->out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(jpeg);
  if (jpeg->output_width != width || jpeg->output_height != height || jpeg->output_components != (int)channels) {
    fail(decoder, PEX_IMAGE_MALFORMED, "its rows have an unexpected length");
  }
  if (rows != NULL && !has(width, height, rows->part)) {
    fail(decoder, PEX_IMAGE_MALFORMED, "a part is wanted that it does not have");
  }
  if (rows != NULL) {
    read_part(decoder, rows, channels);
  } else {
    read_whole(decoder, channels);
  }
  jpeg_finish_decompress(jpeg);
  return 1;
}

// The frame that a broken header returns to.
static int look(struct jpeg_decoder *decoder, const unsigned char *bytes, size_t count) {
  prepare(decoder);
  if (setjmp(decoder->stop)) {
    return 0;
  }
  read_header(decoder, bytes, count);
  return 1;
}

int pex_jpeg_size(const unsigned char *bytes, size_t count, size_t *width, size_t *height) {
  char message[PEX_IMAGE_MESSAGE_SIZE];
  struct jpeg_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) {
    return 0;
  }
  decoder->message = message;
  const int found = look(decoder, bytes, count);
  *width = decoder->jpeg.image_width;
  *height = decoder->jpeg.image_height;
  jpeg_destroy_decompress(&decoder->jpeg);
  free(decoder);
  return found;
}

static enum pex_image_status run(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                 const struct pex_rows *rows, struct pex_image *image, char *message) {
  message[0] = 0;
  struct jpeg_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libjpeg cannot start");
    return PEX_IMAGE_NO_MEMORY;
  }
  decoder->status = PEX_IMAGE_MALFORMED;
  decoder->message = message;
  if (decode(decoder, bytes, count, pixel_limit, rows)) {
    decoder->status = PEX_IMAGE_OK;
    if (image != NULL) {
      image->pixels = decoder->pixels;
      image->width = decoder->jpeg.output_width;
      image->height = decoder->jpeg.output_height;
      decoder->pixels = NULL;
    }
  }
  enum pex_image_status status = decoder->status;
  jpeg_destroy_decompress(&decoder->jpeg);
  free(decoder->pixels);
  free(decoder->row);
  free(decoder);
  return status;
}

enum pex_image_status pex_decode_jpeg(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  return run(bytes, count, pixel_limit, NULL, image, message);
}

enum pex_image_status pex_decode_jpeg_rows(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                           const struct pex_rows *rows, char *message) {
  return run(bytes, count, pixel_limit, rows, NULL, message);
}
