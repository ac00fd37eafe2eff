/* SPDX-License-Identifier: MIT */
#include "indexer/check.h"

#include <string.h>

#define POOL_PER_BATCH 10 /* connections for each concurrent batch */
#define CRON_FIELDS 5

static gboolean
off (const KtIndexerUse *use, KtDisable what)
{
  return kt_features_off (&use->arguments->features, what);
}

static gboolean
lacks (const KtIndexerUse *use, KtField field)
{
  return (use->arguments->features.excluded >> field & 1) != 0;
}

static gint64
kept (const KtIndexerUse *use, KtRetention what)
{
  KtPruneRules rules;
  kt_arguments_prune_rules (use->arguments, &rules);
  return rules.retention_ms[what];
}

static gboolean
prunes (const KtIndexerUse *use)
{
  return use->arguments->prune_cron != NULL;
}

static gboolean
keeps_for_a_time (const KtIndexerUse *use)
{
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    if (kept (use, i) >= 0)
      return TRUE;
  return FALSE;
}

static gboolean
from_21 (const KtIndexerUse *use)
{
  return use->release->schema >= 21;
}

/* Blocks go by blue score, in some releases by time. */
static gboolean
prunes_by_time (const KtIndexerUse *use)
{
  return use->release->schema == 20 || (use->release->schema == 10 && !g_str_equal (use->release->tag, "v1.6.3"));
}

