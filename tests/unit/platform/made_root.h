/* SPDX-License-Identifier: MIT
 *
 * A machine of a few files, made for one test and removed after it.
 */
#pragma once

#include "base/sysroot.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const char *path; /* "/proc/meminfo"; "machine.ini" at the top */
  const char *text; /* "-> target" makes a link, NULL an empty folder */
} MadeFile;

typedef struct {
  char *folder;
  KtSysroot *root;
} MadeRoot;

static inline void
made_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);
      made_remove_tree (entry);
    }
  g_remove (path);
}

static inline void
made_root_add (const char *folder, const char *path, const char *text)
{
  g_autofree char *place = g_build_filename (folder, path, NULL);
  g_autofree char *parent = g_path_get_dirname (place);
  g_assert_cmpint (g_mkdir_with_parents (text != NULL ? parent : place, 0755), ==, 0);
  const char *target = text != NULL && g_str_has_prefix (text, "-> ") ? strchr (text, ' ') + 1 : NULL;
  if (target != NULL)
    g_assert_cmpint (symlink (target, place), ==, 0);
  else if (text != NULL)
    g_assert_true (g_file_set_contents (place, text, -1, NULL));
}

/* In memory where that works: the tests here make and remove thousands of small files. */
static inline char *
made_folder (void)
{
  char *folder = g_strdup ("/dev/shm/kastune-machine-XXXXXX");
  if (g_mkdtemp (folder) != NULL)
    return folder;
  g_free (folder);
  return g_dir_make_tmp ("kastune-machine-XXXXXX", NULL);
}

/* @files ends with a NULL path. */
static inline MadeRoot
made_root_new (const MadeFile *files)
{
  MadeRoot made = { .folder = made_folder () };
  made_root_add (made.folder, "machine.ini", "");
  for (; files->path != NULL; files++)
    made_root_add (made.folder, files->path, files->text);
  g_autoptr (GError) error = NULL;
  made.root = kt_sysroot_open (made.folder, &error);
  g_assert_no_error (error);
  return made;
}

static inline void
made_root_clear (MadeRoot *made)
{
  g_clear_pointer (&made->root, kt_sysroot_free);
  made_remove_tree (made->folder);
  g_clear_pointer (&made->folder, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MadeRoot, made_root_clear)
