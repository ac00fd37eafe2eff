/* SPDX-License-Identifier: MIT */
#include "workload/reader.h"

#include "workload/random.h"
#include "workload/reader_keys.h"
#include "workload/session.h"
#include "workload/sim.h"

#define LOOK_MS 20
#define FOLLOW_MS 1000 /* how often the end of the chain is looked up */
#define LATE_US G_USEC_PER_SEC

typedef struct {
  const KtReader *options;
  gint64 start_us;
  GMutex lock;
  GCond ended;
  guint working;
  gboolean stop;
  guint64 requests;
  GError *error;
} Run;

/* One connection. */
typedef struct {
  Run *run;
  guint number;
  KtSession *session;
  KtSim *sim;
  KtChain *chain;
  KtReadKeys keys;
  guint weights; /* of the queries that can be asked */
  char **sql[KT_N_READ_QUERIES]; /* with the names of this database; NULL: not asked of this schema */
  gint64 followed_us;
  KtReadResult *result;
} Worker;

/* ---- the database ---- */

static gboolean
can_ask (const Worker *worker, const KtReadQuery *query)
{
  return !query->needs_mapping || worker->keys.mapping != KT_N_TABLES;
}

static char *
fill_in (const KtReadStatement *statement, KtTableId mapping)
{
  GString *sql = g_string_new (statement->sql);
  g_string_replace (sql, "{mapping}", mapping != KT_N_TABLES ? kt_table_name (mapping) : "", 0);
  g_string_replace (sql, "{key}", mapping == KT_TABLE_SCRIPTS ? "script_public_key" : "address", 0);
  return g_string_free (sql, FALSE);
}

static void
prepare_queries (Worker *worker)
{
  guint schema = worker->sim->schema;
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    {
      const KtReadQuery *query = &kt_read_queries[i];
      worker->sql[i] = g_new0 (char *, query->n_statements);
      worker->weights += can_ask (worker, query) ? query->weight : 0;
      for (guint s = 0; s < query->n_statements; s++)
        {
          const KtReadStatement *statement = &query->statements[s];
          if (schema >= statement->first_schema && (statement->last_schema == 0 || schema <= statement->last_schema))
            worker->sql[i][s] = fill_in (statement, worker->keys.mapping);
        }
    }
}

/* Where the chain ends by now: a writer may be at work. */
static gboolean
follow (Worker *worker, GError **error)
{
  g_autoptr (KtSim) sim = kt_sim_load (kt_session_pq (worker->session), error);
  if (sim == NULL)
    return FALSE;
  if (worker->sim == NULL || sim->segments->len != worker->sim->segments->len)
    {
      kt_chain_free (worker->chain);
      worker->keys.chain = worker->chain = kt_sim_chain (sim);
    }
  kt_sim_free (worker->sim);
  worker->sim = g_steal_pointer (&sim);
  worker->keys.end = MAX (kt_sim_complete_to (worker->sim, worker->chain), 1);
  worker->followed_us = g_get_monotonic_time ();
  return TRUE;
}

static gboolean
open_worker (Worker *worker, GError **error)
{
  worker->session = kt_session_open (worker->run->options->conninfo, NULL, error);
  if (worker->session == NULL || !follow (worker, error))
    return FALSE;
  worker->keys.mapping = kt_mapping_table (kt_features_mapping (&worker->sim->features));
  prepare_queries (worker);
  return TRUE;
}

static void
worker_clear (Worker *worker)
{
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    for (guint s = 0; worker->sql[i] != NULL && s < kt_read_queries[i].n_statements; s++)
      g_free (worker->sql[i][s]);
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    g_free (worker->sql[i]);
  kt_session_close (worker->session);
  kt_sim_free (worker->sim);
  kt_chain_free (worker->chain);
  g_free (worker->result);
}

/* ---- a request ---- */

/* The column of all rows of an earlier answer, as an array. FALSE: there is nothing in it. */
static gboolean
put_found (const PGresult *found, guint column, KtRows *rows)
{
  gsize count_at, opened = kt_rows_array_open (rows, 17, &count_at);
  guint elements = 0;
  for (int row = 0; found != NULL && row < PQntuples (found); row++)
    if (!PQgetisnull (found, row, (int) column))
      {
        kt_rows_put_bytes (rows, PQgetvalue (found, row, (int) column), (gsize) PQgetlength (found, row, (int) column));
        elements++;
      }
  kt_rows_array_close (rows, opened, count_at, elements);
  return elements > 0;
}

