/* SPDX-License-Identifier: MIT
 *
 * indexer features: what may be left out, by use or name by name: whether a release takes it, what it costs, saves and loses, and the
 * words that set it. Nothing is changed, and nobody is asked.
 */
#include "operation/handlers.h"

#include "base/error.h"
#include "bench/footprint.h"
#include "indexer/check.h"
#include "indexer/choice.h"
#include "indexer/effects.h"
#include "indexer/translate.h"
#include "operation/indexer_parts.h"

#include <math.h>
#include <string.h>

#define DAY_S 86400.0
#define HASH_DIGITS 64
#define RESERVED_CONNECTIONS 3 /* for superusers, by default */

static const char *const option_names[KT_N_VALUES] = { [KT_VALUES_DISABLE] = "--disable", [KT_VALUES_EXCLUDE_FIELDS] = "--exclude-fields" };
static const char *const mapping_tables[] = { [KT_MAPPING_ADDRESSES] = "addresses_transactions", [KT_MAPPING_SCRIPTS] = "scripts_transactions",
                                              [KT_MAPPING_NONE] = "none" };

/* --- what it costs ------------------------------------------------------------------------------------------------ */

/* Of features of @release as schema 23 stores them. */
static KtFootprint
footprint_of (const KtFeatures *features, KtRelease release, double tps)
{
  KtFootprintSpec spec = { .features = kt_translate_features (features, release, KT_RELEASE_V2_3_0), .tps = tps, .checkpoint_ms = KT_INDEXER_CHECKPOINT_MS };
  KtFootprint footprint;
  kt_footprint (&spec, &footprint);
  return footprint;
}

static void
set_cost (JsonObject *object, const KtFootprint *footprint, const KtFootprint *less, double tps)
{
  double disk = footprint->disk_per_day - (less != NULL ? less->disk_per_day : 0);
  double wal = footprint->wal_per_day - (less != NULL ? less->wal_per_day : 0);
  json_object_set_double_member (object, "disk_bytes_per_day", round (disk));
  json_object_set_double_member (object, "wal_bytes_per_transaction", round (wal / (tps * DAY_S)));
}

static JsonArray *
sources_json (const KtReleaseRow *release, JsonObject *cost)
{
  JsonArray *sources = json_array_ref (kt_json_array (cost, "sources"));
  if (release->schema != kt_release_schema (KT_RELEASE_V2_3_0))
    {
      g_autofree char *other = g_strdup_printf ("%s has schema %u: all figures are of the same things as schema 23 stores them, so they compare choices"
                                                " better than they foretell a disk", release->tag, release->schema);
      json_array_add_string_element (sources, other);
    }
  json_array_add_string_element (sources, "what a choice saves: the difference that putting back this one alone would make; what several save together"
                                          " is not their sum, and what shows no figure saves under 2 bytes a row");
  return sources;
}

/* --- what is left out --------------------------------------------------------------------------------------------- */

static JsonArray *
choices_json (const KtArguments *arguments, const KtReleaseRow *release, double tps)
{
  JsonArray *rows = json_array_new ();
  KtFootprint now = footprint_of (&arguments->features, release->flags, tps);
  for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
    for (guint bit = 0; kt_effects_next (&arguments->features, kind, &bit);)
      {
        KtFeatures with = kt_effects_with (&arguments->features, kind, bit), alone = { 0 };
        *(kind == KT_VALUES_DISABLE ? &alone.disabled : &alone.excluded) = G_GUINT64_CONSTANT (1) << bit;
        g_autofree char *name = kt_features_to_words (&alone, release->flags, kind);
        KtFootprint footprint = footprint_of (&with, release->flags, tps);
        g_autoptr (JsonObject) saved = json_object_new ();
        JsonObject *row = json_object_new ();
        set_cost (saved, &footprint, &now, tps);
        kt_json_set_string (row, "option", option_names[kind]);
        kt_json_set_string (row, "value", name);
        kt_json_set_string (row, "loses", kt_effect_lost (kind, bit));
        json_object_set_object_member (row, "saves", json_object_ref (saved));
        json_array_add_object_element (rows, row);
      }
  return rows;
}

