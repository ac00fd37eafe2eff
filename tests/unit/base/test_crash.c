/* SPDX-License-Identifier: MIT */
#include "base/crash.h"
#include "base/run.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Started by itself with an argument, this program passes three points and says so. */
static int
pass_points (void)
{
  for (int i = 1; i <= 3; i++)
    {
      g_print ("%d ", i);
      fflush (stdout);
      kt_crash_point ("point %c", 'a' + i - 1);
    }
  g_print ("end\n");
  return EXIT_SUCCESS;
}

static void
run_self (const char *const *env, KtRunResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", &error);
  g_assert_true (kt_run (&(KtRun){ .argv = (const char *[]){ self, "pass", NULL }, .env = env, .any_status = TRUE }, result, NULL, &error));
  g_assert_no_error (error);
}

static void
test_crash_at (void)
{
  static const struct {
    const char *at, *output;
    int status;
  } rows[] = {
    { "KASTUNE_CRASH_AT=1", "1", 128 + SIGKILL },   { "KASTUNE_CRASH_AT=3", "1 2 3", 128 + SIGKILL },
    { "KASTUNE_CRASH_AT=4", "1 2 3 end", 0 },       { "KASTUNE_CRASH_AT=0", "1 2 3 end", 0 },
    { "KASTUNE_CRASH_AT=words", "1 2 3 end", 0 },   { "NOTHING=1", "1 2 3 end", 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (KtRunResult) result = { 0 };
      run_self ((const char *[]){ rows[i].at, NULL }, &result);
      g_assert_cmpstr (result.output, ==, rows[i].output);
      g_assert_cmpint (result.status, ==, rows[i].status);
    }
}

static void
test_list (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-crash-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "points", NULL);
  g_autofree char *list = g_strconcat ("KASTUNE_CRASH_LIST=", path, NULL);
  g_autofree char *text = NULL;
  g_auto (KtRunResult) result = { 0 };
  run_self ((const char *[]){ list, "KASTUNE_CRASH_AT=2", NULL }, &result);
  g_assert_cmpint (result.status, ==, 128 + SIGKILL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "1 point a\n2 point b\n");
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], "pass") == 0)
    return pass_points ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/crash/ends-at-the-point-asked-for", test_crash_at);
  g_test_add_func ("/base/crash/lists-the-points-passed", test_list);
  return g_test_run ();
}
