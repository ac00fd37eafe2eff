/* SPDX-License-Identifier: MIT
 *
 * The documents without a run and without a database: what they then must say, and what differs from release to
 * release. With both they are tested through the program.
 */
#include "workload/api.h"

#include "base/json.h"

static JsonObject *
metrics (KtRelease release, const char *const *words, JsonNode **node)
{
  g_auto (KtArguments) arguments = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_arguments_parse (&arguments, release, words, &error));
  g_autoptr (KtMonitor) monitor = kt_monitor_new ();
  g_autoptr (KtApi) api = kt_api_new (&arguments, monitor, NULL);
  g_autofree char *text = kt_api_metrics (api);
  *node = kt_json_parse (text, &error);
  g_assert_no_error (error);
  return json_node_get_object (*node);
}

static char *
members (JsonObject *object)
{
  g_autoptr (GList) names = json_object_get_members (object);
  g_autoptr (GString) text = g_string_new (NULL);
  for (GList *name = names; name != NULL; name = name->next)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", (const char *) name->data);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_members (void)
{
  static const char *const none[] = { NULL };
  static const struct { const char *path[3]; const char *members; } rows[] = {
    { { NULL }, "name version commitId settings process queues checkpoint components database" },
    { { "settings" }, "cli_args net_bps net_tps_max checkpoint" },
    { { "queues" }, "blocks blocksCapacity transactions transactionsCapacity" },
    { { "process" }, "cpuUsedPercent memoryUsed memoryUsedPretty memoryFree memoryFreePretty uptime uptimePretty" },
    { { "checkpoint" }, "origin block" },
    { { "components" }, "blockFetcher blockProcessor transactionProcessor virtualChainProcessor dbPruner" },
    { { "components", "virtualChainProcessor" },
      "lastBlock enabled onlyBlocks tipDistance tipDistanceTimestamp tipDistanceDateTime" },
    { { "components", "dbPruner" },
      "enabled cron running startTime retention results completedTime completedSuccessfully" },
    { { "components", "dbPruner", "retention" },
      "block_parent transactions_acceptances blocks transactions addresses_transactions" },
    { { "database" }, "databaseName schemaName databaseSize databaseSizePretty activeQueries blockedQueries"
                      " activeConnections maxConnections deadlocks tables" },
    { { "settings", "cli_args", "pruning" },
      "pruneDb pruneBatchSize retention retentionBlockParent retentionBlocks retentionTransactions"
      " retentionAddressesTransactions retentionTransactionsAcceptances" },
  };
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = metrics (KT_RELEASE_V2_3_0, none, &node);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      JsonObject *at = object;
      for (gsize level = 0; level < 3 && rows[i].path[level] != NULL; level++)
        at = kt_json_object (at, rows[i].path[level]);
      g_autofree char *found = members (at);
      g_assert_cmpstr (found, ==, rows[i].members);
    }
  /* What is not known is there and null. */
  g_assert_true (json_object_get_null_member (kt_json_object (object, "checkpoint"), "block"));
  g_assert_true (json_object_get_null_member (kt_json_object (object, "database"), "databaseSize"));
}

static void
test_arguments (void)
{
  static const char *const words[] = {
    "-d", "postgres://u:secret@h/db", "--disable=block_parent_table,rejected_transactions", "--disable", "blocks_table",
    "--exclude-fields=tx_hash", "--prune-db", "--retention=168h", "-u", "-b", "2.5", NULL,
  };
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = metrics (KT_RELEASE_V2_3_0, words, &node);
  JsonObject *given = kt_json_object (kt_json_object (object, "settings"), "cli_args");
  JsonObject *pruning = kt_json_object (given, "pruning");
  JsonArray *disable = kt_json_array (given, "disable");
  g_assert_cmpstr (kt_json_string (given, "databaseUrl", NULL), ==, "**hidden**");
  g_assert_cmpstr (kt_json_string (given, "rpcUrl", NULL), ==, "**hidden**");
  g_assert_cmpuint (json_array_get_length (disable), ==, 3);
  g_assert_cmpstr (json_array_get_string_element (disable, 0), ==, "BlockParentTable");
  g_assert_cmpstr (json_array_get_string_element (disable, 2), ==, "BlocksTable");
  g_assert_cmpstr (json_array_get_string_element (kt_json_array (given, "excludeFields"), 0), ==, "TxHash");
  g_assert_cmpstr (kt_json_string (pruning, "pruneDb", NULL), ==, "0 * * * *");
  g_assert_cmpint (kt_json_int (pruning, "pruneBatchSize", 0), ==, 100000);
  g_assert_cmpstr (kt_json_string (pruning, "retention", NULL), ==, "7days");
  g_assert_true (json_object_get_null_member (pruning, "retentionBlocks"));
  g_assert_true (kt_json_bool (given, "upgradeDb", FALSE));
  g_assert_cmpfloat (kt_json_double (given, "batchScale", 0), ==, 2.5);
  g_assert_cmpint (kt_json_int (given, "batchConcurrency", 0), ==, 2);
  g_assert_cmpint (kt_json_int (given, "cacheTtl", 0), ==, 60);
  JsonObject *pruner = kt_json_object (kt_json_object (object, "components"), "dbPruner");
  g_assert_true (kt_json_bool (pruner, "enabled", FALSE));
  g_assert_cmpstr (kt_json_string (kt_json_object (pruner, "retention"), "blocks", NULL), ==, "7days");
}

