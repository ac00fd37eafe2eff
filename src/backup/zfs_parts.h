/* SPDX-License-Identifier: MIT
 *
 * What zfs_set.c and zfs_clone.c share: the parts of a set.
 */
#pragma once

#include "base/json.h"

#define KT_ZFS_DATA "data"
#define KT_ZFS_WAL "wal"

/* "" when it has none. */
const char *kt_zfs_part_member (JsonObject *part, const char *name);
/* Is it the first part in its dataset? Others of the same one need no snapshot of their own. */
gboolean kt_zfs_part_leads (JsonArray *set, guint i);
/* "tank/pg@name", wherever its dataset was renamed to since. Errors: KT_ERROR_VERIFY (it is gone). Caller frees. */
char *kt_zfs_part_snapshot (JsonObject *part, const char *name, GError **error);
