#include <dlfcn.h>

#include "internal.h"

int pex_library_open(const char *const *libraries, const struct pex_symbol *symbols) {
  void *library = NULL;
  for (; library == NULL && *libraries != NULL; libraries++) {
    library = dlopen(*libraries, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) {
    return 0;
  }
  int is_complete = 1;
  for (; symbols->name != NULL; symbols++) {
    *symbols->target = dlsym(library, symbols->name);
    is_complete = is_complete && (*symbols->target != NULL || symbols->is_optional);
  }
  return is_complete;
}
