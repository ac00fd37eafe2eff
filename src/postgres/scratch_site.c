/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_site.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/run.h"
#include "base/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_PREFIX "kastune-scratch-"
#define LOCK_NAME "in-use"
#define SOCKET_NAME "/.s.PGSQL.5432.lock"

/* PostgreSQL refuses to run as root. */
static const char *
user_for (const KtScratch *scratch)
{
  if (geteuid () != 0)
    return NULL;
  if (scratch->owner != NULL)
    return scratch->owner;
  return kt_user_find ("postgres", NULL, NULL) ? "postgres" : "nobody";
}

static char *
make_folder (const char *parent, const char *user, GError **error)
{
  g_autofree char *folder = g_build_filename (parent, NAME_PREFIX "XXXXXX", NULL);
  uid_t uid;
  gid_t gid;
  if (user != NULL && !kt_user_find (user, &uid, &gid))
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, NULL, "there is no user %s on this machine", user);
      return NULL;
    }
  if (g_mkdtemp_full (folder, 0700) == NULL)
    {
      kt_error_set_errno (error, errno, NULL, "cannot make a folder for a scratch cluster in %s", parent);
      return NULL;
    }
  if (user != NULL && chown (folder, uid, gid) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot give %s to %s", folder, user);
      rmdir (folder);
      return NULL;
    }
  return g_steal_pointer (&folder);
}

/* A server that was killed may still write for a moment. */
static void
remove_folder (const char *folder)
{
  for (int attempt = 0; attempt < 50; attempt++)
    {
      if (kt_folder_remove (folder, NULL))
        return;
      g_usleep (100000);
    }
}

static int
lock_site (const char *folder, int flags)
{
  g_autofree char *path = g_build_filename (folder, LOCK_NAME, NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Made by us or by the user that our servers run as, and closed to everybody else: nobody can lead us out of it. */
static gboolean
is_ours (const char *folder, const char *user)
{
  struct stat status;
  uid_t uid;
  return lstat (folder, &status) == 0 && S_ISDIR (status.st_mode) && (status.st_mode & 077) == 0
         && (status.st_uid == geteuid () || (kt_user_find (user, &uid, NULL) && status.st_uid == uid));
}

/* Their servers ended with the kastune that started them. */
static void
sweep (const char *parent, const char *user)
{
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (parent, name, NULL);
      int lock = g_str_has_prefix (name, NAME_PREFIX) && is_ours (folder, user) ? lock_site (folder, 0) : -1;
      if (lock < 0)
        continue;
      remove_folder (folder);
      close (lock);
    }
}

KtScratchSite *
kt_scratch_site_new (const KtScratch *scratch, guint deadline_ms, GCancellable *cancellable, GError **error)
{
  g_autoptr (KtScratchSite) site = g_new0 (KtScratchSite, 1);
  struct sockaddr_un address;
  site->scratch = scratch;
  site->cancellable = cancellable;
  site->began = g_get_monotonic_time ();
  site->deadline = site->began + (gint64) deadline_ms * 1000;
  site->user = user_for (scratch);
  site->lock = -1;
  const char *parent = scratch->folder != NULL ? scratch->folder : g_get_tmp_dir ();
  sweep (parent, site->user);
  site->folder = make_folder (parent, site->user, error);
  if (site->folder == NULL)
    return NULL;
  site->lock = lock_site (site->folder, O_CREAT | O_EXCL);
  site->data = scratch->data != NULL ? g_strdup (scratch->data) : g_build_filename (site->folder, "data", NULL);
  site->conf = g_build_filename (site->folder, "scratch.conf", NULL);
  gboolean fits = strlen (site->folder) + sizeof SOCKET_NAME <= sizeof address.sun_path;
  site->sockets = fits ? g_strdup (site->folder) : make_folder ("/tmp", site->user, error);
  return site->sockets != NULL ? g_steal_pointer (&site) : NULL;
}

void
kt_scratch_site_free (KtScratchSite *site)
{
  if (site == NULL)
    return;
  if (site->sockets != NULL && !g_str_equal (site->sockets, site->folder))
    remove_folder (site->sockets);
  if (site->folder != NULL)
    remove_folder (site->folder);
  if (site->lock >= 0)
    close (site->lock);
  g_free (site->folder);
  g_free (site->data);
  g_free (site->sockets);
  g_free (site->conf);
  g_free (site);
}

gboolean
kt_scratch_site_write_conf (const KtScratchSite *site, const char *text, GError **error)
{
  struct stat like;
  if (stat (site->folder, &like) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", site->folder);
      return FALSE;
    }
  like.st_mode = S_IFREG | 0600;
  return kt_file_write (site->conf, text, -1, &like, error);
}

char *
kt_scratch_site_program (const KtScratchSite *site, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (site->scratch->bin_directory, name, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&path);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "install the server package of this PostgreSQL version",
                "settings cannot be tried here: there is no %s", path);
  return NULL;
}

guint
kt_scratch_site_left_ms (const KtScratchSite *site)
{
  return (guint) MAX (1, (site->deadline - g_get_monotonic_time ()) / 1000);
}

gboolean
kt_scratch_site_build (const KtScratchSite *site, GError **error)
{
  g_autofree char *initdb = kt_scratch_site_program (site, "initdb", error);
  if (initdb == NULL)
    return FALSE;
  gint64 segment = site->scratch->wal_segment_bytes != 0 ? site->scratch->wal_segment_bytes : 16 * 1024 * 1024;
  g_autofree char *segsize = g_strdup_printf ("--wal-segsize=%d", (int) (segment / (1024 * 1024)));
  const char *const argv[] = { initdb, "-D", site->data, "-U", "postgres", "-A", "trust", "--no-sync", "--no-locale",
                               "-E", "UTF8", segsize, NULL };
  g_auto (KtRunResult) result = { 0 };
  const KtRun run = { .argv = argv, .user = site->user, .cwd = site->folder,
                      .deadline_ms = kt_scratch_site_left_ms (site) };
  if (kt_run (&run, &result, site->cancellable, error))
    return TRUE;
  if (result.diagnosis != NULL && strstr (result.diagnosis, "No space left on device") != NULL)
    {
      g_clear_error (error);
      kt_error_set (error, KT_ERROR_NO_SPACE, result.diagnosis, NULL, "there is no room for a scratch cluster in %s",
                    site->folder);
    }
  else
    g_prefix_error (error, "cannot make a scratch cluster: ");
  return FALSE;
}
