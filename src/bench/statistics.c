/* SPDX-License-Identifier: MIT */
#include "bench/statistics.h"

#include "workload/random.h"

#include <math.h>
#include <string.h>

#define RESAMPLES 4000
#define FEW 8
#define SEED G_GUINT64_CONSTANT (0x6b617370)
#define TAIL 0.025

static int
compare_doubles (gconstpointer left, gconstpointer right)
{
  double a = *(const double *) left, b = *(const double *) right;
  return a < b ? -1 : a > b;
}

static double
percentile_of_sorted (const double *sorted, guint n, double share)
{
  double place = CLAMP (share, 0.0, 1.0) * (n - 1);
  guint below = (guint) place;
  guint above = MIN (below + 1, n - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

static double *
sorted_copy (const double *values, guint n)
{
  double *sorted = g_memdup2 (values, n * sizeof *values);
  qsort (sorted, n, sizeof *sorted, compare_doubles);
  return sorted;
}

double
kt_mean (const double *values, guint n)
{
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += values[i];
  return n > 0 ? sum / n : NAN;
}

double
kt_percentile (const double *values, guint n, double share)
{
  if (n == 0)
    return NAN;
  g_autofree double *sorted = sorted_copy (values, n);
  return percentile_of_sorted (sorted, n, share);
}

double
kt_median (const double *values, guint n)
{
  return kt_percentile (values, n, 0.5);
}

static double
variance (const double *values, guint n)
{
  double mean = kt_mean (values, n), sum = 0;
  for (guint i = 0; i < n; i++)
    sum += (values[i] - mean) * (values[i] - mean);
  return n > 1 ? sum / (n - 1) : 0;
}

/* 97.5 % quantile of Student's t; between the tabled degrees of freedom 1/df is nearly linear. */
static double
student_quantile (double df)
{
  static const struct {
    double df, t;
  } rows[] = {
    { 1, 12.7062 }, { 2, 4.3027 },  { 3, 3.1824 },  { 4, 2.7764 },  { 5, 2.5706 },  { 6, 2.4469 },  { 7, 2.3646 },
    { 8, 2.3060 },  { 9, 2.2622 },  { 10, 2.2281 }, { 12, 2.1788 }, { 15, 2.1314 }, { 20, 2.0860 }, { 30, 2.0423 },
    { 60, 2.0003 }, { 1e9, 1.9600 },
  };
  gsize i = 1;
  while (i + 1 < G_N_ELEMENTS (rows) && rows[i].df < df)
    i++;
  double share = (1 / df - 1 / rows[i - 1].df) / (1 / rows[i].df - 1 / rows[i - 1].df);
  return rows[i - 1].t + CLAMP (share, 0.0, 1.0) * (rows[i].t - rows[i - 1].t);
}

/* The share of resamples to leave out at each end, so that an interval of @n values covers what it claims. */
static double
widened_tail (guint n)
{
  double z = student_quantile (n - 1) * sqrt ((double) n / (n - 1));
  return 0.5 * erfc (z / G_SQRT2);
}

static double
mean_of_resample (const double *values, guint n, guint64 *sequence)
{
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += values[kt_below ((guint32) kt_mix ((*sequence)++), n)];
  return sum / n;
}

/* Mean of @a minus mean of @b; @b NULL: nothing is subtracted. */
static KtEstimate
estimate_difference (const double *a, guint n_a, const double *b, guint n_b)
{
  KtEstimate estimate = { NAN, NAN, NAN, 0 };
  if (n_a == 0 || (b != NULL && n_b == 0))
    return estimate;
  estimate.n = b != NULL ? MIN (n_a, n_b) : n_a;
  estimate.value = kt_mean (a, n_a) - (b != NULL ? kt_mean (b, n_b) : 0);
  if (estimate.n < 2)
    return estimate;

  g_autofree double *means = g_new (double, RESAMPLES);
  guint64 sequence = kt_mix (SEED);
  for (guint i = 0; i < RESAMPLES; i++)
    means[i] = mean_of_resample (a, n_a, &sequence) - (b != NULL ? mean_of_resample (b, n_b, &sequence) : 0);
  qsort (means, RESAMPLES, sizeof *means, compare_doubles);
  double tail = widened_tail (estimate.n);
  estimate.low = percentile_of_sorted (means, RESAMPLES, tail);
  estimate.high = percentile_of_sorted (means, RESAMPLES, 1 - tail);

  double error_a = variance (a, n_a) / n_a, error_b = b != NULL ? variance (b, n_b) / n_b : 0;
  double error = error_a + error_b;
  if (estimate.n >= FEW || error <= 0)
    return estimate;
  /* Welch's degrees of freedom; with one sample they are n - 1. */
  double df = error * error / (error_a * error_a / (n_a - 1) + (b != NULL ? error_b * error_b / (n_b - 1) : 0));
  double reach = student_quantile (df) * sqrt (error);
  estimate.low = MIN (estimate.low, estimate.value - reach);
  estimate.high = MAX (estimate.high, estimate.value + reach);
  return estimate;
}

KtEstimate
kt_estimate_mean (const double *values, guint n)
{
  return estimate_difference (values, n, NULL, 0);
}

/* Logarithms, or NULL when there is a value that has none. Caller frees. */
static double *
logarithms (const double *values, guint n)
{
  double *logs = g_new (double, n + 1);
  for (guint i = 0; i < n; i++)
    {
      if (!(values[i] > 0))
        {
          g_free (logs);
          return NULL;
        }
      logs[i] = log (values[i]);
    }
  return logs;
}

static KtEstimate
exponential (KtEstimate estimate)
{
  return (KtEstimate){ exp (estimate.value), exp (estimate.low), exp (estimate.high), estimate.n };
}

KtEstimate
kt_estimate_ratio_of_pairs (const double *base, const double *other, guint n)
{
  g_autofree double *logs = logarithms (base, n);
  g_autofree double *other_logs = logarithms (other, n);
  if (logs == NULL || other_logs == NULL)
    return (KtEstimate){ NAN, NAN, NAN, 0 };
  for (guint i = 0; i < n; i++)
    logs[i] = other_logs[i] - logs[i];
  return exponential (kt_estimate_mean (logs, n));
}

KtEstimate
kt_estimate_ratio (const double *base, guint n_base, const double *other, guint n_other)
{
  g_autofree double *logs = logarithms (base, n_base);
  g_autofree double *other_logs = logarithms (other, n_other);
  if (logs == NULL || other_logs == NULL)
    return (KtEstimate){ NAN, NAN, NAN, 0 };
  return exponential (estimate_difference (other_logs, n_other, logs, n_base));
}

KtDifference
kt_estimate_direction (const KtEstimate *ratio)
{
  if (!isfinite (ratio->low) || !isfinite (ratio->high))
    return KT_DIFFERENCE_UNKNOWN;
  if (ratio->high < 1)
    return KT_DIFFERENCE_LESS;
  return ratio->low > 1 ? KT_DIFFERENCE_MORE : KT_DIFFERENCE_NONE;
}
