/* SPDX-License-Identifier: MIT
 *
 * Step `zfs-dataset`. zfs(8) makes a dataset with all its properties in one transaction, mark included; mounting it and giving
 * it away come after that and can be done again.
 */
#include "storage/steps.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/user.h"
#include "storage/command.h"
#include "storage/health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ZFS_MAGIC 0x2fc12fc1
#define MOST_NAMED 3

static const char *
name_of (JsonObject *args)
{
  return kt_json_string (args, "dataset", "");
}

/* ---------------------------------------------------------------------------------------------------------------- facts */

/* What its children inherit of the mark is not theirs. */
static gboolean
is_ours (const KtZfsObject *object, JsonObject *args)
{
  return g_strcmp0 (kt_zfs_value (object, KT_ZFS_MADE_BY), kt_json_string (args, "mark", "")) == 0
         && g_strcmp0 (kt_zfs_source (object, KT_ZFS_MADE_BY), "local") == 0;
}

static gboolean
is_mounted (const KtZfsObject *object)
{
  return g_strcmp0 (kt_zfs_value (object, "mounted"), "yes") == 0;
}

/* ---------------------------------------------------------------------------------------------------------------- check */

static gboolean
check_root (GError **error)
{
  if (geteuid () == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run it as root", "only root can make datasets");
  return FALSE;
}

static gboolean
check_owner (const char *owner, GError **error)
{
  if (owner == NULL || kt_user_find (owner, NULL, NULL))
    return TRUE;
  kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "name the user that PostgreSQL runs as: --owner postgres", "there is no user “%s”", owner);
  return FALSE;
}

/* Who owns a folder on the way, or may write to it, could put a link there at the very moment. Sticky folders keep what is in
 * them, but not what is to be made. */
static gboolean
check_folder (const char *folder, gboolean innermost, uid_t owner, GError **error)
{
  struct stat st;
  if (lstat (folder, &st) != 0)
    kt_error_set_errno (error, errno, NULL, "cannot look at %s", folder);
  else if (!S_ISDIR (st.st_mode))
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "name another mount point", "%s is no folder", folder);
  else if (st.st_uid != 0 && st.st_uid != owner)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a place in a folder of root or of PostgreSQL's user", "%s belongs to somebody else", folder);
  else if ((st.st_mode & S_IWOTH) != 0 && (innermost || (st.st_mode & S_ISVTX) == 0))
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a place in a folder of root or of PostgreSQL's user", "everybody may write to %s", folder);
  else
    return TRUE;
  return FALSE;
}

/* From the innermost folder that is there up to the root. */
static gboolean
check_way (const char *path, uid_t owner, GError **error)
{
  struct stat st;
  g_autofree char *at = g_strdup (path);
  while (lstat (at, &st) != 0 && !g_str_equal (at, "/"))
    {
      char *above = g_path_get_dirname (at);
      g_free (at);
      at = above;
    }
  g_autofree char *real = realpath (at, NULL);
  if (g_strcmp0 (real, at) != 0)
    {
      kt_error_set (error, KT_ERROR_REFUSED, real, "name the place itself", "%s is reached through a symbolic link", path);
      return FALSE;
    }
  gboolean fine = check_folder (at, TRUE, owner, error);
  while (fine && !g_str_equal (at, "/"))
    {
      char *above = g_path_get_dirname (at);
      g_free (at);
      at = above;
      fine = check_folder (at, FALSE, owner, error);
    }
  return fine;
}

/* ZFS's own output separates by tabs and lines. */
static gboolean
is_plain (const char *path)
{
  for (const char *c = path; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return FALSE;
  return TRUE;
}

static gboolean
check_mount_point (const char *path, const char *owner, GError **error)
{
  struct stat own, above;
  uid_t uid = 0;
  if (path == NULL)
    return TRUE;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *canonical = g_canonicalize_filename (path, "/");
  if (!g_str_equal (canonical, path) || g_str_equal (path, "/") || !is_plain (path))
    kt_error_set (error, KT_ERROR_USAGE, NULL, "an absolute path without . and .., without tabs and line ends", "“%s” is no mount point", path);
  else if (lstat (path, &own) == 0 && lstat (parent, &above) == 0 && own.st_dev != above.st_dev)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "name another mount point", "something else is mounted at %s", path);
  else if (!kt_folder_is_empty (path))
    kt_error_set (error, KT_ERROR_REFUSED, "what is in it would be hidden", "name another mount point, or move that away", "%s is not empty", path);
  else
    return check_way (path, kt_user_find (owner, &uid, NULL) ? uid : 0, error);
  return FALSE;
}

