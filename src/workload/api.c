/* SPDX-License-Identifier: MIT */
#include "workload/api.h"

#include "base/json.h"
#include "workload/api_parts.h"
#include "indexer/humantime.h"

#define NAME "simply-kaspa-indexer"
#define COMMIT "0000000000000000000000000000000000000000" /* no commit of the indexer is running here */
#define BLOCKS_A_SECOND 10
#define TPS_MAX 3000
#define FREE_MEMORY_LEAST 524288000
#define TIP_DISTANCE 1 /* a level is accepted as soon as the next one is there */

enum {
  V1 = 1 << KT_RELEASE_V1_6_3,
  V20 = 1 << KT_RELEASE_V2_0_0_BETA1 | 1 << KT_RELEASE_V2_0_0,
  V22 = 1 << KT_RELEASE_V2_1_2 | 1 << KT_RELEASE_V2_2_0 | 1 << KT_RELEASE_V2_2_1, /* v2.1.2, too */
  V23 = 1 << KT_RELEASE_V2_3_0,
};

struct KtApi {
  const KtArguments *arguments;
  KtMonitor *monitor;
  const char *conninfo;
  PGconn *connection;
  gint64 start_us;
  gint64 looked_us; /* when the CPU time was read last */
  gint64 cpu_us;
};

KtApi *
kt_api_new (const KtArguments *arguments, KtMonitor *monitor, const char *conninfo)
{
  KtApi *api = g_new0 (KtApi, 1);
  KtApiProcess process;
  kt_api_process_read (&process);
  api->arguments = arguments;
  api->monitor = monitor;
  api->conninfo = conninfo;
  api->start_us = api->looked_us = g_get_monotonic_time ();
  api->cpu_us = process.cpu_us;
  return api;
}

void
kt_api_free (KtApi *api)
{
  if (api == NULL)
    return;
  PQfinish (api->connection);
  g_free (api);
}

static gboolean
is_release (const KtApi *api, guint releases)
{
  return (releases >> api->arguments->release & 1) != 0;
}

static gboolean
is_on (const KtApi *api, KtDisable what)
{
  return !kt_features_off (&api->arguments->features, what);
}

static gint64
uptime_ms (const KtApi *api)
{
  return (g_get_monotonic_time () - api->start_us) / 1000;
}

static char *
document (JsonObject *object)
{
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  return kt_json_to_text (node);
}

/* ---- health ---- */

typedef enum { UP, WARN, DOWN } Status;

static const char *const status_names[] = { "UP", "WARN", "DOWN" };

typedef struct {
  JsonArray *details;
  Status worst;
} Details;

static void
add_detail (Details *details, const char *name, Status status, const char *reason)
{
  JsonObject *detail = json_object_new ();
  json_object_set_string_member (detail, "name", name);
  json_object_set_string_member (detail, "status", status_names[status]);
  kt_json_set_string (detail, "reason", reason);
  json_array_add_object_element (details->details, detail);
  details->worst = MAX (details->worst, status);
}

static void
add_lag (Details *details, const char *name, const KtMonitorState *state, const KtBlockInfo *block, gint64 up_s)
{
  gint64 lag_s = MAX (state->node.daa_score - block->daa_score, 0) / BLOCKS_A_SECOND;
  Status status = !block->known ? DOWN : lag_s < up_s ? UP : lag_s < 600 ? WARN : DOWN;
  g_autofree char *lag = kt_humantime_format (lag_s * 1000);
  g_autofree char *reason = block->known ? g_strdup_printf ("%s behind", lag) : NULL;
  add_detail (details, name, status, reason);
}

static void
add_queue (Details *details, const char *name, guint64 used, guint64 capacity)
{
  guint64 percent = capacity > 0 ? used * 100 / capacity : 0;
  g_autofree char *reason = g_strdup_printf ("Utilization: %" G_GUINT64_FORMAT "%%", percent);
  add_detail (details, name, percent >= 90 ? WARN : UP, reason);
}

static void
add_memory (Details *details)
{
  KtApiProcess process;
  kt_api_process_read (&process);
  if (process.memory_free < 0)
    return;
  g_autofree char *size = kt_api_size (process.memory_free);
  g_autofree char *reason = g_strdup_printf ("Free memory: %s", size);
  add_detail (details, "process.memory_free", process.memory_free <= FREE_MEMORY_LEAST ? WARN : UP, reason);
}

