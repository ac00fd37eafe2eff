/* SPDX-License-Identifier: MIT
 *
 * A backup that brings data back, as the first step of a change set that touches them.
 */
#include "backup/step.h"

#include "backup/catalogue.h"
#include "base/error.h"
#include "postgres/connection.h"

static const char *
folder_of (JsonObject *args)
{
  return kt_json_string (args, "folder", "");
}

static char *
describe (JsonObject *args)
{
  return g_strdup_printf ("make a %s backup: %s", kt_json_string (args, "kind", "?"), folder_of (args));
}

gboolean
kt_step_backup_is_made (const KtBackupKind *kind, JsonObject *args, gint64 begun_at_ms)
{
  g_autofree char *catalogue = g_path_get_dirname (folder_of (args));
  g_autofree char *id = g_path_get_basename (folder_of (args));
  JsonObject *server = kt_json_object (args, "server");
  g_autoptr (KtBackup) there = kt_catalogue_find (catalogue, id, NULL);
  return there != NULL && there->state == KT_BACKUP_COMPLETE && there->kind == kind && server != NULL
         && g_strcmp0 (kt_json_string (kt_backup_server (there), "id", NULL), kt_json_string (server, "id", NULL)) == 0
         && kt_json_int (there->manifest, "created_at_ms", 0) >= begun_at_ms;
}

static const KtBackupKind *
kind_of (JsonObject *args, GError **error)
{
  const char *name = kt_json_string (args, "kind", "");
  const KtBackupKind *kind = kt_backup_kind_find (name);
  if (kind == NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, NULL, "this kastune knows no kind of backup called %s", name);
  return kind;
}

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  JsonObject *before = json_object_new ();
  json_object_set_int_member (before, "begun_at_ms", g_get_real_time () / 1000);
  return before;
}

static gboolean
make (const KtBackupKind *kind, KtStepContext *context, JsonObject *args, GError **error)
{
  const char *conninfo = kt_json_string (args, "conninfo", NULL);
  JsonObject *planned = kt_json_object (args, "server");
  g_autofree char *catalogue = g_path_get_dirname (folder_of (args));
  g_autofree char *id = g_path_get_basename (folder_of (args));
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, error);
  g_autoptr (KtServer) server = connection != NULL ? kt_server_load (connection, error) : NULL;
  if (server == NULL)
    return FALSE;
  g_autofree char *found = kt_connection_server_id (connection);
  if (planned != NULL && g_strcmp0 (found, kt_json_string (planned, "id", NULL)) != 0)
    {
      kt_error_set (error, KT_ERROR_CHANGED, NULL, NULL, "another server answers at this address than the one the plan was made for");
      return FALSE;
    }
  g_autoptr (KtInstance) instance = kt_instance_find (server, conninfo, NULL);
  const KtBackupSource source = { connection, server, instance, conninfo };
  const KtBackupWatch watch = { context->cancellable, context->progress, context->watcher };
  static const KtBackupOptions usual;
  g_autoptr (KtBackup) backup = kt_backup_create (kind, catalogue, id, &source, &usual, &watch, error);
  return backup != NULL;
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const KtBackupKind *kind = kind_of (args, error);
  return kind != NULL
         && (kt_step_backup_is_made (kind, args, kt_json_int (before, "begun_at_ms", G_MAXINT64)) || make (kind, context, args, error));
}

/* Is it there and complete? Whether it restores is for `backup verify` to say: that takes as long as the backup itself. */
static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const KtBackupKind *kind = kind_of (args, error);
  if (kind == NULL)
    return FALSE;
  if (kt_step_backup_is_made (kind, args, kt_json_int (before, "begun_at_ms", G_MAXINT64)))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, "kastune backup list", "the backup that this change set began with is not there: %s",
                folder_of (args));
  return FALSE;
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return TRUE; /* a backup does no harm, and may be what somebody needs now */
}

JsonObject *
kt_step_whole_backup_args (const KtBackupKind *kind, const KtBackupSource *source, const char *catalogue)
{
  g_autofree char *id = kt_catalogue_new_id (catalogue, kind);
  g_autofree char *folder = g_build_filename (catalogue, id, NULL);
  g_autofree char *conninfo = kt_conninfo_without_secrets (source->conninfo);
  JsonObject *args = json_object_new ();
  json_object_set_string_member (args, "kind", kind->name);
  json_object_set_string_member (args, "folder", folder);
  json_object_set_string_member (args, "conninfo", conninfo);
  json_object_set_object_member (args, "server", kt_backup_describe_server (source));
  return args;
}

const KtStepKind kt_step_whole_backup = {
  .name = "whole-backup",
  .describe = describe,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .undo = undo,
};
