/* SPDX-License-Identifier: MIT */
#include "change/moment.h"

#define BEGIN 1000000 /* wall clock at the beginning */
#define UP 5000       /* since boot at the beginning */
#define SPAN 600

static const struct {
  const char *what;
  KtMoment from, now;
  gint64 left;
} rows[] = {
  { "nothing has passed", { "a", UP, BEGIN }, { "a", UP, BEGIN }, SPAN },
  { "some has passed", { "a", UP, BEGIN }, { "a", UP + 100, BEGIN + 100 }, SPAN - 100 },
  { "all has passed", { "a", UP, BEGIN }, { "a", UP + SPAN, BEGIN + SPAN }, 0 },
  { "long over", { "a", UP, BEGIN }, { "a", UP + 9999, BEGIN + 9999 }, 0 },
  { "wall clock set forward changes nothing", { "a", UP, BEGIN }, { "a", UP + 100, BEGIN + 99999999 }, SPAN - 100 },
  { "wall clock set back changes nothing", { "a", UP, BEGIN }, { "a", UP + 100, 5 }, SPAN - 100 },
  { "rebooted: the wall clock counts", { "a", UP, BEGIN }, { "b", 10, BEGIN + 200 }, SPAN - 200 },
  { "rebooted: over by the wall clock", { "a", UP, BEGIN }, { "b", 10, BEGIN + SPAN + 1 }, 0 },
  { "rebooted, wall clock before the beginning: over", { "a", UP, BEGIN }, { "b", 10, BEGIN - 1 }, 0 },
  { "boot unknown on both sides: the wall clock counts", { "", UP, BEGIN }, { "", UP, BEGIN + 50 }, SPAN - 50 },
  { "another time namespace: the wall clock counts", { "a", UP, BEGIN }, { "a", UP - 1, BEGIN + 50 }, SPAN - 50 },
};

static void
test_left (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_assert_cmpint (kt_moment_left (&rows[i].from, SPAN, &rows[i].now), ==, rows[i].left);
}

static void
test_now_goes_forward (void)
{
  KtMoment first = kt_moment_now (), second = kt_moment_now ();
  g_assert_cmpstr (first.boot, !=, "");
  g_assert_true (first.boot == second.boot);
  g_assert_cmpint (second.since_boot_ms, >=, first.since_boot_ms);
  g_assert_cmpint (first.since_boot_ms, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *words = g_strdelimit (g_strdup (rows[i].what), " :,", '-');
      g_autofree char *path = g_strconcat ("/change/moment/", words, NULL);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_left);
    }
  g_test_add_func ("/change/moment/now-goes-forward", test_now_goes_forward);
  return g_test_run ();
}
