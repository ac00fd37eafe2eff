/* SPDX-License-Identifier: MIT
 *
 * Before v2.1.0 the node did not say what an input spends: its side of the mapping comes from a join with the outputs
 * that are stored, some transactions a statement, one statement after the other.
 */
#include "workload/writer_parts.h"

#include <string.h>

enum { IDS_V1 = 250, IDS_V20 = 100 };

/* The statements live as long as the process: a session knows them by their address. */
static const struct {
  guint schema;
  KtTableId table;
  gboolean own_time; /* inputs have no block time of their own */
  guint ids;
  const char *sql;
} joins[] = {
  { 10, KT_TABLE_ADDRESSES, FALSE, IDS_V1,
    "INSERT INTO addresses_transactions (address, transaction_id, block_time)"
    " SELECT o.script_public_key_address, i.transaction_id, i.block_time FROM transactions_inputs i"
    " JOIN transactions_outputs o ON o.transaction_id = i.previous_outpoint_hash"
    " AND o.index = i.previous_outpoint_index WHERE i.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
  { 10, KT_TABLE_ADDRESSES, TRUE, IDS_V1,
    "INSERT INTO addresses_transactions (address, transaction_id, block_time)"
    " SELECT o.script_public_key_address, i.transaction_id, t.block_time FROM transactions_inputs i"
    " JOIN transactions t ON t.transaction_id = i.transaction_id"
    " JOIN transactions_outputs o ON o.transaction_id = i.previous_outpoint_hash"
    " AND o.index = i.previous_outpoint_index WHERE i.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
  { 10, KT_TABLE_SCRIPTS, FALSE, IDS_V1,
    "INSERT INTO scripts_transactions (script_public_key, transaction_id, block_time)"
    " SELECT o.script_public_key, i.transaction_id, i.block_time FROM transactions_inputs i"
    " JOIN transactions_outputs o ON o.transaction_id = i.previous_outpoint_hash"
    " AND o.index = i.previous_outpoint_index WHERE i.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
  { 10, KT_TABLE_SCRIPTS, TRUE, IDS_V1,
    "INSERT INTO scripts_transactions (script_public_key, transaction_id, block_time)"
    " SELECT o.script_public_key, i.transaction_id, t.block_time FROM transactions_inputs i"
    " JOIN transactions t ON t.transaction_id = i.transaction_id"
    " JOIN transactions_outputs o ON o.transaction_id = i.previous_outpoint_hash"
    " AND o.index = i.previous_outpoint_index WHERE i.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
  { 20, KT_TABLE_ADDRESSES, FALSE, IDS_V20,
    "INSERT INTO addresses_transactions (address, transaction_id, block_time)"
    " SELECT o.script_public_key_address, t.transaction_id, t.block_time FROM transactions t"
    " CROSS JOIN LATERAL unnest(t.inputs) i JOIN transactions p ON p.transaction_id = i.previous_outpoint_hash"
    " CROSS JOIN LATERAL unnest(p.outputs) o WHERE o.index = i.previous_outpoint_index"
    " AND t.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
  { 20, KT_TABLE_SCRIPTS, FALSE, IDS_V20,
    "INSERT INTO scripts_transactions (script_public_key, transaction_id, block_time)"
    " SELECT o.script_public_key, t.transaction_id, t.block_time FROM transactions t"
    " CROSS JOIN LATERAL unnest(t.inputs) i JOIN transactions p ON p.transaction_id = i.previous_outpoint_hash"
    " CROSS JOIN LATERAL unnest(p.outputs) o WHERE o.index = i.previous_outpoint_index"
    " AND t.transaction_id = ANY($1) ON CONFLICT DO NOTHING" },
};

/* bytea[] of the first fields of rows @first ... @first + @n_rows - 1. */
static void
put_ids (KtRows *array, const KtRows *rows, gsize first, guint n_rows)
{
  kt_rows_reset (array);
  kt_rows_int32 (array, 1);
  kt_rows_int32 (array, 0);
  kt_rows_int32 (array, 17); /* bytea */
  kt_rows_int32 (array, (gint32) n_rows);
  kt_rows_int32 (array, 1);
  for (gsize row = first; row < first + n_rows; row++)
    {
      gint32 length;
      const guint8 *id = kt_rows_field (rows, row, 0, &length);
      kt_rows_put_bytes (array, id, (gsize) length);
    }
}

gboolean
kt_writer_join_inputs (KtWriterRun *run, const KtRows *transactions, GError **error)
{
  static const Oid types[] = { 1001 }; /* bytea[] */
  g_auto (KtRows) array = { 0 };
  gboolean own_time = run->sim->schema == 10 && (run->sim->features.excluded >> KT_FIELD_TX_IN_BLOCK_TIME & 1) != 0;
  guint which = 0;
  if (run->mapping == KT_N_TABLES || !kt_encoder_joins (&run->sim->features))
    return TRUE;
  while (joins[which].schema != run->sim->schema || joins[which].table != run->mapping
         || joins[which].own_time != own_time)
    which++;
  for (gsize first = 0; first < transactions->n_rows; first += joins[which].ids)
    {
      put_ids (&array, transactions, first, (guint) MIN (joins[which].ids, transactions->n_rows - first));
      const char *values[] = { (const char *) array.data };
      const int lengths[] = { (int) array.length };
      if (!kt_session_execute (run->joins, joins[which].sql, 1, types, values, lengths, error))
        return FALSE;
    }
  return TRUE;
}
