/* SPDX-License-Identifier: MIT */
#include "indexer/retention.h"

void
kt_prune_rules_init (KtPruneRules *rules, gint64 retention_ms)
{
  rules->batch_rows = 100000;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    rules->retention_ms[i] = retention_ms;
}
