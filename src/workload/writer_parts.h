/* SPDX-License-Identifier: MIT
 *
 * What the loops of a run (writer_loops.c) share with what begins and ends it (writer.c). Nobody else includes this.
 */
#pragma once

#include "workload/monitor.h"
#include "workload/stream.h"
#include "workload/writer.h"

#define KT_WRITER_STOP_LOOK_MS 20
#define KT_WRITER_QUEUE_BLOCKS 1000 /* at batch-scale 1 */

typedef enum
{
  KT_STREAM_ACCEPTANCES,
  KT_STREAM_UPSERTS,
  KT_STREAM_MAPPING,
  KT_STREAM_PATH_TRANSACTIONS,
  KT_STREAM_PATH_MAPPING,
  KT_STREAM_PATH_ENTRIES, /* blocks_transactions, up to schema 22 */
  KT_STREAM_PATH_INPUTS,  /* schema 10 */
  KT_STREAM_PATH_OUTPUTS,
  KT_N_STREAMS
} KtWriterStream;

typedef struct {
  const KtWriter *options;
  KtSim *sim; /* positions: under the lock */
  KtChain *chain;
  const KtSchema *schema;
  KtTypes types;
  KtTableId mapping;
  gboolean entries;
  gboolean from_blocks; /* before schema 21: acceptances are ids, all else is the block path's */
  guint n_streams;      /* without the last ones when they have no table */
  KtSession *blocks;
  KtSession *control;
  KtSession *joins; /* before schema 21 */
  KtStream *streams[KT_N_STREAMS];
  guint64 pace_block; /* the node's newest block when the run began */
  gint64 start_us;
  guint64 rounds;
  guint64 reorgs;
  guint prunings;
  guint64 pruned_rows;
  guint64 first_checkpoint;

  GMutex lock;
  GCond moved;
  gboolean stop;
  guint loops;
  KtPruneState prune;
  GError *error;
} KtWriterRun;

/* Threads of a run; @data is the KtWriterRun. They end when its `stop` is set or one of them fails. */
gpointer kt_writer_block_loop (gpointer data);
gpointer kt_writer_path_loop (gpointer data);
gpointer kt_writer_acceptance_loop (gpointer data);
gpointer kt_writer_prune_loop (gpointer data);

/* The mapping of the inputs of @transactions, rows that are stored already. */
gboolean kt_writer_join_inputs (KtWriterRun *run, const KtRows *transactions, GError **error);

/* The last thing a loop does: with an error all end. Takes @error. */
void kt_writer_leave (KtWriterRun *run, GError *error);

/* End of what the node has; G_MAXUINT64 without a pace. */
guint64 kt_writer_available (const KtWriterRun *run);
/* A number of the indexer's at this batch-scale. */
guint64 kt_writer_scaled (const KtWriterRun *run, guint number);
gboolean kt_writer_save_checkpoint (KtWriterRun *run, GError **error);
