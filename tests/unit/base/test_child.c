/* SPDX-License-Identifier: MIT
 *
 * The children are this very test program: with words of its own it is what kastune would be.
 */
#include "base/child.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  GMainLoop *loop;
  int status;
  char *words;
} End;

static void
on_end (gpointer user, int status, const char *words)
{
  End *end = user;
  end->status = status;
  end->words = g_strdup (words);
  g_main_loop_quit (end->loop);
}

static End
run_child (const char *how, gboolean ask)
{
  End end = { .loop = g_main_loop_new (NULL, FALSE), .status = -1 };
  const char *const args[] = { "child", how, NULL };
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "CHILD_SAYS", "so be it", TRUE);
  g_autoptr (GError) error = NULL;
  KtChild *child = kt_child_start (args, env, on_end, &end, &error);
  g_assert_no_error (error);
  if (ask)
    kt_child_ask_to_end (child);
  g_main_loop_run (end.loop);
  g_main_loop_unref (end.loop);
  return end;
}

static void
test_tells_status_and_last_words (void)
{
  End end = run_child ("fail", FALSE);
  g_assert_cmpint (end.status, ==, 7);
  g_assert_cmpstr (end.words, ==, "so be it");
  g_free (end.words);
}

static void
test_success_without_words (void)
{
  End end = run_child ("good", FALSE);
  g_assert_cmpint (end.status, ==, 0);
  g_assert_cmpstr (end.words, ==, "");
  g_free (end.words);
}

static void
test_ends_when_asked (void)
{
  End end = run_child ("stay", TRUE);
  g_assert_cmpint (end.status, ==, 128 + SIGTERM);
  g_free (end.words);
}

static void
test_group_of_its_own (void)
{
  End end = run_child ("group", FALSE);
  g_assert_cmpint (end.status, ==, 0);
  g_free (end.words);
}

static int
be_child (const char *how)
{
  if (g_str_equal (how, "stay"))
    while (TRUE)
      pause ();
  if (g_str_equal (how, "group"))
    return getpgid (0) == getpid () ? 0 : 1;
  if (g_str_equal (how, "fail"))
    fprintf (stderr, "%s\n", g_getenv ("CHILD_SAYS"));
  return g_str_equal (how, "fail") ? 7 : 0;
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "child"))
    return be_child (argv[2]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/child/tells-status-and-last-words", test_tells_status_and_last_words);
  g_test_add_func ("/base/child/success-without-words", test_success_without_words);
  g_test_add_func ("/base/child/ends-when-asked", test_ends_when_asked);
  g_test_add_func ("/base/child/group-of-its-own", test_group_of_its_own);
  return g_test_run ();
}
