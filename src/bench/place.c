/* SPDX-License-Identifier: MIT */
#include "bench/place.h"

#include "base/error.h"
#include "bench/host.h"
#include "postgres/scratch_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define COPY_DEADLINE_MS (6 * 3600 * 1000)
#define OPEN_FILES 32

struct KtBenchPlace {
  char *folder;
  int lock;
};

static char *
default_folder (void)
{
  if (geteuid () == 0)
    return g_strdup ("/var/cache/kastune/bench");
  return g_build_filename (g_get_user_cache_dir (), "kastune", "bench", NULL);
}

static gboolean
take_lock (KtBenchPlace *place, GError **error)
{
  g_autofree char *path = g_build_filename (place->folder, "lock", NULL);
  place->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (place->lock >= 0 && flock (place->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno == EWOULDBLOCK)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "wait until it is done, or give another folder with --folder",
                  "another kastune is measuring in %s", place->folder);
  else
    kt_error_set_errno (error, errno, "give a folder of your own with --folder", "cannot lock %s", path);
  return FALSE;
}

/* The server of a folder that nobody owns any more. Its PID file may be old: only a process that works in there counts. */
static void
end_server_in (const char *folder)
{
  g_autofree char *data = g_build_filename (folder, "data", NULL);
  g_autofree char *path = g_build_filename (data, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  pid_t pid = (pid_t) g_ascii_strtoll (text, NULL, 10);
  g_autofree char *link = g_strdup_printf ("/proc/%d/cwd", (int) pid);
  g_autofree char *cwd = g_file_read_link (link, NULL);
  if (pid > 1 && g_strcmp0 (cwd, data) == 0)
    kill (pid, SIGQUIT);
  for (guint i = 0; i < 100 && cwd != NULL && kill (pid, 0) == 0; i++)
    g_usleep (100000);
}

static void
sweep (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  kt_emulation_sweep ();
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (!g_str_has_prefix (name, "kastune-scratch-"))
        continue;
      end_server_in (path);
      kt_folder_remove (path, NULL);
    }
}

/* Where everybody may write, anybody could lay a data set for us to start a server on, or what we then take for our own
 * leftovers. */
static gboolean
refuse_public (const char *folder, GError **error)
{
  struct stat st;
  if (stat (folder, &st) != 0 || (st.st_mode & S_IWOTH) == 0)
    return FALSE;
  g_autofree char *hint = g_strdup_printf ("--folder %s/kastune-bench", folder);
  kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "everybody may write in %s: a measurement needs a folder of its own", folder);
  return TRUE;
}

KtBenchPlace *
kt_bench_place_open (const char *folder, GError **error)
{
  g_autoptr (KtBenchPlace) place = g_new0 (KtBenchPlace, 1);
  place->lock = -1;
  place->folder = folder != NULL ? g_canonicalize_filename (folder, NULL) : default_folder ();
  if (g_mkdir_with_parents (place->folder, 0755) != 0)
    {
      kt_error_set_errno (error, errno, "give a folder of your own with --folder", "cannot make %s", place->folder);
      return NULL;
    }
  if (refuse_public (place->folder, error) || !take_lock (place, error))
    return NULL;
  sweep (place->folder);
  return g_steal_pointer (&place);
}

void
kt_bench_place_free (KtBenchPlace *place)
{
  if (place == NULL)
    return;
  if (place->lock >= 0)
    close (place->lock);
  g_free (place->folder);
  g_free (place);
}

const char *
kt_bench_place_folder (const KtBenchPlace *place)
{
  return place->folder;
}

gint64
kt_bench_place_free_bytes (const KtBenchPlace *place)
{
  struct statvfs size;
  return statvfs (place->folder, &size) == 0 ? (gint64) (size.f_bavail * size.f_frsize) : -1;
}

/* ---- folders ---- */

gboolean
kt_folder_copy (const char *from, const char *to, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { "cp", "-a", "--reflink=auto", "--", from, to, NULL };
  const KtRun run = { .argv = argv, .deadline_ms = COPY_DEADLINE_MS };
  g_auto (KtRunResult) result = { 0 };
  if (kt_run (&run, &result, cancellable, error))
    return TRUE;
  if (result.diagnosis != NULL && strstr (result.diagnosis, "No space left on device") != NULL)
    {
      g_clear_error (error);
      kt_error_set (error, KT_ERROR_NO_SPACE, result.diagnosis, "give a folder with more room with --folder",
                    "there is no room for a copy of the data set");
    }
  else
    g_prefix_error (error, "cannot copy the data set: ");
  return FALSE;
}

static int
evict_entry (const char *path, const struct stat *st, int type, struct FTW *where)
{
  int fd = type == FTW_F ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0)
    return 0;
  fdatasync (fd); /* only clean pages can go */
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  close (fd);
  return 0;
}

void
kt_folder_evict (const char *folder)
{
  nftw (folder, evict_entry, OPEN_FILES, FTW_PHYS);
}