/* How kaspa-rest-server must be started to find what is stored. */
static JsonArray *
api_json (const KtFeatures *features, const KtReleaseRow *release)
{
  JsonArray *rows = json_array_new ();
  gboolean resolved = release->schema >= 21 && !kt_features_off (features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
                      && !kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE);
  json_array_add_string_element (rows, kt_features_mapping (features) == KT_MAPPING_SCRIPTS ? "USE_SCRIPT_FOR_ADDRESS=true" : "USE_SCRIPT_FOR_ADDRESS=false");
  if (release->schema >= 21)
    json_array_add_string_element (rows, resolved ? "PREV_OUT_RESOLVED=true" : "PREV_OUT_RESOLVED=false");
  return rows;
}

/* --- where it begins ---------------------------------------------------------------------------------------------- */

static gboolean
set_start (JsonObject *answer, JsonObject *args, GError **error)
{
  const char *start = kt_json_string (args, "start", NULL);
  gboolean hash = start != NULL && strlen (start) == HASH_DIGITS && strspn (start, "0123456789abcdef") == HASH_DIGITS;
  const struct { const char *name, *value, *meaning; } known[] = {
    { "full", NULL, "all of the chain: only an archival node or a dump of another indexer's database has it; a pruned node keeps 30 hours or a little more" },
    { "pruning-point", "p", "from the oldest block that the node has: 30 hours or a little more" },
    { "now", "v", "only what comes from now on" },
  };
  if (start == NULL)
    return TRUE;
  JsonObject *shown = json_object_new ();
  gsize i = 0;
  while (i < G_N_ELEMENTS (known) && !g_str_equal (known[i].name, start))
    i++;
  g_autofree char *option = hash ? g_strconcat ("--ignore-checkpoint=", start, NULL)
                            : i < G_N_ELEMENTS (known) && known[i].value != NULL ? g_strconcat ("--ignore-checkpoint=", known[i].value, NULL) : NULL;
  kt_json_set_string (shown, "option", option);
  kt_json_set_string (shown, "meaning", hash ? "from that block on, which the node must still have" : i < G_N_ELEMENTS (known) ? known[i].meaning : NULL);
  json_object_set_object_member (answer, "start", shown);
  if (hash || i < G_N_ELEMENTS (known))
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, "full, pruning-point, now, or the 64 digits of a block's hash", "“%s” is no place to start", start);
  return FALSE;
}

/* --- one combination ---------------------------------------------------------------------------------------------- */

static void
set_findings (JsonObject *answer, KtOperationContext *context, JsonObject *args, const KtReleaseRow *release, const KtArguments *arguments)
{
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  /* Where it listens is no choice of these. */
  KtIndexerUse use = { .release = release, .arguments = arguments, .feeds_k_indexer = kt_json_bool (args, "k_indexer", FALSE),
                       .max_connections = (int) kt_json_int (args, "max_connections", -1), .reserved_connections = RESERVED_CONNECTIONS };
  kt_indexer_check (&use, findings);
  context->findings = kt_findings_refuse (findings);
  json_object_set_boolean_member (answer, "valid", !kt_findings_refuse (findings));
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
}

static void
set_needs (JsonObject *answer, const KtReleaseRow *release, const KtArguments *arguments, double tps)
{
  KtFootprintSpec spec = { .features = kt_translate_features (&arguments->features, release->flags, KT_RELEASE_V2_3_0), .tps = tps,
                           .retention_ms = arguments->prune_cron != NULL ? MAX (arguments->retention_ms, 0) : 0, .checkpoint_ms = KT_INDEXER_CHECKPOINT_MS };
  KtFootprint footprint = footprint_of (&arguments->features, release->flags, tps), everything = footprint_of (&(KtFeatures){ 0 }, release->flags, tps);
  JsonObject *cost = kt_footprint_to_json (&spec), *all = json_object_new ();
  set_cost (cost, &footprint, NULL, tps);
  set_cost (all, &everything, NULL, tps);
  json_object_set_array_member (cost, "sources", sources_json (release, cost));
  json_object_set_object_member (answer, "needs", cost);
  json_object_set_object_member (answer, "everything", all);
}

