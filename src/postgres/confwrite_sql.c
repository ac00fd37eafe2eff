/* SPDX-License-Identifier: MIT */
#include "postgres/confwrite_sql.h"

#include "base/error.h"
#include "postgres/guc.h"

#include <string.h>

/* Each name in these lists is quoted by itself: 'a, b' would be one library of that name. */
static const char *const quoted_lists[] = {
  "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces",
  "unix_socket_directories", NULL,
};

gboolean
kt_conf_sql_is_list (const char *setting)
{
  return g_strv_contains (quoted_lists, setting);
}

KtConfFile *
kt_conf_sql_auto_conf (KtConnection *connection, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (PGresult) rows = connection != NULL ? kt_connection_query_file (connection, error, "file_settings", NULL) : NULL;
  if (connection == NULL)
    kt_error_set (error, KT_ERROR_CONNECT, NULL, NULL, "the settings of this server can only be read by SQL");
  if (rows == NULL)
    return NULL;
  for (int i = 0; i < PQntuples (rows); i++)
    {
      g_autofree char *file = g_path_get_basename (kt_result_get (rows, i, "sourcefile"));
      g_autofree char *value = kt_guc_quote (kt_result_get (rows, i, "setting"));
      if (g_str_equal (file, "postgresql.auto.conf") && *kt_result_get (rows, i, "name") != '\0')
        g_string_append_printf (text, "%s = %s\n", kt_result_get (rows, i, "name"), value);
    }
  return kt_conf_file_parse ("postgresql.auto.conf", text->str);
}

static void
append_literal (KtConnection *connection, GString *sql, const char *value)
{
  char *quoted = PQescapeLiteral (kt_connection_pq (connection), value, strlen (value));
  g_string_append (sql, quoted);
  PQfreemem (quoted);
}

/* `a, "b,c"` to its elements, without quotes and blanks. */
static GStrv
split_list (const char *value)
{
  g_autoptr (GStrvBuilder) elements = g_strv_builder_new ();
  g_autoptr (GString) element = g_string_new (NULL);
  gboolean quoted = FALSE;
  for (const char *p = value; *p != '\0'; p++)
    if (*p == '"')
      quoted = !quoted;
    else if (*p == ',' && !quoted)
      {
        g_strv_builder_add (elements, g_strstrip (element->str));
        g_string_truncate (element, 0);
      }
    else
      g_string_append_c (element, *p);
  g_strv_builder_add (elements, g_strstrip (element->str));
  return g_strv_builder_end (elements);
}

static char *
quote_name (KtConnection *connection, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  GString *out = g_string_new (NULL);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *quoted = PQescapeIdentifier (kt_connection_pq (connection), parts[i], strlen (parts[i]));
      g_string_append_printf (out, "%s%s", i > 0 ? "." : "", quoted);
      PQfreemem (quoted);
    }
  return g_string_free (out, FALSE);
}

char *
kt_conf_sql_set (KtConnection *connection, const char *setting, const char *value)
{
  g_autofree char *name = quote_name (connection, setting);
  g_auto (GStrv) elements = kt_conf_sql_is_list (setting) ? split_list (value) : NULL;
  GString *sql = g_string_new (NULL);
  g_string_append_printf (sql, "ALTER SYSTEM SET %s = ", name);
  if (elements == NULL)
    append_literal (connection, sql, value);
  for (guint i = 0; elements != NULL && elements[i] != NULL; i++)
    {
      g_string_append (sql, i > 0 ? ", " : "");
      append_literal (connection, sql, elements[i]);
    }
  return g_string_free (sql, FALSE);
}

char *
kt_conf_sql_reset (KtConnection *connection, const char *setting)
{
  g_autofree char *name = quote_name (connection, setting);
  return g_strdup_printf ("ALTER SYSTEM RESET %s", name);
}
