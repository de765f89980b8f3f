#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>

// Decoders and an encoder of whole pictures held in memory, over libpng and libjpeg-turbo. Both libraries report errors by longjmp;
// no jump ever leaves these functions. They keep no state and may be called from any thread.
//
// Libwebp, libheif and libtiff are not linked but looked for when the first such picture comes: a device that never meets
// one goes without them, and building needs none of their files. What is declared of them is what their first stable
// versions promise.

// A decoded picture: `width * height * 3` bytes, red, green, blue interleaved, rows from top to bottom.
// `pixels` comes from malloc and is released by pex_image_free.
struct pex_image {
  unsigned char *pixels;
  size_t width;
  size_t height;
};

enum pex_image_status {
  PEX_IMAGE_OK = 0,
  PEX_IMAGE_MALFORMED = 1,    // damaged, truncated, or of a kind that is refused
  PEX_IMAGE_TOO_LARGE = 2,    // more pixels than the limit; nothing was decoded
  PEX_IMAGE_NO_MEMORY = 3,    // the pixels could not be allocated
  PEX_IMAGE_NO_DECODER = 4,   // the library that decodes such pictures is not installed, or lacks a codec
};

enum { PEX_IMAGE_MESSAGE_SIZE = 256 };

// Decodes a PNG. Palettes, grey and 16-bit samples become 8-bit RGB (16 bits rounded to nearest); transparency is
// composited over white; no gamma or colour profile is applied. Anything but PEX_IMAGE_OK leaves `image` empty and a
// terminated line in `message`, which holds PEX_IMAGE_MESSAGE_SIZE bytes; for PEX_IMAGE_TOO_LARGE that is WIDTHxHEIGHT.
enum pex_image_status pex_decode_png(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                     struct pex_image *image, char *message);

// Decodes a JPEG in grey, YCbCr or RGB colours, or in CMYK or YCCK as Adobe's programs store them, which becomes RGB without
// any profile. EXIF is not looked at. Results as above.
enum pex_image_status pex_decode_jpeg(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message);

// Some pixels of a picture: `height` rows from `top` on, of each `width` pixels from `left` on.
struct pex_region {
  size_t left;
  size_t top;
  size_t width;
  size_t height;
};

// The sides that a JPEG's header tells. False when it has none that makes sense.
int pex_jpeg_size(const unsigned char *bytes, size_t count, size_t *width, size_t *height);

// A part of a picture that is given away while it is decoded: `take` is called with `taker` and the `part.width * 3` bytes of
// each of its rows, from top to bottom. They are gone when it returns, and it must return.
struct pex_rows {
  struct pex_region part;
  void (*take)(void *taker, const unsigned char *row);
  void *taker;
};

// As pex_decode_jpeg, but only a part, with the very same pixels. Damage outside the part is an error too, which may come
// after any number of rows.
enum pex_image_status pex_decode_jpeg_rows(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                           const struct pex_rows *rows, char *message);

// Decodes a WebP of one frame, lossy or lossless; transparency is composited over white. Results as above.
enum pex_image_status pex_decode_webp(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message);

// Decodes the primary picture of a HEIF file (HEIC, AVIF), turned and cropped as the file says; more bits than 8 are
// reduced, transparency is composited over white. Results as above.
enum pex_image_status pex_decode_heif(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message);

// Decodes the first picture of a TIFF file, in the order in which rows and columns are stored, whatever its orientation
// says; more bits than 8 are reduced to 8, within a level, transparency is composited over white. Results as above.
enum pex_image_status pex_decode_tiff(const unsigned char *bytes, size_t count, size_t pixel_limit,
                                      struct pex_image *image, char *message);

// Releases the pixels of `image` and empties it.
void pex_image_free(struct pex_image *image);

// Encodes `width * height * 3` bytes, red, green, blue interleaved, as a PNG of 8 bits. Sides of 1 to 32767 pixels; the same
// pixels give the same bytes. Anything but PEX_IMAGE_OK leaves `bytes` NULL; they are released by pex_encoded_free.
enum pex_image_status pex_encode_png(const unsigned char *pixels, size_t width, size_t height, unsigned char **bytes,
                                     size_t *count);

// Releases what was encoded.
void pex_encoded_free(unsigned char *bytes);

#endif
