/* SPDX-License-Identifier: MIT */
#include "bench/sampler.h"

#include "base/json.h"

#define INTERVAL_US G_USEC_PER_SEC
#define MOST_POINTS 120
#define MOST_WAITS 6

typedef struct {
  gint64 at_us; /* since the start */
  KtBenchCounts counts;
} Sample;

struct KtSampler {
  KtSamplerOptions options;
  KtConnection *connection;
  GThread *thread;
  GMutex lock;
  GCond changed;
  gboolean ending;
  gint64 began_us;
  GArray *samples;   /* Sample */
  GHashTable *waits; /* name -> count */
  gint64 n_waits;
};

static void
look_at_waits (KtSampler *sampler)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (sampler->connection, NULL, "bench_waits", NULL);
  for (int i = 0; rows != NULL && i < PQntuples (rows); i++)
    {
      const char *wait = kt_result_get (rows, i, "wait");
      gint64 sessions = kt_result_int (rows, i, "sessions");
      gint64 so_far = GPOINTER_TO_INT (g_hash_table_lookup (sampler->waits, wait));
      g_hash_table_replace (sampler->waits, g_strdup (wait), GINT_TO_POINTER ((int) (so_far + sessions)));
      sampler->n_waits += sessions;
    }
}

static gboolean
is_enough (const KtSampler *sampler, const Sample *now)
{
  const KtSamplerOptions *options = &sampler->options;
  const KtBenchCounts *first = &g_array_index (sampler->samples, Sample, 0).counts;
  if ((options->transactions == 0 && options->checkpoints == 0) || now->at_us < options->least_ms * 1000)
    return FALSE;
  gint64 transactions = kt_bench_counts_delta (first, &now->counts, KT_COUNT_TRANSACTIONS);
  gint64 checkpoints = kt_bench_counts_checkpoints (first, &now->counts);
  return (options->transactions == 0 || transactions >= (gint64) options->transactions)
         && (options->checkpoints == 0 || checkpoints >= options->checkpoints);
}

static gboolean
take_sample (KtSampler *sampler)
{
  Sample sample = { .at_us = g_get_monotonic_time () - sampler->began_us };
  /* A server too busy to answer is no reason to end the run: its end is noticed elsewhere. */
  if (!kt_bench_counts_read (sampler->connection, &sample.counts, NULL))
    return PQstatus (kt_connection_pq (sampler->connection)) == CONNECTION_OK;
  g_array_append_val (sampler->samples, sample);
  if (sampler->options.stop != NULL && is_enough (sampler, &sample))
    *sampler->options.stop = 1;
  return TRUE;
}

static gpointer
sample_until_stopped (gpointer data)
{
  KtSampler *sampler = data;
  gint64 next = sampler->began_us;
  gboolean going = TRUE;
  while (going)
    {
      going = take_sample (sampler);
      look_at_waits (sampler);
      next = MAX (next + INTERVAL_US, g_get_monotonic_time ());
      g_mutex_lock (&sampler->lock);
      while (!sampler->ending && g_cond_wait_until (&sampler->changed, &sampler->lock, next))
        ;
      going = going && !sampler->ending;
      g_mutex_unlock (&sampler->lock);
    }
  return NULL;
}

KtSampler *
kt_sampler_start (const KtSamplerOptions *options, GError **error)
{
  KtConnection *connection = kt_connection_open (options->conninfo, error);
  if (connection == NULL)
    return NULL;
  KtSampler *sampler = g_new0 (KtSampler, 1);
  sampler->options = *options;
  sampler->connection = connection;
  sampler->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  sampler->waits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&sampler->lock);
  g_cond_init (&sampler->changed);
  sampler->began_us = g_get_monotonic_time ();
  sampler->thread = g_thread_new ("sampler", sample_until_stopped, sampler);
  return sampler;
}

void
kt_sampler_stop (KtSampler *sampler)
{
  if (sampler->thread == NULL)
    return;
  g_mutex_lock (&sampler->lock);
  sampler->ending = TRUE;
  g_cond_signal (&sampler->changed);
  g_mutex_unlock (&sampler->lock);
  g_thread_join (g_steal_pointer (&sampler->thread));
}

void
kt_sampler_free (KtSampler *sampler)
{
  if (sampler == NULL)
    return;
  kt_sampler_stop (sampler);
  kt_connection_free (sampler->connection);
  g_array_unref (sampler->samples);
  g_hash_table_unref (sampler->waits);
  g_mutex_clear (&sampler->lock);
  g_cond_clear (&sampler->changed);
  g_free (sampler);
}

JsonObject *
kt_sampler_series (const KtSampler *sampler)
{
  static const KtCount shown[] = { KT_COUNT_TRANSACTIONS,          KT_COUNT_WAL_BYTES,
                                   KT_COUNT_BLOCKS_READ,           KT_COUNT_CHECKPOINTS_TIMED,
                                   KT_COUNT_CHECKPOINTS_REQUESTED, KT_COUNT_WRITTEN_CHECKPOINTER,
                                   KT_COUNT_WRITTEN_BGWRITER,      KT_COUNT_WRITTEN_BACKENDS };
  JsonObject *series = json_object_new ();
  guint n = sampler->samples->len, step = MAX (1, (n + MOST_POINTS - 1) / MOST_POINTS);
  JsonArray *times = json_array_new ();
  for (guint i = step; i < n; i += step)
    json_array_add_int_element (times, g_array_index (sampler->samples, Sample, i).at_us / 1000);
  json_object_set_array_member (series, "at_ms", times);
  for (gsize k = 0; k < G_N_ELEMENTS (shown); k++)
    {
      JsonArray *values = json_array_new ();
      for (guint i = step; i < n; i += step)
        {
          const Sample *from = &g_array_index (sampler->samples, Sample, i - step),
                       *to = &g_array_index (sampler->samples, Sample, i);
          json_array_add_int_element (values, kt_bench_counts_delta (&from->counts, &to->counts, shown[k]));
        }
      json_object_set_array_member (series, kt_count_name (shown[k]), values);
    }
  return series;
}

static int
compare_waits (gconstpointer left, gconstpointer right, gpointer data)
{
  GHashTable *waits = data;
  int a = GPOINTER_TO_INT (g_hash_table_lookup (waits, left)), b = GPOINTER_TO_INT (g_hash_table_lookup (waits, right));
  return a != b ? b - a : g_strcmp0 (left, right);
}

JsonArray *
kt_sampler_waits (const KtSampler *sampler)
{
  JsonArray *array = json_array_new ();
  GList *names = g_hash_table_get_keys (sampler->waits);
  guint n = 0;
  names = g_list_sort_with_data (names, compare_waits, sampler->waits);
  for (GList *name = names; name != NULL && n < MOST_WAITS; name = name->next, n++)
    {
      JsonObject *object = json_object_new ();
      int count = GPOINTER_TO_INT (g_hash_table_lookup (sampler->waits, name->data));
      json_object_set_string_member (object, "wait", name->data);
      json_object_set_double_member (object, "share", (double) count / (double) sampler->n_waits);
      json_array_add_object_element (array, object);
    }
  g_list_free (names);
  return array;
}
