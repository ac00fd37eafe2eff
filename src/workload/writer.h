/* SPDX-License-Identifier: MIT
 *
 * Writes a chain into a database as simply-kaspa-indexer v2.3.0 does, with its three loops:
 *   blocks       blocks in transactions, then their parents
 *   acceptance   rounds of: reorg DELETE, then acceptances, resolved transactions and mapping side by side, then the
 *                checkpoint
 *   block path   every transaction of every block, 3 s behind the acceptance: most are there already
 * and, when it is asked to, its pruner.
 * Reorgs delete one to three chain blocks in 1.5 % of rounds and accept them again, so the rows at the end are those of
 * a chain without reorgs and can be checked.
 */
#pragma once

#include "indexer/cron.h"
#include "workload/fill.h"
#include "workload/monitor.h"
#include "workload/prune.h"
#include "workload/session.h"

typedef struct {
  KtPruneRules rules;
  KtCron cron;
  gint64 interval_ms; /* > 0: so often, instead of by @cron */
} KtPruneSchedule;

typedef struct {
  const char *conninfo;
  const KtPruneSchedule *prune; /* NULL: nothing is pruned */
  KtMonitor *monitor;           /* may be NULL */
  gint64 duration_ms; /* 0: until stopped */
  guint32 tps;        /* new transactions a second of the chain from here on; 0: as it was */
  gboolean paced;     /* 10 blocks a second as a synchronised node gives them; else as fast as the server takes them */
  double batch_scale; /* 0.1 ... 10: rows a statement, blocks a batch */
  guint batch_concurrency; /* 1 ... 10: statements side by side for each table */
  guint vcp_interval_ms;
  const volatile sig_atomic_t *stop; /* non-zero: end after the current batches; may be NULL */
  KtProgressFunc progress;           /* once a second; phase "run", done and total in ms */
  gpointer progress_data;
} KtWriter;

/* Deltas of the server's own counters over the run; -1: may not be read, or not known to this version. */
typedef struct {
  gint64 wal_bytes;
  gint64 wal_full_page_images;
  gint64 wal_records;
  gint64 blocks_hit;
  gint64 blocks_read;
  gint64 transactions_committed;
  gint64 deadlocks;
  gint64 checkpoints;
} KtServerCounts;

typedef struct {
  guint64 blocks;       /* rows added to blocks */
  guint64 transactions; /* rows added to transactions, coinbases included: what both paths met counts once */
  guint64 first_block;
  gint64 elapsed_ms;
  guint64 rounds;
  guint64 reorgs;
  guint connections;
  guint prunings; /* that were complete */
  guint64 pruned_rows;
  KtSessionCounts all;
  KtSessionCounts blocks_stream;
  KtSessionCounts transactions_stream; /* acceptance loop, upsert */
  KtSessionCounts mapping_stream;
  KtSessionCounts acceptances_stream;
  KtSessionCounts block_path_stream; /* transactions and mapping of the block path */
  double own_cpu_s;
  KtServerCounts server;
  gboolean interrupted;
} KtWriterResult;

/* Errors: KT_ERROR_NOT_FOUND (no database of kaspa-sim), KT_ERROR_REFUSED (incomplete fill), KT_ERROR_CONNECT,
 * KT_ERROR_QUERY. @result is large: allocate it. */
gboolean kt_write (const KtWriter *writer, KtWriterResult *result, GError **error);