static JsonObject *
combination (KtOperationContext *context, JsonObject *args, const KtReleaseRow *release, const KtChoice *choice, GError **error)
{
  static const char *const none[] = { NULL };
  g_autoptr (JsonObject) answer = json_object_new ();
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_auto (KtArguments) arguments = { 0 };
  double tps = kt_indexer_rate (args);
  g_auto (GStrv) words = kt_choice_apply (choice, release, none, notes, error);
  if (words == NULL || !kt_arguments_parse (&arguments, release->flags, (const char *const *) words, error) || !set_start (answer, args, error))
    return NULL;
  g_autofree char *chosen = kt_choice_words (choice);
  g_autofree char *configure = g_strdup_printf ("kastune indexer configure %s --release %s", chosen, release->tag);
  g_ptr_array_add (notes, NULL);
  json_object_set_string_member (answer, "release", release->tag);
  json_object_set_int_member (answer, "schema", release->schema);
  json_object_set_double_member (answer, "transactions_per_s", tps);
  kt_json_set_string (answer, "use", choice->use->name);
  kt_json_set_string (answer, "summary", choice->use->summary);
  kt_json_set_string (answer, "loses", choice->use->loses);
  kt_json_set_strings (answer, "arguments", (const char *const *) words);
  kt_json_set_string (answer, "configure", configure);
  kt_json_set_strings (answer, "notes", (const char *const *) notes->pdata);
  kt_json_set_string (answer, "mapping", mapping_tables[kt_features_mapping (&arguments.features)]);
  json_object_set_array_member (answer, "api_settings", api_json (&arguments.features, release));
  json_object_set_array_member (answer, "choices", choices_json (&arguments, release, tps));
  set_needs (answer, release, &arguments, tps);
  set_findings (answer, context, args, release, &arguments);
  return g_steal_pointer (&answer);
}

/* --- all uses ----------------------------------------------------------------------------------------------------- */

/* A use as it would run: its words, what it goes without, and what a day of it takes at @tps. */
static JsonObject *
use_json (const KtUse *use, const KtReleaseRow *release, double tps, GError **error)
{
  static const char *const none[] = { NULL };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) words = kt_choice_apply (&(KtChoice){ .use = use }, release, none, notes, error);
  if (words == NULL)
    return NULL;
  KtFeatures features = kt_use_features (use, release);
  KtFootprint footprint = footprint_of (&features, release->flags, tps);
  JsonObject *object = json_object_new ();
  kt_json_set_string (object, "name", use->name);
  kt_json_set_string (object, "summary", use->summary);
  kt_json_set_string (object, "loses", use->loses);
  kt_json_set_strings (object, "arguments", (const char *const *) words);
  json_object_set_double_member (object, "disk_bytes_per_day", round (footprint.disk_per_day));
  json_object_set_double_member (object, "wal_bytes_per_day", round (footprint.wal_per_day));
  return object;
}

static JsonObject *
overview (JsonObject *args, const KtReleaseRow *release, GError **error)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  JsonArray *uses = json_array_new ();
  double tps = kt_indexer_rate (args);
  json_object_set_array_member (answer, "uses", uses);
  json_object_set_string_member (answer, "release", release->tag);
  json_object_set_double_member (answer, "transactions_per_s", tps);
  for (const KtUse *use = kt_uses; use->name != NULL; use++)
    {
      JsonObject *row = use_json (use, release, tps, error);
      if (row == NULL)
        return NULL;
      json_array_add_object_element (uses, row);
    }
  return g_steal_pointer (&answer);
}

JsonObject *
kt_handle_indexer_features (KtOperationContext *context, JsonObject *args, GError **error)
{
  KtChoice choice = { 0 };
  const KtReleaseRow *release = kt_indexer_release (args, error);
  if (release == NULL || !kt_indexer_choice (args, "use", &choice, error))
    return NULL;
  if (kt_choice_is_empty (&choice) && !json_object_has_member (args, "start"))
    return overview (args, release, error);
  if (choice.use == NULL)
    choice.use = kt_use_find (KT_USE_EVERYTHING);
  return combination (context, args, release, &choice, error);
}
