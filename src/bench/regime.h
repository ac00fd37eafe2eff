/* SPDX-License-Identifier: MIT
 *
 * The two situations that decide what settings can do, as sizes of a data set: the indexes with random keys fit in
 * memory, or they do not by far. Pure.
 */
#pragma once

#include "indexer/features.h"

typedef struct {
  const char *name;
  double share;        /* of the machine's memory that these indexes have */
  const char *summary;
} KtBenchRegime;

/* Ends with a NULL name. */
extern const KtBenchRegime kt_bench_regimes[];
/* NULL when there is none of that name. */
const KtBenchRegime *kt_bench_regime_find (const char *name);

/* Transactions, coinbases included, of a data set for a machine with @memory_bytes, at @tps transactions a second of
 * its chain. */
guint64 kt_bench_regime_transactions (const KtBenchRegime *regime, gint64 memory_bytes, const KtFeatures *features,
                                      double tps);