static gboolean
waits_for_ever (const KtIndexerUse *use)
{
  return kt_release_waits_for_chain (use->release) && off (use, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
         && !off (use, KT_DISABLE_REJECTED_TRANSACTIONS) && !off (use, KT_DISABLE_TRANSACTION_PROCESSING);
}

static gboolean
queue_fills (const KtIndexerUse *use)
{
  return off (use, KT_DISABLE_TRANSACTION_PROCESSING);
}

static gboolean
no_transactions (const KtIndexerUse *use)
{
  return from_21 (use) && off (use, KT_DISABLE_REJECTED_TRANSACTIONS)
         && (off (use, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING) || off (use, KT_DISABLE_TRANSACTION_ACCEPTANCE));
}

static gboolean
inputs_unresolved (const KtIndexerUse *use)
{
  return from_21 (use) && (off (use, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING) || off (use, KT_DISABLE_TRANSACTION_ACCEPTANCE));
}

static gboolean
panics_on_inputs (const KtIndexerUse *use)
{
  const char *enabled = g_hash_table_lookup (use->arguments->given, "enable");
  return !from_21 (use) && lacks (use, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT) && enabled != NULL
         && strstr (enabled, "transactions_inputs_resolve") != NULL;
}

static gboolean
blocks_stay (const KtIndexerUse *use)
{
  return prunes (use) && !off (use, KT_DISABLE_BLOCKS_TABLE)
         && lacks (use, prunes_by_time (use) ? KT_FIELD_BLOCK_TIMESTAMP : KT_FIELD_BLOCK_BLUE_SCORE);
}

static gboolean
transactions_stay (const KtIndexerUse *use)
{
  return prunes (use) && lacks (use, KT_FIELD_TX_BLOCK_TIME);
}

static gboolean
parents_stay (const KtIndexerUse *use)
{
  return prunes (use) && off (use, KT_DISABLE_BLOCKS_TABLE) && !off (use, KT_DISABLE_BLOCK_PARENT_TABLE)
         && kept (use, KT_RETENTION_BLOCK_PARENT) >= 0;
}

static gboolean
acceptances_stay (const KtIndexerUse *use)
{
  return from_21 (use) && prunes (use) && !off (use, KT_DISABLE_BLOCKS_TABLE) && kept (use, KT_RETENTION_BLOCKS) >= 0
         && kept (use, KT_RETENTION_TRANSACTIONS_ACCEPTANCES) < 0;
}

static gboolean
deletes_nothing (const KtIndexerUse *use)
{
  return prunes (use) && !keeps_for_a_time (use);
}

static gboolean
never_prunes (const KtIndexerUse *use)
{
  return !prunes (use) && keeps_for_a_time (use);
}

static gboolean
clipped (const KtIndexerUse *use)
{
  gint64 blocks = kept (use, KT_RETENTION_BLOCKS);
  return prunes (use) && blocks >= 0
         && (kept (use, KT_RETENTION_BLOCK_PARENT) > blocks || kept (use, KT_RETENTION_TRANSACTIONS_ACCEPTANCES) > blocks);
}

static gboolean
starves_k_indexer (const KtIndexerUse *use)
{
  return use->feeds_k_indexer
         && (lacks (use, KT_FIELD_TX_PAYLOAD) || lacks (use, KT_FIELD_TX_BLOCK_TIME) || off (use, KT_DISABLE_TRANSACTIONS_TABLE));
}

static gboolean
api_says_null (const KtIndexerUse *use)
{
  return lacks (use, KT_FIELD_TX_IN_SIGNATURE_SCRIPT) || lacks (use, KT_FIELD_TX_HASH) || lacks (use, KT_FIELD_TX_MASS)
         || lacks (use, KT_FIELD_TX_PAYLOAD);
}

static gboolean
no_accepting_time (const KtIndexerUse *use)
{
  return lacks (use, KT_FIELD_BLOCK_TIMESTAMP) && !off (use, KT_DISABLE_BLOCKS_TABLE);
}

static gboolean
too_few_connections (const KtIndexerUse *use)
{
  gint64 needed = (gint64) use->arguments->batch_concurrency * POOL_PER_BATCH + use->api_connections + use->reserved_connections;
  return use->max_connections >= 0 && needed > use->max_connections;
}

static gboolean
odd_cron (const KtIndexerUse *use)
{
  if (!prunes (use))
    return FALSE;
  g_auto (GStrv) fields = g_strsplit_set (use->arguments->prune_cron, " \t", -1);
  guint n = 0;
  for (guint i = 0; fields[i] != NULL; i++)
    n += *fields[i] != '\0';
  return n != CRON_FIELDS;
}

static gboolean
hears_only_itself (const KtIndexerUse *use)
{
  const char *listen = use->arguments->listen;
  return use->container && (listen == NULL || g_str_has_prefix (listen, "localhost:") || g_str_has_prefix (listen, "127."));
}

static gboolean
drops_everything (const KtIndexerUse *use)
{
  return use->arguments->initialize_db;
}

static gboolean
out_of_range (const KtIndexerUse *use)
{
  return kt_arguments_panic (use->arguments) != NULL;
}

static const struct {
  const char *name;
  gboolean (*applies) (const KtIndexerUse *use);
  KtSeverity severity;
  const char *sentence, *remedy;
} rules[] = {
  { "R2", waits_for_ever, KT_SEVERITY_REFUSE,
    "this release waits for ever for the virtual chain, which is disabled, and then nothing writes transactions",
    "add rejected_transactions to --disable, or take v2.3.0" },
  { "R3", queue_fills, KT_SEVERITY_REFUSE,
    "without transaction_processing nobody empties the queue of transactions: the indexer stops after some 1,000 blocks times --batch-scale",
    "disable the tables instead: transactions_table, addresses_transactions_table" },
  { "R4", no_transactions, KT_SEVERITY_WARNING,
    "the table transactions stays empty: rejected ones are not written, and without the virtual chain nobody knows the accepted ones",
    "keep virtual_chain_processing and transaction_acceptance, or leave rejected_transactions on" },
  { "R5", inputs_unresolved, KT_SEVERITY_NOTE,
    "inputs have no script and no amount of what they spend, and the mapping table no rows for senders",
    "keep virtual_chain_processing and transaction_acceptance where that matters" },
  { "R6", panics_on_inputs, KT_SEVERITY_REFUSE,
    "it panics at the first transaction with inputs: they are to be resolved, but their outpoint is excluded",
    "leave tx_in_previous_outpoint in, or transactions_inputs_resolve out" },
  { "R7", blocks_stay, KT_SEVERITY_WARNING,
    "blocks, their parents and their acceptances are never pruned: the field that tells their age is excluded",
    "keep block_blue_score (in v1.5.0 to v1.6.2 and v2.0.0: block_timestamp)" },
  { "R8", transactions_stay, KT_SEVERITY_WARNING,
    "transactions are never pruned, and an API cannot order them: tx_block_time is excluded", "keep tx_block_time" },
  { "R9", parents_stay, KT_SEVERITY_WARNING, "block_parent is never pruned: its age is known only through the table blocks",
    "keep blocks_table, or disable block_parent_table, too" },
  { "R10", acceptances_stay, KT_SEVERITY_WARNING,
    "acceptances lose the block that tells their age when it is pruned, and then stay for ever",
    "give --retention, or --retention-transactions-acceptances not above --retention-blocks" },
  { "R11", deletes_nothing, KT_SEVERITY_WARNING, "--prune-db without any retention runs and deletes nothing", "add --retention, for example 7d" },
  { "R12", never_prunes, KT_SEVERITY_WARNING, "a retention without --prune-db is ignored: the database grows for ever", "add --prune-db" },
  { "R13", clipped, KT_SEVERITY_NOTE, "block_parent and acceptances are kept no longer than blocks, whatever their own retention says",
    "make --retention-blocks the longest" },
  { "R14", starves_k_indexer, KT_SEVERITY_REFUSE,
    "K-indexer, which reads this database, receives nothing: it needs transactions with tx_payload and tx_block_time", "keep both, and transactions_table" },
  { "R15", api_says_null, KT_SEVERITY_NOTE,
    "API servers answer null for what is excluded of signature script, hash, mass and payload; otherwise that is safe", NULL },
  { "R16", no_accepting_time, KT_SEVERITY_NOTE, "API servers answer null for the time of acceptance: block_timestamp is excluded", NULL },
  { "R17", too_few_connections, KT_SEVERITY_WARNING,
    "the indexer's pool (10 for each concurrent batch), the API servers and the reserved connections exceed max_connections: whoever "
    "waits 30 s panics",
    "raise max_connections (kastune advise does), or lower --batch-concurrency" },
  { "R18", odd_cron, KT_SEVERITY_REFUSE,
    "the times of --prune-db are not exactly five fields: others panic at the start, and a sixth is read as a year",
    "minute hour day month weekday, for example '0 * * * *'" },
  { "R19", hears_only_itself, KT_SEVERITY_WARNING, "inside a container it listens for itself only: a published port reaches nothing",
    "--listen 0.0.0.0:8500, published on the host's loopback" },
  { "-c", drops_everything, KT_SEVERITY_WARNING, "--initialize-db drops every table at the start, each time",
    "take it out as soon as the indexer has started once" },
  { "-b", out_of_range, KT_SEVERITY_REFUSE, "it panics at the start: --batch-scale must be 0.1 to 10, --batch-concurrency 1 to 10", "choose a value inside" },
};

void
kt_indexer_check (const KtIndexerUse *use, GPtrArray *findings)
{
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i].applies (use))
      kt_findings_add (findings, rules[i].severity, rules[i].name, rules[i].remedy, "%s", rules[i].sentence);
  if (use->release->node != NULL)
    kt_findings_add (findings, KT_SEVERITY_NOTE, "R20", "kaspad --version", "%s needs kaspad %s or newer", use->release->tag,
                     use->release->node);
  if (use->release->defect != NULL)
    kt_findings_add (findings, KT_SEVERITY_WARNING, NULL, "kastune indexer releases", "%s: %s", use->release->tag, use->release->defect);
}
