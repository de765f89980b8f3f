#include "CHDF5.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char problem[256];

// The walk starts at the innermost function, which knows best what is wrong.
static herr_t first_line(unsigned depth, const H5E_error2_t *error, void *context) {
  (void)depth;
  (void)context;
  if (problem[0] == 0 && error->desc) strncpy(problem, error->desc, sizeof problem - 1);
  return 0;
}

static int64_t failed(void) {
  memset(problem, 0, sizeof problem);
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_line, NULL);
  return PEX_HDF5_FAILED;
}

const char *pex_hdf5_problem(void) { return problem; }

static bool prepare(void) {
  if (H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0) return false;
  return H5PLset_loading_state(0) >= 0;
}

int64_t pex_hdf5_open(const char *path) {
  if (!prepare()) return failed();
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  return file < 0 ? failed() : file;
}

int64_t pex_hdf5_open_image(const void *bytes, size_t count) {
  if (!prepare()) return failed();
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0) return failed();
  int64_t file = PEX_HDF5_FAILED;
  // The library's signature lacks a const: it copies the bytes.
  if (H5Pset_fapl_core(access, 1 << 16, false) < 0 || H5Pset_file_image(access, (void *)bytes, count) < 0 ||
      (file = H5Fopen("image", H5F_ACC_RDONLY, access)) < 0)
    file = failed();
  H5Pclose(access);
  return file;
}

void pex_hdf5_close_file(int64_t file) { H5Fclose(file); }

int64_t pex_hdf5_open_member(int64_t group, const char *name) {
  htri_t exists = H5Lexists(group, name, H5P_DEFAULT);
  if (exists < 0) return failed();
  if (!exists) return PEX_HDF5_MISSING;
  H5L_info_t info;
  if (H5Lget_info(group, name, &info, H5P_DEFAULT) < 0) return failed();
  if (info.type != H5L_TYPE_HARD) return PEX_HDF5_LINK;
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) return failed();
  H5I_type_t type = H5Iget_type(object);
  if (type == H5I_GROUP || type == H5I_DATASET) return object;
  H5Oclose(object);
  return PEX_HDF5_MISSING;
}

bool pex_hdf5_is_dataset(int64_t object) { return H5Iget_type(object) == H5I_DATASET; }

void pex_hdf5_close_object(int64_t object) { H5Oclose(object); }

int64_t pex_hdf5_member_count(int64_t group) {
  H5G_info_t info;
  if (H5Gget_info(group, &info) < 0) return failed();
  return info.nlinks > INT64_MAX ? INT64_MAX : (int64_t)info.nlinks;
}

int64_t pex_hdf5_member_name(int64_t group, uint64_t index, char *name, size_t size) {
  ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, size, H5P_DEFAULT);
  return length < 0 ? failed() : length;
}

int64_t pex_hdf5_open_attribute(int64_t object, const char *name, struct pex_hdf5_attribute *about) {
  htri_t exists = H5Aexists(object, name);
  if (exists < 0) return failed();
  if (!exists) return PEX_HDF5_MISSING;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return failed();
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  htri_t variable = type < 0 ? -1 : H5Tis_variable_str(type);
  hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  int64_t result = attribute;
  if (type < 0 || space < 0 || variable < 0 || count < 0) {
    result = failed();
    H5Aclose(attribute);
  } else {
    about->is_string = H5Tget_class(type) == H5T_STRING;
    about->is_variable = variable;
    about->size = H5Tget_size(type);
    about->count = (uint64_t)count;
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  return result;
}

void pex_hdf5_close_attribute(int64_t attribute) { H5Aclose(attribute); }

int pex_hdf5_read_fixed(int64_t attribute, void *bytes) {
  hid_t type = H5Aget_type(attribute);
  if (type < 0) return (int)failed();
  int result = H5Aread(attribute, type, bytes) < 0 ? (int)failed() : 0;
  H5Tclose(type);
  return result;
}

int pex_hdf5_read_variable(
    int64_t attribute, uint64_t count, void *context, void (*each)(void *context, const char *text, size_t length)) {
  char **texts = calloc(count ? count : 1, sizeof *texts);
  if (!texts) return PEX_HDF5_FAILED;
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  int result = 0;
  if (type < 0 || space < 0 || H5Aread(attribute, type, texts) < 0) {
    result = (int)failed();
  } else {
    for (uint64_t index = 0; index < count; index++)
      each(context, texts[index] ? texts[index] : "", texts[index] ? strlen(texts[index]) : 0);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  free(texts);
  return result;
}

static bool describe_filters(hid_t properties, struct pex_hdf5_dataset *about) {
  int count = H5Pget_nfilters(properties);
  for (int index = 0; index < count; index++) {
    unsigned flags = 0, settings[8], configuration = 0;
    size_t known = 8;
    H5Z_filter_t filter =
        H5Pget_filter2(properties, (unsigned)index, &flags, &known, settings, 0, NULL, &configuration);
    if (filter < 0) return false;
    if (filter == H5Z_FILTER_DEFLATE)
      about->is_deflated = true;
    else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32 && !about->other_filter)
      about->other_filter = filter;
  }
  return count >= 0;
}

static bool describe_storage(hid_t dataset, hid_t properties, struct pex_hdf5_dataset *about) {
  H5D_layout_t layout = H5Pget_layout(properties);
  if (layout < 0) return false;
  about->is_virtual = layout == H5D_VIRTUAL;
  about->is_chunked = layout == H5D_CHUNKED;
  if (about->is_chunked) {
    hsize_t extents[PEX_HDF5_RANK_LIMIT];
    int rank = H5Pget_chunk(properties, PEX_HDF5_RANK_LIMIT, extents);
    if (rank < 0) return false;
    about->chunk = 1;
    for (int axis = 0; axis < rank; axis++)
      if (__builtin_mul_overflow(about->chunk, extents[axis], &about->chunk)) about->chunk = UINT64_MAX;
  }
  if (!about->is_virtual) about->stored = H5Dget_storage_size(dataset);
  about->is_external = layout == H5D_CONTIGUOUS && H5Pget_external_count(properties) != 0;
  return describe_filters(properties, about);
}

int pex_hdf5_describe(int64_t dataset, struct pex_hdf5_dataset *about) {
  memset(about, 0, sizeof *about);
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), properties = H5Dget_create_plist(dataset);
  int result = 0;
  if (type < 0 || space < 0 || properties < 0) {
    result = (int)failed();
  } else {
    H5T_class_t class = H5Tget_class(type);
    about->is_float = class == H5T_FLOAT;
    // Truth values are an enumeration of integers.
    about->is_integer = class == H5T_INTEGER || class == H5T_ENUM;
    about->size = H5Tget_size(type);
    hsize_t extents[PEX_HDF5_RANK_LIMIT];
    about->rank = H5Sget_simple_extent_dims(space, extents, NULL);
    for (int axis = 0; axis < about->rank; axis++) about->extents[axis] = extents[axis];
    if (about->rank < 0 || !describe_storage(dataset, properties, about)) result = (int)failed();
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  if (properties >= 0) H5Pclose(properties);
  return result;
}

int pex_hdf5_read_floats(int64_t dataset, float *elements) {
  return H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements) < 0 ? (int)failed() : 0;
}
