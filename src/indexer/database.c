/* SPDX-License-Identifier: MIT */
#include "indexer/database.h"

#include "base/error.h"

#include <string.h>

static void
object_free (gpointer data)
{
  KtIndexerObject *object = data;
  g_free (object->name);
  g_free (object->schema);
  g_free (object->key);
  g_strfreev (object->columns);
  g_strfreev (object->types);
  g_strfreev (object->indexes);
  g_strfreev (object->invalid);
  g_strfreev (object->triggers);
  g_free (object);
}

void
kt_indexer_database_free (KtIndexerDatabase *database)
{
  if (database == NULL)
    return;
  g_free (database->name);
  g_free (database->hidden);
  g_ptr_array_unref (database->objects);
  g_strfreev (database->functions);
  g_clear_pointer (&database->vars, g_hash_table_unref);
  g_clear_pointer (&database->k_vars, g_hash_table_unref);
  g_free (database);
}

KtIndexerDatabase *
kt_indexer_database_new (void)
{
  KtIndexerDatabase *database = g_new0 (KtIndexerDatabase, 1);
  database->objects = g_ptr_array_new_with_free_func (object_free);
  database->rate = -1;
  database->max_connections = -1;
  return database;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static gboolean
load_objects (KtIndexerDatabase *database, KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "indexer_objects", NULL);
  for (int i = 0; rows != NULL && i < PQntuples (rows); i++)
    {
      KtIndexerObject *object = g_new0 (KtIndexerObject, 1);
      object->name = g_strdup (kt_result_get (rows, i, "name"));
      object->schema = g_strdup (kt_result_get (rows, i, "schema"));
      object->table = kt_result_bool (rows, i, "is_table");
      object->readable = kt_result_bool (rows, i, "readable");
      object->filled = -1;
      object->rows = kt_result_double (rows, i, "rows");
      object->heap_bytes = kt_result_int (rows, i, "heap_bytes");
      object->columns = kt_result_strv (rows, i, "columns");
      object->types = kt_result_strv (rows, i, "types");
      object->key = g_strdup (kt_result_get (rows, i, "key"));
      object->indexes = kt_result_strv (rows, i, "indexes");
      object->invalid = kt_result_strv (rows, i, "invalid");
      object->triggers = kt_result_strv (rows, i, "triggers");
      g_ptr_array_add (database->objects, object);
    }
  return rows != NULL;
}

static gboolean
load_work (KtIndexerDatabase *database, KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (connection, error, "indexer_work", NULL);
  if (row == NULL)
    return FALSE;
  database->functions = kt_result_strv (row, 0, "functions");
  database->migrating = kt_result_bool (row, 0, "migrating");
  database->k_indexes = (guint) kt_result_int (row, 0, "k_indexes");
  database->name = g_strdup (kt_result_get (row, 0, "database"));
  database->max_connections = (int) kt_result_int (row, 0, "max_connections");
  database->reserved_connections = (int) kt_result_int (row, 0, "reserved_connections");
  return TRUE;
}

/* Key and value of a table of notes; NULL when there is none that can be read. */
static GHashTable *
load_vars (const KtIndexerDatabase *database, KtConnection *connection, const char *table, const char *file, GError **error)
{
  const KtIndexerObject *object = kt_indexer_database_table (database, table);
  if (object == NULL || !object->readable || !kt_indexer_object_has (object, "key") || !kt_indexer_object_has (object, "value"))
    return NULL;
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, file, NULL);
  if (rows == NULL)
    return NULL;
  GHashTable *vars = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 0; i < PQntuples (rows); i++)
    g_hash_table_insert (vars, g_strdup (kt_result_get (rows, i, "key")), g_strdup (kt_result_get (rows, i, "value")));
  return vars;
}

static void
judge_vars (KtIndexerDatabase *database)
{
  const KtIndexerObject *vars = kt_indexer_database_table (database, "vars");
  if (vars == NULL)
    return;
  if (!kt_indexer_object_has (vars, "key") || !kt_indexer_object_has (vars, "value"))
    database->foreign_vars = TRUE;
  else if (!vars->readable)
    database->hidden = g_strdup_printf ("GRANT SELECT ON %s.vars", vars->schema);
}

/* Whether each table has a row, in one statement: tables that are not there cannot stand in one of sql/. Behind a lock this waits
 * as long as the connection's limit on locks; then nothing is known. */
