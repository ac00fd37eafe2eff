/* SPDX-License-Identifier: MIT */
#include "backup/zfs_set.h"

#include "backup/zfs_parts.h"
#include "base/error.h"
#include "storage/command.h"
#include "storage/zfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLD "kastune"

const char *
kt_zfs_part_member (JsonObject *part, const char *name)
{
  return kt_json_string (part, name, "");
}

static JsonObject *
part_at (JsonArray *set, guint i)
{
  return json_array_get_object_element (set, i);
}

gboolean
kt_zfs_part_leads (JsonArray *set, guint i)
{
  for (guint k = 0; k < i; k++)
    if (g_str_equal (kt_zfs_part_member (part_at (set, k), "dataset"), kt_zfs_part_member (part_at (set, i), "dataset")))
      return FALSE;
  return TRUE;
}

/* ------------------------------------------------------------------------------------------------------------- where */

/* The top of the file system that @path lies in. Caller frees. */
static char *
mount_point_of (const char *path)
{
  struct stat own, above;
  g_autofree char *top = g_strdup (path);
  if (stat (path, &own) != 0)
    return NULL;
  for (;;)
    {
      g_autofree char *parent = g_path_get_dirname (top);
      if (g_str_equal (parent, top) || stat (parent, &above) != 0 || above.st_dev != own.st_dev)
        return g_steal_pointer (&top);
      g_free (top);
      top = g_steal_pointer (&parent);
    }
}

static gboolean
add_part (JsonArray *set, const char *role, const char *path, GError **error)
{
  g_autofree char *real = realpath (path, NULL);
  g_autofree char *top = real != NULL ? mount_point_of (real) : NULL;
  g_autoptr (GError) local = NULL;
  if (top == NULL)
    {
      kt_error_set_errno (error, errno, NULL, "cannot look at %s", path);
      return FALSE;
    }
  const char *const argv[] = { "zfs", "list", "-H", "-o", "name", "-t", "filesystem", top, NULL };
  g_autofree char *dataset = kt_zfs_ask (argv, NULL, &local);
  if (dataset == NULL || !kt_zfs_name_check (dataset, &local))
    {
      const char *detail = kt_error_detail (local);
      kt_error_set (error, KT_ERROR_UNSUPPORTED, detail != NULL ? detail : local->message, "kastune backup create physical",
                    "%s is not in a ZFS dataset that snapshots can be made of", real);
      return FALSE;
    }
  JsonObject *part = json_object_new ();
  const char *below = real + strlen (top);
  json_object_set_string_member (part, "role", role);
  json_object_set_string_member (part, "path", real);
  json_object_set_string_member (part, "dataset", dataset);
  json_object_set_string_member (part, "below", below + strspn (below, "/"));
  json_array_add_object_element (set, part);
  return TRUE;
}

/* What else of it lies in another file system would be missing. The server's own logs are no loss. */
static gboolean
is_whole (const char *data, GError **error)
{
  static const char *const known[] = { "pg_wal", "log", "pg_log", NULL };
  struct stat top, st;
  g_autoptr (GDir) dir = g_dir_open (data, 0, NULL);
  const char *name;
  if (dir == NULL || stat (data, &top) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot look into %s", data);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (data, name, NULL);
      if (g_strv_contains (known, name) || stat (path, &st) != 0 || !S_ISDIR (st.st_mode) || st.st_dev == top.st_dev)
        continue;
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune backup create physical",
                    "%s lies in another file system than the data directory, so a snapshot would be without it", path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_elsewhere (const char *data, const char *path)
{
  struct stat top, st;
  return lstat (path, &st) == 0 && stat (data, &top) == 0 && (S_ISLNK (st.st_mode) || st.st_dev != top.st_dev);
}

static gboolean
add_tablespaces (JsonArray *set, const char *data, GError **error)
{
  g_autofree char *folder = g_build_filename (data, "pg_tblspc", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_SYMLINK) && !add_part (set, name, path, error))
        return FALSE;
    }
  return TRUE;
}

