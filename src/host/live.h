/* SPDX-License-Identifier: MIT
 *
 * Where the pure parts meet the machine: files of /etc, values of /proc/sys and /sys, mounts. A prefix before every path
 * ("" in real life) lets tests work on a folder of theirs; below one no program is started.
 */
#pragma once

#include <gio/gio.h>

/* We are root, or work below a prefix. Errors: KT_ERROR_PRIVILEGE. */
gboolean kt_live_may_write (const char *prefix, GError **error);

/* A file of /etc; *text NULL when it is absent. Errors by errno; KT_ERROR_REFUSED when it is no UTF-8 text, which the journal could not
 * hold. */
gboolean kt_live_read_file (const char *path, char **text, GError **error);

/* The word in force of a file below /proc/sys or /sys (kt_host_active). Errors by errno. */
char *kt_live_read (const char *path, GError **error);
/* Does it offer @value? Files that do not list their words offer everything. */
gboolean kt_live_offers (const char *path, const char *value);
gboolean kt_live_write (const char *path, const char *value, GError **error);

/* Options in force of what is mounted last on @target, those of the mount and those of the file system; NULL: nothing is. */
GStrv kt_live_mount (const char *prefix, const char *target);
/* Options in force stay but for those in @options, "noatime,nodiscard". */
gboolean kt_live_remount (const char *target, const char *options, GCancellable *cancellable, GError **error);

/* findmnt finds no more faults in @text than in @before. TRUE where there is no findmnt. Errors: KT_ERROR_REFUSED with its words. */
gboolean kt_live_check_fstab (const char *text, const char *before, GCancellable *cancellable, GError **error);
