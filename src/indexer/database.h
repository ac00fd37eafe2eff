/* SPDX-License-Identifier: MIT
 *
 * The database as indexers left it: which schema it says it is, which one its tables are, what of a migration lies around, how
 * the mapping tables are built. Reading it is here, judging it is judge_database.c.
 */
#pragma once

#include "indexer/features.h"
#include "postgres/connection.h"

typedef struct {
  char *name, *schema;
  gboolean table;   /* otherwise a type */
  gboolean readable;
  int filled;       /* has it a row? -1 unknown */
  double rows;      /* as last analysed, -1 never */
  gint64 heap_bytes; /* likewise */
  GStrv columns, types; /* of the same length */
  char *key;        /* columns of the primary key, "address+block_time+transaction_id"; "" none */
  GStrv indexes;    /* the same of every whole and valid index, the key's included */
  GStrv invalid;    /* names of indexes that are not valid */
  GStrv triggers;   /* enabled, not internal */
} KtIndexerObject;

typedef struct {
  char *name;                /* of the database */
  GPtrArray *objects;        /* KtIndexerObject */
  GStrv functions;           /* of _v21_migrate_subnetworks and notify_transaction those that are there */
  GHashTable *vars, *k_vars; /* key to text; NULL: no such table, or not one of theirs, or not readable */
  char *hidden;              /* table vars is there, but this role may not read it: the grant; NULL */
  gboolean foreign_vars;     /* a table vars of somebody else */
  guint k_indexes;           /* named idx_k_… */
  gboolean migrating;        /* somebody is at work on what a migration makes */
  gint64 newest_ms;          /* block time of the newest transaction; 0 unknown */
  double rate;               /* transactions a second around it; -1 unknown */
  int max_connections, reserved_connections;
} KtIndexerDatabase;

void kt_indexer_database_free (KtIndexerDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtIndexerDatabase, kt_indexer_database_free)

KtIndexerDatabase *kt_indexer_database_load (KtConnection *connection, GError **error);

/* For tests: an empty one. */
KtIndexerDatabase *kt_indexer_database_new (void);

/* NULL: there is none of that name and kind. */
const KtIndexerObject *kt_indexer_database_table (const KtIndexerDatabase *database, const char *name);
const KtIndexerObject *kt_indexer_database_type (const KtIndexerDatabase *database, const char *name);
gboolean kt_indexer_object_has (const KtIndexerObject *object, const char *column);
/* Has it an index that begins with @column? */
gboolean kt_indexer_object_is_indexed (const KtIndexerObject *object, const char *column);

/* vars.schema_version; 0: none. */
guint kt_indexer_database_stamp (const KtIndexerDatabase *database);
/* The schema that its tables are, whatever vars says; 0: none of those known here (10 and 20 to 23). */
guint kt_indexer_database_layout (const KtIndexerDatabase *database);
/* What a migration makes and takes away again and that is there now, "transactions_old, …"; NULL: nothing. Caller frees. */
char *kt_indexer_database_leftovers (const KtIndexerDatabase *database);
/* Mapping tables with rows; KT_MAPPING_NONE when neither has any or that is unknown. *both: each has. */
KtMapping kt_indexer_database_mapping (const KtIndexerDatabase *database, gboolean *both);
/* Do tables of K-indexer lie in it? */
gboolean kt_indexer_database_has_k (const KtIndexerDatabase *database);
