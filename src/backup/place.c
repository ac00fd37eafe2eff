/* SPDX-License-Identifier: MIT */
#include "backup/place.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/owner.h"
#include "base/size.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AWAKE "global/pg_control"
#define FOLLOWS "standby.signal"
#define LARGEST (16 * KT_MIB)

static gboolean
sync_parent (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced = fd >= 0 && fsync (fd) == 0;
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (!synced)
    kt_error_set_errno (error, saved, NULL, "cannot flush the folder %s", parent);
  return synced;
}

static gboolean
is_there (const char *data, const char *name)
{
  struct stat st;
  g_autofree char *path = g_build_filename (data, name, NULL);
  return lstat (path, &st) == 0;
}

/* -1: not there. */
static gint64
size_of (const char *path)
{
  struct stat st;
  return lstat (path, &st) == 0 ? st.st_size : -1;
}

/* --------------------------------------------------------------------------------------------------------- folders */

gboolean
kt_place_is_there (const char *path)
{
  struct stat st;
  return lstat (path, &st) == 0;
}

gboolean
kt_place_is_folder (const char *path)
{
  struct stat st;
  return lstat (path, &st) == 0 && S_ISDIR (st.st_mode);
}

gboolean
kt_place_is_mount_point (const char *path)
{
  struct stat own, above;
  g_autofree char *parent = g_path_get_dirname (path);
  return lstat (path, &own) != 0 || stat (parent, &above) != 0 || own.st_dev != above.st_dev;
}

static gboolean
lies_in (const char *path, const char *folder)
{
  gsize length = strlen (folder);
  return g_str_has_prefix (path, folder) && (path[length] == '/' || path[length] == '\0' || g_str_equal (folder, "/"));
}

gboolean
kt_place_check_target (const char *target, const char *home, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (target);
  gboolean full = !kt_folder_is_empty (target);
  const char *why = lies_in (target, home)                                         ? "it lies in the data directory itself"
                    : lies_in (home, target)                                       ? "the data directory lies in it"
                    : kt_place_is_there (target) && !kt_place_is_folder (target)   ? "it is no folder"
                    : !g_file_test (parent, G_FILE_TEST_IS_DIR)                    ? "the folder that it would lie in is not there"
                    : full                                                         ? "it is not empty"
                                                                                   : NULL;
  if (why == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, why,
                full && kt_place_is_mount_point (target) ? "name a folder below it, which kastune makes"
                                                         : "name a folder that is empty, or absent in one that is there",
                "nothing can be moved to %s", target);
  return FALSE;
}

JsonObject *
kt_place_describe (const char *path)
{
  struct stat st;
  JsonObject *object = json_object_new ();
  gboolean there = path != NULL && lstat (path, &st) == 0;
  json_object_set_boolean_member (object, "there", there);
  if (there)
    {
      json_object_set_boolean_member (object, "mount_point", kt_place_is_mount_point (path));
      json_object_set_int_member (object, "mode", st.st_mode & 07777);
      json_object_set_int_member (object, "uid", st.st_uid);
      json_object_set_int_member (object, "gid", st.st_gid);
    }
  return object;
}

gboolean
kt_place_is_still_mounted (const char *path, JsonObject *before, GError **error)
{
  if (path == NULL || !kt_json_bool (before, "mount_point", FALSE) || (kt_place_is_there (path) && kt_place_is_mount_point (path)))
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "mount it first (zfs mount -a, or mount -a), then again", "%s is not mounted any more", path);
  return FALSE;
}

gboolean
kt_place_make_ready (const char *folder, const char *like, GError **error)
{
  struct stat st;
  if (stat (like, &st) == 0 && (mkdir (folder, 0700) == 0 || errno == EEXIST)
      && kt_owner_give_folder (folder, st.st_uid, st.st_gid, st.st_mode))
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot make %s ready", folder);
  return FALSE;
}

gboolean
kt_place_clear (const char *folder, const char *known, JsonObject *before, GError **error)
{
  if (!kt_place_is_there (folder))
    return TRUE;
  if (!kt_folder_is_empty (folder) && !is_there (folder, known))
    {
      kt_error_set (error, KT_ERROR_CHANGED, NULL, "move these files away", "there are files of somebody else in %s", folder);
      return FALSE;
    }
  if (!kt_json_bool (before, "there", FALSE))
    return kt_folder_remove (folder, error);
  if (!kt_folder_clear (folder, NULL, error))
    return FALSE;
  if (kt_owner_give_folder (folder, (uid_t) kt_json_int (before, "uid", -1), (gid_t) kt_json_int (before, "gid", -1),
                            (mode_t) kt_json_int (before, "mode", 0700)))
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot give %s its former owner and rights", folder);
  return FALSE;
}

/* ----------------------------------------------------------------------------------------------------------- names */

