/* SPDX-License-Identifier: MIT */
#include "workload/encoder.h"

#define MAX_SCRIPTS (KT_CHAIN_MAX_INPUTS + KT_CHAIN_MAX_OUTPUTS)

struct KtEncoder {
  const KtSchema *schema;
  KtFeatures features;
  KtTableId mapping;
  guint64 tables; /* that are written: 1 << KtTableId */
  gboolean from_blocks; /* inputs are not resolved */
  gboolean joined;      /* and are mapped where what they spend is stored */
  KtRowSource source;
  KtLevel levels[2]; /* the level worked on and the one before */
  KtHash hashes[2][KT_CHAIN_MAX_WIDTH];
  KtHash accepting_hash;
  KtTransaction transaction;
};

KtTableId
kt_mapping_table (KtMapping mapping)
{
  static const KtTableId tables[] = { [KT_MAPPING_ADDRESSES] = KT_TABLE_ADDRESSES,
                                      [KT_MAPPING_SCRIPTS] = KT_TABLE_SCRIPTS,
                                      [KT_MAPPING_NONE] = KT_N_TABLES };
  return tables[mapping];
}

guint64
kt_encoder_tables (const KtFeatures *features)
{
  static const struct { KtDisable off; KtTableId table; } rows[] = {
    { KT_DISABLE_BLOCKS_TABLE, KT_TABLE_BLOCKS },
    { KT_DISABLE_BLOCK_PARENT_TABLE, KT_TABLE_BLOCK_PARENT },
    { KT_DISABLE_TRANSACTIONS_TABLE, KT_TABLE_TRANSACTIONS },
    { KT_DISABLE_VIRTUAL_CHAIN_PROCESSING, KT_TABLE_ACCEPTANCES },
    { KT_DISABLE_BLOCKS_TRANSACTIONS_TABLE, KT_TABLE_BLOCKS_TRANSACTIONS },
    { KT_DISABLE_TRANSACTIONS_INPUTS, KT_TABLE_INPUTS },
    { KT_DISABLE_TRANSACTIONS_OUTPUTS, KT_TABLE_OUTPUTS },
  };
  guint64 tables = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!kt_features_off (features, rows[i].off))
      tables |= G_GUINT64_CONSTANT (1) << rows[i].table;
  if (kt_features_mapping (features) != KT_MAPPING_NONE)
    tables |= G_GUINT64_CONSTANT (1) << kt_mapping_table (kt_features_mapping (features));
  return tables;
}

KtEncoder *
kt_encoder_new (const KtChain *chain, const KtSchema *schema, const KtTypes *types, const KtFeatures *features)
{
  KtEncoder *encoder = g_new0 (KtEncoder, 1);
  encoder->schema = schema;
  encoder->features = *features;
  encoder->mapping = kt_mapping_table (kt_features_mapping (features));
  encoder->tables = kt_encoder_tables (features);
  encoder->source = (KtRowSource) {
    .chain = chain,
    .types = types,
    .excluded = features->excluded,
    .level = &encoder->levels[0],
    .merged = &encoder->levels[1],
    .level_hashes = encoder->hashes[0],
    .merged_hashes = encoder->hashes[1],
    .accepting_hash = &encoder->accepting_hash,
    .entries = g_array_new (FALSE, FALSE, sizeof (guint64)),
    .transaction = &encoder->transaction,
    .chain_only = kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE),
  };
  kt_encoder_set_origin (encoder, schema->version);
  return encoder;
}

gboolean
kt_encoder_joins (const KtFeatures *features)
{
  guint64 needed = G_GUINT64_CONSTANT (1) << KT_FIELD_TX_INPUTS | G_GUINT64_CONSTANT (1) << KT_FIELD_TX_OUTPUTS
                   | G_GUINT64_CONSTANT (1) << KT_FIELD_TX_IN_PREVIOUS_OUTPOINT;
  return (features->excluded & needed) == 0 && !kt_features_off (features, KT_DISABLE_TRANSACTIONS_TABLE);
}

void
kt_encoder_set_origin (KtEncoder *encoder, guint origin)
{
  static const struct { guint schema; KtField field; } since[] = {
    { 21, KT_FIELD_TX_VERSION }, { 22, KT_FIELD_TX_IN_COMPUTE_BUDGET }, { 22, KT_FIELD_TX_IN_COVENANT_ID },
    { 22, KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT }, { 22, KT_FIELD_TX_OUT_COVENANT_ID },
  };
  encoder->from_blocks = origin < KT_SCHEMA_FIRST_RESOLVED;
  encoder->joined = encoder->from_blocks && kt_encoder_joins (&encoder->features);
  encoder->source.excluded = encoder->features.excluded;
  for (gsize i = 0; i < G_N_ELEMENTS (since); i++)
    if (origin < since[i].schema)
      encoder->source.excluded |= G_GUINT64_CONSTANT (1) << since[i].field;
}

