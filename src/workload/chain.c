/* SPDX-License-Identifier: MIT */
#include "workload/chain.h"

#include "workload/random.h"
#include "workload/zipf.h"

#include <string.h>

#define BEFORE_TIME (G_GUINT64_CONSTANT (1) << 63)
#define POOL_SCRIPT (G_GUINT64_CONSTANT (1) << 62)
#define BLUE_EPOCHS 5 /* one red block in so many epochs */

/* Shares in 1024ths. They give 1.06 inputs and 1.98 outputs a transaction: next to the usual one in, two out. */
enum {
  ONE_INPUT = 970,
  TWO_INPUTS = 1016,
  ONE_OUTPUT = 102,
  TWO_OUTPUTS = 942,
  CHANGE_TO_SENDER = 341,
  WITH_PAYLOAD = 102,
  VERSION_1 = 51,
  HOT = 307,
  SPENDS_COINBASE = 31,
};

/* Draws that are no hashes: sequences of their own too. */
typedef enum
{
  DRAW_CUTS,
  DRAW_CHAIN,
  DRAW_COUNT,
  DRAW_SHAPE,
  DRAW_SPENT,
  DRAW_OUTPUT,
  DRAW_TIME,
  DRAW_SHARED,
  DRAW_MINER,
  N_DRAWS
} Draw;

typedef struct {
  KtChainSegment segment;
  guint64 transactions_before;
} Segment;

struct KtChain {
  guint64 draw_seeds[N_DRAWS];
  guint64 hash_seeds[KT_N_HASHES];
  KtZipf *hot;
  KtZipf *pools;
  guint n_segments;
  Segment *segments;
};

static inline guint64
draw (const KtChain *chain, Draw what, guint64 number)
{
  return kt_mix (kt_mix (number ^ chain->draw_seeds[what]) + chain->draw_seeds[what]);
}

/* Transactions in the first @blocks blocks of a segment: the exact rate, unevenly spread. The addend is below tps, so
 * the sum never falls. */
static guint64
transactions_in (const KtChain *chain, const KtChainSegment *segment, guint64 blocks)
{
  if (blocks == 0)
    return 0;
  guint64 uneven = kt_below ((guint32) draw (chain, DRAW_COUNT, segment->first_block + blocks), segment->tps);
  return (segment->tps * blocks + uneven) * KT_CHAIN_BLOCK_MS / 1000;
}

KtChain *
kt_chain_new (guint64 seed, const KtChainSegment *segments, guint n_segments)
{
  g_return_val_if_fail (n_segments > 0 && segments[0].first_block == 0, NULL);
  KtChain *chain = g_new0 (KtChain, 1);
  for (guint i = 0; i < N_DRAWS; i++)
    chain->draw_seeds[i] = kt_mix (kt_mix (seed) + 2 * i + 1);
  for (guint i = 0; i < KT_N_HASHES; i++)
    chain->hash_seeds[i] = kt_mix (kt_mix (seed) + 2 * i + 2);
  chain->hot = kt_zipf_new (KT_CHAIN_HOT_SCRIPTS);
  chain->pools = kt_zipf_new (KT_CHAIN_POOL_SCRIPTS);
  chain->n_segments = n_segments;
  chain->segments = g_new0 (Segment, n_segments);
  for (guint i = 0; i < n_segments; i++)
    {
      chain->segments[i].segment = segments[i];
      if (i > 0)
        chain->segments[i].transactions_before
          = chain->segments[i - 1].transactions_before
            + transactions_in (chain, &segments[i - 1], segments[i].first_block - segments[i - 1].first_block);
    }
  return chain;
}

void
kt_chain_free (KtChain *chain)
{
  if (chain == NULL)
    return;
  kt_zipf_free (chain->hot);
  kt_zipf_free (chain->pools);
  g_free (chain->segments);
  g_free (chain);
}

guint64
kt_chain_transactions_before (const KtChain *chain, guint64 block)
{
  const Segment *segment = &chain->segments[chain->n_segments - 1];
  while (segment->segment.first_block > block)
    segment--;
  return segment->transactions_before
         + transactions_in (chain, &segment->segment, block - segment->segment.first_block);
}

guint
kt_chain_slots (const KtChain *chain, guint64 block)
{
  return 1 + (guint) (kt_chain_transactions_before (chain, block + 1) - kt_chain_transactions_before (chain, block));
}

