/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static char *
time_text (JsonObject *object, const char *name)
{
  gint64 ms = kt_json_int (object, name, 0);
  g_autoptr (GDateTime) time = ms > 0 ? g_date_time_new_from_unix_local (ms / 1000) : NULL;
  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S") : g_strdup ("");
}

/* By what was proved of it. */
static const char *
proof_of (JsonObject *backup)
{
  return kt_json_int (backup, "tested_at_ms", 0) > 0     ? "restored"
         : kt_json_int (backup, "verified_at_ms", 0) > 0 ? "verified"
                                                         : "";
}

static const char *
server_of (JsonObject *backup)
{
  JsonObject *server = kt_json_object (backup, "server");
  return server != NULL ? kt_json_string (server, "name", "") : "";
}

static const char *
id_of_server (JsonObject *backup)
{
  JsonObject *server = kt_json_object (backup, "server");
  return server != NULL ? kt_json_string (server, "id", NULL) : NULL;
}

/* Names of servers are long: one that all have stands above the table. NULL: they are of several, or nobody knows. */
static const char *
common_server (JsonArray *backups)
{
  JsonObject *newest = json_array_get_object_element (backups, 0);
  for (guint i = 0; i < json_array_get_length (backups); i++)
    {
      const char *id = id_of_server (json_array_get_object_element (backups, i));
      if (id == NULL || g_strcmp0 (id, id_of_server (newest)) != 0)
        return NULL;
    }
  return server_of (newest);
}

static const char *
content_of (JsonObject *backup, const char *server)
{
  const char *database = kt_json_string (backup, "database", NULL);
  return database != NULL ? database : server != NULL ? "" : server_of (backup);
}

void
kt_render_backup_create (JsonObject *answer, GString *out, guint width)
{
  JsonObject *backup = kt_json_object (answer, "backup"), *room = kt_json_object (answer, "room");
  if (backup == NULL)
    {
      g_autofree char *source = kt_render_size_member (room, "source_bytes");
      g_autofree char *needed = kt_render_size_member (room, "needed_bytes");
      g_autofree char *there = kt_render_size_member (room, "free_bytes");
      kt_render_line (out, width, "A %s backup of %s needs up to %s in %s; there are %s: %s. Nothing was made.", kt_json_string (answer, "kind", ""),
                      source, needed, kt_json_string (answer, "catalogue", ""), there,
                      kt_json_bool (room, "fits", FALSE) ? "it fits" : "NOT ENOUGH");
      return;
    }
  g_autofree char *size = kt_render_size_member (backup, "size_bytes");
  g_autofree char *source = kt_render_size_member (backup, "source_bytes");
  gint64 ms = kt_json_int (backup, "elapsed_ms", 0), bytes = kt_json_int (backup, "source_bytes", 0);
  g_autofree char *time = kt_duration_format (ms);
  g_autofree char *rate = kt_size_format (ms > 0 ? bytes * 1000 / ms : 0);
  kt_render_line (out, width, "Backup %s is complete: %s in %s.", kt_json_string (backup, "id", ""), size, kt_json_string (backup, "folder", ""));
  if (bytes > 0)
    kt_render_line (out, width, "%s were read in %s, %s/s.", source, time, rate);
  if (json_object_has_member (backup, "snapshot"))
    {
      g_autofree char *held = kt_render_size_member (backup, "referenced_bytes");
      kt_render_line (out, width, "Snapshots @%s hold %s; they grow by what is rewritten from now on.", kt_json_string (backup, "snapshot", ""), held);
    }
  kt_render_line (out, width, "Prove it: kastune backup verify %s --restore-test", kt_json_string (backup, "id", ""));
}

void
kt_render_backup_list (JsonObject *answer, GString *out, guint width)
{
  JsonArray *backups = kt_json_array (answer, "backups");
  if (json_array_get_length (backups) == 0)
    {
      kt_render_line (out, width, "There are no backups in %s.", kt_json_string (answer, "catalogue", ""));
      return;
    }
  const char *all_of = common_server (backups);
  const KtColumn columns[] = { { "ID", KT_COLUMN_LEFT },      { "STATE", KT_COLUMN_LEFT },  { "SIZE", KT_COLUMN_RIGHT },
                               { "VERSION", KT_COLUMN_LEFT }, { "PROVED", KT_COLUMN_LEFT },
                               { all_of != NULL ? "DATABASE" : "OF", KT_COLUMN_WRAP } };
  if (all_of != NULL)
    kt_render_line (out, width, "Backups of %s:", all_of);
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (backups); i++)
    {
      JsonObject *backup = json_array_get_object_element (backups, i);
      JsonObject *server = kt_json_object (backup, "server");
      g_autofree char *size = kt_render_size_member (backup, "size_bytes");
      g_auto (GStrv) version = g_strsplit (server != NULL ? kt_json_string (server, "version", "") : "", " ", 2);
      kt_table_add (table, kt_json_string (backup, "id", ""), kt_json_string (backup, "state", ""), size, version[0], proof_of (backup),
                    content_of (backup, all_of));
    }
  kt_table_print (table, out, width, 0);
  for (guint i = 0; i < json_array_get_length (backups); i++)
    {
      JsonObject *backup = json_array_get_object_element (backups, i);
      const char *more = kt_json_string (backup, "reason", kt_json_string (backup, "note", NULL));
      if (more != NULL)
        kt_render_line (out, width, "%s: %s", kt_json_string (backup, "id", ""), more);
    }
}

