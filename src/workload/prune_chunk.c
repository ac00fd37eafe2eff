/* SPDX-License-Identifier: MIT */
#include "workload/prune_chunk.h"

#include "base/autoptr.h"
#include "workload/rows.h"
#include "workload/sim.h"

#include <string.h>

enum { OID_BYTEA = 17, OID_SMALLINT = 21, OID_BYTEAS = 1001, OID_SMALLINTS = 1005 };

/* ---- statements with arrays ---- */

/* Up to two arrays: ids, and small numbers beside them. NULL on error. */
static PGresult *
run (PGconn *connection, const char *sql, const KtRows *ids, const KtRows *numbers, GError **error)
{
  static const Oid types[] = { OID_BYTEAS, OID_SMALLINTS };
  static const int binary[] = { 1, 1 };
  const KtRows *arrays[] = { ids, numbers };
  const char *values[G_N_ELEMENTS (arrays)];
  int lengths[G_N_ELEMENTS (arrays)], n_values = 0;
  for (; n_values < (int) G_N_ELEMENTS (arrays) && arrays[n_values] != NULL; n_values++)
    {
      values[n_values] = (const char *) arrays[n_values]->data + sizeof (gint32);
      lengths[n_values] = (int) (arrays[n_values]->length - sizeof (gint32));
    }
  g_autoptr (PGresult) result = PQexecParams (connection, sql, n_values, types, values, lengths, binary, 1);
  if (PQresultStatus (result) == PGRES_COMMAND_OK || PQresultStatus (result) == PGRES_TUPLES_OK)
    return g_steal_pointer (&result);
  g_autofree char *what = g_strdup_printf ("“%.60s”", sql);
  kt_sim_set_error (connection, result, error, what);
  return NULL;
}

/* Adds how many rows it changed to *@rows. */
static gboolean
change (PGconn *connection, const char *sql, const KtRows *ids, const KtRows *numbers, guint64 *rows, GError **error)
{
  g_autoptr (PGresult) result = run (connection, sql, ids, numbers, error);
  if (result == NULL)
    return FALSE;
  *rows += g_ascii_strtoull (PQcmdTuples (result), NULL, 10);
  return TRUE;
}

/* ---- sets of ids ---- */

static guint
id_hash (gconstpointer id)
{
  guint hash;
  memcpy (&hash, id, sizeof hash);
  return hash;
}

static gboolean
id_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (KtHash)) == 0;
}

/* Of the first column; points into @found. */
static GHashTable *
id_set (const PGresult *found)
{
  GHashTable *ids = g_hash_table_new (id_hash, id_equal);
  for (int row = 0; row < PQntuples (found); row++)
    if (PQgetlength (found, row, 0) == sizeof (KtHash))
      g_hash_table_add (ids, PQgetvalue (found, row, 0));
  return ids;
}

/* An array of @ids that are not in @without (NULL: of all). */
static void
put_ids (KtRows *array, GHashTable *ids, GHashTable *without)
{
  GHashTableIter iter;
  gpointer id;
  guint elements = 0;
  gsize count_at, opened = kt_rows_array_open (array, OID_BYTEA, &count_at);
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (without == NULL || !g_hash_table_contains (without, id))
      {
        kt_rows_put_bytes (array, id, sizeof (KtHash));
        elements++;
      }
  kt_rows_array_close (array, opened, count_at, elements);
}

static void
put_column (KtRows *array, const PGresult *found, int column, Oid element)
{
  gsize count_at, opened = kt_rows_array_open (array, element, &count_at);
  for (int row = 0; row < PQntuples (found); row++)
    kt_rows_put_bytes (array, PQgetvalue (found, row, column), (gsize) PQgetlength (found, row, column));
  kt_rows_array_close (array, opened, count_at, (guint) PQntuples (found));
}

/* ---- what both begin and end with ---- */

/* The expired transactions that @sql finds or deletes, and which of them were accepted. */
typedef struct {
  PGresult *expired;
  KtRows accepted;
  KtRows rejected;
} Expired;

static void
expired_clear (Expired *expired)
{
  PQclear (expired->expired);
  kt_rows_clear (&expired->accepted);
  kt_rows_clear (&expired->rejected);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Expired, expired_clear)

static PGresult *
find_expired (PGconn *connection, const char *sql, gint64 cutoff, guint batch_rows, GError **error)
{
  g_autofree char *cutoff_text = g_strdup_printf ("%" G_GINT64_FORMAT, cutoff);
  g_autofree char *limit_text = g_strdup_printf ("%u", batch_rows);
  const char *values[] = { cutoff_text, limit_text };
  g_autoptr (PGresult) found = PQexecParams (connection, sql, 2, NULL, values, NULL, NULL, 1);
  if (PQresultStatus (found) == PGRES_TUPLES_OK)
    return g_steal_pointer (&found);
  kt_sim_set_error (connection, found, error, "transactions");
  return NULL;
}

static gboolean
begin (PGconn *connection, const char *sql, gint64 cutoff, guint batch_rows, Expired *expired, GError **error)
{
  g_auto (KtRows) all = { 0 };
  if (!kt_sim_run (connection, error, "BEGIN", NULL)
      || !kt_sim_run (connection, error, "SET LOCAL enable_seqscan = off", NULL))
    return FALSE;
  expired->expired = find_expired (connection, sql, cutoff, batch_rows, error);
  if (expired->expired == NULL)
    return FALSE;
  g_autoptr (GHashTable) ids = id_set (expired->expired);
  put_ids (&all, ids, NULL);
  g_autoptr (PGresult) accepted
    = run (connection, "SELECT transaction_id FROM transactions_acceptances WHERE transaction_id = ANY ($1)", &all, NULL,
           error);
  if (accepted == NULL)
    return FALSE;
  g_autoptr (GHashTable) accepted_ids = id_set (accepted);
  put_ids (&expired->accepted, accepted_ids, NULL);
  put_ids (&expired->rejected, ids, accepted_ids);
  return TRUE;
}

