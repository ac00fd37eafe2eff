/* SPDX-License-Identifier: MIT
 *
 * Migrations against a real server: rows, layouts and losses as the indexer's own, and what is left when one ends in the
 * middle.
 */
#include "workload/migrate.h"

#include "base/error.h"
#include "support/sim.h"

/* ---- scripts ---- */

static void
test_split (void)
{
  static const char script[] = "-- one; two\nSELECT 'a;b';\nDO $$ BEGIN; END $$;\n\n";
  g_auto (GStrv) statements = kt_migrate_split (script, KT_MIGRATE_STATEMENTS);
  g_auto (GStrv) pieces = kt_migrate_split (script, KT_MIGRATE_PIECES);
  g_auto (GStrv) whole = kt_migrate_split (script, KT_MIGRATE_WHOLE);
  g_assert_cmpuint (g_strv_length (statements), ==, 2);
  g_assert_cmpstr (statements[0], ==, "-- one; two\nSELECT 'a;b'");
  g_assert_cmpstr (statements[1], ==, "DO $$ BEGIN; END $$");
  g_assert_cmpuint (g_strv_length (pieces), ==, 5);
  g_assert_cmpstr (pieces[0], ==, "-- one");
  g_assert_cmpuint (g_strv_length (whole), ==, 1);
  g_assert_cmpstr (whole[0], ==, script);
}

static void
test_steps_of_releases (void)
{
  static const struct { KtRelease release; guint from, to; KtMigrateManner manner; } rows[] = {
    { KT_RELEASE_V1_6_3, 9, 10, KT_MIGRATE_PIECES },        { KT_RELEASE_V1_6_3, 10, 0, KT_MIGRATE_PIECES },
    { KT_RELEASE_V2_0_0_BETA1, 10, 20, KT_MIGRATE_PIECES }, { KT_RELEASE_V2_0_0, 20, 0, KT_MIGRATE_PIECES },
    { KT_RELEASE_V2_1_2, 20, 21, KT_MIGRATE_WHOLE },        { KT_RELEASE_V2_1_2, 21, 0, KT_MIGRATE_WHOLE },
    { KT_RELEASE_V2_2_0, 21, 22, KT_MIGRATE_WHOLE },        { KT_RELEASE_V2_2_1, 21, 22, KT_MIGRATE_STATEMENTS },
    { KT_RELEASE_V2_2_1, 22, 0, KT_MIGRATE_STATEMENTS },    { KT_RELEASE_V2_3_0, 22, 23, KT_MIGRATE_STATEMENTS },
    { KT_RELEASE_V2_3_0, 15, 0, KT_MIGRATE_STATEMENTS },    { KT_RELEASE_V2_3_0, 23, 0, KT_MIGRATE_STATEMENTS },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint to = 0;
      g_autofree char *script = kt_migrate_script (rows[i].release, rows[i].from, &to);
      g_assert_cmpuint (to, ==, rows[i].to);
      g_assert_true ((script == NULL) == (to == 0));
      g_assert_cmpint (kt_migrate_manner (rows[i].release), ==, rows[i].manner);
    }
}

/* ---- databases ---- */

static void
fill (const KtTestSim *test, guint schema, guint origin, guint64 transactions)
{
  KtFill options = kt_test_sim_small_fill (test);
  options.transactions = transactions;
  options.schema = schema;
  options.origin = origin;
  options.replace = TRUE;
  kt_test_sim_fill (&options, NULL);
}

static PGconn *
connect_to (const char *conninfo)
{
  g_autoptr (GError) error = NULL;
  PGconn *connection = kt_sim_connect (conninfo, &error);
  g_assert_no_error (error);
  g_assert_true (kt_sim_run (connection, NULL, "SET client_min_messages = warning", NULL));
  return connection;
}

/* All steps that @release has. Gives the schema reached. */
static guint
migrate (const char *conninfo, KtRelease release, GError **error)
{
  g_autoptr (PGconn) connection = connect_to (conninfo);
  guint version = 0;
  g_assert_true (kt_database_schema_version (connection, &version, NULL));
  for (;;)
    {
      guint next;
      g_autofree char *script = kt_migrate_script (release, version, &next);
      if (script == NULL || !kt_migrate_run (connection, script, kt_migrate_manner (release), error))
        return version;
      version = next;
    }
}

