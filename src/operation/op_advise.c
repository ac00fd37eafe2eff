/* SPDX-License-Identifier: MIT */
#include "operation/facts.h"
#include "operation/handlers.h"

#include "base/error.h"
#include "tuning/explain.h"

/* Keeps only the rows of the named parameters. A name that no row has is an error. */
static gboolean
filter_rows (JsonObject *answer, JsonArray *wanted, GError **error)
{
  JsonArray *rows = kt_json_array (answer, "parameters");
  g_autoptr (JsonArray) kept = json_array_new ();
  for (guint w = 0; w < json_array_get_length (wanted); w++)
    {
      const char *name = json_array_get_string_element (wanted, w);
      gboolean found = FALSE;
      for (guint i = 0; i < json_array_get_length (rows) && !found; i++)
        {
          JsonObject *row = json_array_get_object_element (rows, i);
          found = g_ascii_strcasecmp (kt_json_string (row, "name", ""), name) == 0;
          if (found)
            json_array_add_object_element (kept, json_object_ref (row));
        }
      if (!found)
        {
          kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune advise --all", "kastune knows no parameter %s", name);
          return FALSE;
        }
    }
  json_object_set_array_member (answer, "parameters", g_steal_pointer (&kept));
  json_object_set_boolean_member (answer, "filtered", TRUE);
  return TRUE;
}

JsonObject *
kt_handle_advise (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_ADVICE, error);
  if (facts == NULL)
    return NULL;
  g_autoptr (JsonObject) answer = kt_advice_to_json (facts->advice);
  JsonObject *server = kt_facts_server_json (facts);
  if (server != NULL)
    json_object_set_object_member (answer, "server", server);
  JsonArray *wanted = kt_json_array (args, "parameters");
  if (wanted != NULL && !filter_rows (answer, wanted, error))
    return NULL;
  json_object_set_boolean_member (answer, "show_all", wanted != NULL || kt_json_bool (args, "all", FALSE));
  return g_steal_pointer (&answer);
}

JsonObject *
kt_handle_explain (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_ADVICE, error);
  return facts != NULL ? kt_explain (facts->advice, kt_json_string (args, "parameter", ""), error) : NULL;
}
