/* SPDX-License-Identifier: MIT */
#include "backup/catalogue.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/run.h"
#include "base/user.h"
#include "postgres/scratch_site.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FORMAT 1
#define MANIFEST "manifest.json"
#define LOCK "lock"
#define LATEST "latest"

static const char *const state_names[] = {
  [KT_BACKUP_RUNNING] = "running",
  [KT_BACKUP_COMPLETE] = "complete",
  [KT_BACKUP_FAILED] = "failed",
  [KT_BACKUP_INTERRUPTED] = "interrupted",
};

const char *
kt_backup_state_name (KtBackupState state)
{
  return state_names[state];
}

char *
kt_catalogue_default (const char *state_directory)
{
  return g_build_filename (state_directory, "backups", NULL);
}

void
kt_backup_free (KtBackup *backup)
{
  if (backup == NULL)
    return;
  if (backup->lock >= 0)
    close (backup->lock);
  g_clear_pointer (&backup->manifest, json_object_unref);
  g_free (backup->id);
  g_free (backup->folder);
  g_free (backup);
}

JsonObject *
kt_backup_server (const KtBackup *backup)
{
  JsonObject *server = kt_json_object (backup->manifest, "server");
  if (server == NULL)
    {
      server = json_object_new ();
      json_object_set_object_member (backup->manifest, "server", server);
    }
  return server;
}

int
kt_backup_major (const KtBackup *backup)
{
  return (int) (kt_json_int (kt_backup_server (backup), "version_num", 0) / 10000);
}

/* ---------------------------------------------------------------------------------------------------------- locks */

static int
open_lock (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, LOCK, NULL);
  return open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

gboolean
kt_catalogue_lock (KtBackup *backup, gboolean exclusive, GError **error)
{
  int fd = open_lock (backup->folder);
  /* A catalogue on a disk that can only be read can be read. */
  if (fd < 0 && !exclusive && (errno == EROFS || errno == EACCES))
    return TRUE;
  if (fd >= 0 && flock (fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
    {
      backup->lock = fd;
      return TRUE;
    }
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (saved == EWOULDBLOCK)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "wait until it is done", "another kastune works with backup %s", backup->id);
  else
    kt_error_set_errno (error, saved, NULL, "cannot lock backup %s", backup->id);
  return FALSE;
}

static gboolean
is_locked (const char *folder)
{
  int fd = open_lock (folder);
  gboolean locked = fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (fd >= 0)
    close (fd);
  return locked;
}

/* ------------------------------------------------------------------------------------------------------ manifests */

gboolean
kt_catalogue_save (const KtBackup *backup, GError **error)
{
  const struct stat like = { .st_mode = 0600, .st_uid = geteuid (), .st_gid = getegid () };
  g_autofree char *path = g_build_filename (backup->folder, MANIFEST, NULL);
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (backup->manifest));
  g_autofree char *text = kt_json_to_text (node);
  return kt_file_replace (path, text, &like, error);
}

static KtBackupState
state_of (const char *folder, JsonObject *manifest)
{
  const char *name = kt_json_string (manifest, "state", "");
  if (g_str_equal (name, state_names[KT_BACKUP_RUNNING]))
    return is_locked (folder) ? KT_BACKUP_RUNNING : KT_BACKUP_INTERRUPTED;
  return g_str_equal (name, state_names[KT_BACKUP_COMPLETE]) ? KT_BACKUP_COMPLETE : KT_BACKUP_FAILED;
}

/* NULL when there is none, or none that can be read. A link to a backup is no other backup, which one of them could do without. */
static KtBackup *
load (const char *catalogue, const char *id)
{
  g_autofree char *folder = g_build_filename (catalogue, id, NULL);
  g_autofree char *path = g_build_filename (folder, MANIFEST, NULL);
  g_autofree char *text = NULL;
  if (g_file_test (folder, G_FILE_TEST_IS_SYMLINK))
    return NULL;
  g_autoptr (JsonNode) node = kt_file_read (path, &text, NULL, NULL) ? kt_json_parse (text, NULL) : NULL;
  JsonObject *manifest = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (manifest == NULL || kt_json_int (manifest, "format", 0) != FORMAT)
    return NULL;
  KtBackup *backup = g_new0 (KtBackup, 1);
  backup->lock = -1;
  backup->id = g_strdup (id);
  backup->folder = g_steal_pointer (&folder);
  backup->manifest = json_object_ref (manifest);
  backup->kind = kt_backup_kind_find (kt_json_string (manifest, "kind", ""));
  backup->state = state_of (backup->folder, manifest);
  return backup;
}

