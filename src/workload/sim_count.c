/* SPDX-License-Identifier: MIT */
#include "workload/sim.h"

#include <string.h>

void
kt_sim_note_pruned (KtSim *sim, KtTableId table, gint64 from, gint64 to)
{
  GArray *ranges = sim->pruned[table];
  KtPruned *last = ranges->len > 0 ? &g_array_index (ranges, KtPruned, ranges->len - 1) : NULL;
  KtPruned range = { from, to };
  if (from >= to)
    return;
  if (last != NULL && from <= last->to)
    last->to = MAX (last->to, to);
  else
    g_array_append_val (ranges, range);
}

gint64
kt_sim_pruned_to (const KtSim *sim, KtTableId table)
{
  const GArray *ranges = sim->pruned[table];
  return ranges->len > 0 ? g_array_index (ranges, KtPruned, ranges->len - 1).to : 0;
}

gboolean
kt_sim_is_pruned (const KtSim *sim, KtTableId table, gint64 value)
{
  for (guint i = 0; i < sim->pruned[table]->len; i++)
    {
      const KtPruned *range = &g_array_index (sim->pruned[table], KtPruned, i);
      if (value >= range->from && value < range->to)
        return TRUE;
    }
  return FALSE;
}

guint64
kt_sim_tables (const KtSim *sim)
{
  guint64 tables = kt_encoder_tables (&sim->features);
  for (guint i = 0; i < KT_N_TABLES; i++)
    if (kt_schema_find (sim->schema)->tables[i] == NULL)
      tables &= ~(G_GUINT64_CONSTANT (1) << i);
  return tables;
}

typedef enum { MAP_OUTPUTS, MAP_STORED_INPUTS, MAP_ALL } Mapped;

/* Before schema 21 inputs were mapped where what they spend was stored, since then where they are accepted. */
static Mapped
mapped_sides (const KtSim *sim, const KtLevel *level, guint64 block, gboolean accepted)
{
  gboolean from_blocks = sim->origin < KT_SCHEMA_FIRST_RESOLVED;
  if (accepted && (!from_blocks || level->number >= sim->origin_levels))
    return MAP_ALL;
  return from_blocks && block < sim->origin_blocks && kt_encoder_joins (&sim->features) ? MAP_STORED_INPUTS
                                                                                        : MAP_OUTPUTS;
}

/* Scripts a transaction is mapped to. */
static guint
count_scripts (const KtTransaction *transaction, Mapped sides)
{
  g_autoptr (GHashTable) scripts = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < transaction->n_inputs; i++)
    if (sides == MAP_ALL
        || (sides == MAP_STORED_INPUTS && !kt_chain_key_is_before_time (transaction->inputs[i].previous)))
      g_hash_table_add (scripts, (gpointer) &transaction->inputs[i].script);
  for (guint i = 0; i < transaction->n_outputs; i++)
    g_hash_table_add (scripts, (gpointer) &transaction->outputs[i].script);
  return g_hash_table_size (scripts);
}

static gboolean
is_stored (const KtSim *sim, const KtChain *chain, const KtLevel *level, guint64 key)
{
  /* Before schema 21 the acceptance stores ids alone. */
  gboolean accepting = level->number < sim->levels
                       && (sim->origin >= KT_SCHEMA_FIRST_RESOLVED || level->number >= sim->origin_levels);
  return kt_encoder_stores (&sim->features, chain, level, key, accepting, kt_chain_key_block (key) < sim->block_path);
}

static gboolean
writes (const KtSim *sim, KtDisable what)
{
  return !kt_features_off (&sim->features, what);
}

/* @time_ms is that of the transaction's block; with blocks the accepting block counts. */
static gboolean
acceptance_is_pruned (const KtSim *sim, const KtChain *chain, const KtLevel *level, gint64 time_ms)
{
  KtLevel accepting;
  if (!writes (sim, KT_DISABLE_BLOCKS_TABLE))
    return kt_sim_is_pruned (sim, KT_TABLE_ACCEPTANCES, time_ms);
  kt_chain_level (chain, level->number + 1, &accepting);
  return kt_sim_is_pruned (sim, KT_TABLE_ACCEPTANCES, kt_chain_blue_score (&accepting));
}

