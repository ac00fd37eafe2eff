/* SPDX-License-Identifier: MIT */
#include "workload/fill.h"

#include "base/error.h"
#include "workload/database.h"

#include <string.h>

#define CHUNK_TRANSACTIONS 20000
#define PROGRESS_INTERVAL_MS 200
#define COPY_PIECE (256 * 1024)

typedef struct Job Job;

typedef struct {
  Job *job;
  PGconn *connection;
  KtEncoder *encoder;
  KtRows rows[KT_N_TABLES];
} Worker;

/* A list of tasks of one kind, done in any order by several connections, each noted in kaspa_sim_fill. */
typedef struct {
  const char *name;
  gboolean (*run) (Worker *worker, guint64 task, GError **error); /* notes the task itself */
  guint64 n_tasks;
  guint64 weight; /* of a task in the progress */
  guint64 total;
} Phase;

struct Job {
  const KtFill *fill;
  KtSim *sim;
  KtChain *chain;
  const KtSchema *schema;
  KtTypes types;
  GStrv indexes;
  guint64 chunk_epochs;
  guint64 epochs;

  const Phase *phase;
  GMutex lock;
  GCond changed;
  guint8 *done;
  guint64 next;
  guint64 finished;
  guint working;
  gboolean stop;
  GError *error;
};

static void
worker_clear (Worker *worker)
{
  for (guint i = 0; i < KT_N_TABLES; i++)
    kt_rows_clear (&worker->rows[i]);
  kt_encoder_free (worker->encoder);
  PQfinish (worker->connection);
}

static gboolean
note (PGconn *connection, const char *phase, guint64 task, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, task);
  return kt_sim_run (connection, error, "INSERT INTO kaspa_sim_fill (phase, task) VALUES ($1, $2::bigint)", phase,
                     number, NULL);
}

/* ---- rows ---- */

static gboolean
put_copy_data (PGconn *connection, const void *data, gsize length)
{
  const char *at = data;
  for (gsize piece = 0; length > 0; at += piece, length -= piece)
    {
      piece = MIN (length, COPY_PIECE);
      if (PQputCopyData (connection, at, (int) piece) != 1)
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_table (PGconn *connection, const KtSchemaTable *table, const KtRows *rows, GError **error)
{
  static const char header[19] = "PGCOPY\n\377\r\n\0"; /* then no flags and no extension: zeros */
  static const char trailer[2] = { '\377', '\377' };
  g_autofree char *sql = kt_schema_copy_sql (table);
  g_autoptr (PGresult) begun = PQexec (connection, sql);
  if (PQresultStatus (begun) != PGRES_COPY_IN || !put_copy_data (connection, header, sizeof header)
      || !put_copy_data (connection, rows->data, rows->length)
      || !put_copy_data (connection, trailer, sizeof trailer) || PQputCopyEnd (connection, NULL) != 1)
    {
      kt_sim_set_error (connection, PQresultStatus (begun) == PGRES_COPY_IN ? NULL : begun, error, sql);
      return FALSE;
    }
  g_autoptr (PGresult) ended = PQgetResult (connection);
  g_autoptr (PGresult) last = PQgetResult (connection);
  if (PQresultStatus (ended) == PGRES_COMMAND_OK && last == NULL)
    return TRUE;
  kt_sim_set_error (connection, ended, error, sql);
  return FALSE;
}

static void
encode_chunk (Worker *worker, guint64 chunk)
{
  Job *job = worker->job;
  KtEncoded out = { 0 };
  guint64 from = chunk * job->chunk_epochs, to = MIN (from + job->chunk_epochs, job->epochs);
  guint64 settled = MIN (to * KT_CHAIN_EPOCH_LEVELS, job->sim->levels);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      kt_rows_reset (&worker->rows[i]);
      out.tables[i] = &worker->rows[i];
    }
  kt_encoder_blocks (worker->encoder, from * KT_CHAIN_EPOCH_BLOCKS, to * KT_CHAIN_EPOCH_BLOCKS, &out);
  kt_encoder_settled (worker->encoder, from * KT_CHAIN_EPOCH_LEVELS, settled, &out);
  if (settled < to * KT_CHAIN_EPOCH_LEVELS)
    {
      /* The last level of all: no chain block has accepted it yet. */
      KtLevel level;
      kt_chain_level (job->chain, settled, &level);
      kt_encoder_block_path (worker->encoder, level.first, to * KT_CHAIN_EPOCH_BLOCKS, &out);
    }
}

static gboolean
load_chunk (Worker *worker, guint64 chunk, GError **error)
{
  encode_chunk (worker, chunk);
  if (!kt_sim_run (worker->connection, error, "BEGIN", NULL))
    return FALSE;
  /* Each chunk begins with another table: the workers extend different files. */
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      guint table = (guint) ((i + chunk) % KT_N_TABLES);
      if (worker->rows[table].n_rows > 0
          && !copy_table (worker->connection, worker->job->schema->tables[table], &worker->rows[table], error))
        return FALSE;
    }
  return note (worker->connection, worker->job->phase->name, chunk, error)
         && kt_sim_run (worker->connection, error, "COMMIT", NULL);
}

