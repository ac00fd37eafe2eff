/* SPDX-License-Identifier: MIT */
#include "workload/schema.h"

#include "workload/fields.h"

#include <gio/gio.h>

static const KtSchemaColumn blocks_23[] = {
  { "hash", "bytea", kt_field_block_hash },
  { "accepted_id_merkle_root", "bytea", kt_field_accepted_id_merkle_root, KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT },
  { "transaction_ids", "bytea[]", kt_field_transaction_ids, KT_FIELD_BLOCK_TRANSACTION_IDS },
  { "merge_set_blues_hashes", "bytea[]", kt_field_merge_set_blues, KT_FIELD_BLOCK_MERGE_SET_BLUES_HASHES },
  { "merge_set_reds_hashes", "bytea[]", kt_field_merge_set_reds, KT_FIELD_BLOCK_MERGE_SET_REDS_HASHES },
  { "selected_parent_hash", "bytea", kt_field_selected_parent, KT_FIELD_BLOCK_SELECTED_PARENT_HASH },
  { "bits", "bigint", kt_field_bits, KT_FIELD_BLOCK_BITS },
  { "blue_score", "bigint", kt_field_blue_score, KT_FIELD_BLOCK_BLUE_SCORE },
  { "blue_work", "bytea", kt_field_blue_work, KT_FIELD_BLOCK_BLUE_WORK },
  { "daa_score", "bigint", kt_field_daa_score, KT_FIELD_BLOCK_DAA_SCORE },
  { "hash_merkle_root", "bytea", kt_field_hash_merkle_root, KT_FIELD_BLOCK_HASH_MERKLE_ROOT },
  { "nonce", "bytea", kt_field_nonce, KT_FIELD_BLOCK_NONCE },
  { "pruning_point", "bytea", kt_field_pruning_point, KT_FIELD_BLOCK_PRUNING_POINT },
  { "timestamp", "bigint", kt_field_timestamp, KT_FIELD_BLOCK_TIMESTAMP },
  { "utxo_commitment", "bytea", kt_field_utxo_commitment, KT_FIELD_BLOCK_UTXO_COMMITMENT },
  { "version", "smallint", kt_field_block_version, KT_FIELD_BLOCK_VERSION },
};

static const KtSchemaColumn block_parent[] = {
  { "block_hash", "bytea", kt_field_block_hash },
  { "parent_hash", "bytea", kt_field_parent_hash },
};

static const KtSchemaColumn transactions_23[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "subnetwork_id", "bytea", kt_field_subnetwork_id, KT_FIELD_TX_SUBNETWORK_ID },
  { "hash", "bytea", kt_field_transaction_hash, KT_FIELD_TX_HASH },
  { "mass", "integer", kt_field_mass, KT_FIELD_TX_MASS },
  { "payload", "bytea", kt_field_payload, KT_FIELD_TX_PAYLOAD },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_BLOCK_TIME },
  { "version", "smallint", kt_field_transaction_version },
  { "inputs", "transactions_inputs[]", kt_field_inputs, KT_FIELD_TX_INPUTS },
  { "outputs", "transactions_outputs[]", kt_field_outputs, KT_FIELD_TX_OUTPUTS },
  { "block_hash", "bytea", kt_field_block_hash, KT_FIELD_TX_BLOCK_HASH },
};

static const KtSchemaColumn acceptances[] = {
  { "transaction_id", "bytea", kt_field_accepted_id },
  { "block_hash", "bytea", kt_field_accepting_hash },
};

static const KtSchemaColumn addresses[] = {
  { "address", "text", kt_field_address },
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "block_time", "bigint", kt_field_block_time },
};

static const KtSchemaColumn scripts[] = {
  { "script_public_key", "bytea", kt_field_script },
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "block_time", "bigint", kt_field_block_time },
};

static const guint8 by_first[] = { 0 };
static const guint8 by_key_time_id[] = { 0, 2, 1 };

#define COLUMNS(array) .columns = array, .n_columns = G_N_ELEMENTS (array)
#define SORT(array) .sort = array, .n_sort = G_N_ELEMENTS (array)

/* Rows per statement as v2.3.0 sends them. */
static const KtSchemaTable blocks_table_23 = {
  .name = "blocks", COLUMNS (blocks_23), .statement_rows = 550, .statement_rows_limit = 4000,
};
static const KtSchemaTable block_parent_table = {
  .name = "block_parent", COLUMNS (block_parent), .statement_rows = 1300, .statement_rows_limit = 32000,
};
static const KtSchemaTable transactions_table_23 = {
  .name = "transactions", COLUMNS (transactions_23), SORT (by_first),
  .statement_rows = 250, .statement_rows_limit = 6500, /* 7,000 there, beyond 65,535 parameters and out of reach */
};
static const KtSchemaTable acceptances_table = {
  .name = "transactions_acceptances", COLUMNS (acceptances), SORT (by_first),
  .statement_rows = 1300, .statement_rows_limit = 30000,
};
static const KtSchemaTable addresses_table = {
  .name = "addresses_transactions", COLUMNS (addresses), SORT (by_key_time_id),
  .statement_rows = 650, .statement_rows_limit = 21000,
};
static const KtSchemaTable scripts_table = {
  .name = "scripts_transactions", COLUMNS (scripts), SORT (by_key_time_id),
  .statement_rows = 800, .statement_rows_limit = 21000,
};