/* Only within a pool is there one instant for several. */
static gboolean
is_in_one_pool (JsonArray *set, GError **error)
{
  g_autofree char *first = kt_zfs_pool_of (kt_zfs_part_member (part_at (set, 0), "dataset"));
  for (guint i = 1; i < json_array_get_length (set); i++)
    {
      g_autofree char *pool = kt_zfs_pool_of (kt_zfs_part_member (part_at (set, i), "dataset"));
      if (g_str_equal (pool, first))
        continue;
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune backup create physical",
                    "%s is in pool %s and %s in pool %s: there is no snapshot of both at one instant", kt_zfs_part_member (part_at (set, 0), "path"), first,
                    kt_zfs_part_member (part_at (set, i), "path"), pool);
      return FALSE;
    }
  return TRUE;
}

JsonArray *
kt_zfs_set_find (const char *data_directory, GError **error)
{
  g_autoptr (JsonArray) set = json_array_new ();
  g_autofree char *wal = g_build_filename (data_directory, "pg_wal", NULL);
  if (!add_part (set, KT_ZFS_DATA, data_directory, error) || (is_elsewhere (data_directory, wal) && !add_part (set, KT_ZFS_WAL, wal, error))
      || !add_tablespaces (set, data_directory, error) || !is_whole (data_directory, error) || !is_in_one_pool (set, error))
    return NULL;
  return g_steal_pointer (&set);
}

gboolean
kt_zfs_set_room (JsonArray *set, gint64 *available, gint64 *referenced, GError **error)
{
  *available = G_MAXINT64;
  *referenced = 0;
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      if (!kt_zfs_part_leads (set, i))
        continue;
      g_autoptr (KtZfsObject) dataset = kt_zfs_load_dataset (kt_zfs_part_member (part_at (set, i), "dataset"), NULL, error);
      if (dataset == NULL)
        return FALSE;
      *available = MIN (*available, MAX (kt_zfs_number (dataset, "available"), 0));
      *referenced += MAX (kt_zfs_number (dataset, "referenced"), 0);
    }
  return TRUE;
}

/* --------------------------------------------------------------------------------------------------------- snapshots */

/* "zfs VERB [WORDS] a@name b@name" */
static gboolean
for_all (JsonArray *set, const char *verb, const char *word, const char *name, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, g_strdup ("zfs"));
  g_ptr_array_add (argv, g_strdup (verb));
  if (word != NULL)
    g_ptr_array_add (argv, g_strdup (word));
  for (guint i = 0; i < json_array_get_length (set); i++)
    if (kt_zfs_part_leads (set, i))
      g_ptr_array_add (argv, g_strconcat (kt_zfs_part_member (part_at (set, i), "dataset"), "@", name, NULL));
  g_ptr_array_add (argv, NULL);
  return kt_zfs_command ((const char *const *) argv->pdata, error);
}