/* By time, and by name where two began in the same millisecond. */
static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const KtBackup *one = *(KtBackup *const *) a, *other = *(KtBackup *const *) b;
  gint64 first = kt_json_int (one->manifest, "created_at_ms", 0), second = kt_json_int (other->manifest, "created_at_ms", 0);
  return first != second ? (first < second ? 1 : -1) : g_strcmp0 (other->id, one->id);
}

GPtrArray *
kt_catalogue_list (const char *catalogue, GError **error)
{
  g_autoptr (GPtrArray) backups = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_backup_free);
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) dir = g_dir_open (catalogue, 0, &local);
  if (dir == NULL && !g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      kt_error_set (error, KT_ERROR_IO, local->message, NULL, "cannot read the backups in %s", catalogue);
      return NULL;
    }
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      KtBackup *backup = load (catalogue, name);
      if (backup != NULL)
        g_ptr_array_add (backups, backup);
    }
  g_ptr_array_sort (backups, compare_newest_first);
  return g_steal_pointer (&backups);
}

/* "latest" or "latest:physical". */
static gboolean
means_latest (const char *id, const char **kind)
{
  *kind = NULL;
  if (!g_str_has_prefix (id, LATEST))
    return FALSE;
  const char *rest = id + strlen (LATEST);
  *kind = *rest == ':' ? rest + 1 : NULL;
  return *rest == '\0' || *rest == ':';
}

KtBackup *
kt_catalogue_find (const char *catalogue, const char *id, GError **error)
{
  const char *kind;
  if (!means_latest (id, &kind))
    {
      KtBackup *backup = strchr (id, '/') == NULL ? load (catalogue, id) : NULL;
      if (backup == NULL)
        kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune backup list", "there is no backup %s in %s", id, catalogue);
      return backup;
    }
  g_autoptr (GPtrArray) all = kt_catalogue_list (catalogue, error);
  if (all == NULL)
    return NULL;
  for (guint i = 0; i < all->len; i++)
    {
      const KtBackup *backup = all->pdata[i];
      if (backup->state == KT_BACKUP_COMPLETE && backup->kind != NULL && (kind == NULL || g_str_equal (backup->kind->name, kind))
          && !kt_backup_is_safety_copy (backup))
        return g_ptr_array_steal_index (all, i);
    }
  kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune backup create", "there is no complete backup%s%s in %s",
                kind != NULL ? " of kind " : "", kind != NULL ? kind : "", catalogue);
  return NULL;
}

gboolean
kt_backup_is_safety_copy (const KtBackup *backup)
{
  return json_object_has_member (backup->manifest, "note");
}

JsonObject *
kt_backup_to_json (const KtBackup *backup)
{
  static const char *const long_lists[] = { "tables", "files", "settings", "roles", "table_options", "role_settings",
                                             "parts", NULL };
  JsonObject *object = json_object_new ();
  g_autoptr (GList) names = json_object_get_members (backup->manifest);
  for (GList *name = names; name != NULL; name = name->next)
    if (!g_strv_contains (long_lists, name->data))
      json_object_set_member (object, name->data, json_node_copy (json_object_get_member (backup->manifest, name->data)));
  JsonArray *tables = kt_json_array (backup->manifest, "tables");
  if (tables != NULL)
    json_object_set_int_member (object, "n_tables", json_array_get_length (tables));
  json_object_set_string_member (object, "state", kt_backup_state_name (backup->state));
  json_object_set_string_member (object, "folder", backup->folder);
  return object;
}

/* -------------------------------------------------------------------------------------------------------- writing */

char *
kt_catalogue_new_id (const char *catalogue, const KtBackupKind *kind)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *id = g_strconcat (time, "-", kind->name, NULL);
  for (guint i = 2;; i++)
    {
      g_autofree char *folder = g_build_filename (catalogue, id, NULL);
      if (access (folder, F_OK) != 0)
        return g_steal_pointer (&id);
      g_free (id);
      id = g_strdup_printf ("%s-%s-%u", time, kind->name, i);
    }
}

