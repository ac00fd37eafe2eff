/* SPDX-License-Identifier: MIT */
#include "postgres/connection_parts.h"

#include "base/error.h"
#include "postgres/connect_error.h"

#include <gio/gio.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>

/* The server itself ends each statement after 30 s (sql/session.sql). One that says nothing for longer than that is stopped,
 * or waits for its disk. */
#define PATIENCE_S 40
#define LOOK_MS 200
#define CANCEL_S 15
#define SQL_FOLDER "/kastune/sql/"

static gboolean
is_success (const PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* The next result; NULL after the last one, and when the server keeps silent. */
static PGresult *
next_result (KtConnection *connection)
{
  PGconn *pq = connection->pq;
  gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  while (!connection->silent && PQisBusy (pq))
    {
      gint64 left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      struct pollfd fd = { PQsocket (pq), POLLIN, 0 };
      if (left_ms <= 0)
        connection->silent = TRUE;
      else if (poll (&fd, 1, (int) MIN (left_ms, 1000)) > 0 && PQconsumeInput (pq) == 0)
        break; /* the connection is lost: the result says how */
    }
  return connection->silent ? NULL : PQgetResult (pq);
}

static void
set_silent (const char *what, GError **error)
{
  kt_error_set (error, KT_ERROR_TIMEOUT, "its processes may be stopped, or wait for a disk",
                "look at their states: ps -C postgres -o pid,stat,wchan:20,args", "the server did not answer within %d s (%s)",
                PATIENCE_S, what);
}

/* Of all that are still to come. */
static PGresult *
last_result (KtConnection *connection)
{
  PGresult *last = NULL;
  for (PGresult *next = next_result (connection); next != NULL; next = next_result (connection))
    {
      PQclear (last);
      last = next;
    }
  return last;
}

/* Takes @result, and gives it back when the statement succeeded. */
static PGresult *
judge (KtConnection *connection, PGresult *result, const char *what, GError **error)
{
  if (!connection->silent && is_success (result))
    return result;
  if (connection->silent)
    set_silent (what, error);
  else
    kt_query_error_set (error, connection->pq, result, what);
  PQclear (result);
  return NULL;
}

static PGresult *
query_valist (KtConnection *connection, GError **error, const char *what, const char *sql, va_list args)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  const char *value;
  while ((value = va_arg (args, const char *)) != NULL)
    g_ptr_array_add (values, (gpointer) value);
  /* Without parameters the simple protocol: it takes scripts of several statements, of which the last one's rows count. */
  gboolean sent = !connection->silent
                  && (values->len == 0 ? PQsendQuery (connection->pq, sql)
                                       : PQsendQueryParams (connection->pq, sql, (int) values->len, NULL,
                                                            (const char *const *) values->pdata, NULL, NULL, 0)) == 1;
  return judge (connection, sent ? last_result (connection) : NULL, what, error);
}

/* For messages: the first line, no more of it than fits one. Caller frees. */
static char *
words_of (const char *sql)
{
  g_autofree char *line = g_strndup (sql, strcspn (sql, "\n"));
  return g_utf8_strlen (line, -1) > 80 ? g_utf8_substring (line, 0, 80) : g_steal_pointer (&line);
}

PGresult *
kt_connection_query (KtConnection *connection, GError **error, const char *sql, ...)
{
  g_autofree char *what = words_of (sql);
  va_list args;
  va_start (args, sql);
  PGresult *result = query_valist (connection, error, what, sql, args);
  va_end (args);
  return result;
}

