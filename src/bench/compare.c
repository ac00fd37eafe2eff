/* SPDX-License-Identifier: MIT */
#include "bench/compare.h"

#include "base/error.h"
#include "bench/metric.h"
#include "bench/prepare.h"
#include "postgres/server.h"

#include <math.h>

/* With any of these a crash may lose or damage what was committed: such figures are not comparable. */
static const struct {
  const char *name, *unsafe;
} durability[] = { { "fsync", "off" }, { "full_page_writes", "off" }, { "synchronous_commit", "off" } };

void
kt_bench_configuration_free (KtBenchConfiguration *configuration)
{
  if (configuration == NULL)
    return;
  g_free (configuration->name);
  g_free (configuration->conf_text);
  g_strfreev (configuration->statements);
  g_free (configuration);
}

const char *
kt_difference_name (KtDifference change)
{
  static const char *const names[] = { "unknown", "none", "less", "more" };
  return names[change];
}

/* ---- summary ---- */

static JsonObject *
estimate_json (const KtEstimate *estimate)
{
  JsonObject *object = json_object_new ();
  json_object_set_double_member (object, "value", estimate->value);
  if (isfinite (estimate->low) && isfinite (estimate->high))
    {
      json_object_set_double_member (object, "low", estimate->low);
      json_object_set_double_member (object, "high", estimate->high);
    }
  json_object_set_int_member (object, "n", estimate->n);
  return object;
}

static JsonObject *
ratio_json (const KtEstimate *ratio)
{
  JsonObject *object = estimate_json (ratio);
  json_object_set_string_member (object, "change", kt_difference_name (kt_estimate_direction (ratio)));
  return object;
}

static gboolean
any_run_counts (JsonObject *configuration)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  for (guint i = 0; runs != NULL && i < json_array_get_length (runs); i++)
    if (kt_json_bool (json_array_get_object_element (runs, i), "counts", FALSE))
      return TRUE;
  return FALSE;
}

/* The metric by round (NAN where it is missing), of the runs that count, or of @all. Caller frees. */
static double *
values_by_round (JsonObject *configuration, const char *metric, guint rounds, gboolean all)
{
  double *values = g_new (double, rounds + 1);
  JsonArray *runs = kt_json_array (configuration, "runs");
  for (guint i = 0; i < rounds; i++)
    values[i] = NAN;
  for (guint i = 0; runs != NULL && i < json_array_get_length (runs); i++)
    {
      JsonObject *run = json_array_get_object_element (runs, i);
      gint64 round = kt_json_int (run, "round", 0);
      if (round >= 1 && round <= rounds && (all || kt_json_bool (run, "counts", FALSE)))
        values[round - 1] = kt_json_double (kt_json_object (run, "metrics"), metric, NAN);
    }
  return values;
}

/* Closes the gaps. @other (may be NULL) is closed in step: pairs stay pairs. */
static guint
only_known (double *values, double *other, guint n)
{
  guint kept = 0;
  for (guint i = 0; i < n; i++)
    {
      if (isnan (values[i]) || (other != NULL && isnan (other[i])))
        continue;
      values[kept] = values[i];
      if (other != NULL)
        other[kept] = other[i];
      kept++;
    }
  return kept;
}

static guint
rounds_of (JsonObject *document)
{
  return (guint) CLAMP (kt_json_int (document, "rounds", 0), 0, 100000);
}

static void
summarize_one (JsonObject *first, JsonObject *configuration, guint rounds)
{
  JsonObject *summary = json_object_new (), *ratios = json_object_new ();
  gboolean counts = any_run_counts (configuration);
  for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
    {
      g_autofree double *values = values_by_round (configuration, metric->name, rounds, !counts);
      g_autofree double *paired = values_by_round (configuration, metric->name, rounds, FALSE);
      g_autofree double *base = values_by_round (first, metric->name, rounds, FALSE);
      KtEstimate estimate = kt_estimate_mean (values, only_known (values, NULL, rounds));
      if (estimate.n == 0)
        continue;
      json_object_set_object_member (summary, metric->name, estimate_json (&estimate));
      guint pairs = only_known (paired, base, rounds);
      KtEstimate ratio = kt_estimate_ratio_of_pairs (base, paired, pairs);
      if (configuration != first && ratio.n > 0)
        json_object_set_object_member (ratios, metric->name, ratio_json (&ratio));
    }
  json_object_set_object_member (configuration, "summary", summary);
  json_object_set_object_member (configuration, "ratios", ratios);
  json_object_set_boolean_member (configuration, "counts", counts);
}

