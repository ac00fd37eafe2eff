/* SPDX-License-Identifier: MIT */
#include "base/control_group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define END_MS 10000
#define END_STEP_MS 20

static const struct {
  const char *v1, *v2;
} names[KT_N_CONTROLLERS] = {
  [KT_CONTROLLER_MEMORY] = { "memory", "memory" },
  [KT_CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
  [KT_CONTROLLER_IO] = { "blkio", "io" },
};

struct KtControlGroup {
  int version;
  char *folders[KT_N_CONTROLLERS]; /* NULL: not there; the same one for all in version 2 */
  GStrv procs;
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

/* Our path in the hierarchy: "4:memory:/user.slice" for version 1, "0::/user.slice" for version 2 (@controller NULL). */
static char *
own_path (const char *controller)
{
  g_autofree char *text = get ("/proc/self", "cgroup");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) part = g_strsplit (*line, ":", 3);
      if (g_strv_length (part) == 3 && (controller == NULL ? *part[1] == '\0' : has_word (part[1], ",", controller)))
        return g_strdup (part[2]);
    }
  return NULL;
}

/* Where the hierarchy is mounted and which of its folders is seen there. */
static gboolean
find_mount (const char *controller, char **mount_point, char **root)
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
      if (g_strv_length (left) < 5 || g_strv_length (right) != 3
          || !g_str_equal (right[0], controller == NULL ? "cgroup2" : "cgroup")
          || (controller != NULL && !has_word (right[2], ",", controller)))
        continue;
      *mount_point = g_strdup (left[4]);
      *root = g_strdup (left[3]);
      return TRUE;
    }
  return FALSE;
}

/* Our own group as a folder. A container sees its group at the mount point itself. */
static char *
own_folder (const char *controller, char **mount_point)
{
  g_autofree char *path = own_path (controller);
  g_autofree char *root = NULL;
  if (path == NULL || !find_mount (controller, mount_point, &root))
    return NULL;
  if (g_str_equal (root, "/"))
    return strstr (path, "..") == NULL ? g_canonicalize_filename (path + 1, *mount_point) : g_strdup (*mount_point);
  if (g_str_has_prefix (path, root))
    return g_canonicalize_filename (path[strlen (root)] == '/' ? path + strlen (root) + 1 : "", *mount_point);
  return g_strdup (*mount_point);
}

static void
make_v1 (KtControlGroup *group, const char *name, guint wanted)
{
  for (guint i = 0; i < KT_N_CONTROLLERS; i++)
    {
      g_autofree char *mount_point = NULL;
      g_autofree char *parent = wanted >> i & 1 ? own_folder (names[i].v1, &mount_point) : NULL;
      g_autofree char *folder = parent != NULL ? g_build_filename (parent, name, NULL) : NULL;
      if (folder == NULL || mkdir (folder, 0755) != 0)
        continue;
      group->version = 1;
      group->folders[i] = g_steal_pointer (&folder);
    }
}

/* Which of @wanted the group in @folder hands down to its children. */
static guint
handed_down (const char *folder, guint wanted)
{
  g_autofree char *text = get (folder, "cgroup.subtree_control");
  guint handed = 0;
  for (guint i = 0; text != NULL && i < KT_N_CONTROLLERS; i++)
    if (wanted >> i & 1 && has_word (text, " \n", names[i].v2))
      handed |= 1u << i;
  return handed;
}

/* The nearest level that hands down most of what is wanted. Caller frees. */
static char *
best_parent (guint wanted, guint *handed)
{
  g_autofree char *mount_point = NULL;
  g_autofree char *folder = own_folder (NULL, &mount_point);
  char *best = NULL;
  *handed = 0;
  while (folder != NULL)
    {
      guint here = handed_down (folder, wanted);
      if (__builtin_popcount (here) > __builtin_popcount (*handed))
        {
          g_free (best);
          best = g_strdup (folder);
          *handed = here;
        }
      if (g_str_equal (folder, mount_point) || strlen (folder) <= 1)
        break;
      g_autofree char *child = g_steal_pointer (&folder);
      folder = g_path_get_dirname (child);
    }
  return best;
}

static void
make_v2 (KtControlGroup *group, const char *name, guint wanted)
{
  guint handed;
  g_autofree char *parent = best_parent (wanted, &handed);
  g_autofree char *folder = parent != NULL ? g_build_filename (parent, name, NULL) : NULL;
  if (folder == NULL || mkdir (folder, 0755) != 0)
    return;
  group->version = 2;
  for (guint i = 0; i < KT_N_CONTROLLERS; i++)
    if (handed >> i & 1)
      group->folders[i] = g_strdup (folder);
}

/* @visit once for each folder of the group. */
static void
each_folder (const KtControlGroup *group, void (*visit) (const char *folder, gpointer data), gpointer data)
{
  for (guint i = 0; i < KT_N_CONTROLLERS; i++)
    {
      gboolean seen = FALSE;
      for (guint j = 0; j < i && group->folders[i] != NULL; j++)
        seen = seen || g_strcmp0 (group->folders[i], group->folders[j]) == 0;
      if (group->folders[i] != NULL && !seen)
        visit (group->folders[i], data);
    }
}

