/* SPDX-License-Identifier: MIT */
#include "bench/statistics.h"

#include "workload/random.h"

#include <math.h>

#define TRIALS 600

static double
uniform (guint64 *sequence)
{
  return ((double) (kt_mix ((*sequence)++) >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal (guint64 *sequence)
{
  double radius = sqrt (-2 * log (uniform (sequence)));
  return radius * cos (2 * G_PI * uniform (sequence));
}

static void
test_middle_and_percentiles (void)
{
  const double values[] = { 9, 1, 3, 5 };
  g_assert_cmpfloat (kt_mean (values, 4), ==, 4.5);
  g_assert_cmpfloat (kt_median (values, 4), ==, 4);
  g_assert_cmpfloat (kt_median (values, 3), ==, 3);
  g_assert_cmpfloat (kt_percentile (values, 4, 0), ==, 1);
  g_assert_cmpfloat (kt_percentile (values, 4, 1), ==, 9);
  g_assert_cmpfloat_with_epsilon (kt_percentile (values, 4, 0.95), 8.4, 1e-9);
  g_assert_true (isnan (kt_mean (values, 0)) && isnan (kt_median (values, 0)));
}

static void
test_one_value_has_no_interval (void)
{
  const double values[] = { 7, 8 };
  KtEstimate one = kt_estimate_mean (values, 1), none = kt_estimate_mean (values, 0);
  g_assert_cmpfloat (one.value, ==, 7);
  g_assert_true (isnan (one.low) && isnan (one.high));
  g_assert_cmpint (kt_estimate_direction (&one), ==, KT_DIFFERENCE_UNKNOWN);
  g_assert_true (isnan (none.value));
  g_assert_cmpuint (none.n, ==, 0);
}

static void
test_same_values_same_interval (void)
{
  const double values[] = { 5, 4, 6, 7, 5, 6, 4, 9, 5 };
  KtEstimate first = kt_estimate_mean (values, G_N_ELEMENTS (values));
  KtEstimate again = kt_estimate_mean (values, G_N_ELEMENTS (values));
  g_assert_cmpfloat (first.low, ==, again.low);
  g_assert_cmpfloat (first.high, ==, again.high);
  g_assert_cmpfloat (first.low, <, first.value);
  g_assert_cmpfloat (first.high, >, first.value);
}

/* How often the interval of @n values holds the true mean, of TRIALS. */
static double
coverage (guint n, double (*draw) (guint64 *sequence), double truth, double *mean_width)
{
  g_autofree double *values = g_new (double, n);
  guint64 sequence = kt_mix (n);
  guint held = 0;
  double width = 0;
  for (guint trial = 0; trial < TRIALS; trial++)
    {
      for (guint i = 0; i < n; i++)
        values[i] = draw (&sequence);
      KtEstimate estimate = kt_estimate_mean (values, n);
      held += estimate.low <= truth && truth <= estimate.high;
      width += estimate.high - estimate.low;
    }
  *mean_width = width / TRIALS;
  return (double) held / TRIALS;
}

/* 600 trials of a true 95 % interval hold the mean in 92.9 ... 96.7 % of cases (two standard errors). Nor may it be
 * wider than Student's, whose mean width is 2 t c4 / sqrt (n). */
static void
test_interval_covers_what_it_claims (void)
{
  static const struct {
    guint n;
    double width;
  } rows[] = { { 3, 4.40 }, { 4, 2.93 }, { 5, 2.33 }, { 7, 1.77 }, { 8, 1.61 }, { 12, 1.24 }, { 30, 0.74 } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      double width, share = coverage (rows[i].n, normal, 0, &width);
      g_test_message ("%u normal values: %.3f, width %.2f", rows[i].n, share, width);
      g_assert_cmpfloat (share, >=, 0.925);
      g_assert_cmpfloat (share, <=, 0.98);
      g_assert_cmpfloat_with_epsilon (width, rows[i].width, 0.1 * rows[i].width);
    }
}

static double
skewed (guint64 *sequence)
{
  return -log (uniform (sequence));
}

static void
test_skewed_values_are_nearly_covered (void)
{
  static const guint sizes[] = { 5, 10, 30 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      double width, share = coverage (sizes[i], skewed, 1, &width);
      g_test_message ("%u exponential values: %.3f", sizes[i], share);
      g_assert_cmpfloat (share, >=, 0.86);
    }
}

/* A machine that is slow in some rounds: both configurations suffer alike, the ratio does not. */
static void
test_pairs_take_out_the_round (void)
{
  const double base[] = { 1000, 400, 900, 520 };
  const double other[] = { 1210, 478, 1085, 620 };
  KtEstimate pairs = kt_estimate_ratio_of_pairs (base, other, 4);
  KtEstimate apart = kt_estimate_ratio (base, 4, other, 4);
  g_assert_cmpfloat_with_epsilon (pairs.value, 1.2, 0.01);
  g_assert_cmpfloat_with_epsilon (apart.value, pairs.value, 1e-9);
  g_assert_cmpint (kt_estimate_direction (&pairs), ==, KT_DIFFERENCE_MORE);
  g_assert_cmpint (kt_estimate_direction (&apart), ==, KT_DIFFERENCE_NONE);
  KtEstimate back = kt_estimate_ratio_of_pairs (other, base, 4);
  g_assert_cmpint (kt_estimate_direction (&back), ==, KT_DIFFERENCE_LESS);
  g_assert_cmpfloat_with_epsilon (back.low * pairs.high, 1, 0.01);
}

static void
test_no_ratio_to_nothing (void)
{
  const double base[] = { 0, 1, 2 }, other[] = { 3, 4, 5 };
  KtEstimate ratio = kt_estimate_ratio_of_pairs (base, other, 3);
  g_assert_cmpuint (ratio.n, ==, 0);
  g_assert_cmpint (kt_estimate_direction (&ratio), ==, KT_DIFFERENCE_UNKNOWN);
  ratio = kt_estimate_ratio (other, 3, base, 3);
  g_assert_cmpint (kt_estimate_direction (&ratio), ==, KT_DIFFERENCE_UNKNOWN);
}

/* Equal configurations must seldom be called different, different ones often be told apart. */
static void
test_changes_are_called_rightly (void)
{
  guint64 sequence = kt_mix (5);
  guint wrong = 0, found = 0;
  for (guint trial = 0; trial < TRIALS; trial++)
    {
      double base[4], same[4], better[4];
      for (guint i = 0; i < 4; i++)
        {
          base[i] = exp (0.03 * normal (&sequence));
          same[i] = exp (0.03 * normal (&sequence));
          better[i] = 1.2 * exp (0.03 * normal (&sequence));
        }
      KtEstimate equal = kt_estimate_ratio_of_pairs (base, same, 4);
      KtEstimate more = kt_estimate_ratio_of_pairs (base, better, 4);
      wrong += kt_estimate_direction (&equal) != KT_DIFFERENCE_NONE;
      found += kt_estimate_direction (&more) == KT_DIFFERENCE_MORE;
    }
  g_test_message ("called %u of %u equal ones, %u of %u different ones", wrong, TRIALS, found, TRIALS);
  g_assert_cmpuint (wrong, <=, TRIALS * 8 / 100);
  g_assert_cmpuint (wrong, >, 0);
  g_assert_cmpuint (found, >=, TRIALS * 95 / 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/statistics/middle-and-percentiles", test_middle_and_percentiles);
  g_test_add_func ("/bench/statistics/one-value-has-no-interval", test_one_value_has_no_interval);
  g_test_add_func ("/bench/statistics/same-values-same-interval", test_same_values_same_interval);
  g_test_add_func ("/bench/statistics/interval-covers-what-it-claims", test_interval_covers_what_it_claims);
  g_test_add_func ("/bench/statistics/skewed-values-are-nearly-covered", test_skewed_values_are_nearly_covered);
  g_test_add_func ("/bench/statistics/pairs-take-out-the-round", test_pairs_take_out_the_round);
  g_test_add_func ("/bench/statistics/no-ratio-to-nothing", test_no_ratio_to_nothing);
  g_test_add_func ("/bench/statistics/changes-are-called-rightly", test_changes_are_called_rightly);
  return g_test_run ();
}
