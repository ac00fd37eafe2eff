/* SPDX-License-Identifier: MIT
 *
 * Against a real server: what is filled and written is what the chain says, to the row.
 */
#include "base/error.h"
#include "support/sim.h"

#include <string.h>

static void
test_fill_counts (KtTestSim *fixture, gconstpointer data)
{
  KtFill options = kt_test_sim_small_fill (fixture);
  KtFillResult result;
  kt_test_sim_fill (&options, &result);
  g_autofree char *transactions = kt_test_sim_value (fixture, "SELECT count(*) FROM transactions");
  g_autofree char *version = kt_test_sim_value (fixture, "SELECT value FROM vars WHERE key = 'schema_version'");
  g_assert_cmpuint (result.transactions, >=, 30000);
  g_assert_cmpuint (result.transactions, <, 30000 + 1000);
  g_assert_cmpuint (g_ascii_strtoull (transactions, NULL, 10), ==, result.transactions);
  g_assert_cmpstr (version, ==, "23");
  kt_test_sim_assert_exact (fixture);
  /* Once more: nothing to do. */
  KtFillResult again;
  kt_test_sim_fill (&options, &again);
  g_assert_cmpuint (again.resumed, ==, again.transactions);
  kt_test_sim_assert_exact (fixture);
}

static char *
columns_of (const KtSchemaTable *table)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint c = 0; c < table->n_columns; c++)
    g_string_append_printf (text, "%s%s %s", c > 0 ? ", " : "", table->columns[c].name, table->columns[c].type);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Of every schema; the rows are those of the chain there too. */
static void
test_columns (KtTestSim *fixture, gconstpointer data)
{
  static const guint versions[] = { 10, 20, 21, 22, 23 };
  for (gsize v = 0; v < G_N_ELEMENTS (versions); v++)
    {
      KtFill options = kt_test_sim_small_fill (fixture);
      options.transactions = 5000;
      options.schema = versions[v];
      options.replace = TRUE;
      kt_test_sim_fill (&options, NULL);
      g_test_message ("schema %u", versions[v]);
      for (guint i = 0; i < KT_N_TABLES; i++)
        {
          const KtSchemaTable *table = kt_schema_find (versions[v])->tables[i];
          if (table == NULL)
            continue;
          g_autofree char *wanted = columns_of (table);
          /* A counter of pruning that inserts do not name. */
          g_autofree char *found
            = kt_test_sim_value (fixture,
                                 "SELECT string_agg (attname || ' ' || format_type (atttypid, atttypmod), ', '"
                                 " ORDER BY attnum) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0"
                                 " AND attname <> 'outputs_spent'", table->name);
          g_assert_cmpstr (found, ==, wanted);
        }
      kt_test_sim_assert_exact (fixture);
    }
}

/* What v1 maps by a join is what this join finds. */
static void
test_old_mapping (KtTestSim *fixture, gconstpointer data)
{
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 5000;
  options.schema = 10;
  kt_test_sim_fill (&options, NULL);
  g_autofree char *joined
    = kt_test_sim_value (fixture,
                         "SELECT count(*) FROM (SELECT script_public_key_address, transaction_id"
                         " FROM transactions_outputs UNION SELECT o.script_public_key_address, i.transaction_id"
                         " FROM transactions_inputs i JOIN transactions_outputs o"
                         " ON (o.transaction_id, o.index) = (i.previous_outpoint_hash, i.previous_outpoint_index)) x");
  g_autofree char *found = kt_test_sim_value (fixture, "SELECT count(*) FROM addresses_transactions");
  g_assert_cmpstr (found, ==, joined);
}

