/* SPDX-License-Identifier: MIT
 *
 * The ZFS datasets that hold a cluster, snapshots of them all at one instant, and clones of those. Never sends or rolls back.
 *
 * A set is an array of parts: {role, path, dataset, below, guid}. The role is "data", "wal" (where it lies elsewhere) or the OID of
 * a tablespace; below is the path's place in its dataset ("" the top of it); guid is that of the snapshot, once there is one.
 */
#pragma once

#include "base/json.h"

/* Where the files of @data_directory lie. Errors: KT_ERROR_UNSUPPORTED (not all on ZFS, in two pools, files that would be missing). */
JsonArray *kt_zfs_set_find (const char *data_directory, GError **error);

/* Room in the dataset that has least of it, and what the datasets hold. */
gboolean kt_zfs_set_room (JsonArray *set, gint64 *available, gint64 *referenced, GError **error);

/* One instant for all, by one command; held, so that nobody destroys them by mistake. */
gboolean kt_zfs_set_snapshot (JsonArray *set, const char *name, GError **error);

/* All there, of one instant, in a pool without known errors? Errors: KT_ERROR_VERIFY. */
gboolean kt_zfs_set_verify (JsonArray *set, const char *name, GError **error);

/* Bytes that only these snapshots hold; -1 unknown. */
gint64 kt_zfs_set_used (JsonArray *set, const char *name);

/* Also of snapshots that were never made, or of which some are gone. Errors: KT_ERROR_REFUSED naming the clones that need them. */
gboolean kt_zfs_set_destroy (JsonArray *set, const char *name, GError **error);

typedef struct {
  char *data;     /* the data directory in the clone */
  GStrv datasets; /* the clones */
} KtZfsClones;

void kt_zfs_clones_clear (KtZfsClones *clones);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtZfsClones, kt_zfs_clones_clear)

/* Clones of all, beside their datasets under names that begin with @prefix; the one with the data directory is mounted at @target, the
 * log's at TARGET.wal, tablespaces below TARGET.tablespaces. A server can start there: links lead into the clones, and the former
 * server's lock files are gone. What was begun is destroyed when it fails. */
gboolean kt_zfs_set_clone (JsonArray *set, const char *name, const char *prefix, const char *target, KtZfsClones *clones,
                           GError **error);

/* Clones of these snapshots whose names begin with @prefix. */
gboolean kt_zfs_set_drop_clones (JsonArray *set, const char *name, const char *prefix, GError **error);