/* ZFS before 2.2 knows no flags. */
static int
rename_to_free_name (const char *from, const char *to)
{
  struct stat st;
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL)
    return -1;
  if (lstat (to, &st) == 0)
    {
      errno = EEXIST;
      return -1;
    }
  return rename (from, to);
}

gboolean
kt_place_rename (const char *from, const char *to, GError **error)
{
  if (rename_to_free_name (from, to) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot rename %s to %s", from, to);
      return FALSE;
    }
  kt_crash_point ("place: %s renamed", from);
  return sync_parent (to, error);
}

gboolean
kt_place_point (const char *path, const char *target, GError **error)
{
  g_autofree char *fresh = g_strconcat (path, ".kastune-link", NULL);
  if ((unlink (fresh) != 0 && errno != ENOENT) || symlink (target, fresh) != 0 || rename (fresh, path) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot let %s lead to %s", path, target);
      return FALSE;
    }
  kt_crash_point ("place: %s leads elsewhere", path);
  return sync_parent (path, error);
}

gboolean
kt_place_remove_link (const char *path, GError **error)
{
  struct stat st;
  if (lstat (path, &st) != 0 || !S_ISLNK (st.st_mode))
    return TRUE;
  if (unlink (path) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot remove the link %s", path);
      return FALSE;
    }
  kt_crash_point ("place: link %s removed", path);
  return sync_parent (path, error);
}

/* ------------------------------------------------------------------------------------------------- asleep and awake */

/* As the directory's owner would make it. */
static gboolean
write_as_owner (const char *data, const char *name, const char *text, GError **error)
{
  struct stat like;
  g_autofree char *path = g_build_filename (data, name, NULL);
  if (stat (data, &like) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot look at %s", data);
      return FALSE;
    }
  like.st_mode = S_IFREG | 0600;
  return kt_file_replace (path, text, &like, error);
}

gboolean
kt_place_is_asleep (const char *data)
{
  return !is_there (data, AWAKE) && is_there (data, KT_PLACE_ASLEEP);
}

gboolean
kt_place_put_to_sleep (const char *data, const char *note, GError **error)
{
  g_autofree char *awake = g_build_filename (data, AWAKE, NULL);
  g_autofree char *asleep = g_build_filename (data, KT_PLACE_ASLEEP, NULL);
  return write_as_owner (data, KT_PLACE_NOTE, note, error)
         && (kt_place_is_asleep (data) || kt_place_rename (awake, asleep, error));
}

gboolean
kt_place_wake (const char *data, GError **error)
{
  g_autofree char *awake = g_build_filename (data, AWAKE, NULL);
  g_autofree char *asleep = g_build_filename (data, KT_PLACE_ASLEEP, NULL);
  g_autofree char *note = g_build_filename (data, KT_PLACE_NOTE, NULL);
  return (!kt_place_is_asleep (data) || kt_place_rename (asleep, awake, error)) && kt_file_remove (note, error);
}

gboolean
kt_place_only_follows (const char *data)
{
  return is_there (data, FOLLOWS);
}

gboolean
kt_place_set_follows (const char *data, gboolean follows, GError **error)
{
  g_autofree char *path = g_build_filename (data, FOLLOWS, NULL);
  return follows ? write_as_owner (data, FOLLOWS, "", error) : kt_file_remove (path, error);
}

/* ------------------------------------------------------------------------------------------------------- carry over */

/* What the server makes anew, or the log carries. */
static gboolean
is_servers_own (const char *name, gboolean folder)
{
  static const char *const files[] = { "PG_VERSION", "postmaster.pid", "postmaster.opts", "backup_label", "backup_label.old",
                                       "tablespace_map", "tablespace_map.old", "backup_manifest", FOLLOWS, "recovery.signal",
                                       "current_logfiles", KT_PLACE_NOTE, NULL };
  static const char *const folders[] = { "base", "global", "log", "lost+found", NULL };
  if (strstr (name, ".kastune-new-") != NULL)
    return TRUE;
  return folder ? g_str_has_prefix (name, "pg_") || g_strv_contains (folders, name) : g_strv_contains (files, name);
}

/* "messages" of "stderr messages/postgresql.log". NULL: none below the data directory. Caller frees. */
static char *
message_folder (const char *data)
{
  g_autofree char *path = g_build_filename (data, "current_logfiles", NULL);
  g_autofree char *text = NULL;
  const char *name = kt_file_read (path, &text, NULL, NULL) ? strchr (text, ' ') : NULL;
  if (name == NULL || name[1] == '/' || strchr (name, '/') == NULL)
    return NULL;
  return g_strndup (name + 1, strcspn (name + 1, "/"));
}

static GPtrArray *
names_in (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  return names;
}