void
kt_bench_summarize (JsonObject *document)
{
  JsonArray *configurations = kt_json_array (document, "configurations");
  guint n = configurations != NULL ? json_array_get_length (configurations) : 0;
  for (guint i = 0; i < n; i++)
    summarize_one (json_array_get_object_element (configurations, 0),
                   json_array_get_object_element (configurations, i), rounds_of (document));
}

/* Rounds that a configuration was measured in. */
static guint
runs_of (JsonObject *configuration)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  guint most = 0;
  for (guint i = 0; runs != NULL && i < json_array_get_length (runs); i++)
    most = MAX (most, (guint) kt_json_int (json_array_get_object_element (runs, i), "round", 0));
  return most;
}

JsonObject *
kt_bench_ratios_to_baseline (JsonObject *baseline, JsonObject *now)
{
  JsonObject *ratios = json_object_new ();
  guint n_before = runs_of (baseline), n_now = runs_of (now);
  for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
    {
      g_autofree double *before = values_by_round (baseline, metric->name, n_before, FALSE);
      g_autofree double *after = values_by_round (now, metric->name, n_now, FALSE);
      KtEstimate ratio = kt_estimate_ratio (before, only_known (before, NULL, n_before), after,
                                            only_known (after, NULL, n_now));
      if (ratio.n > 0)
        json_object_set_object_member (ratios, metric->name, ratio_json (&ratio));
    }
  return ratios;
}

gboolean
kt_bench_has_regression (JsonObject *ratios)
{
  for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
    {
      JsonObject *ratio = kt_json_object (ratios, metric->name);
      const char *worse = kt_difference_name (metric->better == KT_BETTER_LESS ? KT_DIFFERENCE_MORE
                                                                               : KT_DIFFERENCE_LESS);
      if (ratio != NULL && g_str_equal (kt_json_string (ratio, "change", ""), worse))
        return TRUE;
    }
  return FALSE;
}

/* ---- measuring ---- */

static gboolean
run_statements (const char *conninfo, char **statements, GError **error)
{
  g_autoptr (KtConnection) connection = statements != NULL ? kt_connection_open (conninfo, error) : NULL;
  if (statements == NULL)
    return TRUE;
  for (char **statement = statements; connection != NULL && *statement != NULL; statement++)
    {
      g_autoptr (PGresult) done = kt_connection_query (connection, error, *statement, NULL);
      if (done == NULL)
        return FALSE;
    }
  return connection != NULL;
}

static void
add_note (JsonArray *notes, const char *text)
{
  for (guint i = 0; i < json_array_get_length (notes); i++)
    if (g_str_equal (json_array_get_string_element (notes, i), text))
      return;
  json_array_add_string_element (notes, text);
}

static void
note_unsafe_settings (const KtServer *server, const char *name, JsonArray *notes)
{
  for (gsize i = 0; i < G_N_ELEMENTS (durability); i++)
    {
      const KtSetting *setting = kt_server_setting (server, durability[i].name);
      if (setting == NULL || g_strcmp0 (setting->value, durability[i].unsafe) != 0)
        continue;
      g_autofree char *text = g_strdup_printf ("%s sets %s = %s: a crash loses or damages what was committed, so its"
                                               " figures do not compare", name, setting->name, setting->value);
      add_note (notes, text);
    }
}

