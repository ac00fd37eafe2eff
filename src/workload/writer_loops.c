/* SPDX-License-Identifier: MIT */
#include "workload/writer_parts.h"

#include "workload/random.h"

#include <string.h>

/* Batches and limits of the indexer, in blocks at batch-scale 1. */
enum {
  BLOCKS_BATCH = 800,
  BLOCKS_FLUSH_MS = 3000,
  PATH_BATCH = 500,
  PATH_FLUSH_MS = 2000,
  PATH_BEHIND = 30, /* the block path waits until the acceptance is so many DAA scores ahead */
  ROUND_BATCH = 500,
  ROUND_TRANSACTIONS = 10000, /* a round of dense blocks is shorter, so are batches: memory stays bounded */
  BATCH_TRANSACTIONS = 50000,
  OLD_TRANSACTIONS = 5000, /* a batch of the block path before schema 21 */
  SLACK = 64,          /* more than the widest level, so that loops never wait for each other */
  CHAIN_ONLY_ROWS = 2000,
};

static const char do_nothing[] = "ON CONFLICT DO NOTHING";
static const char update_inputs[] = "ON CONFLICT (transaction_id) DO UPDATE SET inputs = EXCLUDED.inputs";
static const char delete_acceptances[] = "DELETE FROM transactions_acceptances WHERE block_hash = ANY($1)";
static const char save_var[]
  = "INSERT INTO vars (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";

/* Rows that one loop writes next. */
typedef struct {
  KtEncoder *encoder;
  KtRows rows[KT_N_TABLES];
  KtEncoded out;
} Batch;

static void
batch_init (Batch *batch, const KtWriterRun *run)
{
  *batch = (Batch) { .encoder = kt_encoder_new (run->chain, run->schema, &run->types, &run->sim->features) };
  kt_encoder_leave_joins (batch->encoder);
}

static void
batch_clear (Batch *batch)
{
  kt_encoder_free (batch->encoder);
  for (guint i = 0; i < KT_N_TABLES; i++)
    kt_rows_clear (&batch->rows[i]);
}

/* Empties the buffers and sorts out for which tables rows are wanted. */
static void
batch_reset (Batch *batch, guint64 tables)
{
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      kt_rows_reset (&batch->rows[i]);
      batch->out.tables[i] = tables >> i & 1 ? &batch->rows[i] : NULL;
    }
}

static void
batch_sort (Batch *batch, const KtWriterRun *run)
{
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      const KtSchemaTable *table = run->schema->tables[i];
      if (batch->out.tables[i] != NULL && table != NULL && table->sort != NULL)
        kt_rows_sort (&batch->rows[i], table->sort, table->n_sort);
    }
}

/* ---- pace and order of the loops ---- */

guint64
kt_writer_scaled (const KtWriterRun *run, guint blocks)
{
  return (guint64) (blocks * run->options->batch_scale + 0.5);
}

/* Acceptances that name the chain block alone come in larger statements. */
static guint
statement_rows (const KtWriterRun *run, KtTableId id)
{
  const KtSchemaTable *table = run->schema->tables[id];
  gboolean chain_only = kt_features_off (&run->sim->features, KT_DISABLE_TRANSACTION_ACCEPTANCE);
  guint rows = id == KT_TABLE_ACCEPTANCES && chain_only ? CHAIN_ONLY_ROWS : table->statement_rows;
  return (guint) CLAMP (kt_writer_scaled (run, rows), 1, table->statement_rows_limit);
}

guint64
kt_writer_available (const KtWriterRun *run)
{
  if (!run->options->paced)
    return G_MAXUINT64;
  return run->pace_block + (guint64) (g_get_monotonic_time () - run->start_us) / (KT_CHAIN_BLOCK_MS * 1000);
}

static guint64
first_of_level (const KtWriterRun *run, guint64 number)
{
  KtLevel level;
  kt_chain_level (run->chain, number, &level);
  return level.first;
}

typedef gboolean (*Ready) (const KtWriterRun *run, guint64 to);

static gboolean
blocks_may_reach (const KtWriterRun *run, guint64 to)
{
  return to <= run->sim->block_path + kt_writer_scaled (run, KT_WRITER_QUEUE_BLOCKS + BLOCKS_BATCH) + SLACK;
}

static gboolean
round_may_reach (const KtWriterRun *run, guint64 to)
{
  return to <= MIN (run->sim->blocks, run->sim->block_path) + kt_writer_scaled (run, KT_WRITER_QUEUE_BLOCKS) + SLACK;
}

static gboolean
path_may_reach (const KtWriterRun *run, guint64 to)
{
  return run->from_blocks || to + PATH_BEHIND <= first_of_level (run, run->sim->levels);
}