static gboolean
make_folder_like (const char *path, const struct stat *like, GError **error)
{
  if (mkdir (path, like->st_mode & 07777) == 0 || errno == EEXIST)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot make %s", path);
  return FALSE;
}

static gboolean
carry_link (const char *from, const char *to, GError **error)
{
  g_autofree char *wanted = g_file_read_link (from, NULL);
  g_autofree char *found = g_file_read_link (to, NULL);
  return wanted == NULL || g_strcmp0 (wanted, found) == 0 || kt_place_point (to, wanted, error);
}

/* No link that its owner puts there meanwhile leads us, who may read everything, to somebody else's file. */
static gboolean
read_plain (const char *path, char **text, gsize *length, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", path);
      return FALSE;
    }
  g_autofree char *opened = g_strdup_printf ("/proc/self/fd/%d", fd);
  gboolean read = kt_file_read (opened, text, length, error);
  close (fd);
  return read;
}

static gboolean
carry_file (const char *from, const char *to, const struct stat *st, GError **error)
{
  g_autofree char *text = NULL, *present = NULL;
  gsize length = 0, present_length = 0;
  /* No configuration file: as the base backup took it. */
  if (st->st_size > LARGEST)
    return TRUE;
  if (!read_plain (from, &text, &length, error))
    return FALSE;
  if (kt_file_read (to, &present, &present_length, NULL) && length == present_length && memcmp (text, present, length) == 0)
    return TRUE;
  struct stat like = *st, folder;
  g_autofree char *parent = g_path_get_dirname (to);
  if (stat (parent, &folder) == 0)
    {
      like.st_uid = folder.st_uid;
      like.st_gid = folder.st_gid;
    }
  return kt_place_remove_link (to, error) && kt_file_write (to, text, (gssize) length, &like, error);
}

static gboolean carry_folder (const char *from, const char *to, const char *messages, gboolean top, GError **error);

static gboolean
carry_entry (const char *from, const char *to, const char *messages, gboolean top, const char *name, GError **error)
{
  struct stat st;
  g_autofree char *source = g_build_filename (from, name, NULL);
  g_autofree char *target = g_build_filename (to, name, NULL);
  if (lstat (source, &st) != 0 || (top && is_servers_own (name, S_ISDIR (st.st_mode)))
      || (S_ISDIR (st.st_mode) && g_strcmp0 (name, messages) == 0) || (top && g_str_equal (name, "pg_wal")))
    return TRUE;
  if (S_ISDIR (st.st_mode))
    return make_folder_like (target, &st, error) && carry_folder (source, target, messages, FALSE, error);
  return S_ISLNK (st.st_mode)   ? carry_link (source, target, error)
         : S_ISREG (st.st_mode) ? carry_file (source, target, &st, error)
                                : TRUE;
}