/* Rows of a table by the columns of @schema, whatever their order on disk; of the ids in a block no order is promised,
 * and which of two blocks of equal score holds a transaction first neither. */
static char *
content (const KtTestSim *test, const KtSchemaTable *table)
{
  g_autoptr (GString) columns = g_string_new (NULL);
  for (guint i = 0; i < table->n_columns; i++)
    {
      const char *name = table->columns[i].name;
      gboolean first_block = g_str_equal (table->name, "transactions") && g_str_equal (name, "block_hash");
      if (g_str_equal (name, "transaction_ids"))
        g_string_append (columns, ", (SELECT array_agg (i ORDER BY i) FROM unnest (transaction_ids) i)");
      else if (!first_block)
        g_string_append_printf (columns, ", %s", name);
    }
  return kt_test_sim_value (test, "SELECT count(*) || ':' || coalesce (sum (hashtextextended ((row (0%s))::text, 0)::numeric), 0)"
                                  " FROM %s", columns->str, table->name);
}

/* Of all tables of @schema. Caller frees. */
static char *
content_of_all (const KtTestSim *test, guint schema)
{
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      const KtSchemaTable *table = kt_schema_find (schema)->tables[i];
      if (table == NULL)
        continue;
      g_autofree char *sum = content (test, table);
      g_string_append_printf (all, "%s %s\n", table->name, sum);
    }
  return g_string_free (all, FALSE);
}

/* ---- rows ---- */

/* What a fill makes of the same chain, as written by v1.6.3, in the tables of @schema. */
static void
assert_migrated (const KtTestSim *test, const KtTestSim *other, guint schema)
{
  fill (other, schema, 10, 6000);
  g_autofree char *found = content_of_all (test, schema), *wanted = content_of_all (other, schema);
  g_assert_cmpstr (found, ==, wanted);
  kt_test_sim_assert_exact (test);
}

static void
test_rows (KtTestSim *test, gconstpointer data)
{
  static const struct { KtRelease release; guint schema; } steps[] = {
    { KT_RELEASE_V2_0_0, 20 }, { KT_RELEASE_V2_2_1, 22 }, { KT_RELEASE_V2_3_0, 23 },
  };
  KtTestSim other;
  g_autoptr (GError) error = NULL;
  kt_test_sim_set_up (&other, NULL);
  fill (test, 10, 0, 6000);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_assert_cmpuint (migrate (test->conninfo, steps[i].release, &error), ==, steps[i].schema);
      g_assert_no_error (error);
      g_test_message ("schema %u", steps[i].schema);
      assert_migrated (test, &other, steps[i].schema);
    }
  /* Straight. */
  fill (test, 10, 0, 6000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  g_assert_no_error (error);
  assert_migrated (test, &other, 23);
  /* One whole query does for what needs no commit of its own. */
  fill (test, 21, 0, 6000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_2_0, &error), ==, 22);
  g_assert_no_error (error);
  kt_test_sim_assert_exact (test);
  kt_test_sim_tear_down (&other, NULL);
}

/* A fresh 23 has more than a migrated one: resolved inputs with their mapping, versions, budgets and covenants. All else
 * is the same. */
