/* SPDX-License-Identifier: MIT */
#include "workload/writer_parts.h"

#include "base/error.h"

/* Monotonic time of the next pruning; far off when the schedule has none. */
static gint64
next_us (const KtPruneSchedule *schedule)
{
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  gint64 at_s = kt_cron_next (&schedule->cron, now_s);
  if (schedule->interval_ms > 0)
    return g_get_monotonic_time () + schedule->interval_ms * 1000;
  return at_s > 0 ? g_get_monotonic_time () + (at_s - now_s) * G_USEC_PER_SEC : G_MAXINT64;
}

/* FALSE: stop instead. */
static gboolean
wait_for (KtWriterRun *run, gint64 until_us)
{
  g_mutex_lock (&run->lock);
  while (!run->stop && g_get_monotonic_time () < until_us)
    g_cond_wait_until (&run->moved, &run->lock, until_us);
  gboolean go = !run->stop;
  g_mutex_unlock (&run->lock);
  return go;
}

static gboolean
go_on (const KtPruneResult *so_far, gpointer data)
{
  KtWriterRun *run = data;
  g_mutex_lock (&run->lock);
  gboolean go = !run->stop;
  run->prune.result = *so_far;
  g_mutex_unlock (&run->lock);
  return go;
}

static void
begin (KtWriterRun *run)
{
  g_mutex_lock (&run->lock);
  run->prune = (KtPruneState) { .running = TRUE, .start_ms = g_get_real_time () / 1000 };
  g_mutex_unlock (&run->lock);
}

static void
account (KtWriterRun *run, const KtPruneResult *result, gboolean complete)
{
  g_mutex_lock (&run->lock);
  kt_prune_note (result, run->sim);
  run->prunings += complete;
  run->prune.running = FALSE;
  run->prune.ended = TRUE;
  run->prune.success = complete;
  run->prune.end_ms = g_get_real_time () / 1000;
  run->prune.result = *result;
  for (guint i = 0; i < result->n_steps; i++)
    run->pruned_rows += result->steps[i].rows;
  g_mutex_unlock (&run->lock);
}

/* As with the indexer a failed pruning ends nothing: it is told, and tried again at its time. */
static void
prune_once (KtWriterRun *run)
{
  KtPruneResult result = { 0 };
  g_autoptr (GError) error = NULL;
  const KtPrune prune = {
    .rules = &run->options->prune->rules, .features = &run->sim->features, .schema = run->sim->schema,
    .tables = kt_sim_tables (run->sim),
    .chain = run->chain, .go_on = go_on, .data = run,
  };
  begin (run);
  g_autoptr (PGconn) connection = kt_sim_connect (run->options->conninfo, &error);
  gboolean complete = connection != NULL && kt_prune (connection, &prune, &result, &error);
  account (run, &result, complete);
  if (error != NULL && !g_error_matches (error, KT_ERROR, KT_ERROR_INTERRUPTED))
    g_message ("pruning failed: %s: %s", error->message, kt_error_detail (error));
}

gpointer
kt_writer_prune_loop (gpointer data)
{
  KtWriterRun *run = data;
  while (wait_for (run, next_us (run->options->prune)))
    prune_once (run);
  kt_writer_leave (run, NULL);
  return NULL;
}
