/* SPDX-License-Identifier: MIT */
#include "postgres/server.h"

#include <string.h>

const KtSetting *
kt_server_setting (const KtServer *server, const char *name)
{
  return g_hash_table_lookup (server->settings, name);
}

/* A change that waits for a restart looks like an error in pg_file_settings; only a start tells whether it is one. */
const KtFileSetting *
kt_server_broken_line (const KtServer *server)
{
  for (guint i = 0; i < server->file_settings->len; i++)
    {
      const KtFileSetting *line = server->file_settings->pdata[i];
      const KtSetting *setting = line->name != NULL ? kt_server_setting (server, line->name) : NULL;
      if (line->error != NULL && (setting == NULL || g_strcmp0 (setting->context, "postmaster") != 0))
        return line;
    }
  return NULL;
}

gint64
kt_server_int (const KtServer *server, const char *name, gint64 fallback)
{
  const KtSetting *setting = kt_server_setting (server, name);
  char *end = NULL;
  gint64 value = setting != NULL && setting->value != NULL ? g_ascii_strtoll (setting->value, &end, 10) : 0;
  return end != NULL && end != setting->value ? value : fallback;
}

char *
kt_setting_text (const KtSetting *setting)
{
  if (setting->value == NULL || setting->unit == NULL)
    return g_strdup (setting->value != NULL ? setting->value : "");
  double value = g_ascii_strtod (setting->value, NULL);
  if (setting->type == KT_GUC_INTEGER || (value > -1e15 && value < 1e15 && value == (double) (gint64) value))
    return kt_guc_format ((gint64) value, setting->unit);
  return g_strconcat (setting->value, setting->unit, NULL);
}

/* pg_settings.source as an operator says it. */
static const struct {
  const char *source, *text;
} origins[] = {
  { "override", "set by the server itself" },
  { "global", "ALTER ROLE ALL" },
  { "database", "ALTER DATABASE" },
  { "user", "ALTER ROLE" },
  { "database user", "ALTER ROLE IN DATABASE" },
  { "client", "the connection" },
  { "interactive", "the connection" },
  { "session", "the session" },
};

char *
kt_setting_origin (const KtSetting *setting)
{
  if (setting->source_file != NULL)
    {
      g_autofree char *base = g_path_get_basename (setting->source_file);
      if (g_str_equal (base, "postgresql.auto.conf"))
        return g_strdup_printf ("ALTER SYSTEM (%s line %u)", base, setting->source_line);
      gboolean main_file = g_str_equal (base, "postgresql.conf");
      return g_strdup_printf ("%s line %u", main_file ? base : setting->source_file, setting->source_line);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (origins); i++)
    if (g_strcmp0 (setting->source, origins[i].source) == 0)
      return g_strdup (origins[i].text);
  return g_strdup (setting->source != NULL ? setting->source : "");
}
