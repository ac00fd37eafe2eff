/* SPDX-License-Identifier: MIT */
#include "bench/run.h"

#include "bench/compare.h"
#include "bench/counters.h"
#include "bench/metric.h"
#include "bench/report.h"
#include "support/cluster.h"

#include <string.h>

/* ---- counters of the machine ---- */

static void
test_process_names_do_not_confuse (void)
{
  gint64 parent, own, children;
  g_assert_true (kt_proc_stat_parse ("42 (a) b) (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3000 400 20 0 1 0 5 6 7\n",
                                     &parent, &own, &children));
  g_assert_cmpint (parent, ==, 7);
  g_assert_cmpint (own, ==, 120);
  g_assert_cmpint (children, ==, 3400);
  g_assert_false (kt_proc_stat_parse ("42 (postgres S 7", &parent, &own, &children));
  g_assert_false (kt_proc_stat_parse ("42 (postgres) S 7 42", &parent, &own, &children));
}

static void
test_waiting_for_the_disk_is_not_busy (void)
{
  g_assert_cmpint (kt_busy_ticks_parse ("cpu  10 20 30 1000 500 4 5 6 0 0\ncpu0 1 1 1 1\n"), ==, 75);
  g_assert_cmpint (kt_busy_ticks_parse ("cpu  10 20 30 1000 500\n"), ==, 60); /* an old kernel */
  g_assert_cmpint (kt_busy_ticks_parse ("intr 1 2 3"), ==, -1);
}

static void
test_own_process_uses_cpu (void)
{
  g_assert_cmpint (kt_machine_busy_us (), >, 0);
  g_assert_cmpint (kt_server_cpu_us (0), ==, -1);
  g_assert_cmpint (kt_server_cpu_us (1), >=, 0);
}

static void
test_counters_that_began_anew_are_unknown (void)
{
  KtBenchCounts before, after;
  memset (&before, 0, sizeof before);
  memset (&after, 0, sizeof after);
  before.of[KT_COUNT_WAL_BYTES] = 100;
  after.of[KT_COUNT_WAL_BYTES] = 70;
  after.of[KT_COUNT_CHECKPOINTS_TIMED] = 2;
  after.of[KT_COUNT_CHECKPOINTS_REQUESTED] = 3;
  after.of[KT_COUNT_WRITTEN_BACKENDS] = -1;
  g_assert_cmpint (kt_bench_counts_delta (&before, &after, KT_COUNT_WAL_BYTES), ==, -1);
  g_assert_cmpint (kt_bench_counts_checkpoints (&before, &after), ==, 5);
  g_assert_cmpint (kt_bench_counts_written (&before, &after), ==, -1);
}

static void
test_counters_of_every_version (gconstpointer major)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (major));
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  KtBenchCounts before, after;
  g_assert_no_error (error);
  g_assert_true (kt_bench_counts_read (connection, &before, &error));
  kt_test_cluster_do (cluster, "CREATE TABLE t AS SELECT i FROM generate_series (1, 10000) i; CHECKPOINT");
  /* 15 and later report a session's counts when it ends or after a second, earlier ones by a collector. */
  for (guint i = 0; i < 100; i++)
    {
      g_assert_true (kt_bench_counts_read (connection, &after, &error));
      if (kt_bench_counts_checkpoints (&before, &after) > 0
          && kt_bench_counts_delta (&before, &after, KT_COUNT_BLOCKS_HIT) > 0
          && kt_bench_counts_delta (&before, &after, KT_COUNT_WAL_BYTES) > 100000
          && kt_bench_counts_written (&before, &after) >= 40)
        break;
      g_usleep (100000);
    }
  kt_test_cluster_do (cluster, "DROP TABLE t");
  for (guint i = 0; i < KT_N_COUNTS; i++)
    {
      gboolean of_tables = i == KT_COUNT_TRANSACTIONS || i == KT_COUNT_BLOCKS; /* there are none here */
      gboolean since_14 = i == KT_COUNT_WAL_FULL_PAGE_IMAGES || i == KT_COUNT_WAL_BUFFERS_FULL;
      gboolean known = !of_tables && (!since_14 || GPOINTER_TO_INT (major) >= 14);
      g_test_message ("%s: %" G_GINT64_FORMAT, kt_count_name (i), after.of[i]);
      g_assert_true (known == (after.of[i] >= 0));
    }
  g_assert_cmpint (kt_bench_counts_delta (&before, &after, KT_COUNT_WAL_BYTES), >, 100000);
  g_assert_cmpint (kt_bench_counts_checkpoints (&before, &after), >=, 1);
  g_assert_cmpint (kt_bench_counts_written (&before, &after), >=, 40); /* the table has 45 pages */
}