static void
test_against_fresh (KtTestSim *test, gconstpointer data)
{
  static const char same[]
    = "SELECT concat_ws (' ', (SELECT sum (hashtextextended (row (transaction_id, subnetwork_id, hash, mass, payload, block_time,"
      " cardinality (inputs), inputs[1].previous_outpoint_hash, outputs[1].amount,"
      " outputs[1].script_public_key_address)::text, 0)::numeric) FROM transactions)"
      ", (SELECT sum (hashtextextended (row (hash, merge_set_blues_hashes, blue_score, \"timestamp\","
      " (SELECT array_agg (i ORDER BY i) FROM unnest (transaction_ids) i))::text, 0)::numeric) FROM blocks)"
      ", (SELECT sum (hashtextextended (p::text, 0)::numeric) FROM block_parent p)"
      ", (SELECT sum (hashtextextended (a::text, 0)::numeric) FROM transactions_acceptances a))";
  static const char more[] = "SELECT (SELECT count(*) FROM addresses_transactions) || ' '"
                             " || (SELECT count (inputs[1].previous_outpoint_script) > 0 FROM transactions) || ' '"
                             " || (SELECT count (version) > 0 FROM transactions) || ' '"
                             " || (SELECT count (outputs[1].covenant_id) > 0 FROM transactions)";
  g_autoptr (GError) error = NULL;
  fill (test, 23, 0, 6000);
  g_autofree char *fresh = kt_test_sim_value (test, same);
  g_autofree char *fresh_more = kt_test_sim_value (test, more);
  fill (test, 10, 0, 6000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  g_autofree char *migrated = kt_test_sim_value (test, same);
  g_autofree char *migrated_more = kt_test_sim_value (test, more);
  g_assert_cmpstr (migrated, ==, fresh);
  g_assert_true (g_str_has_suffix (fresh_more, " true true true"));
  g_assert_true (g_str_has_suffix (migrated_more, " false false false"));
  g_assert_cmpuint (g_ascii_strtoull (migrated_more, NULL, 10), <, g_ascii_strtoull (fresh_more, NULL, 10));
}

/* Each transaction names one of the blocks of the lowest score that hold it. */
static void
test_first_block (KtTestSim *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fill (test, 22, 0, 3000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  g_autofree char *wrong
    = kt_test_sim_value (test,
                         "WITH held AS (SELECT hash, blue_score, unnest (transaction_ids) AS id FROM blocks),"
                         " least AS (SELECT id, min (blue_score) AS score FROM held GROUP BY id)"
                         " SELECT count(*) FROM transactions t JOIN least l ON l.id = transaction_id LEFT JOIN held h"
                         " ON h.id = l.id AND h.blue_score = l.score AND h.hash = t.block_hash WHERE h.id IS NULL");
  g_assert_cmpstr (wrong, ==, "0");
}

/* The writer goes on with what was migrated. */
static void
test_run_goes_on (KtTestSim *test, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  fill (test, 10, 0, 3000);
  kt_test_sim_write (test, 0, FALSE, 1000, result);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  kt_test_sim_assert_exact (test);
  kt_test_sim_write (test, 0, FALSE, 1000, result);
  g_assert_cmpuint (result->blocks, >, 0);
  kt_test_sim_assert_exact (test);
}

/* The first round after the migration takes back what was accepted before it, and accepts it as the new release does. */
static void
test_reorg_over_the_migration (KtTestSim *test, gconstpointer data)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  KtFill options = kt_test_sim_small_fill (test);
  options.transactions = 1000;
  options.schema = 10;
  options.seed = 146; /* with which a reorg comes just here */
  kt_test_sim_fill (&options, NULL);
  g_autoptr (KtSim) sim = kt_test_sim_load (test);
  g_assert_cmpuint (kt_sim_reorg (sim, sim->levels), >, 0);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  kt_test_sim_write (test, 0, FALSE, 1000, result);
  g_assert_cmpuint (result->reorgs, >, 0);
  kt_test_sim_assert_exact (test);
}

/* ---- what a migration leaves and takes away ---- */

static void
test_layout (KtTestSim *test, gconstpointer data)
{
  static const char indexes[]
    = "SELECT string_agg (indexname || ' ' || substring (indexdef FROM '\\(.*\\)'), E'\\n' ORDER BY indexname)"
      " FROM pg_indexes WHERE schemaname = 'public'";
  g_autoptr (GError) error = NULL;
  fill (test, 10, 0, 1000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  g_autofree char *found = kt_test_sim_value (test, indexes);
  g_assert_cmpstr (found, ==,
                   "addresses_transactions_address_block_time_idx (address, block_time DESC)\n"
                   "addresses_transactions_pkey (address, transaction_id)\n"
                   "block_parent_parent_hash_idx (parent_hash)\n"
                   "block_parent_pkey (block_hash, parent_hash)\n"
                   "blocks_blue_score_idx (blue_score)\n"
                   "blocks_pkey (hash)\n"
                   "scripts_transactions_pkey (script_public_key, transaction_id)\n"
                   "scripts_transactions_script_public_key_block_time_idx (script_public_key, block_time DESC)\n"
                   "transactions_acceptances_block_hash_idx (block_hash)\n"
                   "transactions_acceptances_transaction_id_key (transaction_id)\n"
                   "transactions_block_time_idx (block_time DESC)\n"
                   "transactions_pkey (transaction_id)\n"
                   "vars_pkey (key)");
  g_autofree char *rest
    = kt_test_sim_value (test, "SELECT string_agg (relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'c')"
                               " AND relnamespace = 'public'::regnamespace");
  g_assert_cmpstr (rest, ==,
                   "addresses_transactions block_parent blocks scripts_transactions transactions transactions_acceptances"
                   " transactions_inputs transactions_outputs vars");
}

/* Before 23 columns that were dropped and added stand at the end. */
static void
test_column_order (KtTestSim *test, gconstpointer data)
{
  static const char order[] = "SELECT string_agg (attname, ' ' ORDER BY attnum) FROM pg_attribute"
                              " WHERE attrelid = 'transactions'::regclass AND attnum > 0 AND NOT attisdropped";
  g_autoptr (GError) error = NULL;
  fill (test, 20, 0, 1000);
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_2_1, &error), ==, 22);
  g_autofree char *before = kt_test_sim_value (test, order);
  g_assert_cmpstr (before, ==, "transaction_id hash mass payload block_time inputs outputs version subnetwork_id");
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 23);
  g_autofree char *after = kt_test_sim_value (test, order);
  g_assert_cmpstr (after, ==,
                   "transaction_id subnetwork_id hash mass payload block_time version inputs outputs block_hash");
}

