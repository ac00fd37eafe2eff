/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_level_stands_in_front_for_the_journal (void)
{
  g_autofree char *line = kt_log_line (KT_LOG_WARNING, "change set 3: undoing", NULL);
  g_assert_cmpstr (line, ==, "<4>change set 3: undoing\n");
}

static void
test_time_and_level_elsewhere (void)
{
  g_autoptr (GDateTime) at = g_date_time_new_utc (2026, 11, 5, 3, 4, 5);
  g_autofree char *line = kt_log_line (KT_LOG_ERROR, "stuck", at);
  g_assert_cmpstr (line, ==, "2026-11-05 03:04:05 error: stuck\n");
}

static void
test_words_of_others_stay_on_the_line (void)
{
  g_autofree char *line = kt_log_line (KT_LOG_INFO, "on \n<2>forged\033[2J, süß", NULL);
  g_assert_cmpstr (line, ==, "<6>on  <2>forged [2J, süß\n");
}

static void
test_journal_is_known_by_its_inode (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "kastune-log-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  g_assert_cmpint (fd, >=, 0);
  struct stat st;
  g_assert_cmpint (fstat (fd, &st), ==, 0);
  g_autofree char *same = g_strdup_printf ("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
  g_autofree char *other = g_strdup_printf ("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino + 1);
  g_assert_true (kt_log_is_journal (fd, same));
  g_assert_false (kt_log_is_journal (fd, other));
  g_assert_false (kt_log_is_journal (fd, NULL));
  close (fd);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/log/level-stands-in-front-for-the-journal", test_level_stands_in_front_for_the_journal);
  g_test_add_func ("/daemon/log/time-and-level-elsewhere", test_time_and_level_elsewhere);
  g_test_add_func ("/daemon/log/words-of-others-stay-on-the-line", test_words_of_others_stay_on_the_line);
  g_test_add_func ("/daemon/log/journal-is-known-by-its-inode", test_journal_is_known_by_its_inode);
  return g_test_run ();
}
