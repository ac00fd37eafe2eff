/* SPDX-License-Identifier: MIT
 *
 * Latencies in logarithmic buckets: 64 to each doubling, so that every quantile is right within 1.6 %, from 1 us to
 * hours, in constant memory. Not locked: one per thread, added up at the end.
 */
#pragma once

#include <glib.h>

#define KT_HISTOGRAM_BUCKETS 2560

typedef struct {
  guint64 counts[KT_HISTOGRAM_BUCKETS];
  guint64 total;
  gint64 max_us;
  double sum_us;
} KtHistogram;

void kt_histogram_record (KtHistogram *histogram, gint64 value_us);
void kt_histogram_add (KtHistogram *sum, const KtHistogram *other);
/* @quantile 0 ... 1. Microseconds: middle of the bucket that holds it, never above the maximum. 0 when empty. */
gint64 kt_histogram_quantile (const KtHistogram *histogram, double quantile);
double kt_histogram_mean_us (const KtHistogram *histogram);
