/* SPDX-License-Identifier: MIT
 *
 * The tables of an indexer as data: columns and how each is filled, order and size of statements, conflict clauses.
 * Creating them is plain SQL in sql/workload/schema-NN.sql and schema-NN-indexes.sql.
 */
#pragma once

#include "workload/chain.h"
#include "indexer/features.h"
#include "workload/rows.h"

#include <libpq-fe.h>

typedef enum {
  KT_TABLE_BLOCKS,
  KT_TABLE_BLOCK_PARENT,
  KT_TABLE_TRANSACTIONS,
  KT_TABLE_ACCEPTANCES,
  KT_TABLE_ADDRESSES, /* addresses_transactions */
  KT_TABLE_SCRIPTS,   /* scripts_transactions */
  KT_TABLE_BLOCKS_TRANSACTIONS, /* up to schema 22 */
  KT_TABLE_INPUTS,              /* transactions_inputs, schema 10 */
  KT_TABLE_OUTPUTS,
  KT_N_TABLES
} KtTableId;

const char *kt_table_name (KtTableId table);

/* Where the tables of inputs and outputs are types, their OIDs differ from database to database. */
typedef struct {
  Oid inputs;
  Oid inputs_array;
  Oid outputs;
  Oid outputs_array;
} KtTypes;

/* What a row is made from. Which members hold something depends on the table. */
typedef struct {
  const KtChain *chain;
  const KtTypes *types;
  guint64 excluded; /* 1 << KtField */
  gboolean chain_only; /* acceptances name the chain block alone */
  gboolean resolved; /* inputs carry script and amount of what they spend, as the node supplies them on acceptance */

  const KtLevel *level;
  const KtHash *level_hashes;
  const KtLevel *merged; /* the level before; its parents */
  const KtHash *merged_hashes;
  guint64 block;
  KtHash block_hash;
  const KtHash *accepting_hash; /* chain block of the level after */
  GArray *entries;              /* keys of the block's transactions */

  const KtTransaction *transaction;
  KtHash transaction_id;
  gint64 block_time_ms;
  guint64 script;
  guint parent; /* index into merged_hashes */
  guint element; /* which input or output */
} KtRowSource;

static inline gboolean
kt_row_source_has (const KtRowSource *source, KtField field)
{
  return (source->excluded >> field & 1) == 0;
}

typedef struct {
  const char *name;
  const char *type; /* as pg_catalog.format_type writes it */
  void (*put) (KtRows *rows, const KtRowSource *source);
  KtField field; /* NULL is stored when it is excluded */
} KtSchemaColumn;

typedef struct {
  const char *name;
  const KtSchemaColumn *columns;
  guint n_columns;
  const guint8 *sort; /* columns by which a batch is sorted, or NULL: as they come */
  guint n_sort;
  guint statement_rows; /* at batch-scale 1 */
  guint statement_rows_limit;
} KtSchemaTable;

typedef struct {
  guint version;       /* schema_version in vars */
  const char *release; /* the newest one that writes it */
  const KtSchemaTable *tables[KT_N_TABLES]; /* NULL: there is none */
} KtSchema;

/* Before it transactions came from the blocks alone; since then acceptances bring them, with what their inputs spend. */
#define KT_SCHEMA_FIRST_RESOLVED 21

/* Indexes of the mapping tables: the release that created them decides, no migration changes them. */
typedef enum {
  KT_LAYOUT_FRESH,         /* created at this schema */
  KT_LAYOUT_UPGRADED,      /* created by v1.4.0 to v2.1.1 */
  KT_LAYOUT_UPGRADED_OLD,  /* created before v1.4.0 */
  KT_N_LAYOUTS
} KtLayout;

/* "fresh", "upgraded", "upgraded-old"; KT_N_LAYOUTS when it is none. */
KtLayout kt_layout_from_name (const char *name);

/* NULL: not known here. */
const KtSchema *kt_schema_find (guint version);

void kt_schema_put_row (const KtSchemaTable *table, KtRows *rows, const KtRowSource *source);

/* @name in sql/workload/, without its end. Caller frees. */
char *kt_schema_load_sql (const char *name);

/* SQL that creates tables and types, and the statements that make keys and indexes, from sql/workload/. */
char *kt_schema_tables_sql (const KtSchema *schema);
GStrv kt_schema_indexes_sql (const KtSchema *schema, KtLayout layout);

/* "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ON CONFLICT ..." for @n_rows rows. Caller frees. */
char *kt_schema_insert_sql (const KtSchemaTable *table, guint n_rows, const char *conflict);
/* "COPY t (a, b) FROM STDIN (FORMAT binary)". Caller frees. */
char *kt_schema_copy_sql (const KtSchemaTable *table);
/* OID of each column for PQprepare: a binary parameter must say what it is. Caller frees; n_columns of them. */
Oid *kt_schema_column_oids (const KtSchemaTable *table, const KtTypes *types);