static void
test_losses (KtTestSim *test, gconstpointer data)
{
  static const char dress[]
    = "CREATE FUNCTION notify_transaction () RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER transaction_notify_trigger AFTER INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION"
      " notify_transaction (); CREATE INDEX mine ON transactions (mass); GRANT SELECT ON transactions, blocks TO PUBLIC;"
      "COMMENT ON TABLE transactions IS 'mine'; ALTER TABLE transactions SET (fillfactor = 90);"
      "ALTER TABLE blocks SET (autovacuum_enabled = off); ALTER TABLE transactions ALTER mass SET STATISTICS 7;"
      "ALTER TABLE block_parent SET (fillfactor = 80); CREATE INDEX mine_too ON block_parent (parent_hash)";
  static const char dressed[]
    = "SELECT (SELECT count(*) FROM pg_trigger) || ' ' || (SELECT count(*) FROM pg_class WHERE relname LIKE 'mine%%')"
      " || ' ' || (SELECT count(*) FROM pg_class WHERE reloptions IS NOT NULL AND relnamespace = 'public'::regnamespace)"
      " || ' ' || (SELECT count(*) FROM pg_class WHERE relacl IS NOT NULL AND relnamespace = 'public'::regnamespace)"
      " || ' ' || (SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = objoid AND"
      " relnamespace = 'public'::regnamespace)";
  static const guint from[] = { 10, 22 };
  for (gsize i = 0; i < G_N_ELEMENTS (from); i++)
    {
      g_autoptr (GError) error = NULL;
      fill (test, from[i], 0, 1000);
      g_free (kt_test_sim_value (test, "SET client_min_messages = warning; DROP FUNCTION IF EXISTS notify_transaction CASCADE"));
      g_free (kt_test_sim_value (test, dress));
      g_autofree char *before = kt_test_sim_value (test, dressed);
      g_assert_cmpstr (before, ==, "1 2 3 2 1");
      /* From 10 already the step to 20. */
      migrate (test->conninfo, from[i] == 10 ? KT_RELEASE_V2_0_0 : KT_RELEASE_V2_3_0, &error);
      g_assert_no_error (error);
      g_autofree char *after = kt_test_sim_value (test, dressed);
      g_assert_cmpstr (after, ==, from[i] == 10 ? "0 1 2 1 0" : "0 1 1 0 0");
    }
}

