/* SPDX-License-Identifier: MIT
 *
 * What all kinds have in common: room, the time between begun and complete, verification that is remembered.
 */
#include "backup/catalogue.h"

#include "base/error.h"
#include "base/folder.h"
#include "base/size.h"


#define MARGIN 1.1 /* of the data itself: it grows while it is copied */

JsonObject *
kt_backup_describe_server (const KtBackupSource *source)
{
  const KtServer *server = source->server;
  const KtInstance *instance = source->instance;
  const KtSetting *libraries = kt_server_setting (server, "shared_preload_libraries");
  g_autofree char *name = kt_connection_describe (source->connection);
  g_autofree char *id = kt_connection_server_id (source->connection);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "version", server->version);
  json_object_set_int_member (object, "version_num", server->version_num);
  kt_json_set_string (object, "system_identifier", server->system_identifier);
  kt_json_set_string (object, "data_directory", server->data_directory);
  kt_json_set_string (object, "role", PQuser (kt_connection_pq (source->connection)));
  kt_json_set_string (object, "libraries", libraries != NULL ? libraries->value : NULL);
  if (instance != NULL)
    {
      kt_json_set_string (object, "bin_directory", instance->bin_directory);
      kt_json_set_string (object, "owner", instance->owner);
    }
  return object;
}

/* ------------------------------------------------------------------------------------------------------------ room */

/* Bytes in the catalogue for a byte of the server, by the newest of the same kind and server; 1 when there is none. */
static double
ratio_of_last (const KtBackupKind *kind, const char *catalogue, const KtServer *server)
{
  g_autoptr (GPtrArray) all = kt_catalogue_list (catalogue, NULL);
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      KtBackup *backup = all->pdata[i];
      gint64 source = kt_json_int (backup->manifest, "source_bytes", 0), size = kt_json_int (backup->manifest, "size_bytes", 0);
      if (backup->kind == kind && backup->state == KT_BACKUP_COMPLETE && source > 0 && size > 0
          && g_strcmp0 (kt_json_string (kt_backup_server (backup), "system_identifier", ""), server->system_identifier) == 0)
        return MIN (1.0, (double) size / (double) source);
    }
  return 1.0;
}

gboolean
kt_backup_room (const KtBackupKind *kind, const char *catalogue, const KtBackupSource *source, KtBackupRoom *room, GError **error)
{
  gint64 extra = 0;
  *room = (KtBackupRoom){ .free_bytes = kt_folder_free_bytes (catalogue) };
  if (kind->estimate == NULL)
    return TRUE;
  if (!kind->estimate (source, &room->source_bytes, &extra, error))
    return FALSE;
  double ratio = ratio_of_last (kind, catalogue, source->server);
  room->needed_bytes = (gint64) ((double) room->source_bytes * ratio * MARGIN) + extra;
  return TRUE;
}

gboolean
kt_backup_fits (const KtBackupRoom *room, const char *catalogue, GError **error)
{
  if (room->free_bytes < 0 || room->free_bytes >= room->needed_bytes)
    return TRUE;
  g_autofree char *wanted = kt_size_format (room->needed_bytes);
  g_autofree char *source = kt_size_format (room->source_bytes);
  g_autofree char *there = kt_size_format (room->free_bytes);
  kt_error_set (error, KT_ERROR_NO_SPACE, NULL, "name a folder with more room with --to DIR, or make room: kastune backup prune",
                "a backup of %s needs up to %s, there are %s in %s", source, wanted, there, catalogue);
  return FALSE;
}

/* ---------------------------------------------------------------------------------------------------------- create */

KtBackup *
kt_backup_create (const KtBackupKind *kind, const char *catalogue, const char *id, const KtBackupSource *source,
                  const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  KtBackupRoom room;
  kt_catalogue_sweep (catalogue);
  if ((kind->check != NULL && !kind->check (source, options, error)) || !kt_backup_room (kind, catalogue, source, &room, error)
      || (!options->any_space && !kt_backup_fits (&room, catalogue, error)))
    return NULL;
  const char *user = kind->by_programs ? kt_connection_os_user (source->connection) : NULL;
  g_autoptr (KtBackup) backup = kt_catalogue_begin (catalogue, id, kind, user, error);
  if (backup == NULL)
    return NULL;
  json_object_set_object_member (backup->manifest, "server", kt_backup_describe_server (source));
  json_object_set_int_member (backup->manifest, "source_bytes", room.source_bytes);
  g_autoptr (GError) local = NULL;
  if (kind->create (backup, source, options, watch, &local) && kt_catalogue_finish (backup, &local))
    return g_steal_pointer (&backup);
  kt_catalogue_fail (backup, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* --------------------------------------------------------------------------------------------------------- reading */

static gboolean
is_usable (KtBackup *backup, GError **error)
{
  if (backup->kind == NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, NULL, "backup %s is of a kind that this kastune does not know: %s", backup->id,
                  kt_json_string (backup->manifest, "kind", "?"));
  else if (backup->state != KT_BACKUP_COMPLETE)
    kt_error_set (error, KT_ERROR_REFUSED, kt_json_string (backup->manifest, "reason", NULL), "kastune backup list",
                  "backup %s is not complete: %s", backup->id, kt_backup_state_name (backup->state));
  else
    return kt_catalogue_lock (backup, FALSE, error);
  return FALSE;
}

static void
remember (KtBackup *backup, const char *member)
{
  json_object_set_int_member (backup->manifest, member, g_get_real_time () / 1000);
  /* On a disk that can only be read the answer is true all the same. */
  kt_catalogue_save (backup, NULL);
}

gboolean
kt_backup_verify (KtBackup *backup, gboolean test, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  if (!is_usable (backup, error))
    return FALSE;
  g_autofree char *catalogue = g_path_get_dirname (backup->folder);
  const char *folder = scratch != NULL ? scratch : catalogue;
  const KtBackupKind *kind = backup->kind;
  if (!(test && kind->test_verifies) && !kind->verify (backup, folder, watch, error))
    return FALSE;
  if (test && !kind->test (backup, folder, watch, report, error))
    return FALSE;
  remember (backup, "verified_at_ms");
  if (test)
    remember (backup, "tested_at_ms");
  return TRUE;
}

gboolean
kt_backup_restore (KtBackup *backup, const KtBackupRestore *restore, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  return is_usable (backup, error) && backup->kind->restore (backup, restore, watch, report, error);
}
