/* SPDX-License-Identifier: MIT */
#include "workload/writer.h"

#include "base/error.h"
#include "workload/counters.h"
#include "workload/random.h"
#include "workload/stream.h"

#include <string.h>
#include <sys/resource.h>

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
  QUEUE_BLOCKS = 1000,
  SLACK = 64,          /* more than the widest level, so that loops never wait for each other */
  REACH_BLOCKS = 4000, /* no loop gets so far ahead of the checkpoint */
  REORG_PER_MILLE = 15,
  STOP_LOOK_MS = 20,
  CHAIN_ONLY_ROWS = 2000,
};

static const char do_nothing[] = "ON CONFLICT DO NOTHING";
static const char update_inputs[] = "ON CONFLICT (transaction_id) DO UPDATE SET inputs = EXCLUDED.inputs";
static const char delete_acceptances[] = "DELETE FROM transactions_acceptances WHERE block_hash = ANY($1)";
static const char save_var[]
  = "INSERT INTO vars (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";

typedef enum { ACCEPTANCES, UPSERTS, MAPPING, PATH_TRANSACTIONS, PATH_MAPPING, N_STREAMS } StreamId;

typedef struct {
  const KtWriter *options;
  KtSim *sim; /* positions: under the lock */
  KtChain *chain;
  const KtSchema *schema;
  KtTypes types;
  KtTableId mapping;
  KtSession *blocks;
  KtSession *control;
  KtStream *streams[N_STREAMS];
  guint64 pace_block; /* the node's newest block when the run began */
  gint64 start_us;
  guint64 rounds;
  guint64 reorgs;

  GMutex lock;
  GCond moved;
  gboolean stop;
  guint loops;
  GError *error;
} Run;

/* Rows that one loop writes next. */
typedef struct {
  KtEncoder *encoder;
  KtRows rows[KT_N_TABLES];
  KtEncoded out;
} Batch;

static void
batch_init (Batch *batch, const Run *run)
{
  *batch = (Batch) { .encoder = kt_encoder_new (run->chain, run->schema, &run->types, &run->sim->features) };
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
batch_sort (Batch *batch, const Run *run)
{
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      const KtSchemaTable *table = run->schema->tables[i];
      if (batch->out.tables[i] != NULL && table->sort != NULL)
        kt_rows_sort (&batch->rows[i], table->sort, table->n_sort);
    }
}

/* ---- pace and order of the loops ---- */

static guint64
scaled (const Run *run, guint blocks)
{
  return (guint64) (blocks * run->options->batch_scale + 0.5);
}

/* Acceptances that name the chain block alone come in larger statements. */
static guint
statement_rows (const Run *run, KtTableId id)
{
  const KtSchemaTable *table = run->schema->tables[id];
  gboolean chain_only = kt_features_off (&run->sim->features, KT_DISABLE_TRANSACTION_ACCEPTANCE);
  guint rows = id == KT_TABLE_ACCEPTANCES && chain_only ? CHAIN_ONLY_ROWS : table->statement_rows;
  return (guint) CLAMP (scaled (run, rows), 1, table->statement_rows_limit);
}

/* End of what the node has. */
static guint64
available (const Run *run)
{
  if (!run->options->paced)
    return G_MAXUINT64;
  return run->pace_block + (guint64) (g_get_monotonic_time () - run->start_us) / (KT_CHAIN_BLOCK_MS * 1000);
}

static guint64
first_of_level (const Run *run, guint64 number)
{
  KtLevel level;
  kt_chain_level (run->chain, number, &level);
  return level.first;
}

typedef gboolean (*Ready) (const Run *run, guint64 to);

static gboolean
blocks_may_reach (const Run *run, guint64 to)
{
  return to <= run->sim->block_path + scaled (run, QUEUE_BLOCKS + BLOCKS_BATCH) + SLACK;
}

static gboolean
round_may_reach (const Run *run, guint64 to)
{
  return to <= MIN (run->sim->blocks, run->sim->block_path) + scaled (run, QUEUE_BLOCKS) + SLACK;
}

static gboolean
path_may_reach (const Run *run, guint64 to)
{
  return to + PATH_BEHIND <= first_of_level (run, run->sim->levels);
}

/* FALSE: stop instead. */
static gboolean
wait_until (Run *run, Ready ready, guint64 to)
{
  g_mutex_lock (&run->lock);
  while (!run->stop && !ready (run, to))
    g_cond_wait (&run->moved, &run->lock);
  gboolean go = !run->stop;
  g_mutex_unlock (&run->lock);
  return go;
}

static gboolean
stopping (Run *run)
{
  g_mutex_lock (&run->lock);
  gboolean stop = run->stop;
  g_mutex_unlock (&run->lock);
  return stop;
}

