/* SPDX-License-Identifier: MIT */
#include "operation/bench_record.h"
#include "operation/handlers.h"

#include "base/error.h"
#include "base/file.h"
#include "bench/footprint.h"
#include "bench/metric.h"
#include "bench/report.h"
#include "bench/store.h"

#include <string.h>

#define LIST_LIMIT 50
#define BLOCK_MS 100 /* of the chain's time */

static gboolean
write_html (JsonObject *document, JsonObject *args, GError **error)
{
  const char *path = kt_json_string (args, "html", NULL);
  if (path == NULL)
    return TRUE;
  g_autofree char *html = kt_bench_report_html (document);
  json_object_set_string_member (document, "html", path);
  return kt_file_write (path, html, -1, NULL, error);
}

static JsonObject *
configuration_named (JsonObject *document, const char *name)
{
  JsonArray *configurations = kt_json_array (document, "configurations");
  for (guint i = 0; configurations != NULL && i < json_array_get_length (configurations); i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      if (g_strcmp0 (kt_json_string (configuration, "name", NULL), name) == 0)
        return configuration;
    }
  return NULL;
}

/* What both must have been measured under; a difference between them would be one of these otherwise. */
static const struct {
  const char *object, *member; /* @object NULL: of the document itself */
  const char *what;
} conditions[] = {
  { "host", "description", "the emulated machine" },
  { NULL, "checkpoints_wanted", "the checkpoint cycles of a run" },
  { NULL, "transactions_wanted", "the transactions of a run" },
  { "args", "pruned", "--pruned" },
  { "args", "cold", "--cold" },
  { "args", "rate", "--rate" },
};

static JsonNode *
condition_of (JsonObject *document, gsize i)
{
  JsonObject *object = conditions[i].object != NULL ? kt_json_object (document, conditions[i].object) : document;
  return object != NULL ? json_object_get_member (object, conditions[i].member) : NULL;
}

/* "aged-pg15-all-seed1-100tps-1000000" without the version of PostgreSQL, which may be what is compared. */
static const char *
content_of_set (JsonObject *document)
{
  const char *name = kt_json_string (kt_json_object (document, "data_set"), "name", "");
  const char *version = strstr (name, "pg");
  return version != NULL ? version + strcspn (version, "-") : name;
}

static gboolean
refuse_other_conditions (JsonObject *before, JsonObject *now, gint64 id, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (!g_str_equal (content_of_set (before), content_of_set (now)))
    g_strv_builder_add (builder, "the data set");
  for (gsize i = 0; i < G_N_ELEMENTS (conditions); i++)
    {
      JsonNode *then = condition_of (before, i), *here = condition_of (now, i);
      if (then == NULL || here == NULL ? then != here : !json_node_equal (then, here))
        g_strv_builder_add (builder, conditions[i].what);
    }
  g_auto (GStrv) others = g_strv_builder_end (builder);
  if (*others == NULL)
    return FALSE;
  g_autofree char *list = g_strjoinv (", ", others);
  g_autofree char *detail = g_strdup_printf ("not the same: %s", list);
  g_autofree char *hint = g_strdup_printf ("kastune bench show %" G_GINT64_FORMAT " says how it was measured; measure again in the same way", id);
  kt_error_set (error, KT_ERROR_REFUSED, detail, hint, "result %" G_GINT64_FORMAT " was measured under other conditions and is no baseline", id);
  return TRUE;
}

