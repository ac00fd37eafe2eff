/* SPDX-License-Identifier: MIT
 *
 * Whole files, written so that a crash leaves the old content or the new one, never a mixture.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* At most 16 MiB; text is NUL-terminated, @length may be NULL. Never waits for a named pipe, except below /dev (/dev/stdin).
 * Errors by errno: NOT_FOUND, PRIVILEGE, IO. */
gboolean kt_file_read (const char *path, char **text, gsize *length, GError **error);

/* Temporary file in the same folder, mode and owner of @like (or of the file it replaces, or 0644 and the caller's),
 * fsync, rename, fsync of the folder. @length -1: text is a string. Symbolic links are followed, not replaced; as root only
 * those of root, or of the owner of what they lead to (else KT_ERROR_REFUSED).
 * A process killed in between leaves NAME.kastune-new-XXXXXX behind; the next write or removal of NAME clears it away. */
gboolean kt_file_write (const char *path, const char *text, gssize length, const struct stat *like, GError **error);

/* The same for a folder that belongs to somebody else: a symbolic link in the place of @path is replaced, not followed. */
gboolean kt_file_replace (const char *path, const char *text, const struct stat *like, GError **error);

/* Removes a file durably (fsync of its folder). Absent is success. */
gboolean kt_file_remove (const char *path, GError **error);