/* ---- indexes, vacuum ---- */

static gboolean
build_index (Worker *worker, guint64 task, GError **error)
{
  gint64 memory_kb = worker->job->fill->sort_memory_bytes / 1024;
  g_autofree char *memory = g_strdup_printf ("%" G_GINT64_FORMAT "kB", memory_kb);
  return kt_sim_run (worker->connection, error, "BEGIN", NULL)
         && kt_sim_run (worker->connection, error, "SELECT set_config ('maintenance_work_mem', $1, true)", memory, NULL)
         && kt_sim_run (worker->connection, error, worker->job->indexes[task], NULL)
         && note (worker->connection, worker->job->phase->name, task, error)
         && kt_sim_run (worker->connection, error, "COMMIT", NULL);
}

static gboolean
vacuum_table (Worker *worker, guint64 task, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("VACUUM (ANALYZE) %s", kt_table_name (task));
  return (worker->job->schema->tables[task] == NULL || kt_sim_run (worker->connection, error, sql, NULL))
         && note (worker->connection, worker->job->phase->name, task, error);
}

/* ---- a phase ---- */

/* The next task that is not done; FALSE when there is none or all must stop. */
static gboolean
take_task (Job *job, guint64 *task)
{
  g_mutex_lock (&job->lock);
  while (job->next < job->phase->n_tasks && job->done[job->next])
    job->next++;
  gboolean found = !job->stop && job->next < job->phase->n_tasks;
  *task = job->next;
  job->next += found;
  g_mutex_unlock (&job->lock);
  return found;
}

static void
task_ended (Job *job, GError *error)
{
  g_mutex_lock (&job->lock);
  if (error == NULL)
    job->finished++;
  else
    {
      job->stop = TRUE;
      if (job->error == NULL)
        job->error = error;
      else
        g_error_free (error);
    }
  g_cond_signal (&job->changed);
  g_mutex_unlock (&job->lock);
}

static gpointer
work (gpointer data)
{
  Job *job = data;
  GError *error = NULL;
  guint64 task;
  Worker worker = { .job = job, .connection = kt_sim_connect (job->fill->conninfo, &error) };
  worker.encoder = kt_encoder_new (job->chain, job->schema, &job->types, &job->sim->features);
  kt_encoder_set_origin (worker.encoder, job->sim->origin);
  if (worker.connection != NULL)
    kt_sim_run (worker.connection, &error, "SET synchronous_commit = off; SET client_min_messages = warning", NULL);
  if (error != NULL)
    task_ended (job, g_steal_pointer (&error));
  while (take_task (job, &task))
    {
      job->phase->run (&worker, task, &error);
      task_ended (job, g_steal_pointer (&error));
    }
  worker_clear (&worker);
  g_mutex_lock (&job->lock);
  job->working--;
  g_cond_signal (&job->changed);
  g_mutex_unlock (&job->lock);
  return NULL;
}

static gboolean
load_notes (Job *job, PGconn *connection, GError **error)
{
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error, "SELECT task FROM kaspa_sim_fill WHERE phase = $1", job->phase->name, NULL);
  if (result == NULL)
    return FALSE;
  for (int i = 0; i < PQntuples (result); i++)
    {
      guint64 task = g_ascii_strtoull (PQgetvalue (result, i, 0), NULL, 10);
      if (task < job->phase->n_tasks && !job->done[task])
        {
          job->done[task] = TRUE;
          job->finished++;
        }
    }
  return TRUE;
}

static void
report (Job *job, guint64 finished, guint64 resumed, gint64 start_us)
{
  const Phase *phase = job->phase;
  if (job->fill->progress == NULL)
    return;
  KtProgress progress = {
    .phase = phase->name,
    .done = MIN (finished * phase->weight, phase->total),
    .total = phase->total,
    .resumed = MIN (resumed * phase->weight, phase->total),
    .elapsed_ms = (g_get_monotonic_time () - start_us) / 1000,
  };
  job->fill->progress (&progress, job->fill->progress_data);
}

/* Waits for the workers, telling how far they are and passing on a request to stop. */
static void
watch (Job *job, guint64 resumed, gint64 start_us)
{
  g_mutex_lock (&job->lock);
  while (job->working > 0)
    {
      g_cond_wait_until (&job->changed, &job->lock, g_get_monotonic_time () + PROGRESS_INTERVAL_MS * 1000);
      if (job->fill->stop != NULL && *job->fill->stop)
        job->stop = TRUE;
      guint64 finished = job->finished;
      g_mutex_unlock (&job->lock);
      report (job, finished, resumed, start_us);
      g_mutex_lock (&job->lock);
    }
  g_mutex_unlock (&job->lock);
}

