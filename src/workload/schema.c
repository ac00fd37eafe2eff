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

static const KtSchemaColumn blocks_10[] = {
  { "hash", "bytea", kt_field_block_hash },
  { "accepted_id_merkle_root", "bytea", kt_field_accepted_id_merkle_root, KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT },
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
  { "version", "smallint", kt_field_transaction_version, KT_FIELD_TX_VERSION },
  { "inputs", "transactions_inputs[]", kt_field_inputs, KT_FIELD_TX_INPUTS },
  { "outputs", "transactions_outputs[]", kt_field_outputs, KT_FIELD_TX_OUTPUTS },
  { "block_hash", "bytea", kt_field_block_hash, KT_FIELD_TX_BLOCK_HASH },
};

static const KtSchemaColumn transactions_22[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "subnetwork_id", "bytea", kt_field_subnetwork_id, KT_FIELD_TX_SUBNETWORK_ID },
  { "hash", "bytea", kt_field_transaction_hash, KT_FIELD_TX_HASH },
  { "mass", "integer", kt_field_mass, KT_FIELD_TX_MASS },
  { "payload", "bytea", kt_field_payload, KT_FIELD_TX_PAYLOAD },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_BLOCK_TIME },
  { "version", "smallint", kt_field_transaction_version, KT_FIELD_TX_VERSION },
  { "inputs", "transactions_inputs[]", kt_field_inputs, KT_FIELD_TX_INPUTS },
  { "outputs", "transactions_outputs[]", kt_field_outputs, KT_FIELD_TX_OUTPUTS },
};

static const KtSchemaColumn transactions_21[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "subnetwork_id", "bytea", kt_field_subnetwork_id, KT_FIELD_TX_SUBNETWORK_ID },
  { "hash", "bytea", kt_field_transaction_hash, KT_FIELD_TX_HASH },
  { "mass", "integer", kt_field_mass, KT_FIELD_TX_MASS },
  { "payload", "bytea", kt_field_payload, KT_FIELD_TX_PAYLOAD },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_BLOCK_TIME },
  { "version", "smallint", kt_field_transaction_version, KT_FIELD_TX_VERSION },
  { "inputs", "transactions_inputs[]", kt_field_inputs_20, KT_FIELD_TX_INPUTS },
  { "outputs", "transactions_outputs[]", kt_field_outputs_20, KT_FIELD_TX_OUTPUTS },
};

static const KtSchemaColumn transactions_20[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "subnetwork_id", "integer", kt_field_subnetwork_key, KT_FIELD_TX_SUBNETWORK_ID },
  { "hash", "bytea", kt_field_transaction_hash, KT_FIELD_TX_HASH },
  { "mass", "integer", kt_field_mass, KT_FIELD_TX_MASS },
  { "payload", "bytea", kt_field_payload, KT_FIELD_TX_PAYLOAD },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_BLOCK_TIME },
  { "inputs", "transactions_inputs[]", kt_field_inputs_20, KT_FIELD_TX_INPUTS },
  { "outputs", "transactions_outputs[]", kt_field_outputs_20, KT_FIELD_TX_OUTPUTS },
};

static const KtSchemaColumn inputs_10[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "index", "smallint", kt_field_element_index },
  { "previous_outpoint_hash", "bytea", kt_field_input_hash, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT },
  { "previous_outpoint_index", "smallint", kt_field_input_index, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT },
  { "signature_script", "bytea", kt_field_input_signature, KT_FIELD_TX_IN_SIGNATURE_SCRIPT },
  { "sig_op_count", "smallint", kt_field_input_sig_op_count, KT_FIELD_TX_IN_SIG_OP_COUNT },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_IN_BLOCK_TIME },
  { "previous_outpoint_script", "bytea", kt_field_input_script, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT },
  { "previous_outpoint_amount", "bigint", kt_field_input_amount, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT },
};

static const KtSchemaColumn outputs_10[] = {
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "index", "smallint", kt_field_element_index },
  { "amount", "bigint", kt_field_output_amount, KT_FIELD_TX_OUT_AMOUNT },
  { "script_public_key", "bytea", kt_field_output_script, KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY },
  { "script_public_key_address", "character varying", kt_field_output_address,
    KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS },
  { "block_time", "bigint", kt_field_block_time, KT_FIELD_TX_OUT_BLOCK_TIME },
};

