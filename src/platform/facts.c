/* SPDX-License-Identifier: MIT
 *
 * What no file holds: statvfs, symbolic links in paths, uname, programs and their output. Live, the answer is asked for
 * and noted in machine.ini (which only a recording writes out); in a recording it comes from there. So both give the
 * same platform.
 */
#include "base/run.h"
#include "platform/parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Names of groups may not hold brackets or control characters. */
static char *
group_name (const char *kind, const char *subject)
{
  g_autofree char *escaped = g_uri_escape_string (subject, "/ @=+,;", TRUE);
  return g_strdup_printf ("%s %s", kind, escaped);
}

gboolean
kt_fact_fs_size (KtSysroot *root, const char *path, KtFsSize *size)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  g_autofree char *group = group_name ("filesystem", path);
  /* While recording, the first answer stands: a platform that asks twice must be the one that is replayed. */
  gboolean noted = g_key_file_has_key (machine, group, "size", NULL);
  if (!kt_sysroot_is_live (root) || (noted && kt_sysroot_is_recording (root)))
    {
      if (!noted)
        return FALSE;
      size->size = g_key_file_get_int64 (machine, group, "size", NULL);
      size->available = g_key_file_get_int64 (machine, group, "available", NULL);
      size->inodes = g_key_file_get_int64 (machine, group, "inodes", NULL);
      size->inodes_free = g_key_file_get_int64 (machine, group, "inodes-free", NULL);
      return TRUE;
    }
  struct statvfs fs;
  if (statvfs (path, &fs) != 0)
    return FALSE;
  size->size = (gint64) (fs.f_blocks * fs.f_frsize);
  size->available = (gint64) (fs.f_bavail * fs.f_frsize);
  /* btrfs and others make inodes as needed and say 0. */
  size->inodes = fs.f_files > 0 ? (gint64) fs.f_files : -1;
  size->inodes_free = fs.f_files > 0 ? (gint64) fs.f_favail : -1;
  g_key_file_set_int64 (machine, group, "size", size->size);
  g_key_file_set_int64 (machine, group, "available", size->available);
  g_key_file_set_int64 (machine, group, "inodes", size->inodes);
  g_key_file_set_int64 (machine, group, "inodes-free", size->inodes_free);
  return TRUE;
}

/* As far as the path exists and may be searched; the rest is taken as it is written. */
static char *
real_prefix (const char *path)
{
  g_autofree char *clean = g_canonicalize_filename (path, "/");
  for (g_autofree char *head = g_strdup (clean);;)
    {
      char *real = realpath (head, NULL);
      if (real != NULL)
        {
          const char *rest = clean + strlen (head);
          char *whole = g_build_filename (real, rest, NULL);
          free (real);
          return whole;
        }
      if (g_str_equal (head, "/"))
        return g_steal_pointer (&clean);
      char *parent = g_path_get_dirname (head);
      g_free (head);
      head = parent;
    }
}

char *
kt_fact_real_path (KtSysroot *root, const char *path)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  g_autofree char *group = group_name ("path", path);
  g_autofree char *clean = g_canonicalize_filename (path, "/");
  if (!kt_sysroot_is_live (root))
    {
      char *real = g_key_file_get_string (machine, group, "real", NULL);
      return real != NULL && *real == '/' ? real : (g_free (real), g_steal_pointer (&clean));
    }
  g_autofree char *real = real_prefix (path);
  if (!g_str_equal (real, path))
    g_key_file_set_string (machine, group, "real", real);
  return g_steal_pointer (&real);
}

char *
kt_fact_architecture (KtSysroot *root)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  if (kt_sysroot_is_live (root))
    {
      struct utsname name;
      if (uname (&name) != 0)
        return NULL;
      g_key_file_set_string (machine, "uname", "machine", name.machine);
    }
  return g_key_file_get_string (machine, "uname", "machine", NULL);
}

gint64
kt_fact_page_size (KtSysroot *root)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  if (kt_sysroot_is_live (root))
    g_key_file_set_int64 (machine, "uname", "page-size", sysconf (_SC_PAGESIZE));
  gint64 size = g_key_file_get_int64 (machine, "uname", "page-size", NULL);
  return size > 0 ? size : 4096;
}

