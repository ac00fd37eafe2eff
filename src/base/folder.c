/* SPDX-License-Identifier: MIT */
#include "base/folder.h"

#include "base/error.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define OPEN_FILES 32

/* nftw hands nothing through. */
static __thread gint64 counted;
static __thread int first_errno;

static int
count_entry (const char *path, const struct stat *st, int type, struct FTW *where)
{
  if (type == FTW_F)
    counted += st->st_size;
  return 0;
}

gint64
kt_folder_bytes (const char *folder)
{
  counted = 0;
  nftw (folder, count_entry, OPEN_FILES, FTW_PHYS);
  return counted;
}

gint64
kt_folder_free_bytes (const char *folder)
{
  struct statvfs size;
  g_autofree char *path = g_strdup (folder);
  while (statvfs (path, &size) != 0)
    {
      g_autofree char *child = g_steal_pointer (&path);
      path = g_path_get_dirname (child);
      if (g_str_equal (path, child))
        return -1;
    }
  return (gint64) (size.f_bavail * size.f_frsize);
}

gboolean
kt_folder_is_empty (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  return dir != NULL ? g_dir_read_name (dir) == NULL : access (folder, F_OK) != 0;
}

static int
remove_entry (const char *path, const struct stat *st, int type, struct FTW *where)
{
  if (remove (path) != 0 && errno != ENOENT && first_errno == 0)
    first_errno = errno;
  return 0;
}

gboolean
kt_folder_remove (const char *folder, GError **error)
{
  first_errno = 0;
  if (nftw (folder, remove_entry, OPEN_FILES, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT && first_errno == 0)
    first_errno = errno;
  if (first_errno == 0)
    return TRUE;
  kt_error_set_errno (error, first_errno, NULL, "cannot remove %s", folder);
  return FALSE;
}
