/* SPDX-License-Identifier: MIT */
#include "workload/histogram.h"

static void
assert_near (gint64 value, double wanted, double share)
{
  g_assert_cmpfloat ((double) value, >=, wanted * (1 - share));
  g_assert_cmpfloat ((double) value, <=, wanted * (1 + share));
}

static void
test_uniform (void)
{
  g_autofree KtHistogram *histogram = g_new0 (KtHistogram, 1);
  for (gint64 i = 1; i <= 1000000; i++)
    kt_histogram_record (histogram, i);
  assert_near (kt_histogram_quantile (histogram, 0.50), 500000, 0.016);
  assert_near (kt_histogram_quantile (histogram, 0.95), 950000, 0.016);
  assert_near (kt_histogram_quantile (histogram, 0.99), 990000, 0.016);
  g_assert_cmpint (kt_histogram_quantile (histogram, 1.0), <=, 1000000);
  assert_near ((gint64) kt_histogram_mean_us (histogram), 500000.5, 0.0001);
}

static void
test_small_values_are_exact (void)
{
  g_autofree KtHistogram *histogram = g_new0 (KtHistogram, 1);
  for (gint64 i = 0; i < 64; i++)
    kt_histogram_record (histogram, i);
  g_assert_cmpint (kt_histogram_quantile (histogram, 0.5), ==, 31);
  g_assert_cmpint (kt_histogram_quantile (histogram, 0), ==, 0);
}

static void
test_extremes (void)
{
  g_autofree KtHistogram *histogram = g_new0 (KtHistogram, 1);
  g_assert_cmpint (kt_histogram_quantile (histogram, 0.99), ==, 0);
  kt_histogram_record (histogram, G_GINT64_CONSTANT (3600000000) * 24);
  g_assert_cmpint (kt_histogram_quantile (histogram, 0.5), >, 0);
  kt_histogram_record (histogram, G_MAXINT64);
  g_assert_cmpint (histogram->counts[KT_HISTOGRAM_BUCKETS - 1], ==, 1);
}

static void
test_sum (void)
{
  g_autofree KtHistogram *all = g_new0 (KtHistogram, 1), *left = g_new0 (KtHistogram, 1),
                         *right = g_new0 (KtHistogram, 1);
  for (gint64 i = 0; i < 5000; i++)
    {
      kt_histogram_record (all, i * 37);
      kt_histogram_record (i % 3 == 0 ? left : right, i * 37);
    }
  kt_histogram_add (left, right);
  g_assert_cmpmem (all->counts, sizeof all->counts, left->counts, sizeof left->counts);
  g_assert_cmpint (all->total, ==, left->total);
  g_assert_cmpint (all->max_us, ==, left->max_us);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workload/histogram/quantiles-are-within-a-bucket", test_uniform);
  g_test_add_func ("/workload/histogram/small-values-are-exact", test_small_values_are_exact);
  g_test_add_func ("/workload/histogram/holds-hours-and-nothing", test_extremes);
  g_test_add_func ("/workload/histogram/parts-add-up-to-the-whole", test_sum);
  return g_test_run ();
}
