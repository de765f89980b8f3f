#ifndef PEX_FILES_H
#define PEX_FILES_H

/// Remembers a temporary file, so that ``pex_temporary_remove_all`` can remove it. The path is copied.
/// Gives a slot for ``pex_temporary_forget``, or -1 when the path is too long (4095 bytes) or 16 are
/// remembered already.
int pex_temporary_remember(const char *path);

/// Forgets a temporary file that was renamed or removed. -1 does nothing.
void pex_temporary_forget(int slot);

/// Unlinks every remembered file. Async-signal-safe: for handlers of SIGINT and SIGTERM.
void pex_temporary_remove_all(void);

/// Renames a file unless something of the new name exists. Gives 0, or -1 with `errno`, EEXIST for the latter.
/// Atomic where the system can do that; otherwise a look and then a rename.
int pex_rename_new(const char *from, const char *to);

#endif
