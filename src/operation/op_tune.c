/* SPDX-License-Identifier: MIT
 *
 * Measured tuning: what the search wants to know is measured, round after round, until it knows or the time is over. All
 * state stands in the document, so that an interrupted search goes on.
 */
#include "operation/bench_record.h"
#include "operation/handlers.h"
#include "operation/tune_space.h"

#include "base/error.h"
#include "base/file.h"
#include "bench/report.h"
#include "bench/store.h"
#include "tuning/profile.h"

#include <math.h>

#define DEFAULT_BUDGET_MS (2 * 3600 * 1000)
#define AROUND_A_RUN_MS (60 * 1000) /* copying, starting, reading the indexes: before anything is known */
#define SHARE_OF_DURATION 0.6

typedef struct {
  KtBenchComparison comparison;
  GPtrArray *configurations; /* KtBenchConfiguration, in the order of the document */
  GPtrArray *dimensions;     /* KtTuneDimension */
  KtSearchSpace space;
  JsonObject *document;      /* borrowed */
  gint64 deadline_us;
} Tuning;

/* ---- what stands in the document ---- */

static JsonObject *
configuration_at (const Tuning *tuning, guint i)
{
  return json_array_get_object_element (kt_json_array (tuning->document, "configurations"), i);
}

static KtSearchPoint
point_of (JsonObject *configuration)
{
  KtSearchPoint point = { { 0 } };
  JsonArray *levels = kt_json_array (configuration, "levels");
  for (guint i = 0; levels != NULL && i < MIN (json_array_get_length (levels), KT_SEARCH_DIMENSIONS); i++)
    point.level[i] = (guint8) json_array_get_int_element (levels, i);
  return point;
}

static double
score_of (JsonObject *configuration, guint round)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  for (guint i = 0; i < json_array_get_length (runs); i++)
    {
      JsonObject *run = json_array_get_object_element (runs, i);
      if (kt_json_int (run, "round", 0) == round && kt_json_bool (run, "counts", FALSE))
        return kt_json_double (kt_json_object (run, "metrics"), "transactions_per_s", NAN);
    }
  return NAN;
}

/* Of all rounds that are over. */
static GArray *
results_of (const Tuning *tuning)
{
  GArray *results = g_array_new (FALSE, FALSE, sizeof (KtSearchResult));
  JsonArray *rounds = kt_json_array (tuning->document, "search");
  for (guint i = 0; i < json_array_get_length (rounds); i++)
    {
      JsonObject *round = json_array_get_object_element (rounds, i);
      JsonArray *members = kt_json_array (round, "configurations");
      for (guint k = 0; kt_json_bool (round, "over", FALSE) && k < json_array_get_length (members); k++)
        {
          JsonObject *configuration = configuration_at (tuning, (guint) json_array_get_int_element (members, k));
          KtSearchResult result = { point_of (configuration), i + 1, kt_json_bool (round, "final", FALSE),
                                    score_of (configuration, i + 1) };
          g_array_append_val (results, result);
        }
    }
  return results;
}

/* ---- rounds ---- */

/* The number of the point's configuration, which is made when it is new. */
static guint
configuration_for (Tuning *tuning, const KtSearchPoint *point)
{
  for (guint i = 0; i < tuning->configurations->len; i++)
    {
      KtSearchPoint known = point_of (configuration_at (tuning, i));
      if (kt_search_point_equal (&known, point))
        return i;
    }
  const KtBenchConfiguration *advice = tuning->configurations->pdata[0];
  KtBenchConfiguration *made = g_new0 (KtBenchConfiguration, 1);
  g_autofree char *conf = kt_tune_point_conf (tuning->dimensions, point);
  JsonArray *levels = json_array_new ();
  made->name = kt_tune_point_name (tuning->dimensions, point);
  made->conf_text = g_strconcat (advice->conf_text, "\n", conf, NULL);
  made->statements = g_strdupv (advice->statements);
  for (guint i = 0; i < tuning->dimensions->len; i++)
    {
      const KtTuneLevel *level = kt_tune_level (tuning->dimensions, i, point);
      made->batch_scale = level->batch_scale > 0 ? level->batch_scale : made->batch_scale;
      made->batch_concurrency = level->batch_concurrency > 0 ? level->batch_concurrency : made->batch_concurrency;
      json_array_add_int_element (levels, point->level[i]);
    }
  g_ptr_array_add (tuning->configurations, made);
  kt_bench_add_configuration (tuning->document, made);
  guint number = tuning->configurations->len - 1;
  json_object_set_array_member (configuration_at (tuning, number), "levels", levels);
  return number;
}