/* ---- what bounded it ---- */

static void
assert_bound (KtBenchBound bound, const char *wanted, const char *words)
{
  g_autofree char *sentence = NULL;
  g_assert_cmpstr (kt_bench_bound (&bound, &sentence), ==, wanted);
  g_assert_nonnull (strstr (sentence, words));
}

static void
test_the_bound_is_the_limit_that_was_reached (void)
{
  const KtBenchBound unknown = { .disk_reads = -1, .disk_writes = -1, .disk_bytes = -1, .cpu = 0.3 };
  KtBenchBound bound = unknown;
  bound.disk_reads = 0.97;
  assert_bound (bound, "disk", "97 % of the reads");
  bound.disk_bytes = 0.99;
  assert_bound (bound, "disk", "99 % of the bytes");
  bound = unknown;
  bound.cpu = 0.93;
  assert_bound (bound, "cpu", "93 %");
  bound = unknown;
  bound.machine_cpu = 0.99;
  bound.other_cpus = 1.4;
  assert_bound (bound, "machine", "1.4 CPUs");
  bound = unknown;
  bound.wait = "IO/WALSync";
  bound.wait_share = 0.5;
  assert_bound (bound, "waiting", "IO/WALSync in 50 %");
  assert_bound (unknown, "waiting", "no limit was reached");
}

/* ---- summaries ---- */

static void
add_run (JsonArray *runs, gint64 round, gboolean counts, double wal, double rate)
{
  JsonObject *run = json_object_new (), *metrics = json_object_new ();
  json_object_set_double_member (metrics, "wal_bytes_per_tx", wal);
  json_object_set_double_member (metrics, "transactions_per_s", rate);
  json_object_set_int_member (run, "round", round);
  json_object_set_boolean_member (run, "counts", counts);
  json_object_set_object_member (run, "metrics", metrics);
  json_array_add_object_element (runs, run);
}

static JsonArray *
add_configuration (JsonObject *document, const char *name)
{
  JsonObject *configuration = json_object_new ();
  JsonArray *runs = json_array_new ();
  if (kt_json_array (document, "configurations") == NULL)
    json_object_set_array_member (document, "configurations", json_array_new ());
  json_object_set_string_member (configuration, "name", name);
  json_object_set_array_member (configuration, "runs", runs);
  json_array_add_object_element (kt_json_array (document, "configurations"), configuration);
  return runs;
}

static JsonObject *
made_up (double factor)
{
  JsonObject *document = json_object_new ();
  JsonArray *first = add_configuration (document, "defaults"), *second = add_configuration (document, "tuned <b>");
  json_object_set_int_member (document, "rounds", 4);
  json_object_set_array_member (document, "metrics", kt_bench_metrics_to_json ());
  for (gint64 round = 1; round <= 4; round++)
    {
      double mood = round % 2 == 0 ? 0.6 : 1.0;
      add_run (first, round, TRUE, 28000 + (double) round, 1000 * mood);
      add_run (second, round, TRUE, 7000 * factor + (double) round, 3000 * mood);
    }
  return document;
}

static JsonObject *
member_of (JsonObject *document, guint which, const char *member, const char *metric)
{
  JsonObject *configuration = json_array_get_object_element (kt_json_array (document, "configurations"), which);
  return kt_json_object (kt_json_object (configuration, member), metric);
}

