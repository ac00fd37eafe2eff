/* SPDX-License-Identifier: MIT
 *
 * Cumulative counters of a server and of what it costs the machine, read before and after. -1: not known here.
 */
#pragma once

#include "postgres/connection.h"

typedef enum {
  KT_COUNT_WAL_BYTES,
  KT_COUNT_WAL_FULL_PAGE_IMAGES, /* 14+ */
  KT_COUNT_WAL_BUFFERS_FULL,     /* 14+ */
  KT_COUNT_CHECKPOINTS_TIMED,
  KT_COUNT_CHECKPOINTS_REQUESTED,
  KT_COUNT_WRITTEN_CHECKPOINTER, /* pages */
  KT_COUNT_WRITTEN_BGWRITER,
  KT_COUNT_WRITTEN_BACKENDS,     /* with those that extend a table */
  KT_COUNT_BLOCKS_HIT,
  KT_COUNT_BLOCKS_READ,
  KT_COUNT_DEADLOCKS,
  KT_COUNT_TRANSACTIONS,         /* rows inserted into the indexer's `transactions` */
  KT_COUNT_BLOCKS,               /* and into `blocks` */
  KT_N_COUNTS
} KtCount;

typedef struct {
  gint64 of[KT_N_COUNTS];
} KtBenchCounts;

const char *kt_count_name (KtCount count);

gboolean kt_bench_counts_read (KtConnection *connection, KtBenchCounts *counts, GError **error);
/* @after - @before of one counter; -1 where either is unknown or the server began to count anew. */
gint64 kt_bench_counts_delta (const KtBenchCounts *before, const KtBenchCounts *after, KtCount count);
gint64 kt_bench_counts_checkpoints (const KtBenchCounts *before, const KtBenchCounts *after);
gint64 kt_bench_counts_written (const KtBenchCounts *before, const KtBenchCounts *after);

/* CPU time in microseconds of the postmaster @pid and all its children, the ended ones included; -1 unknown. */
gint64 kt_server_cpu_us (gint64 pid);
/* Pure: utime + stime, and cutime + cstime, in clock ticks, and the parent, from /proc/PID/stat. FALSE: not understood. */
gboolean kt_proc_stat_parse (const char *text, gint64 *parent, gint64 *own_ticks, gint64 *children_ticks);
/* CPU time in microseconds that the whole machine was busy since it started; -1 unknown. */
gint64 kt_machine_busy_us (void);
/* Pure: the first line of /proc/stat, in ticks: all but idle and waiting for I/O; -1 not understood. */
gint64 kt_busy_ticks_parse (const char *text);
