/* SPDX-License-Identifier: MIT
 *
 * The mount table, read by libmount from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
 */
#include "platform/parts.h"

#include <libmount.h>
#include <stdio.h>
#include <string.h>

struct KtMounts {
  struct libmnt_table *table;
  GArray *mounts; /* KtMount, in the order of the file */
};

/* A line that libmount does not understand is left out, not the end of the table. */
static int
skip_line (struct libmnt_table *table, const char *name, int line)
{
  return 1;
}

static void
add_mount (KtMounts *mounts, struct libmnt_fs *fs)
{
  KtMount mount = {
    .id = mnt_fs_get_id (fs),
    .parent = mnt_fs_get_parent_id (fs),
    .device = mnt_fs_get_devno (fs),
    .root = mnt_fs_get_root (fs),
    .target = mnt_fs_get_target (fs),
    .fs_type = mnt_fs_get_fstype (fs),
    .source = mnt_fs_get_source (fs),
    .options = mnt_fs_get_options (fs),
    .fs_options = mnt_fs_get_fs_options (fs),
  };
  if (mount.target != NULL && *mount.target == '/' && mount.fs_type != NULL)
    g_array_append_val (mounts->mounts, mount);
}

KtMounts *
kt_mounts_load (KtSysroot *root, GPtrArray *notes)
{
  KtMounts *mounts = g_new0 (KtMounts, 1);
  mounts->mounts = g_array_new (FALSE, FALSE, sizeof (KtMount));
  mounts->table = mnt_new_table ();
  g_autofree char *text = kt_sysroot_read (root, "/proc/self/mountinfo");
  FILE *stream = text != NULL && *text != '\0' ? fmemopen (text, strlen (text), "r") : NULL;
  if (stream != NULL && mounts->table != NULL)
    {
      mnt_table_set_parser_errcb (mounts->table, skip_line);
      mnt_table_parse_stream (mounts->table, stream, "/proc/self/mountinfo");
      struct libmnt_iter *iter = mnt_new_iter (MNT_ITER_FORWARD);
      struct libmnt_fs *fs = NULL;
      while (iter != NULL && mnt_table_next_fs (mounts->table, iter, &fs) == 0)
        add_mount (mounts, fs);
      mnt_free_iter (iter);
    }
  if (stream != NULL)
    fclose (stream);
  if (mounts->mounts->len == 0)
    kt_note (notes, "mounts are unknown: /proc/self/mountinfo is missing or empty");
  return mounts;
}

void
kt_mounts_free (KtMounts *mounts)
{
  if (mounts == NULL)
    return;
  mnt_unref_table (mounts->table);
  g_array_unref (mounts->mounts);
  g_free (mounts);
}

guint
kt_mounts_count (const KtMounts *mounts)
{
  return mounts->mounts->len;
}

const KtMount *
kt_mounts_get (const KtMounts *mounts, guint i)
{
  return &g_array_index (mounts->mounts, KtMount, i);
}

/* The mount that the kernel steps into first on its way from @from towards @path: of those mounted on @from the one
 * nearest to its root. Choosing the longest mount point of the whole table instead would find mounts that later ones
 * have covered. */
static const KtMount *
next_mount (const KtMounts *mounts, const KtMount *from, const char *path)
{
  const KtMount *next = NULL;
  for (guint i = 0; i < mounts->mounts->len; i++)
    {
      const KtMount *mount = kt_mounts_get (mounts, i);
      if (mount->parent == from->id && mount->id != from->id && kt_path_is_below (mount->target, from->target)
          && kt_path_is_below (path, mount->target) && (next == NULL || strlen (mount->target) < strlen (next->target)))
        next = mount;
    }
  return next;
}

static const KtMount *
longest_mount (const KtMounts *mounts, const char *path)
{
  const KtMount *longest = NULL;
  for (guint i = 0; i < mounts->mounts->len; i++)
    {
      const KtMount *mount = kt_mounts_get (mounts, i);
      if (kt_path_is_below (path, mount->target)
          && (longest == NULL || strlen (mount->target) >= strlen (longest->target)))
        longest = mount;
    }
  return longest;
}

static const KtMount *
root_mount (const KtMounts *mounts)
{
  for (guint i = 0; i < mounts->mounts->len; i++)
    if (g_str_equal (kt_mounts_get (mounts, i)->target, "/"))
      return kt_mounts_get (mounts, i);
  return NULL;
}

const KtMount *
kt_mounts_find (const KtMounts *mounts, const char *path)
{
  const KtMount *found = root_mount (mounts);
  if (found == NULL)
    return longest_mount (mounts, path);
  /* At most one step a mount: damaged tables may hold circles. */
  for (guint steps = 0; steps < mounts->mounts->len; steps++)
    {
      const KtMount *next = next_mount (mounts, found, path);
      if (next == NULL)
        break;
      found = next;
    }
  return found;
}

gboolean
kt_mount_option (const char *options, const char *word)
{
  g_auto (GStrv) list = g_strsplit (options != NULL ? options : "", ",", -1);
  return g_strv_contains ((const char *const *) list, word);
}
