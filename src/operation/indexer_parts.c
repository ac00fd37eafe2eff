/* SPDX-License-Identifier: MIT */
#include "operation/indexer_parts.h"

#include "base/error.h"
#include "operation/facts.h"

#define DEFAULT_TPS 100
#define MOST_TPS 3000

GStrv
kt_indexer_files (JsonObject *args)
{
  JsonArray *given = kt_json_array (args, "files");
  g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
  for (guint i = 0; given != NULL && i < json_array_get_length (given); i++)
    {
      g_autofree char *path = g_canonicalize_filename (json_array_get_string_element (given, i), NULL);
      g_strv_builder_add (files, path);
    }
  return g_strv_builder_end (files);
}

gboolean
kt_indexer_load_database (KtOperationContext *context, JsonObject *args, KtIndexers *indexers, GError **error)
{
  gboolean named = json_object_has_member (args, "dsn") || json_object_has_member (args, "server");
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, named ? KT_FACTS_SERVER : 0, error);
  if (facts == NULL)
    return FALSE;
  if (facts->connection == NULL)
    {
      g_ptr_array_add (indexers->notes, g_strdup_printf ("the database was not looked at (%s); name it with --dsn",
                                                         facts->server_error != NULL ? facts->server_error->message : "no server"));
      return TRUE;
    }
  indexers->database = kt_indexer_database_load (facts->connection, error);
  if (indexers->database != NULL && indexers->database->objects->len == 0)
    g_ptr_array_add (indexers->notes, g_strdup_printf ("database %s holds no tables of an indexer; name another with --dsn 'dbname=…'",
                                                       indexers->database->name));
  return indexers->database != NULL;
}

const KtReleaseRow *
kt_indexer_release (JsonObject *args, GError **error)
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

gboolean
kt_indexer_choice (JsonObject *args, const char *member, KtChoice *choice, GError **error)
{
  const char *use = kt_json_string (args, member, NULL);
  *choice = (KtChoice){ .use = use != NULL ? kt_use_find (use) : NULL,
                        .disable = kt_json_string (args, "disable", NULL),
                        .exclude = kt_json_string (args, "exclude_fields", NULL),
                        .keep = kt_json_string (args, "keep", NULL),
                        .mapping = kt_json_string (args, "mapping", NULL),
                        .retention = kt_json_string (args, "retention", NULL) };
  if (use == NULL || choice->use != NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune indexer features lists them", "there is no use %s", use);
  return FALSE;
}

double
kt_indexer_rate (JsonObject *args)
{
  return (double) CLAMP (kt_json_int (args, "rate", DEFAULT_TPS), 1, MOST_TPS);
}
