/* SPDX-License-Identifier: MIT
 *
 * workload/: a Kaspa-shaped chain, the tables an indexer keeps of it, a fast fill and a writer with the indexer's
 * statements. It knows nothing of tuning.
 *
 * chain: everything about any block or transaction, computed from (seed, number) alone. Nothing is stored and nothing
 * is drawn in sequence, so threads share one chain, a fill restarts anywhere and a checker can recompute any row.
 *
 * Shape: 10 blocks/s with a network delay of 0.3 s give 4 blocks side by side, 4 parents, a merge set of 4 and 2.5
 * chain blocks a second. Blocks come in epochs of 20, cut into 5 levels at random; a block's parents are all blocks of
 * the level before, one of which, its chain block, is the selected parent. The chain block of the next level accepts
 * the transactions of a level. A transaction belongs to the block that has it first; others of its level may hold it
 * too.
 *
 * Numbers: blocks from 0; a transaction's key is block << 16 | slot, slot 0 is the coinbase.
 */
#pragma once

#include <glib.h>

#define KT_CHAIN_EPOCH_BLOCKS 20
#define KT_CHAIN_EPOCH_LEVELS 5
#define KT_CHAIN_MAX_WIDTH 16 /* also the most parents a block may have */
#define KT_CHAIN_BLOCK_MS 100
#define KT_CHAIN_MAX_TPS 20000
#define KT_CHAIN_START_MS G_GINT64_CONSTANT (1783339200000) /* 2026-07-06 12:00 UTC, timestamp of block 0 */
#define KT_CHAIN_HOT_SCRIPTS 50000                          /* exchanges, services: 30 % of outputs, by rank */
#define KT_CHAIN_POOL_SCRIPTS 300                           /* miners: all coinbase outputs, by rank */
#define KT_CHAIN_MAX_INPUTS 3
#define KT_CHAIN_MAX_OUTPUTS KT_CHAIN_MAX_WIDTH
#define KT_CHAIN_NONE G_MAXUINT64

typedef struct {
  guint8 bytes[32];
} KtHash;

/* From @first_block (start of an epoch) on, @tps new transactions a second. */
typedef struct {
  guint64 first_block;
  guint32 tps;
} KtChainSegment;

typedef struct KtChain KtChain;

/* Segments in order, the first one at block 0. */
KtChain *kt_chain_new (guint64 seed, const KtChainSegment *segments, guint n_segments);
void kt_chain_free (KtChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtChain, kt_chain_free)

/* New transactions without coinbases in blocks 0 ... @block - 1. */
guint64 kt_chain_transactions_before (const KtChain *chain, guint64 block);
/* Slots of a block: its coinbase and its new transactions. */
guint kt_chain_slots (const KtChain *chain, guint64 block);

typedef struct {
  guint64 number;
  guint64 first; /* number of its first block */
  guint width;
  guint64 chain_block;
  guint64 red;          /* block that is not rewarded, or KT_CHAIN_NONE: 1 % of blocks */
  guint64 blues_before; /* blue blocks of all levels before: blue score of its blocks */
} KtLevel;

void kt_chain_epoch (const KtChain *chain, guint64 epoch, KtLevel levels[KT_CHAIN_EPOCH_LEVELS]);
void kt_chain_level (const KtChain *chain, guint64 number, KtLevel *level);
void kt_chain_level_of_block (const KtChain *chain, guint64 block, KtLevel *level);

/* Keys of all transactions in a block: coinbase, new ones, those it shares with blocks of its level. Appends guint64.
 */
void kt_chain_block_entries (const KtChain *chain, const KtLevel *level, guint64 block, GArray *keys);

typedef struct {
  guint64
      previous; /* key of the transaction it spends from; before the chain began: no block, still a transaction id */
  guint index;      /* which output */
  guint64 script;
  gint64 amount;
} KtInput;

typedef struct {
  guint64 script;
  gint64 amount;
  gboolean covenant; /* bound to a covenant (transactions of version 1) */
} KtOutput;

typedef struct {
  guint64 key;
  gboolean coinbase;
  guint version;
  guint mass;
  guint payload; /* bytes */
  guint n_inputs;
  guint n_outputs;
  KtInput inputs[KT_CHAIN_MAX_INPUTS];
  KtOutput outputs[KT_CHAIN_MAX_OUTPUTS];
} KtTransaction;

/* @level is that of the transaction's block. */
void kt_chain_transaction (const KtChain *chain, const KtLevel *level, guint64 key, KtTransaction *transaction);
/* Accepted by the chain block of the next level: coinbases of chain blocks; all but one in 256 of the others. */
gboolean kt_chain_is_accepted (const KtChain *chain, const KtLevel *level, guint64 key);

gint64 kt_chain_timestamp_ms (const KtChain *chain, guint64 block);

/* What a hash is of. Each is a sequence of its own. */
typedef enum {
  KT_HASH_BLOCK,
  KT_HASH_TRANSACTION,
  KT_HASH_SCRIPT, /* the public key in it */
  KT_HASH_TRANSACTION_HASH,
  KT_HASH_MERKLE_ROOT,
  KT_HASH_ACCEPTED_ROOT,
  KT_HASH_UTXO_COMMITMENT,
  KT_HASH_COVENANT,
  KT_HASH_SIGNATURE,
  KT_HASH_PAYLOAD,
  KT_HASH_NONCE,
  KT_N_HASHES
} KtHashKind;

void kt_chain_hash (const KtChain *chain, KtHashKind kind, guint64 number, KtHash *hash);
/* Any number of random bytes; the first 32 are the hash. */
void kt_chain_bytes (const KtChain *chain, KtHashKind kind, guint64 number, guint8 *bytes, gsize length);
/* The number a hash was made from; FALSE when it is not one of this chain. */
gboolean kt_chain_number_of (const KtChain *chain, KtHashKind kind, const KtHash *hash, guint64 *number);

/* Where the chain begins: shortly after the Toccata activation (DAA score 474,165,565). */
#define KT_CHAIN_FIRST_DAA_SCORE G_GINT64_CONSTANT (479000000)
#define KT_CHAIN_FIRST_BLUE_SCORE G_GINT64_CONSTANT (477000000)

/* Of all blocks of a level. */
static inline gint64
kt_chain_blue_score (const KtLevel *level)
{
  return KT_CHAIN_FIRST_BLUE_SCORE + (gint64) level->blues_before;
}

static inline gint64
kt_chain_daa_score (const KtLevel *level)
{
  return KT_CHAIN_FIRST_DAA_SCORE + (gint64) level->first;
}

static inline guint64
kt_chain_key (guint64 block, guint slot)
{
  return block << 16 | slot;
}

static inline guint64
kt_chain_key_block (guint64 key)
{
  return key >> 16;
}

/* A transaction from before the chain began: it has an id and nothing else. */
static inline gboolean
kt_chain_key_is_before_time (guint64 key)
{
  return key >> 63 != 0;
}

/* Blocks before the first one: parents of level 0, pruning points. */
static inline guint64
kt_chain_block_before_time (guint64 number)
{
  return (G_GUINT64_CONSTANT (1) << 63) | number;
}
