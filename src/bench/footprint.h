/* SPDX-License-Identifier: MIT
 *
 * What an indexer needs of disk, WAL and memory: measured bytes a row times rows a second. Pure.
 *
 * The figures are for schema 23 of a new database. They were measured on PostgreSQL 15 with kaspa-sim: tables and
 * indexes after live writing (`kaspa-sim run` into a nearly empty database, so that B-tree pages are as full as random
 * inserts leave them, about 70 %), fields as the difference that --exclude-fields makes. WAL a row without full-page
 * images is of an earlier measurement; whole runs wrote within 4 % of the sums.
 */
#pragma once

#include "workload/schema.h"

#include <json-glib/json-glib.h>

typedef struct {
  KtFeatures features;
  double tps;                /* transactions a second that are accepted, without coinbases: 1 … 3,000 */
  gint64 retention_ms;       /* 0: everything is kept */
  gint64 checkpoint_ms;      /* between checkpoints; > 0 */
} KtFootprintSpec;

/* Of one table. All zero: these features do not write it. */
typedef struct {
  double rows_per_s;
  double heap, index;        /* bytes a row, with TOAST */
  double random;             /* of index: keys without order, whose pages must be in memory */
  double wal;                /* bytes a row, without full-page images */
} KtFootprintRow;

typedef struct {
  KtFootprintRow of[KT_N_TABLES];
  double disk_per_day;       /* bytes that a day of history has */
  double index_per_day;      /* of these, indexes */
  double wal_per_day;        /* without full-page images */
  double images_per_day;     /* at most: incompressible images of pages first touched after each checkpoint */
  double kept_days;          /* of history; infinite when everything is kept */
  double disk;               /* bytes at that retention; infinite likewise */
  double hot;                /* bytes of indexes with random keys at that retention, or after a year */
  double memory;             /* of a machine where these have half of it */
} KtFootprint;

void kt_footprint (const KtFootprintSpec *spec, KtFootprint *footprint);

/* The same as {tables: [{name, rows_per_day, heap_bytes_per_row, index_bytes_per_row, disk_bytes_per_day,
 * wal_bytes_per_day, hot_bytes}], disk_bytes_per_day, …, sources: […]}. What is infinite is absent. */
JsonObject *kt_footprint_to_json (const KtFootprintSpec *spec);

/* Bytes of indexes with random keys for each row of `transactions`. */
double kt_footprint_random_bytes (const KtFeatures *features, double tps);
