/* SPDX-License-Identifier: MIT */
#include "storage/activity.h"

#include "base/size.h"

#include <string.h>

/* As recorded from OpenZFS 2.1.11 (17 fields) and 2.3.2 (18): the mean since the import, then two seconds. */
#define RECORDED \
  "tank\t12492800\t2000773120\t0\t285\t3267\t2193496\t5767168\t1133464\t5767168\t657002\t166656\t9164\t-\t537327\t-\t-\n" \
  "tank\t20619264\t1992646656\t0\t583\t0\t8738044\t-\t371852\t-\t303757\t-\t2688\t-\t67890\t-\t-\n"
#define NEWER "with space\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t-\t-\t-\n"

static void
test_samples (void)
{
  g_autoptr (GPtrArray) samples = kt_pool_rates_parse (RECORDED NEWER "\nno pools available\nvirtio-scratch0\t1\t2\n");
  g_assert_cmpuint (samples->len, ==, 3);
  const KtPoolRates *first = samples->pdata[0], *second = samples->pdata[1], *newer = samples->pdata[2];
  g_assert_cmpstr (first->pool, ==, "tank");
  g_assert_cmpint (first->write_ops, ==, 285);
  g_assert_cmpint (first->read_wait_ns, ==, 5767168);
  g_assert_cmpint (first->disk_write_wait_ns, ==, 657002);
  g_assert_cmpint (second->write_bytes, ==, 8738044);
  g_assert_cmpint (second->read_wait_ns, ==, -1); /* nothing was read */
  g_assert_cmpstr (newer->pool, ==, "with space");
  g_assert_cmpint (newer->disk_write_wait_ns, ==, 10);
}

static void
test_damaged_lines (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *text = g_strdup (RECORDED NEWER);
      gsize length = strlen (text);
      for (guint k = 0; k < 1 + i % 5; k++)
        text[g_rand_int_range (rand, 0, (gint32) length)] = "\t\n -:%9x\0"[g_rand_int_range (rand, 0, 9)];
      g_autoptr (GPtrArray) samples = kt_pool_rates_parse (text);
      for (guint k = 0; k < samples->len; k++)
        g_assert_cmpint (((KtPoolRates *) samples->pdata[k])->read_bytes, >=, -1);
    }
}

static void
test_the_cache (void)
{
  const KtArc arc = kt_arc_parse ("12 1 0x01 123 33456 3590277003 28541352604\nname                            type data\n"
                                  "hits                            4    41856\nmisses                          4    144\n"
                                  "demand_data_hits                4    96\ndemand_data_misses              4    32\n"
                                  "c_max                           4    1028542464\nsize                            4    20971520\n"
                                  "compressed_size                 4    1048576\nsizeable                        4    7\n");
  g_assert_cmpint (arc.size, ==, 20971520);
  g_assert_cmpint (arc.limit, ==, 1028542464);
  g_assert_cmpint (arc.uncompressed, ==, -1);
  g_assert_cmpfloat_with_epsilon (kt_arc_hit_percent (arc.hits, arc.misses), 99.657, 0.001);
  g_assert_cmpfloat_with_epsilon (kt_arc_hit_percent (arc.demand_hits, arc.demand_misses), 75, 0.001);
  g_assert_cmpfloat (kt_arc_hit_percent (0, 0), <, 0);
  g_assert_cmpint (kt_arc_parse ("").limit, ==, -1);
}

static void
test_memory_that_is_promised_twice (void)
{
  static const struct {
    gint64 limit, buffers, memory;
    gboolean said;
  } rows[] = {
    { 16 * KT_GIB, 8 * KT_GIB, 32 * KT_GIB, FALSE }, /* 75 % */
    { 16 * KT_GIB, 12 * KT_GIB, 32 * KT_GIB, TRUE },
    { 31 * KT_GIB, 128 * KT_MIB, 32 * KT_GIB, TRUE }, /* what 2.3 takes when nobody bounds it */
    { 16 * KT_GIB, 0, 32 * KT_GIB, FALSE },
    { -1, 8 * KT_GIB, 32 * KT_GIB, FALSE },
    { 16 * KT_GIB, 8 * KT_GIB, -1, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const KtArc arc = { .limit = rows[i].limit };
      g_autoptr (GPtrArray) findings = kt_findings_new ();
      g_test_message ("row %u", i);
      kt_find_about_arc (findings, &arc, rows[i].buffers, rows[i].memory);
      g_assert_cmpuint (findings->len, ==, rows[i].said);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storage/activity/samples", test_samples);
  g_test_add_func ("/storage/activity/damaged-lines", test_damaged_lines);
  g_test_add_func ("/storage/activity/the-cache", test_the_cache);
  g_test_add_func ("/storage/activity/memory-that-is-promised-twice", test_memory_that_is_promised_twice);
  return g_test_run ();
}