static void
plan_round (Tuning *tuning, const GArray *points, gboolean final)
{
  JsonObject *round = json_object_new ();
  JsonArray *members = json_array_new ();
  for (guint i = 0; i < points->len; i++)
    json_array_add_int_element (members, configuration_for (tuning, &g_array_index (points, KtSearchPoint, i)));
  json_object_set_boolean_member (round, "final", final);
  json_object_set_boolean_member (round, "over", FALSE);
  json_object_set_array_member (round, "configurations", members);
  json_array_add_object_element (kt_json_array (tuning->document, "search"), round);
}

/* What a run took so far, or will about take. */
static double
run_takes_ms (const Tuning *tuning)
{
  const KtBenchRun *run = &tuning->comparison.run;
  double sum = 0;
  guint n = 0;
  for (guint i = 0; i < tuning->configurations->len; i++)
    {
      JsonArray *runs = kt_json_array (configuration_at (tuning, i), "runs");
      for (guint k = 0; k < json_array_get_length (runs); k++, n++)
        sum += kt_json_double (json_array_get_object_element (runs, k), "took_ms", 0);
    }
  return n > 0 ? sum / n
               : (double) run->warm_up_ms + SHARE_OF_DURATION * (double) run->duration_ms + AROUND_A_RUN_MS;
}

/* The start is measured in any case. */
static gboolean
is_over (const Tuning *tuning)
{
  return g_get_monotonic_time () >= tuning->deadline_us
         && json_array_get_length (kt_json_array (configuration_at (tuning, 0), "runs")) > 0;
}

static guint
runs_left (const Tuning *tuning)
{
  double left_ms = (double) (tuning->deadline_us - g_get_monotonic_time ()) / 1000;
  return left_ms > 0 ? (guint) (left_ms / run_takes_ms (tuning)) : 0;
}

/* A B C, then C B A. What an interruption left out is measured, the rest is there. When the time is over in its midst it
 * stays open, and its runs are not used. */
static gboolean
measure_round (Tuning *tuning, guint number, GError **error)
{
  JsonObject *round = json_array_get_object_element (kt_json_array (tuning->document, "search"), number - 1);
  JsonArray *members = kt_json_array (round, "configurations");
  guint n = json_array_get_length (members);
  json_object_set_int_member (tuning->document, "rounds", number);
  for (guint i = 0; i < n; i++)
    {
      guint which = (guint) json_array_get_int_element (members, number % 2 == 1 ? i : n - 1 - i);
      if (is_over (tuning))
        return TRUE;
      if (!kt_bench_measure (&tuning->comparison, which, number, tuning->document, error))
        return FALSE;
    }
  json_object_set_boolean_member (round, "over", TRUE);
  return kt_bench_keep (tuning->document, tuning->comparison.data, error);
}

static gboolean
refuse_without_start (const Tuning *tuning, GError **error)
{
  JsonObject *start = configuration_at (tuning, 0);
  JsonArray *runs = kt_json_array (start, "runs");
  const char *problem = kt_json_string (start, "problem", NULL);
  if (problem == NULL && json_array_get_length (runs) > 0
      && kt_json_bool (json_array_get_object_element (runs, 0), "counts", FALSE))
    return FALSE;
  if (problem == NULL && json_array_get_length (runs) > 0)
    problem = kt_json_string (json_array_get_object_element (runs, 0), "why_not", NULL);
  kt_error_set (error, KT_ERROR_VERIFY, problem, "give its checkpoint cycles more time with --duration",
                "the advised settings themselves could not be measured: there is nothing to compare with");
  return TRUE;
}

