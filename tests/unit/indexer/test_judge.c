/* SPDX-License-Identifier: MIT */
#include "indexer/indexer.h"

#include "base/file.h"

#include <string.h>

static GStrv
list (const char *text)
{
  return *text != '\0' ? g_strsplit (text, " ", -1) : g_new0 (char *, 1);
}

static KtIndexerObject *
add (KtIndexerDatabase *database, const char *name, gboolean table, const char *columns, const char *key, const char *indexes)
{
  KtIndexerObject *object = g_new0 (KtIndexerObject, 1);
  object->name = g_strdup (name);
  object->schema = g_strdup ("public");
  object->table = table;
  object->readable = table;
  object->filled = table;
  object->columns = list (columns);
  object->types = list (columns);
  for (char **type = object->types; *type != NULL; type++)
    {
      g_free (*type);
      *type = g_strdup ("bytea");
    }
  object->key = g_strdup (key);
  object->indexes = list (indexes);
  g_ptr_array_add (database->objects, object);
  return object;
}

/* As v2.3.0 creates it. */
static KtIndexerDatabase *
schema_23 (void)
{
  KtIndexerDatabase *database = kt_indexer_database_new ();
  database->name = g_strdup ("kaspa");
  database->max_connections = 100;
  database->vars = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (database->vars, g_strdup ("schema_version"), g_strdup ("23"));
  add (database, "vars", TRUE, "key value", "key", "key");
  add (database, "blocks", TRUE, "hash transaction_ids blue_score", "hash", "hash blue_score");
  add (database, "transactions_inputs", FALSE, "index compute_budget", "", "");
  add (database, "transactions", TRUE, "transaction_id subnetwork_id block_time version inputs outputs block_hash", "transaction_id",
       "transaction_id block_time");
  add (database, "addresses_transactions", TRUE, "address transaction_id block_time", "address+block_time+transaction_id",
       "address+block_time+transaction_id block_time");
  add (database, "scripts_transactions", TRUE, "script_public_key transaction_id block_time", "script_public_key+block_time+transaction_id",
       "script_public_key+block_time+transaction_id block_time")
      ->filled = 0;
  return database;
}

static KtIndexerObject *
table (KtIndexerDatabase *database, const char *name)
{
  return (KtIndexerObject *) kt_indexer_database_table (database, name);
}

/* A container with @image and @words, which hold no double quote. */
static KtProgram *
container (const char *name, const char *image, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) parts = list (words);
  g_autofree char *args = g_strjoinv ("\",\"", parts);
  g_autofree char *json = g_strdup_printf ("{\"Name\":\"/%s\",\"Path\":\"x\",\"Args\":[%s%s%s],\"State\":{\"Status\":\"running\"},\"Config\":{\"Image\":\"%s\"}}",
                                           name, *words != '\0' ? "\"simply-kaspa-indexer\",\"" : "\"simply-kaspa-indexer\"", args, *words != '\0' ? "\"" : "", image);
  g_autoptr (JsonNode) node = kt_json_parse (json, &error);
  g_assert_no_error (error);
  return kt_program_of_container (json_node_get_object (node));
}

static KtIndexers *
indexers_with (KtIndexerDatabase *database, KtProgram *one, KtProgram *other)
{
  GPtrArray *programs = g_ptr_array_new ();
  if (one != NULL)
    g_ptr_array_add (programs, one);
  if (other != NULL)
    g_ptr_array_add (programs, other);
  KtIndexers *indexers = kt_indexers_new (programs);
  indexers->database = database;
  return indexers;
}

static gboolean
says (const KtIndexers *indexers, KtSeverity severity, const char *words)
{
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  kt_indexers_judge (indexers, findings);
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      g_test_message ("%s: %s -> %s", kt_severity_name (finding->severity), finding->sentence, finding->remedy);
      if (finding->severity == severity && (strstr (finding->sentence, words) != NULL || (finding->remedy != NULL && strstr (finding->remedy, words) != NULL)))
        return TRUE;
    }
  return FALSE;
}

