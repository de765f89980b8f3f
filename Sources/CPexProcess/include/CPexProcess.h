#ifndef PEX_PROCESS_H
#define PEX_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// A process that was started, and the ends from which its standard output and standard error are read.
struct pex_child {
  pid_t process;
  int output, problems;
};

/// Starts a program by exec, never by a bare fork: nothing at its standard input, pipes behind its standard output and
/// error, no other descriptor, every signal as it is by default. Both lists end with NULL. The reading ends do not
/// block. Gives 0, or an error number.
int pex_start(const char *path, char *const arguments[], char *const environment[], struct pex_child *child);

/// What a process may take.
struct pex_limits {
  /// Bytes of address space beyond what the process has already.
  uint64_t memory;
  /// Seconds of processor time.
  uint64_t seconds;
  /// Whether it may make files longer.
  bool writes_files;
};

/// Limits the calling process for good: memory, time, descriptors, core files, privileges; and it is killed when the
/// thread dies that started it. Gives 0, or an error number.
int pex_limit_self(const struct pex_limits *limits);

/// Forbids the calling process for good to start programs, to reach other processes or the network, and to change files
/// other than by descriptors it has; reading, memory and threads stay. On Linux, for x86-64 and AArch64; elsewhere nothing
/// happens. Gives 0, or an error number.
int pex_forbid_self(void);

/// Opens an empty file for reading and writing that has no name, so that nobody finds it and nothing is left when its
/// last user goes: on the device of `folder`, or in memory where that cannot do it. Gives a descriptor, or -1 with `errno`.
int pex_open_unnamed(const char *folder);

#endif
