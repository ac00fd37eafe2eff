/* SPDX-License-Identifier: MIT */
#include "base/sysroot.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (1024 * 1024)

/* git keeps no empty folders, but that a device has no slaves is a fact: finished recordings hold one in each. */
#define KEEP ".keep"

struct KtSysroot {
  char *path; /* "" when live */
  GKeyFile *machine;
  char *recording; /* folder being written, or NULL */
  GError *recording_error;
};

KtSysroot *
kt_sysroot_open (const char *path, GError **error)
{
  g_autoptr (KtSysroot) root = g_new0 (KtSysroot, 1);
  root->machine = g_key_file_new ();
  if (path == NULL || g_str_equal (path, "/") || *path == '\0')
    {
      root->path = g_strdup ("");
      return g_steal_pointer (&root);
    }
  root->path = g_canonicalize_filename (path, NULL);
  g_autofree char *ini = g_build_filename (root->path, "machine.ini", NULL);
  g_autoptr (GError) local = NULL;
  if (!g_key_file_load_from_file (root->machine, ini, G_KEY_FILE_NONE, &local))
    {
      kt_error_set (error, g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? KT_ERROR_NOT_FOUND : KT_ERROR_PARSE,
                    local->message, "kastune host --record DIR", "%s is not a recorded machine", path);
      return NULL;
    }
  return g_steal_pointer (&root);
}

void
kt_sysroot_free (KtSysroot *root)
{
  if (root == NULL)
    return;
  g_free (root->path);
  g_free (root->recording);
  g_clear_pointer (&root->machine, g_key_file_unref);
  g_clear_error (&root->recording_error);
  g_free (root);
}

gboolean
kt_sysroot_is_live (const KtSysroot *root)
{
  return *root->path == '\0';
}

const char *
kt_sysroot_path (const KtSysroot *root)
{
  return root->path;
}

GKeyFile *
kt_sysroot_machine (const KtSysroot *root)
{
  return root->machine;
}

gboolean
kt_sysroot_start_recording (KtSysroot *root, const char *directory, GError **error)
{
  if (!kt_sysroot_is_live (root))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "leave out --root", "only the live machine can be recorded");
      return FALSE;
    }
  if (g_mkdir_with_parents (directory, 0755) != 0)
    {
      kt_error_set_errno (error, errno, "name a folder that you may write", "cannot create %s", directory);
      return FALSE;
    }
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  if (dir != NULL && g_dir_read_name (dir) != NULL)
    {
      kt_error_set (error, KT_ERROR_REFUSED, "a recording mixed with older files would be of no machine",
                    "name a new or empty folder", "%s is not empty", directory);
      return FALSE;
    }
  root->recording = g_canonicalize_filename (directory, NULL);
  return TRUE;
}

/* Puts KEEP into the empty folders at and below @folder. */
static gboolean
keep_empty_folders (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (dir == NULL)
    return FALSE;
  gboolean empty = TRUE;
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      empty = FALSE;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK)
          && !keep_empty_folders (path, error))
        return FALSE;
    }
  g_autofree char *keep = g_build_filename (folder, KEEP, NULL);
  return !empty || g_file_set_contents (keep, "", 0, error);
}

gboolean
kt_sysroot_finish_recording (KtSysroot *root, GError **error)
{
  g_return_val_if_fail (root->recording != NULL, FALSE);
  g_autofree char *recording = g_steal_pointer (&root->recording);
  if (root->recording_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&root->recording_error));
      return FALSE;
    }
  gsize length = 0;
  g_autofree char *text = g_key_file_to_data (root->machine, &length, NULL);
  g_autofree char *ini = g_build_filename (recording, "machine.ini", NULL);
  return keep_empty_folders (recording, error) && kt_file_write (ini, text, (gssize) length, NULL, error);
}

gboolean
kt_sysroot_is_recording (const KtSysroot *root)
{
  return root->recording != NULL;
}

static char *
resolve (const KtSysroot *root, const char *path)
{
  g_assert (*path == '/');
  return g_strconcat (root->path, path, NULL);
}

/* The place of @path in the recording, its folder created; NULL when not recording or already there.
 * An empty file may be a mark left by kt_sysroot_exists: its content may still come. */