/* One red block in every fifth epoch: the last of its widest level, or the one before if that is the chain block. */
static void
colour (KtLevel *levels, guint64 epoch)
{
  KtLevel *widest = &levels[0];
  guint64 blues = epoch * KT_CHAIN_EPOCH_BLOCKS - (epoch + BLUE_EPOCHS - 1) / BLUE_EPOCHS;
  if (epoch % BLUE_EPOCHS == 0)
    {
      for (guint i = 1; i < KT_CHAIN_EPOCH_LEVELS; i++)
        if (levels[i].width > widest->width)
          widest = &levels[i];
      widest->red = widest->first + widest->width - 1;
      if (widest->red == widest->chain_block)
        widest->red--;
    }
  for (guint i = 0; i < KT_CHAIN_EPOCH_LEVELS; i++)
    {
      levels[i].blues_before = blues;
      blues += levels[i].width - (levels[i].red != KT_CHAIN_NONE);
    }
}

/* All ways to cut 20 blocks into 5 levels are equally likely. */
void
kt_chain_epoch (const KtChain *chain, guint64 epoch, KtLevel levels[KT_CHAIN_EPOCH_LEVELS])
{
  guint32 cuts = 0;
  for (guint64 i = 0; __builtin_popcount (cuts) < KT_CHAIN_EPOCH_LEVELS - 1; i++)
    cuts |= 1u << (1 + kt_below ((guint32) draw (chain, DRAW_CUTS, epoch << 8 | i), KT_CHAIN_EPOCH_BLOCKS - 1));
  cuts |= 1u << KT_CHAIN_EPOCH_BLOCKS;
  guint start = 0;
  for (guint i = 0; i < KT_CHAIN_EPOCH_LEVELS; i++)
    {
      guint end = (guint) __builtin_ctz (cuts);
      guint64 number = epoch * KT_CHAIN_EPOCH_LEVELS + i;
      cuts &= cuts - 1;
      levels[i] = (KtLevel) {
        .number = number,
        .first = epoch * KT_CHAIN_EPOCH_BLOCKS + start,
        .width = end - start,
        .red = KT_CHAIN_NONE,
      };
      levels[i].chain_block
        = levels[i].first + kt_below ((guint32) draw (chain, DRAW_CHAIN, number), levels[i].width);
      start = end;
    }
  colour (levels, epoch);
}

void
kt_chain_level (const KtChain *chain, guint64 number, KtLevel *level)
{
  KtLevel levels[KT_CHAIN_EPOCH_LEVELS];
  kt_chain_epoch (chain, number / KT_CHAIN_EPOCH_LEVELS, levels);
  *level = levels[number % KT_CHAIN_EPOCH_LEVELS];
}

void
kt_chain_level_of_block (const KtChain *chain, guint64 block, KtLevel *level)
{
  KtLevel levels[KT_CHAIN_EPOCH_LEVELS];
  guint i = KT_CHAIN_EPOCH_LEVELS - 1;
  kt_chain_epoch (chain, block / KT_CHAIN_EPOCH_BLOCKS, levels);
  while (levels[i].first > block)
    i--;
  *level = levels[i];
}

static guint32
tps_at (const KtChain *chain, guint64 block)
{
  guint i = chain->n_segments - 1;
  while (chain->segments[i].segment.first_block > block)
    i--;
  return chain->segments[i].segment.tps;
}

/* Each transaction is in 1.2 blocks at low rates and in 1.8 when blocks are full (2,000 tps and more). A transaction
 * meets 5 other blocks in its level on average (wide levels hold more transactions), so the chance with each is a fifth
 * of that. */
static guint32
shared_threshold (const KtChain *chain, guint64 block)
{
  guint64 tps = MIN (tps_at (chain, block), 2000);
  return (guint32) ((G_GUINT64_CONSTANT (4294967296) / 5) * (2000 + 6 * tps / 2) / 10000);
}