/* ---- failures ---- */

/* One query for all: it fails at the end of the work and takes everything back. */
static void
test_whole_scripts_fail (KtTestSim *test, gconstpointer data)
{
  static const struct { guint schema; const char *detail; } rows[] = {
    { 10, "VACUUM cannot" }, { 20, "invalid transaction termination" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      fill (test, rows[i].schema, 0, 1000);
      g_autofree char *before = kt_test_sim_fingerprint (test);
      g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_2_0, &error), ==, rows[i].schema);
      g_assert_error (error, KT_ERROR, KT_ERROR_QUERY);
      g_assert_nonnull (strstr (kt_error_detail (error), rows[i].detail));
      g_autofree char *after = kt_test_sim_fingerprint (test);
      g_assert_cmpstr (after, ==, before);
    }
}

/* A step that ends after @n of its statements, on a copy of @test's database. */
static char *
interrupt (const KtTestSim *test, const char *script, guint n)
{
  static guint number;
  char *database = g_strdup_printf ("cut%u", ++number);
  g_autofree char *create = g_strdup_printf ("CREATE DATABASE %s TEMPLATE %s", database, test->database);
  g_autofree char *conninfo = kt_test_cluster_conninfo (test->cluster, "postgres", database, NULL);
  g_auto (GStrv) statements = kt_migrate_split (script, KT_MIGRATE_STATEMENTS);
  g_assert_cmpuint (n, <=, g_strv_length (statements));
  g_free (kt_test_cluster_sql (test->cluster, NULL, create));
  g_autoptr (PGconn) connection = connect_to (conninfo);
  for (guint i = 0; i < n; i++)
    g_assert_true (kt_sim_run (connection, NULL, statements[i], NULL));
  return database;
}

/* What tells an interrupted migration. */
static char *
leftovers (const KtTestSim *test, const char *database)
{
  return kt_test_cluster_sql (test->cluster, database,
    "SELECT (SELECT value FROM vars WHERE key = 'schema_version') || coalesce (' ' || string_agg (name, ' '), '') FROM ("
    "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname IN"
    " ('transactions_old', 'transactions_inputs_old', 'transactions_outputs_old', 'transactions_new', 'blocks_new',"
    " 'blocks_transactions_dedup') UNION ALL"
    " SELECT proname FROM pg_proc WHERE proname = '_v21_migrate_subnetworks' UNION ALL"
    " SELECT attname FROM pg_attribute WHERE attname = 'subnetwork_id_new' AND attrelid = to_regclass ('transactions') UNION ALL"
    " SELECT key FROM vars WHERE key = 'v21_compressed_subnetworks_checkpoint' ORDER BY name) x");
}

typedef struct {
  guint after;         /* statements */
  const char *found;   /* schema, leftovers */
  gboolean goes_on;    /* the same step once more, as @release starts it, succeeds; or it is taken for complete */
} Cut;

#define OLD "transactions_inputs_old transactions_old transactions_outputs_old"

static const Cut to_20[] = {
  { 0, "10", TRUE },
  { 1, "20", TRUE },
  { 4, "20", TRUE },
  { 5, "20 transactions_old", TRUE },
  { 7, "20 " OLD, TRUE },
  { 10, "20 " OLD, TRUE },
  { 11, "20 " OLD, TRUE },
  { 12, "20 transactions_inputs_old transactions_outputs_old", TRUE },
  { 14, "20", TRUE },
  { 17, "20", TRUE },
};

static const Cut to_21[] = {
  { 0, "20", TRUE },
  { 1, "20", FALSE },
  { 5, "20 subnetwork_id_new", FALSE },
  { 6, "20 _v21_migrate_subnetworks subnetwork_id_new", FALSE },
  { 7, "20 _v21_migrate_subnetworks subnetwork_id_new v21_compressed_subnetworks_checkpoint", FALSE },
  { 8, "20 subnetwork_id_new v21_compressed_subnetworks_checkpoint", FALSE },
  { 10, "20 subnetwork_id_new", FALSE },
  { 12, "20", FALSE },
  { 14, "21", TRUE },
};