static void
test_ratios_are_of_rounds (void)
{
  g_autoptr (JsonObject) document = made_up (1);
  kt_bench_summarize (document);
  JsonObject *rate = member_of (document, 1, "ratios", "transactions_per_s");
  g_assert_cmpfloat_with_epsilon (kt_json_double (rate, "value", 0), 3, 1e-9);
  g_assert_cmpstr (kt_json_string (rate, "change", ""), ==, "more");
  g_assert_cmpstr (kt_json_string (member_of (document, 1, "ratios", "wal_bytes_per_tx"), "change", ""), ==, "less");
  g_assert_cmpint (kt_json_int (member_of (document, 1, "summary", "transactions_per_s"), "n", 0), ==, 4);
  g_assert_null (member_of (document, 0, "ratios", "transactions_per_s"));
  g_assert_null (member_of (document, 1, "summary", "recovery_ms")); /* nobody measured it */
}

static void
test_runs_that_do_not_count_are_left_out (void)
{
  g_autoptr (JsonObject) document = made_up (1);
  JsonArray *runs = kt_json_array (json_array_get_object_element (kt_json_array (document, "configurations"), 1),
                                   "runs");
  json_object_set_boolean_member (json_array_get_object_element (runs, 0), "counts", FALSE);
  kt_bench_summarize (document);
  g_assert_cmpint (kt_json_int (member_of (document, 1, "summary", "transactions_per_s"), "n", 0), ==, 3);
  g_assert_cmpint (kt_json_int (member_of (document, 1, "ratios", "transactions_per_s"), "n", 0), ==, 3);
  for (guint i = 0; i < 4; i++)
    json_object_set_boolean_member (json_array_get_object_element (runs, i), "counts", FALSE);
  kt_bench_summarize (document); /* none counts: shown, but not ranked */
  g_assert_null (member_of (document, 1, "ratios", "transactions_per_s"));
  JsonObject *second = json_array_get_object_element (kt_json_array (document, "configurations"), 1);
  g_assert_cmpint (kt_json_int (member_of (document, 1, "summary", "transactions_per_s"), "n", 0), ==, 4);
  g_assert_false (kt_json_bool (second, "counts", TRUE));
}

static void
test_regressions_need_an_interval (void)
{
  g_autoptr (JsonObject) before = made_up (1);
  g_autoptr (JsonObject) same = made_up (1);
  g_autoptr (JsonObject) worse = made_up (1.5);
  JsonObject *then = json_array_get_object_element (kt_json_array (before, "configurations"), 1);
  JsonObject *again = json_array_get_object_element (kt_json_array (same, "configurations"), 1);
  JsonObject *now = json_array_get_object_element (kt_json_array (worse, "configurations"), 1);
  g_autoptr (JsonObject) no_change = kt_bench_ratios_to_baseline (then, again);
  g_autoptr (JsonObject) change = kt_bench_ratios_to_baseline (then, now);
  g_autoptr (JsonObject) back = kt_bench_ratios_to_baseline (now, then);
  g_assert_false (kt_bench_has_regression (no_change));
  g_assert_true (kt_bench_has_regression (change));
  g_assert_false (kt_bench_has_regression (back)); /* better is no regression */
  json_array_remove_element (kt_json_array (now, "runs"), 3);
  json_array_remove_element (kt_json_array (now, "runs"), 2);
  json_array_remove_element (kt_json_array (now, "runs"), 1);
  g_autoptr (JsonObject) one_run = kt_bench_ratios_to_baseline (then, now);
  g_assert_false (kt_bench_has_regression (one_run)); /* half as much again, but a single run proves nothing */
}

/* ---- report ---- */

static void
count_element (GMarkupParseContext *context, const char *element, const char **names, const char **values,
               gpointer data, GError **error)
{
  g_hash_table_replace (data, g_strdup (element),
                        GINT_TO_POINTER (1 + GPOINTER_TO_INT (g_hash_table_lookup (data, element))));
  for (guint i = 0; names[i] != NULL; i++)
    g_assert_false (g_str_equal (names[i], "src") || g_str_equal (names[i], "href")
                    || g_str_has_prefix (names[i], "on"));
}

