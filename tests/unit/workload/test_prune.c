/* SPDX-License-Identifier: MIT
 *
 * Against a real server: after pruning each table holds exactly the rows that the chain says are young enough.
 */
#include "workload/prune.h"

#include "base/error.h"
#include "support/sim.h"

#define SECOND_MS 1000

static gboolean
count_statements (const KtPruneResult *so_far, gpointer data)
{
  guint *left = data;
  return *left == 0 || --*left > 0;
}

/* @stop_after statements; 0: never. */
static KtPruneResult
prune (const KtTestSim *test, const KtPruneRules *rules, guint stop_after)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PGconn) connection = kt_sim_connect (test->conninfo, &error);
  g_autoptr (KtSim) sim = kt_sim_load (connection, &error);
  g_assert_no_error (error);
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  const KtPrune work = {
    .rules = rules, .features = &sim->features, .schema = sim->schema, .tables = kt_sim_tables (sim), .chain = chain,
    .go_on = count_statements, .data = &stop_after,
  };
  gboolean stopping = stop_after > 0;
  KtPruneResult result;
  g_assert_cmpint (kt_prune (connection, &work, &result, &error), ==, !stopping);
  if (stopping)
    g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  kt_prune_note (&result, sim);
  g_assert_true (kt_sim_save (sim, connection, NULL));
  return result;
}

static const KtPruneStep *
find_step (const KtPruneResult *result, const char *name)
{
  for (guint i = 0; i < result->n_steps; i++)
    if (g_str_equal (result->steps[i].name, name))
      return &result->steps[i];
  return NULL;
}

static void
fill_with (const KtTestSim *test, const char *disable, const char *exclude)
{
  KtFill options = kt_test_sim_small_fill (test);
  options.transactions = 6000;
  options.replace = TRUE;
  g_assert_true (kt_features_add (&options.features, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE, disable, NULL));
  g_assert_true (kt_features_add (&options.features, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS, exclude, NULL));
  kt_test_sim_fill (&options, NULL);
}

static void
test_order_and_batches (KtTestSim *test, gconstpointer data)
{
  static const char *const order[]
    = { "block_parent", "transactions_acceptances (b)", "blocks", "transactions", "addresses_transactions" };
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  rules.batch_rows = 100;
  fill_with (test, "none", "none");
  g_autofree char *before = kt_test_sim_value (test, "SELECT count(*) FROM blocks");
  KtPruneResult result = prune (test, &rules, 0);
  g_assert_cmpuint (result.n_steps, ==, G_N_ELEMENTS (order));
  for (guint i = 0; i < result.n_steps; i++)
    {
      const KtPruneStep *step = &result.steps[i];
      g_assert_cmpstr (step->name, ==, order[i]);
      g_assert_true (step->complete);
      g_assert_cmpuint (step->rows, >, 0);
      /* Batches until one finds nothing. */
      g_assert_cmpuint (step->statements, ==, (step->rows + 99) / 100 + 1);
    }
  kt_test_sim_assert_exact (test);
  g_autofree char *gone = kt_test_sim_value (test, "SELECT %s - count(*) FROM blocks", before);
  g_assert_cmpuint (g_ascii_strtoull (gone, NULL, 10), ==, find_step (&result, "blocks")->rows);
  /* Once more: nothing to do. */
  result = prune (test, &rules, 0);
  for (guint i = 0; i < result.n_steps; i++)
    g_assert_cmpuint (result.steps[i].rows, ==, 0);
  kt_test_sim_assert_exact (test);
}

/* The youngest rows that go and the oldest that stay are on both sides of the cut-off of the checkpoint. */
static void
test_cutoffs (KtTestSim *test, gconstpointer data)
{
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  fill_with (test, "none", "none");
  g_autofree char *score
    = kt_test_sim_value (test, "SELECT blue_score FROM blocks, vars WHERE key = 'block_checkpoint'"
                               " AND hash = decode (value, 'hex')");
  g_autofree char *time
    = kt_test_sim_value (test, "SELECT \"timestamp\" FROM blocks, vars WHERE key = 'block_checkpoint'"
                               " AND hash = decode (value, 'hex')");
  KtPruneResult result = prune (test, &rules, 0);
  gint64 score_cut = g_ascii_strtoll (score, NULL, 10) - 200, time_cut = g_ascii_strtoll (time, NULL, 10) - 20000;
  g_assert_cmpint (find_step (&result, "blocks")->cutoff, ==, score_cut);
  g_assert_cmpint (find_step (&result, "transactions")->cutoff, ==, time_cut);
  g_autofree char *low
    = kt_test_sim_value (test,
                         "SELECT (SELECT min (blue_score) >= %" G_GINT64_FORMAT " FROM blocks) AND"
                         " (SELECT min (block_time) >= %" G_GINT64_FORMAT " FROM transactions) AND"
                         " (SELECT min (block_time) >= %" G_GINT64_FORMAT " FROM addresses_transactions)",
                         score_cut, time_cut, time_cut);
  g_assert_cmpstr (low, ==, "t");
}