static const KtSchemaColumn blocks_transactions[] = {
  { "block_hash", "bytea", kt_field_block_hash },
  { "transaction_id", "bytea", kt_field_transaction_id },
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

static const KtSchemaColumn addresses_10[] = {
  { "address", "character varying", kt_field_address },
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "block_time", "bigint", kt_field_block_time },
};

static const KtSchemaColumn scripts[] = {
  { "script_public_key", "bytea", kt_field_script },
  { "transaction_id", "bytea", kt_field_transaction_id },
  { "block_time", "bigint", kt_field_block_time },
};

static const guint8 by_first[] = { 0 };
static const guint8 by_two[] = { 0, 1 };
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

/* v2.2.1. */
static const KtSchemaTable blocks_table_22 = {
  .name = "blocks", COLUMNS (blocks_10), .statement_rows = 550, .statement_rows_limit = 4000,
};
static const KtSchemaTable transactions_table_22 = {
  .name = "transactions", COLUMNS (transactions_22), SORT (by_first),
  .statement_rows = 250, .statement_rows_limit = 7000,
};
static const KtSchemaTable transactions_table_21 = {
  .name = "transactions", COLUMNS (transactions_21), SORT (by_first),
  .statement_rows = 250, .statement_rows_limit = 7000,
};
static const KtSchemaTable blocks_transactions_table_22 = {
  .name = "blocks_transactions", COLUMNS (blocks_transactions), SORT (by_two),
  .statement_rows = 1300, .statement_rows_limit = 30000,
};

/* v1.6.3 and v2.0.0. */
static const KtSchemaTable blocks_table_10 = {
  .name = "blocks", COLUMNS (blocks_10), .statement_rows = 200, .statement_rows_limit = 4000,
};
static const KtSchemaTable block_parent_table_10 = {
  .name = "block_parent", COLUMNS (block_parent), .statement_rows = 400, .statement_rows_limit = 32000,
};
static const KtSchemaTable transactions_table_20 = {
  .name = "transactions", COLUMNS (transactions_20), SORT (by_first),
  .statement_rows = 250, .statement_rows_limit = 8000,
};
static const KtSchemaTable transactions_table_10 = {
  .name = "transactions", .columns = transactions_20, .n_columns = 6, SORT (by_first),
  .statement_rows = 250, .statement_rows_limit = 8000,
};
static const KtSchemaTable inputs_table_10 = {
  .name = "transactions_inputs", COLUMNS (inputs_10), SORT (by_two),
  .statement_rows = 250, .statement_rows_limit = 7000, /* 8,000 there, beyond 65,535 parameters and out of reach */
};
static const KtSchemaTable outputs_table_10 = {
  .name = "transactions_outputs", COLUMNS (outputs_10), SORT (by_two),
  .statement_rows = 250, .statement_rows_limit = 10000,
};
static const KtSchemaTable blocks_transactions_table_10 = {
  .name = "blocks_transactions", COLUMNS (blocks_transactions), SORT (by_two),
  .statement_rows = 500, .statement_rows_limit = 30000,
};
static const KtSchemaTable acceptances_table_10 = {
  .name = "transactions_acceptances", COLUMNS (acceptances), SORT (by_first),
  .statement_rows = 1000, .statement_rows_limit = 7500,
};
static const KtSchemaTable addresses_table_20 = {
  .name = "addresses_transactions", COLUMNS (addresses), SORT (by_two),
  .statement_rows = 250, .statement_rows_limit = 20000,
};
static const KtSchemaTable addresses_table_10 = {
  .name = "addresses_transactions", COLUMNS (addresses_10), SORT (by_two),
  .statement_rows = 250, .statement_rows_limit = 20000,
};
static const KtSchemaTable scripts_table_10 = {
  .name = "scripts_transactions", COLUMNS (scripts), SORT (by_two),
  .statement_rows = 250, .statement_rows_limit = 20000,
};

#define TABLES_10                                                                                                      \
  [KT_TABLE_BLOCKS] = &blocks_table_10, [KT_TABLE_BLOCK_PARENT] = &block_parent_table_10,                              \
  [KT_TABLE_ACCEPTANCES] = &acceptances_table_10, [KT_TABLE_SCRIPTS] = &scripts_table_10,                              \
  [KT_TABLE_BLOCKS_TRANSACTIONS] = &blocks_transactions_table_10