/* FALSE: stop instead. */
static gboolean
wait_until (KtWriterRun *run, Ready ready, guint64 to)
{
  g_mutex_lock (&run->lock);
  while (!run->stop && !ready (run, to))
    g_cond_wait (&run->moved, &run->lock);
  gboolean go = !run->stop;
  g_mutex_unlock (&run->lock);
  return go;
}

static gboolean
stopping (KtWriterRun *run)
{
  g_mutex_lock (&run->lock);
  gboolean stop = run->stop;
  g_mutex_unlock (&run->lock);
  return stop;
}

static void
advance (KtWriterRun *run, guint64 *position, guint64 to)
{
  g_mutex_lock (&run->lock);
  *position = to;
  g_cond_broadcast (&run->moved);
  g_mutex_unlock (&run->lock);
}

/* End of a full batch: so many blocks, or fewer when they hold more transactions than that. Times batch-scale, both. */
static guint64
full_batch (const KtWriterRun *run, guint64 from, guint blocks, guint transactions)
{
  guint64 least = KT_CHAIN_MAX_WIDTH, most = MAX (kt_writer_scaled (run, blocks), least);
  guint64 limit = kt_chain_transactions_before (run->chain, from) + kt_writer_scaled (run, transactions);
  while (least < most)
    {
      guint64 middle = (least + most + 1) / 2;
      if (kt_chain_transactions_before (run->chain, from + middle) <= limit)
        least = middle;
      else
        most = middle - 1;
    }
  return from + least;
}

/* Gives @full, or the end of what there is when the flush time is over; 0: stop. */
static guint64
take_blocks (KtWriterRun *run, guint64 from, guint64 full, gint64 flush_ms, gint64 *last_us)
{
  for (;;)
    {
      gint64 now_us = g_get_monotonic_time ();
      guint64 end = MIN (kt_writer_available (run), full);
      if (stopping (run))
        return 0;
      if (end == full || (end > from && now_us - *last_us >= flush_ms * 1000))
        {
          *last_us = now_us;
          return end;
        }
      g_usleep (KT_WRITER_STOP_LOOK_MS * 1000);
    }
}

void
kt_writer_leave (KtWriterRun *run, GError *error)
{
  g_mutex_lock (&run->lock);
  if (error != NULL)
    run->stop = TRUE;
  if (run->error == NULL)
    run->error = g_steal_pointer (&error);
  g_clear_error (&error);
  run->loops--;
  g_cond_broadcast (&run->moved);
  g_mutex_unlock (&run->lock);
}

/* ---- blocks ---- */

static gboolean
write_rows (KtSession *session, const KtWriterRun *run, KtTableId id, const KtRows *rows, gboolean in_transaction,
            GError **error)
{
  const KtSchemaTable *table = run->schema->tables[id];
  guint limit = statement_rows (run, id);
  for (gsize first = 0; first < rows->n_rows; first += limit)
    {
      guint n_rows = (guint) MIN (limit, rows->n_rows - first);
      if ((in_transaction && !kt_session_begin (session, error))
          || !kt_session_insert (session, table, do_nothing, rows, first, n_rows, error)
          || (in_transaction && !kt_session_commit (session, error)))
        return FALSE;
    }
  return TRUE;
}

gpointer
kt_writer_block_loop (gpointer data)
{
  KtWriterRun *run = data;
  GError *error = NULL;
  Batch batch;
  gint64 last_us = run->start_us;
  guint64 from = run->sim->blocks, to;
  batch_init (&batch, run);
  while (error == NULL)
    {
      guint64 full = full_batch (run, from, BLOCKS_BATCH, BATCH_TRANSACTIONS);
      to = take_blocks (run, from, full, BLOCKS_FLUSH_MS, &last_us);
      if (to == 0 || !wait_until (run, blocks_may_reach, to))
        break;
      batch_reset (&batch, 1 << KT_TABLE_BLOCKS | 1 << KT_TABLE_BLOCK_PARENT);
      kt_encoder_blocks (batch.encoder, from, to, &batch.out);
      if (write_rows (run->blocks, run, KT_TABLE_BLOCKS, &batch.rows[KT_TABLE_BLOCKS], TRUE, &error)
          && write_rows (run->blocks, run, KT_TABLE_BLOCK_PARENT, &batch.rows[KT_TABLE_BLOCK_PARENT], FALSE, &error))
        advance (run, &run->sim->blocks, from = to);
    }
  batch_clear (&batch);
  kt_writer_leave (run, error);
  return NULL;
}

/* ---- block path ---- */

