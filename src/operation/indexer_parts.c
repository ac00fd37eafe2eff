/* SPDX-License-Identifier: MIT */
#include "operation/indexer_parts.h"

#include "operation/facts.h"

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