/* Configurations of the same name in an earlier result: what has changed since, as far as the intervals say so. */
static gboolean
add_baseline (KtOperationContext *context, KtState *state, JsonObject *args, JsonObject *document, GError **error)
{
  gint64 id = kt_json_int (args, "baseline", 0);
  if (id == 0)
    return TRUE;
  g_autoptr (JsonObject) before = kt_bench_load (state, id, error);
  if (before == NULL || refuse_other_conditions (before, document, id, error))
    return FALSE;
  JsonArray *changes = json_array_new ();
  JsonArray *configurations = kt_json_array (document, "configurations");
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *now = json_array_get_object_element (configurations, i);
      const char *name = kt_json_string (now, "name", "");
      JsonObject *then = configuration_named (before, name);
      if (then == NULL)
        continue;
      JsonObject *change = json_object_new ();
      json_object_set_string_member (change, "name", name);
      json_object_set_object_member (change, "ratios", kt_bench_ratios_to_baseline (then, now));
      json_array_add_object_element (changes, change);
      context->findings = context->findings || kt_bench_has_regression (kt_json_object (change, "ratios"));
    }
  if (json_array_get_length (changes) == 0)
    {
      json_array_unref (changes);
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune bench list",
                    "result %" G_GINT64_FORMAT " holds no configuration of these names: there is nothing to compare", id);
      return FALSE;
    }
  JsonObject *baseline = json_object_new ();
  json_object_set_int_member (baseline, "id", id);
  kt_json_set_string (baseline, "title", kt_json_string (before, "title", NULL));
  json_object_set_array_member (baseline, "configurations", changes);
  json_object_set_object_member (document, "baseline", baseline);
  return TRUE;
}

static gboolean
finish (KtOperationContext *context, KtFacts *facts, JsonObject *args, const char *kind, const char *title,
        JsonObject *document, GError **error)
{
  /* Saved first: no wrong word about a baseline may cost what was measured. */
  return kt_bench_save (facts->state, kind, title, document, error)
         && add_baseline (context, facts->state, args, document, error)
         && kt_bench_update (facts->state, document, error) && write_html (document, args, error);
}

static char *
title_of (const KtBenchSetup *setup)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *host = kt_bench_host_describe (&setup->host);
  for (guint i = 0; i < setup->configurations->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            ((KtBenchConfiguration *) setup->configurations->pdata[i])->name);
  return g_strdup_printf ("%s on %s", names->str, host);
}

/* ---- compare ---- */

/* What may be said when a comparison goes on: the rest stands in it. */
static const char *const resumable[] = { "resume", "rounds", "within", "html", "baseline", NULL };

JsonObject *
kt_handle_bench_compare (KtOperationContext *context, JsonObject *args, GError **error)
{
  KtBenchRun run;
  g_autoptr (GError) local = NULL;
  gint64 began_us = g_get_monotonic_time ();
  g_autoptr (JsonObject) document = kt_bench_resume (context, args, "compare", resumable, &local);
  gboolean resumed = document != NULL;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autoptr (KtBenchSetup) setup = kt_bench_setup_new (context, args, document, error);
  if (setup == NULL || !kt_bench_take_run (args, &setup->watch, KT_BENCH_CYCLES, &run, error))
    return NULL;
  if (kt_json_bool (args, "pruned", FALSE))
    run.retention_ms = (gint64) setup->set->blocks * BLOCK_MS;
  gint64 within_ms = kt_json_int (args, "within", 0);
  const KtBenchComparison comparison = {
    .instance = { setup->place, setup->set, setup->bin_directory, setup->owner, &setup->host, NULL },
    .configurations = setup->configurations,
    .rounds = (guint) MAX (1, kt_json_int (args, "rounds", 3)),
    .run = run,
    .cold = kt_json_bool (args, "cold", FALSE),
    .crash = kt_json_bool (args, "recovery", FALSE),
    .deadline_us = within_ms > 0 ? began_us + within_ms * 1000 : 0,
    .keep = kt_bench_keep,
    .data = setup->facts->state,
  };
  if (!resumed)
    {
      g_autofree char *title = title_of (setup);
      document = kt_bench_comparison_document (&comparison);
      if (!kt_bench_begin (setup, &run, args, "compare", title, document, error))
        return NULL;
    }
  if (!kt_bench_compare (&comparison, document, error))
    {
      kt_bench_tell_kept (document, "bench compare", error);
      return NULL;
    }
  json_object_set_string_member (document, "state", "complete");
  return kt_bench_update (setup->facts->state, document, error)
             && add_baseline (context, setup->facts->state, args, document, error)
             && kt_bench_update (setup->facts->state, document, error) && write_html (document, args, error)
           ? g_steal_pointer (&document)
           : NULL;
}

/* ---- run ---- */