static void
test_releases (void)
{
  static const char *const none[] = { NULL };
  static const struct { KtRelease release; const char *importer; gboolean deadlocks, blocks_transactions; } rows[] = {
    { KT_RELEASE_V1_6_3, "enabled completed utxosImported acceptancesCommitted outputsCommitted", FALSE, TRUE },
    { KT_RELEASE_V2_0_0, "enabled completed utxosImported utxosCommitted transactionsCommitted", FALSE, TRUE },
    { KT_RELEASE_V2_2_1, NULL, FALSE, TRUE },
    { KT_RELEASE_V2_3_0, NULL, TRUE, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = NULL;
      JsonObject *object = metrics (rows[i].release, none, &node);
      JsonObject *components = kt_json_object (object, "components");
      JsonObject *importer = kt_json_object (components, "utxoImporter");
      g_autofree char *found = importer != NULL ? members (importer) : NULL;
      g_assert_cmpstr (kt_json_string (object, "version", NULL), ==, kt_release_name (rows[i].release));
      g_assert_cmpstr (found, ==, rows[i].importer);
      g_assert_cmpint (json_object_has_member (kt_json_object (object, "database"), "deadlocks"), ==,
                       rows[i].deadlocks);
      g_assert_cmpint (json_object_has_member (kt_json_object (kt_json_object (components, "dbPruner"), "retention"),
                                               "blocks_transactions"),
                       ==, rows[i].blocks_transactions);
    }
}

/* Before the first block nothing is known of any component. */
static void
test_down (void)
{
  static const char *const words[] = { "--disable=virtual_chain_processing", NULL };
  g_auto (KtArguments) arguments = { 0 };
  gboolean down = FALSE;
  g_assert_true (kt_arguments_parse (&arguments, KT_RELEASE_V2_3_0, words, NULL));
  g_autoptr (KtMonitor) monitor = kt_monitor_new ();
  g_autoptr (KtApi) api = kt_api_new (&arguments, monitor, NULL);
  g_autofree char *text = kt_api_health (api, &down);
  g_autoptr (JsonNode) node = kt_json_parse (text, NULL);
  JsonObject *object = json_node_get_object (node), *indexer = kt_json_object (object, "indexer");
  JsonArray *details = kt_json_array (indexer, "details");
  g_assert_true (down);
  g_assert_cmpstr (kt_json_string (object, "status", NULL), ==, "DOWN");
  g_assert_cmpstr (kt_json_string (kt_json_object (indexer, "info"), "version", NULL), ==, "v2.3.0");
  g_assert_false (json_object_has_member (kt_json_object (object, "kaspad"), "virtualDaaScore"));
  for (guint i = 0; i < json_array_get_length (details); i++)
    {
      JsonObject *detail = json_array_get_object_element (details, i);
      const char *name = kt_json_string (detail, "name", NULL);
      g_assert_cmpstr (name, !=, "component.virtual_chain_processor");
      g_assert_cmpstr (name, !=, "component.utxo_importer");
      if (g_str_equal (name, "component.block_fetcher"))
        g_assert_cmpstr (kt_json_string (detail, "status", NULL), ==, "DOWN");
      if (g_str_equal (name, "component.db_pruner"))
        g_assert_cmpstr (kt_json_string (detail, "reason", NULL), ==, "Disabled");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workload/api/metrics-have-the-indexers-members", test_members);
  g_test_add_func ("/workload/api/arguments-are-shown-without-secrets", test_arguments);
  g_test_add_func ("/workload/api/older-releases-differ", test_releases);
  g_test_add_func ("/workload/api/down-before-the-first-block", test_down);
  return g_test_run ();
}