static gboolean
run_phase (Job *job, const Phase *phase, guint n_workers, PGconn *connection, guint64 *resumed, gint64 *elapsed_ms,
           GError **error)
{
  g_autofree guint8 *done = g_new0 (guint8, phase->n_tasks + 1);
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gint64 start_us = g_get_monotonic_time ();
  job->phase = phase;
  job->done = done;
  job->next = job->finished = 0;
  if (!load_notes (job, connection, error))
    return FALSE;
  guint64 before = job->finished;
  job->working = (guint) MIN (n_workers, phase->n_tasks - before);
  for (guint i = job->working; i > 0; i--)
    g_ptr_array_add (threads, g_thread_new ("fill", work, job));
  watch (job, before, start_us);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  if (resumed != NULL)
    *resumed = MIN (before * phase->weight, phase->total);
  *elapsed_ms = (g_get_monotonic_time () - start_us) / 1000;
  if (job->error != NULL)
    g_propagate_error (error, g_steal_pointer (&job->error));
  else if (job->finished < phase->n_tasks)
    kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, "The same command continues where it stopped.",
                  "fill was stopped");
  else
    return TRUE;
  return FALSE;
}

/* ---- before and after ---- */

static gboolean
create_all (Job *job, PGconn *connection, GError **error)
{
  return kt_sim_run (connection, error, "BEGIN", NULL)
         && kt_database_create_tables (connection, job->sim, error)
         && kt_sim_run (connection, error,
                        "CREATE TABLE kaspa_sim_fill (phase text, task bigint, PRIMARY KEY (phase, task))", NULL)
         && kt_sim_run (connection, error, "COMMIT", NULL);
}

static gboolean
same_fill (const KtSim *left, const KtSim *right)
{
  return left->seed == right->seed && left->schema == right->schema && left->origin == right->origin
         && memcmp (&left->features, &right->features, sizeof left->features) == 0 && left->blocks == right->blocks
         && left->segments->len == 1 && right->segments->len == 1
         && g_array_index (left->segments, KtChainSegment, 0).tps
                == g_array_index (right->segments, KtChainSegment, 0).tps;
}

/* Finds out whether to begin, to continue (*exists) or to refuse. */
static gboolean
look (Job *job, PGconn *connection, gboolean *exists, gboolean *complete, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtSim) sim = kt_sim_load (connection, &local);
  *exists = *complete = FALSE;
  if (sim == NULL && !g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND)
      && !g_error_matches (local, KT_ERROR, KT_ERROR_PARSE))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (job->fill->replace_foreign || (sim != NULL && job->fill->replace))
    return kt_database_drop (connection, error);
  if (sim != NULL && same_fill (sim, job->sim) && !sim->running)
    {
      *exists = TRUE;
      *complete = !sim->filling;
      return TRUE;
    }
  if (sim != NULL)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL,
                    "“kaspa-sim run” continues it; “kaspa-sim fill --replace …” drops it and begins again.",
                    "database “%s” holds a different kaspa-sim database already", PQdb (connection));
      return FALSE;
    }
  g_autofree char *table = kt_database_find_table (connection, error);
  if (table == NULL)
    return FALSE;
  if (*table == '\0')
    return TRUE;
  kt_error_set (
      error, KT_ERROR_REFUSED, NULL,
      "Use another database (createdb kaspa_sim; kaspa-sim fill -d dbname=kaspa_sim …). If nobody needs these "
      "tables, “--replace-foreign” drops them.",
      "database “%s” holds a table “%s” that kaspa-sim did not make", PQdb (connection), table);
  return FALSE;
}

/* The indexer's own notes; with them the database is complete. */
static gboolean
finish (Job *job, PGconn *connection, GError **error)
{
  g_autofree char *checkpoint = kt_sim_checkpoint (job->sim, job->chain);
  g_autofree char *version = g_strdup_printf ("%u", job->schema->version);
  job->sim->filling = FALSE;
  return kt_sim_run (connection, error, "BEGIN", NULL)
         && kt_sim_run (connection, error,
                        "INSERT INTO vars (key, value) VALUES ('schema_version', $1), ('block_checkpoint', $2)"
                        " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value", version, checkpoint, NULL)
         && kt_sim_save (job->sim, connection, error)
         && kt_sim_run (connection, error, "DROP TABLE kaspa_sim_fill", NULL)
         && kt_sim_run (connection, error, "COMMIT", NULL);
}

