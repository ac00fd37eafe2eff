/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"

#include "base/error.h"
#include "bench/footprint.h"
#include "indexer/check.h"
#include "indexer/uses.h"
#include "operation/facts.h"

#include <math.h>

JsonObject *
kt_handle_indexer_releases (KtOperationContext *context, JsonObject *args, GError **error)
{
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "newest_stable", kt_release_newest_stable ()->tag);
  json_object_set_string_member (answer, "known_until", KT_RELEASES_KNOWN_UNTIL);
  json_object_set_array_member (answer, "releases", kt_releases_to_json ());
  return answer;
}

/* The release that was named, or the newest stable one. */
static const KtReleaseRow *
take_release (JsonObject *args, GError **error)
{
  const char *tag = kt_json_string (args, "release", NULL);
  const KtReleaseRow *row = tag != NULL ? kt_release_row (tag) : kt_release_newest_stable ();
  if (row == NULL)
    kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune indexer releases lists them", "there is no release %s of simply-kaspa-indexer", tag);
  else if (row->flags == KT_N_RELEASES)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "take one from v1.6.0 on (of v2.1, v2.1.1 on)",
                    "the command line of %s is not known well enough to check it", row->tag);
      return NULL;
    }
  return row;
}

static JsonArray *
strings_json (const char *const *words)
{
  JsonArray *array = json_array_new ();
  for (; words != NULL && *words != NULL; words++)
    json_array_add_string_element (array, *words);
  return array;
}

/* A use as it would run: its words, what it goes without, and what a day of it takes at @tps. */
static JsonObject *
use_json (const KtUse *use, const KtReleaseRow *release, const char *retention, double tps)
{
  g_auto (GStrv) words = kt_use_arguments (use, release->flags, retention);
  KtFootprintSpec spec = { .features = kt_use_features (use, KT_RELEASE_V2_3_0), .tps = tps, .checkpoint_ms = 15 * 60 * 1000 };
  KtFootprint footprint;
  kt_footprint (&spec, &footprint);
  JsonObject *object = json_object_new ();
  kt_json_set_string (object, "name", use->name);
  kt_json_set_string (object, "summary", use->summary);
  kt_json_set_string (object, "loses", use->loses);
  json_object_set_array_member (object, "arguments", strings_json ((const char *const *) words));
  json_object_set_double_member (object, "disk_bytes_per_day", round (footprint.disk_per_day));
  json_object_set_double_member (object, "wal_bytes_per_day", round (footprint.wal_per_day));
  return object;
}

JsonObject *
kt_handle_indexer_features (KtOperationContext *context, JsonObject *args, GError **error)
{
  const KtReleaseRow *release = take_release (args, error);
  if (release == NULL)
    return NULL;
  const char *named = kt_json_string (args, "use", NULL);
  if (named != NULL && kt_use_find (named) == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune indexer features lists them", "there is no use %s", named);
      return NULL;
    }
  double tps = (double) CLAMP (kt_json_int (args, "rate", 100), 1, 3000);
  JsonArray *uses = json_array_new ();
  for (const KtUse *use = kt_uses; use->name != NULL; use++)
    if (named == NULL || g_str_equal (use->name, named))
      json_array_add_object_element (uses, use_json (use, release, kt_json_string (args, "retention", NULL), tps));
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "release", release->tag);
  json_object_set_double_member (answer, "transactions_per_s", tps);
  json_object_set_array_member (answer, "uses", uses);
  return answer;
}

/* Words as a shell passed them, or one text as it stands in a compose file, which is split here. */
static GStrv
split_words (JsonObject *args, GError **error)
{
  JsonArray *given = kt_json_array (args, "arguments");
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  guint n = given != NULL ? json_array_get_length (given) : 0;
  for (guint i = 0; i < n; i++)
    {
      g_auto (GStrv) parts = NULL;
      g_autoptr (GError) local = NULL;
      const char *text = json_array_get_string_element (given, i);
      if (n > 1)
        g_strv_builder_add (words, text);
      else if (g_shell_parse_argv (text, NULL, &parts, &local))
        g_strv_builder_addv (words, (const char **) parts);
      else if (!g_error_matches (local, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
        {
          kt_error_set (error, KT_ERROR_USAGE, local->message, "check the quotes", "the command line of the indexer cannot be read");
          return NULL;
        }
    }
  return g_strv_builder_end (words);
}

static void
add_migration (JsonObject *args, const KtReleaseRow *release, GPtrArray *findings)
{
  gint64 schema = kt_json_int (args, "schema", 0);
  g_autofree char *why = schema > 0 ? kt_release_cannot_migrate (release, (guint) schema) : NULL;
  if (why != NULL)
    kt_findings_add (findings, KT_SEVERITY_REFUSE, NULL, "kastune indexer releases says what each can migrate", "%s", why);
}

JsonObject *
kt_handle_indexer_check (KtOperationContext *context, JsonObject *args, GError **error)
{
  const KtReleaseRow *release = take_release (args, error);
  g_auto (GStrv) words = release != NULL ? split_words (args, error) : NULL;
  g_auto (KtArguments) arguments = { 0 };
  if (words == NULL)
    return NULL;
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  g_autoptr (GError) rejected = NULL;
  if (!kt_arguments_parse (&arguments, release->flags, (const char *const *) words, &rejected))
    {
      const char *detail = kt_error_detail (rejected);
      kt_findings_add (findings, KT_SEVERITY_REFUSE, "R1", "kastune indexer features writes the words for a release",
                       "%s does not start (exit status 2): %s%s%s", release->tag, rejected->message, detail != NULL ? " " : "",
                       detail != NULL ? detail : "");
    }
  else
    {
      KtIndexerUse use = { .release = release, .arguments = &arguments, .container = kt_json_bool (args, "container", FALSE),
                           .feeds_k_indexer = kt_json_bool (args, "k_indexer", FALSE),
                           .max_connections = (int) kt_json_int (args, "max_connections", -1), .reserved_connections = 3 };
      kt_indexer_check (&use, findings);
    }
  add_migration (args, release, findings);
  context->findings = kt_findings_refuse (findings);
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "release", release->tag);
  json_object_set_boolean_member (answer, "accepted", rejected == NULL);
  if (rejected == NULL)
    json_object_set_object_member (answer, "settings", kt_arguments_to_json (&arguments));
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return answer;
}
