/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

static void
test_write_keeps_mode (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-file-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "a.conf", NULL);
  g_autofree char *link = g_build_filename (dir, "link.conf", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_file_write (path, "one", -1, NULL, &error));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_cmpint (symlink ("a.conf", link), ==, 0);
  g_assert_true (kt_file_write (link, "two", -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  struct stat st;
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_autofree char *text = NULL;
  g_assert_true (kt_file_read (path, &text, NULL, &error));
  g_assert_cmpstr (text, ==, "two");
  g_assert_true (kt_file_remove (path, &error));
  g_assert_true (kt_file_remove (path, &error));
  g_assert_false (kt_file_read (path, &text, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

/* No writer is there: a read that waited would never come back. */
static void
test_only_files_are_read (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-file-XXXXXX", NULL);
  g_autofree char *pipe = g_build_filename (dir, "pipe", NULL);
  g_autofree char *link = g_build_filename (dir, "link", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (symlink ("/dev/zero", link), ==, 0);
  const char *const wrong[] = { pipe, link, dir };
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      g_assert_false (kt_file_read (wrong[i], &text, NULL, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_IO);
      g_assert_nonnull (kt_error_detail (error));
    }
  g_assert_cmpint (g_unlink (link), ==, 0);
  g_assert_cmpint (symlink ("/dev/null", link), ==, 0);
  const char *const empty[] = { "/dev/null", link };
  for (gsize i = 0; i < G_N_ELEMENTS (empty); i++)
    {
      g_autofree char *nothing = NULL;
      g_assert_true (kt_file_read (empty[i], &nothing, NULL, NULL));
      g_assert_cmpstr (nothing, ==, "");
    }
  g_assert_cmpint (g_unlink (pipe) + g_unlink (link) + g_rmdir (dir), ==, 0);
}

static void
test_failed_write_leaves_nothing (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_file_write ("/proc/kastune.conf", "x", -1, NULL, &error));
  g_assert_nonnull (error);
}

/* What a killed writer left is cleared, what a living one is still writing is not; names that only look alike stay. */
static void
test_leftovers (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-file-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "a.conf", NULL);
  g_autofree char *dead = g_strconcat (path, ".kastune-new-AbCdE1", NULL);
  g_autofree char *alive = g_strconcat (path, ".kastune-new-AbCdE2", NULL);
  g_autofree char *other = g_strconcat (path, ".kastune-new-er.conf", NULL);
  g_autoptr (GError) error = NULL;
  const char *const all[] = { path, dead, alive, other };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_assert_true (g_file_set_contents (all[i], "x", -1, NULL));
  int fd = open (alive, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  g_assert_true (kt_file_write (path, "new", -1, NULL, &error));
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (alive, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
  close (fd);
  g_assert_true (kt_file_remove (path, &error));
  g_assert_false (g_file_test (alive, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_unlink (other), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_root_follows_no_links_of_others (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("needs root, to make a link of somebody else");
      return;
    }
  g_autofree char *dir = g_dir_make_tmp ("kastune-file-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "of-root", NULL);
  g_autofree char *link = g_build_filename (dir, "link", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_file_write (path, "one", -1, NULL, &error));
  g_assert_cmpint (symlink (path, link), ==, 0);
  g_assert_cmpint (lchown (link, 65534, 65534), ==, 0);
  g_assert_false (kt_file_write (link, "two", -1, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_true (kt_file_replace (link, "three", NULL, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (kt_file_read (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "one");
  g_assert_true (kt_file_remove (link, NULL) && kt_file_remove (path, NULL));
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/file/only-files-are-read", test_only_files_are_read);
  g_test_add_func ("/base/file/write-keeps-mode-and-link", test_write_keeps_mode);
  g_test_add_func ("/base/file/root-follows-no-links-of-others", test_root_follows_no_links_of_others);
  g_test_add_func ("/base/file/failed-write", test_failed_write_leaves_nothing);
  g_test_add_func ("/base/file/leftovers-of-killed-writers-are-cleared", test_leftovers);
  return g_test_run ();
}