static void
add_pruner (Details *details, const KtApi *api, const KtPruneState *prune)
{
  g_autofree char *reason = NULL;
  if (api->arguments->prune_cron == NULL)
    reason = g_strdup ("Disabled");
  else if (!prune->ended)
    reason = g_strdup ("Not yet run");
  else
    {
      g_autofree char *time = kt_api_time (prune->end_ms);
      reason = g_strdup_printf ("%s: %s", time, prune->success ? "Success" : "Failed");
    }
  add_detail (details, "component.db_pruner", prune->ended && !prune->success ? WARN : UP, reason);
}

static void
add_details (Details *details, const KtApi *api, const KtMonitorState *state)
{
  add_memory (details);
  add_queue (details, "queue.blocks", state->queued_blocks, state->queue_capacity);
  add_queue (details, "queue.transactions", state->queued_transactions, state->queue_capacity);
  add_lag (details, "checkpoint", state, &state->checkpoint, 120);
  add_lag (details, "component.block_fetcher", state, &state->fetched, 60);
  add_lag (details, "component.block_processor", state, &state->processed, 60);
  if (is_on (api, KT_DISABLE_TRANSACTION_PROCESSING))
    add_lag (details, "component.transaction_processor", state, &state->path, 60);
  if (is_on (api, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING))
    add_lag (details, "component.virtual_chain_processor", state, &state->accepting, 60);
  add_pruner (details, api, &state->prune);
  if (is_release (api, V1 | V20))
    add_detail (details, "component.utxo_importer", UP, NULL);
}

static JsonObject *
info (const KtApi *api)
{
  JsonObject *object = json_object_new ();
  g_autofree char *uptime = kt_humantime_format (uptime_ms (api) / 1000 * 1000);
  json_object_set_string_member (object, "name", NAME);
  json_object_set_string_member (object, "version", kt_release_name (api->arguments->release));
  json_object_set_string_member (object, "commitId", COMMIT);
  json_object_set_string_member (object, "uptime", uptime);
  return object;
}

/* The node is the chain itself: always there, always synchronised. */
static JsonObject *
kaspad (const KtMonitorState *state)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "status", status_names[UP]);
  json_object_set_boolean_member (object, "isSynced", TRUE);
  json_object_set_string_member (object, "serverVersion", "1.1.0");
  json_object_set_string_member (object, "networkId", "mainnet");
  if (state->node.known)
    json_object_set_int_member (object, "virtualDaaScore", state->node.daa_score);
  return object;
}

char *
kt_api_health (KtApi *api, gboolean *down)
{
  KtMonitorState state;
  Details details = { .details = json_array_new (), .worst = UP };
  JsonObject *object = json_object_new (), *indexer = json_object_new ();
  kt_monitor_read (api->monitor, &state);
  add_details (&details, api, &state);
  *down = details.worst == DOWN;
  json_object_set_string_member (object, "status", status_names[details.worst]);
  json_object_set_int_member (object, "lastUpdated", g_get_real_time () / 1000);
  json_object_set_string_member (indexer, "status", status_names[details.worst]);
  json_object_set_object_member (indexer, "info", info (api));
  json_object_set_array_member (indexer, "details", details.details);
  json_object_set_object_member (object, "indexer", indexer);
  json_object_set_object_member (object, "kaspad", kaspad (&state));
  return document (object);
}

/* ---- metrics ---- */

static JsonObject *
settings (const KtApi *api, const KtMonitorState *state)
{
  JsonObject *object = json_object_new ();
  g_autoptr (JsonObject) block = json_object_new ();
  kt_api_set_block (block, "block", &state->first_checkpoint);
  JsonObject *first = kt_json_object (block, "block");
  json_object_set_object_member (object, "cli_args", kt_arguments_to_json (api->arguments));
  json_object_set_int_member (object, "net_bps", BLOCKS_A_SECOND);
  json_object_set_int_member (object, "net_tps_max", TPS_MAX);
  kt_api_set_text (object, "checkpoint", first != NULL ? kt_json_string (first, "hash", NULL) : NULL);
  return object;
}