/* Each table its own; without a value none; what lost its block first stays for ever. */
static void
test_retentions (KtTestSim *test, gconstpointer data)
{
  KtPruneRules rules;
  kt_prune_rules_init (&rules, -1);
  rules.retention_ms[KT_RETENTION_BLOCKS] = 15 * SECOND_MS;
  rules.retention_ms[KT_RETENTION_BLOCK_PARENT] = 30 * SECOND_MS;
  rules.retention_ms[KT_RETENTION_TRANSACTIONS] = 25 * SECOND_MS;
  fill_with (test, "none", "none");
  KtPruneResult result = prune (test, &rules, 0);
  g_assert_cmpuint (result.n_steps, ==, 3);
  kt_test_sim_assert_exact (test);
  g_autofree char *orphans = kt_test_sim_value (
      test, "SELECT count(*) > 0 FROM block_parent WHERE block_hash NOT IN (SELECT hash FROM blocks)");
  /* Parents never outlive their block, acceptances without a retention do. */
  g_assert_cmpstr (orphans, ==, "f");
  g_autofree char *lost = kt_test_sim_value (
      test, "SELECT count(*) > 0 FROM transactions_acceptances WHERE block_hash NOT IN (SELECT hash FROM blocks)");
  g_assert_cmpstr (lost, ==, "t");
  rules.retention_ms[KT_RETENTION_BLOCK_PARENT] = 10 * SECOND_MS;
  rules.retention_ms[KT_RETENTION_TRANSACTIONS_ACCEPTANCES] = 10 * SECOND_MS;
  result = prune (test, &rules, 0);
  g_assert_cmpuint (find_step (&result, "transactions_acceptances (b)")->rows, >, 0);
  kt_test_sim_assert_exact (test);
  /* All of that is noted in the database. */
  g_autoptr (KtSim) sim = kt_test_sim_load (test);
  g_assert_cmpuint (sim->pruned[KT_TABLE_BLOCK_PARENT]->len, ==, 1);
  g_assert_cmpuint (sim->pruned[KT_TABLE_ACCEPTANCES]->len, ==, 1);
  g_assert_cmpuint (sim->pruned[KT_TABLE_BLOCKS]->len, ==, 1);
}

static void
test_features (KtTestSim *test, gconstpointer data)
{
  static const struct { const char *disable, *exclude, *steps; } rows[] = {
    { "blocks_table", "none", "transactions_acceptances (t),transactions,addresses_transactions" },
    { "blocks_table,transaction_acceptance", "none", "transactions,addresses_transactions" },
    { "block_parent_table,addresses_transactions_table", "none", "transactions_acceptances (b),blocks,transactions" },
    { "none", "block_blue_score,tx_out_script_public_key_address",
      "block_parent,transactions_acceptances (b),blocks,transactions,scripts_transactions" },
    { "transaction_acceptance", "tx_block_time",
      "block_parent,transactions_acceptances (b),blocks,transactions,addresses_transactions" },
  };
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) steps = g_string_new (NULL);
      g_test_message ("without %s and %s", rows[i].disable, rows[i].exclude);
      fill_with (test, rows[i].disable, rows[i].exclude);
      KtPruneResult result = prune (test, &rules, 0);
      for (guint s = 0; s < result.n_steps; s++)
        g_string_append_printf (steps, "%s%s", s > 0 ? "," : "", result.steps[s].name);
      g_assert_cmpstr (steps->str, ==, rows[i].steps);
      kt_test_sim_assert_exact (test);
    }
}

static void
test_stopped (KtTestSim *test, gconstpointer data)
{
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  rules.batch_rows = 50;
  fill_with (test, "none", "none");
  KtPruneResult result = prune (test, &rules, 3);
  g_assert_cmpuint (result.n_steps, ==, 1);
  g_assert_false (result.steps[0].complete);
  g_assert_cmpuint (result.steps[0].rows, ==, 150);
  prune (test, &rules, 0);
  kt_test_sim_assert_exact (test);
}

/* ---- before v2.1.0 ---- */

static void
fill_schema (const KtTestSim *test, guint schema, const char *disable)
{
  KtFill options = kt_test_sim_small_fill (test);
  options.transactions = 6000;
  options.schema = schema;
  options.replace = TRUE;
  g_assert_true (kt_features_read (&options.features, KT_VALUES_DISABLE, disable));
  kt_test_sim_fill (&options, NULL);
}

