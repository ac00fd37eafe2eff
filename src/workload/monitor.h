/* SPDX-License-Identifier: MIT
 *
 * A look at a run from another thread: how far each loop is, how full its queues are, what was pruned. Outside a run
 * nothing is known.
 */
#pragma once

#include "workload/prune.h"

typedef struct {
  gboolean known;
  KtHash hash;
  gint64 timestamp_ms;
  gint64 daa_score;
  gint64 blue_score;
} KtBlockInfo;

typedef struct {
  gboolean running;
  gboolean ended;
  gboolean success;
  gint64 start_ms; /* unix; of the pruning that runs or ran last, 0: none yet */
  gint64 end_ms;
  KtPruneResult result;
} KtPruneState;

typedef struct {
  gboolean running;
  KtBlockInfo node;      /* newest block that the node has */
  KtBlockInfo fetched;   /* last block of each component */
  KtBlockInfo processed;
  KtBlockInfo path;
  KtBlockInfo accepting;
  KtBlockInfo checkpoint;
  KtBlockInfo first_checkpoint; /* when the run began */
  guint64 queue_capacity;       /* of each queue, blocks */
  guint64 queued_blocks;
  guint64 queued_transactions;
  KtPruneState prune;
} KtMonitorState;

typedef struct KtMonitor KtMonitor;

KtMonitor *kt_monitor_new (void);
void kt_monitor_free (KtMonitor *monitor); /* after the run */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtMonitor, kt_monitor_free)

void kt_monitor_read (KtMonitor *monitor, KtMonitorState *state);

/* The writer's: from when a run can be looked at until it is NULL again. */
void kt_monitor_attach (KtMonitor *monitor, gpointer run);
