/* SPDX-License-Identifier: MIT */
#include "change/lock.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct KtLock {
  int fd;
  char *path;
};

static void
set_refused (const char *path, const char *does, const char *hint, GError **error)
{
  g_autofree char *text = NULL;
  const char *holder = kt_file_read (path, &text, NULL, NULL) ? g_strstrip (text) : "";
  g_auto (GStrv) words = g_strsplit (holder, " ", 2);
  if (g_strv_length (words) == 2)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "another kastune (process %s, since %s) %s", words[0], words[1], does);
  else
    kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "another kastune %s", does);
}

/* A full disk leaves it empty: the lock holds all the same, only its holder stays unnamed. */
static void
write_holder (int fd)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *since = g_date_time_format (now, "%Y-%m-%d %H:%M:%S");
  if (ftruncate (fd, 0) == 0)
    dprintf (fd, "%d %s\n", (int) getpid (), since);
}

static char *
path_of (const char *directory, const char *name)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  return g_strdup_printf ("%s/lock-%s", directory, escaped);
}

gboolean
kt_lock_is_held (const char *directory, const char *name)
{
  g_autofree char *path = path_of (directory, name);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return FALSE;
  gboolean held = flock (fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close (fd);
  return held;
}

/* An open file that no other holds. A holder removes it when it is done: then what was opened a moment before is a file
 * without a name, whose lock would keep nobody out. Negative with errno. */
static int
open_locked (const char *path)
{
  while (TRUE)
    {
      int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
      struct stat st;
      if (fd < 0)
        return -1;
      gboolean held = flock (fd, LOCK_EX | LOCK_NB) == 0 && fstat (fd, &st) == 0;
      if (held && st.st_nlink > 0)
        return fd;
      int saved = errno;
      close (fd);
      errno = saved;
      if (!held)
        return -1;
    }
}

KtLock *
kt_lock_take (const char *directory, const char *server, GError **error)
{
  return kt_lock_take_for (directory, server, "is changing this server", "wait until it has finished, then try again", error);
}

KtLock *
kt_lock_take_for (const char *directory, const char *name, const char *does, const char *hint, GError **error)
{
  g_autofree char *path = path_of (directory, name);
  int fd = open_locked (path);
  if (fd < 0)
    {
      if (errno == EWOULDBLOCK)
        set_refused (path, does, hint, error);
      else
        kt_error_set_errno (error, errno, "name a folder you may write with --state DIR", "cannot lock %s", path);
      return NULL;
    }
  write_holder (fd);
  KtLock *lock = g_new0 (KtLock, 1);
  lock->fd = fd;
  lock->path = g_steal_pointer (&path);
  return lock;
}

void
kt_lock_release (KtLock *lock)
{
  if (lock == NULL)
    return;
  unlink (lock->path);
  close (lock->fd);
  g_free (lock->path);
  g_free (lock);
}
