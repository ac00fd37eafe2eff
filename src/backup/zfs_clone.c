/* SPDX-License-Identifier: MIT
 *
 * Clones of a set of snapshots, so that a server can start on them. A clone's files belong to the server's user, who may hold links
 * ready where we write: everything in it is reached by descriptors, and no link is followed.
 */
#include "backup/zfs_set.h"

#include "backup/zfs_parts.h"
#include "base/error.h"
#include "storage/command.h"
#include "storage/zfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a dataset was given itself; the rest a clone inherits beside it. */
static const char *const kept[] = { "recordsize", "compression", "atime", "logbias", "primarycache", "redundant_metadata" };

void
kt_zfs_clones_clear (KtZfsClones *clones)
{
  g_clear_pointer (&clones->data, g_free);
  g_clear_pointer (&clones->datasets, g_strfreev);
}

/* ------------------------------------------------------------------------------------------------------------- names */

/* Caller frees. */
static char *
mount_point_for (JsonObject *part, const char *target)
{
  const char *role = kt_zfs_part_member (part, "role");
  return g_str_equal (role, KT_ZFS_DATA)  ? g_strdup (target)
         : g_str_equal (role, KT_ZFS_WAL) ? g_strconcat (target, ".wal", NULL)
                                          : g_strdup_printf ("%s.tablespaces/%s", target, role);
}

/* Beside its origin: "tank/pg@name" has "tank/PREFIX-data". Caller frees. */
static char *
clone_name (const char *snapshot, const char *prefix, const char *role)
{
  g_autofree char *dataset = g_strndup (snapshot, strcspn (snapshot, "@"));
  g_autofree char *parent = kt_zfs_parent_of (dataset);
  return g_strdup_printf ("%s/%s-%s", parent != NULL ? parent : dataset, prefix, role);
}