gboolean
kt_zfs_set_snapshot (JsonArray *set, const char *name, GError **error)
{
  if (!for_all (set, "snapshot", NULL, name, error) || !for_all (set, "hold", HOLD, name, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      JsonObject *part = part_at (set, i);
      g_autofree char *full = g_strconcat (kt_zfs_part_member (part, "dataset"), "@", name, NULL);
      g_autoptr (KtZfsObject) snapshot = kt_zfs_load_dataset (full, NULL, error);
      if (snapshot == NULL)
        return FALSE;
      kt_json_set_string (part, "guid", kt_zfs_value (snapshot, "guid"));
    }
  return TRUE;
}

/* "tank/pg@name", wherever its dataset was renamed to since; NULL without an error: it is gone, or never was. One without a guid was being made: then its name alone tells. Caller frees. */
static char *
locate (JsonObject *part, const char *name, GError **error)
{
  const char *dataset = kt_zfs_part_member (part, "dataset"), *guid = kt_zfs_part_member (part, "guid");
  g_autofree char *pool = kt_zfs_pool_of (dataset);
  g_autofree char *wanted = g_strconcat (dataset, "@", name, NULL);
  if (!kt_zfs_name_check (dataset, NULL) || !g_regex_match_simple ("^kastune-[A-Za-z0-9-]+$", name, G_REGEX_DOLLAR_ENDONLY, 0))
    {
      kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the backup's record names no snapshot of kastune: %s", wanted);
      return NULL;
    }
  const char *const argv[] = { "zfs", "list", "-Hpr", "-t", "snapshot", "-o", "name,guid", pool, NULL };
  g_autofree char *listing = kt_zfs_ask (argv, NULL, error);
  if (listing == NULL)
    return NULL;
  g_auto (GStrv) lines = g_strsplit (listing, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", 2);
      const char *at = g_strv_length (fields) == 2 ? strchr (fields[0], '@') : NULL;
      gboolean same = at != NULL && g_str_equal (at + 1, name)
                      && (*guid != '\0' ? g_str_equal (fields[1], guid) : g_str_equal (fields[0], wanted));
      if (same)
        return g_strdup (fields[0]);
    }
  return NULL;
}

char *
kt_zfs_part_snapshot (JsonObject *part, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;
  char *full = locate (part, name, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (full == NULL)
    kt_error_set (error, KT_ERROR_VERIFY, NULL, "use another one: kastune backup list", "the snapshot %s@%s is gone",
                  kt_zfs_part_member (part, "dataset"), name);
  return full;
}

static KtZfsObject *
load (JsonObject *part, const char *name, GError **error)
{
  g_autofree char *full = kt_zfs_part_snapshot (part, name, error);
  return full != NULL ? kt_zfs_load_dataset (full, NULL, error) : NULL;
}

gboolean
kt_zfs_set_verify (JsonArray *set, const char *name, GError **error)
{
  g_autofree char *instant = NULL;
  g_autofree char *pool = kt_zfs_pool_of (kt_zfs_part_member (part_at (set, 0), "dataset"));
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      g_autoptr (KtZfsObject) snapshot = load (part_at (set, i), name, error);
      if (snapshot == NULL)
        return FALSE;
      const char *made = kt_zfs_value (snapshot, "createtxg");
      if (instant != NULL && g_strcmp0 (instant, made) != 0)
        {
          kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the snapshots %s were not made at one instant", name);
          return FALSE;
        }
      if (instant == NULL)
        instant = g_strdup (made);
    }
  g_autoptr (KtPoolStatus) status = kt_zfs_load_status (pool, NULL, error);
  if (status == NULL)
    return FALSE;
  if (status->errors == NULL || g_str_has_prefix (status->errors, "No known data errors"))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, status->errors, "zpool status -v names the files", "pool %s has data errors", pool);
  return FALSE;
}

gint64
kt_zfs_set_used (JsonArray *set, const char *name)
{
  gint64 sum = 0;
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      if (!kt_zfs_part_leads (set, i))
        continue;
      g_autoptr (KtZfsObject) snapshot = load (part_at (set, i), name, NULL);
      if (snapshot == NULL)
        return -1;
      sum += MAX (kt_zfs_number (snapshot, "used"), 0);
    }
  return sum;
}

static gboolean
destroy_one (JsonObject *part, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *full = locate (part, name, &local);
  if (full == NULL)
    {
      gboolean gone = local == NULL;
      if (!gone)
        g_propagate_error (error, g_steal_pointer (&local));
      return gone;
    }
  g_autoptr (KtZfsObject) snapshot = kt_zfs_load_dataset (full, NULL, error);
  const char *clones = snapshot != NULL ? kt_zfs_value (snapshot, "clones") : NULL;
  if (snapshot == NULL)
    return FALSE;
  if (clones != NULL && *clones != '\0')
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "zfs promote CLONE makes one independent; zfs destroy CLONE removes it",
                    "snapshot %s is still needed by %s, restored from it", full, clones);
      return FALSE;
    }
  const char *const release[] = { "zfs", "release", HOLD, full, NULL };
  const char *const destroy[] = { "zfs", "destroy", full, NULL };
  kt_zfs_command (release, NULL); /* one that was being made may have none; any other hold stops the next */
  return kt_zfs_command (destroy, error);
}

gboolean
kt_zfs_set_destroy (JsonArray *set, const char *name, GError **error)
{
  for (guint i = 0; i < json_array_get_length (set); i++)
    if (kt_zfs_part_leads (set, i) && !destroy_one (part_at (set, i), name, error))
      return FALSE;
  return TRUE;
}
