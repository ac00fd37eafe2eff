/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"

#include "base/error.h"
#include "indexer/check.h"
#include "operation/indexer_parts.h"

JsonObject *
kt_handle_indexer_releases (KtOperationContext *context, JsonObject *args, GError **error)
{
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "newest_stable", kt_release_newest_stable ()->tag);
  json_object_set_string_member (answer, "known_until", KT_RELEASES_KNOWN_UNTIL);
  json_object_set_array_member (answer, "releases", kt_releases_to_json ());
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
  const KtReleaseRow *release = kt_indexer_release (args, error);
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