static void
load_filled (KtIndexerDatabase *database, KtConnection *connection)
{
  PGconn *pq = kt_connection_pq (connection);
  g_autoptr (GString) sql = g_string_new (NULL);
  for (guint i = 0; i < database->objects->len; i++)
    {
      const KtIndexerObject *object = database->objects->pdata[i];
      if (!object->readable || g_str_has_prefix (object->name, "k_"))
        continue;
      char *schema = PQescapeIdentifier (pq, object->schema, strlen (object->schema));
      char *name = PQescapeIdentifier (pq, object->name, strlen (object->name));
      g_string_append_printf (sql, "%sSELECT %u AS place, EXISTS (SELECT FROM %s.%s) AS filled", sql->len > 0 ? " UNION ALL " : "", i, schema, name);
      PQfreemem (schema);
      PQfreemem (name);
    }
  g_autoptr (PGresult) rows = sql->len > 0 ? kt_connection_query (connection, NULL, sql->str, NULL) : NULL;
  for (int i = 0; rows != NULL && i < PQntuples (rows); i++)
    {
      KtIndexerObject *object = database->objects->pdata[kt_result_int (rows, i, "place")];
      object->filled = kt_result_bool (rows, i, "filled");
    }
}

static void
load_newest (KtIndexerDatabase *database, KtConnection *connection)
{
  const KtIndexerObject *transactions = kt_indexer_database_table (database, "transactions");
  if (transactions == NULL || !transactions->readable || !kt_indexer_object_is_indexed (transactions, "block_time"))
    return;
  g_autoptr (PGresult) row = kt_connection_query_file (connection, NULL, "indexer_newest", NULL);
  if (row == NULL)
    return;
  database->newest_ms = kt_result_int (row, 0, "newest_ms");
  database->rate = database->newest_ms > 0 ? (double) kt_result_int (row, 0, "in_ten_seconds") / 10 : -1;
}

KtIndexerDatabase *
kt_indexer_database_load (KtConnection *connection, GError **error)
{
  g_autoptr (KtIndexerDatabase) database = kt_indexer_database_new ();
  if (!load_objects (database, connection, error) || !load_work (database, connection, error))
    return NULL;
  judge_vars (database);
  g_autoptr (GError) local = NULL;
  database->vars = load_vars (database, connection, "vars", "indexer_vars", &local);
  database->k_vars = local == NULL ? load_vars (database, connection, "k_vars", "indexer_k_vars", &local) : NULL;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  load_filled (database, connection);
  load_newest (database, connection);
  return g_steal_pointer (&database);
}

/* --- what it is --------------------------------------------------------------------------------------------------- */

static const KtIndexerObject *
find (const KtIndexerDatabase *database, const char *name, gboolean table)
{
  for (guint i = 0; i < database->objects->len; i++)
    {
      const KtIndexerObject *object = database->objects->pdata[i];
      if (object->table == table && g_str_equal (object->name, name))
        return object;
    }
  return NULL;
}

const KtIndexerObject *
kt_indexer_database_table (const KtIndexerDatabase *database, const char *name)
{
  return find (database, name, TRUE);
}

const KtIndexerObject *
kt_indexer_database_type (const KtIndexerDatabase *database, const char *name)
{
  return find (database, name, FALSE);
}

gboolean
kt_indexer_object_has (const KtIndexerObject *object, const char *column)
{
  return object != NULL && object->columns != NULL && g_strv_contains ((const char *const *) object->columns, column);
}

gboolean
kt_indexer_object_is_indexed (const KtIndexerObject *object, const char *column)
{
  gsize length = strlen (column);
  for (char **index = object->indexes; index != NULL && *index != NULL; index++)
    if (g_str_has_prefix (*index, column) && ((*index)[length] == '\0' || (*index)[length] == '+'))
      return TRUE;
  return FALSE;
}

static const char *
type_of (const KtIndexerObject *object, const char *column)
{
  for (guint i = 0; object->columns != NULL && object->columns[i] != NULL; i++)
    if (g_str_equal (object->columns[i], column))
      return object->types[i];
  return "";
}

static guint
number_of (GHashTable *vars, const char *key)
{
  const char *text = vars != NULL ? g_hash_table_lookup (vars, key) : NULL;
  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : 0;
}

guint
kt_indexer_database_stamp (const KtIndexerDatabase *database)
{
  return number_of (database->vars, "schema_version");
}

