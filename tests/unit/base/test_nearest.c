/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

static void
test_a_word_with_two_mistakes_is_understood (void)
{
  static const char *const words[] = { "work_mem", "wal_buffers", "shared_buffers" };
  static const struct { const char *typed, *meant; } rows[] = {
    { "work_mem", "work_mem" }, { "wrk_mem", "work_mem" },         { "work_memm", "work_mem" },
    { "wirk_men", "work_mem" }, { "shared_bufers", "shared_buffers" }, { "", NULL },
    { "max_wal_size", NULL },   { "wrkmm_x", NULL },
  };
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_ptr_array_add (known, (gpointer) words[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (kt_nearest_word (rows[i].typed, known), ==, rows[i].meant);
}

static void
test_nothing_is_near_when_nothing_is_known (void)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_assert_null (kt_nearest_word ("work_mem", known));
}

static void
test_the_nearest_of_several_wins (void)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_ptr_array_add (known, (gpointer) "--dsm");
  g_ptr_array_add (known, (gpointer) "--dsn");
  g_assert_cmpstr (kt_nearest_word ("--dsn", known), ==, "--dsn");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nearest/a-word-with-two-mistakes-is-understood", test_a_word_with_two_mistakes_is_understood);
  g_test_add_func ("/nearest/nothing-is-near-when-nothing-is-known", test_nothing_is_near_when_nothing_is_known);
  g_test_add_func ("/nearest/the-nearest-of-several-wins", test_the_nearest_of_several_wins);
  return g_test_run ();
}
