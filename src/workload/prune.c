/* SPDX-License-Identifier: MIT */
#include "workload/prune.h"

#include "base/error.h"

#include <string.h>

#define BLUE_SCORES_A_SECOND 10

typedef enum { ALWAYS, WITH_BLOCKS, WITHOUT_BLOCKS } When;

typedef struct {
  KtTableId table;
  KtRetention retention;
  KtTableId through; /* whose rows tell how old a row is */
  KtField column;    /* that tells it: when it is left out the step finds nothing */
  gboolean by_time;  /* block time, else blue score */
  When when;
  const char *sql;
} Step;

/* In the indexer's order. */
static const Step steps[] = {
  { KT_TABLE_BLOCK_PARENT, KT_RETENTION_BLOCK_PARENT, KT_TABLE_BLOCKS, KT_FIELD_BLOCK_BLUE_SCORE, FALSE, WITH_BLOCKS,
    "DELETE FROM block_parent WHERE ctid IN (SELECT p.ctid FROM block_parent p JOIN blocks b ON b.hash = p.block_hash"
    " WHERE b.blue_score < $1::bigint LIMIT $2::bigint)" },
  { KT_TABLE_BLOCKS_TRANSACTIONS, KT_RETENTION_BLOCKS_TRANSACTIONS, KT_TABLE_BLOCKS, KT_FIELD_BLOCK_BLUE_SCORE, FALSE,
    WITH_BLOCKS,
    "DELETE FROM blocks_transactions WHERE ctid IN (SELECT x.ctid FROM blocks_transactions x"
    " JOIN blocks b ON b.hash = x.block_hash WHERE b.blue_score < $1::bigint LIMIT $2::bigint)" },
  { KT_TABLE_ACCEPTANCES, KT_RETENTION_TRANSACTIONS_ACCEPTANCES, KT_TABLE_BLOCKS, KT_FIELD_BLOCK_BLUE_SCORE, FALSE,
    WITH_BLOCKS,
    "DELETE FROM transactions_acceptances WHERE ctid IN (SELECT a.ctid FROM transactions_acceptances a"
    " JOIN blocks b ON b.hash = a.block_hash WHERE b.blue_score < $1::bigint LIMIT $2::bigint)" },
  { KT_TABLE_ACCEPTANCES, KT_RETENTION_TRANSACTIONS_ACCEPTANCES, KT_TABLE_TRANSACTIONS, KT_FIELD_TX_BLOCK_TIME, TRUE,
    WITHOUT_BLOCKS,
    "DELETE FROM transactions_acceptances WHERE ctid IN (SELECT a.ctid FROM transactions_acceptances a"
    " JOIN transactions t ON t.transaction_id = a.transaction_id WHERE t.block_time < $1::bigint"
    " LIMIT $2::bigint)" },
  { KT_TABLE_BLOCKS, KT_RETENTION_BLOCKS, KT_TABLE_BLOCKS, KT_FIELD_BLOCK_BLUE_SCORE, FALSE, WITH_BLOCKS,
    "DELETE FROM blocks WHERE ctid IN (SELECT ctid FROM blocks WHERE blue_score < $1::bigint LIMIT $2::bigint)" },
  { KT_TABLE_TRANSACTIONS, KT_RETENTION_TRANSACTIONS, KT_TABLE_TRANSACTIONS, KT_FIELD_TX_BLOCK_TIME, TRUE, ALWAYS,
    "DELETE FROM transactions WHERE ctid IN (SELECT ctid FROM transactions WHERE block_time < $1::bigint"
    " LIMIT $2::bigint)" },
  { KT_TABLE_ADDRESSES, KT_RETENTION_ADDRESSES_TRANSACTIONS, KT_TABLE_ADDRESSES, KT_FIELD_NONE, TRUE, ALWAYS,
    "DELETE FROM addresses_transactions WHERE ctid IN (SELECT ctid FROM addresses_transactions"
    " WHERE block_time < $1::bigint LIMIT $2::bigint)" },
  { KT_TABLE_SCRIPTS, KT_RETENTION_ADDRESSES_TRANSACTIONS, KT_TABLE_SCRIPTS, KT_FIELD_NONE, TRUE, ALWAYS,
    "DELETE FROM scripts_transactions WHERE ctid IN (SELECT ctid FROM scripts_transactions"
    " WHERE block_time < $1::bigint LIMIT $2::bigint)" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (steps) <= KT_PRUNE_MAX_STEPS);

void
kt_prune_rules_init (KtPruneRules *rules, gint64 retention_ms)
{
  rules->batch_rows = 100000;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    rules->retention_ms[i] = retention_ms;
}

static gboolean
is_written (guint64 tables, KtTableId table)
{
  return (tables >> table & 1) != 0;
}

static gboolean
applies (const Step *step, const KtPrune *prune)
{
  const KtFeatures *features = prune->features;
  gboolean blocks = is_written (prune->tables, KT_TABLE_BLOCKS);
  gboolean joinable = is_written (prune->tables, step->through)
                      && (step->through != KT_TABLE_TRANSACTIONS || step->table == KT_TABLE_TRANSACTIONS
                          || (!kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE)
                              && !kt_features_off (features, KT_DISABLE_TRANSACTION_PROCESSING)));
  return prune->rules->retention_ms[step->retention] >= 0 && is_written (prune->tables, step->table) && joinable
         && (step->when == ALWAYS || blocks == (step->when == WITH_BLOCKS));
}

