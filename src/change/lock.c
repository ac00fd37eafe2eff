/* SPDX-License-Identifier: MIT */
#include "change/lock.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

struct KtLock {
  int fd;
};

static void
set_refused (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  const char *holder = kt_file_read (path, &text, NULL, NULL) ? g_strstrip (text) : "";
  g_auto (GStrv) words = g_strsplit (holder, " ", 2);
  if (g_strv_length (words) == 2)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "wait until it has finished, then try again",
                  "another kastune (process %s, since %s) is changing this server", words[0], words[1]);
  else
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "wait until it has finished, then try again",
                  "another kastune is changing this server");
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

KtLock *
kt_lock_take (const char *directory, const char *server, GError **error)
{
  g_autofree char *name = g_uri_escape_string (server, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("%s/lock-%s", directory, name);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      kt_error_set_errno (error, errno, "name a folder you may write with --state DIR", "cannot lock %s", path);
      return NULL;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      int saved = errno;
      close (fd);
      if (saved == EWOULDBLOCK)
        set_refused (path, error);
      else
        kt_error_set_errno (error, saved, NULL, "cannot lock %s", path);
      return NULL;
    }
  write_holder (fd);
  KtLock *lock = g_new0 (KtLock, 1);
  lock->fd = fd;
  return lock;
}

void
kt_lock_release (KtLock *lock)
{
  if (lock == NULL)
    return;
  close (lock->fd);
  g_free (lock);
}