static void
submit (KtWriterRun *run, KtWriterStream stream, KtTableId id, const char *conflict, const Batch *batch)
{
  const KtSchemaTable *table = run->schema->tables[id];
  kt_stream_submit (run->streams[stream], table, conflict, &batch->rows[id], statement_rows (run, id));
}

/* Waits for all of them, whatever one says. */
static gboolean
wait_streams (KtWriterRun *run, KtWriterStream first, KtWriterStream last, GError **error)
{
  GError *failed = NULL;
  for (guint i = first; i <= last; i++)
    kt_stream_wait (run->streams[i], failed == NULL ? &failed : NULL);
  if (failed == NULL)
    return TRUE;
  g_propagate_error (error, failed);
  return FALSE;
}

static guint64
mapping_bit (const KtWriterRun *run)
{
  return run->mapping < KT_N_TABLES ? G_GUINT64_CONSTANT (1) << run->mapping : 0;
}

/* All that comes from the blocks themselves, each table where there is one. */
static void
submit_path (KtWriterRun *run, const Batch *batch)
{
  submit (run, KT_STREAM_PATH_TRANSACTIONS, KT_TABLE_TRANSACTIONS, do_nothing, batch);
  if (run->mapping < KT_N_TABLES)
    submit (run, KT_STREAM_PATH_MAPPING, run->mapping, do_nothing, batch);
  if (run->n_streams == KT_N_STREAMS)
    {
      submit (run, KT_STREAM_PATH_INPUTS, KT_TABLE_INPUTS, do_nothing, batch);
      submit (run, KT_STREAM_PATH_OUTPUTS, KT_TABLE_OUTPUTS, do_nothing, batch);
    }
  if (run->entries && !run->from_blocks)
    submit (run, KT_STREAM_PATH_ENTRIES, KT_TABLE_BLOCKS_TRANSACTIONS, do_nothing, batch);
}

/* Before schema 21 a second part: blocks_transactions beside the mapping of the inputs. */
static gboolean
write_path (KtWriterRun *run, const Batch *batch, GError **error)
{
  KtWriterStream last = (KtWriterStream) (run->n_streams - 1);
  submit_path (run, batch);
  if (!wait_streams (run, KT_STREAM_PATH_TRANSACTIONS, last, error))
    return FALSE;
  if (!run->from_blocks)
    return TRUE;
  if (run->entries)
    submit (run, KT_STREAM_PATH_ENTRIES, KT_TABLE_BLOCKS_TRANSACTIONS, do_nothing, batch);
  gboolean joined = kt_writer_join_inputs (run, &batch->rows[KT_TABLE_TRANSACTIONS], error);
  return wait_streams (run, KT_STREAM_PATH_ENTRIES, KT_STREAM_PATH_ENTRIES, joined ? error : NULL) && joined;
}

gpointer
kt_writer_path_loop (gpointer data)
{
  KtWriterRun *run = data;
  GError *error = NULL;
  Batch batch;
  gint64 last_us = run->start_us;
  guint64 from = run->sim->block_path, to;
  guint64 tables = 1 << KT_TABLE_TRANSACTIONS | 1 << KT_TABLE_INPUTS | 1 << KT_TABLE_OUTPUTS
                   | (guint64) run->entries << KT_TABLE_BLOCKS_TRANSACTIONS | mapping_bit (run);
  batch_init (&batch, run);
  while (error == NULL)
    {
      guint64 full = full_batch (run, from, PATH_BATCH, run->from_blocks ? OLD_TRANSACTIONS : BATCH_TRANSACTIONS);
      to = take_blocks (run, from, full, PATH_FLUSH_MS, &last_us);
      if (to == 0 || !wait_until (run, path_may_reach, to))
        break;
      batch_reset (&batch, tables);
      kt_encoder_block_path (batch.encoder, from, to, &batch.out);
      batch_sort (&batch, run);
      if (write_path (run, &batch, &error))
        advance (run, &run->sim->block_path, from = to);
    }
  batch_clear (&batch);
  kt_writer_leave (run, error);
  return NULL;
}

/* ---- acceptance ---- */

typedef struct {
  Batch batch;
  guint64 from; /* levels */
  guint64 to;
  guint reorg; /* so many levels before @from are taken back and accepted again */
} Round;

/* Levels that the next blocks complete. Gives FALSE to stop. */
static gboolean
take_round (KtWriterRun *run, guint64 from, gint64 *last_us, Round *round)
{
  KtLevel level;
  round->from = round->to = from;
  while (round->to == from)
    {
      guint64 first = first_of_level (run, from);
      guint64 full = full_batch (run, first, ROUND_BATCH, ROUND_TRANSACTIONS);
      guint64 end = take_blocks (run, first, full, run->options->vcp_interval_ms, last_us);
      if (end == 0)
        return FALSE;
      for (kt_chain_level (run->chain, from, &level); level.first + level.width <= end;
           kt_chain_level (run->chain, round->to, &level))
        round->to++;
    }
  round->reorg = kt_sim_reorg (run->sim, from);
  return TRUE;
}