#define TABLES_22                                                                                                      \
  [KT_TABLE_BLOCKS] = &blocks_table_22, [KT_TABLE_BLOCK_PARENT] = &block_parent_table,                                 \
  [KT_TABLE_ACCEPTANCES] = &acceptances_table, [KT_TABLE_ADDRESSES] = &addresses_table,                                \
  [KT_TABLE_SCRIPTS] = &scripts_table, [KT_TABLE_BLOCKS_TRANSACTIONS] = &blocks_transactions_table_22

static const KtSchema schemas[] = {
  {
    .version = 10,
    .release = "v1.6.3",
    .tables = {
      TABLES_10, [KT_TABLE_TRANSACTIONS] = &transactions_table_10, [KT_TABLE_ADDRESSES] = &addresses_table_10,
      [KT_TABLE_INPUTS] = &inputs_table_10, [KT_TABLE_OUTPUTS] = &outputs_table_10,
    },
  },
  {
    .version = 20,
    .release = "v2.0.0",
    .tables = {
      TABLES_10, [KT_TABLE_TRANSACTIONS] = &transactions_table_20, [KT_TABLE_ADDRESSES] = &addresses_table_20,
    },
  },
  { .version = 21, .release = "v2.1.2", .tables = { TABLES_22, [KT_TABLE_TRANSACTIONS] = &transactions_table_21 } },
  { .version = 22, .release = "v2.2.1", .tables = { TABLES_22, [KT_TABLE_TRANSACTIONS] = &transactions_table_22 } },
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

const char *
kt_table_name (KtTableId table)
{
  static const char *const names[KT_N_TABLES] = {
    [KT_TABLE_BLOCKS] = "blocks",
    [KT_TABLE_BLOCK_PARENT] = "block_parent",
    [KT_TABLE_TRANSACTIONS] = "transactions",
    [KT_TABLE_ACCEPTANCES] = "transactions_acceptances",
    [KT_TABLE_ADDRESSES] = "addresses_transactions",
    [KT_TABLE_SCRIPTS] = "scripts_transactions",
    [KT_TABLE_BLOCKS_TRANSACTIONS] = "blocks_transactions",
    [KT_TABLE_INPUTS] = "transactions_inputs",
    [KT_TABLE_OUTPUTS] = "transactions_outputs",
  };
  return names[table];
}

KtLayout
kt_layout_from_name (const char *name)
{
  static const char *const names[KT_N_LAYOUTS] = { "fresh", "upgraded", "upgraded-old" };
  KtLayout layout = 0;
  while (layout < KT_N_LAYOUTS && g_strcmp0 (names[layout], name) != 0)
    layout++;
  return layout;
}

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

char *
kt_schema_load_sql (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("/kastune/sql/workload/%s.sql", name);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  if (bytes == NULL)
    g_error ("%s is not built in: %s", path, error->message);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

char *
kt_schema_tables_sql (const KtSchema *schema)
{
  g_autofree char *name = g_strdup_printf ("schema-%u", schema->version);
  return kt_schema_load_sql (name);
}

/* One statement ends with its line. */
static void
add_statements (GStrvBuilder *statements, const char *name)
{
  g_autofree char *text = kt_schema_load_sql (name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_suffix (*line, ";") && !g_str_has_prefix (*line, "--"))
      g_strv_builder_add (statements, *line);
}

GStrv
kt_schema_indexes_sql (const KtSchema *schema, KtLayout layout)
{
  static const char *const upgraded[KT_N_LAYOUTS] = {
    [KT_LAYOUT_UPGRADED] = "mapping-1.4.0", [KT_LAYOUT_UPGRADED_OLD] = "mapping-1.0.0",
  };
  const char *fresh = schema->version < 21 ? "mapping-1.4.0" : schema->version < 22 ? "mapping-2.1.2" : "mapping-2.2.0";
  g_autofree char *name = g_strdup_printf ("schema-%u-indexes", schema->version);
  g_autoptr (GStrvBuilder) statements = g_strv_builder_new ();
  add_statements (statements, upgraded[layout] != NULL ? upgraded[layout] : fresh);
  add_statements (statements, name);
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
