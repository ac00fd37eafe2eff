/* SPDX-License-Identifier: MIT
 *
 * From positions on the chain to rows of the tables. One encoder belongs to one thread; the chain is shared.
 */
#pragma once

#include "workload/schema.h"

typedef enum {
  KT_MAPPING_ADDRESSES, /* addresses_transactions */
  KT_MAPPING_SCRIPTS,   /* scripts_transactions; addresses are left out */
  KT_MAPPING_NONE,
  KT_N_MAPPINGS
} KtMapping;

const char *kt_mapping_name (KtMapping mapping);
/* KT_N_MAPPINGS when there is none of that name. */
KtMapping kt_mapping_from_name (const char *name);
/* The table that is written, or KT_N_TABLES. */
KtTableId kt_mapping_table (KtMapping mapping);

typedef struct KtEncoder KtEncoder;

/* All but @excluded (1 << KtField) is borrowed and must live on. */
KtEncoder *kt_encoder_new (const KtChain *chain, const KtSchema *schema, const KtTypes *types, KtMapping mapping,
                           guint64 excluded);
void kt_encoder_free (KtEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtEncoder, kt_encoder_free)

/* Buffers by table; NULL for tables that are not wanted. Rows are added to what is there. */
typedef struct {
  KtRows *tables[KT_N_TABLES];
} KtEncoded;

/* Blocks @from ... @to - 1 and their parents. */
void kt_encoder_blocks (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* Transactions that belong to blocks @from ... @to - 1 as the block path stores them: inputs unresolved, mapping of
 * the outputs. */
void kt_encoder_block_path (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* Transactions of levels @from ... @to - 1 that the next level's chain blocks accept: resolved, mapped on both sides, with
 * acceptances. */
void kt_encoder_accepted (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* What both paths together leave of levels @from ... @to - 1: each transaction once. */
void kt_encoder_settled (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);
