/* SPDX-License-Identifier: MIT
 *
 * Builds a database fast: chunks of the chain by binary COPY over several connections, each chunk one transaction that
 * also notes that it is there, keys and indexes last. What was noted is not done again, whatever ended the fill before.
 */
#pragma once

#include "workload/sim.h"

#include <signal.h>

typedef struct {
  const char *phase; /* "rows", "indexes", "vacuum" */
  guint64 done;
  guint64 total;     /* transactions for rows, steps else */
  guint64 resumed;   /* of done: what an earlier fill had left */
  gint64 elapsed_ms; /* of this phase */
  guint64 transactions; /* written so far, where done counts something else */
} KtProgress;

typedef void (*KtProgressFunc) (const KtProgress *progress, gpointer data);

typedef struct {
  const char *conninfo;
  guint schema;    /* 10, 20, 21, 22, 23; 0 is 23 */
  guint origin;    /* rows as they are after migrations from this schema; 0: none */
  KtLayout layout; /* of the mapping tables' indexes */
  guint64 transactions; /* rows `transactions` shall hold, coinbases included; rounded up to whole epochs */
  guint64 seed;
  guint32 tps; /* density of the chain */
  KtFeatures features;
  guint connections;
  gint64 sort_memory_bytes;  /* maintenance_work_mem of each index build */
  gboolean replace;          /* drops what an earlier kaspa-sim made */
  gboolean replace_foreign;  /* drops tables of these names, whoever made them */
  gboolean without_vacuum;
  const volatile sig_atomic_t *stop; /* non-zero: end soon; may be NULL */
  KtProgressFunc progress;           /* called by the thread that called kt_fill; may be NULL */
  gpointer progress_data;
} KtFill;

typedef struct {
  guint64 transactions;
  guint64 blocks;
  guint64 resumed; /* transactions that were there already */
  gint64 rows_ms;
  gint64 indexes_ms;
  gint64 vacuum_ms;
  gint64 size_bytes; /* of the tables with their indexes */
} KtFillResult;

/* Errors: KT_ERROR_REFUSED (tables of these names exist), KT_ERROR_INTERRUPTED (@stop: continue later),
 * KT_ERROR_CONNECT, KT_ERROR_QUERY, KT_ERROR_NO_SPACE. */
gboolean kt_fill (const KtFill *fill, KtFillResult *result, GError **error);
