/* SPDX-License-Identifier: MIT */
#include "indexer/status.h"

#include "base/error.h"
#include "base/fetch.h"

#define ANSWER_MS 5000 /* the sizes of all tables are in it */
#define BLOCKS_A_SECOND 10

void
kt_indexer_status_free (KtIndexerStatus *status)
{
  if (status == NULL)
    return;
  char *const texts[] = { status->why_not, status->version, status->commit, status->status, status->node_version, status->network,
                          status->database, status->schema, status->disabled, status->excluded, status->prune_cron, status->retention };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_ptr_array_unref (status->troubles);
  g_free (status);
}

KtIndexerStatus *
kt_indexer_status_new (void)
{
  KtIndexerStatus *status = g_new0 (KtIndexerStatus, 1);
  status->troubles = g_ptr_array_new_with_free_func (g_free);
  status->node_synced = -1;
  status->lag_s = status->uptime_ms = status->database_bytes = -1;
  return status;
}

static void
take_text (char **text, JsonObject *object, const char *name)
{
  const char *found = object != NULL ? kt_json_string (object, name, NULL) : NULL;
  if (found != NULL && *text == NULL)
    *text = g_strdup (found);
}

/* The object at the end of @path, "components/blockProcessor"; NULL when a part is absent or null. */
static JsonObject *
below (JsonObject *object, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (char **name = parts; *name != NULL && object != NULL; name++)
    object = kt_json_object (object, *name);
  return object;
}

/* --- health ------------------------------------------------------------------------------------------------------- */

static void
take_details (KtIndexerStatus *status, JsonArray *details)
{
  for (guint i = 0; details != NULL && i < json_array_get_length (details); i++)
    {
      JsonNode *node = json_array_get_element (details, i);
      JsonObject *detail = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *how = detail != NULL ? kt_json_string (detail, "status", "UP") : "UP";
      const char *reason = detail != NULL ? kt_json_string (detail, "reason", NULL) : NULL;
      if (!g_str_equal (how, "UP"))
        g_ptr_array_add (status->troubles, g_strdup_printf ("%s is %s%s%s", kt_json_string (detail, "name", "?"), how, reason != NULL ? ": " : "",
                                                            reason != NULL ? reason : ""));
    }
}

void
kt_indexer_status_take_health (KtIndexerStatus *status, JsonObject *health)
{
  JsonObject *indexer = below (health, "indexer"), *info = below (health, "indexer/info"), *node = below (health, "kaspad");
  status->answered = TRUE;
  take_text (&status->status, health, "status");
  take_text (&status->version, info, "version");
  take_text (&status->commit, info, "commitId");
  take_text (&status->node_version, node, "serverVersion");
  take_text (&status->network, node, "networkId");
  take_details (status, indexer != NULL ? kt_json_array (indexer, "details") : NULL);
  if (node != NULL && json_object_has_member (node, "isSynced"))
    status->node_synced = kt_json_bool (node, "isSynced", FALSE);
  const char *error = node != NULL ? kt_json_string (node, "error", NULL) : NULL;
  if (node != NULL && g_str_equal (kt_json_string (node, "status", "UP"), "DOWN"))
    g_ptr_array_add (status->troubles, g_strdup_printf ("kaspad is DOWN%s%s", error != NULL ? ": " : "", error != NULL ? error : ""));
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

/* "BlocksTable" as blocks_table. */
static char *
in_small_letters (const char *name)
{
  GString *text = g_string_new (NULL);
  for (const char *at = name; *at != '\0'; at++)
    {
      if (g_ascii_isupper (*at) && at > name && at[-1] != '_')
        g_string_append_c (text, '_');
      g_string_append_c (text, g_ascii_tolower (*at));
    }
  return g_string_free (text, FALSE);
}

/* Comma-separated, NULL when there is none. */
static char *
take_values (KtIndexerStatus *status, JsonObject *settings, const char *name, KtValues kind)
{
  JsonArray *values = kt_json_array (settings, name);
  g_autoptr (GString) all = g_string_new (NULL);
  for (guint i = 0; values != NULL && i < json_array_get_length (values); i++)
    {
      JsonNode *node = json_array_get_element (values, i);
      if (json_node_get_value_type (node) != G_TYPE_STRING)
        continue;
      g_autofree char *value = in_small_letters (json_node_get_string (node));
      if (g_str_equal (value, "none"))
        continue;
      kt_features_read (&status->features, kind, value);
      g_string_append_printf (all, "%s%s", all->len > 0 ? "," : "", value);
    }
  return all->len > 0 ? g_string_free (g_steal_pointer (&all), FALSE) : NULL;
}

static void
take_settings (KtIndexerStatus *status, JsonObject *settings)
{
  if (settings == NULL || status->settings_known)
    return;
  JsonObject *pruning = below (settings, "pruning");
  status->settings_known = TRUE;
  status->disabled = take_values (status, settings, "disable", KT_VALUES_DISABLE);
  status->excluded = take_values (status, settings, "excludeFields", KT_VALUES_EXCLUDE_FIELDS);
  take_text (&status->prune_cron, pruning, "pruneDb");
  take_text (&status->retention, pruning, "retention");
}

static JsonObject *
newest_block (JsonObject *metrics)
{
  static const char *const places[] = { "components/virtualChainProcessor/lastBlock", "vcpCheckpoint/block", "components/blockProcessor/lastBlock",
                                        "checkpoint/block", "blockCheckpoint/block" };
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      JsonObject *block = below (metrics, places[i]);
      if (block != NULL && kt_json_int (block, "timestamp", 0) > 0)
        return block;
    }
  return NULL;
}

