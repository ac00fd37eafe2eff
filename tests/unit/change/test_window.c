/* SPDX-License-Identifier: MIT */
#include "change/window.h"

#include "base/error.h"

static void
test_left (void)
{
  static const struct {
    const char *text;
    int hour, minute;
    double second;
    gint64 left_ms;
  } rows[] = {
    { "03:00", 2, 59, 30, 30000 },          { "03:00", 3, 0, 0, 0 },         { "03:00", 3, 59, 59.9, 0 },
    { "03:00", 4, 0, 0, 23 * 3600000 },     { "03:00-05:00", 4, 30, 0, 0 },  { "23:30-01:00", 23, 29, 0, 60000 },
    { "23:30-01:00", 0, 59, 59, 0 },        { "23:30-01:00", 1, 0, 0, 81000000 }, { "00:00-23:59", 12, 0, 0, 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      KtWindow window = { 0 };
      g_autoptr (GDateTime) now = g_date_time_new_utc (2026, 3, 1, rows[i].hour, rows[i].minute, rows[i].second);
      g_assert_true (kt_window_parse (rows[i].text, &window, &error));
      g_assert_cmpint (kt_window_left (&window, now), ==, rows[i].left_ms);
    }
  g_autoptr (GDateTime) now = g_date_time_new_utc (2026, 3, 1, 1, 0, 0);
  g_assert_cmpint (kt_window_left (&(KtWindow){ .idle = TRUE }, now), ==, 0);
}

static void
test_words (void)
{
  static const char *const rows[][2] = {
    { "03:00-04:00", "between 03:00 and 04:00" },
    { "23:30-01:00", "between 23:30 and 01:00" },
    { "idle", "when nobody is at work" },
    { "03:00-05:00 idle", "between 03:00 and 05:00, when nobody is at work" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtWindow window;
      g_assert_true (kt_window_from_text (rows[i][0], &window));
      g_autofree char *text = kt_window_to_text (&window);
      g_autofree char *words = kt_window_describe (&window);
      g_assert_cmpstr (text, ==, rows[i][0]);
      g_assert_cmpstr (words, ==, rows[i][1]);
    }
}

static void
test_refused (void)
{
  static const char *const rows[] = { "", "3:00", "24:00", "03:60", "03:00-", "03:00-03:00", "03:00 ", "03:00-04:00-05:00", "tonight", "0300" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      KtWindow window = { 0 };
      g_assert_false (kt_window_parse (rows[i], &window, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
      g_assert_false (kt_window_from_text (rows[i], &window));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/window/opens-at-its-minute-and-closes-at-its-end", test_left);
  g_test_add_func ("/change/window/text-of-the-journal-round-trips", test_words);
  g_test_add_func ("/change/window/anything-else-is-refused", test_refused);
  return g_test_run ();
}
