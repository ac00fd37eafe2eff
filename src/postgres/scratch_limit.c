/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files of the memory controller by cgroup version. */
typedef struct {
  const char *limit;
  const char *swap, *swap_value; /* swap_value NULL: the limit itself, which counts memory and swap together */
  const char *events;
} Files;

static const Files files_v1 = { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", NULL, "memory.oom_control" };
static const Files files_v2 = { "memory.max", "memory.swap.max", "0", "memory.events" };

struct KtScratchLimit {
  char *folder, *procs;
  const Files *files;
};

/* Kernel files take one short write and tell errors by it. */
static gboolean
put (const char *folder, const char *name, const char *value)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  gboolean written = write (fd, value, strlen (value)) == (ssize_t) strlen (value);
  close (fd);
  return written;
}

static char *
get (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static gboolean
has_word (const char *text, const char *separators, const char *word)
{
  g_auto (GStrv) words = g_strsplit_set (text, separators, -1);
  return g_strv_contains ((const char *const *) words, word);
}

/* Our path in the hierarchy: "4:memory:/user.slice" for version 1, "0::/user.slice" for version 2. */
static char *
own_path (gboolean v2)
{
  g_autofree char *text = get ("/proc/self", "cgroup");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) part = g_strsplit (*line, ":", 3);
      if (g_strv_length (part) == 3 && (v2 ? *part[1] == '\0' : has_word (part[1], ",", "memory")))
        return g_strdup (part[2]);
    }
  return NULL;
}

/* Where the hierarchy is mounted and which of its folders is seen there. */
static gboolean
find_mount (gboolean v2, char **mount_point, char **root)
{
  g_autofree char *text = get ("/proc/self", "mountinfo");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) half = g_strsplit (*line, " - ", 2);
      if (g_strv_length (half) != 2)
        continue;
      g_auto (GStrv) left = g_strsplit (half[0], " ", 6);
      g_auto (GStrv) right = g_strsplit (half[1], " ", 3);
      if (g_strv_length (left) < 5 || g_strv_length (right) != 3 || !g_str_equal (right[0], v2 ? "cgroup2" : "cgroup")
          || (!v2 && !has_word (right[2], ",", "memory")))
        continue;
      *mount_point = g_strdup (left[4]);
      *root = g_strdup (left[3]);
      return TRUE;
    }
  return FALSE;
}

/* Our own group as a folder. A container sees its group at the mount point itself. */
static char *
own_folder (gboolean v2, char **mount_point)
{
  g_autofree char *path = own_path (v2);
  g_autofree char *root = NULL;
  if (path == NULL || !find_mount (v2, mount_point, &root))
    return NULL;
  if (g_str_equal (root, "/"))
    return strstr (path, "..") == NULL ? g_canonicalize_filename (path + 1, *mount_point) : g_strdup (*mount_point);
  if (g_str_has_prefix (path, root))
    return g_canonicalize_filename (path[strlen (root)] == '/' ? path + strlen (root) + 1 : "", *mount_point);
  return g_strdup (*mount_point);
}

static KtScratchLimit *
make_below (const char *parent, const Files *files, gint64 bytes)
{
  g_autofree char *name = g_strdup_printf ("kastune-scratch-%d-%08x", (int) getpid (), g_random_int ());
  g_autofree char *folder = g_build_filename (parent, name, NULL);
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, bytes);
  if (mkdir (folder, 0755) != 0)
    return NULL;
  if (!put (folder, files->limit, value))
    {
      rmdir (folder);
      return NULL;
    }
  put (folder, files->swap, files->swap_value != NULL ? files->swap_value : value); /* absent without swap accounting */
  KtScratchLimit *limit = g_new0 (KtScratchLimit, 1);
  limit->files = files;
  limit->procs = g_build_filename (folder, "cgroup.procs", NULL);
  limit->folder = g_steal_pointer (&folder);
  return limit;
}

/* Version 2 hands a controller only to children of groups that name it in cgroup.subtree_control. */
static KtScratchLimit *
new_v2 (gint64 bytes)
{
  g_autofree char *mount_point = NULL;
  g_autofree char *folder = own_folder (TRUE, &mount_point);
  KtScratchLimit *limit = NULL;
  while (folder != NULL && limit == NULL)
    {
      g_autofree char *handed = get (folder, "cgroup.subtree_control");
      if (handed != NULL && has_word (handed, " \n", "memory"))
        limit = make_below (folder, &files_v2, bytes);
      if (g_str_equal (folder, mount_point) || strlen (folder) <= 1)
        break;
      g_autofree char *child = g_steal_pointer (&folder);
      folder = g_path_get_dirname (child);
    }
  return limit;
}

KtScratchLimit *
kt_scratch_limit_new (gint64 bytes)
{
  g_autofree char *mount_point = NULL;
  g_autofree char *folder = own_folder (FALSE, &mount_point);
  if (folder != NULL)
    return make_below (folder, &files_v1, bytes);
  return new_v2 (bytes);
}

const char *
kt_scratch_limit_procs (const KtScratchLimit *limit)
{
  return limit->procs;
}

gboolean
kt_scratch_limit_was_hit (const KtScratchLimit *limit)
{
  g_autofree char *text = get (limit->folder, limit->files->events);
  const char *count = text != NULL ? strstr (text, "oom_kill ") : NULL;
  return count != NULL && g_ascii_strtoll (count + strlen ("oom_kill "), NULL, 10) > 0;
}

/* Only processes of the scratch cluster can be in here. */
static void
end_inside (const char *folder)
{
  g_autofree char *text = get (folder, "cgroup.procs");
  g_auto (GStrv) pids = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (char **pid = pids; *pid != NULL; pid++)
    if (g_ascii_strtoll (*pid, NULL, 10) > 1)
      kill ((pid_t) g_ascii_strtoll (*pid, NULL, 10), SIGKILL);
}

void
kt_scratch_limit_free (KtScratchLimit *limit)
{
  if (limit == NULL)
    return;
  for (int attempt = 0; rmdir (limit->folder) != 0 && errno == EBUSY && attempt < 100; attempt++)
    {
      end_inside (limit->folder);
      g_usleep (20000);
    }
  g_free (limit->folder);
  g_free (limit->procs);
  g_free (limit);
}
