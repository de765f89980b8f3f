#include "CPexProcess.h"

#include <errno.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define PEX_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define PEX_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Numbers that the C library's headers may be too old to know; they are the same on all architectures.
#define PEX_PIDFD_SEND_SIGNAL 424
#define PEX_IO_URING_SETUP 425
#define PEX_OPENAT2 437

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
// Refuses a system call.
#define FORBID(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), REFUSE
// Refuses it when it would write: the flags are its argument `index`.
#define FORBID_WRITING(number, index)                                                                              \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), LOAD(args[index]),                                            \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0, 1), REFUSE, ALLOW

// Refuses it unless its argument `index` is this.
#define FORBID_UNLESS(number, index, value)                                                                        \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), LOAD(args[index]),                                            \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), REFUSE, ALLOW

// What code that got into this process through a hostile file would want: to start programs, to reach other processes
// or the network, to change files. Reading, memory and threads stay.
int pex_forbid_self(void) {
  // Only to itself may the process send a signal: abort() does.
  const uint32_t own = (uint32_t)getpid();
  struct sock_filter rules[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PEX_ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
#if defined(__x86_64__)
    // Calls of the x32 ABI have other numbers for the same.
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
    REFUSE,
    FORBID_WRITING(SYS_open, 1),
    FORBID(SYS_creat),
    FORBID(SYS_fork),
    FORBID(SYS_vfork),
    FORBID(SYS_unlink),
    FORBID(SYS_rmdir),
    FORBID(SYS_mkdir),
    FORBID(SYS_rename),
    FORBID(SYS_link),
    FORBID(SYS_symlink),
    FORBID(SYS_mknod),
    FORBID(SYS_chmod),
    FORBID(SYS_chown),
    FORBID(SYS_lchown),
#endif
    FORBID_WRITING(SYS_openat, 2),
    FORBID(PEX_OPENAT2),
    FORBID(PEX_IO_URING_SETUP),
    FORBID(SYS_execve),
    FORBID(SYS_execveat),
    FORBID(SYS_ptrace),
    FORBID(SYS_process_vm_readv),
    FORBID(SYS_process_vm_writev),
    FORBID(SYS_kill),
    FORBID(SYS_tkill),
    FORBID(SYS_rt_sigqueueinfo),
    FORBID(SYS_rt_tgsigqueueinfo),
    FORBID(PEX_PIDFD_SEND_SIGNAL),
    FORBID_UNLESS(SYS_tgkill, 0, own),
    FORBID_UNLESS(SYS_prlimit64, 0, 0),
    FORBID(SYS_socket),
    FORBID(SYS_socketpair),
    FORBID(SYS_connect),
    FORBID(SYS_bind),
    FORBID(SYS_sendto),
    FORBID(SYS_sendmsg),
    FORBID(SYS_unlinkat),
    FORBID(SYS_mkdirat),
    FORBID(SYS_renameat2),
    FORBID(SYS_linkat),
    FORBID(SYS_symlinkat),
    FORBID(SYS_mknodat),
    FORBID(SYS_fchmodat),
    FORBID(SYS_fchmod),
    FORBID(SYS_fchownat),
    FORBID(SYS_fchown),
    FORBID(SYS_truncate),
    FORBID(SYS_setxattr),
    FORBID(SYS_lsetxattr),
    FORBID(SYS_fsetxattr),
    FORBID(SYS_mount),
    FORBID(SYS_umount2),
    FORBID(SYS_chroot),
    FORBID(SYS_pivot_root),
    FORBID(SYS_unshare),
    FORBID(SYS_setns),
    FORBID(SYS_bpf),
    FORBID(SYS_perf_event_open),
    FORBID(SYS_keyctl),
    FORBID(SYS_add_key),
    FORBID(SYS_init_module),
    FORBID(SYS_finit_module),
    FORBID(SYS_kexec_load),
#if defined(SYS_renameat)
    FORBID(SYS_renameat),
#endif
    ALLOW,
  };
  struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  // A kernel without filters has the limits alone.
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 || errno == EINVAL ? 0 : errno;
}
#else
int pex_forbid_self(void) { return 0; }
#endif
