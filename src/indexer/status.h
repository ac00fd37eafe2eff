/* SPDX-License-Identifier: MIT
 *
 * What a running indexer says of itself: /api/health and /api/metrics, in the shapes of v1.1.0 to v2.3.1-beta1. Asked once each:
 * the answers hold a lock that its writers wait for.
 */
#pragma once

#include "base/json.h"
#include "indexer/features.h"

typedef struct {
  gboolean answered;
  char *why_not;       /* when it did not */
  char *version, *commit;
  char *status;        /* "UP", "WARN", "DOWN" */
  GPtrArray *troubles; /* char *: "component.block_fetcher is DOWN: 11m 2s behind" */
  char *node_version, *network;
  int node_synced;     /* -1 unknown */
  gint64 lag_s;        /* behind the node, of the virtual chain where it is processed; -1 unknown */
  gint64 uptime_ms;    /* -1 unknown */
  char *database, *schema; /* names */
  gint64 database_bytes;   /* -1 unknown */
  gboolean settings_known;
  KtFeatures features;
  char *disabled, *excluded; /* "blocks_table,…", NULL: nothing */
  char *prune_cron, *retention; /* NULL: none */
  guint64 deadlocks;
} KtIndexerStatus;

void kt_indexer_status_free (KtIndexerStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtIndexerStatus, kt_indexer_status_free)
KtIndexerStatus *kt_indexer_status_new (void);

/* Adds what a document says. @now_ms: Unix milliseconds, for the lag where the node is not told of. */
void kt_indexer_status_take_health (KtIndexerStatus *status, JsonObject *health);
void kt_indexer_status_take_metrics (KtIndexerStatus *status, JsonObject *metrics, gint64 now_ms);

/* Asks the API at @url ("http://127.0.0.1:8500/"), at most some seconds. Never NULL. */
KtIndexerStatus *kt_indexer_status_ask (const char *url);
