/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/crash.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAX_FILE (16 * 1024 * 1024)
#define TEMPORARY_MARK ".kastune-new-"
#define TEMPORARY_RANDOM "XXXXXX"

/* A link to /dev/null is an empty file: so administrators switch off a file of sysctl.d or udev. */
static gboolean
is_null (const struct stat *st)
{
  return S_ISCHR (st->st_mode) && st->st_rdev == makedev (1, 3);
}

/* Whoever may write in a folder can put a named pipe there, and reading from it would wait for ever. Below /dev it is the
 * operator's own: /dev/stdin, or what a shell makes of <(…). Negative with errno: EINVAL for what is no file. */
static int
open_to_read (const char *path, struct stat *st)
{
  gboolean own = g_str_has_prefix (path, "/dev/");
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (own ? 0 : O_NONBLOCK));
  if (fd < 0 || (fstat (fd, st) == 0 && (own || S_ISREG (st->st_mode) || is_null (st))))
    return fd;
  int saved = S_ISDIR (st->st_mode) ? EISDIR : EINVAL;
  close (fd);
  errno = saved;
  return -1;
}

gboolean
kt_file_read (const char *path, char **text, gsize *length, GError **error)
{
  struct stat st = { 0 };
  int fd = open_to_read (path, &st);
  if (fd < 0 && errno == EINVAL)
    {
      kt_error_set (error, KT_ERROR_IO, "it is a pipe, a socket or a device", NULL, "cannot read %s", path);
      return FALSE;
    }
  if (fd < 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", path);
      return FALSE;
    }
  g_autoptr (GString) buffer = g_string_sized_new (S_ISREG (st.st_mode) ? (gsize) MIN (st.st_size, MAX_FILE) + 1 : 4096);
  char chunk[65536];
  ssize_t got;
  while ((got = read (fd, chunk, sizeof chunk)) > 0 && buffer->len + (gsize) got <= MAX_FILE)
    g_string_append_len (buffer, chunk, got);
  int saved = got < 0 ? errno : EFBIG;
  close (fd);
  if (got != 0)
    {
      kt_error_set_errno (error, saved, NULL, "cannot read %s", path);
      return FALSE;
    }
  if (length != NULL)
    *length = buffer->len;
  *text = g_string_free (g_steal_pointer (&buffer), FALSE);
  return TRUE;
}

static gboolean
sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced = fd >= 0 && (fsync (fd) == 0 || errno == EINVAL);
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (!synced)
    kt_error_set_errno (error, saved, NULL, "cannot flush the folder %s", folder);
  return synced;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0)
    {
      ssize_t put = write (fd, text, length);
      if (put < 0 && errno == EINTR)
        continue;
      if (put <= 0)
        return FALSE;
      text += put;
      length -= (gsize) put;
    }
  return TRUE;
}

static void
remove_when_abandoned (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (path);
  close (fd);
}

/* Temporary files of @target whose writer was killed. A living writer holds a lock on its own. */
static void
remove_leftovers (const char *target)
{
  g_autofree char *folder = g_path_get_dirname (target);
  g_autofree char *name = g_path_get_basename (target);
  g_autofree char *prefix = g_strconcat (name, TEMPORARY_MARK, NULL);
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *entry;
  while (files != NULL && (entry = g_dir_read_name (files)) != NULL)
    if (g_str_has_prefix (entry, prefix) && strlen (entry) == strlen (prefix) + strlen (TEMPORARY_RANDOM))
      remove_when_abandoned (folder, entry);
}

static gboolean
fill_temporary (int fd, const char *text, gsize length, const struct stat *like)
{
  return flock (fd, LOCK_EX | LOCK_NB) == 0 && write_all (fd, text, length)
         && fchmod (fd, like != NULL ? like->st_mode & 07777 : 0644) == 0
         && (like == NULL || geteuid () != 0 || fchown (fd, like->st_uid, like->st_gid) == 0) && fsync (fd) == 0;
}

/* @path is for people, @target is what is replaced. */
static gboolean
write_to (const char *path, const char *target, const char *text, gssize length, const struct stat *like, GError **error)
{
  remove_leftovers (target);
  kt_crash_point ("file %s: before", path);
  g_autofree char *temporary = g_strconcat (target, TEMPORARY_MARK TEMPORARY_RANDOM, NULL);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot write %s", path);
      return FALSE;
    }
  gboolean written = fill_temporary (fd, text, length < 0 ? strlen (text) : (gsize) length, like);
  if (written)
    kt_crash_point ("file %s: synced, not renamed", path);
  written = written && rename (temporary, target) == 0;
  int saved = errno;
  close (fd);
  if (written)
    {
      kt_crash_point ("file %s: renamed", path);
      return sync_folder (target, error);
    }
  unlink (temporary);
  kt_error_set_errno (error, saved, NULL, "cannot write %s", path);
  return FALSE;
}

/* As root: a link that somebody else made may lead to what they could not write themselves. */
static gboolean
is_trusted (const char *path, const char *real, GError **error)
{
  struct stat link, target;
  if (geteuid () != 0 || lstat (path, &link) != 0 || !S_ISLNK (link.st_mode) || link.st_uid == 0
      || (stat (real, &target) == 0 && target.st_uid == link.st_uid))
    return TRUE;
  g_autofree char *hint = g_strdup_printf ("if it is as it should be: chown -h root %s", path);
  kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "%s is a link of another user to %s, which is not theirs", path, real);
  return FALSE;
}

gboolean
kt_file_write (const char *path, const char *text, gssize length, const struct stat *like, GError **error)
{
  g_autofree char *real = realpath (path, NULL);
  const char *target = real != NULL ? real : path;
  struct stat old;
  if (real != NULL && !is_trusted (path, real, error))
    return FALSE;
  if (like == NULL && stat (target, &old) == 0)
    like = &old;
  return write_to (path, target, text, length, like, error);
}

gboolean
kt_file_replace (const char *path, const char *text, const struct stat *like, GError **error)
{
  return write_to (path, path, text, -1, like, error);
}

gboolean
kt_file_remove (const char *path, GError **error)
{
  remove_leftovers (path);
  kt_crash_point ("file %s: before removal", path);
  if (unlink (path) != 0)
    {
      if (errno == ENOENT)
        return TRUE;
      kt_error_set_errno (error, errno, NULL, "cannot remove %s", path);
      return FALSE;
    }
  return sync_folder (path, error);
}
