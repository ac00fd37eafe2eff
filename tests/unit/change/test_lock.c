/* SPDX-License-Identifier: MIT */
#include "change/lock.h"
#include "base/error.h"
#include "edit_step.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("kastune-lock-XXXXXX", &error);
  g_assert_no_error (error);
  return folder;
}

/* A process that takes the lock, says so with one byte and waits to be killed. */
static pid_t
start_holder (const char *folder)
{
  int ready[2];
  g_assert_cmpint (pipe (ready), ==, 0);
  pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      KtLock *lock = kt_lock_take (folder, "7001", NULL);
      if (lock == NULL || write (ready[1], "x", 1) != 1)
        _exit (1);
      while (TRUE)
        pause ();
    }
  close (ready[1]);
  char byte;
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return child;
}

static void
test_dies_with_holder (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  pid_t holder = start_holder (folder);
  g_assert_null (kt_lock_take (folder, "7001", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_autofree char *words = g_strdup_printf ("another kastune (process %d, since 2", (int) holder);
  g_assert_true (g_str_has_prefix (error->message, words));

  g_assert_cmpint (kill (holder, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (holder, NULL, 0), ==, holder);
  g_clear_error (&error);
  g_autoptr (KtLock) lock = kt_lock_take (folder, "7001", &error);
  g_assert_no_error (error);
  g_assert_nonnull (lock);
  edit_remove_tree (folder);
}

static void
test_per_server (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KtLock) one = kt_lock_take (folder, "7001", &error);
  g_autoptr (KtLock) two = kt_lock_take (folder, "../../7001", &error);
  g_assert_no_error (error);
  g_assert_nonnull (one);
  g_assert_nonnull (two);
  g_autofree char *path = g_build_filename (folder, "lock-..%2F..%2F7001", NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  edit_remove_tree (folder);
}

static void
test_held_is_seen_without_taking_it (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_lock_is_held (folder, "daemon"));
  g_autoptr (KtLock) lock = kt_lock_take_for (folder, "daemon", "serves it already", "look", &error);
  g_assert_no_error (error);
  g_assert_true (kt_lock_is_held (folder, "daemon"));
  g_assert_null (kt_lock_take_for (folder, "daemon", "serves it already", "look", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_autofree char *holder = g_strdup_printf ("another kastune (process %d, ", (int) getpid ());
  g_assert_true (g_str_has_prefix (error->message, holder) && g_str_has_suffix (error->message, ") serves it already"));
  g_assert_cmpstr (kt_error_hint (error), ==, "look");
  g_clear_pointer (&lock, kt_lock_release);
  g_assert_false (kt_lock_is_held (folder, "daemon"));
  edit_remove_tree (folder);
}

/* Takes the lock again and again, and tells when it saw another one in its turn: @folder/inside is its mark. */
static void
take_turns (const char *folder, int turns)
{
  g_autofree char *inside = g_build_filename (folder, "inside", NULL);
  while (turns > 0)
    {
      KtLock *lock = kt_lock_take (folder, "7001", NULL);
      if (lock == NULL)
        continue;
      int fd = open (inside, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (fd < 0)
        _exit (1);
      close (fd);
      unlink (inside);
      kt_lock_release (lock);
      turns--;
    }
  _exit (0);
}

/* The file is removed by each holder; no two may ever hold it for that. */
static void
test_one_at_a_time_and_nothing_stays (void)
{
  g_autofree char *folder = make_folder ();
  pid_t children[3];
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    if ((children[i] = fork ()) == 0)
      take_turns (folder, 300);
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      int status = -1;
      g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
      g_assert_cmpint (status, ==, 0);
    }
  g_assert_cmpint (rmdir (folder), ==, 0);
}

static void
test_unwritable (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_lock_take ("/proc/none", "7001", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/lock/names-its-holder-and-dies-with-it", test_dies_with_holder);
  g_test_add_func ("/change/lock/one-per-server", test_per_server);
  g_test_add_func ("/change/lock/held-is-seen-without-taking-it", test_held_is_seen_without_taking_it);
  g_test_add_func ("/change/lock/one-at-a-time-and-nothing-stays", test_one_at_a_time_and_nothing_stays);
  g_test_add_func ("/change/lock/missing-folder-is-an-error", test_unwritable);
  return g_test_run ();
}
