/* SPDX-License-Identifier: MIT */
#include "support/sim.h"

void
kt_test_sim_set_up (KtTestSim *test, gconstpointer data)
{
  static guint number;
  g_autofree char *create = g_strdup_printf ("CREATE DATABASE sim%u", ++number);
  test->cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_free (kt_test_cluster_sql (test->cluster, NULL, create));
  test->database = g_strdup_printf ("sim%u", number);
  test->conninfo = kt_test_cluster_conninfo (test->cluster, "postgres", test->database, NULL);
}

void
kt_test_sim_tear_down (KtTestSim *test, gconstpointer data)
{
  g_autofree char *drop = g_strdup_printf ("DROP DATABASE %s", test->database);
  g_free (kt_test_cluster_sql (test->cluster, NULL, drop));
  g_free (test->database);
  g_free (test->conninfo);
}

char *
kt_test_sim_value (const KtTestSim *test, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sql = g_strdup_vprintf (format, args);
  va_end (args);
  return kt_test_cluster_sql (test->cluster, test->database, sql);
}

KtFill
kt_test_sim_small_fill (const KtTestSim *test)
{
  return (KtFill) {
    .conninfo = test->conninfo, .transactions = 30000, .seed = 42, .tps = 100, .connections = 3,
    .sort_memory_bytes = 16 * 1024 * 1024, .without_vacuum = TRUE,
  };
}

void
kt_test_sim_fill (const KtFill *options, KtFillResult *result)
{
  g_autoptr (GError) error = NULL;
  KtFillResult ignored;
  kt_fill (options, result != NULL ? result : &ignored, &error);
  g_assert_no_error (error);
}

KtSim *
kt_test_sim_load (const KtTestSim *test)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PGconn) connection = kt_sim_connect (test->conninfo, &error);
  g_assert_no_error (error);
  KtSim *sim = kt_sim_load (connection, &error);
  g_assert_no_error (error);
  return sim;
}

void
kt_test_sim_assert_exact (const KtTestSim *test)
{
  g_autoptr (KtSim) sim = kt_test_sim_load (test);
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  guint64 rows[KT_N_TABLES];
  kt_sim_count (sim, chain, rows);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      const char *table = kt_table_name (i);
      if (kt_schema_find (sim->schema)->tables[i] == NULL)
        continue;
      g_autofree char *count = kt_test_sim_value (test, "SELECT count(*) FROM %s", table);
      g_autofree char *wanted = g_strdup_printf ("%" G_GUINT64_FORMAT, rows[i]);
      g_test_message ("%s: %s rows", table, count);
      g_assert_cmpstr (count, ==, wanted);
    }
}

char *
kt_test_sim_fingerprint (const KtTestSim *test)
{
  g_autoptr (KtSim) sim = kt_test_sim_load (test);
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      const char *table = kt_table_name (i);
      if (kt_schema_find (sim->schema)->tables[i] == NULL)
        continue;
      g_autofree char *sum
        = kt_test_sim_value (test,
                 "SELECT count(*) || ':' || coalesce (sum (hashtextextended (t::text, 0)::numeric), 0) FROM %s t",
                 table);
      g_string_append_printf (all, "%s %s\n", table, sum);
    }
  return g_string_free (all, FALSE);
}

void
kt_test_sim_write (const KtTestSim *test, guint32 tps, gboolean paced, gint64 duration_ms, KtWriterResult *result)
{
  g_autoptr (GError) error = NULL;
  KtWriter writer = {
    .conninfo = test->conninfo, .duration_ms = duration_ms, .tps = tps, .paced = paced, .batch_scale = 0.3,
    .batch_concurrency = 2, .vcp_interval_ms = 300,
  };
  kt_write (&writer, result, &error);
  g_assert_no_error (error);
}