/* NAME.VV.sql with the highest VV that is not above @major, else NAME.sql. */
static GBytes *
find_sql (const char *name, int major)
{
  static GStrv files;
  if (g_once_init_enter (&files))
    g_once_init_leave (&files, g_resources_enumerate_children (SQL_FOLDER, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL));
  gsize length = strlen (name);
  const char *best = NULL;
  gint64 best_version = 0;
  for (char *const *file = files; *file != NULL; file++)
    {
      gboolean same = strncmp (*file, name, length) == 0 && (*file)[length] == '.';
      gint64 version = same ? g_ascii_strtoll (*file + length + 1, NULL, 10) : 0;
      if (!same || version > major || version < best_version)
        continue;
      best = *file;
      best_version = version;
    }
  if (best == NULL)
    g_error ("there is no %s.sql in the program", name);
  g_autofree char *path = g_strconcat (SQL_FOLDER, best, NULL);
  return g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

PGresult *
kt_connection_query_file (KtConnection *connection, GError **error, const char *name, ...)
{
  /* Resources end with a NUL byte that is not counted. */
  g_autoptr (GBytes) sql = find_sql (name, kt_connection_major (connection));
  g_autofree char *what = g_strconcat ("sql/", name, NULL);
  va_list args;
  va_start (args, name);
  PGresult *result = query_valist (connection, error, what, g_bytes_get_data (sql, NULL), args);
  va_end (args);
  return result;
}

void
kt_batch_query_clear (KtBatchQuery *query)
{
  g_clear_pointer (&query->result, PQclear);
  g_clear_error (&query->error);
}

/* The answer to one statement of the pipeline, then its synchronisation point. */
static void
take_answer (KtConnection *connection, KtBatchQuery *query)
{
  PGresult *result;
  while ((result = next_result (connection)) != NULL || (!connection->silent && PQstatus (connection->pq) == CONNECTION_OK))
    {
      g_autoptr (PGresult) owned = result;
      if (owned == NULL)
        continue;
      if (PQresultStatus (owned) == PGRES_PIPELINE_SYNC)
        return;
      if (is_success (owned))
        query->result = g_steal_pointer (&owned);
      else if (query->error == NULL)
        kt_query_error_set (&query->error, connection->pq, owned, query->name);
    }
}

gboolean
kt_connection_query_batch (KtConnection *connection, KtBatchQuery *queries, guint n_queries, GError **error)
{
  PGconn *pq = connection->pq;
  gboolean sent = !connection->silent && PQenterPipelineMode (pq) == 1;
  for (guint i = 0; i < n_queries && sent; i++)
    if (queries[i].name != NULL)
      {
        g_autoptr (GBytes) sql = find_sql (queries[i].name, kt_connection_major (connection));
        sent = PQsendQueryParams (pq, g_bytes_get_data (sql, NULL), 0, NULL, NULL, NULL, NULL, 0) == 1 && PQpipelineSync (pq) == 1;
      }
  for (guint i = 0; i < n_queries && sent; i++)
    if (queries[i].name != NULL)
      take_answer (connection, &queries[i]);
  if (connection->silent)
    {
      set_silent ("a batch of statements", error);
      return FALSE;
    }
  if (PQstatus (pq) != CONNECTION_OK || !sent || PQexitPipelineMode (pq) != 1)
    {
      kt_query_error_set (error, pq, NULL, "a batch of statements");
      return FALSE;
    }
  return TRUE;
}

/* --- statements that may take hours ------------------------------------------------------------------------------- */

typedef struct {
  PGcancel *cancel;
  GMutex lock;
  GCond ended;
  gboolean is_over, taken;
} Request;

static void
request_clear (gpointer data)
{
  Request *request = data;
  PQfreeCancel (request->cancel);
  g_mutex_clear (&request->lock);
  g_cond_clear (&request->ended);
}

static gpointer
deliver (gpointer data)
{
  Request *request = data;
  char words[256];
  gboolean taken = PQcancel (request->cancel, words, sizeof words) == 1;
  g_mutex_lock (&request->lock);
  request->is_over = TRUE;
  request->taken = taken;
  g_cond_signal (&request->ended);
  g_mutex_unlock (&request->lock);
  g_atomic_rc_box_release_full (request, request_clear);
  return NULL;
}

/* libpq waits as long as it takes for a server that accepts the request and says nothing: so it waits in a thread, which is left
 * to itself when that is too long. */
gboolean
kt_connection_cancel (KtConnection *connection)
{
  Request *request = g_atomic_rc_box_new0 (Request);
  gint64 deadline = g_get_monotonic_time () + CANCEL_S * G_USEC_PER_SEC;
  g_mutex_init (&request->lock);
  g_cond_init (&request->ended);
  request->cancel = PQgetCancel (connection->pq);
  g_thread_unref (g_thread_new ("cancel", deliver, g_atomic_rc_box_acquire (request)));
  g_mutex_lock (&request->lock);
  while (!request->is_over && g_cond_wait_until (&request->ended, &request->lock, deadline))
    continue;
  gboolean taken = request->taken;
  g_mutex_unlock (&request->lock);
  g_atomic_rc_box_release_full (request, request_clear);
  return taken;
}

void
kt_connection_drain (KtConnection *connection)
{
  PQclear (last_result (connection));
}

/* Its silence says nothing, so it is asked beside. A ping alone would leave "role root does not exist" in its log. */
static gboolean
is_there (const KtConnection *connection)
{
  g_autoptr (KtConnection) second = kt_connection_open (connection->conninfo, NULL);
  const char *const keywords[] = { "dbname", "connect_timeout", NULL };
  const char *const values[] = { connection->conninfo, "5", NULL };
  return second != NULL || PQpingParams (keywords, values, 1) != PQPING_NO_RESPONSE;
}

/* FALSE: cancelled. Otherwise it has answered, keeps silent, or is lost. */
static gboolean
wait_long (KtConnection *connection, GCancellable *cancellable)
{
  PGconn *pq = connection->pq;
  gint64 ask_at = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  while (!connection->silent && PQisBusy (pq))
    {
      struct pollfd fd = { PQsocket (pq), POLLIN, 0 };
      if (g_cancellable_is_cancelled (cancellable))
        return FALSE;
      if (poll (&fd, 1, LOOK_MS) > 0)
        {
          if (PQconsumeInput (pq) == 0)
            return TRUE;
        }
      else if (g_get_monotonic_time () >= ask_at)
        {
          connection->silent = !is_there (connection);
          ask_at = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
        }
    }
  return TRUE;
}

PGresult *
kt_connection_query_long (KtConnection *connection, GCancellable *cancellable, GError **error, const char *sql)
{
  g_autofree char *what = words_of (sql);
  gboolean sent = !connection->silent && PQsendQuery (connection->pq, sql) == 1;
  if (sent && !wait_long (connection, cancellable))
    {
      if (kt_connection_cancel (connection))
        kt_connection_drain (connection);
      else
        connection->silent = TRUE;
      kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted (%s)", what);
      return NULL;
    }
  return judge (connection, sent && !connection->silent ? last_result (connection) : NULL, what, error);
}

/* --- results ------------------------------------------------------------------------------------------------------ */

const char *
kt_result_get (const PGresult *result, int row, const char *column)
{
  int number = PQfnumber (result, column);
  g_return_val_if_fail (number >= 0 && row < PQntuples (result), "");
  return PQgetvalue (result, row, number);
}

gint64
kt_result_int (const PGresult *result, int row, const char *column)
{
  return g_ascii_strtoll (kt_result_get (result, row, column), NULL, 10);
}

double
kt_result_double (const PGresult *result, int row, const char *column)
{
  return g_ascii_strtod (kt_result_get (result, row, column), NULL);
}

gboolean
kt_result_bool (const PGresult *result, int row, const char *column)
{
  return *kt_result_get (result, row, column) == 't';
}

/* Elements are bare or quoted with "", where \ escapes; an unquoted NULL becomes "". One dimension only. */
GStrv
kt_result_strv (const PGresult *result, int row, const char *column)
{
  const char *p = kt_result_get (result, row, column);
  g_autoptr (GStrvBuilder) items = g_strv_builder_new ();
  if (*p == '{')
    p++;
  while (*p != '\0' && *p != '}')
    {
      g_autoptr (GString) item = g_string_new (NULL);
      gboolean quoted = *p == '"';
      for (p += quoted; *p != '\0' && (quoted ? *p != '"' : *p != ',' && *p != '}'); p++)
        {
          if (*p == '\\' && p[1] != '\0')
            p++;
          g_string_append_c (item, *p);
        }
      g_strv_builder_add (items, !quoted && g_str_equal (item->str, "NULL") ? "" : item->str);
      p += quoted && *p == '"';
      p += *p == ',';
    }
  return g_strv_builder_end (items);
}
