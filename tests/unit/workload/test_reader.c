/* SPDX-License-Identifier: MIT
 *
 * Readers against a real server: every request on every schema, the same for the same seed.
 */
#include "workload/reader.h"

#include "base/error.h"
#include "support/sim.h"

static void
fill (const KtTestSim *test, guint schema, guint origin, const char *exclude, const char *disable)
{
  KtFill options = kt_test_sim_small_fill (test);
  options.transactions = 6000;
  options.schema = schema;
  options.origin = origin;
  options.replace = TRUE;
  g_assert_true (kt_features_read (&options.features, KT_VALUES_EXCLUDE_FIELDS, exclude));
  g_assert_true (kt_features_read (&options.features, KT_VALUES_DISABLE, disable));
  kt_test_sim_fill (&options, NULL);
}

static KtReadResult *
read_from (const KtTestSim *test, guint64 requests, double rate)
{
  g_autoptr (GError) error = NULL;
  KtReadResult *result = g_new0 (KtReadResult, 1);
  const KtReader reader
    = { .conninfo = test->conninfo, .connections = 2, .requests = requests, .rate = rate, .seed = 3 };
  kt_read (&reader, result, &error);
  g_assert_no_error (error);
  return result;
}

static const KtReadCounts *
counts_of (const KtReadResult *result, const char *name)
{
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    if (g_str_equal (kt_read_queries[i].name, name))
      return &result->queries[i];
  g_assert_not_reached ();
}

/* Of the same chain every schema gives the same answers to what does not depend on its columns. */
static void
test_schemas (KtTestSim *test, gconstpointer data)
{
  static const guint schemas[] = { 10, 20, 21, 22, 23 };
  static const char *const same[]
    = { "address_count", "addresses_active", "acceptance", "virtual_chain", "previous_outputs", "health" };
  g_autofree KtReadResult *first = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      fill (test, schemas[i], 10, "none", "none");
      g_autofree KtReadResult *result = read_from (test, 1500, 0);
      g_test_message ("schema %u", schemas[i]);
      g_assert_cmpuint (result->all.latency.total, ==, 1500);
      for (guint q = 0; q < KT_N_READ_QUERIES; q++)
        {
          const KtReadCounts *counts = &result->queries[q];
          g_test_message ("%s: %" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT " empty, %" G_GUINT64_FORMAT " rows",
                          kt_read_queries[q].name, counts->latency.total, counts->empty, counts->rows);
          g_assert_cmpuint (counts->latency.total, >, 10);
          g_assert_cmpuint (counts->empty * 2, <, counts->latency.total);
          g_assert_cmpuint (counts->rows, >, 0);
          g_assert_cmpuint (counts->statements, >=, counts->latency.total);
        }
      /* Some ids and addresses never were. */
      g_assert_cmpuint (counts_of (result, "transaction")->empty, >, 0);
      g_assert_cmpuint (counts_of (result, "address_transactions")->empty, >, 0);
      for (gsize s = 0; first != NULL && s < G_N_ELEMENTS (same); s++)
        g_assert_cmpuint (counts_of (result, same[s])->rows, ==, counts_of (first, same[s])->rows);
      if (first == NULL)
        first = g_steal_pointer (&result);
    }
}

static void
test_seed (KtTestSim *test, gconstpointer data)
{
  fill (test, 23, 0, "none", "none");
  g_autofree KtReadResult *one = read_from (test, 300, 0);
  g_autofree KtReadResult *two = read_from (test, 300, 5000);
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    {
      g_assert_cmpuint (one->queries[i].latency.total, ==, two->queries[i].latency.total);
      g_assert_cmpuint (one->queries[i].rows, ==, two->queries[i].rows);
      g_assert_cmpuint (one->queries[i].empty, ==, two->queries[i].empty);
    }
}

static void
test_features (KtTestSim *test, gconstpointer data)
{
  fill (test, 23, 0, "tx_out_script_public_key_address", "none");
  g_autofree KtReadResult *scripts = read_from (test, 300, 0);
  g_assert_cmpuint (counts_of (scripts, "address_page")->rows, >, 0);
  g_assert_cmpuint (counts_of (scripts, "addresses_active")->rows, >, 0);
  fill (test, 23, 0, "none", "addresses_transactions_table");
  g_autofree KtReadResult *without = read_from (test, 300, 0);
  g_assert_cmpuint (without->all.latency.total, ==, 300);
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    if (kt_read_queries[i].needs_mapping)
      g_assert_cmpuint (without->queries[i].latency.total, ==, 0);
}

typedef struct {
  const KtTestSim *test;
  volatile sig_atomic_t stop;
  KtReadResult result;
  GError *error;
} Beside;

static gpointer
read_beside (gpointer data)
{
  Beside *beside = data;
  const KtReader reader
    = { .conninfo = beside->test->conninfo, .connections = 1, .rate = 50, .seed = 4, .stop = &beside->stop };
  kt_read (&reader, &beside->result, &beside->error);
  return NULL;
}

/* Another density begins while they ask. */
static void
test_beside_a_writer (KtTestSim *test, gconstpointer data)
{
  g_autofree KtWriterResult *written = g_new0 (KtWriterResult, 1);
  g_autofree Beside *beside = g_new0 (Beside, 1);
  beside->test = test;
  fill (test, 23, 0, "none", "none");
  GThread *thread = g_thread_new ("reader", read_beside, beside);
  kt_test_sim_write (test, 500, FALSE, 3000, written);
  beside->stop = 1;
  g_thread_join (thread);
  g_assert_no_error (beside->error);
  g_assert_cmpuint (beside->result.all.latency.total, >, 0);
  g_assert_cmpuint (written->blocks, >, 0);
  kt_test_sim_assert_exact (test);
}

static void
test_without_a_database (KtTestSim *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree KtReadResult *result = g_new0 (KtReadResult, 1);
  const KtReader reader = { .conninfo = test->conninfo, .connections = 2, .requests = 1 };
  g_assert_false (kt_read (&reader, result, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
add (const char *path, void (*test) (KtTestSim *, gconstpointer))
{
  g_test_add (path, KtTestSim, NULL, kt_test_sim_set_up, test, kt_test_sim_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/workload/reader/every-request-finds-something-on-every-schema", test_schemas);
  add ("/workload/reader/the-same-seed-asks-the-same", test_seed);
  add ("/workload/reader/asks-only-what-the-features-keep", test_features);
  add ("/workload/reader/follows-a-writer", test_beside_a_writer);
  add ("/workload/reader/needs-a-fill", test_without_a_database);
  return g_test_run ();
}