static void
encode_round (KtWriterRun *run, Round *round)
{
  batch_reset (&round->batch, 1 << KT_TABLE_ACCEPTANCES
                                  | (run->from_blocks ? 0 : 1 << KT_TABLE_TRANSACTIONS | mapping_bit (run)));
  kt_encoder_accepted (round->batch.encoder, round->from - round->reorg, round->to, &round->batch.out);
  batch_sort (&round->batch, run);
}

/* The chain blocks that accepted the levels taken back. */
static gboolean
take_back (KtWriterRun *run, const Round *round, GError **error)
{
  static const Oid types[] = { 1001 }; /* bytea[] */
  g_auto (KtRows) array = { 0 };
  kt_rows_int32 (&array, 1);
  kt_rows_int32 (&array, 0);
  kt_rows_int32 (&array, 17); /* bytea */
  kt_rows_int32 (&array, (gint32) round->reorg);
  kt_rows_int32 (&array, 1);
  for (guint i = 0; i < round->reorg; i++)
    {
      KtLevel level;
      KtHash hash;
      kt_chain_level (run->chain, round->from - i, &level);
      kt_chain_hash (run->chain, KT_HASH_BLOCK, level.chain_block, &hash);
      kt_rows_put_bytes (&array, hash.bytes, sizeof hash.bytes);
    }
  const char *values[] = { (const char *) array.data };
  const int lengths[] = { (int) array.length };
  run->reorgs++;
  return kt_session_execute (run->control, delete_acceptances, 1, types, values, lengths, error);
}

gboolean
kt_writer_save_checkpoint (KtWriterRun *run, GError **error)
{
  static const Oid types[] = { 1043, 25 }; /* varchar, text */
  g_mutex_lock (&run->lock);
  g_autofree char *hash = kt_sim_checkpoint (run->sim, run->chain);
  g_mutex_unlock (&run->lock);
  const char *values[] = { "block_checkpoint", hash };
  const int lengths[] = { (int) strlen (values[0]), (int) strlen (hash) };
  return kt_session_execute (run->control, save_var, 2, types, values, lengths, error);
}

static gboolean
begin_round (KtWriterRun *run, const Round *round, GError **error)
{
  if (round->reorg > 0 && !take_back (run, round, error))
    return FALSE;
  submit (run, KT_STREAM_ACCEPTANCES, KT_TABLE_ACCEPTANCES, do_nothing, &round->batch);
  if (run->from_blocks)
    return TRUE;
  g_mutex_lock (&run->lock);
  kt_sim_accepted_anew (run->sim, round->from - round->reorg);
  g_mutex_unlock (&run->lock);
  submit (run, KT_STREAM_UPSERTS, KT_TABLE_TRANSACTIONS, update_inputs, &round->batch);
  if (run->mapping < KT_N_TABLES)
    submit (run, KT_STREAM_MAPPING, run->mapping, do_nothing, &round->batch);
  return TRUE;
}

static gboolean
end_round (KtWriterRun *run, const Round *round, GError **error)
{
  if (!wait_streams (run, KT_STREAM_ACCEPTANCES, KT_STREAM_MAPPING, error))
    return FALSE;
  advance (run, &run->sim->levels, round->to);
  run->rounds++;
  return kt_writer_save_checkpoint (run, error);
}

/* While a round is written the next one is made, as far as it is there already: the indexer's channel of depth one. */
gpointer
kt_writer_acceptance_loop (gpointer data)
{
  KtWriterRun *run = data;
  GError *error = NULL;
  Round rounds[2];
  gint64 last_us = run->start_us;
  guint which = 0;
  gboolean ready = FALSE;
  batch_init (&rounds[0].batch, run);
  batch_init (&rounds[1].batch, run);
  rounds[1].to = run->sim->levels;
  for (;;)
    {
      Round *round = &rounds[which], *other = &rounds[!which];
      if (!ready && take_round (run, other->to, &last_us, round))
        {
          encode_round (run, round);
          ready = TRUE;
        }
      if (!ready || !wait_until (run, round_may_reach, first_of_level (run, round->to))
          || !begin_round (run, round, &error))
        break;
      ready = !run->options->paced && take_round (run, round->to, &last_us, other);
      if (ready)
        encode_round (run, other);
      if (!end_round (run, round, &error))
        break;
      which = !which;
    }
  batch_clear (&rounds[0].batch);
  batch_clear (&rounds[1].batch);
  kt_writer_leave (run, error);
  return NULL;
}
