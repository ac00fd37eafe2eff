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
  double batch_scale;      /* of the load; 0: as the comparison says */
  guint batch_concurrency; /* likewise */
} KtBenchConfiguration;

void kt_bench_configuration_free (KtBenchConfiguration *configuration);

typedef struct {
  KtBenchInstanceOptions instance; /* conf_text is filled in */
  const GPtrArray *configurations; /* KtBenchConfiguration; the first one is what others are compared with */
  guint rounds;
  KtBenchRun run;                  /* times, load; what belongs to one server is filled in */
  gboolean cold;                   /* begin with empty caches instead of with the indexes in them */
  gboolean crash;                  /* kill -9 after each run, and how long the recovery takes */
  gint64 deadline_us;              /* monotonic: no further round begins that would end later, judged by the last; 0: none */
  /* After every run, so that it is not lost. FALSE ends the comparison. */
  gboolean (*keep) (JsonObject *document, gpointer data, GError **error);
  gpointer data;
} KtBenchComparison;

/* {metrics: the table, configurations: [{name, conf_text, statements, settings, left_out: […], problem?, runs: […],
 * summary: {metric: {value, low, high, n}}, ratios: {metric: {value, low, high, n, change}}}], rounds, notes: […],
 * limits: {memory, cpus, disk}}, without any run yet. */
JsonObject *kt_bench_comparison_document (const KtBenchComparison *comparison);
/* The configurations in @document again. Elements KtBenchConfiguration. */
GPtrArray *kt_bench_configurations_of (JsonObject *document);

/* Measures what @document does not hold yet and puts it in. A configuration that does not start, or whose server ends,
 * is told by `problem` and left out of later rounds; so is one whose run did not count. What is in @document after an
 * error can be gone on with.
 * Errors: KT_ERROR_INTERRUPTED, KT_ERROR_NO_SPACE, KT_ERROR_UNSUPPORTED; KT_ERROR_VERIFY when not one of them ran. */
gboolean kt_bench_compare (const KtBenchComparison *comparison, JsonObject *document, GError **error);

/* For those who choose what to measure next: a configuration more at the end of @document … */
void kt_bench_add_configuration (JsonObject *document, const KtBenchConfiguration *configuration);
/* … and one run of the one at @which in @round, unless it is there or left out as above. Keeps it. */
gboolean kt_bench_measure (const KtBenchComparison *comparison, guint which, guint round, JsonObject *document,
                           GError **error);

/* Pure: (re)computes summary and ratios from the runs in @document. Ratios are to the first configuration, of rounds in
 * which both count. The summary of a configuration of which no run counts is there to look at: it has no ratios. */
void kt_bench_summarize (JsonObject *document);
/* Pure: {metric: ratio} of two configurations that were not measured side by side: is the later one a regression? */
JsonObject *kt_bench_ratios_to_baseline (JsonObject *baseline, JsonObject *now);

/* Pure: does one of @ratios say that something got worse than before? */
gboolean kt_bench_has_regression (JsonObject *ratios);

/* "less", "more", "none" or "unknown". */
const char *kt_difference_name (KtDifference change);