static void
advance (Run *run, guint64 *position, guint64 to)
{
  g_mutex_lock (&run->lock);
  *position = to;
  g_cond_broadcast (&run->moved);
  g_mutex_unlock (&run->lock);
}

/* End of a full batch: so many blocks, or fewer when they hold more transactions than that. Times batch-scale, both. */
static guint64
full_batch (const Run *run, guint64 from, guint blocks, guint transactions)
{
  guint64 least = KT_CHAIN_MAX_WIDTH, most = MAX (scaled (run, blocks), least);
  guint64 limit = kt_chain_transactions_before (run->chain, from) + scaled (run, transactions);
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
take_blocks (Run *run, guint64 from, guint64 full, gint64 flush_ms, gint64 *last_us)
{
  for (;;)
    {
      gint64 now_us = g_get_monotonic_time ();
      guint64 end = MIN (available (run), full);
      if (stopping (run))
        return 0;
      if (end == full || (end > from && now_us - *last_us >= flush_ms * 1000))
        {
          *last_us = now_us;
          return end;
        }
      g_usleep (STOP_LOOK_MS * 1000);
    }
}

/* A loop ends: with an error all end. */
static void
leave (Run *run, GError *error)
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
write_rows (KtSession *session, const Run *run, KtTableId id, const KtRows *rows, gboolean in_transaction, GError **error)
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

static gpointer
block_loop (gpointer data)
{
  Run *run = data;
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
  leave (run, error);
  return NULL;
}

/* ---- block path ---- */

static void
submit (Run *run, StreamId stream, KtTableId id, const char *conflict, const Batch *batch)
{
  const KtSchemaTable *table = run->schema->tables[id];
  kt_stream_submit (run->streams[stream], table, conflict, &batch->rows[id], statement_rows (run, id));
}

/* Waits for all of them, whatever one says. */
static gboolean
wait_streams (Run *run, StreamId first, StreamId last, GError **error)
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
mapping_bit (const Run *run)
{
  return run->mapping < KT_N_TABLES ? G_GUINT64_CONSTANT (1) << run->mapping : 0;
}

static gpointer
path_loop (gpointer data)
{
  Run *run = data;
  GError *error = NULL;
  Batch batch;
  gint64 last_us = run->start_us;
  guint64 from = run->sim->block_path, to;
  batch_init (&batch, run);
  while (error == NULL)
    {
      guint64 full = full_batch (run, from, PATH_BATCH, BATCH_TRANSACTIONS);
      to = take_blocks (run, from, full, PATH_FLUSH_MS, &last_us);
      if (to == 0 || !wait_until (run, path_may_reach, to))
        break;
      batch_reset (&batch, 1 << KT_TABLE_TRANSACTIONS | mapping_bit (run));
      kt_encoder_block_path (batch.encoder, from, to, &batch.out);
      batch_sort (&batch, run);
      submit (run, PATH_TRANSACTIONS, KT_TABLE_TRANSACTIONS, do_nothing, &batch);
      if (run->mapping < KT_N_TABLES)
        submit (run, PATH_MAPPING, run->mapping, do_nothing, &batch);
      if (wait_streams (run, PATH_TRANSACTIONS, PATH_MAPPING, &error))
        advance (run, &run->sim->block_path, from = to);
    }
  batch_clear (&batch);
  leave (run, error);
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
take_round (Run *run, guint64 from, gint64 *last_us, Round *round)
{
  KtLevel level;
  guint64 draw = kt_mix (run->sim->seed ^ kt_mix (from));
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
  round->reorg = kt_below ((guint32) draw, 1000) < REORG_PER_MILLE ? 1 + kt_below ((guint32) (draw >> 32), 3) : 0;
  if (kt_features_off (&run->sim->features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING))
    round->reorg = 0;
  round->reorg = (guint) MIN (round->reorg, from);
  return TRUE;
}

static void
encode_round (Run *run, Round *round)
{
  batch_reset (&round->batch, 1 << KT_TABLE_ACCEPTANCES | 1 << KT_TABLE_TRANSACTIONS | mapping_bit (run));
  kt_encoder_accepted (round->batch.encoder, round->from - round->reorg, round->to, &round->batch.out);
  batch_sort (&round->batch, run);
}

/* The chain blocks that accepted the levels taken back. */
static gboolean
take_back (Run *run, const Round *round, GError **error)
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

static gboolean
save_checkpoint (Run *run, GError **error)
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
begin_round (Run *run, const Round *round, GError **error)
{
  if (round->reorg > 0 && !take_back (run, round, error))
    return FALSE;
  submit (run, ACCEPTANCES, KT_TABLE_ACCEPTANCES, do_nothing, &round->batch);
  submit (run, UPSERTS, KT_TABLE_TRANSACTIONS, update_inputs, &round->batch);
  if (run->mapping < KT_N_TABLES)
    submit (run, MAPPING, run->mapping, do_nothing, &round->batch);
  return TRUE;
}

static gboolean
end_round (Run *run, const Round *round, GError **error)
{
  if (!wait_streams (run, ACCEPTANCES, MAPPING, error))
    return FALSE;
  advance (run, &run->sim->levels, round->to);
  run->rounds++;
  return save_checkpoint (run, error);
}

/* While a round is written the next one is made, as far as it is there already: the indexer's channel of depth one. */
static gpointer
acceptance_loop (gpointer data)
{
  Run *run = data;
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
  leave (run, error);
  return NULL;
}

/* ---- the run ---- */

static void
run_clear (Run *run)
{
  for (guint i = 0; i < N_STREAMS; i++)
    kt_stream_free (run->streams[i]);
  kt_session_close (run->blocks);
  kt_session_close (run->control);
  kt_chain_free (run->chain);
  kt_sim_free (run->sim);
  g_clear_error (&run->error);
  g_mutex_clear (&run->lock);
  g_cond_clear (&run->moved);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* From the first block that no loop has reached the chain has the wanted density. */
static void
change_density (Run *run)
{
  GArray *segments = run->sim->segments;
  const KtChainSegment *last = &g_array_index (segments, KtChainSegment, segments->len - 1);
  guint64 frontier = kt_sim_frontier (run->sim, run->chain);
  guint64 epoch = (frontier + KT_CHAIN_EPOCH_BLOCKS - 1) / KT_CHAIN_EPOCH_BLOCKS;
  KtChainSegment next = { MAX (epoch * KT_CHAIN_EPOCH_BLOCKS, last->first_block), run->options->tps };
  if (next.tps == 0 || next.tps == last->tps)
    return;
  if (next.first_block == last->first_block)
    g_array_set_size (segments, segments->len - 1);
  g_array_append_val (segments, next);
  kt_chain_free (run->chain);
  run->chain = kt_sim_chain (run->sim);
}

static gboolean
prepare (Run *run, PGconn *connection, GError **error)
{
  run->sim = kt_sim_load (connection, error);
  if (run->sim == NULL)
    return FALSE;
  if (run->sim->filling)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "Give the same “kaspa-sim fill …” command again; it continues.",
                    "the fill of database “%s” is not complete", PQdb (connection));
      return FALSE;
    }
  run->chain = kt_sim_chain (run->sim);
  run->schema = kt_schema_find (run->sim->schema);
  run->mapping = kt_mapping_table (kt_features_mapping (&run->sim->features));
  change_density (run);
  run->pace_block = kt_sim_frontier (run->sim, run->chain);
  run->sim->running = TRUE;
  run->sim->reach = scaled (run, REACH_BLOCKS);
  return kt_sim_types (connection, &run->types, error) && kt_sim_save (run->sim, connection, error);
}

static gboolean
connect_all (Run *run, GError **error)
{
  static const char *const names[N_STREAMS] = { "acceptances", "upserts", "mapping", "path", "path-mapping" };
  const KtWriter *options = run->options;
  for (guint i = 0; i < N_STREAMS; i++)
    {
      run->streams[i] = kt_stream_new (names[i], options->conninfo, &run->types, options->batch_concurrency, error);
      if (run->streams[i] == NULL)
        return FALSE;
    }
  run->blocks = kt_session_open (options->conninfo, &run->types, error);
  run->control = run->blocks != NULL ? kt_session_open (options->conninfo, &run->types, error) : NULL;
  return run->control != NULL;
}

static void
report (Run *run, const KtSim *start)
{
  const KtWriter *options = run->options;
  KtLevel from, to;
  if (options->progress == NULL)
    return;
  gint64 elapsed_ms = (g_get_monotonic_time () - run->start_us) / 1000;
  KtProgress progress = {
    .phase = "run", .done = (guint64) elapsed_ms, .total = (guint64) options->duration_ms, .elapsed_ms = elapsed_ms,
  };
  g_mutex_lock (&run->lock);
  kt_chain_level (run->chain, start->levels, &from);
  kt_chain_level (run->chain, run->sim->levels, &to);
  g_mutex_unlock (&run->lock);
  progress.transactions = kt_chain_transactions_before (run->chain, to.first)
                          - kt_chain_transactions_before (run->chain, from.first);
  options->progress (&progress, options->progress_data);
}

/* Until all loops have ended; asks them to when the time is over or somebody wants it. */
static gboolean
watch (Run *run, const KtSim *start)
{
  const KtWriter *options = run->options;
  gboolean interrupted = FALSE;
  gint64 next_us = run->start_us;
  g_mutex_lock (&run->lock);
  while (run->loops > 0)
    {
      gint64 now_us = g_get_monotonic_time ();
      gboolean asked = options->stop != NULL && *options->stop;
      interrupted = interrupted || asked;
      if (asked || (options->duration_ms > 0 && now_us - run->start_us >= options->duration_ms * 1000))
        {
          run->stop = TRUE;
          g_cond_broadcast (&run->moved);
        }
      if (now_us >= next_us)
        {
          g_mutex_unlock (&run->lock);
          report (run, start);
          g_mutex_lock (&run->lock);
          next_us += G_USEC_PER_SEC;
        }
      g_cond_wait_until (&run->moved, &run->lock, now_us + STOP_LOOK_MS * 1000);
    }
  g_mutex_unlock (&run->lock);
  return interrupted;
}

static double
own_cpu_s (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static gboolean
run_loops (Run *run, const KtSim *start, KtWriterResult *result, GError **error)
{
  static const GThreadFunc loops[] = { block_loop, path_loop, acceptance_loop };
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  double cpu_s = own_cpu_s ();
  run->start_us = g_get_monotonic_time ();
  run->loops = G_N_ELEMENTS (loops);
  for (gsize i = 0; i < G_N_ELEMENTS (loops); i++)
    g_ptr_array_add (threads, g_thread_new ("loop", loops[i], run));
  result->interrupted = watch (run, start);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  result->elapsed_ms = (g_get_monotonic_time () - run->start_us) / 1000;
  result->own_cpu_s = own_cpu_s () - cpu_s;
  if (run->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&run->error));
  return FALSE;
}

static void
collect (Run *run, KtWriterResult *result)
{
  KtSessionCounts *const sums[N_STREAMS] = {
    [ACCEPTANCES] = &result->acceptances_stream, [UPSERTS] = &result->transactions_stream,
    [MAPPING] = &result->mapping_stream, [PATH_TRANSACTIONS] = &result->block_path_stream,
    [PATH_MAPPING] = &result->block_path_stream,
  };
  const KtSessionCounts *parts[] = {
    &result->acceptances_stream, &result->transactions_stream, &result->mapping_stream, &result->block_path_stream,
    &result->blocks_stream, kt_session_counts (run->control),
  };
  for (guint i = 0; i < N_STREAMS; i++)
    kt_stream_counts (run->streams[i], sums[i]);
  kt_session_counts_add (&result->blocks_stream, kt_session_counts (run->blocks));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    kt_session_counts_add (&result->all, parts[i]);
  result->rounds = run->rounds;
  result->reorgs = run->reorgs;
  result->connections = N_STREAMS * run->options->batch_concurrency + 2;
}

/* A backend adds its counts to the server's when it ends: wait for those of this run. */
static void
wait_for_backends (PGconn *connection)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (PGresult) result
        = kt_sim_query (connection, NULL,
                        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kaspa-sim'"
                        " AND datname = current_database () AND pid <> pg_backend_pid () LIMIT 1", NULL);
      if (result == NULL || PQntuples (result) == 0)
        return;
      g_usleep (20000);
    }
}

