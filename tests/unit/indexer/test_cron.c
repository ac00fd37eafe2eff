/* SPDX-License-Identifier: MIT */
#include "indexer/cron.h"

#include "base/error.h"
#include "indexer/humantime.h"

static void
test_next (void)
{
  static const struct { const char *cron, *after, *next; } rows[] = {
    { "0 * * * *", "2026-07-06T12:00:00Z", "2026-07-06T13:00:00Z" },
    { "0 4 * * *", "2026-07-06T03:59:59Z", "2026-07-06T04:00:00Z" },
    { "0 4 * * *", "2026-07-06T04:00:00Z", "2026-07-07T04:00:00Z" },
    { "*/15 * * * *", "2026-07-06T04:01:00Z", "2026-07-06T04:15:00Z" },
    { "5,35 9-17 * * MON-FRI", "2026-07-03T17:40:00Z", "2026-07-06T09:05:00Z" },
    { "30 2 29 2 *", "2026-07-06T00:00:00Z", "2028-02-29T02:30:00Z" },
    { "0 0 1 jan,jul *", "2026-07-06T00:00:00Z", "2027-01-01T00:00:00Z" },
    { "0 0 * * 7", "2026-07-06T00:00:00Z", "2026-07-12T00:00:00Z" },
    { "0 0 4 * * *", "2026-07-06T00:00:00Z", "2026-08-04T00:00:00Z" }, /* a seconds field shifts the meaning */
    { "0 0 4 * * 2028", "2026-07-06T00:00:00Z", "2028-01-04T00:00:00Z" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtCron cron;
      g_autoptr (GError) error = NULL;
      g_autoptr (GDateTime) after = g_date_time_new_from_iso8601 (rows[i].after, NULL);
      g_assert_true (kt_cron_parse (&cron, rows[i].cron, &error));
      g_assert_no_error (error);
      g_autoptr (GDateTime) next
        = g_date_time_new_from_unix_utc (kt_cron_next (&cron, g_date_time_to_unix (after)));
      g_autofree char *text = g_date_time_format_iso8601 (next);
      g_assert_cmpstr (text, ==, rows[i].next);
    }
}

static void
test_rejected (void)
{
  static const char *const texts[]
    = { "", "hourly", "0 * * *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "5-1 * * * *", "*/0 * * * *", "a * * * *",
        "0 0 4 * * 1969", "1,,2 * * * *", "0 0 * * * * *" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      KtCron cron;
      g_autoptr (GError) error = NULL;
      g_test_message ("“%s”", texts[i]);
      g_assert_false (kt_cron_parse (&cron, texts[i], &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
    }
}

static void
test_never (void)
{
  KtCron cron;
  g_assert_true (kt_cron_parse (&cron, "0 0 30 2 *", NULL));
  g_assert_cmpint (kt_cron_next (&cron, 1783339200), ==, 0);
}

static void
test_humantime (void)
{
  static const struct { const char *text; gint64 ms; const char *again; } rows[] = {
    { "7d", 604800000, "7days" }, { "1day", 86400000, "1day" }, { "36h", 129600000, "1day 12h" },
    { "1h 30m", 5400000, "1h 30m" }, { "90s", 90000, "1m 30s" }, { "250ms", 250, "250ms" }, { "0s", 0, "0s" },
    { "1month", 2630016000, "1month" }, { "2weeks", 1209600000, "14days" },
  };
  static const char *const rejected[] = { "", "7", "d", "sevendays", "1h30", "-1h", "99999999999999999y" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 ms = -1;
      g_assert_true (kt_humantime_parse (rows[i].text, &ms));
      g_assert_cmpint (ms, ==, rows[i].ms);
      g_autofree char *again = kt_humantime_format (ms);
      g_assert_cmpstr (again, ==, rows[i].again);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rejected); i++)
    {
      gint64 ms;
      g_assert_false (kt_humantime_parse (rejected[i], &ms));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/cron/next-time-is-right", test_next);
  g_test_add_func ("/indexer/cron/what-is-none-is-rejected", test_rejected);
  g_test_add_func ("/indexer/cron/some-never-come", test_never);
  g_test_add_func ("/workload/humantime/both-ways", test_humantime);
  return g_test_run ();
}
