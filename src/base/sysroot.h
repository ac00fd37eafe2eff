/* SPDX-License-Identifier: MIT
 *
 * Where /proc, /sys and /etc are read from: this machine, or a recorded one below a folder (`--root DIR`).
 * Every fact about the machine passes through here, so any machine can be replayed in a test.
 * Facts that no file holds (statvfs, affinity, which program exists) are written by `kastune host --record`
 * into the key file `machine.ini` at the top of the recording.
 */
#pragma once

#include <glib.h>

typedef struct KtSysroot KtSysroot;

/* @path NULL or "/": the live machine. Otherwise a recorded one; KT_ERROR_NOT_FOUND when it has no machine.ini. */
KtSysroot *kt_sysroot_open (const char *path, GError **error);
void kt_sysroot_free (KtSysroot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtSysroot, kt_sysroot_free)

gboolean kt_sysroot_is_live (const KtSysroot *root);
const char *kt_sysroot_path (const KtSysroot *root); /* "" when live */

/* machine.ini of a recording, an empty key file when live. Borrowed. */
GKeyFile *kt_sysroot_machine (const KtSysroot *root);

/* While recording: every file, link and folder read from the live machine is copied below @directory, which must be new
 * or empty (KT_ERROR_REFUSED). What is only listed or asked for shows as an empty file or folder, never with content.
 * Errors of copying are kept and given back by kt_sysroot_finish_recording, which also writes machine.ini. */
gboolean kt_sysroot_start_recording (KtSysroot *root, const char *directory, GError **error);
gboolean kt_sysroot_finish_recording (KtSysroot *root, GError **error);
gboolean kt_sysroot_is_recording (const KtSysroot *root);

/* @path is absolute ("/proc/meminfo"). At most 1 MiB. NULL when it cannot be read: absent facts are normal,
 * the caller decides whether that is worth a note. Caller frees; trailing white space is removed. */
char *kt_sysroot_read (KtSysroot *root, const char *path);
/* Reads a whole number; FALSE when absent or not a number. "max" reads as G_MAXINT64. */
gboolean kt_sysroot_read_int (KtSysroot *root, const char *path, gint64 *value);
/* Names in a folder, sorted, never NULL, empty when absent. */
GStrv kt_sysroot_list (KtSysroot *root, const char *path);
/* What a symbolic link says, dangling or not; NULL when there is none. */
char *kt_sysroot_link (KtSysroot *root, const char *path);
gboolean kt_sysroot_exists (KtSysroot *root, const char *path);

/* The same without recording, for what may hold secrets or is mostly noise (/proc/PID); kt_sysroot_keep then records
 * the part that may be kept. */
char *kt_sysroot_peek (KtSysroot *root, const char *path);
GStrv kt_sysroot_peek_list (KtSysroot *root, const char *path);
void kt_sysroot_keep (KtSysroot *root, const char *path, const char *text);