static void
count_block (const KtSim *sim, const KtChain *chain, const KtLevel *level, guint64 block, guint64 rows[KT_N_TABLES])
{
  guint slots = kt_chain_slots (chain, block);
  gint64 time_ms = kt_chain_timestamp_ms (chain, block);
  KtTableId mapping = kt_mapping_table (kt_features_mapping (&sim->features));
  gboolean mapped = mapping != KT_N_TABLES && !kt_sim_is_pruned (sim, mapping, time_ms);
  gboolean kept = writes (sim, KT_DISABLE_TRANSACTIONS_TABLE) && !kt_sim_is_pruned (sim, KT_TABLE_TRANSACTIONS, time_ms);
  gboolean elements = kt_schema_find (sim->schema)->tables[KT_TABLE_INPUTS] != NULL;
  gboolean acceptances = !acceptance_is_pruned (sim, chain, level, time_ms);
  for (guint slot = 0; slot < slots; slot++)
    {
      KtTransaction transaction;
      guint64 key = kt_chain_key (block, slot);
      gboolean accepted = kt_encoder_stores (&sim->features, chain, level, key, level->number < sim->levels, FALSE);
      rows[KT_TABLE_ACCEPTANCES] += accepted && acceptances;
      if (!is_stored (sim, chain, level, key))
        continue;
      rows[KT_TABLE_TRANSACTIONS] += kept;
      if (!mapped && !elements)
        continue;
      kt_chain_transaction (chain, level, key, &transaction);
      rows[KT_TABLE_INPUTS] += kept ? transaction.n_inputs : 0;
      rows[KT_TABLE_OUTPUTS] += transaction.n_outputs;
      if (mapped)
        rows[mapping] += count_scripts (&transaction, mapped_sides (sim, level, block, accepted));
    }
}

/* Without transaction_acceptance the acceptances are chain blocks. */
static gboolean
counts_chain_block (const KtSim *sim, const KtChain *chain, const KtLevel *level)
{
  return level->number < sim->levels && writes (sim, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
         && !writes (sim, KT_DISABLE_TRANSACTION_ACCEPTANCE) && !acceptance_is_pruned (sim, chain, level, -1);
}

static guint
count_entries (const KtChain *chain, const KtLevel *level, guint64 block)
{
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (guint64));
  kt_chain_block_entries (chain, level, block, keys);
  return keys->len;
}

void
kt_sim_count (const KtSim *sim, const KtChain *chain, guint64 rows[KT_N_TABLES])
{
  guint64 end = kt_sim_frontier (sim, chain);
  guint previous_width = 1;
  KtLevel level = { 0 };
  memset (rows, 0, sizeof rows[0] * KT_N_TABLES);
  for (guint64 number = 0; number == 0 || level.first + level.width < end; number++)
    {
      kt_chain_level (chain, number, &level);
      rows[KT_TABLE_ACCEPTANCES] += counts_chain_block (sim, chain, &level);
      gint64 score = kt_chain_blue_score (&level);
      gboolean blocks = writes (sim, KT_DISABLE_BLOCKS_TABLE) && !kt_sim_is_pruned (sim, KT_TABLE_BLOCKS, score);
      gboolean parents
        = writes (sim, KT_DISABLE_BLOCK_PARENT_TABLE) && !kt_sim_is_pruned (sim, KT_TABLE_BLOCK_PARENT, score);
      for (guint64 block = level.first; block < level.first + level.width; block++)
        {
          gboolean written = block < sim->blocks;
          rows[KT_TABLE_BLOCKS] += written && blocks;
          rows[KT_TABLE_BLOCK_PARENT] += written && parents ? previous_width : 0;
          if (block < sim->block_path && !kt_sim_is_pruned (sim, KT_TABLE_BLOCKS_TRANSACTIONS, score)
              && kt_schema_find (sim->schema)->tables[KT_TABLE_BLOCKS_TRANSACTIONS] != NULL)
            rows[KT_TABLE_BLOCKS_TRANSACTIONS] += count_entries (chain, &level, block);
          count_block (sim, chain, &level, block, rows);
        }
      previous_width = level.width;
    }
  for (guint i = 0; i < KT_N_TABLES; i++)
    if ((kt_sim_tables (sim) >> i & 1) == 0)
      rows[i] = 0;
}

guint64
kt_sim_transactions_added (const KtSim *before, const KtSim *after, const KtChain *chain)
{
  KtLevel level;
  guint64 added = 0, end = kt_sim_frontier (after, chain);
  kt_chain_level_of_block (chain, kt_sim_complete_to (before, chain), &level);
  for (guint64 block = level.first; block < end; block++)
    {
      guint slots = kt_chain_slots (chain, block);
      if (block >= level.first + level.width)
        kt_chain_level (chain, level.number + 1, &level);
      for (guint slot = 0; slot < slots; slot++)
        {
          guint64 key = kt_chain_key (block, slot);
          added += is_stored (after, chain, &level, key) && !is_stored (before, chain, &level, key);
        }
    }
  return added;
}
