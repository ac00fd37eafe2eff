/* SPDX-License-Identifier: MIT */
#include "workload/prune.h"

#include "base/error.h"
#include "workload/prune_chunk.h"

#include <string.h>

#define BLUE_SCORES_A_SECOND 10
#define BY_TIMESTAMP 20 /* this schema's release looks at the blocks' time, which has no index, instead of the score */

typedef enum {
  ALWAYS,
  WITH_BLOCKS,
  WITHOUT_BLOCKS, /* that could tell the age */
  WITHOUT_BLOCKS_ACCEPTING, /* transactions tell it, and are accepted */
  CHAIN_BLOCKS_ONLY,        /* nothing but they is in the acceptances */
} When;

typedef struct {
  const char *name;
  KtTableId table;
  KtRetention retention;
  KtRetention limit; /* never longer than this one; the same: none */
  KtTableId through; /* whose rows tell how old a row is */
  When when;
  guint first_schema, last_schema; /* 0: any */
  const char *sql; /* {age} is the blocks' column */
  KtPruneChunk chunk;
  gboolean in_part; /* some rows that are old enough stay */
} Step;

#define CLASS(name) KT_RETENTION_##name, KT_RETENTION_##name
#define LIMITED(name, limit) KT_RETENTION_##name, KT_RETENTION_##limit

/* In the indexer's order. */
static const Step steps[] = {
  { "block_parent", KT_TABLE_BLOCK_PARENT, LIMITED (BLOCK_PARENT, BLOCKS), KT_TABLE_BLOCKS, WITH_BLOCKS,
    .sql = "DELETE FROM block_parent WHERE ctid IN (SELECT p.ctid FROM block_parent p JOIN blocks b"
           " ON b.hash = p.block_hash WHERE b.{age} < $1::bigint LIMIT $2::bigint)" },
  { "blocks_transactions (b)", KT_TABLE_BLOCKS_TRANSACTIONS, LIMITED (BLOCKS_TRANSACTIONS, BLOCKS), KT_TABLE_BLOCKS,
    WITH_BLOCKS,
    .sql = "DELETE FROM blocks_transactions WHERE ctid IN (SELECT x.ctid FROM blocks_transactions x JOIN blocks b"
           " ON b.hash = x.block_hash WHERE b.{age} < $1::bigint LIMIT $2::bigint)" },
  { "blocks_transactions (t)", KT_TABLE_BLOCKS_TRANSACTIONS, LIMITED (BLOCKS_TRANSACTIONS, TRANSACTIONS),
    KT_TABLE_TRANSACTIONS, WITHOUT_BLOCKS, .in_part = TRUE,
    .sql = "DELETE FROM blocks_transactions WHERE ctid IN (SELECT x.ctid FROM blocks_transactions x JOIN transactions t"
           " ON t.transaction_id = x.transaction_id WHERE t.block_time < $1::bigint LIMIT $2::bigint)" },
  { "transactions_acceptances (b)", KT_TABLE_ACCEPTANCES, LIMITED (TRANSACTIONS_ACCEPTANCES, BLOCKS), KT_TABLE_BLOCKS,
    WITH_BLOCKS, .first_schema = 21,
    .sql = "DELETE FROM transactions_acceptances WHERE ctid IN (SELECT a.ctid FROM transactions_acceptances a"
           " JOIN blocks b ON b.hash = a.block_hash WHERE b.{age} < $1::bigint LIMIT $2::bigint)" },
  { "transactions_acceptances (t)", KT_TABLE_ACCEPTANCES, LIMITED (TRANSACTIONS_ACCEPTANCES, TRANSACTIONS),
    KT_TABLE_TRANSACTIONS, WITHOUT_BLOCKS_ACCEPTING, .first_schema = 21,
    .sql = "DELETE FROM transactions_acceptances WHERE ctid IN (SELECT a.ctid FROM transactions_acceptances a"
           " JOIN transactions t ON t.transaction_id = a.transaction_id WHERE t.block_time < $1::bigint"
           " LIMIT $2::bigint)" },
  { "blocks", KT_TABLE_BLOCKS, CLASS (BLOCKS), KT_TABLE_BLOCKS, WITH_BLOCKS,
    .sql = "DELETE FROM blocks WHERE ctid IN (SELECT ctid FROM blocks WHERE {age} < $1::bigint LIMIT $2::bigint)" },
  /* After the blocks, so it finds what they have left: nothing. */
  { "transactions_acceptances (b)", KT_TABLE_ACCEPTANCES, CLASS (BLOCKS), KT_TABLE_BLOCKS, CHAIN_BLOCKS_ONLY,
    .last_schema = 20, .in_part = TRUE,
    .sql = "DELETE FROM transactions_acceptances WHERE ctid IN (SELECT a.ctid FROM transactions_acceptances a"
           " JOIN blocks b ON b.hash = a.block_hash WHERE b.{age} < $1::bigint LIMIT $2::bigint)" },
  { "transactions", KT_TABLE_TRANSACTIONS, CLASS (TRANSACTIONS), KT_TABLE_TRANSACTIONS, ALWAYS, .last_schema = 10,
    .chunk = kt_prune_chunk_10 },
  { "transactions", KT_TABLE_TRANSACTIONS, CLASS (TRANSACTIONS), KT_TABLE_TRANSACTIONS, ALWAYS, .first_schema = 20,
    .last_schema = 20, .chunk = kt_prune_chunk_20, .in_part = TRUE },
  { "transactions", KT_TABLE_TRANSACTIONS, CLASS (TRANSACTIONS), KT_TABLE_TRANSACTIONS, ALWAYS, .first_schema = 21,
    .sql = "DELETE FROM transactions WHERE ctid IN (SELECT ctid FROM transactions WHERE block_time < $1::bigint"
           " LIMIT $2::bigint)" },
  { "addresses_transactions", KT_TABLE_ADDRESSES, CLASS (ADDRESSES_TRANSACTIONS), KT_TABLE_ADDRESSES, ALWAYS,
    .sql = "DELETE FROM addresses_transactions WHERE ctid IN (SELECT ctid FROM addresses_transactions"
           " WHERE block_time < $1::bigint LIMIT $2::bigint)" },
  { "scripts_transactions", KT_TABLE_SCRIPTS, CLASS (ADDRESSES_TRANSACTIONS), KT_TABLE_SCRIPTS, ALWAYS,
    .sql = "DELETE FROM scripts_transactions WHERE ctid IN (SELECT ctid FROM scripts_transactions"
           " WHERE block_time < $1::bigint LIMIT $2::bigint)" },
};

