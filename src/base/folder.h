/* SPDX-License-Identifier: MIT
 *
 * Whole folders: how large, how much room, on disk, gone.
 */
#pragma once

#include <glib.h>

/* Bytes of all files below @folder; links are not followed. */
gint64 kt_folder_bytes (const char *folder);

/* Bytes that an unprivileged user may still write where @folder lies, or its nearest existing parent; -1 unknown. */
gint64 kt_folder_free_bytes (const char *folder);

/* Is it absent, or without any entry? */
gboolean kt_folder_is_empty (const char *folder);

/* With everything below; a link is removed, not followed, also when somebody puts it there meanwhile. Absent is success. Errors by
 * errno, of the first entry that stays. */
gboolean kt_folder_remove (const char *folder, GError **error);
/* The same of what is in it, but for entries named in @keep. A link in the place of @folder itself is an error. */
gboolean kt_folder_clear (const char *folder, const char *const *keep, GError **error);

/* Whatever programs wrote into the file system of @folder is on its disk. */
gboolean kt_folder_sync (const char *folder, GError **error);