/* What the server really runs with, and how large it has become. */
static gboolean
describe_server (const char *conninfo, JsonObject *configuration, JsonObject *run, JsonArray *notes, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, error);
  g_autoptr (KtServer) server = connection != NULL ? kt_server_load (connection, error) : NULL;
  GHashTableIter iter;
  gpointer value;
  gint64 heap = 0, index = 0;
  if (server == NULL)
    return FALSE;
  JsonObject *settings = json_object_new ();
  g_hash_table_iter_init (&iter, server->settings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const KtSetting *setting = value;
      g_autofree char *text = kt_setting_text (setting);
      if (g_strcmp0 (setting->source, "configuration file") == 0)
        json_object_set_string_member (settings, setting->name, text);
    }
  json_object_set_object_member (configuration, "settings", settings);
  for (guint i = 0; i < server->tables->len; i++)
    {
      const KtRelation *table = server->tables->pdata[i];
      heap += table->heap_bytes;
      index += table->index_bytes;
    }
  json_object_set_int_member (run, "table_bytes", heap);
  json_object_set_int_member (run, "index_bytes", index);
  note_unsafe_settings (server, kt_json_string (configuration, "name", ""), notes);
  return TRUE;
}

static gboolean
crash (KtBenchInstance *instance, const KtBenchWatch *watch, const char *label, JsonObject *run, GError **error)
{
  g_autofree char *what = g_strdup_printf ("%s: recovery", label);
  gint64 recovery_ms;
  kt_bench_say (watch, what, 0, 0);
  if (!kt_bench_instance_crash (instance, &recovery_ms, error))
    return FALSE;
  json_object_set_double_member (kt_json_object (run, "metrics"), "recovery_ms", (double) recovery_ms);
  return TRUE;
}

static void
take_emulation (const KtEmulation *emulation, JsonObject *document)
{
  JsonObject *limits = json_object_new ();
  json_object_set_boolean_member (limits, "memory", emulation->memory);
  json_object_set_boolean_member (limits, "cpus", emulation->cpus);
  json_object_set_boolean_member (limits, "disk", emulation->disk);
  json_object_set_object_member (document, "limits", limits);
  for (guint i = 0; i < emulation->notes->len; i++)
    add_note (kt_json_array (document, "notes"), emulation->notes->pdata[i]);
}

/* On a running server: statements, load, description, crash. */
static JsonObject *
measure_on (const KtBenchComparison *comparison, KtBenchInstance *instance, const KtBenchConfiguration *wanted,
            const char *label, JsonObject *document, JsonObject *configuration, GError **error)
{
  const char *conninfo = kt_bench_instance_conninfo (instance);
  KtBenchRun options = comparison->run;
  gint64 warm_pages = 0, wal_bytes;
  options.conninfo = conninfo;
  options.private_server = TRUE;
  if (wanted->batch_scale > 0)
    options.batch_scale = wanted->batch_scale;
  if (wanted->batch_concurrency > 0)
    options.batch_concurrency = wanted->batch_concurrency;
  options.postmaster = kt_bench_instance_pid (instance);
  options.data_directory = kt_bench_instance_data (instance);
  options.emulation = kt_bench_instance_emulation (instance);
  options.host = comparison->instance.host;
  options.label = label;
  if (!run_statements (conninfo, wanted->statements, error)
      || !kt_bench_prepare_wal (conninfo, options.data_directory, options.watch, &wal_bytes, error)
      || (!comparison->cold
          && !kt_bench_warm_caches (conninfo, options.host->memory_bytes, options.watch, &warm_pages, error)))
    return NULL;
  if (warm_pages < 0)
    add_note (kt_json_array (document, "notes"),
              "runs began with cold caches: this PostgreSQL has no pg_prewarm (Debian: in postgresql-NN, others: contrib)");
  g_autoptr (JsonObject) run = kt_bench_run (&options, error);
  if (run == NULL || !describe_server (conninfo, configuration, run, kt_json_array (document, "notes"), error))
    return NULL;
  if (comparison->crash && !crash (instance, options.watch, label, run, error))
    return NULL;
  return g_steal_pointer (&run);
}

/* Is it the configuration's own fault? Then the others go on without it. */
static gboolean
is_of_the_settings (const GError *error)
{
  return g_error_matches (error, KT_ERROR, KT_ERROR_VERIFY) || g_error_matches (error, KT_ERROR, KT_ERROR_CONNECT)
         || g_error_matches (error, KT_ERROR, KT_ERROR_QUERY);
}

static void
take_problem (JsonObject *configuration, const GError *error, const char *reason)
{
  const char *detail = reason != NULL ? reason : kt_error_detail (error);
  g_autofree char *text = g_strdup_printf ("%s: %s", error->message, detail != NULL ? detail : "no reason was given");
  json_object_set_string_member (configuration, "problem", text);
}