static gboolean
make_clone (const char *snapshot, const char *clone, const char *mount_point, GError **error)
{
  g_autofree char *dataset = g_strndup (snapshot, strcspn (snapshot, "@"));
  g_autoptr (KtZfsObject) origin = kt_zfs_load_dataset (dataset, NULL, error);
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  if (origin == NULL)
    return FALSE;
  g_ptr_array_add (argv, g_strdup ("zfs"));
  g_ptr_array_add (argv, g_strdup ("clone"));
  g_ptr_array_add (argv, g_strdup ("-o"));
  g_ptr_array_add (argv, g_strconcat ("mountpoint=", mount_point, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_strcmp0 (kt_zfs_source (origin, kept[i]), "local") == 0)
      {
        g_ptr_array_add (argv, g_strdup ("-o"));
        g_ptr_array_add (argv, g_strconcat (kept[i], "=", kt_zfs_value (origin, kept[i]), NULL));
      }
  g_ptr_array_add (argv, g_strdup (snapshot));
  g_ptr_array_add (argv, g_strdup (clone));
  g_ptr_array_add (argv, NULL);
  return kt_zfs_command ((const char *const *) argv->pdata, error);
}

/* ------------------------------------------------------------------------------------------------- in the data directory */

/* A folder below a mount point, without following a link on the way. -1 with errno. */
static int
open_below (const char *top, const char *below)
{
  g_auto (GStrv) names = g_strsplit (below, "/", -1);
  int fd = open (top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  for (guint i = 0; fd >= 0 && names[i] != NULL; i++)
    {
      int next = *names[i] != '\0' ? openat (fd, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : dup (fd);
      int saved = errno;
      close (fd);
      errno = saved;
      fd = next;
    }
  return fd;
}

/* A file, a link or an empty folder. */
static gboolean
clear_name (int folder, const char *name)
{
  return unlinkat (folder, name, 0) == 0 || errno == ENOENT || (errno == EISDIR && unlinkat (folder, name, AT_REMOVEDIR) == 0);
}

/* The link belongs to whom the folder belongs to. */
static gboolean
put_link (int folder, const char *name, const char *to)
{
  struct stat st;
  return clear_name (folder, name) && symlinkat (to, folder, name) == 0 && fstat (folder, &st) == 0
         && fchownat (folder, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Where a part's files lie in the clones. Two parts may share a dataset. Caller frees. */
static char *
place_of (JsonArray *set, JsonObject *part, const char *target)
{
  guint i = 0;
  while (!g_str_equal (kt_zfs_part_member (json_array_get_object_element (set, i), "dataset"), kt_zfs_part_member (part, "dataset")))
    i++;
  g_autofree char *top = mount_point_for (json_array_get_object_element (set, i), target);
  const char *below = kt_zfs_part_member (part, "below");
  return *below != '\0' ? g_build_filename (top, below, NULL) : g_steal_pointer (&top);
}

static JsonObject *
part_of (JsonArray *set, const char *role)
{
  for (guint i = 0; i < json_array_get_length (set); i++)
    if (g_str_equal (kt_zfs_part_member (json_array_get_object_element (set, i), "role"), role))
      return json_array_get_object_element (set, i);
  return NULL;
}

/* Names of the links in a folder. NULL: it cannot be read. */
static GStrv
links_in (int folder)
{
  struct stat st;
  const struct dirent *entry;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  int copy = dup (folder);
  DIR *dir = copy >= 0 ? fdopendir (copy) : NULL;
  if (dir == NULL)
    {
      if (copy >= 0)
        close (copy);
      return NULL;
    }
  while ((entry = readdir (dir)) != NULL)
    if (fstatat (folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (st.st_mode))
      g_strv_builder_add (names, entry->d_name);
  closedir (dir);
  return g_strv_builder_end (names);
}

/* A link that stayed as it was would lead the clone's server into the files of the real one. */
static gboolean
lead_tablespaces (JsonArray *set, int data, const char *target, GError **error)
{
  int folder = openat (data, "pg_tblspc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  g_auto (GStrv) names = folder >= 0 ? links_in (folder) : NULL;
  gboolean led = names != NULL;
  if (!led)
    kt_error_set_errno (error, errno, NULL, "cannot look at the tablespaces of the clone");
  for (guint i = 0; led && names[i] != NULL; i++)
    {
      JsonObject *part = part_of (set, names[i]);
      g_autofree char *place = part != NULL ? place_of (set, part, target) : NULL;
      led = place != NULL && put_link (folder, names[i], place);
      if (place == NULL)
        kt_error_set (error, KT_ERROR_VERIFY, NULL, "make another one: kastune backup create zfs",
                      "tablespace %s was made just when the snapshot was, which lacks it", names[i]);
      else if (!led)
        kt_error_set_errno (error, errno, NULL, "cannot link tablespace %s of the clone", names[i]);
    }
  if (folder >= 0)
    close (folder);
  return led;
}

static gboolean
lead_inside (JsonArray *set, const char *target, GError **error)
{
  JsonObject *wal = part_of (set, KT_ZFS_WAL);
  g_autofree char *place = wal != NULL ? place_of (set, wal, target) : NULL;
  int data = open_below (target, kt_zfs_part_member (part_of (set, KT_ZFS_DATA), "below"));
  gboolean led = data >= 0 && clear_name (data, "postmaster.pid") && clear_name (data, "postmaster.opts")
                 && (place == NULL || put_link (data, "pg_wal", place));
  if (!led)
    kt_error_set_errno (error, errno, NULL, "cannot make a data directory of the clone at %s", target);
  led = led && lead_tablespaces (set, data, target, error);
  if (data >= 0)
    close (data);
  return led;
}

/* ------------------------------------------------------------------------------------------------------------ clones */

static gboolean
clone_all (JsonArray *set, const char *name, const char *prefix, const char *target, GPtrArray *made, GError **error)
{
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      JsonObject *part = json_array_get_object_element (set, i);
      if (!kt_zfs_part_leads (set, i))
        continue;
      g_autofree char *snapshot = kt_zfs_part_snapshot (part, name, error);
      g_autofree char *clone = snapshot != NULL ? clone_name (snapshot, prefix, kt_zfs_part_member (part, "role")) : NULL;
      g_autofree char *mount_point = mount_point_for (part, target);
      if (clone == NULL || !make_clone (snapshot, clone, mount_point, error))
        return FALSE;
      g_ptr_array_add (made, g_steal_pointer (&clone));
    }
  return TRUE;
}

static gboolean
destroy_clone (const char *clone, GError **error)
{
  const char *const argv[] = { "zfs", "destroy", clone, NULL };
  return kt_zfs_command (argv, error);
}

/* Folders that ZFS made to mount at; those that hold anything stay. */
static void
remove_mount_points (JsonArray *set, const char *target)
{
  g_autofree char *spaces = g_strconcat (target, ".tablespaces", NULL);
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      g_autofree char *folder = mount_point_for (json_array_get_object_element (set, i), target);
      rmdir (folder);
    }
  rmdir (spaces);
}

gboolean
kt_zfs_set_clone (JsonArray *set, const char *name, const char *prefix, const char *target, KtZfsClones *clones, GError **error)
{
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_free);
  if (!clone_all (set, name, prefix, target, made, error) || !lead_inside (set, target, error))
    {
      for (guint i = made->len; i-- > 0;)
        destroy_clone (made->pdata[i], NULL);
      remove_mount_points (set, target);
      return FALSE;
    }
  clones->data = place_of (set, part_of (set, KT_ZFS_DATA), target);
  g_ptr_array_add (made, NULL);
  clones->datasets = g_strdupv ((char **) made->pdata);
  return TRUE;
}

gboolean
kt_zfs_set_drop_clones (JsonArray *set, const char *name, const char *prefix, GError **error)
{
  for (guint i = 0; i < json_array_get_length (set); i++)
    {
      g_autofree char *snapshot = kt_zfs_part_leads (set, i) ? kt_zfs_part_snapshot (json_array_get_object_element (set, i), name, NULL) : NULL;
      g_autoptr (KtZfsObject) object = snapshot != NULL ? kt_zfs_load_dataset (snapshot, NULL, NULL) : NULL;
      const char *value = object != NULL ? kt_zfs_value (object, "clones") : NULL;
      g_auto (GStrv) clones = g_strsplit (value != NULL ? value : "", ",", -1);
      for (guint k = 0; clones[k] != NULL; k++)
        {
          const char *slash = strrchr (clones[k], '/');
          if (slash != NULL && g_str_has_prefix (slash + 1, prefix) && !destroy_clone (clones[k], error))
            return FALSE;
        }
    }
  return TRUE;
}