void
kt_encoder_leave_joins (KtEncoder *encoder)
{
  encoder->joined = FALSE;
}

void
kt_encoder_free (KtEncoder *encoder)
{
  if (encoder == NULL)
    return;
  g_array_unref (encoder->source.entries);
  g_free (encoder);
}

/* The level before the first one is a single block of which only the hash is known: where a pruned node begins. */
static void
load_level (KtEncoder *encoder, guint64 number, guint which)
{
  KtLevel *level = &encoder->levels[which];
  if (number == KT_CHAIN_NONE)
    *level = (KtLevel) {
      .number = KT_CHAIN_NONE,
      .first = kt_chain_block_before_time (0),
      .width = 1,
      .chain_block = kt_chain_block_before_time (0),
      .red = KT_CHAIN_NONE,
    };
  else
    kt_chain_level (encoder->source.chain, number, level);
  for (guint i = 0; i < level->width; i++)
    kt_chain_hash (encoder->source.chain, KT_HASH_BLOCK, level->first + i, &encoder->hashes[which][i]);
}

static void
load_levels (KtEncoder *encoder, guint64 number)
{
  load_level (encoder, number, 0);
  load_level (encoder, number - 1, 1); /* 0 - 1 is KT_CHAIN_NONE */
}

static void
put (KtEncoder *encoder, KtEncoded *out, KtTableId table)
{
  if (out->tables[table] != NULL && encoder->schema->tables[table] != NULL && (encoder->tables >> table & 1) != 0)
    kt_schema_put_row (encoder->schema->tables[table], out->tables[table], &encoder->source);
}

static void
set_block (KtEncoder *encoder, guint64 block)
{
  encoder->source.block = block;
  encoder->source.block_hash = encoder->hashes[0][block - encoder->levels[0].first];
}

void
kt_encoder_blocks (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out)
{
  KtRowSource *source = &encoder->source;
  KtLevel level = { 0 };
  for (guint64 block = from; block < to; block++)
    {
      if (block == from || block >= level.first + level.width)
        {
          kt_chain_level_of_block (source->chain, block, &level);
          load_levels (encoder, level.number);
        }
      set_block (encoder, block);
      g_array_set_size (source->entries, 0);
      if (kt_row_source_has (source, KT_FIELD_BLOCK_TRANSACTION_IDS))
        kt_chain_block_entries (source->chain, source->level, block, source->entries);
      put (encoder, out, KT_TABLE_BLOCKS);
      for (source->parent = 0; source->parent < source->merged->width; source->parent++)
        put (encoder, out, KT_TABLE_BLOCK_PARENT);
    }
}

/* A script of which a transaction spends or gets several outputs is mapped once. */
static void
put_mapping (KtEncoder *encoder, KtEncoded *out)
{
  const KtTransaction *transaction = &encoder->transaction;
  guint64 scripts[MAX_SCRIPTS];
  guint n_scripts = 0;
  if (encoder->mapping == KT_N_TABLES)
    return;
  for (guint i = 0; i < transaction->n_inputs; i++)
    if (encoder->source.resolved
        || (encoder->joined && !kt_chain_key_is_before_time (transaction->inputs[i].previous)))
      scripts[n_scripts++] = transaction->inputs[i].script;
  for (guint i = 0; i < transaction->n_outputs; i++)
    scripts[n_scripts++] = transaction->outputs[i].script;
  for (guint i = 0; i < n_scripts; i++)
    {
      guint seen = 0;
      while (scripts[seen] != scripts[i])
        seen++;
      encoder->source.script = scripts[i];
      if (seen == i)
        put (encoder, out, encoder->mapping);
    }
}

