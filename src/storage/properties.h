/* SPDX-License-Identifier: MIT
 *
 * THE property table: what datasets and pools under PostgreSQL should be, why, and what it takes to change them. No other
 * file names a property in a decision. Pure.
 */
#pragma once

#include "base/json.h"
#include "storage/zfs.h"

typedef enum {
  KT_DATASET_DATA = 1 << 0, /* holds the data directory or a tablespace */
  KT_DATASET_WAL = 1 << 1,
  KT_DATASET_BOTH = KT_DATASET_DATA | KT_DATASET_WAL,
  KT_POOL = 1 << 2,
} KtZfsRole;

/* What a change means for what is already there. */
typedef enum {
  KT_TAKES_NOTHING,   /* in force at once, for everything */
  KT_TAKES_NEW_WRITES, /* what is written from now on; old blocks stay until they are rewritten */
  KT_TAKES_NEW_FILES, /* new files only: tables must be rewritten or copied */
  KT_TAKES_NEW_POOL,  /* a new pool or device */
} KtZfsTakes;

const char *kt_zfs_takes_text (KtZfsTakes takes);

typedef struct {
  const char *name;
  int roles;             /* KtZfsRole, several */
  const char *wanted;    /* on data, or on the only kind that the row is for */
  const char *wanted_wal; /* NULL: as on data */
  const char *good;      /* other values that are left, "8192 32768"; NULL: none. "zstd*" is a prefix, ">=12" a number */
  const char *selectable; /* further values that a user may choose; NULL: only wanted and good ones */
  const char *feature;   /* the pool must have it; NULL: none */
  const char *without_feature; /* what to give a new dataset then */
  KtZfsTakes takes;
  gboolean safety;       /* another value endangers data */
  const char *because, *hazard, *source;
} KtZfsProperty;

/* In the order in which they matter. */
const KtZfsProperty *kt_zfs_properties (guint *n);

typedef enum { KT_ZFS_AS_WANTED, KT_ZFS_GOOD_ENOUGH, KT_ZFS_CHANGE, KT_ZFS_NOT_HERE } KtZfsVerdict;

const char *kt_zfs_verdict_name (KtZfsVerdict verdict);

/* @role: of @object. @pool: for features; NULL: unknown, so they are taken to be there. */
KtZfsVerdict kt_zfs_judge (const KtZfsProperty *property, const KtZfsObject *object, int role, const KtZfsObject *pool);
/* What it should be in that role. */
const char *kt_zfs_wanted (const KtZfsProperty *property, int role);

/* Puts a value that the user chose into @wishes {name: value}. Errors: KT_ERROR_USAGE with what can be chosen. */
gboolean kt_zfs_wish (JsonObject *wishes, const char *name, const char *value, GError **error);

/* {name: value} of all rows: what a new dataset of that role should be made with. @wishes may be NULL. Caller frees. */
JsonObject *kt_zfs_new_properties (int role, const KtZfsObject *pool, JsonObject *wishes);

/* {name: value} of the rows that differ and can be changed where @object is. Caller frees. */
JsonObject *kt_zfs_property_changes (const KtZfsObject *object, int role, const KtZfsObject *pool, JsonObject *wishes);

/* Rows of such an object as JSON: property, running (where @object has it; may be NULL), value, because, hazard, takes. */
JsonArray *kt_zfs_values_json (JsonObject *values, const KtZfsObject *object);
/* Is any of them only in force for what is written from now on? */
gboolean kt_zfs_values_leave_old (JsonObject *values);

/* Rows of @object as JSON: property, running, source, wanted, verdict, takes, because, hazard, command. */
JsonArray *kt_zfs_advice_json (const KtZfsObject *object, int role, const KtZfsObject *pool);
