/* SPDX-License-Identifier: MIT
 *
 * Datasets and pools as zfs(8) and zpool(8) tell of them, through their machine output (-Hp, OpenZFS 2.1 and later).
 * Reading needs no privilege. It never changes anything.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *value;
  char *source; /* "local", "default", "inherited from tank", "-" */
} KtZfsValue;

/* A dataset or a pool. */
typedef struct {
  char *name;
  GHashTable *properties; /* name -> KtZfsValue */
} KtZfsObject;

void kt_zfs_object_free (KtZfsObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtZfsObject, kt_zfs_object_free)

/* Lines "name TAB property TAB value TAB source". Objects in the order of their first line; lines that are no such line are
 * passed over. */
GPtrArray *kt_zfs_parse_objects (const char *text);

const char *kt_zfs_value (const KtZfsObject *object, const char *property); /* NULL when it has none ("-") */
gint64 kt_zfs_number (const KtZfsObject *object, const char *property);     /* -1 */
double kt_zfs_ratio (const KtZfsObject *object, const char *property);      /* 0; "3.38" and "3.38x" */
const char *kt_zfs_source (const KtZfsObject *object, const char *property); /* NULL when it is not there */

/* What zpool status says beside the numbers. */
typedef struct {
  char *state;   /* "ONLINE", "DEGRADED" */
  char *status;  /* what is wrong, one line; NULL: nothing */
  char *action;  /* what to do about it */
  char *scan;    /* "scrub repaired 0B in 00:00:01 with 0 errors on Sun Nov 22 10:13:52 2026"; NULL: never scanned */
  char *errors;  /* "No known data errors" */
  guint64 read_errors, write_errors, checksum_errors; /* of the pool's devices together */
  gboolean has_special; /* metadata and small blocks have devices of their own */
  gboolean has_log;
} KtPoolStatus;

KtPoolStatus *kt_pool_status_parse (const char *text);
void kt_pool_status_free (KtPoolStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtPoolStatus, kt_pool_status_free)

/* Through the programs. Errors: KT_ERROR_UNSUPPORTED (no tools, no module), KT_ERROR_NOT_FOUND (no such dataset),
 * KT_ERROR_PROGRAM. */
KtZfsObject *kt_zfs_load_dataset (const char *name, GCancellable *cancellable, GError **error);
/* The same, but NULL without @error when its pool is here and it is not in it. */
KtZfsObject *kt_zfs_find_dataset (const char *name, GCancellable *cancellable, GError **error);
/* Everything directly below it: file systems, volumes, snapshots, bookmarks. In ZFS's order; not itself. */
GPtrArray *kt_zfs_load_below (const char *name, GCancellable *cancellable, GError **error);
KtZfsObject *kt_zfs_load_pool (const char *name, GCancellable *cancellable, GError **error);
KtPoolStatus *kt_zfs_load_status (const char *pool, GCancellable *cancellable, GError **error);