static gboolean
search (Tuning *tuning, GError **error)
{
  JsonArray *rounds = kt_json_array (tuning->document, "search");
  for (;;)
    {
      guint n = json_array_get_length (rounds);
      gboolean open = n > 0 && !kt_json_bool (json_array_get_object_element (rounds, n - 1), "over", TRUE);
      gboolean final = FALSE;
      g_autoptr (GArray) results = results_of (tuning);
      g_autoptr (GArray) points = open ? NULL
                                       : kt_search_next_round (&tuning->space, results, runs_left (tuning), &final);
      if (!open && points == NULL)
        return TRUE;
      if (open && is_over (tuning))
        return TRUE;
      if (points != NULL)
        plan_round (tuning, points, final);
      if (!measure_round (tuning, json_array_get_length (rounds), error) || refuse_without_start (tuning, error))
        return FALSE;
    }
}

/* ---- the answer ---- */

static JsonObject *
ratio_json (const KtEstimate *ratio)
{
  JsonObject *object = json_object_new ();
  json_object_set_double_member (object, "value", ratio->value);
  if (isfinite (ratio->low) && isfinite (ratio->high))
    {
      json_object_set_double_member (object, "low", ratio->low);
      json_object_set_double_member (object, "high", ratio->high);
    }
  json_object_set_int_member (object, "n", ratio->n);
  return object;
}

/* Every configuration that was measured against the advice: {name, alone, ratio?, final_ratio?, chosen}. */
static JsonArray *
tried_json (const Tuning *tuning, const GArray *results, const KtSearchPoint *verdict)
{
  JsonArray *array = json_array_new ();
  for (guint i = 1; i < tuning->configurations->len; i++)
    {
      JsonObject *configuration = configuration_at (tuning, i), *object = json_object_new ();
      KtSearchPoint point = point_of (configuration);
      KtEstimate all = kt_search_ratio (results, &point, FALSE), final = kt_search_ratio (results, &point, TRUE);
      json_object_set_string_member (object, "name", kt_json_string (configuration, "name", "?"));
      json_object_set_boolean_member (object, "chosen", kt_search_point_equal (&point, verdict));
      if (all.n > 0)
        json_object_set_object_member (object, "ratio", ratio_json (&all));
      if (final.n > 0)
        json_object_set_object_member (object, "final_ratio", ratio_json (&final));
      kt_json_set_string (object, "problem", kt_json_string (configuration, "problem", NULL));
      json_array_add_object_element (array, object);
    }
  return array;
}

static char *
profile_text (const Tuning *tuning, const GArray *results, const KtSearchPoint *verdict)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *what = g_strdup_printf ("result %" G_GINT64_FORMAT ", %s, PostgreSQL %s, %u runs",
                                           kt_json_int (tuning->document, "id", 0), date,
                                           kt_json_string (tuning->document, "postgresql", "?"), results->len);
  const KtTuneProvenance provenance = {
    .extends = kt_json_string (kt_json_object (tuning->document, "advised"), "profile", "standard"),
    .where = kt_json_string (kt_json_object (tuning->document, "host"), "description", "this machine"),
    .what = what,
  };
  return kt_tune_profile (tuning->dimensions, results, verdict, &provenance);
}

static gboolean
answer (Tuning *tuning, JsonObject *args, GError **error)
{
  const char *path = kt_json_string (args, "write", NULL), *html = kt_json_string (args, "html", NULL);
  g_autoptr (GArray) results = results_of (tuning);
  KtSearchPoint verdict = kt_search_verdict (results);
  g_autofree char *name = kt_tune_point_name (tuning->dimensions, &verdict);
  gboolean better = kt_search_deviations (&verdict) > 0;
  json_object_set_string_member (tuning->document, "verdict", name);
  json_object_set_boolean_member (tuning->document, "better", better);
  json_object_set_array_member (tuning->document, "tried", tried_json (tuning, results, &verdict));
  if (better)
    {
      g_autofree char *text = profile_text (tuning, results, &verdict);
      g_autoptr (KtProfile) checked = kt_profile_parse ("the measured profile", text, error);
      if (checked == NULL)
        return FALSE;
      json_object_set_string_member (tuning->document, "profile_text", text);
      if (path != NULL && !kt_file_write (path, text, -1, NULL, error))
        return FALSE;
      kt_json_set_string (tuning->document, "profile_file", path);
    }
  json_object_set_string_member (tuning->document, "state", "complete");
  if (!kt_bench_update (tuning->comparison.data, tuning->document, error))
    return FALSE;
  g_autofree char *page = html != NULL ? kt_bench_report_html (tuning->document) : NULL;
  kt_json_set_string (tuning->document, "html", html);
  return page == NULL || kt_file_write (html, page, -1, NULL, error);
}