static void
assert_none (const KtTestSim *test, const char *what, const char *sql)
{
  g_autofree char *count = kt_test_sim_value (test, "SELECT count(*) FROM (%s) x", sql);
  g_test_message ("%s: %s", what, count);
  g_assert_cmpstr (count, ==, "0");
}

/* Both ways: what is there and should not be, what should be and is not. */
static void
assert_same (const KtTestSim *test, const char *what, const char *found, const char *wanted)
{
  g_autofree char *more = g_strdup_printf ("(%s) EXCEPT ALL (%s)", found, wanted);
  g_autofree char *less = g_strdup_printf ("(%s) EXCEPT ALL (%s)", wanted, found);
  assert_none (test, what, more);
  assert_none (test, what, less);
}

static char *
steps_of (const KtPruneResult *result)
{
  GString *steps = g_string_new (NULL);
  for (guint s = 0; s < result->n_steps; s++)
    g_string_append_printf (steps, "%s%s", s > 0 ? "," : "", result->steps[s].name);
  return g_string_free (steps, FALSE);
}

/* The cut-off of transactions as a view `cut (ms)`; the tables as they were as `was_…`. */
static KtPruneResult
prune_and_keep (const KtTestSim *test, guint batch_rows, const char *const *tables)
{
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  rules.batch_rows = batch_rows;
  for (; *tables != NULL; tables++)
    g_free (kt_test_sim_value (test, "CREATE TABLE was_%s AS TABLE %s", *tables, *tables));
  KtPruneResult result = prune (test, &rules, 0);
  g_free (kt_test_sim_value (test, "CREATE VIEW cut AS SELECT %" G_GINT64_FORMAT " AS ms",
                             find_step (&result, "transactions")->cutoff));
  return result;
}

static void
test_schema_10 (KtTestSim *test, gconstpointer data)
{
  static const char *const tables[]
    = { "transactions", "transactions_inputs", "transactions_outputs", "transactions_acceptances", NULL };
  fill_schema (test, 10, "none");
  KtPruneResult result = prune_and_keep (test, 500, tables);
  g_autofree char *order = steps_of (&result);
  g_assert_cmpstr (order, ==, "block_parent,blocks_transactions (b),blocks,transactions,addresses_transactions");
  g_assert_cmpuint (find_step (&result, "transactions")->statements, >, 3);
  g_free (kt_test_sim_value (test,
    "CREATE VIEW old AS SELECT t.transaction_id, a.block_hash IS NOT NULL AS accepted FROM was_transactions t"
    " LEFT JOIN was_transactions_acceptances a USING (transaction_id), cut WHERE t.block_time < ms;"
    "CREATE VIEW spent AS SELECT DISTINCT previous_outpoint_hash AS transaction_id, previous_outpoint_index AS index"
    " FROM was_transactions_inputs JOIN old USING (transaction_id) WHERE accepted"));
  assert_same (test, "transactions", "TABLE transactions",
               "SELECT t.* FROM was_transactions t WHERE transaction_id NOT IN (SELECT transaction_id FROM old)");
  assert_same (test, "inputs", "TABLE transactions_inputs",
               "SELECT i.* FROM was_transactions_inputs i WHERE transaction_id NOT IN (SELECT transaction_id FROM old)");
  assert_same (test, "outputs", "TABLE transactions_outputs",
               "SELECT o.* FROM was_transactions_outputs o WHERE transaction_id NOT IN (SELECT transaction_id FROM old"
               " WHERE NOT accepted) AND (transaction_id, index) NOT IN (SELECT transaction_id, index FROM spent)");
  assert_same (test, "acceptances", "TABLE transactions_acceptances",
               "SELECT a.* FROM was_transactions_acceptances a WHERE transaction_id NOT IN (SELECT transaction_id FROM"
               " spent WHERE transaction_id NOT IN (SELECT transaction_id FROM transactions_outputs))");
  g_autofree char *kept = kt_test_sim_value (test, "SELECT count(*) > 0 FROM transactions_outputs WHERE transaction_id IN"
                                                   " (SELECT transaction_id FROM old)");
  g_assert_cmpstr (kept, ==, "t");
  assert_none (test, "of old blocks", "SELECT FROM blocks_transactions WHERE block_hash NOT IN (SELECT hash FROM blocks)");
}

