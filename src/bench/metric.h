/* SPDX-License-Identifier: MIT
 *
 * THE table of what a run is measured by. Those that do not depend on the machine's mood stand first. Values travel as
 * a JSON object of numbers by name; what could not be measured is absent.
 */
#pragma once

#include "base/json.h"

typedef enum {
  KT_BETTER_LESS,
  KT_BETTER_MORE,
} KtBetter;

typedef struct {
  const char *name, *title, *unit;
  KtBetter better;
  gboolean steady;     /* repeats on a busy machine */
  const char *meaning;
} KtBenchMetric;

extern const KtBenchMetric kt_bench_metrics[]; /* ends with a NULL name */

/* [{name, title, unit, better, steady, meaning}]: what a reader of results needs to know. */
JsonArray *kt_bench_metrics_to_json (void);
