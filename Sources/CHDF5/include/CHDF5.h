// The few things that pex does with libhdf5, whose macros do not import into Swift.
//
// Files are hostile: only hard links are followed, filters are the ones that are built in, no plugin is loaded, and
// nothing is read whose storage lies elsewhere. Every function that can fail gives a negative number, and
// pex_hdf5_problem() then has the line of the library's error stack that tells most.
#ifndef PEX_CHDF5_H
#define PEX_CHDF5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Why an object could not be opened.
enum {
  PEX_HDF5_FAILED = -1,
  PEX_HDF5_MISSING = -2,
  // A soft or external link, which may lead anywhere.
  PEX_HDF5_LINK = -3,
};

enum { PEX_HDF5_RANK_LIMIT = 32 };

// What an attribute holds.
struct pex_hdf5_attribute {
  bool is_string;
  // Whether the strings lie elsewhere in the file, each of its own length.
  bool is_variable;
  // Bytes of one element; of a fixed string with its padding.
  uint64_t size;
  // Elements; 1 for a scalar.
  uint64_t count;
};

// What a dataset holds and how.
struct pex_hdf5_dataset {
  bool is_float, is_integer;
  // Bytes of one element in the file.
  uint64_t size;
  int rank;
  uint64_t extents[PEX_HDF5_RANK_LIMIT];
  // Bytes that the file holds for it, compressed.
  uint64_t stored;
  bool is_chunked;
  // Elements of a chunk.
  uint64_t chunk;
  bool is_virtual, is_external, is_deflated;
  // The first filter other than deflate, shuffle and fletcher32, or 0.
  int other_filter;
};

// Opens a file for reading, and before the first one forbids plugins and silences the library.
int64_t pex_hdf5_open(const char *path);
// The same for a file in memory, which is copied.
int64_t pex_hdf5_open_image(const void *bytes, size_t count);
void pex_hdf5_close_file(int64_t file);

// Opens the group or dataset that a hard link of this group leads to; `name` is one name, without a slash.
int64_t pex_hdf5_open_member(int64_t group, const char *name);
bool pex_hdf5_is_dataset(int64_t object);
void pex_hdf5_close_object(int64_t object);
// Names of a group's members, in the file's alphabetical order: how many there are, and one of them.
int64_t pex_hdf5_member_count(int64_t group);
int64_t pex_hdf5_member_name(int64_t group, uint64_t index, char *name, size_t size);

// Opens an attribute; PEX_HDF5_MISSING when there is none.
int64_t pex_hdf5_open_attribute(int64_t object, const char *name, struct pex_hdf5_attribute *about);
void pex_hdf5_close_attribute(int64_t attribute);
// Reads `count` strings of `size` bytes into a buffer of so many bytes.
int pex_hdf5_read_fixed(int64_t attribute, void *bytes);
// Gives each string of an attribute of variable ones, without its end; a null string is empty.
int pex_hdf5_read_variable(
    int64_t attribute, uint64_t count, void *context, void (*each)(void *context, const char *text, size_t length));

int pex_hdf5_describe(int64_t dataset, struct pex_hdf5_dataset *about);
// Reads all elements as f32, in row-major order.
int pex_hdf5_read_floats(int64_t dataset, float *elements);

// The line of the library's error stack nearest to the cause of the last failure; empty when it said nothing.
const char *pex_hdf5_problem(void);

#endif