/* Its run of @round, or NULL. */
static JsonObject *
run_of_round (JsonObject *configuration, guint round)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  for (guint i = 0; runs != NULL && i < json_array_get_length (runs); i++)
    {
      JsonObject *run = json_array_get_object_element (runs, i);
      if (kt_json_int (run, "round", 0) == round)
        return run;
    }
  return NULL;
}

/* A run too short for its checkpoint cycles would be so again: the time is better spent on the others. */
static gboolean
is_left_out (JsonObject *configuration)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  guint n = json_array_get_length (runs);
  return json_object_has_member (configuration, "problem")
         || (n > 0 && !kt_json_bool (json_array_get_object_element (runs, n - 1), "counts", TRUE));
}

static void
take_left_out (const KtBenchInstance *instance, JsonObject *configuration)
{
  const GPtrArray *left_out = kt_bench_instance_left_out (instance);
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < left_out->len; i++)
    json_array_add_string_element (array, left_out->pdata[i]);
  json_object_set_array_member (configuration, "left_out", array);
}

/* On a server of its own. FALSE with @error, or with @error unset and the problem told in @configuration. */
static JsonObject *
measure (const KtBenchComparison *comparison, const KtBenchConfiguration *wanted, const char *label,
         JsonObject *document, JsonObject *configuration, GError **error)
{
  const KtBenchWatch *watch = comparison->run.watch;
  g_autofree char *what = g_strdup_printf ("%s: copying and starting", label);
  g_autoptr (GError) local = NULL;
  KtBenchInstanceOptions options = comparison->instance;
  options.conf_text = wanted->conf_text;
  kt_bench_say (watch, what, 0, 0);
  g_autoptr (KtBenchInstance) instance = kt_bench_instance_new (&options, watch, &local);
  JsonObject *run = NULL;
  if (instance != NULL)
    {
      take_emulation (kt_bench_instance_emulation (instance), document);
      take_left_out (instance, configuration);
      run = measure_on (comparison, instance, wanted, label, document, configuration, &local);
    }
  if (run != NULL)
    return run;
  if (!is_of_the_settings (local) || g_cancellable_is_cancelled (watch->cancellable))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autofree char *reason = instance != NULL ? kt_bench_instance_end_reason (instance) : NULL;
  take_problem (configuration, local, reason);
  return NULL;
}

gboolean
kt_bench_measure (const KtBenchComparison *comparison, guint which, guint round, JsonObject *document, GError **error)
{
  const KtBenchConfiguration *wanted = comparison->configurations->pdata[which];
  JsonObject *configuration = json_array_get_object_element (kt_json_array (document, "configurations"), which);
  if (run_of_round (configuration, round) != NULL || is_left_out (configuration))
    return TRUE;
  g_autofree char *label = comparison->rounds > 0
                             ? g_strdup_printf ("round %u of %u, %s", round, comparison->rounds, wanted->name)
                             : g_strdup_printf ("round %u, %s", round, wanted->name);
  g_autoptr (GError) local = NULL;
  gint64 began_us = g_get_monotonic_time ();
  JsonObject *run = measure (comparison, wanted, label, document, configuration, &local);
  if (run != NULL)
    {
      json_object_set_int_member (run, "round", round);
      json_object_set_int_member (run, "took_ms", (g_get_monotonic_time () - began_us) / 1000);
      json_array_add_object_element (kt_json_array (configuration, "runs"), run);
    }
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  kt_bench_summarize (document);
  return comparison->keep == NULL || comparison->keep (document, comparison->data, error);
}

/* What one more round takes, as the newest run of each says. */
static gint64
round_takes_us (JsonObject *document)
{
  JsonArray *configurations = kt_json_array (document, "configurations");
  gint64 sum_ms = 0;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      JsonArray *runs = kt_json_array (configuration, "runs");
      guint n = json_array_get_length (runs);
      if (n > 0 && !is_left_out (configuration))
        sum_ms += kt_json_int (json_array_get_object_element (runs, n - 1), "took_ms", 0);
    }
  return sum_ms * 1000;
}