static guint
count (const KtIndexers *indexers, KtSeverity least)
{
  guint n = 0;
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  kt_indexers_judge (indexers, findings);
  for (guint i = 0; i < findings->len; i++)
    n += ((KtFinding *) findings->pdata[i])->severity >= least;
  return n;
}

static void
test_what_fits_is_left_in_peace (void)
{
  g_autoptr (KtIndexers) indexers = indexers_with (schema_23 (), container ("a", "supertypo/simply-kaspa-indexer:v2.3.0", "-u -l 0.0.0.0:8500"), NULL);
  g_assert_cmpuint (count (indexers, KT_SEVERITY_WARNING), ==, 0);
}

static void
test_command_lines (void)
{
  static const struct { const char *image, *words; KtSeverity severity; const char *says; } rows[] = {
    { "x/simply-kaspa-indexer:v2.3.0", "--disable=blocks_transactions_table", KT_SEVERITY_REFUSE, "does not start" },
    { "x/simply-kaspa-indexer:v2.2.1", "--disable=blocks_transactions_table", KT_SEVERITY_REFUSE, "refuses this database" },
    { "x/simply-kaspa-indexer:latest", "", KT_SEVERITY_WARNING, "named latest" },
    { "x/simply-kaspa-indexer:main", "", KT_SEVERITY_NOTE, "which release it is" },
    { "x/simply-kaspa-indexer:v2.3.1-beta1", "--disable=virtual_chain_processing", KT_SEVERITY_REFUSE, "R2" },
    { "x/simply-kaspa-indexer:v2.3.0", "--retention=7d", KT_SEVERITY_WARNING, "R12" },
    { "x/simply-kaspa-indexer:v2.3.0", "--batch-concurrency=10", KT_SEVERITY_WARNING, "R17" },
    { "x/simply-kaspa-indexer:v2.3.0", "--exclude-fields=tx_out_script_public_key_address", KT_SEVERITY_WARNING, "maps by script" },
    { "x/simply-kaspa-indexer:v2.3.0", "--disable=addresses_transactions_table", KT_SEVERITY_NOTE, "does not write it any more" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtIndexerDatabase *database = schema_23 ();
      database->reserved_connections = 3;
      g_autoptr (KtIndexers) indexers = indexers_with (database, container ("a", rows[i].image, rows[i].words), NULL);
      g_test_message ("%s %s", rows[i].image, rows[i].words);
      g_assert_true (says (indexers, rows[i].severity, rows[i].says));
    }
}

static void
test_older_schema_with_and_without_upgrade (void)
{
  static const struct { const char *image, *words, *stamp; KtSeverity severity; const char *says; } rows[] = {
    { "x/simply-kaspa-indexer:v2.3.0", "-u", "22", KT_SEVERITY_WARNING, "no way back" },
    { "x/simply-kaspa-indexer:v2.3.0", "", "22", KT_SEVERITY_REFUSE, "without --upgrade-db it panics" },
    { "x/simply-kaspa-indexer:v2.2.0", "-u", "10", KT_SEVERITY_REFUSE, "rolls back" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtIndexerDatabase *database = schema_23 ();
      g_hash_table_replace (database->vars, g_strdup ("schema_version"), g_strdup (rows[i].stamp));
      g_autoptr (KtIndexers) indexers = indexers_with (database, container ("a", rows[i].image, rows[i].words), NULL);
      g_assert_true (says (indexers, rows[i].severity, rows[i].says));
    }
}

static void
test_api_that_says_something_else (void)
{
  g_autoptr (KtIndexers) indexers = indexers_with (schema_23 (), container ("a", "x/simply-kaspa-indexer:v2.2.1", ""), NULL);
  KtIndexer *indexer = indexers->all->pdata[0];
  indexer->status = kt_indexer_status_new ();
  indexer->status->answered = TRUE;
  indexer->status->version = g_strdup ("v2.3.0-2-gabc123-dirty");
  indexer->status->node_version = g_strdup ("1.0.1");
  indexer->status->database = g_strdup ("other");
  indexer->status->lag_s = 3600;
  kt_indexer_settle (indexer);
  g_assert_cmpstr (indexer->release->tag, ==, "v2.3.0");
  g_assert_true (says (indexers, KT_SEVERITY_WARNING, "the image's tag says v2.2.1"));
  g_assert_true (says (indexers, KT_SEVERITY_WARNING, "kaspad 1.0.1, and v2.3.0 needs v1.1.0"));
  g_assert_true (says (indexers, KT_SEVERITY_NOTE, "writes into the database other"));
  g_assert_true (says (indexers, KT_SEVERITY_NOTE, "60 minutes behind"));
}

static void
test_container_that_starts_again_for_ever (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *path = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests/indexers/container-light.json", NULL);
  g_assert_true (kt_file_read (path, &text, NULL, &error));
  g_autoptr (JsonNode) node = kt_json_parse (text, &error);
  g_autoptr (KtIndexers) indexers = indexers_with (NULL, kt_program_of_container (json_node_get_object (node)), NULL);
  g_assert_true (says (indexers, KT_SEVERITY_WARNING, "17 times; the last exit status was 2: it rejects its options"));
  g_assert_true (says (indexers, KT_SEVERITY_REFUSE, "blocks_transactions_table"));
}

static void
test_files_that_were_changed_since (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = kt_json_parse ("{\"image\":\"x/simply-kaspa-indexer:v2.3.0\",\"command\":[\"-u\",\"--log-level=a$$b\"]}", &error);
  KtProgram *one = container ("p-indexer-1", "x/simply-kaspa-indexer:v2.2.1", "-u --log-level=a$b");
  KtProgram *service = kt_program_of_service ("indexer", json_node_get_object (node), FALSE);
  one->project = g_strdup ("p");
  one->service = g_strdup ("indexer");
  service->project = g_strdup ("p");
  g_autoptr (KtIndexers) indexers = indexers_with (NULL, service, one);
  g_assert_cmpuint (indexers->all->len, ==, 1); /* they are the same */
  g_assert_true (says (indexers, KT_SEVERITY_NOTE, "image x/simply-kaspa-indexer:v2.3.0 instead of"));
}

static void
test_two_on_one_database (void)
{
  const char *words = "-d postgres://u:geheim@db/kaspa";
  g_autoptr (KtIndexers) indexers = indexers_with (NULL, container ("a", "x/simply-kaspa-indexer:v2.3.0", words),
                                                   container ("b", "x/simply-kaspa-indexer:v2.3.0", words));
  g_assert_true (says (indexers, KT_SEVERITY_WARNING, "same database"));
  g_assert_false (says (indexers, KT_SEVERITY_WARNING, "geheim"));
}

static void
test_databases (void)
{
  static const struct { const char *table, *key, *indexes; KtSeverity severity; const char *says; } rows[] = {
    { "addresses_transactions", "address+transaction_id", "address+transaction_id address+block_time", KT_SEVERITY_WARNING,
      "CREATE INDEX CONCURRENTLY ON addresses_transactions (block_time DESC)" },
    { "addresses_transactions", "address+transaction_id", "address+transaction_id address+block_time block_time", KT_SEVERITY_NOTE, "before v2.2.0" },
    { "addresses_transactions", "address+transaction_id", "address+transaction_id block_time", KT_SEVERITY_WARNING, "before v1.4.0" },
    { "transactions", "", "", KT_SEVERITY_REFUSE, "transactions without primary key" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtIndexerDatabase *database = schema_23 ();
      KtIndexerObject *object = table (database, rows[i].table);
      g_free (object->key);
      g_strfreev (object->indexes);
      object->key = g_strdup (rows[i].key);
      object->indexes = list (rows[i].indexes);
      g_autoptr (KtIndexers) indexers
        = indexers_with (database, container ("a", "x/simply-kaspa-indexer:v2.3.0", "--prune-db --retention=7d"), NULL);
      g_assert_true (says (indexers, rows[i].severity, rows[i].says));
    }
}

static void
test_leftovers_are_a_migration_at_work_or_a_broken_one (void)
{
  KtIndexerDatabase *database = schema_23 ();
  add (database, "blocks_new", TRUE, "hash", "hash", "hash");
  g_autoptr (KtIndexers) indexers = indexers_with (database, NULL, NULL);
  g_assert_true (says (indexers, KT_SEVERITY_REFUSE, "table blocks_new is still there"));
  database->migrating = TRUE;
  g_assert_true (says (indexers, KT_SEVERITY_NOTE, "a migration is at work"));
  g_assert_cmpuint (count (indexers, KT_SEVERITY_WARNING), ==, 0);
}

static void
test_k_indexer_loses_its_trigger (void)
{
  KtIndexerDatabase *database = schema_23 ();
  add (database, "k_contents", TRUE, "id base64_encoded_message", "id", "id");
  database->functions = list ("notify_transaction");
  g_autoptr (KtIndexers) indexers = indexers_with (database, container ("a", "x/simply-kaspa-indexer:v2.3.0", "--exclude-fields=tx_payload"), NULL);
  g_assert_true (says (indexers, KT_SEVERITY_REFUSE, "CREATE TRIGGER transaction_notify_trigger"));
  g_assert_true (says (indexers, KT_SEVERITY_REFUSE, "R14"));
  table (database, "transactions")->triggers = list ("transaction_notify_trigger");
  g_assert_false (says (indexers, KT_SEVERITY_REFUSE, "CREATE TRIGGER"));
}

static void
test_foreign_tables (void)
{
  KtIndexerDatabase *database = schema_23 ();
  g_hash_table_remove (database->vars, "schema_version");
  g_autoptr (KtIndexers) indexers = indexers_with (database, NULL, NULL);
  g_assert_true (says (indexers, KT_SEVERITY_REFUSE, "vars is not the indexer's"));
}

static void
test_api_server_and_kasia (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) rest = kt_json_parse ("{\"Name\":\"/rest\",\"Path\":\"gunicorn\",\"Args\":[],\"Config\":{\"Image\":\"kaspanet/kaspa-rest-server:v2.1.5\"}}", &error);
  g_autoptr (JsonNode) kasia = kt_json_parse ("{\"Name\":\"/kasia\",\"Path\":\"x\",\"Args\":[],\"Config\":{\"Image\":\"kkluster/kasia-indexer:main\"}}", &error);
  g_autoptr (KtIndexers) indexers = indexers_with (schema_23 (), kt_program_of_container (json_node_get_object (rest)),
                                                   kt_program_of_container (json_node_get_object (kasia)));
  g_assert_true (says (indexers, KT_SEVERITY_WARNING, "kaspa-rest-server v2.1.5 reads schema 21, and the database has 23"));
  g_assert_true (says (indexers, KT_SEVERITY_NOTE, "not in PostgreSQL"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/whole", test_what_fits_is_left_in_peace);
  g_test_add_func ("/judge/command-lines", test_command_lines);
  g_test_add_func ("/judge/older-schema", test_older_schema_with_and_without_upgrade);
  g_test_add_func ("/judge/api", test_api_that_says_something_else);
  g_test_add_func ("/judge/restarts", test_container_that_starts_again_for_ever);
  g_test_add_func ("/judge/changed-files", test_files_that_were_changed_since);
  g_test_add_func ("/judge/two", test_two_on_one_database);
  g_test_add_func ("/judge/databases", test_databases);
  g_test_add_func ("/judge/leftovers", test_leftovers_are_a_migration_at_work_or_a_broken_one);
  g_test_add_func ("/judge/k-indexer", test_k_indexer_loses_its_trigger);
  g_test_add_func ("/judge/foreign", test_foreign_tables);
  g_test_add_func ("/judge/others", test_api_server_and_kasia);
  return g_test_run ();
}
