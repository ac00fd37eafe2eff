/* SPDX-License-Identifier: MIT */
#include "bench/regime.h"

#include "bench/footprint.h"

const KtBenchRegime kt_bench_regimes[] = {
  { "indexes-fit", 0.1, "the indexes with random keys have a tenth of the memory, and still fit when two checkpoint cycles have added their rows" },
  { "indexes-exceed", 2.0, "they have twice the memory: a full explorer on a small machine" },
  { NULL },
};

const KtBenchRegime *
kt_bench_regime_find (const char *name)
{
  for (const KtBenchRegime *regime = kt_bench_regimes; regime->name != NULL; regime++)
    if (g_str_equal (regime->name, name))
      return regime;
  return NULL;
}

guint64
kt_bench_regime_transactions (const KtBenchRegime *regime, gint64 memory_bytes, const KtFeatures *features, double tps)
{
  double each = kt_footprint_random_bytes (features, tps);
  return each > 0 ? (guint64) (regime->share * (double) memory_bytes / each) : 0;
}