static void
put_transaction (KtEncoder *encoder, guint64 key, gboolean accepted, KtEncoded *out)
{
  KtRowSource *source = &encoder->source;
  kt_chain_transaction (source->chain, source->level, key, &encoder->transaction);
  kt_chain_hash (source->chain, KT_HASH_TRANSACTION, key, &source->transaction_id);
  source->resolved = accepted && !encoder->from_blocks;
  put (encoder, out, KT_TABLE_TRANSACTIONS);
  for (source->element = 0; source->element < encoder->transaction.n_inputs; source->element++)
    put (encoder, out, KT_TABLE_INPUTS);
  for (source->element = 0; source->element < encoder->transaction.n_outputs; source->element++)
    put (encoder, out, KT_TABLE_OUTPUTS);
  put_mapping (encoder, out);
  if (accepted)
    put (encoder, out, KT_TABLE_ACCEPTANCES);
}

static gboolean
acceptance_stores (const KtFeatures *features, const KtChain *chain, const KtLevel *level, guint64 key)
{
  return !kt_features_off (features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
         && !kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE) && kt_chain_is_accepted (chain, level, key);
}

static gboolean
path_stores (const KtFeatures *features, guint64 key)
{
  return !kt_features_off (features, KT_DISABLE_REJECTED_TRANSACTIONS)
         && ((key & 0xffff) == 0 || !kt_features_off (features, KT_DISABLE_REJECTED_NON_CB_TRANSACTIONS));
}

gboolean
kt_encoder_stores (const KtFeatures *features, const KtChain *chain, const KtLevel *level, guint64 key,
                   gboolean accepting, gboolean passed)
{
  return (accepting && acceptance_stores (features, chain, level, key)) || (passed && path_stores (features, key));
}

/* Which transactions a block holds, its own and those it shares. */
static void
put_entries (KtEncoder *encoder, guint64 block, KtEncoded *out)
{
  KtRowSource *source = &encoder->source;
  if (out->tables[KT_TABLE_BLOCKS_TRANSACTIONS] == NULL || encoder->schema->tables[KT_TABLE_BLOCKS_TRANSACTIONS] == NULL)
    return;
  g_array_set_size (source->entries, 0);
  kt_chain_block_entries (source->chain, source->level, block, source->entries);
  for (guint i = 0; i < source->entries->len; i++)
    {
      kt_chain_hash (source->chain, KT_HASH_TRANSACTION, g_array_index (source->entries, guint64, i),
                     &source->transaction_id);
      put (encoder, out, KT_TABLE_BLOCKS_TRANSACTIONS);
    }
}

typedef enum { AS_BLOCK_PATH, AS_ACCEPTED, AS_SETTLED } View;

static void
put_transactions_of_block (KtEncoder *encoder, guint64 block, View view, KtEncoded *out)
{
  KtRowSource *source = &encoder->source;
  guint slots = kt_chain_slots (source->chain, block);
  set_block (encoder, block);
  source->block_time_ms = kt_chain_timestamp_ms (source->chain, block);
  if (view != AS_ACCEPTED)
    put_entries (encoder, block, out);
  for (guint slot = 0; slot < slots; slot++)
    {
      guint64 key = kt_chain_key (block, slot);
      gboolean accepted
        = view != AS_BLOCK_PATH && acceptance_stores (&encoder->features, source->chain, source->level, key);
      if (accepted || (view != AS_ACCEPTED && path_stores (&encoder->features, key)))
        put_transaction (encoder, key, accepted, out);
    }
}

static void
put_transactions (KtEncoder *encoder, guint64 from, guint64 to, View view, KtEncoded *out)
{
  for (guint64 number = from; number < to; number++)
    {
      KtLevel next;
      load_levels (encoder, number);
      kt_chain_level (encoder->source.chain, number + 1, &next);
      kt_chain_hash (encoder->source.chain, KT_HASH_BLOCK, next.chain_block, &encoder->accepting_hash);
      if (encoder->source.chain_only)
        put (encoder, out, KT_TABLE_ACCEPTANCES);
      for (guint64 block = encoder->levels[0].first; block < next.first; block++)
        put_transactions_of_block (encoder, block, view, out);
    }
}

void
kt_encoder_block_path (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out)
{
  KtLevel level = { 0 };
  for (guint64 block = from; block < to; block++)
    {
      if (block == from || block >= level.first + level.width)
        {
          kt_chain_level_of_block (encoder->source.chain, block, &level);
          load_levels (encoder, level.number);
        }
      put_transactions_of_block (encoder, block, AS_BLOCK_PATH, out);
    }
}

void
kt_encoder_accepted (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out)
{
  put_transactions (encoder, from, to, AS_ACCEPTED, out);
}

void
kt_encoder_settled (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out)
{
  put_transactions (encoder, from, to, AS_SETTLED, out);
}