/* Nobody needs to know any more who accepted them. */
static gboolean
end (PGconn *connection, GHashTable *spent, GHashTable *unspent, guint64 *rows, GError **error)
{
  g_auto (KtRows) fully = { 0 };
  put_ids (&fully, spent, unspent);
  return change (connection, "DELETE FROM transactions_acceptances WHERE transaction_id = ANY ($1)", &fully, NULL, rows,
                 error)
         && kt_sim_run (connection, error, "COMMIT", NULL);
}

/* ---- schema 10 ---- */

/* Outputs that the deleted inputs had spent; what has none left then is fully spent. */
static gboolean
delete_spent (PGconn *connection, const PGresult *spent, guint64 *rows, GError **error)
{
  g_auto (KtRows) hashes = { 0 }, indexes = { 0 }, ids = { 0 };
  g_autoptr (GHashTable) spent_ids = id_set (spent);
  put_column (&hashes, spent, 0, OID_BYTEA);
  put_column (&indexes, spent, 1, OID_SMALLINT);
  put_ids (&ids, spent_ids, NULL);
  if (!change (connection,
               "DELETE FROM transactions_outputs WHERE (transaction_id, index) IN (SELECT * FROM unnest ($1, $2))",
               &hashes, &indexes, rows, error))
    return FALSE;
  g_autoptr (PGresult) left
    = run (connection, "SELECT transaction_id FROM transactions_outputs WHERE transaction_id = ANY ($1)", &ids, NULL,
           error);
  if (left == NULL)
    return FALSE;
  g_autoptr (GHashTable) unspent = id_set (left);
  return end (connection, spent_ids, unspent, rows, error);
}

gboolean
kt_prune_chunk_10 (PGconn *connection, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error)
{
  g_auto (Expired) expired = { 0 };
  *rows = 0;
  if (!begin (connection,
              "DELETE FROM transactions WHERE ctid IN (SELECT ctid FROM transactions WHERE block_time < $1::bigint"
              " LIMIT $2::bigint) RETURNING transaction_id", cutoff, batch_rows, &expired, error))
    return FALSE;
  *rows = (guint64) PQntuples (expired.expired);
  if (!change (connection, "DELETE FROM transactions_inputs WHERE transaction_id = ANY ($1)", &expired.rejected, NULL,
               rows, error)
      || !change (connection, "DELETE FROM transactions_outputs WHERE transaction_id = ANY ($1)", &expired.rejected,
                  NULL, rows, error))
    return FALSE;
  g_autoptr (PGresult) spent
    = run (connection,
           "DELETE FROM transactions_inputs WHERE transaction_id = ANY ($1)"
           " RETURNING previous_outpoint_hash, previous_outpoint_index", &expired.accepted, NULL, error);
  if (spent == NULL)
    return FALSE;
  *rows += (guint64) PQntuples (spent);
  return delete_spent (connection, spent, rows, error);
}

/* ---- schema 20 ---- */

/* Each gets what this chunk has spent of it added up; those that have nothing left go. */
static gboolean
count_spent (PGconn *connection, const PGresult *spent, guint64 *rows, GError **error)
{
  g_auto (KtRows) ids = { 0 }, counts = { 0 };
  guint64 marked = 0, acceptances = 0;
  put_column (&ids, spent, 0, OID_BYTEA);
  put_column (&counts, spent, 1, OID_SMALLINT);
  if (!change (connection,
               "UPDATE transactions t SET outputs_spent = coalesce (t.outputs_spent, 0) + s.count"
               " FROM (SELECT unnest ($1) AS id, unnest ($2) AS count) s WHERE t.transaction_id = s.id",
               &ids, &counts, &marked, error))
    return FALSE;
  g_autoptr (PGresult) gone
    = run (connection,
           "DELETE FROM transactions WHERE transaction_id = ANY ($1) AND outputs_spent = cardinality (outputs)"
           " RETURNING transaction_id", &ids, NULL, error);
  if (gone == NULL)
    return FALSE;
  *rows += (guint64) PQntuples (gone);
  g_autoptr (GHashTable) fully = id_set (gone);
  return end (connection, fully, NULL, &acceptances, error);
}

gboolean
kt_prune_chunk_20 (PGconn *connection, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error)
{
  g_auto (Expired) expired = { 0 };
  *rows = 0;
  if (!begin (connection,
              "SELECT transaction_id FROM transactions WHERE block_time < $1::bigint LIMIT $2::bigint", cutoff,
              batch_rows, &expired, error)
      || !change (connection, "DELETE FROM transactions WHERE transaction_id = ANY ($1)", &expired.rejected, NULL, rows,
                  error))
    return FALSE;
  g_autoptr (PGresult) spent
    = run (connection,
           "WITH spent AS (SELECT i.previous_outpoint_hash AS id FROM transactions t, unnest (t.inputs) i"
           " WHERE t.transaction_id = ANY ($1)), emptied AS (UPDATE transactions"
           " SET hash = NULL, mass = NULL, payload = NULL, inputs = NULL WHERE transaction_id = ANY ($1))"
           " SELECT id, count(*)::smallint FROM spent GROUP BY id", &expired.accepted, NULL, error);
  return spent != NULL && count_spent (connection, spent, rows, error);
}
