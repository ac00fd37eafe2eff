/* SPDX-License-Identifier: MIT
 *
 * Pruning as the indexer does it: step after step, each the same DELETE by ctid again and again, one batch a commit,
 * until it finds nothing. What is old enough follows from the saved checkpoint, not from the clock.
 * Before schema 21 transactions go in chunks of several statements and not all of them: prune_chunk.h.
 */
#pragma once

#include "indexer/retention.h"
#include "workload/sim.h"

typedef struct {
  guint step;       /* which one it is */
  const char *name; /* in the indexer's metrics: a table, and through which other one its age is known: "(b)", "(t)" */
  gint64 start_ms;  /* unix */
  gint64 duration_ms;
  gint64 cutoff_ms; /* checkpoint's time less retention */
  gint64 cutoff;    /* rows below it go: blue score, or time in ms */
  guint64 statements;
  guint64 rows;
  gboolean complete;
} KtPruneStep;

#define KT_PRUNE_MAX_STEPS 8

typedef struct {
  KtPruneStep steps[KT_PRUNE_MAX_STEPS];
  guint n_steps;
} KtPruneResult;

typedef struct {
  const KtPruneRules *rules;
  const KtFeatures *features;
  guint schema;
  guint64 tables; /* that there are: kt_sim_tables */
  const KtChain *chain;
  /* After every statement; FALSE ends the pruning. May be NULL. */
  gboolean (*go_on) (const KtPruneResult *so_far, gpointer data);
  gpointer data;
} KtPrune;

/* Without a checkpoint, or without any retention, nothing is done. Errors: KT_ERROR_QUERY, KT_ERROR_CONNECT,
 * KT_ERROR_INTERRUPTED. @result says how far it came in any case. */
gboolean kt_prune (PGconn *connection, const KtPrune *prune, KtPruneResult *result, GError **error);

/* Notes in @sim what complete steps took away, so that rows can still be counted; not what a step takes in part: outputs
 * and acceptances at 10, transactions, acceptances and all that goes with blocks at 20. Rows whose block or transaction
 * went before they did stay for ever, as with the indexer. */
void kt_prune_note (const KtPruneResult *result, KtSim *sim);
