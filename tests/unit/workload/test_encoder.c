/* SPDX-License-Identifier: MIT */
#include "workload/encoder.h"

static const KtTypes types = { 50001, 50002, 50003, 50004 };

typedef void (*Encode) (KtEncoder *encoder, guint64 from, guint64 to, KtEncoded *out);

/* What @encode makes of @from ... @to, in steps of @step. */
static void
encode_steps (Encode encode, guint64 from, guint64 to, guint64 step, KtRows rows[KT_N_TABLES])
{
  KtChainSegment segment = { 0, 300 };
  g_autoptr (KtChain) chain = kt_chain_new (4, &segment, 1);
  g_autoptr (KtEncoder) encoder = kt_encoder_new (chain, kt_schema_find (23), &types, &(KtFeatures) { 0 });
  KtEncoded out;
  for (guint i = 0; i < KT_N_TABLES; i++)
    out.tables[i] = &rows[i];
  for (; from < to; from += step)
    encode (encoder, from, MIN (from + step, to), &out);
}

static void
test_pieces_make_the_whole (void)
{
  static const Encode encodings[] = { kt_encoder_blocks, kt_encoder_block_path, kt_encoder_accepted,
                                      kt_encoder_settled };
  for (gsize e = 0; e < G_N_ELEMENTS (encodings); e++)
    {
      KtRows whole[KT_N_TABLES] = { 0 }, pieces[KT_N_TABLES] = { 0 };
      gsize bytes = 0;
      encode_steps (encodings[e], 40, 140, 100, whole);
      encode_steps (encodings[e], 40, 140, 7, pieces);
      for (guint i = 0; i < KT_N_TABLES; i++)
        {
          g_assert_cmpmem (whole[i].data, whole[i].length, pieces[i].data, pieces[i].length);
          g_assert_cmpuint (whole[i].n_rows, ==, pieces[i].n_rows);
          bytes += whole[i].length;
          kt_rows_clear (&whole[i]);
          kt_rows_clear (&pieces[i]);
        }
      g_assert_cmpuint (bytes, >, 10000);
    }
}

/* Accepted and block path together are what is settled, as sets of transactions. */
static void
test_paths_meet (void)
{
  KtRows accepted[KT_N_TABLES] = { 0 }, settled[KT_N_TABLES] = { 0 }, path[KT_N_TABLES] = { 0 };
  encode_steps (kt_encoder_accepted, 10, 20, 10, accepted);
  encode_steps (kt_encoder_settled, 10, 20, 10, settled);
  encode_steps (kt_encoder_block_path, 40, 80, 40, path);
  g_assert_cmpuint (settled[KT_TABLE_TRANSACTIONS].n_rows, ==, path[KT_TABLE_TRANSACTIONS].n_rows);
  g_assert_cmpuint (settled[KT_TABLE_ACCEPTANCES].n_rows, ==, accepted[KT_TABLE_TRANSACTIONS].n_rows);
  g_assert_cmpuint (accepted[KT_TABLE_TRANSACTIONS].n_rows, <, path[KT_TABLE_TRANSACTIONS].n_rows);
  g_assert_cmpuint (settled[KT_TABLE_ADDRESSES].n_rows, >, path[KT_TABLE_ADDRESSES].n_rows);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      kt_rows_clear (&accepted[i]);
      kt_rows_clear (&settled[i]);
      kt_rows_clear (&path[i]);
    }
}

/* By key, then time, then transaction, as the primary key of the mapping. */
static void
test_sorted (void)
{
  static const guint8 order[] = { 0, 2, 1 };
  KtRows rows[KT_N_TABLES] = { 0 };
  KtRows *mapping = &rows[KT_TABLE_ADDRESSES];
  guint same_keys = 0;
  encode_steps (kt_encoder_accepted, 10, 60, 50, rows);
  kt_rows_sort (mapping, order, G_N_ELEMENTS (order));
  for (gsize i = 1; i < mapping->n_rows; i++)
    {
      gint result = 0;
      for (gsize f = 0; f < G_N_ELEMENTS (order) && result == 0; f++)
        {
          gint32 left_length, right_length;
          const guint8 *left = kt_rows_field (mapping, i - 1, order[f], &left_length);
          const guint8 *right = kt_rows_field (mapping, i, order[f], &right_length);
          g_assert_cmpint (left_length, ==, right_length);
          result = memcmp (left, right, (gsize) left_length);
          same_keys += f == 0 && result == 0;
        }
      g_assert_cmpint (result, <, 0);
    }
  g_assert_cmpuint (same_keys, >, 100);
  for (guint i = 0; i < KT_N_TABLES; i++)
    kt_rows_clear (&rows[i]);
}

static void
test_insert_text (void)
{
  const KtSchemaTable *table = kt_schema_find (23)->tables[KT_TABLE_ACCEPTANCES];
  g_autofree char *sql = kt_schema_insert_sql (table, 2, "ON CONFLICT DO NOTHING");
  g_assert_cmpstr (sql, ==, "INSERT INTO transactions_acceptances (transaction_id, block_hash) VALUES ($1,$2),($3,$4)"
                            " ON CONFLICT DO NOTHING");
}

/* What one statement may hold at its limit fits the protocol's 16-bit parameter count. */
static void
test_statement_limits (void)
{
  static const guint versions[] = { 10, 20, 21, 22, 23 };
  for (guint i = 0; i < G_N_ELEMENTS (versions) * KT_N_TABLES; i++)
    {
      const KtSchemaTable *table = kt_schema_find (versions[i / KT_N_TABLES])->tables[i % KT_N_TABLES];
      if (table == NULL)
        continue;
      g_assert_cmpstr (table->name, ==, kt_table_name (i % KT_N_TABLES));
      g_assert_cmpuint (table->statement_rows_limit * table->n_columns, <=, 65535);
      g_assert_cmpuint (table->statement_rows, <=, table->statement_rows_limit);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workload/encoder/pieces-make-the-whole", test_pieces_make_the_whole);
  g_test_add_func ("/workload/encoder/both-paths-meet", test_paths_meet);
  g_test_add_func ("/workload/rows/sort-follows-the-key", test_sorted);
  g_test_add_func ("/workload/schema/insert-names-columns-and-parameters", test_insert_text);
  g_test_add_func ("/workload/schema/statements-fit-the-protocol", test_statement_limits);
  return g_test_run ();
}