static JsonObject *
process_object (KtApi *api)
{
  KtApiProcess process;
  JsonObject *object = json_object_new ();
  gint64 now_us = g_get_monotonic_time ();
  kt_api_process_read (&process);
  double percent = now_us > api->looked_us
                       ? 100.0 * (double) (process.cpu_us - api->cpu_us) / (double) (now_us - api->looked_us)
                       : 0;
  api->looked_us = now_us;
  api->cpu_us = process.cpu_us;
  g_autofree char *uptime = kt_humantime_format (uptime_ms (api) / 1000 * 1000);
  json_object_set_double_member (object, "cpuUsedPercent", percent);
  kt_api_set_size (object, "memoryUsed", process.memory_used);
  kt_api_set_size (object, "memoryFree", process.memory_free);
  json_object_set_int_member (object, "uptime", uptime_ms (api));
  json_object_set_string_member (object, "uptimePretty", uptime);
  return object;
}

static JsonObject *
queues (const KtMonitorState *state)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "blocks", (gint64) state->queued_blocks);
  json_object_set_int_member (object, "blocksCapacity", (gint64) state->queue_capacity);
  json_object_set_int_member (object, "transactions", (gint64) state->queued_transactions);
  json_object_set_int_member (object, "transactionsCapacity", (gint64) state->queue_capacity);
  return object;
}

static JsonObject *
checkpoint (const KtMonitorState *state)
{
  JsonObject *object = json_object_new ();
  gboolean initial = state->checkpoint.daa_score == state->first_checkpoint.daa_score;
  kt_api_set_text (object, "origin", !state->checkpoint.known ? NULL : initial ? "Initial" : "Vcp");
  kt_api_set_block (object, "block", &state->checkpoint);
  return object;
}

static JsonObject *
component (const KtBlockInfo *last)
{
  JsonObject *object = json_object_new ();
  kt_api_set_block (object, "lastBlock", last);
  return object;
}

static JsonObject *
virtual_chain (const KtApi *api, const KtMonitorState *state)
{
  gboolean enabled = is_on (api, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING);
  JsonObject *object = component (&state->accepting);
  json_object_set_boolean_member (object, "enabled", enabled);
  json_object_set_boolean_member (object, "onlyBlocks", !is_on (api, KT_DISABLE_TRANSACTION_ACCEPTANCE));
  json_object_set_int_member (object, "tipDistance", TIP_DISTANCE);
  json_object_set_null_member (object, "tipDistanceTimestamp");
  json_object_set_null_member (object, "tipDistanceDateTime");
  return object;
}

static const struct {
  const char *name;
  KtRetention retention;
  guint releases;
} classes[] = {
  { "block_parent", KT_RETENTION_BLOCK_PARENT, V1 | V20 | V22 | V23 },
  { "blocks_transactions", KT_RETENTION_BLOCKS_TRANSACTIONS, V1 | V20 | V22 },
  { "transactions_acceptances", KT_RETENTION_TRANSACTIONS_ACCEPTANCES, V22 | V23 },
  { "blocks", KT_RETENTION_BLOCKS, V1 | V20 | V22 | V23 },
  { "transactions", KT_RETENTION_TRANSACTIONS, V1 | V20 | V22 | V23 },
  { "addresses_transactions", KT_RETENTION_ADDRESSES_TRANSACTIONS, V1 | V20 | V22 | V23 },
};

static JsonObject *
retentions (const KtApi *api)
{
  JsonObject *object = json_object_new ();
  KtPruneRules rules;
  kt_arguments_prune_rules (api->arguments, &rules);
  for (gsize i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      gint64 ms = rules.retention_ms[classes[i].retention];
      g_autofree char *text = ms >= 0 ? kt_humantime_format (ms) : NULL;
      if (is_release (api, classes[i].releases))
        kt_api_set_text (object, classes[i].name, text);
    }
  return object;
}

