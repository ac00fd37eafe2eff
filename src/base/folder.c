/* SPDX-License-Identifier: MIT */
#include "base/folder.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

static void
note_errno (int number)
{
  if (first_errno == 0)
    first_errno = number;
}

static GPtrArray *
names_in (DIR *dir, const char *const *keep)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const struct dirent *entry;
  while ((entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, "..")
        && (keep == NULL || !g_strv_contains (keep, entry->d_name)))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  return names;
}

static void remove_at (int parent, const char *name);

/* Takes @fd over. */
static void
clear_at (int fd, const char *const *keep)
{
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      note_errno (errno);
      close (fd);
      return;
    }
  g_autoptr (GPtrArray) names = names_in (dir, keep);
  for (guint i = 0; i < names->len; i++)
    remove_at (dirfd (dir), names->pdata[i]);
  closedir (dir);
}

/* By descriptors and never by a path: whoever owns a folder on the way could put a link in its place meanwhile. */
static void
remove_at (int parent, const char *name)
{
  if (unlinkat (parent, name, 0) == 0 || errno == ENOENT)
    return;
  int saved = errno;
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
    {
      note_errno (saved);
      return;
    }
  if (fd >= 0)
    clear_at (fd, NULL);
  if (unlinkat (parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
    note_errno (errno);
}

gboolean
kt_folder_remove (const char *folder, GError **error)
{
  first_errno = 0;
  remove_at (AT_FDCWD, folder);
  if (first_errno == 0)
    return TRUE;
  kt_error_set_errno (error, first_errno, NULL, "cannot remove %s", folder);
  return FALSE;
}

gboolean
kt_folder_clear (const char *folder, const char *const *keep, GError **error)
{
  first_errno = 0;
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0)
    clear_at (fd, keep);
  else if (errno != ENOENT)
    note_errno (errno);
  if (first_errno == 0)
    return TRUE;
  kt_error_set_errno (error, first_errno, NULL, "cannot remove what is in %s", folder);
  return FALSE;
}

gboolean
kt_folder_sync (const char *folder, GError **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced = fd >= 0 && syncfs (fd) == 0;
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (!synced)
    kt_error_set_errno (error, saved, NULL, "cannot flush %s to the disk", folder);
  return synced;
}
