/* SPDX-License-Identifier: MIT */
#include "indexer/status.h"

#include "base/file.h"

static JsonNode *
document (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *path = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests/indexers", name, NULL);
  g_assert_true (kt_file_read (path, &text, NULL, &error));
  JsonNode *node = kt_json_parse (text, &error);
  g_assert_no_error (error);
  return node;
}

static void
test_metrics_with_two_checkpoints (void)
{
  g_autoptr (JsonNode) node = document ("metrics-v2.3.1-beta1.json");
  g_autoptr (KtIndexerStatus) status = kt_indexer_status_new ();
  kt_indexer_status_take_metrics (status, json_node_get_object (node), 1783400070000);
  g_assert_cmpstr (status->version, ==, "v2.3.1-beta1");
  g_assert_cmpstr (status->disabled, ==, "block_parent_table,addresses_transactions_table,rejected_transactions");
  g_assert_cmpstr (status->excluded, ==, "block_bits,tx_in_sig_op_count,tx_out_script_public_key_address");
  g_assert_true (kt_features_off (&status->features, KT_DISABLE_REJECTED_TRANSACTIONS));
  g_assert_cmpstr (status->prune_cron, ==, "0 * * * *");
  g_assert_cmpstr (status->retention, ==, "7days");
  g_assert_cmpstr (status->database, ==, "kaspa");
  g_assert_cmpint (status->lag_s, ==, 60); /* of the virtual chain, which stands further */
  g_assert_cmpint (status->database_bytes, ==, 1901425123);
  g_assert_cmpuint (status->deadlocks, ==, 4);
}

static void
test_metrics_of_v1 (void)
{
  g_autoptr (JsonNode) node = document ("metrics-v1.6.3.json");
  g_autoptr (KtIndexerStatus) status = kt_indexer_status_new ();
  kt_indexer_status_take_metrics (status, json_node_get_object (node), 1700000005000);
  g_assert_cmpstr (status->disabled, ==, "transactions_inputs_table,vcp_wait_for_sync");
  g_assert_true (kt_features_off (&status->features, KT_DISABLE_TRANSACTIONS_INPUTS));
  g_assert_null (status->excluded);
  g_assert_null (status->prune_cron);
  g_assert_cmpint (status->lag_s, ==, 5);
  g_assert_cmpint (status->database_bytes, ==, -1);
}

static void
test_health_tells_what_is_wrong (void)
{
  g_autoptr (JsonNode) node = document ("health-down.json");
  g_autoptr (KtIndexerStatus) status = kt_indexer_status_new ();
  kt_indexer_status_take_health (status, json_node_get_object (node));
  g_assert_cmpstr (status->status, ==, "DOWN");
  g_assert_cmpstr (status->node_version, ==, "1.0.0");
  g_assert_cmpint (status->node_synced, ==, 0);
  g_assert_cmpuint (status->troubles->len, ==, 4);
  g_assert_cmpstr (status->troubles->pdata[1], ==, "checkpoint is DOWN: 11m 2s behind");
  g_assert_cmpstr (status->troubles->pdata[3], ==, "kaspad is DOWN: connection refused");
}

static void
test_anything_else_says_nothing (void)
{
  static const char *const rows[] = { "{}", "{\"settings\":7,\"components\":[],\"database\":null}", "{\"settings\":{\"cli_args\":{\"disable\":[1,null,{}]}}}",
                                      "{\"indexer\":{\"details\":[1,null]},\"kaspad\":\"x\"}" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = kt_json_parse (rows[i], NULL);
      g_autoptr (KtIndexerStatus) status = kt_indexer_status_new ();
      kt_indexer_status_take_metrics (status, json_node_get_object (node), 1);
      kt_indexer_status_take_health (status, json_node_get_object (node));
      g_assert_null (status->disabled);
      g_assert_cmpint (status->lag_s, ==, -1);
      g_assert_cmpuint (status->troubles->len, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/status/v2.3.1-beta1", test_metrics_with_two_checkpoints);
  g_test_add_func ("/status/v1.6.3", test_metrics_of_v1);
  g_test_add_func ("/status/health", test_health_tells_what_is_wrong);
  g_test_add_func ("/status/anything", test_anything_else_says_nothing);
  return g_test_run ();
}