static JsonObject *
prune_results (const KtPruneResult *result)
{
  JsonObject *object = json_object_new ();
  for (guint i = 0; i < result->n_steps; i++)
    {
      const KtPruneStep *step = &result->steps[i];
      JsonObject *row = json_object_new ();
      g_autofree char *duration = kt_humantime_format (step->duration_ms);
      kt_api_set_time (row, "startTime", step->start_ms);
      kt_api_set_time (row, "cutoffTime", step->cutoff_ms);
      json_object_set_boolean_member (row, "success", step->complete);
      json_object_set_string_member (row, "duration", duration);
      json_object_set_int_member (row, "rowsDeleted", (gint64) step->rows);
      json_object_set_object_member (object, step->name, row);
    }
  return object;
}

static JsonObject *
pruner (const KtApi *api, const KtPruneState *prune)
{
  JsonObject *object = json_object_new ();
  json_object_set_boolean_member (object, "enabled", api->arguments->prune_cron != NULL);
  kt_api_set_text (object, "cron", api->arguments->prune_cron);
  json_object_set_boolean_member (object, "running", prune->running);
  kt_api_set_time (object, "startTime", prune->start_ms);
  json_object_set_object_member (object, "retention", retentions (api));
  json_object_set_object_member (object, "results", prune_results (&prune->result));
  kt_api_set_time (object, "completedTime", prune->end_ms);
  if (prune->ended)
    json_object_set_boolean_member (object, "completedSuccessfully", prune->success);
  else
    json_object_set_null_member (object, "completedSuccessfully");
  return object;
}

/* Nothing is imported here, so it has always ended. */
static JsonObject *
importer (const KtApi *api)
{
  static const char *const first[] = { "utxosImported", "acceptancesCommitted", "outputsCommitted" };
  static const char *const later[] = { "utxosImported", "utxosCommitted", "transactionsCommitted" };
  const char *const *counters = is_release (api, V1) ? first : later;
  JsonObject *object = json_object_new ();
  json_object_set_boolean_member (object, "enabled", is_on (api, KT_DISABLE_INITIAL_UTXO_IMPORT));
  json_object_set_boolean_member (object, "completed", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (first); i++)
    json_object_set_int_member (object, counters[i], 0);
  return object;
}

static JsonObject *
components (const KtApi *api, const KtMonitorState *state)
{
  JsonObject *object = json_object_new (), *transactions = component (&state->path);
  json_object_set_boolean_member (transactions, "enabled", is_on (api, KT_DISABLE_TRANSACTION_PROCESSING));
  json_object_set_object_member (object, "blockFetcher", component (&state->fetched));
  json_object_set_object_member (object, "blockProcessor", component (&state->processed));
  json_object_set_object_member (object, "transactionProcessor", transactions);
  json_object_set_object_member (object, "virtualChainProcessor", virtual_chain (api, state));
  json_object_set_object_member (object, "dbPruner", pruner (api, &state->prune));
  if (is_release (api, V1 | V20))
    json_object_set_object_member (object, "utxoImporter", importer (api));
  return object;
}

/* Kept from one request to the next. */
static PGconn *
connect_database (KtApi *api)
{
  if (api->connection != NULL && PQstatus (api->connection) != CONNECTION_OK)
    g_clear_pointer (&api->connection, PQfinish);
  if (api->connection == NULL && api->conninfo != NULL)
    api->connection = kt_sim_connect (api->conninfo, NULL);
  return api->connection;
}

char *
kt_api_metrics (KtApi *api)
{
  KtMonitorState state;
  JsonObject *object = json_object_new ();
  kt_monitor_read (api->monitor, &state);
  json_object_set_string_member (object, "name", NAME);
  json_object_set_string_member (object, "version", kt_release_name (api->arguments->release));
  json_object_set_string_member (object, "commitId", COMMIT);
  json_object_set_object_member (object, "settings", settings (api, &state));
  json_object_set_object_member (object, "process", process_object (api));
  json_object_set_object_member (object, "queues", queues (&state));
  json_object_set_object_member (object, "checkpoint", checkpoint (&state));
  json_object_set_object_member (object, "components", components (api, &state));
  json_object_set_object_member (object, "database",
                                 kt_api_database (connect_database (api), is_release (api, V23),
                                                  is_release (api, V22 | V23)));
  g_autofree char *text = document (object);
  GString *numbers = g_string_new (text);
  g_string_replace (numbers, "\"" KT_API_NEVER_ANALYSED "\"", KT_API_NEVER_ANALYSED, 0);
  return g_string_free (numbers, FALSE);
}
