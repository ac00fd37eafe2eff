/* SPDX-License-Identifier: MIT
 *
 * One measured run on a server: warm-up, then the steady part, which alone counts. The load is our own (a database that
 * kaspa-sim filled), or nothing is written and a running indexer is only watched.
 */
#pragma once

#include "bench/dataset.h"
#include "bench/host.h"

typedef struct {
  const char *conninfo;
  gboolean observe;          /* write nothing */
  gboolean private_server;   /* nobody else uses it: a checkpoint may be asked for */
  gint64 warm_up_ms;         /* at least; with @checkpoints until one begins, so that whole cycles are measured */
  gint64 duration_ms;        /* of the steady part, at most */
  guint64 transactions;      /* the steady part ends when so many are stored; 0: only by time */
  guint checkpoints;         /* and so many whole checkpoint cycles are over; 0: only by time */
  gint64 retention_ms;       /* older rows are pruned while the load runs, as the indexer does; 0: nothing is */
  double batch_scale;        /* of the load */
  guint batch_concurrency;
  guint32 tps;               /* 0: as fast as the server takes them, at the density of the data set */
  gint64 postmaster;         /* process id; 0: not on this machine, CPU is not measured */
  const char *data_directory; /* for the disk's counters; NULL: not measured */
  const KtEmulation *emulation; /* NULL: the machine as it is */
  const KtBenchHost *host;   /* NULL likewise */
  const KtBenchWatch *watch;
  const char *label;         /* for progress */
} KtBenchRun;

/* {metrics: {name: number}, elapsed_ms, warm_up: {elapsed_ms, transactions, transactions_per_s}, transactions, pruned_rows, blocks, checkpoints, checkpoints_timed,
 * checkpoints_requested, written_checkpointer, written_bgwriter, written_backends, …, counts, why_not, bound: {what,
 * sentence}, waits: [{wait, share}], series: {at_ms: [], transactions: [], …}, own_cpu_percent, other_cpus}.
 * counts FALSE: fewer whole checkpoint cycles than asked for; why_not says it.
 * Errors: those of the writer and of the connection; KT_ERROR_INTERRUPTED. */
JsonObject *kt_bench_run (const KtBenchRun *run, GError **error);

/* What bounded a run, from its figures. Shares are 0 ... 1 of what there is, negative: not known. Pure. */
typedef struct {
  double disk_reads, disk_writes, disk_bytes; /* of the limits */
  double cpu;                                 /* of the CPUs it may use: server and load together */
  double machine_cpu;                         /* of all CPUs: everything that runs here */
  double other_cpus;                          /* CPUs that other programs used */
  const char *wait;                           /* the most frequent one, or NULL */
  double wait_share;
} KtBenchBound;

/* "disk", "cpu", "machine" (others used the CPUs), "waiting". *sentence: for people, caller frees. */
const char *kt_bench_bound (const KtBenchBound *bound, char **sentence);
