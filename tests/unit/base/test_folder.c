/* SPDX-License-Identifier: MIT */
#include "base/folder.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* A folder to work on, with links that lead out of it, and one outside that nobody may touch. */
typedef struct {
  char *root, *folder, *outside, *precious;
} Fixture;

static char *
put (const char *folder, const char *name)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "text", -1, NULL));
  return path;
}

static void
put_link (const char *target, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = g_dir_make_tmp ("kastune-folder-XXXXXX", NULL);
  f->folder = g_build_filename (f->root, "folder", NULL);
  f->outside = g_build_filename (f->root, "outside", NULL);
  f->precious = put (f->outside, "precious");
  g_free (put (f->folder, "keep"));
  g_free (put (f->folder, "below/deep/file"));
  put_link (f->outside, f->folder, "link");
  put_link (f->precious, f->folder, "below/deep/link");
  put_link ("nowhere", f->folder, "dangling");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_true (g_file_test (f->precious, G_FILE_TEST_EXISTS));
  g_assert_true (kt_folder_remove (f->root, NULL));
  g_assert_false (g_file_test (f->root, G_FILE_TEST_EXISTS));
  g_free (f->root);
  g_free (f->folder);
  g_free (f->outside);
  g_free (f->precious);
}

static void
test_removal_takes_links_and_not_what_they_lead_to (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_folder_remove (f->folder, &error));
  g_assert_no_error (error);
  g_assert_cmpint (access (f->folder, F_OK), !=, 0);
  g_assert_true (kt_folder_remove (f->folder, &error));
  g_assert_no_error (error);
}

static void
test_removal_of_a_link_leaves_the_folder (Fixture *f, gconstpointer data)
{
  g_autofree char *link = g_build_filename (f->folder, "link", NULL);
  g_assert_true (kt_folder_remove (link, NULL));
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

static void
test_cleared_folder_keeps_what_is_named (Fixture *f, gconstpointer data)
{
  static const char *const keep[] = { "keep", NULL };
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_folder_clear (f->folder, keep, &error));
  g_assert_no_error (error);
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "keep");
  g_assert_null (g_dir_read_name (dir));
}

static void
test_link_in_the_place_of_a_folder_is_not_cleared (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *link = g_build_filename (f->folder, "link", NULL);
  g_assert_false (kt_folder_clear (link, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/base/folder/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("removal-takes-links-and-not-what-they-lead-to", test_removal_takes_links_and_not_what_they_lead_to);
  ADD ("removal-of-a-link-leaves-the-folder", test_removal_of_a_link_leaves_the_folder);
  ADD ("cleared-folder-keeps-what-is-named", test_cleared_folder_keeps_what_is_named);
  ADD ("link-in-the-place-of-a-folder-is-not-cleared", test_link_in_the_place_of_a_folder_is_not_cleared);
  return g_test_run ();
}
