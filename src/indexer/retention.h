/* SPDX-License-Identifier: MIT
 *
 * How long an indexer keeps what, as its --retention… options say it.
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_RETENTION_BLOCK_PARENT,
  KT_RETENTION_BLOCKS,
  KT_RETENTION_TRANSACTIONS_ACCEPTANCES,
  KT_RETENTION_TRANSACTIONS,
  KT_RETENTION_ADDRESSES_TRANSACTIONS,
  KT_RETENTION_BLOCKS_TRANSACTIONS,
  KT_N_RETENTIONS
} KtRetention;

typedef struct {
  gint64 retention_ms[KT_N_RETENTIONS]; /* -1: kept for ever */
  guint batch_rows;
} KtPruneRules;

/* The same for all. */
void kt_prune_rules_init (KtPruneRules *rules, gint64 retention_ms);
