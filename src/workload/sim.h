/* SPDX-License-Identifier: MIT
 *
 * What kaspa-sim knows of a database it made: seed, rates, how far it came. Kept in the row `kaspa_sim` of the
 * indexer's own table `vars`, which the indexer ignores, and saved with the connection's usual durability.
 */
#pragma once

#include "base/autoptr.h"
#include "workload/encoder.h"

/* Rows of a table that pruning took away: from @from to @to - 1, blue score for blocks, block_parent and acceptances
 * (block time when there are no blocks), block time in ms for the others. */
typedef struct {
  gint64 from;
  gint64 to;
} KtPruned;

/* Positions are the first block or level that is not written yet. */
typedef struct {
  guint64 seed;
  guint schema;
  guint origin;          /* schema of the indexer that wrote the rows below the next two, before migrations */
  guint64 origin_blocks; /* KT_CHAIN_NONE: all there are */
  guint64 origin_levels;
  KtFeatures features;
  GArray *segments;       /* KtChainSegment */
  guint64 blocks;         /* blocks and their parents */
  guint64 levels;         /* accepted */
  guint64 block_path;     /* blocks whose transactions the block path has stored */
  gboolean filling;       /* a fill has begun and is not complete */
  gboolean running;       /* a run has begun and did not end: positions are those of the checkpoint */
  guint64 reach;          /* how many blocks beyond the checkpoint that run may have written */
  GArray *pruned[KT_N_TABLES]; /* KtPruned, ascending, apart from each other */
} KtSim;

KtSim *kt_sim_new (guint schema, guint64 seed, guint32 tps, const KtFeatures *features);
/* Tables that this database has and these features write: 1 << KtTableId. */
guint64 kt_sim_tables (const KtSim *sim);
void kt_sim_free (KtSim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtSim, kt_sim_free)

/* Errors: KT_ERROR_NOT_FOUND when kaspa-sim did not make this database, KT_ERROR_PARSE, KT_ERROR_QUERY. After a run
 * that did not end, positions come from block_checkpoint. */
KtSim *kt_sim_load (PGconn *connection, GError **error);
gboolean kt_sim_save (const KtSim *sim, PGconn *connection, GError **error);
KtChain *kt_sim_chain (const KtSim *sim);
/* So many levels before @level are taken back and accepted again by a round that begins there. */
guint kt_sim_reorg (const KtSim *sim, guint64 level);
/* Levels from @level on are accepted once more: what they hold is no longer as it was before a migration. */
void kt_sim_accepted_anew (KtSim *sim, guint64 level);
/* First block that no path has reached. */
guint64 kt_sim_frontier (const KtSim *sim, const KtChain *chain);
/* First block that at least one path has not reached. */
guint64 kt_sim_complete_to (const KtSim *sim, const KtChain *chain);
/* Chain block of the last level that every path has written, its number and as 64 hexadecimal digits. Caller frees. */
guint64 kt_sim_checkpoint_block (const KtSim *sim, const KtChain *chain);
char *kt_sim_checkpoint (const KtSim *sim, const KtChain *chain);

/* The block of block_checkpoint; KT_CHAIN_NONE when none is saved. Errors: KT_ERROR_PARSE when it is not of @chain. */
gboolean kt_sim_read_checkpoint (PGconn *connection, const KtChain *chain, guint64 *block, GError **error);

/* Rows that must be in each table: what the positions and ranges mean. Enumerates all transactions beyond the last position common
 * to all paths and every one before: seconds for millions. */
void kt_sim_count (const KtSim *sim, const KtChain *chain, guint64 rows[KT_N_TABLES]);

/* Adds a range; empty ones are nothing. Never below what is noted already. */
void kt_sim_note_pruned (KtSim *sim, KtTableId table, gint64 from, gint64 to);
gint64 kt_sim_pruned_to (const KtSim *sim, KtTableId table); /* 0: never */
gboolean kt_sim_is_pruned (const KtSim *sim, KtTableId table, gint64 value);

/* Rows that `transactions` has more at @after than at @before; both on @chain. */
guint64 kt_sim_transactions_added (const KtSim *before, const KtSim *after, const KtChain *chain);

/* @conninfo NULL: libpq's environment and defaults. Errors: KT_ERROR_CONNECT, KT_ERROR_AUTH. */
PGconn *kt_sim_connect (const char *conninfo, GError **error);
/* One kaspa-sim a database: an advisory lock until the connection ends. Errors: KT_ERROR_REFUSED. */
gboolean kt_sim_lock (PGconn *connection, GError **error);
/* Any statement; parameters are text, NULL-terminated. Errors: KT_ERROR_QUERY and its kin. */
PGresult *kt_sim_query (PGconn *connection, GError **error, const char *sql, ...) G_GNUC_NULL_TERMINATED;
gboolean kt_sim_run (PGconn *connection, GError **error, const char *sql, ...) G_GNUC_NULL_TERMINATED;
/* Sets @error from a failed result or connection; @what is said first. */
void kt_sim_set_error (PGconn *connection, const PGresult *result, GError **error, const char *what);
/* Zeros where there are no such types (schema 10). */
gboolean kt_sim_types (PGconn *connection, KtTypes *types, GError **error);
