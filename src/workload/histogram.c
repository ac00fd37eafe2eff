/* SPDX-License-Identifier: MIT */
#include "workload/histogram.h"

#include <math.h>

#define SUB_BITS 6
#define SUB_BUCKETS (1 << SUB_BITS)

/* Below 64 us a bucket a microsecond; then 64 equal buckets between n and 2n. */
static guint
bucket_of (guint64 value)
{
  if (value < SUB_BUCKETS)
    return (guint) value;
  guint shift = 63 - (guint) __builtin_clzll (value) - SUB_BITS;
  guint64 bucket = (guint64) (shift + 1) * SUB_BUCKETS + ((value >> shift) - SUB_BUCKETS);
  return (guint) MIN (bucket, KT_HISTOGRAM_BUCKETS - 1);
}

static gint64
middle_of (guint bucket)
{
  if (bucket < SUB_BUCKETS)
    return bucket;
  guint shift = bucket / SUB_BUCKETS - 1;
  gint64 low = (gint64) (bucket % SUB_BUCKETS + SUB_BUCKETS) << shift;
  return low + ((G_GINT64_CONSTANT (1) << shift) >> 1);
}

void
kt_histogram_record (KtHistogram *histogram, gint64 value_us)
{
  value_us = MAX (value_us, 0);
  histogram->counts[bucket_of ((guint64) value_us)]++;
  histogram->total++;
  histogram->sum_us += (double) value_us;
  histogram->max_us = MAX (histogram->max_us, value_us);
}

void
kt_histogram_add (KtHistogram *sum, const KtHistogram *other)
{
  for (guint i = 0; i < KT_HISTOGRAM_BUCKETS; i++)
    sum->counts[i] += other->counts[i];
  sum->total += other->total;
  sum->sum_us += other->sum_us;
  sum->max_us = MAX (sum->max_us, other->max_us);
}

gint64
kt_histogram_quantile (const KtHistogram *histogram, double quantile)
{
  guint64 wanted = (guint64) ceil (quantile * (double) histogram->total);
  guint64 seen = 0;
  wanted = CLAMP (wanted, 1, histogram->total);
  for (guint i = 0; i < KT_HISTOGRAM_BUCKETS && histogram->total > 0; i++)
    {
      seen += histogram->counts[i];
      if (seen >= wanted)
        return MIN (middle_of (i), histogram->max_us);
    }
  return histogram->max_us;
}

double
kt_histogram_mean_us (const KtHistogram *histogram)
{
  return histogram->total > 0 ? histogram->sum_us / (double) histogram->total : 0;
}