/* ---- beginning ---- */

static GPtrArray *
dimensions_around (JsonObject *advised, const KtBenchSetup *setup, const KtBenchRun *run)
{
  JsonArray *words = kt_json_array (advised, "compressions");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; words != NULL && i < json_array_get_length (words); i++)
    g_strv_builder_add (builder, json_array_get_string_element (words, i));
  g_auto (GStrv) compressions = g_strv_builder_end (builder);
  const KtTuneFacts facts = {
    .memory_bytes = kt_json_int (advised, "memory_bytes", 0),
    .room_bytes = kt_json_int (advised, "room_bytes", -1),
    .shared_buffers = kt_json_int (advised, "shared_buffers", 0),
    .max_wal_size = kt_json_int (advised, "max_wal_size", 0),
    .wal_buffers = kt_json_int (advised, "wal_buffers", 0),
    .bgwriter_lru_maxpages = kt_json_int (advised, "bgwriter_lru_maxpages", 0),
    .wal_compression = kt_json_string (advised, "wal_compression", NULL),
    .compressions = words != NULL ? (const char *const *) compressions : NULL,
    .batch_scale = run->batch_scale,
    .batch_concurrency = run->batch_concurrency,
  };
  return kt_tune_dimensions (&facts);
}

static gboolean
begin (Tuning *tuning, const KtBenchSetup *setup, JsonObject *args, GError **error)
{
  g_autofree char *host = kt_bench_host_describe (&setup->host);
  g_autofree char *title = g_strdup_printf ("search around the advice on %s", host);
  json_object_set_int_member (setup->advised, "room_bytes", kt_bench_place_free_bytes (setup->place));
  json_object_set_object_member (tuning->document, "advised", json_object_ref (setup->advised));
  json_object_set_array_member (tuning->document, "search", json_array_new ());
  return kt_bench_begin (setup, &tuning->comparison.run, args, "tune", title, tuning->document, error);
}

static void
name_the_advice (JsonObject *args)
{
  JsonArray *only = json_array_new ();
  json_array_add_string_element (only, "kastune");
  json_object_set_array_member (args, "configurations", only);
}

JsonObject *
kt_handle_bench_tune (KtOperationContext *context, JsonObject *args, GError **error)
{
  static const char *const resumable[] = { "resume", "budget", "write", "html", NULL };
  gint64 began_us = g_get_monotonic_time ();
  g_autoptr (GError) local = NULL;
  KtBenchRun run;
  g_autoptr (JsonObject) begun = kt_bench_resume (context, args, "tune", resumable, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  name_the_advice (args);
  g_autoptr (KtBenchSetup) setup = kt_bench_setup_new (context, args, begun, error);
  if (setup == NULL || !kt_bench_take_run (args, &setup->watch, KT_BENCH_CYCLES, &run, error))
    return NULL;
  Tuning tuning = {
    .comparison = { .instance = { setup->place, setup->set, setup->bin_directory, setup->owner, &setup->host, NULL },
                    .configurations = setup->configurations,
                    .run = run,
                    .keep = kt_bench_keep,
                    .data = setup->facts->state },
    .configurations = setup->configurations,
    .deadline_us = began_us + kt_json_int (args, "budget", DEFAULT_BUDGET_MS) * 1000,
  };
  g_autoptr (JsonObject) document = begun != NULL ? json_object_ref (begun)
                                                  : kt_bench_comparison_document (&tuning.comparison);
  tuning.document = document;
  if (begun == NULL && !begin (&tuning, setup, args, error))
    return NULL;
  g_autoptr (GPtrArray)
    dimensions = dimensions_around (kt_json_object (document, "advised"), setup, &run);
  tuning.dimensions = dimensions;
  tuning.space = kt_tune_space (dimensions);
  if (search (&tuning, error) && answer (&tuning, args, error))
    return g_steal_pointer (&document);
  kt_bench_tell_kept (document, "bench tune", error);
  return NULL;
}