/* Of the schemas before 23, with addresses and with scripts. */
static void
test_run_of_schemas (KtTestSim *fixture, gconstpointer data)
{
  static const struct { guint schema; const char *exclude; } rows[] = {
    { 22, "none" }, { 20, "none" }, { 10, "none" }, { 20, "tx_out_script_public_key_address" },
    { 10, "tx_out_script_public_key_address,tx_in_block_time" },
  };
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtFill options = kt_test_sim_small_fill (fixture);
      options.transactions = 3000;
      options.schema = rows[i].schema;
      options.replace = TRUE;
      g_assert_true (kt_features_read (&options.features, KT_VALUES_EXCLUDE_FIELDS, rows[i].exclude));
      kt_test_sim_fill (&options, NULL);
      g_test_message ("schema %u without %s", rows[i].schema, rows[i].exclude);
      g_autofree char *before = kt_test_sim_value (fixture, "SELECT count(*) FROM transactions");
      kt_test_sim_write (fixture, 0, FALSE, 1500, result);
      g_autofree char *added = kt_test_sim_value (fixture, "SELECT count(*) - %s FROM transactions", before);
      g_assert_cmpuint (result->blocks, >, 0);
      g_assert_cmpuint (result->transactions, ==, g_ascii_strtoull (added, NULL, 10));
      g_assert_cmpuint (result->block_path_stream.rows, >, 0);
      kt_test_sim_assert_exact (fixture);
    }
}

/* Keys and indexes as the indexer's own script leaves them. */
static void
test_indexes (KtTestSim *fixture, gconstpointer data)
{
  static const char wanted[]
    = "addresses_transactions_block_time_idx (block_time DESC)\n"
      "addresses_transactions_pkey P (address, block_time, transaction_id)\n"
      "block_parent_parent_hash_idx (parent_hash)\n"
      "block_parent_pkey P (block_hash, parent_hash)\n"
      "blocks_blue_score_idx (blue_score)\n"
      "blocks_pkey P (hash)\n"
      "scripts_transactions_block_time_idx (block_time DESC)\n"
      "scripts_transactions_pkey P (script_public_key, block_time, transaction_id)\n"
      "transactions_acceptances_block_hash_idx (block_hash)\n"
      "transactions_acceptances_transaction_id_key U (transaction_id)\n"
      "transactions_block_time_idx (block_time DESC)\n"
      "transactions_pkey P (transaction_id)\n"
      "vars_pkey P (key)";
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 1000;
  kt_test_sim_fill (&options, NULL);
  g_autofree char *found
    = kt_test_sim_value (fixture,
             "SELECT string_agg (c.relname || CASE WHEN indisprimary THEN ' P' WHEN indisunique THEN ' U' ELSE '' END"
             " || ' ' || substring (pg_get_indexdef (c.oid) FROM '\\(.*\\)'), E'\\n' ORDER BY c.relname)"
             " FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace"
             " WHERE nspname = 'public'");
  g_assert_cmpstr (found, ==, wanted);
}

/* A transaction taken from the middle, member by member. */
static void
test_arrays_read_back (KtTestSim *fixture, gconstpointer data)
{
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 3000;
  kt_test_sim_fill (&options, NULL);
  g_autoptr (KtSim) sim = kt_test_sim_load (fixture);
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  for (guint64 block = 100; block < 110; block++)
    {
      KtLevel level;
      KtTransaction transaction;
      KtHash id, previous;
      guint64 key = kt_chain_key (block, 1);
      if (kt_chain_slots (chain, block) < 2)
        continue;
      kt_chain_level_of_block (chain, block, &level);
      kt_chain_transaction (chain, &level, key, &transaction);
      kt_chain_hash (chain, KT_HASH_TRANSACTION, key, &id);
      kt_chain_hash (chain, KT_HASH_TRANSACTION, transaction.inputs[0].previous, &previous);
      GString *hex = g_string_new (NULL), *previous_hex = g_string_new (NULL);
      for (guint i = 0; i < 32; i++)
        {
          g_string_append_printf (hex, "%02x", id.bytes[i]);
          g_string_append_printf (previous_hex, "%02x", previous.bytes[i]);
        }
      g_autofree char *hex_text = g_string_free (hex, FALSE), *previous_text = g_string_free (previous_hex, FALSE);
      gboolean accepted = kt_chain_is_accepted (chain, &level, key);
      g_autofree char *amount
        = accepted ? g_strdup_printf ("%" G_GINT64_FORMAT, transaction.inputs[0].amount) : g_strdup ("none");
      g_autofree char *wanted
        = g_strdup_printf ("%u %u %s %u %s %" G_GINT64_FORMAT " %d", transaction.n_inputs, transaction.n_outputs,
                           previous_text, transaction.inputs[0].index, amount, transaction.outputs[0].amount, 61);
      g_autofree char *found
        = kt_test_sim_value (fixture,
                 "SELECT concat_ws (' ', cardinality (inputs), cardinality (outputs),"
                 " encode (inputs[1].previous_outpoint_hash, 'hex'), inputs[1].previous_outpoint_index,"
                 " coalesce (inputs[1].previous_outpoint_amount::text, 'none'), outputs[1].amount,"
                 " length (outputs[1].script_public_key_address))"
                 " FROM transactions WHERE transaction_id = '\\x%s'", hex_text);
      g_assert_cmpstr (found, ==, wanted);
    }
}