static void
test_schema_20 (KtTestSim *test, gconstpointer data)
{
  static const char *const tables[] = { "transactions", "transactions_acceptances", "blocks", NULL };
  fill_schema (test, 20, "none");
  KtPruneResult result = prune_and_keep (test, 100000, tables);
  g_autofree char *order = steps_of (&result);
  g_assert_cmpstr (order, ==, "block_parent,blocks_transactions (b),blocks,transactions,addresses_transactions");
  /* All in the first chunk; the second finds those that stay. */
  g_assert_cmpuint (find_step (&result, "transactions")->statements, ==, 2);
  g_free (kt_test_sim_value (test,
    "CREATE VIEW old AS SELECT t.*, a.block_hash IS NOT NULL AS accepted FROM was_transactions t"
    " LEFT JOIN was_transactions_acceptances a USING (transaction_id), cut WHERE t.block_time < ms;"
    "CREATE VIEW spent AS SELECT i.previous_outpoint_hash AS transaction_id, count(*) AS number FROM old,"
    " unnest (inputs) i WHERE accepted GROUP BY 1;"
    "CREATE VIEW fully AS SELECT t.transaction_id FROM was_transactions t JOIN spent s USING (transaction_id)"
    " WHERE number = cardinality (outputs)"));
  assert_same (test, "transactions", "SELECT transaction_id, outputs, block_time FROM transactions",
               "SELECT transaction_id, outputs, block_time FROM was_transactions WHERE transaction_id NOT IN"
               " (SELECT transaction_id FROM old WHERE NOT accepted) AND transaction_id NOT IN (TABLE fully)");
  assert_none (test, "emptied", "SELECT FROM transactions, cut WHERE block_time < ms AND num_nonnulls (hash, mass, payload,"
                                " inputs) > 0");
  assert_none (test, "counted", "SELECT FROM transactions JOIN spent USING (transaction_id) WHERE outputs_spent <> number");
  assert_same (test, "acceptances", "TABLE transactions_acceptances",
               "SELECT a.* FROM was_transactions_acceptances a WHERE transaction_id NOT IN (TABLE fully)");
  assert_same (test, "blocks by time", "SELECT hash FROM blocks",
               "SELECT hash FROM was_blocks, cut WHERE \"timestamp\" >= ms");
  g_autofree char *stay = kt_test_sim_value (test, "SELECT count(*) > 0 FROM transactions, cut WHERE block_time < ms");
  g_assert_cmpstr (stay, ==, "t");
}

static void
test_old_features (KtTestSim *test, gconstpointer data)
{
  static const struct { guint schema; const char *disable, *steps; } rows[] = {
    { 10, "blocks_table", "blocks_transactions (t),transactions,addresses_transactions" },
    { 10, "transaction_acceptance", "block_parent,blocks_transactions (b),blocks,transactions_acceptances (b),"
                                    "transactions,addresses_transactions" },
    { 22, "blocks_table", "blocks_transactions (t),transactions_acceptances (t),transactions,addresses_transactions" },
  };
  KtPruneRules rules;
  kt_prune_rules_init (&rules, 20 * SECOND_MS);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("schema %u without %s", rows[i].schema, rows[i].disable);
      fill_schema (test, rows[i].schema, rows[i].disable);
      KtPruneResult result = prune (test, &rules, 0);
      g_autofree char *order = steps_of (&result);
      g_assert_cmpstr (order, ==, rows[i].steps);
      g_assert_cmpuint (find_step (&result, "transactions")->rows, >, 0);
    }
}

/* The writer's own pruner, while it writes. */
static void
test_beside_the_writer (KtTestSim *test, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  KtPruneSchedule schedule = { .interval_ms = 400 };
  KtWriter writer = {
    .conninfo = test->conninfo, .duration_ms = 3500, .batch_scale = 0.3, .batch_concurrency = 1,
    .vcp_interval_ms = 300, .prune = &schedule,
  };
  kt_prune_rules_init (&schedule.rules, 10 * SECOND_MS);
  fill_with (test, "none", "none");
  g_assert_true (kt_write (&writer, result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result->prunings, >, 0);
  g_assert_cmpuint (result->pruned_rows, >, 0);
  /* What the end of the run interrupted, if it did. */
  prune (test, &schedule.rules, 0);
  kt_test_sim_assert_exact (test);
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
  add ("/workload/prune/in-order-and-in-batches", test_order_and_batches);
  add ("/workload/prune/cut-offs-are-those-of-the-checkpoint", test_cutoffs);
  add ("/workload/prune/each-table-has-its-retention", test_retentions);
  add ("/workload/prune/steps-follow-the-features", test_features);
  add ("/workload/prune/stopped-and-done-again", test_stopped);
  add ("/workload/prune/v1.6.3-keeps-what-is-not-spent", test_schema_10);
  add ("/workload/prune/v2.0.0-empties-counts-and-deletes", test_schema_20);
  add ("/workload/prune/older-steps-follow-the-features", test_old_features);
  add ("/workload/prune/beside-the-writer", test_beside_the_writer);
  return g_test_run ();
}