static gboolean
is_written (guint64 tables, KtTableId table)
{
  return (tables >> table & 1) != 0;
}

static gboolean
has (const KtFeatures *features, KtField field)
{
  return (features->excluded >> field & 1) == 0;
}

/* The column that tells how old a row is; KT_FIELD_NONE: one that cannot be left out. */
static KtField
age_field (const Step *step, guint schema)
{
  if (step->through == KT_TABLE_BLOCKS)
    return schema == BY_TIMESTAMP ? KT_FIELD_BLOCK_TIMESTAMP : KT_FIELD_BLOCK_BLUE_SCORE;
  return step->through == KT_TABLE_TRANSACTIONS ? KT_FIELD_TX_BLOCK_TIME : KT_FIELD_NONE;
}

/* Whether blocks can tell the age of what they hold. Since v2.1.0 releases look at the table alone. */
static gboolean
blocks_tell (const KtPrune *prune)
{
  KtField field = prune->schema == BY_TIMESTAMP ? KT_FIELD_BLOCK_TIMESTAMP : KT_FIELD_BLOCK_BLUE_SCORE;
  return is_written (prune->tables, KT_TABLE_BLOCKS)
         && (prune->schema >= KT_SCHEMA_FIRST_RESOLVED || has (prune->features, field));
}

