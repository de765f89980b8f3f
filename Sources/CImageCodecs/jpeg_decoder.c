#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImageCodecs.h"

// A progressive file may repeat scans without end, each one a pass over the whole picture.
enum { MAXIMUM_SCANS = 500 };

// Everything that must survive a longjmp lives here, outside the frame that called setjmp.
struct jpeg_decoder {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf stop;
  unsigned char *pixels;
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

// The only frame that longjmp returns to. True when `pixels` holds the whole picture.
static int decode(struct jpeg_decoder *decoder, const unsigned char *bytes, size_t count, size_t pixel_limit) {
  struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
  jpeg->err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = report;
  decoder->errors.emit_message = warn;
  decoder->errors.output_message = discard;
  jpeg->client_data = decoder;
  if (setjmp(decoder->stop)) {
    return 0;
  }
  jpeg_create_decompress(jpeg);
  decoder->progress.progress_monitor = count_scans;
  jpeg->progress = &decoder->progress;
  jpeg_mem_src(jpeg, bytes, count);
  jpeg_read_header(jpeg, TRUE);
  size_t width = jpeg->image_width, height = jpeg->image_height;
  if (width == 0 || height == 0) {
    fail(decoder, PEX_IMAGE_MALFORMED, "it has no pixels");
  }
  if (height > pixel_limit / width || width > SIZE_MAX / 3 / height) {
    snprintf(decoder->message, PEX_IMAGE_MESSAGE_SIZE, "%zux%zu pixels, at most %zu in all are allowed", width, height,
             pixel_limit);
    decoder->status = PEX_IMAGE_TOO_LARGE;
    return 0;
  }
  switch (jpeg->jpeg_color_space) {
  case JCS_GRAYSCALE:
  case JCS_RGB:
  case JCS_YCbCr:
    break;
  case JCS_CMYK:
  case JCS_YCCK:
    fail(decoder, PEX_IMAGE_MALFORMED, "its colours are CMYK, expected grey or RGB");
    break;
  default:
    fail(decoder, PEX_IMAGE_MALFORMED, "its colours are of an unknown kind, expected grey or RGB");
  }
  jpeg->out_color_space = JCS_RGB;
  jpeg_start_decompress(jpeg);
  if (jpeg->output_width != width || jpeg->output_height != height || jpeg->output_components != 3) {
    fail(decoder, PEX_IMAGE_MALFORMED, "its rows have an unexpected length");
  }
  decoder->pixels = malloc(width * height * 3);
  if (decoder->pixels == NULL) {
    fail(decoder, PEX_IMAGE_NO_MEMORY, "no memory for its pixels");
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = decoder->pixels + (size_t)jpeg->output_scanline * width * 3;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return 1;
}

enum pex_image_status pex_decode_jpeg(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message) {
  *image = (struct pex_image){0};
  message[0] = 0;
  struct jpeg_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) {
    snprintf(message, PEX_IMAGE_MESSAGE_SIZE, "libjpeg cannot start");
    return PEX_IMAGE_NO_MEMORY;
  }
  decoder->status = PEX_IMAGE_MALFORMED;
  decoder->message = message;
  if (decode(decoder, bytes, count, pixel_limit)) {
    decoder->status = PEX_IMAGE_OK;
    image->pixels = decoder->pixels;
    image->width = decoder->jpeg.image_width;
    image->height = decoder->jpeg.image_height;
    decoder->pixels = NULL;
  }
  enum pex_image_status status = decoder->status;
  jpeg_destroy_decompress(&decoder->jpeg);
  free(decoder->pixels);
  free(decoder);
  return status;
}