static gboolean
time_is_over (const KtBenchComparison *comparison, JsonObject *document, guint round)
{
  if (comparison->deadline_us == 0 || round == 1
      || g_get_monotonic_time () + round_takes_us (document) <= comparison->deadline_us)
    return FALSE;
  g_autofree char *text = g_strdup_printf ("%u of the %u rounds: no further one would have ended within the time given",
                                           round - 1, comparison->rounds);
  add_note (kt_json_array (document, "notes"), text);
  return TRUE;
}

void
kt_bench_add_configuration (JsonObject *document, const KtBenchConfiguration *configuration)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", configuration->name);
  json_object_set_string_member (object, "conf_text", configuration->conf_text);
  kt_json_set_strings (object, "statements", (const char *const *) configuration->statements);
  if (configuration->batch_scale > 0)
    json_object_set_double_member (object, "batch_scale", configuration->batch_scale);
  if (configuration->batch_concurrency > 0)
    json_object_set_int_member (object, "batch_concurrency", configuration->batch_concurrency);
  json_object_set_array_member (object, "runs", json_array_new ());
  json_array_add_object_element (kt_json_array (document, "configurations"), object);
}

JsonObject *
kt_bench_comparison_document (const KtBenchComparison *comparison)
{
  JsonObject *document = json_object_new ();
  json_object_set_array_member (document, "metrics", kt_bench_metrics_to_json ());
  json_object_set_array_member (document, "configurations", json_array_new ());
  json_object_set_array_member (document, "notes", json_array_new ());
  for (guint i = 0; i < comparison->configurations->len; i++)
    kt_bench_add_configuration (document, comparison->configurations->pdata[i]);
  return document;
}

static GStrv
strings_of (JsonArray *array)
{
  g_autoptr (GStrvBuilder) strings = g_strv_builder_new ();
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_strv_builder_add (strings, json_array_get_string_element (array, i));
  return g_strv_builder_end (strings);
}

GPtrArray *
kt_bench_configurations_of (JsonObject *document)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  JsonArray *configurations = kt_json_array (document, "configurations");
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *object = json_array_get_object_element (configurations, i);
      JsonArray *statements = kt_json_array (object, "statements");
      KtBenchConfiguration *configuration = g_new0 (KtBenchConfiguration, 1);
      configuration->name = g_strdup (kt_json_string (object, "name", "?"));
      configuration->conf_text = g_strdup (kt_json_string (object, "conf_text", ""));
      configuration->statements = statements != NULL ? strings_of (statements) : NULL;
      configuration->batch_scale = kt_json_double (object, "batch_scale", 0);
      configuration->batch_concurrency = (guint) kt_json_int (object, "batch_concurrency", 0);
      g_ptr_array_add (all, configuration);
    }
  return all;
}

/* Begun earlier and gone on with: nothing of it is left to measure. */
static gboolean
round_is_there (JsonObject *document, guint round)
{
  JsonArray *configurations = kt_json_array (document, "configurations");
  guint runs = 0;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      gboolean there = run_of_round (configuration, round) != NULL;
      runs += there;
      if (!there && !is_left_out (configuration))
        return FALSE;
    }
  return runs > 0;
}

static gboolean
refuse_empty (JsonObject *document, GError **error)
{
  JsonArray *configurations = kt_json_array (document, "configurations");
  const char *problem = NULL;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      if (json_array_get_length (kt_json_array (configuration, "runs")) > 0)
        return FALSE;
      problem = problem != NULL ? problem : kt_json_string (configuration, "problem", NULL);
    }
  kt_error_set (error, KT_ERROR_VERIFY, problem, NULL, "not one of the configurations could be measured");
  return TRUE;
}

gboolean
kt_bench_compare (const KtBenchComparison *comparison, JsonObject *document, GError **error)
{
  guint n = comparison->configurations->len;
  json_object_set_int_member (document, "rounds", comparison->rounds);
  for (guint round = 1; round <= comparison->rounds
                        && (round_is_there (document, round) || !time_is_over (comparison, document, round)); round++)
    for (guint i = 0; i < n; i++)
      if (!kt_bench_measure (comparison, round % 2 == 1 ? i : n - 1 - i, round, document, error))
        return FALSE;
  if (refuse_empty (document, error))
    return FALSE;
  kt_bench_summarize (document);
  return TRUE;
}
