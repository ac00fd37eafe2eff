/* SPDX-License-Identifier: MIT
 *
 * From positions on the chain to rows of the tables. One encoder belongs to one thread; the chain is shared.
 */
#pragma once

#include "workload/schema.h"

/* The table that is written, or KT_N_TABLES. */
KtTableId kt_mapping_table (KtMapping mapping);

/* Tables that these features write: 1 << KtTableId. */
guint64 kt_encoder_tables (const KtFeatures *features);

typedef struct KtEncoder KtEncoder;

/* Chain, schema and types are borrowed and must live on. Tables that the features leave out get no rows. */
KtEncoder *kt_encoder_new (const KtChain *chain, const KtSchema *schema, const KtTypes *types,
                           const KtFeatures *features);
void kt_encoder_free (KtEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtEncoder, kt_encoder_free)

/* Rows as the indexer of schema @origin has written them, in the form of the encoder's schema: before 21 transactions
 * came from the blocks alone, so inputs are not resolved and are mapped where what they spend is stored; versions came
 * with 21, covenants and budgets with 22. Without this call the origin is the encoder's schema. */
void kt_encoder_set_origin (KtEncoder *encoder, guint origin);
/* From here on the mapping of inputs that comes from joins (before 21) is left to whoever runs them. */
void kt_encoder_leave_joins (KtEncoder *encoder);
/* Whether these features leave all that those joins need. */
gboolean kt_encoder_joins (const KtFeatures *features);

/* Buffers by table; NULL for tables that are not wanted. Rows are added to what is there. */
typedef struct {
  KtRows *tables[KT_N_TABLES];
} KtEncoded;

/* Whether a transaction of @level ends up stored when the acceptance has passed its level (@accepting) and the block
 * path its block (@passed). */
gboolean kt_encoder_stores (const KtFeatures *features, const KtChain *chain, const KtLevel *level, guint64 key,
                            gboolean accepting, gboolean passed);

/* Blocks @from ... @to - 1 and their parents. */
void kt_encoder_blocks (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* Transactions that belong to blocks @from ... @to - 1 as the block path stores them: inputs unresolved, mapping of
 * the outputs. */
void kt_encoder_block_path (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* Transactions of levels @from ... @to - 1 that the next level's chain blocks accept: resolved, mapped on both sides,
 * with acceptances. Without transaction_acceptance: one acceptance a chain block. */
void kt_encoder_accepted (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* What both paths together leave of levels @from ... @to - 1: each transaction once. */
void kt_encoder_settled (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);