static gboolean
find_program (const char *name)
{
  static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/local/sbin" };
  g_autofree char *found = g_find_program_in_path (name);
  for (guint i = 0; found == NULL && i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = g_build_filename (folders[i], name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        found = g_steal_pointer (&path);
    }
  return found != NULL;
}

gboolean
kt_fact_has_program (KtSysroot *root, const char *name)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  if (kt_sysroot_is_live (root))
    g_key_file_set_boolean (machine, "programs", name, find_program (name));
  return g_key_file_get_boolean (machine, "programs", name, NULL);
}

char *
kt_fact_output (KtSysroot *root, const char *const *argv)
{
  static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
  GKeyFile *machine = kt_sysroot_machine (root);
  g_autofree char *command = g_strjoinv (" ", (char **) argv);
  if (kt_sysroot_is_live (root))
    {
      g_auto (KtRunResult) result = { 0 };
      if (!kt_run (&(KtRun){ .argv = argv, .env = env, .deadline_ms = 5000, .any_status = TRUE }, &result, NULL, NULL))
        return NULL;
      g_key_file_set_string (machine, "output", command, result.output);
    }
  return g_key_file_get_string (machine, "output", command, NULL);
}

/* Looks through the NUL-separated words of a command line. */
static char *
find_argument (const char *words, gsize length, const char *name)
{
  gsize name_length = strlen (name);
  const char *end = words + length;
  for (const char *word = words; word < end; word += strlen (word) + 1)
    {
      if (strncmp (word, name, name_length) != 0)
        continue;
      const char *next = word + strlen (word) + 1;
      if (word[name_length] == '=')
        return g_strdup (word + name_length + 1);
      if (word[name_length] == '\0')
        return g_strdup (next < end && *next != '-' ? next : "");
    }
  return NULL;
}

char *
kt_fact_argument (KtSysroot *root, gint64 pid, const char *name)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  g_autofree char *group = g_strdup_printf ("process %" G_GINT64_FORMAT, pid);
  if (!kt_sysroot_is_live (root))
    return g_key_file_get_string (machine, group, name, NULL);
  g_autofree char *path = kt_process_path (pid, "cmdline");
  g_autofree char *words = NULL;
  gsize length = 0;
  if (!g_file_get_contents (path, &words, &length, NULL))
    return NULL;
  char *value = find_argument (words, length, name);
  if (value != NULL)
    g_key_file_set_string (machine, group, name, value);
  return value;
}

gint64
kt_fact_server_pid (KtSysroot *root, gint64 pid)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  if (kt_sysroot_is_live (root) && pid > 0)
    g_key_file_set_int64 (machine, "server", "pid", pid);
  return pid > 0 ? pid : MAX (g_key_file_get_int64 (machine, "server", "pid", NULL), 0);
}

char *
kt_fact_probe_group (const char *mount_point)
{
  return group_name ("probe", mount_point);
}

static void
clear_path (gpointer data)
{
  KtPlatformPath *path = data;
  g_free ((char *) path->role);
  g_free ((char *) path->path);
}

GArray *
kt_fact_paths (KtSysroot *root)
{
  GKeyFile *machine = kt_sysroot_machine (root);
  GArray *paths = g_array_new (TRUE, TRUE, sizeof (KtPlatformPath));
  g_array_set_clear_func (paths, clear_path);
  g_auto (GStrv) roles = g_key_file_get_keys (machine, "paths", NULL, NULL);
  for (guint i = 0; roles != NULL && roles[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_string (machine, "paths", roles[i], NULL);
      if (value == NULL || *value != '/')
        continue;
      char *role = g_uri_unescape_string (roles[i], NULL);
      KtPlatformPath path = { .role = role != NULL ? role : g_strdup (roles[i]), .path = g_steal_pointer (&value) };
      g_array_append_val (paths, path);
    }
  return paths;
}

void
kt_fact_note_paths (KtSysroot *root, const KtPlatformPath *paths)
{
  for (const KtPlatformPath *path = paths; path != NULL && path->path != NULL; path++)
    {
      g_autofree char *role = g_uri_escape_string (path->role != NULL ? path->role : "path", " ", TRUE);
      g_key_file_set_string (kt_sysroot_machine (root), "paths", role, path->path);
    }
}