static void
disconnect_all (Run *run)
{
  for (guint i = 0; i < N_STREAMS; i++)
    g_clear_pointer (&run->streams[i], kt_stream_free);
  g_clear_pointer (&run->blocks, kt_session_close);
  g_clear_pointer (&run->control, kt_session_close);
}

/* Positions are exact again: the next run continues with them instead of the checkpoint. */
static gboolean
finish (Run *run, PGconn *connection, const KtSim *before, KtWriterResult *result, GError **error)
{
  if (!save_checkpoint (run, error))
    return FALSE;
  collect (run, result);
  disconnect_all (run);
  run->sim->running = FALSE;
  result->first_block = before->blocks;
  result->blocks = run->sim->blocks - before->blocks;
  result->transactions = kt_sim_transactions_added (before, run->sim, run->chain);
  return kt_sim_save (run->sim, connection, error);
}

gboolean
kt_write (const KtWriter *writer, KtWriterResult *result, GError **error)
{
  g_auto (Run) run = { .options = writer };
  KtServerCounts before;
  memset (result, 0, sizeof *result);
  g_mutex_init (&run.lock);
  g_cond_init (&run.moved);
  g_autoptr (PGconn) connection = kt_sim_connect (writer->conninfo, error);
  if (connection == NULL || !kt_sim_lock (connection, error) || !prepare (&run, connection, error)
      || !connect_all (&run, error) || !kt_server_counts_read (connection, &before, error))
    return FALSE;
  const KtSim start = *run.sim;
  if (!run_loops (&run, &start, result, error) || !finish (&run, connection, &start, result, error))
    return FALSE;
  wait_for_backends (connection);
  if (!kt_server_counts_read (connection, &result->server, error))
    return FALSE;
  kt_server_counts_subtract (&result->server, &before);
  return TRUE;
}
