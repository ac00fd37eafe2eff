/* SPDX-License-Identifier: MIT
 *
 * bench/: what a load really does on a server. Runs, what they are measured by, comparisons of configurations on
 * emulated machines, their history and reports. It never decides what a setting should be.
 *
 * This file: means, ratios and how sure they are. Pure; the same values always give the same intervals.
 *
 * Intervals cover 95 %. They come from 4,000 bootstrap resamples (percentiles, widened for the small sample after
 * Hesterberg 2015, section 5.3). Resampling fewer than 8 values cannot reach beyond the largest and the smallest of
 * them, so there the interval is at least Student's t. Two values give a very wide interval, one gives none.
 */
#pragma once

#include <glib.h>

typedef struct {
  double value;
  double low, high; /* NAN: no interval (fewer than two values) */
  guint n;          /* values, or pairs of them; 0: there is no value (NAN) */
} KtEstimate;

/* NAN when @n is 0. */
double kt_mean (const double *values, guint n);
double kt_median (const double *values, guint n);
/* @share 0 ... 1, between two values linearly. */
double kt_percentile (const double *values, guint n, double share);

KtEstimate kt_estimate_mean (const double *values, guint n);

/* Geometric mean of @other[i] / @base[i]: what the two have in common within a round (a busy machine) falls out.
 * No estimate when a value is not positive. */
KtEstimate kt_estimate_ratio_of_pairs (const double *base, const double *other, guint n);
/* The same for values that were not measured side by side. */
KtEstimate kt_estimate_ratio (const double *base, guint n_base, const double *other, guint n_other);

typedef enum {
  KT_DIFFERENCE_UNKNOWN, /* no interval */
  KT_DIFFERENCE_NONE,    /* the interval of the ratio holds 1: no difference was shown */
  KT_DIFFERENCE_LESS,
  KT_DIFFERENCE_MORE,
} KtDifference;

/* Only the interval decides, never the ratio itself. */
KtDifference kt_estimate_direction (const KtEstimate *ratio);