static char *
recording_place (KtSysroot *root, const char *path)
{
  if (root->recording == NULL || root->recording_error != NULL)
    return NULL;
  g_autofree char *target = g_strconcat (root->recording, path, NULL);
  g_autofree char *folder = g_path_get_dirname (target);
  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      kt_error_set_errno (&root->recording_error, errno, NULL, "cannot create %s", folder);
      return NULL;
    }
  struct stat there;
  if (lstat (target, &there) == 0 && !(S_ISREG (there.st_mode) && there.st_size == 0))
    return NULL;
  return g_steal_pointer (&target);
}

static void
record_file (KtSysroot *root, const char *path, const char *text, gsize length)
{
  g_autofree char *place = recording_place (root, path);
  if (place != NULL)
    g_file_set_contents_full (place, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0644, &root->recording_error);
}

static void
record_folder (KtSysroot *root, const char *path)
{
  g_autofree char *place = recording_place (root, path);
  if (place != NULL && g_mkdir_with_parents (place, 0755) != 0)
    kt_error_set_errno (&root->recording_error, errno, NULL, "cannot create %s", place);
}

static GString *
read_whole (KtSysroot *root, const char *path)
{
  g_autofree char *full = resolve (root, path);
  int fd = open (full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[16384];
  ssize_t got = 0;
  while (text->len < MAX_FILE && (got = read (fd, chunk, sizeof chunk)) > 0)
    g_string_append_len (text, chunk, got);
  close (fd);
  if (got < 0)
    return NULL;
  return g_steal_pointer (&text);
}

char *
kt_sysroot_peek (KtSysroot *root, const char *path)
{
  g_autoptr (GString) text = read_whole (root, path);
  return text != NULL ? g_strchomp (g_string_free (g_steal_pointer (&text), FALSE)) : NULL;
}

void
kt_sysroot_keep (KtSysroot *root, const char *path, const char *text)
{
  record_file (root, path, text, strlen (text));
}

char *
kt_sysroot_read (KtSysroot *root, const char *path)
{
  g_autoptr (GString) text = read_whole (root, path);
  if (text == NULL)
    return NULL;
  record_file (root, path, text->str, text->len);
  return g_strchomp (g_string_free (g_steal_pointer (&text), FALSE));
}

gboolean
kt_sysroot_read_int (KtSysroot *root, const char *path, gint64 *value)
{
  g_autofree char *text = kt_sysroot_read (root, path);
  if (text == NULL)
    return FALSE;
  if (g_str_equal (text, "max"))
    {
      *value = G_MAXINT64;
      return TRUE;
    }
  char *end = NULL;
  errno = 0;
  gint64 number = g_ascii_strtoll (text, &end, 10);
  if (end == text || (*end != '\0' && !g_ascii_isspace (*end)))
    return FALSE;
  *value = number;
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
names_in (KtSysroot *root, const char *path)
{
  g_autofree char *full = resolve (root, path);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GDir) dir = g_dir_open (full, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (!g_str_equal (name, KEEP))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_steal_pointer (&names);
}

GStrv
kt_sysroot_peek_list (KtSysroot *root, const char *path)
{
  return (GStrv) g_ptr_array_free (names_in (root, path), FALSE);
}

GStrv
kt_sysroot_list (KtSysroot *root, const char *path)
{
  GPtrArray *names = names_in (root, path);
  /* Entries are recorded as they are read; a folder in which nothing is read still shows as an empty one. */
  for (guint i = 0; root->recording != NULL && names->pdata[i] != NULL; i++)
    {
      g_autofree char *entry = g_build_filename (path, names->pdata[i], NULL);
      kt_sysroot_exists (root, entry);
    }
  return (GStrv) g_ptr_array_free (names, FALSE);
}

char *
kt_sysroot_link (KtSysroot *root, const char *path)
{
  g_autofree char *full = resolve (root, path);
  g_autofree char *target = g_file_read_link (full, NULL);
  g_autofree char *place = target != NULL ? recording_place (root, path) : NULL;
  if (place != NULL && symlink (target, place) != 0)
    kt_error_set_errno (&root->recording_error, errno, NULL, "cannot write %s", place);
  return g_steal_pointer (&target);
}

gboolean
kt_sysroot_exists (KtSysroot *root, const char *path)
{
  g_autofree char *full = resolve (root, path);
  gboolean exists = g_file_test (full, G_FILE_TEST_EXISTS);
  if (exists && root->recording != NULL)
    {
      if (g_file_test (full, G_FILE_TEST_IS_DIR))
        record_folder (root, path);
      else
        record_file (root, path, "", 0);
    }
  return exists;
}
