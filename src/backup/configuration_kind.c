/* SPDX-License-Identifier: MIT
 *
 * The configuration as a kind of backup, and as a step of a change set. Beside the files: server.json, what can only be asked
 * (extensions, roles, settings of roles and databases, options of tables).
 */
#include "backup/step.h"

#include "backup/catalogue.h"
#include "backup/configuration.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/user.h"
#include "postgres/client.h"
#include "postgres/scratch.h"

#include <string.h>

#define SAFETY_NOTE "what stood there before the restore of %s"

/* ---------------------------------------------------------------------------------------------------- server facts */

/* Member of server.json and the query behind it; all its columns are kept. */
static const struct {
  const char *member, *query;
} questions[] = {
  { "extensions", "backup_extensions" },
  { "roles", "backup_roles" },
  { "role_settings", "role_settings" },
  { "table_options", "backup_table_options" },
};

static JsonArray *
rows_to_json (const PGresult *rows)
{
  JsonArray *array = json_array_new ();
  for (int i = 0; i < PQntuples (rows); i++)
    {
      JsonObject *object = json_object_new ();
      for (int column = 0; column < PQnfields (rows); column++)
        if (!PQgetisnull (rows, i, column))
          json_object_set_string_member (object, PQfname (rows, column), PQgetvalue (rows, i, column));
      json_array_add_object_element (array, object);
    }
  return array;
}

static gboolean
write_server_facts (KtConnection *connection, const char *folder, GError **error)
{
  JsonObject *facts = json_object_new ();
  g_autoptr (JsonNode) node = kt_json_node_take (facts);
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, questions[i].query, NULL);
      if (rows == NULL)
        return FALSE;
      json_object_set_array_member (facts, questions[i].member, rows_to_json (rows));
    }
  g_autofree char *path = g_build_filename (folder, "server.json", NULL);
  g_autofree char *text = kt_json_to_text (node);
  return kt_file_write (path, text, -1, NULL, error);
}

/* ------------------------------------------------------------------------------------------------------------ kind */

static gboolean
check (const KtBackupSource *source, const KtBackupOptions *options, GError **error)
{
  if (source->server->local && source->server->config_file != NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run kastune on the machine of the server, as root or as the owner of its files",
                "the configuration files of this server cannot be seen from here");
  return FALSE;
}

static gboolean
estimate (const KtBackupSource *source, gint64 *bytes, gint64 *extra, GError **error)
{
  *bytes = 0;
  *extra = 1024 * 1024;
  return TRUE;
}

static gboolean
create (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  const KtConfigurationFiles files = { source->server->config_file, source->server->data_directory, source->server->hba_file,
                                       source->server->ident_file };
  return kt_configuration_backup (&files, backup->folder, error) && write_server_facts (source->connection, backup->folder, error);
}

static gboolean
verify (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error)
{
  return kt_configuration_verify (backup->folder, error);
}

/* A scratch server of the same version starts with the settings that won. */
static gboolean
test (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  int found = 0;
  JsonObject *server = kt_backup_server (backup);
  const char *owner = kt_json_string (server, "owner", NULL);
  g_autofree char *path = g_build_filename (backup->folder, KT_CONFIGURATION_SETTINGS, NULL);
  g_autofree char *bin = kt_client_find (kt_json_string (server, "bin_directory", NULL), kt_backup_major (backup), "postgres", &found);
  g_autofree char *settings = NULL;
  if (bin == NULL || found != kt_backup_major (backup))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, NULL, "there is no PostgreSQL %d on this machine to try the settings with",
                    kt_backup_major (backup));
      return FALSE;
    }
  if (!kt_file_read (path, &settings, NULL, NULL))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, kt_json_string (backup->manifest, "note", NULL), NULL,
                    "backup %s holds files alone, so there is nothing to start", backup->id);
      return FALSE;
    }
  g_auto (KtScratchResult) result = { 0 };
  const KtScratch attempt = { .bin_directory = bin, .owner = kt_user_find (owner, NULL, NULL) ? owner : NULL,
                              .conf_text = settings, .folder = scratch };
  kt_backup_say (watch, "starting the settings in a scratch cluster", 0, 0);
  if (!kt_scratch_try (&attempt, &result, watch->cancellable, error))
    return FALSE;
  json_object_set_boolean_member (report, "started", result.started);
  if (!result.started)
    kt_error_set (error, KT_ERROR_VERIFY, result.problem, result.hint, "a server does not start with these settings");
  return result.started;
}

