/* SPDX-License-Identifier: MIT */
#include "workload/session.h"

#include "base/error.h"
#include "workload/sim.h"

#define ATTEMPTS 3
#define MAX_VALUES 8

/* What a prepared statement is known by. */
typedef struct {
  const KtSchemaTable *table; /* NULL: @text is the whole statement */
  const char *text;           /* the conflict clause */
  guint n_rows;
} Shape;

typedef struct {
  Shape shape;
  char *name;
  GList link; /* in order of use */
} Statement;

struct KtSession {
  PGconn *connection;
  const KtTypes *types;
  GHashTable *statements; /* Shape -> Statement */
  GQueue used;            /* used last first */
  guint64 named;
  GPtrArray *values;
  GArray *lengths;
  GArray *formats;
  gboolean in_transaction;
  KtSessionCounts counts;
};

void
kt_session_counts_add (KtSessionCounts *sum, const KtSessionCounts *other)
{
  kt_histogram_add (&sum->commits, &other->commits);
  sum->statements += other->statements;
  sum->rows += other->rows;
  sum->prepared += other->prepared;
  sum->retries += other->retries;
}

static guint
shape_hash (gconstpointer data)
{
  const Shape *shape = data;
  return g_direct_hash (shape->table) ^ g_direct_hash (shape->text) * 31 ^ shape->n_rows * 2654435761u;
}

static gboolean
shape_equal (gconstpointer a, gconstpointer b)
{
  const Shape *left = a, *right = b;
  return left->table == right->table && left->text == right->text && left->n_rows == right->n_rows;
}

static void
statement_free (gpointer data)
{
  Statement *statement = data;
  g_free (statement->name);
  g_free (statement);
}

KtSession *
kt_session_open (const char *conninfo, const KtTypes *types, GError **error)
{
  g_autoptr (PGconn) connection = kt_sim_connect (conninfo, error);
  if (connection == NULL || !kt_sim_run (connection, error, "SET client_min_messages = warning", NULL))
    return NULL;
  KtSession *session = g_new0 (KtSession, 1);
  session->connection = g_steal_pointer (&connection);
  session->types = types;
  session->statements = g_hash_table_new_full (shape_hash, shape_equal, NULL, statement_free);
  g_queue_init (&session->used);
  session->values = g_ptr_array_new ();
  session->lengths = g_array_new (FALSE, FALSE, sizeof (int));
  session->formats = g_array_new (FALSE, FALSE, sizeof (int));
  return session;
}

void
kt_session_close (KtSession *session)
{
  if (session == NULL)
    return;
  PQfinish (session->connection);
  g_hash_table_unref (session->statements);
  g_ptr_array_unref (session->values);
  g_array_unref (session->lengths);
  g_array_unref (session->formats);
  g_free (session);
}

PGconn *
kt_session_pq (KtSession *session)
{
  return session->connection;
}

const KtSessionCounts *
kt_session_counts (const KtSession *session)
{
  return &session->counts;
}

static gboolean
forget_oldest (KtSession *session, GError **error)
{
  Statement *oldest = g_queue_peek_tail (&session->used);
  g_autofree char *sql = g_strdup_printf ("DEALLOCATE %s", oldest->name);
  g_queue_unlink (&session->used, &oldest->link);
  g_hash_table_remove (session->statements, &oldest->shape);
  return kt_sim_run (session->connection, error, sql, NULL);
}

static gboolean
prepare (KtSession *session, Statement *statement, const Oid *types, guint n_types, GError **error)
{
  const Shape *shape = &statement->shape;
  g_autofree char *sql = shape->table != NULL ? kt_schema_insert_sql (shape->table, shape->n_rows, shape->text)
                                              : g_strdup (shape->text);
  g_autoptr (PGresult) result = PQprepare (session->connection, statement->name, sql, (int) n_types, types);
  session->counts.prepared++;
  if (PQresultStatus (result) == PGRES_COMMAND_OK)
    return TRUE;
  g_autofree char *what = g_strdup_printf ("“%.60s”", sql);
  kt_sim_set_error (session->connection, result, error, what);
  return FALSE;
}

/* One type for each parameter of a whole statement. */
static Oid *
repeat_types (const KtSchemaTable *table, const KtTypes *types, guint n_rows)
{
  g_autofree Oid *columns = kt_schema_column_oids (table, types);
  Oid *all = g_new (Oid, (gsize) table->n_columns * n_rows);
  for (guint i = 0; i < table->n_columns * n_rows; i++)
    all[i] = columns[i % table->n_columns];
  return all;
}

/* The prepared statement for @shape, made when it is not there. @types NULL: those of the table. */
static const Statement *
find_statement (KtSession *session, const Shape *shape, const Oid *types, guint n_types, GError **error)
{
  Statement *statement = g_hash_table_lookup (session->statements, shape);
  if (statement != NULL)
    {
      g_queue_unlink (&session->used, &statement->link);
      g_queue_push_head_link (&session->used, &statement->link);
      return statement;
    }
  if (session->used.length >= KT_SESSION_STATEMENTS && !forget_oldest (session, error))
    return NULL;
  g_autofree Oid *repeated = types == NULL ? repeat_types (shape->table, session->types, shape->n_rows) : NULL;
  statement = g_new0 (Statement, 1);
  statement->shape = *shape;
  statement->name = g_strdup_printf ("s%" G_GUINT64_FORMAT, ++session->named);
  statement->link.data = statement;
  if (!prepare (session, statement, types != NULL ? types : repeated, n_types, error))
    {
      statement_free (statement);
      return NULL;
    }
  g_hash_table_insert (session->statements, &statement->shape, statement);
  g_queue_push_head_link (&session->used, &statement->link);
  return statement;
}