/* ---- one step ---- */

static gboolean
delete_batch (PGconn *connection, const char *sql, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error)
{
  g_autofree char *cutoff_text = g_strdup_printf ("%" G_GINT64_FORMAT, cutoff);
  g_autofree char *limit_text = g_strdup_printf ("%u", batch_rows);
  g_autoptr (PGresult) deleted = kt_sim_query (connection, error, sql, cutoff_text, limit_text, NULL);
  if (deleted == NULL)
    return FALSE;
  *rows = g_ascii_strtoull (PQcmdTuples (deleted), NULL, 10);
  return TRUE;
}

static gboolean
run_step (PGconn *connection, const KtPrune *prune, const Step *step, KtPruneStep *done, const KtPruneResult *result,
          GError **error)
{
  gint64 start_us = g_get_monotonic_time ();
  guint64 rows;
  do
    {
      if (!delete_batch (connection, step->sql, done->cutoff, prune->rules->batch_rows, &rows, error))
        return FALSE;
      done->statements++;
      done->rows += rows;
      done->duration_ms = (g_get_monotonic_time () - start_us) / 1000;
      done->complete = rows == 0;
      if (prune->go_on != NULL && !prune->go_on (result, prune->data) && rows > 0)
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "pruning was stopped");
          return FALSE;
        }
    }
  while (rows > 0);
  return TRUE;
}

gboolean
kt_prune (PGconn *connection, const KtPrune *prune, KtPruneResult *result, GError **error)
{
  KtLevel level;
  guint64 checkpoint;
  memset (result, 0, sizeof *result);
  if (!kt_sim_read_checkpoint (connection, prune->chain, &checkpoint, error))
    return FALSE;
  if (checkpoint == KT_CHAIN_NONE)
    return TRUE;
  kt_chain_level_of_block (prune->chain, checkpoint, &level);
  gint64 time_ms = kt_chain_timestamp_ms (prune->chain, checkpoint);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      gint64 retention_ms = prune->rules->retention_ms[steps[i].retention];
      if (!applies (&steps[i], prune))
        continue;
      KtPruneStep *done = &result->steps[result->n_steps++];
      *done = (KtPruneStep) {
        .table = steps[i].table,
        .name = kt_table_name (steps[i].table),
        .start_ms = g_get_real_time () / 1000,
        .cutoff_ms = time_ms - retention_ms,
        .cutoff = steps[i].by_time ? time_ms - retention_ms
                                   : kt_chain_blue_score (&level) - retention_ms / 1000 * BLUE_SCORES_A_SECOND,
      };
      if (!run_step (connection, prune, &steps[i], done, result, error))
        return FALSE;
    }
  return TRUE;
}

void
kt_prune_note (const KtPruneResult *result, KtSim *sim)
{
  for (guint i = 0; i < result->n_steps; i++)
    {
      const KtPruneStep *done = &result->steps[i];
      gboolean blocks = is_written (kt_sim_tables (sim), KT_TABLE_BLOCKS);
      const Step *step = steps;
      while (step->table != done->table || (step->when != ALWAYS && blocks != (step->when == WITH_BLOCKS)))
        step++;
      gboolean column = (sim->features.excluded >> step->column & 1) == 0;
      if (done->complete && column)
        kt_sim_note_pruned (sim, done->table, kt_sim_pruned_to (sim, step->through), done->cutoff);
    }
}