static gboolean
put_last (const PGresult *found, guint column, KtRows *rows)
{
  int row = found != NULL ? PQntuples (found) - 1 : -1;
  if (row < 0 || PQgetisnull (found, row, (int) column))
    return FALSE;
  kt_rows_put_bytes (rows, PQgetvalue (found, row, (int) column), (gsize) PQgetlength (found, row, (int) column));
  return TRUE;
}

/* FALSE: what it asks for was not found. */
static gboolean
put_parameter (Worker *worker, guint64 request, const KtReadParameter *parameter, GPtrArray *answers, KtRows *rows,
               Oid *type)
{
  const PGresult *found = answers->len > 0 ? answers->pdata[parameter->statement] : NULL;
  kt_read_keys_put (&worker->keys, request, parameter->value, rows, type);
  if (parameter->value == KT_READ_FOUND)
    return put_found (found, parameter->column, rows);
  return parameter->value != KT_READ_LAST || put_last (found, parameter->column, rows);
}

/* Gives the answer, or NULL in *@answer when it was not asked. */
static gboolean
ask (Worker *worker, guint64 request, const KtReadStatement *statement, const char *sql, GPtrArray *answers,
     PGresult **answer, GError **error)
{
  g_auto (KtRows) rows = { 0 };
  Oid types[KT_READ_MAX_PARAMETERS] = { 0 };
  gsize offsets[KT_READ_MAX_PARAMETERS];
  const char *values[KT_READ_MAX_PARAMETERS];
  int lengths[KT_READ_MAX_PARAMETERS];
  guint n_values = 0;
  *answer = NULL;
  for (; n_values < KT_READ_MAX_PARAMETERS && statement->parameters[n_values].value != KT_READ_NONE; n_values++)
    {
      offsets[n_values] = rows.length;
      if (!put_parameter (worker, request, &statement->parameters[n_values], answers, &rows, &types[n_values]))
        return TRUE;
    }
  for (guint i = 0; i < n_values; i++)
    {
      gsize end = i + 1 < n_values ? offsets[i + 1] : rows.length;
      values[i] = (const char *) rows.data + offsets[i] + sizeof (gint32);
      lengths[i] = (int) (end - offsets[i] - sizeof (gint32));
    }
  *answer = kt_session_query (worker->session, sql, n_values, types, values, lengths, error);
  return *answer != NULL;
}

static void
answer_free (gpointer answer)
{
  PQclear (answer);
}

static gboolean
request (Worker *worker, guint which, guint64 random, KtReadCounts *counts, GError **error)
{
  const KtReadQuery *query = &kt_read_queries[which];
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func (answer_free);
  gboolean first = TRUE;
  for (guint i = 0; i < query->n_statements; i++)
    {
      PGresult *answer = NULL;
      const char *sql = worker->sql[which][i];
      if (sql != NULL && !ask (worker, random, &query->statements[i], sql, answers, &answer, error))
        return FALSE;
      g_ptr_array_add (answers, answer);
      if (sql == NULL || answer == NULL)
        continue;
      counts->statements++;
      counts->rows += (guint64) PQntuples (answer);
      counts->empty += first && PQntuples (answer) == 0;
      first = FALSE;
    }
  return TRUE;
}

static guint
choose (const Worker *worker, guint64 random)
{
  guint left = kt_below ((guint32) random, worker->weights), which = 0;
  for (;; which++)
    {
      guint weight = can_ask (worker, &kt_read_queries[which]) ? kt_read_queries[which].weight : 0;
      if (left < weight)
        return which;
      left -= weight;
    }
}

/* ---- pace ---- */

static gboolean
stopping (Run *run)
{
  const KtReader *options = run->options;
  gint64 elapsed_ms = (g_get_monotonic_time () - run->start_us) / 1000;
  g_mutex_lock (&run->lock);
  run->stop = run->stop || (options->stop != NULL && *options->stop)
              || (options->duration_ms > 0 && elapsed_ms >= options->duration_ms);
  gboolean stop = run->stop;
  g_mutex_unlock (&run->lock);
  return stop;
}

/* When the request after @done of this connection is due; FALSE: stop instead. */
static gboolean
wait_until_due (Worker *worker, guint64 done, gint64 *due_us)
{
  const KtReader *options = worker->run->options;
  guint64 turn = done * options->connections + worker->number;
  *due_us = options->rate > 0 ? worker->run->start_us + (gint64) ((double) turn * G_USEC_PER_SEC / options->rate)
                              : g_get_monotonic_time ();
  for (;;)
    {
      gint64 left_us = *due_us - g_get_monotonic_time ();
      if (stopping (worker->run) || (options->requests > 0 && turn >= options->requests))
        return FALSE;
      if (left_us <= 0)
        return TRUE;
      g_usleep ((gulong) MIN (left_us, LOOK_MS * 1000));
    }
}

