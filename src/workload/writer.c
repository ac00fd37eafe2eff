/* SPDX-License-Identifier: MIT */
#include "workload/writer_parts.h"

#include "base/error.h"
#include "workload/counters.h"

#include <string.h>
#include <sys/resource.h>

#define REACH_BLOCKS 4000 /* at batch-scale 1: no loop gets so far ahead of the checkpoint */

static void
run_clear (KtWriterRun *run)
{
  for (guint i = 0; i < KT_N_STREAMS; i++)
    kt_stream_free (run->streams[i]);
  kt_session_close (run->blocks);
  kt_session_close (run->control);
  kt_session_close (run->joins);
  kt_chain_free (run->chain);
  kt_sim_free (run->sim);
  g_clear_error (&run->error);
  g_mutex_clear (&run->lock);
  g_cond_clear (&run->moved);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtWriterRun, run_clear)

/* From the first block that no loop has reached the chain has the wanted density. */
static void
change_density (KtWriterRun *run)
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
prepare (KtWriterRun *run, PGconn *connection, GError **error)
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
  run->from_blocks = run->sim->schema < KT_SCHEMA_FIRST_RESOLVED;
  run->chain = kt_sim_chain (run->sim);
  run->schema = kt_schema_find (run->sim->schema);
  run->entries = (kt_sim_tables (run->sim) >> KT_TABLE_BLOCKS_TRANSACTIONS & 1) != 0;
  run->n_streams = run->sim->schema == 10                        ? KT_N_STREAMS
                   : run->sim->schema < 23                       ? KT_STREAM_PATH_INPUTS
                                                                 : KT_STREAM_PATH_ENTRIES;
  run->mapping = kt_mapping_table (kt_features_mapping (&run->sim->features));
  change_density (run);
  run->pace_block = kt_sim_frontier (run->sim, run->chain);
  run->first_checkpoint = kt_sim_checkpoint_block (run->sim, run->chain);
  run->sim->running = TRUE;
  run->sim->reach = kt_writer_scaled (run, REACH_BLOCKS);
  return kt_sim_types (connection, &run->types, error) && kt_sim_save (run->sim, connection, error);
}

static gboolean
connect_all (KtWriterRun *run, GError **error)
{
  static const char *const names[KT_N_STREAMS] = { "acceptances", "upserts", "mapping", "path", "path-mapping",
                                                    "path-entries", "path-inputs", "path-outputs" };
  const KtWriter *options = run->options;
  for (guint i = 0; i < run->n_streams; i++)
    {
      run->streams[i] = kt_stream_new (names[i], options->conninfo, &run->types, options->batch_concurrency, error);
      if (run->streams[i] == NULL)
        return FALSE;
    }
  run->blocks = kt_session_open (options->conninfo, &run->types, error);
  run->control = run->blocks != NULL ? kt_session_open (options->conninfo, &run->types, error) : NULL;
  if (run->control == NULL || !run->from_blocks)
    return run->control != NULL;
  run->joins = kt_session_open (options->conninfo, &run->types, error);
  return run->joins != NULL;
}

static void
report (KtWriterRun *run, const KtSim *start)
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
watch (KtWriterRun *run, const KtSim *start)
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
      g_cond_wait_until (&run->moved, &run->lock, now_us + KT_WRITER_STOP_LOOK_MS * 1000);
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
run_loops (KtWriterRun *run, const KtSim *start, KtWriterResult *result, GError **error)
{
  static const GThreadFunc loops[]
    = { kt_writer_block_loop, kt_writer_path_loop, kt_writer_acceptance_loop, kt_writer_prune_loop };
  guint n_loops = G_N_ELEMENTS (loops) - (run->options->prune == NULL);
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  double cpu_s = own_cpu_s ();
  run->start_us = g_get_monotonic_time ();
  run->loops = n_loops;
  for (guint i = 0; i < n_loops; i++)
    g_ptr_array_add (threads, g_thread_new ("loop", loops[i], run));
  kt_monitor_attach (run->options->monitor, run);
  result->interrupted = watch (run, start);
  kt_monitor_attach (run->options->monitor, NULL);
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
collect (KtWriterRun *run, KtWriterResult *result)
{
  KtSessionCounts *const sums[KT_N_STREAMS] = {
    [KT_STREAM_ACCEPTANCES] = &result->acceptances_stream, [KT_STREAM_UPSERTS] = &result->transactions_stream,
    [KT_STREAM_MAPPING] = &result->mapping_stream, [KT_STREAM_PATH_TRANSACTIONS] = &result->block_path_stream,
    [KT_STREAM_PATH_MAPPING] = &result->block_path_stream, [KT_STREAM_PATH_ENTRIES] = &result->block_path_stream,
    [KT_STREAM_PATH_INPUTS] = &result->block_path_stream, [KT_STREAM_PATH_OUTPUTS] = &result->block_path_stream,
  };
  const KtSessionCounts *parts[] = {
    &result->acceptances_stream, &result->transactions_stream, &result->mapping_stream, &result->block_path_stream,
    &result->blocks_stream, kt_session_counts (run->control),
  };
  for (guint i = 0; i < run->n_streams; i++)
    kt_stream_counts (run->streams[i], sums[i]);
  if (run->joins != NULL)
    kt_session_counts_add (&result->block_path_stream, kt_session_counts (run->joins));
  kt_session_counts_add (&result->blocks_stream, kt_session_counts (run->blocks));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    kt_session_counts_add (&result->all, parts[i]);
  result->rounds = run->rounds;
  result->reorgs = run->reorgs;
  result->prunings = run->prunings;
  result->pruned_rows = run->pruned_rows;
  result->connections = run->n_streams * run->options->batch_concurrency + 2 + (run->joins != NULL)
                        + (run->options->prune != NULL);
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
disconnect_all (KtWriterRun *run)
{
  for (guint i = 0; i < KT_N_STREAMS; i++)
    g_clear_pointer (&run->streams[i], kt_stream_free);
  g_clear_pointer (&run->blocks, kt_session_close);
  g_clear_pointer (&run->control, kt_session_close);
  g_clear_pointer (&run->joins, kt_session_close);
}

/* Positions are exact again: the next run continues with them instead of the checkpoint. */
static gboolean
finish (KtWriterRun *run, PGconn *connection, const KtSim *before, KtWriterResult *result, GError **error)
{
  if (!kt_writer_save_checkpoint (run, error))
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
  g_auto (KtWriterRun) run = { .options = writer };
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
