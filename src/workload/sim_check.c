/* SPDX-License-Identifier: MIT */
#include "workload/sim_check.h"

#include "base/error.h"

#include <string.h>

/* Tables whose every key is looked at. */
static const struct {
  KtTableId table;
  KtHashKind kind;
  const char *sql;
} keyed[] = {
  { KT_TABLE_BLOCKS, KT_HASH_BLOCK, "SELECT hash FROM blocks" },
  { KT_TABLE_TRANSACTIONS, KT_HASH_TRANSACTION, "SELECT transaction_id FROM transactions" },
};

typedef struct {
  const KtSim *sim;
  const KtChain *chain;
  guint64 frontier; /* first block that nothing has reached */
} Known;

static gboolean
is_known (const Known *known, KtHashKind kind, const PGresult *row)
{
  KtHash hash;
  guint64 number = 0;
  if (PQgetlength (row, 0, 0) != (int) sizeof hash.bytes)
    return FALSE;
  memcpy (hash.bytes, PQgetvalue (row, 0, 0), sizeof hash.bytes);
  if (!kt_chain_number_of (known->chain, kind, &hash, &number))
    return FALSE;
  if (kind == KT_HASH_BLOCK)
    return number < known->sim->blocks;
  guint64 block = kt_chain_key_block (number);
  return block < known->frontier && (number & 0xffff) < kt_chain_slots (known->chain, block);
}

static gboolean
check_keys (PGconn *connection, const Known *known, gsize index, guint64 *foreign, GError **error)
{
  if (PQsendQueryParams (connection, keyed[index].sql, 0, NULL, NULL, NULL, NULL, 1) != 1 || PQsetSingleRowMode (connection) != 1)
    {
      kt_sim_set_error (connection, NULL, error, "cannot read the keys");
      return FALSE;
    }
  gboolean good = TRUE;
  PGresult *result;
  while ((result = PQgetResult (connection)) != NULL)
    {
      ExecStatusType status = PQresultStatus (result);
      if (status == PGRES_SINGLE_TUPLE)
        *foreign += !is_known (known, keyed[index].kind, result);
      else if (status != PGRES_TUPLES_OK && good)
        {
          kt_sim_set_error (connection, result, error, "cannot read the keys");
          good = FALSE;
        }
      PQclear (result);
    }
  return good;
}

static gboolean
check_table (PGconn *connection, const Known *known, KtSimCheckRow *row, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM %s", kt_table_name (row->table));
  g_autoptr (PGresult) counted = kt_sim_query (connection, error, sql, NULL);
  if (counted == NULL)
    return FALSE;
  row->rows = g_ascii_strtoull (PQgetvalue (counted, 0, 0), NULL, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (keyed); i++)
    if (keyed[i].table == row->table && !check_keys (connection, known, i, &row->foreign, error))
      return FALSE;
  return TRUE;
}

gboolean
kt_sim_check (PGconn *connection, KtSimCheck *check, GError **error)
{
  guint64 wanted[KT_N_TABLES];
  *check = (KtSimCheck){ .exact = TRUE };
  g_autoptr (KtSim) sim = kt_sim_load (connection, error);
  if (sim == NULL)
    return FALSE;
  if (sim->filling || sim->running)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "kaspa-sim run --duration 10s",
                    "a %s has not ended cleanly, so nobody knows how far it came", sim->filling ? "fill" : "run");
      return FALSE;
    }
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  const Known known = { sim, chain, kt_sim_frontier (sim, chain) };
  guint64 tables = kt_sim_tables (sim);
  kt_sim_count (sim, chain, wanted);
  for (guint i = 0; i < KT_N_TABLES; i++)
    {
      if ((tables >> i & 1) == 0)
        continue;
      KtSimCheckRow *row = &check->rows[check->n_rows++];
      *row = (KtSimCheckRow){ .table = i, .wanted = wanted[i] };
      if (!check_table (connection, &known, row, error))
        return FALSE;
      check->exact = check->exact && row->rows == row->wanted && row->foreign == 0;
    }
  return TRUE;
}
