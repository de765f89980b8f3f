#define _GNU_SOURCE
#include "CPexProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/prctl.h>
#endif

// A pipe that no other program inherits, above the three standard descriptors: one of those may be closed here, and the
// pipe must not take its place.
static int open_pipe(int ends[2]) {
  int low[2];
  if (pipe(low) != 0) return errno;
  int problem = 0;
  for (int end = 0; end < 2; end++) {
    ends[end] = fcntl(low[end], F_DUPFD_CLOEXEC, 3);
    if (ends[end] < 0) problem = errno;
  }
  for (int end = 0; end < 2; end++) {
    close(low[end]);
    if (problem != 0 && ends[end] >= 0) close(ends[end]);
  }
  return problem;
}

static int connect_child(posix_spawn_file_actions_t *actions, int output, int problems) {
  int problem = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (problem == 0) problem = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (problem == 0) problem = posix_spawn_file_actions_adddup2(actions, problems, 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  // What pex opens is not inherited anyway; what was open before pex began might be.
  if (problem == 0) problem = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
  return problem;
}

static int default_signals(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  int problem = posix_spawnattr_setsigmask(attributes, &none);
  if (problem == 0) problem = posix_spawnattr_setsigdefault(attributes, &all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#if defined(__APPLE__)
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  return problem == 0 ? posix_spawnattr_setflags(attributes, flags) : problem;
}

static int spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int problems, pid_t *process) {
  posix_spawnattr_t attributes;
  int problem = posix_spawnattr_init(&attributes);
  if (problem != 0) return problem;
  posix_spawn_file_actions_t actions;
  problem = posix_spawn_file_actions_init(&actions);
  if (problem == 0) {
    problem = default_signals(&attributes);
    if (problem == 0) problem = connect_child(&actions, output, problems);
    if (problem == 0) problem = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawnattr_destroy(&attributes);
  return problem;
}

int pex_start(const char *path, char *const arguments[], char *const environment[], struct pex_child *child) {
  int output[2], problems[2];
  int problem = open_pipe(output);
  if (problem != 0) return problem;
  problem = open_pipe(problems);
  if (problem == 0) {
    problem = spawn(path, arguments, environment, output[1], problems[1], &child->process);
    close(problems[1]);
    if (problem != 0) close(problems[0]);
  }
  close(output[1]);
  if (problem != 0) {
    close(output[0]);
    return problem;
  }
  fcntl(output[0], F_SETFL, O_NONBLOCK);
  fcntl(problems[0], F_SETFL, O_NONBLOCK);
  child->output = output[0];
  child->problems = problems[0];
  return 0;
}

// Bytes of address space that the process has; 0 where the system does not tell.
static uint64_t mapped(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  char line[64] = {0};
  uint64_t pages = fgets(line, sizeof line, file) == NULL ? 0 : strtoull(line, NULL, 10);
  fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// Nobody, the superuser neither, raises a limit by accident: a lower one stays.
static int limit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) return errno;
  if (now.rlim_max < hard) hard = now.rlim_max;
  if (now.rlim_cur < soft) soft = now.rlim_cur;
  struct rlimit wanted = {.rlim_cur = soft < hard ? soft : hard, .rlim_max = hard};
  return setrlimit(resource, &wanted) == 0 ? 0 : errno;
}

int pex_limit_self(const struct pex_limits *limits) {
  uint64_t memory;
  if (__builtin_add_overflow(mapped(), limits->memory, &memory)) memory = RLIM_INFINITY;
  int problem = limit(RLIMIT_AS, memory, memory);
  // The first limit says so with SIGXCPU, the second one kills.
  if (problem == 0) problem = limit(RLIMIT_CPU, limits->seconds, limits->seconds + 5);
  if (problem == 0 && !limits->writes_files) problem = limit(RLIMIT_FSIZE, 0, 0);
  if (problem == 0) problem = limit(RLIMIT_CORE, 0, 0);
  if (problem == 0) problem = limit(RLIMIT_NOFILE, 32, 32);
#if defined(__linux__)
  if (problem == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) problem = errno;
  // Whoever started this may be gone already: then the pipe behind standard output is broken, which ends it as well.
  if (problem == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) problem = errno;
#endif
  return problem;
}

int pex_open_unnamed(const char *folder) {
#if defined(__linux__)
  int file = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  return file >= 0 ? file : memfd_create("pex", MFD_CLOEXEC);
#else
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/.pex-XXXXXX", folder);
  if (length < 0 || length >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int file = mkostemp(path, O_CLOEXEC);
  if (file >= 0) unlink(path);
  return file;
#endif
}
