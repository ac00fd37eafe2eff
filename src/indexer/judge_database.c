/* SPDX-License-Identifier: MIT
 *
 * What a database tells of the way it came about: migrations that ended in the middle, layouts of releases long gone, triggers
 * that went with a table. Pure.
 */
#include "indexer/indexer.h"

#include <string.h>

#define K_INDEXES 37 /* that K-transaction-processor of schema 2 counts at its start */

static void
say (GPtrArray *findings, KtSeverity severity, const char *about, const char *remedy, const char *sentence)
{
  kt_findings_add (findings, severity, about, remedy, "%s", sentence);
}

static gboolean
is_there (const KtIndexerDatabase *database, const char *table)
{
  return kt_indexer_database_table (database, table) != NULL;
}

/* By what is left: which step it was, and what to do by hand. No release does it by itself. */
static const char *
way_out (const KtIndexerDatabase *database)
{
  if (is_there (database, "transactions_old") || is_there (database, "transactions_inputs_old") || is_there (database, "transactions_outputs_old"))
    return "stop the indexer, which takes this database for complete; then a backup, or the statements of the script from 10 to 20 that "
           "were not carried out, by hand: fill transactions from the tables *_old, drop these, create primary key and index";
  if (is_there (database, "transactions_new") || is_there (database, "blocks_new") || is_there (database, "blocks_transactions_dedup"))
    return is_there (database, "transactions")
             ? "stop the indexer; while transactions and blocks_transactions are whole, drop transactions_new, blocks_new and "
               "blocks_transactions_dedup and start it again with --upgrade-db"
             : "stop the indexer; transactions_new holds the rows: rename it to transactions, drop blocks_transactions_dedup and create "
               "primary key and index, then go on with the script from 22 to 23 by hand";
  if (!kt_indexer_object_has (kt_indexer_database_table (database, "transactions"), "subnetwork_id_new") && kt_indexer_database_stamp (database) >= 20
      && kt_indexer_database_layout (database) > 0)
    return "the migration had come to its last statements: create what is missing by hand, as in schema 23 (primary key transaction_id, index "
           "(block_time DESC); of blocks: primary key hash, index (blue_score))";
  return "stop the indexer; its script cannot run a second time: go on by hand from the script from 20 to 21 (CALL "
         "_v21_migrate_subnetworks resumes where it was)";
}

static void
judge_migration (const KtIndexerDatabase *database, GPtrArray *findings)
{
  g_autofree char *left = kt_indexer_database_leftovers (database);
  if (left == NULL)
    return;
  if (database->migrating)
    kt_findings_add (findings, KT_SEVERITY_NOTE, "migration", "wait for it; do not stop the indexer, and start no other", "a migration is at work (%s)", left);
  else
    kt_findings_add (findings, KT_SEVERITY_REFUSE, "migration", way_out (database), "a migration ended in the middle: %s %s still there", left,
                     strchr (left, ',') != NULL ? "are" : "is");
}

static void
judge_schema (const KtIndexerDatabase *database, GPtrArray *findings)
{
  guint stamp = kt_indexer_database_stamp (database), layout = kt_indexer_database_layout (database);
  g_autofree char *left = kt_indexer_database_leftovers (database);
  if (database->foreign_vars || (database->vars != NULL && stamp == 0))
    say (findings, KT_SEVERITY_REFUSE, "vars", "give the indexer an empty database",
         "the table vars is not the indexer's: it takes the database for empty, cannot create its own table and ends at every start");
  else if (stamp == 21 && layout == 0 && !database->migrating && left == NULL)
    say (findings, KT_SEVERITY_REFUSE, "schema", "go back to a backup, or fill a new database",
         "it says schema 21, but is what v2.1.0-beta1 left, which is not the final 21: nothing migrates it");
  else if (stamp >= 10 && layout == 0 && !database->migrating && left == NULL)
    kt_findings_add (findings, KT_SEVERITY_REFUSE, "schema", "do not start an indexer on it before that is clear; go back to a backup where it is not",
                     "it says schema %u, but its tables are those of none: a migration ended in the middle, or somebody changed them", stamp);
  else if (stamp >= 10 && layout > 0 && stamp != layout && !database->migrating)
    kt_findings_add (findings, KT_SEVERITY_REFUSE, "schema", "do not start an indexer on it before that is clear",
                     "it says schema %u, but its tables are those of %u", stamp, layout);
}

static void
judge_mapping_table (const KtIndexerDatabase *database, const char *name, const char *key, GPtrArray *findings)
{
  const KtIndexerObject *table = kt_indexer_database_table (database, name);
  g_autofree char *old_key = g_strdup_printf ("%s+transaction_id", key);
  g_autofree char *by_key = g_strdup_printf ("%s+block_time", key);
  if (table == NULL || table->filled == 0)
    return;
  gboolean old = g_strcmp0 (table->key, old_key) == 0;
  if (old && kt_indexer_database_stamp (database) >= 22)
    kt_findings_add (findings, KT_SEVERITY_NOTE, name,
                     "a unique index with block_time, built CONCURRENTLY, can become its primary key; the indexer works with either",
                     "it has the key of releases before v2.2.0, since no migration changes it: 17 to 20 %% more bytes a row than a new one");
  if (old && !kt_indexer_object_is_indexed (table, by_key) && !g_strv_contains ((const char *const *) table->indexes, by_key))
    {
      g_autofree char *remedy = g_strdup_printf ("CREATE INDEX CONCURRENTLY ON %s (%s, block_time DESC)", name, key);
      say (findings, KT_SEVERITY_WARNING, name, remedy, "it was created before v1.4.0 and has no index by key and time: each page of a long history is sorted");
    }
}

