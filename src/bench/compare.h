/* SPDX-License-Identifier: MIT
 *
 * Two or more configurations, measured in turn (A B C, C B A, …) on private servers that all begin with the same bytes
 * and cold caches, and what can be said of the difference.
 */
#pragma once

#include "bench/instance.h"
#include "bench/run.h"
#include "bench/statistics.h"

typedef struct {
  char *name;       /* unique within a comparison */
  char *conf_text;
  GStrv statements; /* SQL after the first start, before the load; NULL: none */
} KtBenchConfiguration;

void kt_bench_configuration_free (KtBenchConfiguration *configuration);

typedef struct {
  KtBenchInstanceOptions instance; /* conf_text is filled in */
  const GPtrArray *configurations; /* KtBenchConfiguration; the first one is what others are compared with */
  guint rounds;
  KtBenchRun run;                  /* times, load; what belongs to one server is filled in */
  gboolean crash;                  /* kill -9 after each run, and how long the recovery takes */
} KtBenchComparison;

/* {metrics: the table, configurations: [{name, settings, statements, problem?, runs: […], summary: {metric: {value,
 * low, high, n}}, ratios: {metric: {value, low, high, n, change}}}], rounds, notes: […], limits: {memory, cpus, disk}}.
 * A configuration that does not start, or whose server ends, is told by `problem` and left out of later rounds.
 * Errors: KT_ERROR_INTERRUPTED, KT_ERROR_NO_SPACE, KT_ERROR_UNSUPPORTED; KT_ERROR_VERIFY when not one of them ran. */
JsonObject *kt_bench_compare (const KtBenchComparison *comparison, GError **error);

/* Pure: (re)computes summary and ratios from the runs in @document. Ratios are to the first configuration. */
void kt_bench_summarize (JsonObject *document);
/* Pure: {metric: ratio} of two configurations that were not measured side by side: is the later one a regression? */
JsonObject *kt_bench_ratios_to_baseline (JsonObject *baseline, JsonObject *now);

/* Pure: does one of @ratios say that something got worse than before? */
gboolean kt_bench_has_regression (JsonObject *ratios);

/* "less", "more", "none" or "unknown". */
const char *kt_difference_name (KtDifference change);