void
kt_chain_block_entries (const KtChain *chain, const KtLevel *level, guint64 block, GArray *keys)
{
  guint slots = kt_chain_slots (chain, block);
  guint32 threshold = shared_threshold (chain, block);
  for (guint slot = 0; slot < slots; slot++)
    {
      guint64 key = kt_chain_key (block, slot);
      g_array_append_val (keys, key);
    }
  for (guint64 other = level->first; other < level->first + level->width; other++)
    {
      guint other_slots = other == block ? 0 : kt_chain_slots (chain, other);
      for (guint slot = 1; slot < other_slots; slot++)
        {
          guint64 key = kt_chain_key (other, slot);
          if ((guint32) draw (chain, DRAW_SHARED, key ^ (block + 1) << 48) < threshold)
            g_array_append_val (keys, key);
        }
    }
}

static void
shape (const KtChain *chain, guint64 key, guint width, guint64 *random, guint *n_inputs, guint *n_outputs)
{
  *random = draw (chain, DRAW_SHAPE, key);
  guint inputs = *random & 1023, outputs = *random >> 10 & 1023;
  gboolean coinbase = (key & 0xffff) == 0 && (key & BEFORE_TIME) == 0;
  *n_inputs = coinbase ? 0 : inputs < ONE_INPUT ? 1 : inputs < TWO_INPUTS ? 2 : 3;
  *n_outputs = coinbase ? width : outputs < ONE_OUTPUT ? 1 : outputs < TWO_OUTPUTS ? 2 : 3;
}

/* From 1.6 s to 77 days back, every doubling of the distance equally likely. */
static guint64
spent_key (const KtChain *chain, guint64 key, guint input, guint *index)
{
  guint64 random = draw (chain, DRAW_SPENT, key ^ (guint64) (input + 1) << 60);
  guint exponent = 4 + (random & 63) * 22 / 64;
  guint64 distance = (G_GUINT64_CONSTANT (1) << exponent) + (random >> 6 & ((G_GUINT64_CONSTANT (1) << exponent) - 1));
  guint64 block = kt_chain_key_block (key);
  guint64 previous, ignored;
  guint n_inputs, n_outputs;
  *index = 0;
  if ((key & BEFORE_TIME) != 0 || distance > block)
    previous = BEFORE_TIME | kt_mix (random);
  else
    {
      guint slots = kt_chain_slots (chain, block - distance);
      gboolean from_coinbase = slots == 1 || (random >> 32 & 1023) < SPENDS_COINBASE;
      previous = kt_chain_key (block - distance,
                               from_coinbase ? 0 : 1 + kt_below ((guint32) (random >> 42), slots - 1));
      if (from_coinbase)
        return previous;
    }
  shape (chain, previous, 1, &ignored, &n_inputs, &n_outputs);
  *index = (guint) (random >> 58) % n_outputs;
  return previous;
}

static guint64
miner_script (const KtChain *chain, guint64 block)
{
  return POOL_SCRIPT | kt_zipf_draw (chain->pools, draw (chain, DRAW_MINER, block));
}

/* Change goes to the script that was spent, which may itself have been change: followed until it was not. A coinbase
 * that is spent pays its own miner, so that no level has to be worked out here. */
static guint64
output_script (const KtChain *chain, guint64 key, guint index)
{
  for (;;)
    {
      guint64 random = draw (chain, DRAW_SHAPE, key);
      if ((key & BEFORE_TIME) == 0 && (key & 0xffff) == 0)
        return miner_script (chain, kt_chain_key_block (key));
      if (index != 1 || (random >> 20 & 1023) >= CHANGE_TO_SENDER || (key & BEFORE_TIME) != 0)
        break;
      key = spent_key (chain, key, 0, &index);
    }
  guint64 random = draw (chain, DRAW_OUTPUT, key ^ (guint64) (index + 1) << 60);
  if ((random & 1023) < HOT)
    return kt_zipf_draw (chain->hot, kt_mix (random));
  return BEFORE_TIME | random;
}

/* 0.01 to 2,750 KAS in sompi; sums are not balanced. */
static gint64
output_amount (const KtChain *chain, guint64 key, guint index)
{
  return (gint64) (1000000 + (draw (chain, DRAW_OUTPUT, key + index) >> 26));
}