static void
judge_mapping (const KtIndexerDatabase *database, GPtrArray *findings)
{
  gboolean both = FALSE;
  kt_indexer_database_mapping (database, &both);
  judge_mapping_table (database, "addresses_transactions", "address", findings);
  judge_mapping_table (database, "scripts_transactions", "script_public_key", findings);
  if (both)
    say (findings, KT_SEVERITY_NOTE, "mapping", "API servers read only one of them; the other's rows stay until it is emptied",
         "both mapping tables have rows: the mapping was switched once, which moves no old rows");
}

static void
judge_indexes (const KtIndexerDatabase *database, GPtrArray *findings)
{
  for (guint i = 0; i < database->objects->len; i++)
    {
      const KtIndexerObject *object = database->objects->pdata[i];
      for (char **name = object->invalid; name != NULL && *name != NULL; name++)
        {
          g_autofree char *remedy = g_strdup_printf ("DROP INDEX CONCURRENTLY %s, unless it is being built now", *name);
          kt_findings_add (findings, KT_SEVERITY_WARNING, object->name, remedy,
                           "its index %s is not valid: a build or REINDEX CONCURRENTLY was broken off; it costs every write and serves no read", *name);
        }
    }
}

/* The trigger goes with the table in the steps from 10 to 20 and 22 to 23; the function stays. */
static void
judge_k_indexer (const KtIndexerDatabase *database, GPtrArray *findings)
{
  const KtIndexerObject *transactions = kt_indexer_database_table (database, "transactions");
  gboolean function = database->functions != NULL && g_strv_contains ((const char *const *) database->functions, "notify_transaction");
  if (!kt_indexer_database_has_k (database))
    return;
  if (transactions != NULL
      && (transactions->triggers == NULL || !g_strv_contains ((const char *const *) transactions->triggers, "transaction_notify_trigger")))
    say (findings, KT_SEVERITY_REFUSE, "K-indexer",
         function ? "CREATE TRIGGER transaction_notify_trigger AFTER INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION notify_transaction()"
                  : "create function and trigger again from K-indexer's source; not --initialize-db, which deletes all of its data",
         "transactions has no trigger transaction_notify_trigger: K-transaction-processor hears of nothing and ends at its next start. "
         "Migrations that rebuild transactions take it away");
  const char *schema = database->k_vars != NULL ? g_hash_table_lookup (database->k_vars, "schema_version") : NULL;
  if (g_strcmp0 (schema, "2") == 0 && database->k_indexes != K_INDEXES)
    kt_findings_add (findings, KT_SEVERITY_WARNING, "K-indexer", "indexes of your own need other names; bring back what was dropped",
                     "%u indexes are named idx_k_…, and K-transaction-processor ends at its start unless there are exactly %d", database->k_indexes, K_INDEXES);
}

/* What no running indexer writes any more stays, and costs backups and vacuum. */
static void
judge_unused (const KtIndexers *indexers, GPtrArray *findings)
{
  static const struct { KtDisable off; const char *table; } rows[] = {
    { KT_DISABLE_BLOCK_PARENT_TABLE, "block_parent" },         { KT_DISABLE_BLOCKS_TABLE, "blocks" },
    { KT_DISABLE_TRANSACTIONS_TABLE, "transactions" },         { KT_DISABLE_BLOCKS_TRANSACTIONS_TABLE, "blocks_transactions" },
    { KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE, "addresses_transactions" },
  };
  const KtIndexer *writer = NULL;
  guint n = 0;
  for (guint i = 0; i < indexers->all->len; i++)
    if (kt_indexer_runs (indexers->all->pdata[i], KT_PROGRAM_INDEXER))
      {
        writer = indexers->all->pdata[i];
        n++;
      }
  if (n != 1 || writer->arguments.given == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const KtIndexerObject *table = kt_indexer_database_table (indexers->database, rows[i].table);
      if (table == NULL || table->filled != 1 || !kt_features_off (&writer->arguments.features, rows[i].off))
        continue;
      kt_findings_add (findings, KT_SEVERITY_NOTE, rows[i].table, "TRUNCATE it once nobody reads it",
                       "it has rows, but the indexer does not write it any more: they stay as they are");
    }
}

void
kt_indexer_database_judge (const KtIndexers *indexers, GPtrArray *findings)
{
  const KtIndexerDatabase *database = indexers->database;
  if (database->hidden != NULL)
    kt_findings_add (findings, KT_SEVERITY_NOTE, "vars", database->hidden, "this role may not read the indexer's notes, so its schema version is not known");
  judge_migration (database, findings);
  judge_schema (database, findings);
  judge_k_indexer (database, findings);
  judge_mapping (database, findings);
  judge_indexes (database, findings);
  judge_unused (indexers, findings);
}