static gboolean
is_due (const Step *step, const KtPrune *prune)
{
  gboolean accepting = !kt_features_off (prune->features, KT_DISABLE_TRANSACTION_ACCEPTANCE);
  gboolean processing = !kt_features_off (prune->features, KT_DISABLE_TRANSACTION_PROCESSING);
  switch (step->when)
    {
    case WITH_BLOCKS:
      return step->table == KT_TABLE_BLOCKS_TRANSACTIONS ? blocks_tell (prune)
                                                         : is_written (prune->tables, KT_TABLE_BLOCKS);
    case WITHOUT_BLOCKS:
      return !blocks_tell (prune);
    case WITHOUT_BLOCKS_ACCEPTING:
      return !is_written (prune->tables, KT_TABLE_BLOCKS) && accepting && processing;
    case CHAIN_BLOCKS_ONLY:
      return !accepting && blocks_tell (prune);
    default:
      return TRUE;
    }
}

static gboolean
applies (const Step *step, const KtPrune *prune)
{
  return prune->schema >= step->first_schema && (step->last_schema == 0 || prune->schema <= step->last_schema)
         && prune->rules->retention_ms[step->retention] >= 0 && is_written (prune->tables, step->table)
         && is_written (prune->tables, step->through) && is_due (step, prune);
}

/* What outlives what its age is known by could not be pruned any more. */
static gint64
retention_of (const Step *step, const KtPruneRules *rules)
{
  gint64 own_ms = rules->retention_ms[step->retention], limit_ms = rules->retention_ms[step->limit];
  return limit_ms >= 0 ? MIN (own_ms, limit_ms) : own_ms;
}

/* ---- one step ---- */

static gboolean
delete_batch (PGconn *connection, const Step *step, guint schema, gint64 cutoff, guint batch_rows, guint64 *rows,
              GError **error)
{
  if (step->chunk != NULL)
    return step->chunk (connection, cutoff, batch_rows, rows, error);
  g_autofree char *cutoff_text = g_strdup_printf ("%" G_GINT64_FORMAT, cutoff);
  g_autofree char *limit_text = g_strdup_printf ("%u", batch_rows);
  g_autoptr (GString) sql = g_string_new (step->sql);
  g_string_replace (sql, "{age}", schema == BY_TIMESTAMP ? "\"timestamp\"" : "blue_score", 0);
  g_autoptr (PGresult) deleted = kt_sim_query (connection, error, sql->str, cutoff_text, limit_text, NULL);
  if (deleted == NULL)
    return FALSE;
  *rows = g_ascii_strtoull (PQcmdTuples (deleted), NULL, 10);
  return TRUE;
}

static gboolean
run_step (PGconn *connection, const KtPrune *prune, KtPruneStep *done, const KtPruneResult *result, GError **error)
{
  gint64 start_us = g_get_monotonic_time ();
  guint64 rows;
  do
    {
      if (!delete_batch (connection, &steps[done->step], prune->schema, done->cutoff, prune->rules->batch_rows, &rows,
                         error))
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

static gboolean
by_score (const Step *step, guint schema)
{
  return step->through == KT_TABLE_BLOCKS && schema != BY_TIMESTAMP;
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
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      gint64 retention_ms = retention_of (&steps[i], prune->rules);
      if (!applies (&steps[i], prune))
        continue;
      g_assert (result->n_steps < KT_PRUNE_MAX_STEPS);
      KtPruneStep *done = &result->steps[result->n_steps++];
      *done = (KtPruneStep) {
        .step = i,
        .name = steps[i].name,
        .start_ms = g_get_real_time () / 1000,
        .cutoff_ms = time_ms - retention_ms,
        .cutoff = by_score (&steps[i], prune->schema)
                      ? kt_chain_blue_score (&level) - retention_ms / 1000 * BLUE_SCORES_A_SECOND
                      : time_ms - retention_ms,
      };
      if (!run_step (connection, prune, done, result, error))
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
      const Step *step = &steps[done->step];
      gboolean countable = !step->in_part && (step->through != KT_TABLE_BLOCKS || by_score (step, sim->schema));
      if (done->complete && countable && has (&sim->features, age_field (step, sim->schema)))
        kt_sim_note_pruned (sim, step->table, kt_sim_pruned_to (sim, step->through), done->cutoff);
    }
}