static void
test_report_is_self_contained (void)
{
  g_autoptr (JsonObject) document = made_up (1);
  g_autoptr (GHashTable) elements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const GMarkupParser parser = { .start_element = count_element };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, elements, NULL);
  g_autoptr (GError) error = NULL;
  kt_bench_summarize (document);
  json_object_set_string_member (document, "title", "defaults & tuned");
  g_autofree char *html = kt_bench_report_html (document);
  g_assert_true (g_str_has_prefix (html, "<!doctype html>"));
  g_assert_nonnull (strstr (html, "tuned &lt;b&gt;"));
  g_assert_null (strstr (html, "<b>"));
  g_assert_null (strstr (html, "http"));
  /* Apart from its void elements in the head it is well formed. */
  const char *body = strstr (html, "<body>");
  g_autofree char *part = g_strndup (body, (gsize) (strstr (html, "</html>") - body));
  g_assert_true (g_markup_parse_context_parse (context, part, -1, &error));
  g_assert_no_error (error);
  g_assert_cmpint (GPOINTER_TO_INT (g_hash_table_lookup (elements, "svg")), ==, 2);
  g_assert_cmpint (GPOINTER_TO_INT (g_hash_table_lookup (elements, "rect")), ==, 4);
  g_assert_cmpint (GPOINTER_TO_INT (g_hash_table_lookup (elements, "line")), ==, 4); /* intervals */
}

static void
test_report_tells_what_changed_and_what_proves_nothing (void)
{
  g_autoptr (JsonObject) before = made_up (1);
  g_autoptr (JsonObject) now = made_up (1.5);
  JsonObject *then = json_array_get_object_element (kt_json_array (before, "configurations"), 1);
  JsonObject *tuned = json_array_get_object_element (kt_json_array (now, "configurations"), 1);
  JsonObject *baseline = json_object_new (), *change = json_object_new ();
  JsonArray *changes = json_array_new ();
  json_object_set_string_member (change, "name", "tuned");
  json_object_set_object_member (change, "ratios", kt_bench_ratios_to_baseline (then, tuned));
  json_array_add_object_element (changes, change);
  json_object_set_int_member (baseline, "id", 7);
  json_object_set_array_member (baseline, "configurations", changes);
  json_object_set_object_member (now, "baseline", baseline);
  JsonArray *runs = kt_json_array (tuned, "runs");
  while (json_array_get_length (runs) > 1)
    json_array_remove_element (runs, 1);
  kt_bench_summarize (now);
  g_autofree char *html = kt_bench_report_html (now);
  g_assert_nonnull (strstr (html, "Since result 7"));
  g_assert_nonnull (strstr (html, "<td>worse</td>"));               /* WAL, half as much again */
  g_assert_nonnull (strstr (html, "<td>no difference shown</td>")); /* the rate */
  g_assert_nonnull (strstr (html, ", one round)"));
  json_object_set_boolean_member (json_array_get_object_element (runs, 0), "counts", FALSE);
  kt_bench_summarize (now);
  g_autofree char *uncounted = kt_bench_report_html (now);
  g_assert_nonnull (strstr (uncounted, "(not counted)"));
  g_assert_null (strstr (uncounted, ", one round)"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/run/process-names-do-not-confuse", test_process_names_do_not_confuse);
  g_test_add_func ("/bench/run/waiting-for-the-disk-is-not-busy", test_waiting_for_the_disk_is_not_busy);
  g_test_add_func ("/bench/run/own-process-uses-cpu", test_own_process_uses_cpu);
  g_test_add_func ("/bench/run/counters-that-began-anew-are-unknown", test_counters_that_began_anew_are_unknown);
  kt_test_add_versions ("/bench/run/counters-of-every-version", test_counters_of_every_version);
  g_test_add_func ("/bench/run/the-bound-is-the-limit-that-was-reached", test_the_bound_is_the_limit_that_was_reached);
  g_test_add_func ("/bench/compare/ratios-are-of-rounds", test_ratios_are_of_rounds);
  g_test_add_func ("/bench/compare/runs-that-do-not-count-are-left-out", test_runs_that_do_not_count_are_left_out);
  g_test_add_func ("/bench/compare/regressions-need-an-interval", test_regressions_need_an_interval);
  g_test_add_func ("/bench/report/is-self-contained", test_report_is_self_contained);
  g_test_add_func ("/bench/report/tells-what-changed-and-what-proves-nothing",
                   test_report_tells_what_changed_and_what_proves_nothing);
  return g_test_run ();
}