static void
coinbase_outputs (const KtChain *chain, const KtLevel *level, KtTransaction *transaction)
{
  KtLevel merged = { .first = BEFORE_TIME, .width = 1, .red = KT_CHAIN_NONE };
  guint64 block = kt_chain_key_block (transaction->key);
  if (level->number > 0)
    kt_chain_level (chain, level->number - 1, &merged);
  for (guint i = 0; i < merged.width; i++)
    {
      guint64 rewarded = merged.first + i;
      KtOutput *output = &transaction->outputs[transaction->n_outputs];
      if (rewarded == merged.red)
        continue;
      output->amount = output_amount (chain, transaction->key, i);
      /* The first output is looked up again when it is spent. */
      output->script = miner_script (chain, transaction->n_outputs == 0 ? block : rewarded);
      transaction->n_outputs++;
    }
}

void
kt_chain_transaction (const KtChain *chain, const KtLevel *level, guint64 key, KtTransaction *transaction)
{
  guint64 random;
  guint n_inputs, n_outputs;
  transaction->key = key;
  transaction->coinbase = (key & 0xffff) == 0;
  transaction->version = 0;
  transaction->mass = 0;
  transaction->n_inputs = transaction->n_outputs = 0;
  memset (transaction->outputs, 0, sizeof transaction->outputs);
  if (transaction->coinbase)
    {
      transaction->payload = 93;
      coinbase_outputs (chain, level, transaction);
      return;
    }
  shape (chain, key, 0, &random, &n_inputs, &n_outputs);
  transaction->payload = (random >> 30 & 1023) < WITH_PAYLOAD ? 209 : 0;
  transaction->version = (random >> 40 & 1023) < VERSION_1;
  transaction->n_inputs = n_inputs;
  transaction->n_outputs = n_outputs;
  for (guint i = 0; i < n_inputs; i++)
    {
      KtInput *input = &transaction->inputs[i];
      input->previous = spent_key (chain, key, i, &input->index);
      input->script = output_script (chain, input->previous, input->index);
      input->amount = output_amount (chain, input->previous, input->index);
    }
  for (guint i = 0; i < n_outputs; i++)
    {
      transaction->outputs[i].script = output_script (chain, key, i);
      transaction->outputs[i].amount = output_amount (chain, key, i);
      transaction->outputs[i].covenant = transaction->version > 0 && i == 0;
    }
  transaction->mass = 2036 + 1172 * (n_inputs - 1) + 432 * n_outputs - 864 + transaction->payload;
}

gboolean
kt_chain_is_accepted (const KtChain *chain, const KtLevel *level, guint64 key)
{
  if ((key & 0xffff) == 0)
    return kt_chain_key_block (key) == level->chain_block;
  return (draw (chain, DRAW_SHAPE, key) >> 56) != 0;
}

gint64
kt_chain_timestamp_ms (const KtChain *chain, guint64 block)
{
  return KT_CHAIN_START_MS + (gint64) block * KT_CHAIN_BLOCK_MS
         + kt_below ((guint32) draw (chain, DRAW_TIME, block), KT_CHAIN_BLOCK_MS);
}

static inline guint64
word (guint64 first, guint64 seed, gsize i)
{
  return i == 0 ? first : kt_mix (first + seed * (2 * i + 1));
}

void
kt_chain_bytes (const KtChain *chain, KtHashKind kind, guint64 number, guint8 *bytes, gsize length)
{
  guint64 seed = chain->hash_seeds[kind];
  guint64 first = kt_mix (kt_mix (number ^ seed) + seed);
  for (gsize i = 0; length > 0; i++)
    {
      guint64 value = GUINT64_TO_LE (word (first, seed, i));
      gsize part = MIN (length, sizeof value);
      memcpy (bytes, &value, part);
      bytes += part;
      length -= part;
    }
}

void
kt_chain_hash (const KtChain *chain, KtHashKind kind, guint64 number, KtHash *hash)
{
  kt_chain_bytes (chain, kind, number, hash->bytes, sizeof hash->bytes);
}

gboolean
kt_chain_number_of (const KtChain *chain, KtHashKind kind, const KtHash *hash, guint64 *number)
{
  guint64 first, seed = chain->hash_seeds[kind];
  KtHash again;
  memcpy (&first, hash->bytes, sizeof first);
  guint64 candidate = kt_unmix (kt_unmix (GUINT64_FROM_LE (first)) - seed) ^ seed;
  kt_chain_hash (chain, kind, candidate, &again);
  if (memcmp (&again, hash, sizeof again) != 0)
    return FALSE;
  *number = candidate;
  return TRUE;
}