/* Its parent is there, or comes before it in the plan. */
static gboolean
check_parent (JsonObject *args, GCancellable *cancellable, GError **error)
{
  g_autofree char *parent = kt_zfs_parent_of (name_of (args));
  if (parent == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "POOL/NAME, as in tank/kaspa", "%s is a pool's own dataset", name_of (args));
      return FALSE;
    }
  if (kt_json_bool (args, "parent_planned", FALSE))
    return TRUE;
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_load_dataset (parent, cancellable, &local);
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    {
      g_autofree char *create = g_strdup_printf ("zfs list shows what is there; zfs create %s makes it", parent);
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, create, "there is no dataset %s to make %s in", parent, name_of (args));
    }
  else if (object == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return object != NULL;
}

static gboolean
check_absent (JsonObject *args, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_find_dataset (name_of (args), cancellable, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (object != NULL)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "name another, or kastune storage adopt once the data lie on it",
                  "the dataset %s exists already", name_of (args));
  else
    return TRUE;
  return FALSE;
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  const char *owner = kt_json_string (args, "owner", NULL);
  if (!check_root (error) || !kt_zfs_name_check (name_of (args), error) || !check_owner (owner, error))
    return FALSE;
  g_autofree char *pool_name = kt_zfs_pool_of (name_of (args));
  g_autoptr (KtZfsObject) pool = kt_zfs_load_pool (pool_name, context->cancellable, error);
  return pool != NULL && kt_pool_is_fit (pool, TRUE, error) && check_parent (args, context->cancellable, error)
         && check_absent (args, context->cancellable, error)
         && check_mount_point (kt_json_string (args, "mount_point", NULL), owner, error);
}

/* -------------------------------------------------------------------------------------------------------------- prepare */

/* {folders: those that zfs will make for the mount point, outermost first} */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new_with_free_func (g_free);
  const char *mount_point = kt_json_string (args, "mount_point", NULL);
  struct stat st;
  for (char *at = g_strdup (mount_point); at != NULL && lstat (at, &st) != 0; at = g_path_get_dirname (missing->pdata[0]))
    g_ptr_array_insert (missing, 0, at);
  JsonArray *folders = json_array_new ();
  for (guint i = 0; i < missing->len; i++)
    json_array_add_string_element (folders, missing->pdata[i]);
  JsonObject *before = json_object_new ();
  json_object_set_array_member (before, "folders", folders);
  return before;
}

/* ---------------------------------------------------------------------------------------------------------------- apply */

static void
add_option (GPtrArray *argv, const char *name, const char *value)
{
  g_ptr_array_add (argv, g_strdup ("-o"));
  g_ptr_array_add (argv, g_strdup_printf ("%s=%s", name, value));
}

static gboolean
create (JsonObject *args, GError **error)
{
  const char *mount_point = kt_json_string (args, "mount_point", NULL);
  JsonObject *properties = kt_json_object (args, "properties");
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GList) names = properties != NULL ? json_object_get_members (properties) : NULL;
  g_ptr_array_add (argv, g_strdup ("zfs"));
  g_ptr_array_add (argv, g_strdup ("create"));
  add_option (argv, KT_ZFS_MADE_BY, kt_json_string (args, "mark", ""));
  add_option (argv, "mountpoint", mount_point != NULL ? mount_point : "none");
  add_option (argv, "canmount", mount_point != NULL ? "on" : "off");
  for (GList *name = names; name != NULL; name = name->next)
    add_option (argv, name->data, kt_json_string (properties, name->data, ""));
  g_ptr_array_add (argv, g_strdup (name_of (args)));
  g_ptr_array_add (argv, NULL);
  gboolean made = kt_zfs_command ((const char *const *) argv->pdata, error);
  kt_crash_point ("storage: %s created", name_of (args));
  return made;
}