static gboolean
is_deadlock (const PGresult *result)
{
  return g_strcmp0 (PQresultErrorField (result, PG_DIAG_SQLSTATE), "40P01") == 0;
}

static PGresult *
execute (KtSession *session, const Statement *statement, guint n_values, const char *const *values, const int *lengths,
         const int *formats, GError **error)
{
  for (guint attempt = 1;; attempt++)
    {
      gint64 start_us = g_get_monotonic_time ();
      g_autoptr (PGresult) result
        = PQexecPrepared (session->connection, statement->name, (int) n_values, values, lengths, formats, 1);
      if (PQresultStatus (result) == PGRES_COMMAND_OK || PQresultStatus (result) == PGRES_TUPLES_OK)
        {
          if (!session->in_transaction)
            kt_histogram_record (&session->counts.commits, g_get_monotonic_time () - start_us);
          session->counts.statements++;
          return g_steal_pointer (&result);
        }
      if (!is_deadlock (result) || attempt == ATTEMPTS || session->in_transaction)
        {
          const Shape *shape = &statement->shape;
          kt_sim_set_error (session->connection, result, error,
                            shape->table != NULL ? shape->table->name : shape->text);
          return NULL;
        }
      session->counts.retries++;
      g_usleep (10000 + (gulong) g_random_int_range (0, 40000));
    }
}

/* Fields of a row in COPY form are parameters already: only where they are and how long must be told. */
static void
bind_row (KtSession *session, const KtRows *rows, gsize row)
{
  const guint8 *at = rows->data + rows->rows[row].offset;
  guint16 n_fields;
  memcpy (&n_fields, at, sizeof n_fields);
  at += sizeof n_fields;
  for (guint i = 0; i < GUINT16_FROM_BE (n_fields); i++)
    {
      guint32 big;
      memcpy (&big, at, sizeof big);
      at += sizeof big;
      int length = (gint32) GUINT32_FROM_BE (big), format = 1;
      g_ptr_array_add (session->values, length < 0 ? NULL : (gpointer) at);
      at += MAX (length, 0);
      length = MAX (length, 0);
      g_array_append_val (session->lengths, length);
      g_array_append_val (session->formats, format);
    }
}

gboolean
kt_session_insert (KtSession *session, const KtSchemaTable *table, const char *conflict, const KtRows *rows,
                   gsize first, guint n_rows, GError **error)
{
  Shape shape = { table, conflict, n_rows };
  guint n_values = n_rows * table->n_columns;
  const Statement *statement = find_statement (session, &shape, NULL, n_values, error);
  if (statement == NULL)
    return FALSE;
  g_ptr_array_set_size (session->values, 0);
  g_array_set_size (session->lengths, 0);
  g_array_set_size (session->formats, 0);
  for (gsize row = first; row < first + n_rows; row++)
    bind_row (session, rows, row);
  session->counts.rows += n_rows;
  g_autoptr (PGresult) result
    = execute (session, statement, n_values, (const char *const *) session->values->pdata,
               (const int *) (gpointer) session->lengths->data, (const int *) (gpointer) session->formats->data, error);
  return result != NULL;
}

PGresult *
kt_session_query (KtSession *session, const char *sql, guint n_values, const Oid *types, const char *const *values,
                  const int *lengths, GError **error)
{
  static const int binary[MAX_VALUES] = { 1, 1, 1, 1, 1, 1, 1, 1 };
  Shape shape = { NULL, sql, 0 };
  g_return_val_if_fail (n_values <= MAX_VALUES, NULL);
  const Statement *statement = find_statement (session, &shape, types, n_values, error);
  return statement != NULL ? execute (session, statement, n_values, values, lengths, binary, error) : NULL;
}

gboolean
kt_session_execute (KtSession *session, const char *sql, guint n_values, const Oid *types, const char *const *values,
                    const int *lengths, GError **error)
{
  g_autoptr (PGresult) result = kt_session_query (session, sql, n_values, types, values, lengths, error);
  return result != NULL;
}

gboolean
kt_session_begin (KtSession *session, GError **error)
{
  session->in_transaction = TRUE;
  return kt_sim_run (session->connection, error, "BEGIN", NULL);
}

gboolean
kt_session_commit (KtSession *session, GError **error)
{
  gint64 start_us = g_get_monotonic_time ();
  session->in_transaction = FALSE;
  if (!kt_sim_run (session->connection, error, "COMMIT", NULL))
    return FALSE;
  kt_histogram_record (&session->counts.commits, g_get_monotonic_time () - start_us);
  return TRUE;
}