/* The folder is given to @user; a parent that nobody else may enter would keep them out all the same. */
static gboolean
hand_over (const char *folder, const char *user, GError **error)
{
  uid_t uid;
  gid_t gid;
  if (!kt_user_find (user, &uid, &gid))
    return TRUE;
  if (lchown (folder, uid, gid) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot give %s to %s", folder, user);
      return FALSE;
    }
  const char *const argv[] = { "test", "-w", folder, NULL };
  if (kt_run (&(KtRun){ .argv = argv, .user = user }, NULL, NULL, NULL))
    return TRUE;
  g_autofree char *hint = g_strdup_printf ("name a folder below which user %s may enter with --to DIR, or: chmod o+x on its parents",
                                           user);
  kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, hint,
                "user %s, as whom PostgreSQL's programs connect here, cannot get to %s", user, folder);
  return FALSE;
}

/* What is there under this name may go when nobody works on it and nobody could restore it. */
static gboolean
make_way (const char *catalogue, const char *id, GError **error)
{
  g_autofree char *folder = g_build_filename (catalogue, id, NULL);
  g_autoptr (KtBackup) there = load (catalogue, id);
  if (there == NULL || there->state == KT_BACKUP_INTERRUPTED || there->state == KT_BACKUP_FAILED)
    return kt_folder_remove (folder, error);
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "kastune backup list", "there is a backup %s in %s already", id, catalogue);
  return FALSE;
}

/* @id NULL: a free name, also when another kastune takes the first one in this very moment. */
static gboolean
make_folder (KtBackup *backup, const char *catalogue, const char *id)
{
  if (g_mkdir_with_parents (catalogue, 0711) != 0)
    return FALSE;
  for (;;)
    {
      g_free (backup->id);
      g_free (backup->folder);
      backup->id = id != NULL ? g_strdup (id) : kt_catalogue_new_id (catalogue, backup->kind);
      backup->folder = g_build_filename (catalogue, backup->id, NULL);
      if (g_mkdir (backup->folder, 0700) == 0)
        return TRUE;
      if (id != NULL || errno != EEXIST)
        return FALSE;
    }
}

static KtBackup *
new_entry (const char *catalogue, const char *id, const KtBackupKind *kind, GError **error)
{
  g_autoptr (KtBackup) backup = g_new0 (KtBackup, 1);
  backup->lock = -1;
  if (id != NULL && !make_way (catalogue, id, error))
    return NULL;
  backup->kind = kind;
  if (!make_folder (backup, catalogue, id))
    {
      kt_error_set_errno (error, errno, "name a folder you may write with --to DIR", "cannot make a backup in %s", catalogue);
      return NULL;
    }
  backup->state = KT_BACKUP_RUNNING;
  backup->manifest = json_object_new ();
  json_object_set_int_member (backup->manifest, "format", FORMAT);
  json_object_set_string_member (backup->manifest, "id", backup->id);
  json_object_set_string_member (backup->manifest, "kind", kind->name);
  json_object_set_string_member (backup->manifest, "state", state_names[KT_BACKUP_RUNNING]);
  json_object_set_int_member (backup->manifest, "created_at_ms", g_get_real_time () / 1000);
  return g_steal_pointer (&backup);
}

KtBackup *
kt_catalogue_begin (const char *catalogue, const char *id, const KtBackupKind *kind, const char *user, GError **error)
{
  g_autoptr (KtBackup) backup = new_entry (catalogue, id, kind, error);
  if (backup == NULL)
    return NULL;
  /* The lock comes before the manifest: who finds a manifest that says "running" finds the lock as well. */
  if (!hand_over (backup->folder, user, error) || !kt_catalogue_lock (backup, TRUE, error) || !kt_catalogue_save (backup, error))
    {
      kt_folder_remove (backup->folder, NULL);
      return NULL;
    }
  kt_crash_point ("backup: begun");
  return g_steal_pointer (&backup);
}

