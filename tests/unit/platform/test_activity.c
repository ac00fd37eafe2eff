/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/activity.h"

#define BEFORE                                                                                      \
  "   8       0 sda 100 5 8000 200 50 7 1600 500 0 600 700 0 0 0 0 10 40\n"                         \
  "   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n"                                                     \
  " 253       0 dm-0 9 0 72 1 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
#define AFTER                                                                                       \
  "   8       0 sda 300 5 24000 600 150 7 4800 1500 0 1600 2700 0 0 0 0 20 140\n"                   \
  " 253       0 dm-0 9 0 72 1 0 0 0 0 0 1 1 0 0 0 0 0 0\n"

static gboolean
read_counters (const char *text, const char *device, KtDiskCounters *counters)
{
  const MadeFile files[] = { { "/proc/diskstats", text }, { NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  return kt_disk_counters_read (made.root, device, counters);
}

static void
test_two_looks_make_rates_and_latencies (void)
{
  KtDiskCounters before, after;
  KtDiskActivity activity;
  g_assert_true (read_counters (BEFORE, "sda", &before));
  g_assert_true (read_counters (AFTER, "sda", &after));
  after.taken_us = before.taken_us + 2 * G_USEC_PER_SEC;
  g_assert_true (kt_disk_activity (&before, &after, &activity));
  g_assert_cmpfloat (activity.reads_per_s, ==, 100);
  g_assert_cmpfloat (activity.read_bytes_per_s, ==, 8000 * 512);
  g_assert_cmpfloat (activity.read_ms, ==, 2);
  g_assert_cmpfloat (activity.writes_per_s, ==, 50);
  g_assert_cmpfloat (activity.written_bytes_per_s, ==, 1600 * 512);
  g_assert_cmpfloat (activity.write_ms, ==, 10);
  g_assert_cmpfloat (activity.flushes_per_s, ==, 5);
  g_assert_cmpfloat (activity.flush_ms, ==, 10);
  g_assert_cmpfloat (activity.busy_percent, ==, 50);
  g_assert_cmpfloat (activity.queue, ==, 1);
}

static void
test_what_did_not_happen_has_no_latency (void)
{
  KtDiskCounters before, after;
  KtDiskActivity activity;
  g_assert_true (read_counters (BEFORE, "dm-0", &before));
  g_assert_true (read_counters (AFTER, "dm-0", &after));
  after.taken_us = before.taken_us + G_USEC_PER_SEC;
  g_assert_true (kt_disk_activity (&before, &after, &activity));
  g_autoptr (JsonObject) object = kt_disk_activity_to_json (&activity);
  g_assert_false (json_object_has_member (object, "write_ms"));
  g_assert_cmpfloat (kt_json_double (object, "writes_per_s", -1), ==, 0);
}

static void
test_nothing_is_said_where_nothing_is_known (void)
{
  KtDiskCounters before, after;
  KtDiskActivity activity;
  g_assert_false (read_counters (BEFORE, "sd", &before));
  g_assert_false (read_counters ("nonsense\n  8 0 sda 1\n", "sda", &before));
  g_assert_true (read_counters (BEFORE, "sda", &before));
  g_assert_true (read_counters (AFTER, "sda", &after));
  after.taken_us = before.taken_us;
  g_assert_false (kt_disk_activity (&before, &after, &activity));
  /* The device was taken out and came back. */
  before.taken_us = after.taken_us + G_USEC_PER_SEC;
  g_assert_false (kt_disk_activity (&after, &before, &activity));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/activity/two-looks-make-rates-and-latencies", test_two_looks_make_rates_and_latencies);
  g_test_add_func ("/platform/activity/what-did-not-happen-has-no-latency", test_what_did_not_happen_has_no_latency);
  g_test_add_func ("/platform/activity/nothing-is-said-where-nothing-is-known", test_nothing_is_said_where_nothing_is_known);
  return g_test_run ();
}
