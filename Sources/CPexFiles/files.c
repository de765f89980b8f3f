#define _GNU_SOURCE
#include "pex_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A slot is free, being written, or live. Only live ones are read by a signal handler, so that it never
// sees half a path.
enum { slot_free, slot_writing, slot_live };
// A folder may have several hundred files; slots that nothing uses take no memory.
enum { slot_count = 1024, path_limit = 4096 };

static struct {
  atomic_int state;
  char path[path_limit];
} slots[slot_count];

int pex_temporary_remember(const char *path) {
  size_t length = strlen(path);
  if (length >= path_limit) return -1;
  for (int slot = 0; slot < slot_count; slot++) {
    int expected = slot_free;
    if (!atomic_compare_exchange_strong(&slots[slot].state, &expected, slot_writing)) continue;
    memcpy(slots[slot].path, path, length + 1);
    atomic_store(&slots[slot].state, slot_live);
    return slot;
  }
  return -1;
}

void pex_temporary_forget(int slot) {
  if (slot >= 0 && slot < slot_count) atomic_store(&slots[slot].state, slot_free);
}

void pex_temporary_remove_all(void) {
  int saved = errno;
  for (int slot = 0; slot < slot_count; slot++) {
    if (atomic_load(&slots[slot].state) == slot_live) unlink(slots[slot].path);
  }
  // Files are no folders: only what is left can be one, and is empty by now.
  for (int slot = 0; slot < slot_count; slot++) {
    if (atomic_load(&slots[slot].state) == slot_live) rmdir(slots[slot].path);
  }
  errno = saved;
}

int pex_rename_new(const char *from, const char *to) {
#if defined(__linux__)
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
#endif
  struct stat status;
  if (lstat(to, &status) == 0) {
    errno = EEXIST;
    return -1;
  }
  return rename(from, to);
}

int pex_rename_exchange(const char *first, const char *second) {
#if defined(__linux__)
  return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
#else
  (void)first;
  (void)second;
  errno = ENOSYS;
  return -1;
#endif
}