static gboolean
measure (Job *job, PGconn *connection, KtFillResult *result, GError **error)
{
  result->size_bytes = 0;
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      g_autoptr (PGresult) size
        = kt_sim_query (connection, error, "SELECT coalesce (pg_total_relation_size (to_regclass ($1)), 0)",
                        kt_table_name (i), NULL);
      if (size == NULL)
        return FALSE;
      result->size_bytes += g_ascii_strtoll (PQgetvalue (size, 0, 0), NULL, 10);
    }
  return TRUE;
}

/* The shortest chain of whole epochs with so many transactions. */
static guint64
epochs_for (const KtChain *chain, guint64 transactions)
{
  guint64 low = 1, high = transactions / KT_CHAIN_EPOCH_BLOCKS + 1;
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2, blocks = middle * KT_CHAIN_EPOCH_BLOCKS;
      if (blocks + kt_chain_transactions_before (chain, blocks) >= transactions)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

static void
job_init (Job *job, const KtFill *fill)
{
  job->fill = fill;
  job->schema = kt_schema_find (fill->schema != 0 ? fill->schema : 23);
  job->sim = kt_sim_new (job->schema->version, fill->seed, fill->tps, &fill->features);
  job->chain = kt_sim_chain (job->sim);
  job->epochs = epochs_for (job->chain, fill->transactions);
  job->chunk_epochs = MAX (1, CHUNK_TRANSACTIONS / (KT_CHAIN_EPOCH_BLOCKS * (1 + fill->tps / 10)));
  job->sim->blocks = job->sim->block_path = job->epochs * KT_CHAIN_EPOCH_BLOCKS;
  job->sim->levels = job->epochs * KT_CHAIN_EPOCH_LEVELS - 1;
  job->sim->filling = TRUE;
  if (fill->origin != 0)
    job->sim->origin = fill->origin;
  if (job->sim->origin < KT_SCHEMA_FIRST_RESOLVED && job->schema->version >= KT_SCHEMA_FIRST_RESOLVED)
    {
      job->sim->origin_blocks = job->sim->blocks;
      job->sim->origin_levels = job->sim->levels;
    }
  job->indexes = kt_schema_indexes_sql (job->schema, fill->layout);
  g_mutex_init (&job->lock);
  g_cond_init (&job->changed);
}

static void
job_clear (Job *job)
{
  g_mutex_clear (&job->lock);
  g_cond_clear (&job->changed);
  g_strfreev (job->indexes);
  kt_chain_free (job->chain);
  kt_sim_free (job->sim);
  g_clear_error (&job->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

static gboolean
run_phases (Job *job, PGconn *connection, KtFillResult *result, GError **error)
{
  guint64 n_chunks = (job->epochs + job->chunk_epochs - 1) / job->chunk_epochs;
  guint n_indexes = g_strv_length (job->indexes);
  const Phase rows = {
    .name = "rows", .run = load_chunk, .n_tasks = n_chunks, .total = result->transactions,
    .weight = (result->transactions + n_chunks - 1) / n_chunks,
  };
  const Phase indexes = {
    .name = "indexes", .run = build_index, .n_tasks = n_indexes, .weight = 1, .total = n_indexes
  };
  const Phase vacuum = {
    .name = "vacuum", .run = vacuum_table, .n_tasks = KT_N_TABLES, .weight = 1, .total = KT_N_TABLES
  };
  return run_phase (job, &rows, job->fill->connections, connection, &result->resumed, &result->rows_ms, error)
         && run_phase (job, &indexes, MAX (1, job->fill->connections / 2), connection, NULL, &result->indexes_ms, error)
         && (job->fill->without_vacuum
             || run_phase (job, &vacuum, MAX (1, job->fill->connections / 2), connection, NULL, &result->vacuum_ms,
                           error));
}

gboolean
kt_fill (const KtFill *fill, KtFillResult *result, GError **error)
{
  g_auto (Job) job = { 0 };
  gboolean exists, complete;
  g_autoptr (PGconn) connection = kt_sim_connect (fill->conninfo, error);
  if (connection == NULL)
    return FALSE;
  job_init (&job, fill);
  *result = (KtFillResult) {
    .blocks = job.sim->blocks,
    .transactions = job.sim->blocks + kt_chain_transactions_before (job.chain, job.sim->blocks),
  };
  if (!kt_sim_lock (connection, error) || !look (&job, connection, &exists, &complete, error)
      || (!exists && !create_all (&job, connection, error)))
    return FALSE;
  if (complete)
    {
      result->resumed = result->transactions;
      return measure (&job, connection, result, error);
    }
  return kt_sim_types (connection, &job.types, error) && run_phases (&job, connection, result, error)
         && finish (&job, connection, error) && measure (&job, connection, result, error);
}