/* What stands in the files' places now, as a backup of its own. */
static gboolean
keep_replaced (KtBackup *backup, JsonObject *report, GError **error)
{
  g_auto (GStrv) paths = kt_configuration_paths (backup->folder, error);
  g_autofree char *catalogue = g_path_get_dirname (backup->folder);
  g_autofree char *note = g_strdup_printf (SAFETY_NOTE, backup->id);
  g_autoptr (KtBackup) safety = paths != NULL ? kt_catalogue_begin (catalogue, NULL, &kt_backup_configuration, NULL, error) : NULL;
  if (safety == NULL)
    return FALSE;
  json_object_set_object_member (safety->manifest, "server", json_object_ref (kt_backup_server (backup)));
  json_object_set_string_member (safety->manifest, "note", note);
  g_autoptr (GError) local = NULL;
  if (!kt_configuration_copy ((const char *const *) paths, safety->folder, &local) || !kt_catalogue_finish (safety, &local))
    {
      kt_catalogue_fail (safety, local);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  json_object_set_string_member (report, "safety_copy", safety->id);
  return TRUE;
}

/* The same places may be another server's on another machine, or a newer one's. Where there is no cluster none is in danger. */
static gboolean
is_of_this_cluster (KtBackup *backup, GError **error)
{
  const char *recorded = kt_json_string (kt_backup_server (backup), "system_identifier", "");
  const char *data = kt_json_string (kt_backup_server (backup), "data_directory", "");
  g_autofree char *path = g_build_filename (data, "global", "pg_control", NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;
  guint64 identifier = 0;
  if (*recorded == '\0' || *data == '\0' || !g_file_get_contents (path, &bytes, &length, NULL) || length < sizeof identifier)
    return TRUE;
  memcpy (&identifier, bytes, sizeof identifier); /* pg_control begins with it */
  if (identifier == g_ascii_strtoull (recorded, NULL, 10))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "restore it into a folder with --to DIR, and take from there what fits",
                "the backup is of another cluster (system identifier %s) than the one in %s (%" G_GUINT64_FORMAT ")", recorded, data,
                identifier);
  return FALSE;
}

static gboolean
restore (KtBackup *backup, const KtBackupRestore *how, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  if (how->target != NULL && !kt_folder_is_empty (how->target))
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a folder that is absent or empty", "%s is not empty", how->target);
      return FALSE;
    }
  if (!kt_configuration_verify (backup->folder, error)
      || (how->target == NULL && (!is_of_this_cluster (backup, error) || !keep_replaced (backup, report, error)))
      || !kt_configuration_restore (backup->folder, how->target, error))
    return FALSE;
  g_auto (GStrv) paths = kt_configuration_paths (backup->folder, error);
  kt_json_set_strings (report, "files", (const char *const *) paths);
  kt_json_set_string (report, "directory", how->target);
  return paths != NULL;
}

const KtBackupKind kt_backup_configuration = {
  .name = "configuration",
  .summary = "configuration files with all they include, extensions, roles, options of tables",
  .check = check,
  .estimate = estimate,
  .create = create,
  .verify = verify,
  .restore = restore,
  .test = test,
};

/* ------------------------------------------------------------------------------------------------------------ step */

static char *
step_describe (JsonObject *args)
{
  return g_strdup_printf ("back up the configuration files to %s", kt_json_string (args, "folder", "?"));
}

static gboolean
fill (KtBackup *backup, JsonObject *args, GError **error)
{
  const KtConfigurationFiles files = {
    .config_file = kt_json_string (args, "config_file", NULL),
    .data_directory = kt_json_string (args, "data_directory", NULL),
    .hba_file = kt_json_string (args, "hba_file", NULL),
    .ident_file = kt_json_string (args, "ident_file", NULL),
  };
  g_autoptr (KtConnection) connection = kt_connection_open (kt_json_string (args, "conninfo", NULL), error);
  return connection != NULL && kt_configuration_backup (&files, backup->folder, error)
         && write_server_facts (connection, backup->folder, error) && kt_catalogue_finish (backup, error);
}

static JsonObject *
step_prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  JsonObject *before = json_object_new ();
  json_object_set_int_member (before, "begun_at_ms", g_get_real_time () / 1000);
  return before;
}

static gboolean
step_apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const char *folder = kt_json_string (args, "folder", "");
  g_autofree char *catalogue = g_path_get_dirname (folder);
  g_autofree char *id = g_path_get_basename (folder);
  if (kt_step_backup_is_made (&kt_backup_configuration, args, kt_json_int (before, "begun_at_ms", G_MAXINT64)))
    return TRUE;
  g_autoptr (KtBackup) backup = kt_catalogue_begin (catalogue, id, &kt_backup_configuration, NULL, error);
  if (backup == NULL)
    return FALSE;
  JsonObject *server = kt_json_object (args, "server");
  if (server != NULL)
    json_object_set_object_member (backup->manifest, "server", json_object_ref (server));
  g_autoptr (GError) local = NULL;
  if (fill (backup, args, &local))
    return TRUE;
  kt_catalogue_fail (backup, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
step_verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return kt_configuration_verify (kt_json_string (args, "folder", NULL), error);
}

static gboolean
step_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return TRUE; /* a backup does no harm, and may be what somebody needs now */
}

JsonObject *
kt_step_configuration_backup_args (const KtBackupSource *source, const char *catalogue)
{
  g_autofree char *id = kt_catalogue_new_id (catalogue, &kt_backup_configuration);
  g_autofree char *folder = g_build_filename (catalogue, id, NULL);
  g_autofree char *conninfo = kt_conninfo_without_secrets (source->conninfo);
  JsonObject *args = json_object_new ();
  kt_json_set_string (args, "config_file", source->server->config_file);
  kt_json_set_string (args, "data_directory", source->server->data_directory);
  kt_json_set_string (args, "hba_file", source->server->hba_file);
  kt_json_set_string (args, "ident_file", source->server->ident_file);
  json_object_set_string_member (args, "folder", folder);
  json_object_set_string_member (args, "conninfo", conninfo);
  json_object_set_object_member (args, "server", kt_backup_describe_server (source));
  return args;
}

const KtStepKind kt_step_configuration_backup = {
  .name = "configuration-backup",
  .describe = step_describe,
  .prepare = step_prepare,
  .apply = step_apply,
  .verify = step_verify,
  .undo = step_undo,
};