/* One server, several runs: a document of the same shape with one configuration. */
static JsonObject *
live_document (guint rounds)
{
  JsonObject *document = json_object_new (), *configuration = json_object_new ();
  JsonArray *configurations = json_array_new ();
  json_object_set_string_member (configuration, "name", "live");
  json_object_set_array_member (configuration, "runs", json_array_new ());
  json_array_add_object_element (configurations, configuration);
  json_object_set_array_member (document, "metrics", kt_bench_metrics_to_json ());
  json_object_set_array_member (document, "configurations", configurations);
  json_object_set_int_member (document, "rounds", rounds);
  json_object_set_array_member (document, "notes", json_array_new ());
  return document;
}

JsonObject *
kt_handle_bench_run (KtOperationContext *context, JsonObject *args, GError **error)
{
  KtBenchWatch watch;
  KtBenchRun run;
  guint rounds = (guint) MAX (1, kt_json_int (args, "rounds", 1));
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_SERVER, error);
  kt_bench_take_watch (context, &watch);
  if (facts == NULL || kt_facts_state (facts, error) == NULL || !kt_bench_take_run (args, &watch, 0, &run, error))
    return NULL;
  run.conninfo = facts->conninfo;
  run.observe = kt_json_bool (args, "observe", FALSE);
  run.postmaster = facts->server->local ? facts->server->postmaster_pid : 0;
  run.data_directory = facts->server->local ? facts->server->data_directory : NULL;
  if (run.observe)
    run.warm_up_ms = kt_json_int (args, "warm_up", 0);
  g_autoptr (JsonObject) document = live_document (rounds);
  JsonObject *configuration = json_array_get_object_element (kt_json_array (document, "configurations"), 0);
  for (guint round = 1; round <= rounds; round++)
    {
      g_autofree char *label = g_strdup_printf ("run %u of %u", round, rounds);
      run.label = label;
      JsonObject *one = kt_bench_run (&run, error);
      if (one == NULL)
        return NULL;
      json_object_set_int_member (one, "round", round);
      json_array_add_object_element (kt_json_array (configuration, "runs"), one);
    }
  kt_bench_summarize (document);
  g_autofree char *name = kt_connection_describe (facts->connection);
  g_autofree char *title = g_strdup_printf ("%s, %s", name, run.observe ? "the indexer observed" : "under load");
  json_object_set_string_member (document, "postgresql", facts->server->version);
  json_object_set_int_member (document, "duration_ms", run.duration_ms);
  json_object_set_boolean_member (document, "observed", run.observe);
  return finish (context, facts, args, "run", title, document, error) ? g_steal_pointer (&document) : NULL;
}

static KtState *
open_state (KtOperationContext *context, GError **error)
{
  return kt_state_open (context->state_directory, error);
}

JsonObject *
kt_handle_bench_list (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = open_state (context, error);
  JsonArray *list = state != NULL ? kt_bench_list (state, (guint) kt_json_int (args, "limit", LIST_LIMIT), error)
                                  : NULL;
  if (list == NULL)
    return NULL;
  JsonObject *answer = json_object_new ();
  json_object_set_array_member (answer, "results", list);
  return answer;
}

JsonObject *
kt_handle_bench_show (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = open_state (context, error);
  g_autoptr (JsonObject) document = state != NULL ? kt_bench_load (state, kt_json_int (args, "id", 0), error) : NULL;
  if (document == NULL || !add_baseline (context, state, args, document, error) || !write_html (document, args, error))
    return NULL;
  return g_steal_pointer (&document);
}

JsonObject *
kt_handle_bench_size (KtOperationContext *context, JsonObject *args, GError **error)
{
  KtFootprintSpec spec = {
    .tps = (double) kt_json_int (args, "rate", 100),
    .retention_ms = kt_json_int (args, "retention", 0),
    .checkpoint_ms = kt_json_int (args, "checkpoint_every", 15 * 60 * 1000),
  };
  if (!kt_bench_take_features (args, &spec.features, error))
    return NULL;
  if (spec.tps >= 1 && spec.tps <= KT_CHAIN_MAX_TPS && spec.checkpoint_ms > 0)
    return kt_footprint_to_json (&spec);
  kt_error_set (error, KT_ERROR_USAGE, NULL, NULL, "--rate goes from 1 to %d transactions a second", KT_CHAIN_MAX_TPS);
  return NULL;
}
