#ifndef PEX_FILES_H
#define PEX_FILES_H

/// Remembers a temporary file or folder, so that ``pex_temporary_remove_all`` can remove it. The path is
/// copied. Gives a slot for ``pex_temporary_forget``, or -1 when the path is too long (4095 bytes) or 1024
/// are remembered already.
int pex_temporary_remember(const char *path);

/// Forgets what was renamed or removed. -1 does nothing.
void pex_temporary_forget(int slot);

/// Removes every remembered file, then every remembered folder that is empty. Async-signal-safe: for handlers
/// of SIGINT and SIGTERM.
void pex_temporary_remove_all(void);

/// Renames a file unless something of the new name exists. Gives 0, or -1 with `errno`, EEXIST for the latter.
/// Atomic where the system can do that; otherwise a look and then a rename.
int pex_rename_new(const char *from, const char *to);

/// Lets two files or folders change their names, atomically. Gives 0, or -1 with `errno`, EINVAL or ENOSYS
/// where the system cannot do that.
int pex_rename_exchange(const char *first, const char *second);

#endif