/* The root folder of what is mounted there now, and of nothing else; -1 with @error. */
static int
open_mounted (JsonObject *args, GError **error)
{
  const char *path = kt_json_string (args, "mount_point", "");
  g_autofree char *real = realpath (path, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  struct statfs fs;
  struct stat own, above;
  int fd = g_strcmp0 (real, path) == 0 ? open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (fd >= 0 && fstatfs (fd, &fs) == 0 && (guint64) fs.f_type == ZFS_MAGIC && fstat (fd, &own) == 0 && stat (parent, &above) == 0
      && own.st_dev != above.st_dev)
    return fd;
  if (fd >= 0)
    close (fd);
  kt_error_set (error, KT_ERROR_VERIFY, NULL, "zfs mount says why", "%s is not mounted at %s", name_of (args), path);
  return -1;
}

static gboolean
give_away (JsonObject *args, GError **error)
{
  const char *owner = kt_json_string (args, "owner", NULL);
  uid_t uid;
  gid_t gid;
  if (owner == NULL)
    return TRUE;
  if (!kt_user_find (owner, &uid, &gid))
    return check_owner (owner, error);
  int fd = open_mounted (args, error);
  if (fd < 0)
    return FALSE;
  gboolean given = fchown (fd, uid, gid) == 0 && fchmod (fd, 0700) == 0 && fsync (fd) == 0;
  if (!given)
    kt_error_set_errno (error, errno, NULL, "cannot give %s to %s", kt_json_string (args, "mount_point", ""), owner);
  close (fd);
  return given;
}

static void
set_taken (JsonObject *args, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "name another", "somebody else made the dataset %s meanwhile", name_of (args));
}

/* zfs create succeeds also where only the mount failed. */
static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_find_dataset (name_of (args), context->cancellable, &local);
  if (object == NULL && local == NULL && create (args, &local))
    object = kt_zfs_load_dataset (name_of (args), NULL, &local);
  if (object == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!is_ours (object, args))
    {
      set_taken (args, error);
      return FALSE;
    }
  if (kt_json_string (args, "mount_point", NULL) == NULL)
    return TRUE;
  const char *const mount[] = { "zfs", "mount", name_of (args), NULL };
  return (is_mounted (object) || kt_zfs_command (mount, error)) && give_away (args, error);
}

/* --------------------------------------------------------------------------------------------------------------- verify */

static gboolean
verify_mounted (JsonObject *args, GError **error)
{
  const char *owner = kt_json_string (args, "owner", NULL);
  uid_t uid;
  struct stat st = { 0 };
  int fd = open_mounted (args, error);
  if (fd < 0)
    return FALSE;
  gboolean looked = fstat (fd, &st) == 0;
  close (fd);
  if (looked && (!kt_user_find (owner, &uid, NULL) || st.st_uid == uid))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s does not belong to %s", kt_json_string (args, "mount_point", ""), owner);
  return FALSE;
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const char *mount_point = kt_json_string (args, "mount_point", NULL);
  JsonObject *properties = kt_json_object (args, "properties");
  g_autoptr (GList) names = properties != NULL ? json_object_get_members (properties) : NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_load_dataset (name_of (args), context->cancellable, error);
  if (object == NULL)
    return FALSE;
  if (!is_ours (object, args))
    {
      kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the dataset %s is not the one that kastune made", object->name);
      return FALSE;
    }
  for (GList *name = names; name != NULL; name = name->next)
    if (g_strcmp0 (kt_zfs_value (object, name->data), kt_json_string (properties, name->data, "")) != 0)
      {
        kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s of %s is %s, not %s as it was made", (const char *) name->data, object->name,
                      kt_zfs_value (object, name->data), kt_json_string (properties, name->data, ""));
        return FALSE;
      }
  return mount_point == NULL || verify_mounted (args, error);
}

/* ----------------------------------------------------------------------------------------------------------------- undo */

static void
set_not_empty (JsonObject *args, const char *what, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, what, "move that away or remove it, then undo once more; or leave the dataset as it is",
                "%s holds what this change set did not make, so it is not destroyed", name_of (args));
}

/* @planned: those that this change set made itself count as nothing, since they go before it. */
static gboolean
check_below (JsonObject *args, gboolean planned, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) below = kt_zfs_load_below (name_of (args), cancellable, error);
  g_autoptr (GString) named = g_string_new (NULL);
  guint foreign = 0;
  for (guint i = 0; below != NULL && i < below->len; i++)
    {
      const KtZfsObject *object = below->pdata[i];
      if ((planned && is_ours (object, args)) || foreign++ >= MOST_NAMED)
        continue;
      g_string_append_printf (named, "%s%s", named->len > 0 ? ", " : "", object->name);
    }
  if (foreign > MOST_NAMED)
    g_string_append_printf (named, " and %u more", foreign - MOST_NAMED);
  if (foreign > 0)
    set_not_empty (args, named->str, error);
  return below != NULL && foreign == 0;
}