/* Files that are no longer in @from; folders stay, they decide nothing. */
static gboolean
drop_gone (const char *from, const char *to, gboolean top, GError **error)
{
  g_autoptr (GPtrArray) names = names_in (to);
  for (guint i = 0; i < names->len; i++)
    {
      struct stat st;
      const char *name = names->pdata[i];
      g_autofree char *target = g_build_filename (to, name, NULL);
      if (!is_there (from, name) && !(top && is_servers_own (name, FALSE)) && lstat (target, &st) == 0 && S_ISREG (st.st_mode)
          && !kt_file_remove (target, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
carry_folder (const char *from, const char *to, const char *messages, gboolean top, GError **error)
{
  g_autoptr (GPtrArray) names = names_in (from);
  for (guint i = 0; i < names->len; i++)
    if (!carry_entry (from, to, messages, top, names->pdata[i], error))
      return FALSE;
  return drop_gone (from, to, top, error);
}

/* The copy of a segment, whole, from the directory that is at rest. Of the name that PostgreSQL gives to what it has not finished yet, and
 * removes when it finds it. */
static gboolean
carry_segment (const char *from, const char *to, const char *segment, GError **error)
{
  g_autofree char *source = g_build_filename (from, "pg_wal", segment, NULL);
  g_autofree char *target = g_build_filename (to, "pg_wal", segment, NULL);
  g_autofree char *unfinished = g_build_filename (to, "pg_wal", "xlogtemp.kastune", NULL);
  g_autoptr (GFile) source_file = g_file_new_for_path (source), file = g_file_new_for_path (unfinished);
  if (kt_place_is_there (target) && size_of (target) == size_of (source))
    return TRUE;
  if (!g_file_copy (source_file, file, G_FILE_COPY_OVERWRITE | G_FILE_COPY_NOFOLLOW_SYMLINKS, NULL, NULL, NULL, error))
    return FALSE;
  if (rename (unfinished, target) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot rename %s to %s", unfinished, target);
  return FALSE;
}

/* A copy takes every file that it has received for archived already, the last one too, which is not full yet. */
static gboolean
doubt_archived (const char *from, const char *to, GError **error)
{
  g_autofree char *log = g_build_filename (from, "pg_wal", NULL);
  g_autofree char *folder = g_build_filename (to, "pg_wal", "archive_status", NULL);
  g_autoptr (GPtrArray) names = names_in (folder);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if (!g_str_has_suffix (name, ".done"))
        continue;
      g_autofree char *segment = g_strndup (name, strlen (name) - strlen (".done"));
      g_autofree char *status = g_build_filename ("archive_status", name, NULL);
      g_autofree char *done = g_build_filename (folder, name, NULL);
      if (is_there (log, segment) && !is_there (log, status) && !kt_file_remove (done, error))
        return FALSE;
    }
  return TRUE;
}

/* What is not archived yet would be missing in the archive. */
static gboolean
carry_archive_status (const char *from, const char *to, GError **error)
{
  g_autofree char *folder = g_build_filename (from, "pg_wal", "archive_status", NULL);
  g_autoptr (GPtrArray) names = names_in (folder);
  if (!doubt_archived (from, to, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if (!g_str_has_suffix (name, ".ready"))
        continue;
      g_autofree char *segment = g_strndup (name, strlen (name) - strlen (".ready"));
      g_autofree char *done_name = g_strconcat (segment, ".done", NULL);
      g_autofree char *done = g_build_filename (to, "pg_wal", "archive_status", done_name, NULL);
      g_autofree char *ready = g_build_filename ("pg_wal", "archive_status", name, NULL);
      if (!carry_segment (from, to, segment, error) || !write_as_owner (to, ready, "", error) || !kt_file_remove (done, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
carry_all (const char *from, const char *to, GError **error)
{
  g_autofree char *messages = message_folder (from);
  g_autofree char *statistics = g_build_filename (from, "pg_stat", NULL);
  g_autofree char *statistics_there = g_build_filename (to, "pg_stat", NULL);
  return carry_folder (from, to, messages, TRUE, error) && carry_folder (statistics, statistics_there, NULL, FALSE, error)
         && carry_archive_status (from, to, error);
}

/* Both folders are their owner's, who could lead root anywhere in the world by a link in either. */
gboolean
kt_place_carry_over (const char *from, const char *to, GError **error)
{
  struct stat st;
  g_autofree char *log = g_build_filename (to, "pg_wal", NULL);
  if (stat (from, &st) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot look at %s", from);
      return FALSE;
    }
  if (!kt_owner_become (st.st_uid, st.st_gid, error))
    return FALSE;
  gboolean carried = carry_all (from, to, error);
  kt_owner_leave ();
  /* The log may lie in another file system. */
  return carried && kt_folder_sync (to, error) && kt_folder_sync (log, error);
}

/* -------------------------------------------------------------------------------------------------------- unlogged */

/* The file that an unlogged table is emptied with is empty itself; those of indexes are not. */
static guint
count_unlogged_in (const char *folder)
{
  g_autoptr (GPtrArray) names = names_in (folder);
  guint count = 0;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (!g_str_has_suffix (name, "_init") || size_of (path) != 0)
        continue;
      g_autofree char *main_fork = g_strndup (path, strlen (path) - strlen ("_init"));
      count += size_of (main_fork) > 0;
    }
  return count;
}

static guint
count_unlogged (const char *data)
{
  g_autofree char *base = g_build_filename (data, "base", NULL);
  g_autoptr (GPtrArray) databases = names_in (base);
  guint count = 0;
  for (guint i = 0; i < databases->len; i++)
    {
      g_autofree char *folder = g_build_filename (base, databases->pdata[i], NULL);
      count += count_unlogged_in (folder);
    }
  return count;
}

char *
kt_place_uncopied (const char *data)
{
  guint unlogged = count_unlogged (data);
  g_autofree char *folder = g_build_filename (data, "pg_replslot", NULL);
  g_autofree char *links = g_build_filename (data, "pg_tblspc", NULL);
  g_autoptr (GPtrArray) slots = names_in (folder);
  if (unlogged > 0)
    return g_strdup_printf ("%u unlogged %s rows, which no copy holds: ALTER TABLE … SET LOGGED, or empty them", unlogged,
                            unlogged == 1 ? "table has" : "tables have");
  /* One of our own is left by a kill, and goes when the server is followed again. */
  for (guint i = 0; i < slots->len; i++)
    if (!g_str_has_prefix (slots->pdata[i], "kastune_"))
      return g_strdup_printf ("a copy has no replication slots, and who uses %s would lose its place: drop it, and make it again afterwards",
                              (const char *) slots->pdata[i]);
  return kt_folder_is_empty (links) ? NULL : g_strdup ("it has tablespaces in other places, which two copies would share: move those tables into pg_default, and drop them");
}