static void
add_procs (const char *folder, gpointer data)
{
  g_autofree char *path = g_build_filename (folder, "cgroup.procs", NULL);
  g_strv_builder_add (data, path);
}

KtControlGroup *
kt_control_group_new (const char *prefix, guint wanted)
{
  g_autoptr (GStrvBuilder) procs = g_strv_builder_new ();
  g_autofree char *name = g_strdup_printf ("%s-%d-%08x", prefix, (int) getpid (), g_random_int ());
  g_autoptr (KtControlGroup) group = g_new0 (KtControlGroup, 1);
  make_v1 (group, name, wanted);
  if (group->version == 0)
    make_v2 (group, name, wanted);
  each_folder (group, add_procs, procs);
  group->procs = g_strv_builder_end (procs);
  return group->version != 0 ? g_steal_pointer (&group) : NULL;
}

gboolean
kt_control_group_has (const KtControlGroup *group, KtController controller)
{
  return group->folders[controller] != NULL;
}

int
kt_control_group_version (const KtControlGroup *group)
{
  return group->version;
}

gboolean
kt_control_group_put (const KtControlGroup *group, KtController controller, const char *file, const char *value)
{
  return group->folders[controller] != NULL && put (group->folders[controller], file, value);
}

char *
kt_control_group_get (const KtControlGroup *group, KtController controller, const char *file)
{
  return group->folders[controller] != NULL ? get (group->folders[controller], file) : NULL;
}

gint64
kt_control_group_number (const KtControlGroup *group, KtController controller, const char *file, const char *word,
                         gint64 fallback)
{
  g_autofree char *text = kt_control_group_get (group, controller, file);
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  gsize length = strlen (word);
  for (char **line = lines; *line != NULL; line++)
    if (strncmp (*line, word, length) == 0 && (*line)[length] == ' ')
      return g_ascii_strtoll (*line + length, NULL, 10);
  return fallback;
}

const char *const *
kt_control_group_procs (const KtControlGroup *group)
{
  return (const char *const *) group->procs;
}

/* TRUE when somebody was in there. */
static gboolean
kill_inside (const char *folder)
{
  g_autofree char *text = get (folder, "cgroup.procs");
  g_auto (GStrv) pids = g_strsplit (text != NULL ? text : "", "\n", -1);
  gboolean any = FALSE;
  for (char **pid = pids; *pid != NULL; pid++)
    if (g_ascii_strtoll (*pid, NULL, 10) > 1)
      {
        kill ((pid_t) g_ascii_strtoll (*pid, NULL, 10), SIGKILL);
        any = TRUE;
      }
  return any;
}

static void
kill_and_note (const char *folder, gpointer data)
{
  if (kill_inside (folder))
    *(gboolean *) data = TRUE;
}

gboolean
kt_control_group_end (const KtControlGroup *group)
{
  for (guint waited = 0; waited < END_MS; waited += END_STEP_MS)
    {
      gboolean any = FALSE;
      each_folder (group, kill_and_note, &any);
      if (!any)
        return TRUE;
      g_usleep (END_STEP_MS * 1000);
    }
  return FALSE;
}

/* A process that is just ending holds the folder a little longer than it is listed. */
static void
remove_folder (const char *folder, gpointer data)
{
  for (guint waited = 0; rmdir (folder) != 0 && errno == EBUSY && waited < END_MS; waited += END_STEP_MS)
    {
      kill_inside (folder);
      g_usleep (END_STEP_MS * 1000);
    }
}

void
kt_control_group_free (KtControlGroup *group)
{
  if (group == NULL)
    return;
  each_folder (group, remove_folder, NULL);
  for (guint i = 0; i < KT_N_CONTROLLERS; i++)
    g_free (group->folders[i]);
  g_strfreev (group->procs);
  g_free (group);
}

/* "PREFIX-PID-RANDOM" of a process that is gone. */
static gboolean
is_left_over (const char *name, const char *prefix)
{
  gsize length = strlen (prefix);
  if (strncmp (name, prefix, length) != 0 || name[length] != '-')
    return FALSE;
  gint64 pid = g_ascii_strtoll (name + length + 1, NULL, 10);
  return pid > 1 && kill ((pid_t) pid, 0) != 0 && errno == ESRCH;
}

static void
sweep_below (const char *parent, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (parent, name, NULL);
      if (is_left_over (name, prefix))
        remove_folder (folder, NULL);
    }
}

void
kt_control_group_sweep (const char *prefix)
{
  for (guint i = 0; i <= KT_N_CONTROLLERS; i++)
    {
      g_autofree char *mount_point = NULL;
      g_autofree char *parent = own_folder (i < KT_N_CONTROLLERS ? names[i].v1 : NULL, &mount_point);
      while (parent != NULL)
        {
          sweep_below (parent, prefix);
          /* Version 2 may have made it at any level above us. */
          if (i < KT_N_CONTROLLERS || g_str_equal (parent, mount_point) || strlen (parent) <= 1)
            break;
          g_autofree char *child = g_steal_pointer (&parent);
          parent = g_path_get_dirname (child);
        }
    }
}