static gboolean
read_on (Worker *worker, GError **error)
{
  guint64 random = kt_mix (worker->run->options->seed + kt_mix (worker->number)), done = 0;
  gint64 due_us;
  while (wait_until_due (worker, done++, &due_us))
    {
      gint64 begun_us = g_get_monotonic_time ();
      guint which = choose (worker, random = kt_mix (random + 1));
      KtReadCounts *counts = &worker->result->queries[which];
      if (begun_us - worker->followed_us > FOLLOW_MS * 1000 && !follow (worker, error))
        return FALSE;
      worker->result->late += begun_us - due_us > LATE_US;
      if (!request (worker, which, kt_mix (random), counts, error))
        return FALSE;
      kt_histogram_record (&counts->latency, g_get_monotonic_time () - due_us);
      g_mutex_lock (&worker->run->lock);
      worker->run->requests++;
      g_mutex_unlock (&worker->run->lock);
    }
  return TRUE;
}

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  Run *run = worker->run;
  GError *error = NULL;
  read_on (worker, &error);
  g_mutex_lock (&run->lock);
  if (error != NULL)
    run->stop = TRUE;
  if (run->error == NULL)
    run->error = g_steal_pointer (&error);
  g_clear_error (&error);
  run->working--;
  g_cond_signal (&run->ended);
  g_mutex_unlock (&run->lock);
  return NULL;
}

/* ---- all of them ---- */

static void
counts_add (KtReadCounts *sum, const KtReadCounts *other)
{
  kt_histogram_add (&sum->latency, &other->latency);
  sum->empty += other->empty;
  sum->statements += other->statements;
  sum->rows += other->rows;
}

static void
collect (KtReadResult *result, const KtReadResult *part)
{
  result->late += part->late;
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    {
      counts_add (&result->queries[i], &part->queries[i]);
      counts_add (&result->all, &part->queries[i]);
    }
}

static void
watch (Run *run)
{
  const KtReader *options = run->options;
  gint64 next_us = run->start_us;
  g_mutex_lock (&run->lock);
  while (run->working > 0)
    {
      gint64 now_us = g_get_monotonic_time ();
      gint64 elapsed_ms = (now_us - run->start_us) / 1000;
      if (options->progress != NULL && now_us >= next_us)
        {
          KtProgress progress = {
            .phase = "read", .done = (guint64) elapsed_ms, .total = (guint64) options->duration_ms,
            .elapsed_ms = elapsed_ms, .transactions = run->requests,
          };
          next_us += G_USEC_PER_SEC;
          g_mutex_unlock (&run->lock);
          options->progress (&progress, options->progress_data);
          g_mutex_lock (&run->lock);
        }
      g_cond_wait_until (&run->ended, &run->lock, now_us + LOOK_MS * 1000);
    }
  g_mutex_unlock (&run->lock);
}

static void
run_workers (Run *run, Worker *workers)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  run->working = run->options->connections;
  run->start_us = g_get_monotonic_time ();
  for (guint i = 0; i < run->options->connections; i++)
    g_ptr_array_add (threads, g_thread_new ("reader", work, &workers[i]));
  watch (run);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
}

gboolean
kt_read (const KtReader *reader, KtReadResult *result, GError **error)
{
  Run run = { .options = reader };
  g_autofree Worker *workers = g_new0 (Worker, reader->connections);
  gboolean opened = TRUE;
  g_mutex_init (&run.lock);
  g_cond_init (&run.ended);
  for (guint i = 0; i < reader->connections && opened; i++)
    {
      workers[i] = (Worker) { .run = &run, .number = i, .result = g_new0 (KtReadResult, 1) };
      opened = open_worker (&workers[i], error);
    }
  if (opened)
    run_workers (&run, workers);
  result->elapsed_ms = (g_get_monotonic_time () - run.start_us) / 1000;
  result->connections = reader->connections;
  for (guint i = 0; i < reader->connections; i++)
    {
      if (opened)
        collect (result, workers[i].result);
      worker_clear (&workers[i]);
    }
  g_mutex_clear (&run.lock);
  g_cond_clear (&run.ended);
  if (run.error == NULL)
    return opened;
  g_propagate_error (error, run.error);
  return FALSE;
}