/* Only a mounted file system shows whether it is empty. */
static gboolean
check_files (JsonObject *args, GError **error)
{
  const char *path = kt_json_string (args, "mount_point", "");
  int fd = open_mounted (args, error);
  if (fd < 0)
    return FALSE;
  close (fd);
  if (kt_folder_is_empty (path))
    return TRUE;
  g_autofree char *what = g_strdup_printf ("there are files in %s", path);
  set_not_empty (args, what, error);
  return FALSE;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_find_dataset (name_of (args), context->cancellable, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (object == NULL || !is_ours (object, args))
    return TRUE;
  return check_below (args, TRUE, context->cancellable, error)
         && (!is_mounted (object) || kt_json_bool (args, "filled", FALSE) || check_files (args, error));
}

static gboolean
destroy (KtZfsObject *object, JsonObject *args, GError **error)
{
  const char *const mount[] = { "zfs", "mount", object->name, NULL };
  const char *const destroy[] = { "zfs", "destroy", object->name, NULL };
  gboolean mounts = kt_json_string (args, "mount_point", NULL) != NULL;
  if (!check_below (args, FALSE, NULL, error) || (mounts && !is_mounted (object) && !kt_zfs_command (mount, error))
      || (mounts && !check_files (args, error)) || !kt_zfs_command (destroy, error))
    return FALSE;
  kt_crash_point ("storage: %s destroyed", object->name);
  return TRUE;
}

/* Innermost first; what somebody put into one stays, and so do those around it. */
static gboolean
remove_folders (JsonObject *before, GError **error)
{
  JsonArray *folders = kt_json_array (before, "folders");
  for (guint i = folders != NULL ? json_array_get_length (folders) : 0; i-- > 0;)
    {
      const char *folder = json_array_get_string_element (folders, i);
      if (rmdir (folder) == 0 || errno == ENOENT)
        continue;
      if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY)
        return TRUE;
      kt_error_set_errno (error, errno, NULL, "cannot remove %s", folder);
      return FALSE;
    }
  return TRUE;
}

/* One of that name without our mark came from somebody else, so ours never was. */
static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = kt_zfs_find_dataset (name_of (args), NULL, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (object != NULL && !is_ours (object, args))
    return TRUE;
  return (object == NULL || destroy (object, args, error)) && remove_folders (before, error);
}

/* ----------------------------------------------------------------------------------------------------------------- args */

static char *
describe (JsonObject *args)
{
  const char *mount_point = kt_json_string (args, "mount_point", NULL), *owner = kt_json_string (args, "owner", NULL);
  if (mount_point == NULL)
    return g_strdup_printf ("create dataset %s, which only holds the others", name_of (args));
  return owner == NULL ? g_strdup_printf ("create dataset %s at %s", name_of (args), mount_point)
                       : g_strdup_printf ("create dataset %s at %s, owned by %s", name_of (args), mount_point, owner);
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *dataset = g_strconcat ("dataset ", name_of (args), NULL);
  g_autofree char *properties = g_strconcat ("properties of dataset ", name_of (args), NULL);
  g_strv_builder_add (names, dataset);
  g_strv_builder_add (names, properties);
  return g_strv_builder_end (names);
}

char *
kt_zfs_mark_new (void)
{
  return g_uuid_string_random ();
}

JsonObject *
kt_step_zfs_dataset_args (const KtNewDataset *dataset, JsonObject *properties)
{
  JsonObject *args = json_object_new ();
  json_object_set_string_member (args, "dataset", dataset->name);
  kt_json_set_string (args, "mount_point", dataset->mount_point);
  kt_json_set_string (args, "owner", dataset->owner);
  json_object_set_object_member (args, "properties", properties);
  json_object_set_string_member (args, "mark", dataset->mark);
  json_object_set_boolean_member (args, "parent_planned", dataset->parent_planned);
  json_object_set_boolean_member (args, "filled", dataset->filled);
  return args;
}

const KtStepKind kt_step_zfs_dataset = {
  .name = "zfs-dataset",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = touches,
};
