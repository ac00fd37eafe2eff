/* SPDX-License-Identifier: MIT
 *
 * zfs(8) and zpool(8) as programs: run, and what they say on failure told apart. Their names of datasets and pools.
 */
#pragma once

#include <gio/gio.h>

/* Reads something: a deadline of 30 s. Standard output, or NULL. Caller frees.
 * Errors: KT_ERROR_UNSUPPORTED (no tools, no module, a pool too old), KT_ERROR_NOT_FOUND (no such dataset or pool),
 * KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE, KT_ERROR_REFUSED (in use, read-only, suspended), else KT_ERROR_PROGRAM. */
char *kt_zfs_ask (const char *const *argv, GCancellable *cancellable, GError **error);

/* Changes something: is not broken off, since nobody could say how far it came, and has 10 minutes. Errors as above. */
gboolean kt_zfs_command (const char *const *argv, GError **error);

/* Could it be the name of a filesystem (no snapshot, no bookmark)? Errors: KT_ERROR_USAGE, saying what is allowed. */
gboolean kt_zfs_name_check (const char *name, GError **error);

/* "tank" of "tank/pg/data". Caller frees. */
char *kt_zfs_pool_of (const char *dataset);
/* "tank/pg" of "tank/pg/data"; NULL of a pool's own dataset. Caller frees. */
char *kt_zfs_parent_of (const char *dataset);