gboolean
kt_catalogue_finish (KtBackup *backup, GError **error)
{
  gint64 now = g_get_real_time () / 1000;
  json_object_set_string_member (backup->manifest, "state", state_names[KT_BACKUP_COMPLETE]);
  if (backup->kind->elsewhere != NULL)
    json_object_set_int_member (backup->manifest, "elsewhere_bytes", MAX (backup->kind->elsewhere (backup), 0));
  json_object_set_int_member (backup->manifest, "ended_at_ms", now);
  json_object_set_int_member (backup->manifest, "elapsed_ms", now - kt_json_int (backup->manifest, "created_at_ms", now));
  json_object_set_int_member (backup->manifest, "size_bytes",
                              kt_folder_bytes (backup->folder) + kt_json_int (backup->manifest, "elsewhere_bytes", 0));
  kt_crash_point ("backup: written, not complete");
  if (!kt_catalogue_save (backup, error))
    return FALSE;
  backup->state = KT_BACKUP_COMPLETE;
  return TRUE;
}

/* Everything but what says that there was a backup. */
static void
remove_content (const char *folder)
{
  static const char *const keep[] = { MANIFEST, LOCK, NULL };
  kt_folder_clear (folder, keep, NULL);
}

void
kt_catalogue_fail (KtBackup *backup, const GError *why)
{
  const char *detail = kt_error_detail (why);
  g_autofree char *reason = g_strconcat (why->message, detail != NULL ? ": " : "", detail, NULL);
  static const KtBackupWatch nobody;
  if (backup->kind != NULL && backup->kind->remove != NULL)
    backup->kind->remove (backup, &nobody, NULL);
  /* The room first: on a full disk the manifest needs it. */
  remove_content (backup->folder);
  backup->state = KT_BACKUP_FAILED;
  json_object_set_string_member (backup->manifest, "state", state_names[KT_BACKUP_FAILED]);
  json_object_set_string_member (backup->manifest, "reason", reason);
  json_object_set_int_member (backup->manifest, "ended_at_ms", g_get_real_time () / 1000);
  json_object_set_int_member (backup->manifest, "size_bytes", 0);
  kt_catalogue_save (backup, NULL);
}

void
kt_catalogue_sweep (const char *catalogue)
{
  g_autoptr (GPtrArray) all = kt_catalogue_list (catalogue, NULL);
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      KtBackup *backup = all->pdata[i];
      g_autoptr (GError) why = NULL;
      if (backup->state != KT_BACKUP_INTERRUPTED || !kt_catalogue_lock (backup, TRUE, NULL))
        continue;
      kt_error_set (&why, KT_ERROR_INTERRUPTED, NULL, NULL, "kastune was ended in the middle of it");
      kt_catalogue_fail (backup, why);
    }
}

/* From now on it is not offered, whenever the removal ends. On a full disk only a manifest that goes can say so. */
static gboolean
withdraw (KtBackup *backup, GError **error)
{
  g_autofree char *manifest = g_build_filename (backup->folder, MANIFEST, NULL);
  json_object_set_string_member (backup->manifest, "state", state_names[KT_BACKUP_FAILED]);
  json_object_set_string_member (backup->manifest, "reason", "it was being removed");
  return kt_catalogue_save (backup, NULL) || kt_file_remove (manifest, error);
}

/* It stays after all. */
static void
offer_again (KtBackup *backup)
{
  json_object_set_string_member (backup->manifest, "state", state_names[backup->state]);
  if (backup->state == KT_BACKUP_COMPLETE)
    json_object_remove_member (backup->manifest, "reason");
  kt_catalogue_save (backup, NULL);
}

gboolean
kt_catalogue_remove (KtBackup *backup, const KtBackupWatch *watch, GError **error)
{
  if (!kt_catalogue_lock (backup, TRUE, error) || !withdraw (backup, error))
    return FALSE;
  kt_crash_point ("backup: withdrawn");
  if (backup->kind != NULL && backup->kind->remove != NULL && !backup->kind->remove (backup, watch, error))
    {
      offer_again (backup);
      return FALSE;
    }
  kt_crash_point ("backup: what lies elsewhere is gone");
  remove_content (backup->folder);
  return kt_folder_remove (backup->folder, error);
}

void
kt_catalogue_measure (const GPtrArray *backups)
{
  for (guint i = 0; i < backups->len; i++)
    {
      KtBackup *backup = backups->pdata[i];
      gint64 bytes = backup->kind != NULL && backup->kind->elsewhere != NULL && backup->state == KT_BACKUP_COMPLETE
                       ? backup->kind->elsewhere (backup)
                       : -1;
      if (bytes >= 0)
        json_object_set_int_member (backup->manifest, "size_bytes", kt_folder_bytes (backup->folder) + bytes);
    }
}
