/* SPDX-License-Identifier: MIT */
#include "docker/throwaway.h"

#include "base/run.h"

#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_archive_is_what_tar_reads (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("kastune-throwaway-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "all.tar", NULL);
  g_autofree char *long_text = g_strnfill (700, 'x');
  const KtThrowawayFile files[] = { { "scratch.conf", "work_mem = 5MB\n" }, { "empty", "" }, { "long", long_text }, { NULL } };
  const KtThrowaway throwaway = { .uid = 999, .gid = 998, .files = files };
  g_autoptr (GString) tar = kt_throwaway_tar (&throwaway);
  g_assert_true (g_file_set_contents (path, tar->str, (gssize) tar->len, &error));

  const char *const list[] = { "tar", "--list", "--verbose", "--numeric-owner", "--file", path, NULL };
  g_auto (KtRunResult) result = { 0 };
  g_assert_true (kt_run (&(KtRun){ .argv = list }, &result, NULL, &error));
  g_auto (GStrv) rows = g_strsplit (result.output, "\n", -1);
  static const char *const wanted[][2] = {
    { "drwx------ 999/998 ", " kastune-scratch" },        { "-rw------- 999/998 ", " kastune-scratch/scratch.conf" },
    { "-rw------- 999/998 ", " kastune-scratch/empty" },  { "-rw------- 999/998 ", " kastune-scratch/long" },
  };
  g_assert_cmpuint (g_strv_length (rows), ==, G_N_ELEMENTS (wanted));
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      g_assert_true (g_str_has_prefix (rows[i], wanted[i][0]));
      g_assert_true (g_str_has_suffix (rows[i], wanted[i][1]));
    }
  const char *const print[] = { "tar", "--extract", "--to-stdout", "--file", path, "kastune-scratch/long", NULL };
  g_auto (KtRunResult) text = { 0 };
  g_assert_true (kt_run (&(KtRun){ .argv = print }, &text, NULL, &error));
  g_assert_cmpstr (text.output, ==, long_text);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_own_is_not_left_behind (void)
{
  g_autofree char *mark = kt_throwaway_mark ();
  g_assert_false (kt_throwaway_is_left (mark));
}

/* The number alone says nothing: it may be another process by now, or that of another boot. */
static void
test_those_of_the_dead_are (void)
{
  g_autofree char *own = kt_throwaway_mark ();
  g_auto (GStrv) words = g_strsplit (own, "/", 3);
  pid_t child = fork ();
  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_autofree char *dead = g_strdup_printf ("%s/%d/%s", words[0], (int) child, words[2]);
  g_autofree char *later = g_strdup_printf ("%s/%s/1", words[0], words[1]);
  g_autofree char *earlier_boot = g_strdup_printf ("another-boot/%s/%s", words[1], words[2]);
  g_assert_true (kt_throwaway_is_left (dead));
  g_assert_true (kt_throwaway_is_left (later));
  g_assert_true (kt_throwaway_is_left (earlier_boot));
}

static void
test_marks_of_others_are_left_alone (void)
{
  static const char *const rows[] = { "", "yes", "boot/../1", "boot//1", "boot/12x/1", "a/1/2/3" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_false (kt_throwaway_is_left (rows[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/docker/throwaway/archive-is-what-tar-reads", test_archive_is_what_tar_reads);
  g_test_add_func ("/docker/throwaway/own-is-not-left-behind", test_own_is_not_left_behind);
  g_test_add_func ("/docker/throwaway/those-of-the-dead-are", test_those_of_the_dead_are);
  g_test_add_func ("/docker/throwaway/marks-of-others-are-left-alone", test_marks_of_others_are_left_alone);
  return g_test_run ();
}
