/* SPDX-License-Identifier: MIT */
#include "bench/store.h"

#include "base/error.h"

static const char *const steps[] = {
  "CREATE TABLE bench_result (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL,"
  " taken_at INTEGER NOT NULL, document TEXT NOT NULL);",
  "ALTER TABLE bench_result ADD COLUMN state TEXT NOT NULL DEFAULT 'complete';",
  NULL,
};

static const char *
state_of (JsonObject *document)
{
  return kt_json_string (document, "state", "complete");
}

gboolean
kt_bench_save (KtState *state, const char *kind, const char *title, JsonObject *document, GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  json_object_set_string_member (document, "kind", kind);
  json_object_set_string_member (document, "title", title);
  json_object_set_int_member (document, "taken_at", now);
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (document));
  g_autofree char *text = kt_json_to_line (node);
  if (!kt_state_migrate (state, "bench", steps, error)
      || !kt_state_run (state, error,
                        "INSERT INTO bench_result (kind, title, taken_at, document, state) VALUES (?, ?, ?, ?, ?)",
                        "ssiss", kind, title, now, text, state_of (document)))
    return FALSE;
  json_object_set_int_member (document, "id", kt_state_last_id (state));
  return TRUE;
}

gboolean
kt_bench_update (KtState *state, JsonObject *document, GError **error)
{
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (document));
  g_autofree char *text = kt_json_to_line (node);
  return kt_state_run (state, error, "UPDATE bench_result SET document = ?, state = ? WHERE id = ?", "ssi", text,
                       state_of (document), kt_json_int (document, "id", 0));
}

JsonObject *
kt_bench_load (KtState *state, gint64 id, GError **error)
{
  gboolean row = FALSE;
  if (!kt_state_migrate (state, "bench", steps, error))
    return NULL;
  g_autoptr (sqlite3_stmt)
    statement = kt_state_prepare (state, error, "SELECT document FROM bench_result WHERE id = ?", "i", id);
  if (statement == NULL || !kt_state_step (state, statement, &row, error))
    return NULL;
  if (!row)
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune bench list", "there is no result %" G_GINT64_FORMAT, id);
      return NULL;
    }
  g_autoptr (JsonNode) node = kt_json_parse ((const char *) sqlite3_column_text (statement, 0), error);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  JsonObject *document = json_object_ref (json_node_get_object (node));
  json_object_set_int_member (document, "id", id);
  return document;
}

JsonArray *
kt_bench_list (KtState *state, guint limit, GError **error)
{
  g_autoptr (JsonArray) list = json_array_new ();
  gboolean row = TRUE;
  if (!kt_state_migrate (state, "bench", steps, error))
    return NULL;
  g_autoptr (sqlite3_stmt) statement = kt_state_prepare (
    state, error, "SELECT id, kind, title, taken_at, state FROM bench_result ORDER BY id DESC LIMIT ?", "i", (gint64) limit);
  while (statement != NULL && row)
    {
      if (!kt_state_step (state, statement, &row, error))
        return NULL;
      if (!row)
        break;
      JsonObject *object = json_object_new ();
      json_object_set_int_member (object, "id", sqlite3_column_int64 (statement, 0));
      json_object_set_string_member (object, "kind", (const char *) sqlite3_column_text (statement, 1));
      json_object_set_string_member (object, "title", (const char *) sqlite3_column_text (statement, 2));
      json_object_set_int_member (object, "taken_at", sqlite3_column_int64 (statement, 3));
      json_object_set_string_member (object, "state", (const char *) sqlite3_column_text (statement, 4));
      json_array_add_object_element (list, object);
    }
  return statement != NULL ? g_steal_pointer (&list) : NULL;
}