static const KtSchema schemas[] = {
  {
    .version = 23,
    .release = "v2.3.0",
    .tables = {
      [KT_TABLE_BLOCKS] = &blocks_table_23,
      [KT_TABLE_BLOCK_PARENT] = &block_parent_table,
      [KT_TABLE_TRANSACTIONS] = &transactions_table_23,
      [KT_TABLE_ACCEPTANCES] = &acceptances_table,
      [KT_TABLE_ADDRESSES] = &addresses_table,
      [KT_TABLE_SCRIPTS] = &scripts_table,
    },
  },
};

const KtSchema *
kt_schema_find (guint version)
{
  for (gsize i = 0; i < G_N_ELEMENTS (schemas); i++)
    if (schemas[i].version == version)
      return &schemas[i];
  return NULL;
}

void
kt_schema_put_row (const KtSchemaTable *table, KtRows *rows, const KtRowSource *source)
{
  kt_rows_begin (rows, table->n_columns);
  for (guint i = 0; i < table->n_columns; i++)
    if (kt_row_source_has (source, table->columns[i].field))
      table->columns[i].put (rows, source);
    else
      kt_rows_put_null (rows);
}

static char *
load_sql (const KtSchema *schema, const char *suffix)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("/kastune/sql/workload/schema-%u%s.sql", schema->version, suffix);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  if (bytes == NULL)
    g_error ("%s is not built in: %s", path, error->message);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

char *
kt_schema_tables_sql (const KtSchema *schema)
{
  return load_sql (schema, "");
}

/* One statement ends with its line. */
GStrv
kt_schema_indexes_sql (const KtSchema *schema)
{
  g_autofree char *text = load_sql (schema, "-indexes");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GStrvBuilder) statements = g_strv_builder_new ();
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_suffix (*line, ";") && !g_str_has_prefix (*line, "--"))
      g_strv_builder_add (statements, *line);
  return g_strv_builder_end (statements);
}

static void
append_column_names (GString *sql, const KtSchemaTable *table)
{
  for (guint i = 0; i < table->n_columns; i++)
    g_string_append_printf (sql, "%s%s", i > 0 ? ", " : "", table->columns[i].name);
}

char *
kt_schema_insert_sql (const KtSchemaTable *table, guint n_rows, const char *conflict)
{
  GString *sql = g_string_new (NULL);
  guint parameter = 1;
  g_string_append_printf (sql, "INSERT INTO %s (", table->name);
  append_column_names (sql, table);
  g_string_append (sql, ") VALUES");
  for (guint row = 0; row < n_rows; row++)
    {
      g_string_append_c (sql, row > 0 ? ',' : ' ');
      for (guint i = 0; i < table->n_columns; i++)
        g_string_append_printf (sql, "%c$%u", i == 0 ? '(' : ',', parameter++);
      g_string_append_c (sql, ')');
    }
  g_string_append_printf (sql, " %s", conflict);
  return g_string_free (sql, FALSE);
}

char *
kt_schema_copy_sql (const KtSchemaTable *table)
{
  GString *sql = g_string_new (NULL);
  g_string_append_printf (sql, "COPY %s (", table->name);
  append_column_names (sql, table);
  g_string_append (sql, ") FROM STDIN (FORMAT binary)");
  return g_string_free (sql, FALSE);
}

static Oid
type_oid (const char *type, const KtTypes *types)
{
  /* Built-in OIDs never change (pg_type.dat). */
  const struct { const char *name; Oid oid; } rows[] = {
    { "bytea", 17 }, { "bigint", 20 }, { "smallint", 21 }, { "integer", 23 }, { "text", 25 }, { "bytea[]", 1001 },
    { "character varying", 1043 }, { "transactions_inputs[]", types->inputs_array },
    { "transactions_outputs[]", types->outputs_array },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, type))
      return rows[i].oid;
  g_assert_not_reached ();
}

Oid *
kt_schema_column_oids (const KtSchemaTable *table, const KtTypes *types)
{
  Oid *oids = g_new (Oid, table->n_columns);
  for (guint i = 0; i < table->n_columns; i++)
    oids[i] = type_oid (table->columns[i].type, types);
  return oids;
}
