/* SPDX-License-Identifier: MIT
 *
 * The datasets that a server's data, WAL and tablespaces lie on, and their pools, each once.
 */
#pragma once

#include "platform/platform.h"
#include "storage/zfs.h"

typedef struct {
  GHashTable *datasets; /* name -> KtZfsObject */
  GHashTable *roles;    /* name -> KtZfsRole */
  GHashTable *pools;    /* name -> KtZfsObject */
  GPtrArray *order;     /* names of datasets, borrowed */
  const KtZfsObject *data, *wal; /* NULL: not on ZFS; the same for both where WAL has none of its own */
} KtZfsPlaces;

/* Nothing in it where nothing lies on ZFS. Errors: those of reading. */
gboolean kt_zfs_places_load (KtZfsPlaces *places, const KtPlatform *platform, GCancellable *cancellable, GError **error);
void kt_zfs_places_clear (KtZfsPlaces *places);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtZfsPlaces, kt_zfs_places_clear)

/* KT_DATASET_DATA, KT_DATASET_WAL or both. */
int kt_zfs_places_role (const KtZfsPlaces *places, const char *dataset);
/* "data", "WAL" or "data and WAL". */
const char *kt_zfs_places_holds (int role);
const KtZfsObject *kt_zfs_places_dataset (const KtZfsPlaces *places, const char *dataset);
/* The pool that a dataset is in. */
const KtZfsObject *kt_zfs_places_pool (const KtZfsPlaces *places, const char *dataset);