void
kt_render_backup_verify (JsonObject *answer, GString *out, guint width)
{
  JsonObject *backup = kt_json_object (answer, "backup");
  kt_render_line (out, width, "Backup %s is whole and as it was written.", kt_json_string (backup, "id", ""));
  if (!kt_json_bool (answer, "restore_test", FALSE))
    return;
  JsonArray *tables = kt_json_array (answer, "tables");
  if (tables == NULL)
    kt_render_line (out, width, "A scratch server starts with it.");
  else
    {
      guint n = json_array_get_length (tables);
      kt_render_line (out, width, "A scratch server started on it; %" G_GINT64_FORMAT " rows in %u table%s were counted and fit what was recorded.",
                      kt_json_int (answer, "rows", 0), n, n == 1 ? "" : "s");
    }
}

void
kt_render_backup_prune (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "ID", KT_COLUMN_LEFT }, { "FROM", KT_COLUMN_LEFT }, { "SIZE", KT_COLUMN_RIGHT },
                                      { "", KT_COLUMN_LEFT },   { "BECAUSE", KT_COLUMN_WRAP } };
  JsonArray *backups = kt_json_array (answer, "backups");
  gboolean done = json_object_has_member (answer, "n_removed");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (backups); i++)
    {
      JsonObject *backup = json_array_get_object_element (backups, i);
      gboolean remove = kt_json_bool (backup, "remove", FALSE), removed = kt_json_bool (backup, "removed", FALSE);
      g_autofree char *time = time_text (backup, "created_at_ms");
      g_autofree char *size = kt_render_size_member (backup, "size_bytes");
      kt_table_add (table, kt_json_string (backup, "id", ""), time, size, !remove ? "stays" : done && removed ? "removed" : done ? "NOT removed" : "goes",
                    kt_json_string (backup, "problem", kt_json_string (backup, "because", "")));
    }
  kt_table_print (table, out, width, 0);
  if (done && kt_json_int (answer, "n_removed", 0) == 0)
    g_string_append (out, "Nothing was removed.\n");
  if (kt_json_bool (answer, "dry_run", FALSE))
    g_string_append (out, "Only shown; nothing was removed.\n");
}

static void
render_restored (JsonObject *answer, GString *out, guint width)
{
  const char *directory = kt_json_string (answer, "directory", NULL), *replaced = kt_json_string (answer, "replaced", NULL);
  const char *database = kt_json_string (answer, "database", NULL), *safety = kt_json_string (answer, "safety_copy", NULL);
  const char *spaces = kt_json_string (answer, "tablespaces", NULL);
  JsonArray *tables = kt_json_array (answer, "tables");
  guint n_tables = tables != NULL ? json_array_get_length (tables) : 0;
  const char *id = kt_json_string (kt_json_object (answer, "backup"), "id", "");
  if (replaced != NULL)
    {
      kt_render_line (out, width, "The server runs on backup %s in %s.", id, directory);
      kt_render_line (out, width, "What was there before is %s: kastune undo puts it back; remove it when the restored server is what you want.",
                      replaced);
    }
  else if (database != NULL)
    kt_render_line (out, width, "Database %s holds what backup %s recorded: %" G_GINT64_FORMAT " rows in %u table%s.", database, id,
                    kt_json_int (answer, "rows", 0), n_tables, n_tables == 1 ? "" : "s");
  else if (safety != NULL)
    kt_render_line (out, width, "The configuration files are back in their places; what stood there is backup %s. The server reads them at a "
                                "reload or restart.", safety);
  else
    kt_render_line (out, width, "Backup %s is restored in %s.", id, directory);
  if (spaces != NULL)
    kt_render_line (out, width, "Its tablespaces lie in %s.", spaces);
  JsonArray *datasets = kt_json_array (answer, "datasets");
  for (guint i = 0; datasets != NULL && i < json_array_get_length (datasets); i++)
    kt_render_line (out, width, "Dataset %s is a clone, which needs the backup; zfs promote makes it independent.",
                    json_array_get_string_element (datasets, i));
}

void
kt_render_backup_restore (JsonObject *answer, GString *out, guint width)
{
  JsonObject *backup = kt_json_object (answer, "backup");
  static const char *const results[] = { "directory", "database", "safety_copy" };
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    if (json_object_has_member (answer, results[i]))
      {
        render_restored (answer, out, width);
        return;
      }
  g_autofree char *time = time_text (backup, "created_at_ms");
  g_autofree char *source = kt_render_size_member (backup, "source_bytes");
  kt_render_line (out, width, "Restore %s of %s (%s) into %s.", kt_json_string (backup, "id", ""), time, source, kt_json_string (answer, "where", ""));
  if (kt_json_bool (answer, "dry_run", FALSE))
    g_string_append (out, "Only shown; nothing was restored.\n");
}