void
kt_indexer_status_take_metrics (KtIndexerStatus *status, JsonObject *metrics, gint64 now_ms)
{
  JsonObject *database = below (metrics, "database"), *block = newest_block (metrics);
  status->answered = TRUE;
  take_text (&status->version, metrics, "version");
  take_text (&status->commit, metrics, "commitId");
  take_text (&status->database, database, "databaseName");
  take_text (&status->schema, database, "schemaName");
  take_settings (status, below (metrics, "settings/cli_args"));
  status->uptime_ms = below (metrics, "process") != NULL ? kt_json_int (below (metrics, "process"), "uptime", -1) : -1;
  status->database_bytes = database != NULL ? kt_json_int (database, "databaseSize", -1) : -1;
  status->deadlocks = database != NULL ? (guint64) kt_json_int (database, "deadlocks", 0) : 0;
  if (block != NULL && now_ms > 0)
    status->lag_s = MAX (now_ms - kt_json_int (block, "timestamp", 0), 0) / 1000;
}

/* By the node's own count, which is right also where clocks are not. */
static void
take_lag (KtIndexerStatus *status, JsonObject *health, JsonObject *metrics)
{
  JsonObject *node = below (health, "kaspad"), *block = newest_block (metrics);
  gint64 node_score = node != NULL ? kt_json_int (node, "virtualDaaScore", 0) : 0;
  gint64 score = block != NULL ? kt_json_int (block, "daaScore", 0) : 0;
  if (node_score > 0 && score > 0)
    status->lag_s = MAX (node_score - score, 0) / BLOCKS_A_SECOND;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* kaspa-sim and the indexer write the number of rows of a table that was never analysed as 2^64-1, which is no JSON integer for
 * every reader; nothing here needs it. */
static JsonNode *
ask (const char *url, const char *what, GError **error)
{
  guint status = 0;
  g_autofree char *address = g_strconcat (url, what, NULL);
  g_autofree char *body = kt_fetch (address, ANSWER_MS, &status, error);
  if (body == NULL)
    return NULL;
  if (status != 200 && status != 503)
    {
      kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "%s answers with status %u", address, status);
      return NULL;
    }
  g_autoptr (JsonNode) node = kt_json_parse (body, error);
  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "%s does not answer with what an indexer says", address);
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? g_steal_pointer (&node) : NULL;
}

KtIndexerStatus *
kt_indexer_status_ask (const char *url)
{
  KtIndexerStatus *status = kt_indexer_status_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) health = ask (url, "api/health", &error);
  /* Who does not answer the first is not made to wait for a second time. */
  gboolean silent = error != NULL && (g_error_matches (error, KT_ERROR, KT_ERROR_CONNECT) || g_error_matches (error, KT_ERROR, KT_ERROR_TIMEOUT));
  g_autoptr (JsonNode) metrics = silent ? NULL : ask (url, "api/metrics", NULL);
  if (health != NULL)
    kt_indexer_status_take_health (status, json_node_get_object (health));
  if (metrics != NULL)
    kt_indexer_status_take_metrics (status, json_node_get_object (metrics), g_get_real_time () / 1000);
  if (health != NULL && metrics != NULL)
    take_lag (status, json_node_get_object (health), json_node_get_object (metrics));
  if (!status->answered && error != NULL)
    status->why_not = g_strdup (error->message);
  return status;
}