static const Cut to_22[] = { { 0, "21", TRUE }, { 1, "21", FALSE }, { 4, "21", FALSE }, { 5, "22", TRUE } };

static const Cut to_23[] = {
  { 1, "22", TRUE },
  { 2, "22 blocks_transactions_dedup", FALSE },
  { 4, "22 blocks_transactions_dedup transactions_new", FALSE },
  { 5, "22 blocks_transactions_dedup transactions_new", FALSE },
  { 6, "22 blocks_transactions_dedup", FALSE },
  { 9, "22 blocks_transactions_dedup", FALSE },
  { 10, "22", TRUE },
  { 11, "22 blocks_new", FALSE },
  { 12, "22 blocks_new", FALSE },
  { 13, "22", TRUE },
  { 16, "22", TRUE },
  { 17, "22", FALSE },
  { 18, "23", TRUE },
};

static void
test_interrupted (KtTestSim *test, gconstpointer data)
{
  static const struct { guint from; KtRelease release; const Cut *cuts; gsize n_cuts; } steps[] = {
    { 10, KT_RELEASE_V2_0_0, to_20, G_N_ELEMENTS (to_20) }, { 20, KT_RELEASE_V2_2_1, to_21, G_N_ELEMENTS (to_21) },
    { 21, KT_RELEASE_V2_2_1, to_22, G_N_ELEMENTS (to_22) }, { 22, KT_RELEASE_V2_3_0, to_23, G_N_ELEMENTS (to_23) },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      guint to;
      g_autofree char *script = kt_migrate_script (steps[i].release, steps[i].from, &to);
      fill (test, steps[i].from, 0, 500);
      for (gsize c = 0; c < steps[i].n_cuts; c++)
        {
          const Cut *cut = &steps[i].cuts[c];
          g_autoptr (GError) error = NULL;
          g_autofree char *database = interrupt (test, script, cut->after);
          g_autofree char *conninfo = kt_test_cluster_conninfo (test->cluster, "postgres", database, NULL);
          g_autofree char *found = leftovers (test, database);
          g_autofree char *drop = g_strdup_printf ("DROP DATABASE %s", database);
          g_test_message ("%u to %u after %u statements: %s", steps[i].from, to, cut->after, found);
          g_assert_cmpstr (found, ==, cut->found);
          migrate (conninfo, steps[i].release, &error);
          g_assert_cmpint (error == NULL, ==, cut->goes_on);
          g_free (kt_test_cluster_sql (test->cluster, NULL, drop));
        }
    }
}

/* Without rows there is no first day to note. */
static void
test_empty_transactions (KtTestSim *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fill (test, 20, 0, 500);
  g_free (kt_test_sim_value (test, "TRUNCATE transactions"));
  g_assert_cmpuint (migrate (test->conninfo, KT_RELEASE_V2_3_0, &error), ==, 20);
  g_assert_error (error, KT_ERROR, KT_ERROR_QUERY);
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
  g_test_add_func ("/workload/migrate/scripts-are-cut-as-the-release-does", test_split);
  g_test_add_func ("/workload/migrate/each-release-has-its-steps", test_steps_of_releases);
  add ("/workload/migrate/rows-are-those-of-a-fill", test_rows);
  add ("/workload/migrate/a-fresh-database-differs-in-what-old-releases-did-not-store", test_against_fresh);
  add ("/workload/migrate/transactions-name-their-first-block", test_first_block);
  add ("/workload/migrate/a-run-goes-on", test_run_goes_on);
  add ("/workload/migrate/a-reorg-reaches-behind-the-migration", test_reorg_over_the_migration);
  add ("/workload/migrate/mapping-keeps-its-old-indexes", test_layout);
  add ("/workload/migrate/columns-move-until-23", test_column_order);
  add ("/workload/migrate/what-hung-on-the-old-tables-is-lost", test_losses);
  add ("/workload/migrate/whole-scripts-fail-and-take-everything-back", test_whole_scripts_fail);
  add ("/workload/migrate/interrupted-steps-leave-what-is-known", test_interrupted);
  add ("/workload/migrate/no-transactions-no-step-to-21", test_empty_transactions);
  return g_test_run ();
}