static void
test_interrupted_fill (KtTestSim *fixture, gconstpointer data)
{
  volatile sig_atomic_t stop = 1;
  g_autoptr (GError) error = NULL;
  KtFillResult result;
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 120000;
  options.connections = 1;
  options.stop = &stop;
  g_assert_false (kt_fill (&options, &result, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_autofree char *some = kt_test_sim_value (fixture, "SELECT count(*) FROM transactions");
  g_autofree char *chunks = kt_test_sim_value (fixture, "SELECT count(*) FROM kaspa_sim_fill");
  g_assert_cmpuint (g_ascii_strtoull (chunks, NULL, 10), <, 6);
  g_assert_cmpuint (g_ascii_strtoull (some, NULL, 10), <, 120000);
  stop = 0;
  options.connections = 3;
  kt_test_sim_fill (&options, &result);
  g_autofree char *resumed = kt_test_sim_fingerprint (fixture);
  kt_test_sim_assert_exact (fixture);
  options.replace = TRUE;
  kt_test_sim_fill (&options, &result);
  g_autofree char *straight = kt_test_sim_fingerprint (fixture);
  g_assert_cmpstr (resumed, ==, straight);
}

static void
test_foreign_tables (KtTestSim *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  KtFillResult result;
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 1000;
  options.replace = TRUE;
  g_free (kt_test_sim_value (fixture, "CREATE TABLE blocks (precious int); INSERT INTO blocks VALUES (1)"));
  g_assert_false (kt_fill (&options, &result, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_autofree char *kept = kt_test_sim_value (fixture, "SELECT precious FROM blocks");
  g_assert_cmpstr (kept, ==, "1");
  options.replace_foreign = TRUE;
  kt_test_sim_fill (&options, &result);
  kt_test_sim_assert_exact (fixture);
}

static void
test_other_fill (KtTestSim *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  KtFillResult result;
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 1000;
  kt_test_sim_fill (&options, NULL);
  options.seed = 43;
  g_assert_false (kt_fill (&options, &result, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

static void
test_run_is_exact (KtTestSim *fixture, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 3000;
  options.features.excluded = G_GUINT64_CONSTANT (1) << KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS;
  kt_test_sim_fill (&options, NULL);
  kt_test_sim_write (fixture, 0, FALSE, 3000, result);
  g_assert_cmpuint (result->blocks, >, 0);
  g_assert_cmpuint (result->transactions, >, result->blocks);
  g_assert_cmpuint (result->all.commits.total, >, 10);
  g_assert_cmpint (result->server.wal_bytes, >, 0);
  kt_test_sim_assert_exact (fixture);
  /* On from there, denser. */
  kt_test_sim_write (fixture, 1000, FALSE, 2000, result);
  kt_test_sim_assert_exact (fixture);
  /* As a node gives it. */
  kt_test_sim_write (fixture, 200, TRUE, 4500, result);
  g_assert_cmpuint (result->all.rows, >, 0);
  kt_test_sim_assert_exact (fixture);
  g_autofree char *unresolved
    = kt_test_sim_value (fixture,
             "SELECT count(*) FROM transactions t JOIN transactions_acceptances USING (transaction_id)"
             " WHERE cardinality (inputs) > 0 AND inputs[1].previous_outpoint_script IS NULL");
  g_assert_cmpstr (unresolved, ==, "0");
}

/* Row counts stay exact whatever is left out. */
static void
test_features_are_exact (KtTestSim *fixture, gconstpointer data)
{
  static const char *const disables[]
    = { "rejected_transactions,block_parent_table", "transaction_acceptance", "virtual_chain_processing",
        "rejected_non_cb_transactions,blocks_table", "transactions_table,transactions_inputs" };
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (disables); i++)
    {
      KtFill options = kt_test_sim_small_fill (fixture);
      options.transactions = 3000;
      options.replace = TRUE;
      g_assert_true (kt_features_add (&options.features, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE, disables[i], NULL));
      g_test_message ("without %s", disables[i]);
      kt_test_sim_fill (&options, NULL);
      kt_test_sim_assert_exact (fixture);
      kt_test_sim_write (fixture, 0, FALSE, 1000, result);
      kt_test_sim_assert_exact (fixture);
    }
}

/* A run that was killed leaves `running`; the next one starts at the checkpoint and writes everything again. */
static void
test_run_after_crash (KtTestSim *fixture, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  KtFill options = kt_test_sim_small_fill (fixture);
  options.transactions = 3000;
  kt_test_sim_fill (&options, NULL);
  kt_test_sim_write (fixture, 0, FALSE, 2000, result);
  g_autoptr (KtSim) before = kt_test_sim_load (fixture);
  g_free (kt_test_sim_value (fixture, "UPDATE vars SET value = replace (value, '\"running\":false', '\"running\":true')"
                          " WHERE key = 'kaspa_sim'"));
  g_autoptr (KtSim) crashed = kt_test_sim_load (fixture);
  g_assert_true (crashed->running);
  g_assert_cmpuint (crashed->blocks, <=, MIN (before->blocks, before->block_path));
  g_autoptr (KtSim) after = NULL;
  do /* as often as a slow machine needs to get as far again */
    {
      kt_test_sim_write (fixture, 0, FALSE, 3000, result);
      g_clear_pointer (&after, kt_sim_free);
      after = kt_test_sim_load (fixture);
      g_assert_false (after->running);
    }
  while (after->blocks < before->blocks || after->levels < before->levels || after->block_path < before->block_path);
  kt_test_sim_assert_exact (fixture);
}

/* As an indexer begins: no fill, tables with their indexes. */
static void
test_run_from_nothing (KtTestSim *fixture, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (PGconn) connection = kt_sim_connect (fixture->conninfo, &error);
  g_autoptr (KtSim) sim = kt_sim_new (23, 5, 100, &(KtFeatures) { 0 });
  guint version = 99;
  g_assert_true (kt_database_schema_version (connection, &version, &error));
  g_assert_cmpuint (version, ==, 0);
  /* The first run was killed before it had a checkpoint. */
  sim->running = TRUE;
  g_assert_true (kt_database_create (connection, sim, &error));
  g_assert_no_error (error);
  g_assert_true (kt_database_schema_version (connection, &version, &error));
  g_assert_cmpuint (version, ==, 23);
  g_clear_pointer (&connection, PQfinish);
  kt_test_sim_write (fixture, 0, FALSE, 2000, result);
  g_assert_cmpuint (result->first_block, ==, 0);
  kt_test_sim_assert_exact (fixture);
}

static void
test_run_needs_a_fill (KtTestSim *fixture, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  KtWriter writer = {
    .conninfo = fixture->conninfo, .batch_scale = 1, .batch_concurrency = 1, .vcp_interval_ms = 1000
  };
  g_assert_false (kt_write (&writer, result, &error));
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
  add ("/workload/fill/rows-are-those-of-the-chain", test_fill_counts);
  add ("/workload/schema/columns-are-those-of-the-sql", test_columns);
  add ("/workload/schema/mapping-of-v1-is-that-of-its-join", test_old_mapping);
  add ("/workload/writer/rows-of-older-schemas-are-those-of-the-chain", test_run_of_schemas);
  add ("/workload/schema/indexes-are-those-of-the-indexer", test_indexes);
  add ("/workload/fill/arrays-read-back-equal", test_arrays_read_back);
  add ("/workload/fill/interrupted-and-continued-equals-straight", test_interrupted_fill);
  add ("/workload/fill/foreign-tables-are-refused", test_foreign_tables);
  add ("/workload/fill/another-chain-is-refused", test_other_fill);
  add ("/workload/writer/rows-are-those-of-the-chain", test_run_is_exact);
  add ("/workload/writer/rows-are-exact-whatever-is-left-out", test_features_are_exact);
  add ("/workload/writer/continues-after-a-crash", test_run_after_crash);
  add ("/workload/writer/begins-with-nothing", test_run_from_nothing);
  add ("/workload/writer/needs-a-fill", test_run_needs_a_fill);
  return g_test_run ();
}