guint
kt_indexer_database_layout (const KtIndexerDatabase *database)
{
  const KtIndexerObject *transactions = kt_indexer_database_table (database, "transactions");
  const KtIndexerObject *inputs = kt_indexer_database_type (database, "transactions_inputs");
  if (transactions == NULL || !kt_indexer_object_has (transactions, "transaction_id"))
    return 0;
  if (inputs == NULL)
    return kt_indexer_database_table (database, "transactions_inputs") != NULL && !kt_indexer_object_has (transactions, "inputs") ? 10 : 0;
  if (kt_indexer_object_has (transactions, "block_hash"))
    return 23;
  if (kt_indexer_object_has (inputs, "compute_budget"))
    return 22;
  if (kt_indexer_object_has (transactions, "outputs_spent"))
    return 20;
  gboolean bytes = g_str_equal (type_of (transactions, "subnetwork_id"), "bytea");
  return bytes && kt_indexer_object_has (transactions, "version") ? 21 : 0;
}

/* Tables that are built anew get their keys last. */
static gboolean
lacks_key (const KtIndexerDatabase *database, const char *name, const char *column)
{
  const KtIndexerObject *table = kt_indexer_database_table (database, name);
  return table != NULL && kt_indexer_object_has (table, column) && *table->key == '\0';
}

static gboolean
lacks_time (const KtIndexerDatabase *database)
{
  const KtIndexerObject *table = kt_indexer_database_table (database, "transactions");
  return table != NULL && kt_indexer_database_stamp (database) >= 10 && kt_indexer_object_has (table, "block_time")
         && !kt_indexer_object_is_indexed (table, "block_time");
}

char *
kt_indexer_database_leftovers (const KtIndexerDatabase *database)
{
  static const char *const tables[] = { "transactions_old", "transactions_inputs_old", "transactions_outputs_old", "transactions_new",
                                        "blocks_new", "blocks_transactions_dedup" };
  static const char checkpoint[] = "v21_compressed_subnetworks_checkpoint";
  g_autoptr (GString) found = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    if (kt_indexer_database_table (database, tables[i]) != NULL)
      g_string_append_printf (found, "%stable %s", found->len > 0 ? ", " : "", tables[i]);
  if (database->functions != NULL && g_strv_contains ((const char *const *) database->functions, "_v21_migrate_subnetworks"))
    g_string_append_printf (found, "%sprocedure _v21_migrate_subnetworks", found->len > 0 ? ", " : "");
  if (kt_indexer_object_has (kt_indexer_database_table (database, "transactions"), "subnetwork_id_new"))
    g_string_append_printf (found, "%scolumn transactions.subnetwork_id_new", found->len > 0 ? ", " : "");
  if (lacks_key (database, "transactions", "transaction_id"))
    g_string_append_printf (found, "%stransactions without primary key", found->len > 0 ? ", " : "");
  else if (lacks_time (database))
    g_string_append_printf (found, "%stransactions without index by block_time", found->len > 0 ? ", " : "");
  if (lacks_key (database, "blocks", "hash"))
    g_string_append_printf (found, "%sblocks without primary key", found->len > 0 ? ", " : "");
  if (database->vars != NULL && g_hash_table_contains (database->vars, checkpoint))
    g_string_append_printf (found, "%skey %s of vars", found->len > 0 ? ", " : "", checkpoint);
  return found->len > 0 ? g_string_free (g_steal_pointer (&found), FALSE) : NULL;
}

static gboolean
is_filled (const KtIndexerDatabase *database, const char *name)
{
  const KtIndexerObject *table = kt_indexer_database_table (database, name);
  return table != NULL && table->filled == 1;
}

KtMapping
kt_indexer_database_mapping (const KtIndexerDatabase *database, gboolean *both)
{
  gboolean addresses = is_filled (database, "addresses_transactions"), scripts = is_filled (database, "scripts_transactions");
  if (both != NULL)
    *both = addresses && scripts;
  return addresses ? KT_MAPPING_ADDRESSES : scripts ? KT_MAPPING_SCRIPTS : KT_MAPPING_NONE;
}

gboolean
kt_indexer_database_has_k (const KtIndexerDatabase *database)
{
  const KtIndexerObject *contents = kt_indexer_database_table (database, "k_contents");
  return contents != NULL && kt_indexer_object_has (contents, "base64_encoded_message");
}
