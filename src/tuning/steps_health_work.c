/* SPDX-License-Identifier: MIT */
#include "tuning/steps_health_work.h"

#include "base/error.h"
#include "base/size.h"
#include "platform/headroom.h"

#include <poll.h>
#include <string.h>

#define MOST_SESSIONS 16
#define MOST_SORT (64 * KT_MIB) /* of one session */
#define SORT_ROW 8300           /* bytes that a row of the sort below takes in memory */
#define TIME_MS 5000
#define LOOK_EVERY_MS 50
#define LEAST_LEFT(total) MIN ((total) / 16, 256 * KT_MIB)

/* A sort in memory, a hash table, rows in a table of the session. %d: rows of the sort. */
static const char sort_sql[] = "SELECT count(*) FROM (SELECT i FROM generate_series(1, %d) AS i"
                               " ORDER BY repeat(chr(97 + i %% 26), 8000) COLLATE \"C\", i OFFSET 0) AS sorted; ";
static const char write_sql[] = "CREATE TEMPORARY TABLE kastune_work AS SELECT md5(i::text) AS key, count(*) AS n"
                                " FROM generate_series(1, 20000) AS i GROUP BY 1; DROP TABLE pg_temp.kastune_work";

typedef struct {
  GPtrArray *connections; /* KtConnection */
  KtHeadroom *headroom;   /* NULL: unknown, then it is not watched */
  guint sessions;
  gint64 sort_bytes;      /* of one session */
} Work;

static void
work_clear (Work *work)
{
  g_clear_pointer (&work->connections, g_ptr_array_unref);
  g_clear_pointer (&work->headroom, kt_headroom_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static KtHeadroom *
watch_memory (const KtInstance *instance)
{
  gint64 pid = kt_instance_pid (instance);
  return pid > 0 ? kt_headroom_new (pid, NULL) : NULL;
}

/* --- arithmetic --------------------------------------------------------------------------------------------------- */

static gboolean
read_work_mem (const KtInstance *instance, gint64 *bytes, gboolean *standby, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (instance->conninfo, error);
  g_autoptr (PGresult) row
    = connection != NULL ? kt_connection_query (connection, error,
                                                "SELECT pg_catalog.pg_size_bytes(reset_val || unit) AS work_mem,"
                                                " pg_catalog.pg_is_in_recovery() AS standby"
                                                " FROM pg_catalog.pg_settings WHERE name = 'work_mem'", NULL)
                         : NULL;
  if (row == NULL)
    return FALSE;
  *bytes = kt_result_int (row, 0, "work_mem");
  *standby = kt_result_bool (row, 0, "standby");
  return TRUE;
}

static gboolean
memory_suffices (Work *work, guint sessions, gint64 work_mem, GError **error)
{
  gint64 left = work->headroom != NULL ? kt_headroom_left (work->headroom) : -1;
  work->sort_bytes = MIN (work_mem / 10 * 9, MOST_SORT);
  if (left < 0)
    return TRUE;
  work->sort_bytes = MIN (work->sort_bytes, left / 2 / work->sessions);
  if (work_mem <= left / sessions)
    return TRUE;
  g_autofree char *each = kt_size_format (work_mem);
  g_autofree char *there = kt_size_format (left);
  g_autofree char *of = kt_size_format (kt_headroom_total (work->headroom));
  kt_error_set (error, KT_ERROR_VERIFY, NULL, "lower work_mem, or leave the server more memory",
                "%u sessions that sort in work_mem = %s each need more than the %s of memory that are left of %s", sessions, each,
                there, of);
  return FALSE;
}

/* --- work --------------------------------------------------------------------------------------------------------- */

static PGconn *
session_at (const Work *work, guint i)
{
  return kt_connection_pq (g_ptr_array_index (work->connections, i));
}

static gboolean
set_failed (PGconn *session, const PGresult *result, GError **error)
{
  kt_error_set (error, KT_ERROR_VERIFY, result != NULL ? PQresultErrorMessage (result) : PQerrorMessage (session), NULL,
                "a session that sorts and writes failed");
  return FALSE;
}

static gboolean
begin (Work *work, const KtInstance *instance, gboolean standby, GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  g_string_append_printf (sql, sort_sql, (int) (work->sort_bytes / SORT_ROW) + 1);
  g_string_append (sql, standby ? "" : write_sql);
  for (guint i = 0; i < work->sessions; i++)
    {
      KtConnection *connection = kt_connection_open (instance->conninfo, error);
      if (connection == NULL)
        {
          g_prefix_error (error, "session %u of %u at once: ", i + 1, work->sessions);
          return FALSE;
        }
      g_ptr_array_add (work->connections, connection);
    }
  for (guint i = 0; i < work->sessions; i++)
    if (!PQsendQuery (session_at (work, i), sql->str))
      return set_failed (session_at (work, i), NULL, error);
  return TRUE;
}

/* Takes what has come. Refused for want of rights proves nothing; neither does a statement that was ended for its length. */
static gboolean
take_results (PGconn *session, gboolean *busy, GError **error)
{
  static const char *const harmless[] = { "42501", "57014", NULL };
  if (!PQconsumeInput (session))
    return set_failed (session, NULL, error);
  while (!PQisBusy (session))
    {
      g_autoptr (PGresult) result = PQgetResult (session);
      if (result == NULL)
        return TRUE;
      const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);
      if (PQresultStatus (result) == PGRES_FATAL_ERROR && (state == NULL || !g_strv_contains (harmless, state)))
        return set_failed (session, result, error);
    }
  *busy = TRUE;
  return TRUE;
}

static gboolean
memory_holds (const Work *work, GError **error)
{
  gint64 total = work->headroom != NULL ? kt_headroom_total (work->headroom) : 0;
  gint64 left = work->headroom != NULL ? kt_headroom_left (work->headroom) : -1;
  if (left < 0 || left >= LEAST_LEFT (total))
    return TRUE;
  g_autofree char *there = kt_size_format (left);
  g_autofree char *of = kt_size_format (total);
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%u sessions that sort and write at once leave %s of %s of memory", work->sessions,
                there, of);
  return FALSE;
}

/* Until the first answer or for a moment. */
static void
rest (const Work *work)
{
  struct pollfd fds[MOST_SESSIONS];
  for (guint i = 0; i < work->sessions; i++)
    fds[i] = (struct pollfd){ PQsocket (session_at (work, i)), POLLIN, 0 };
  poll (fds, work->sessions, LOOK_EVERY_MS);
}

static gboolean
carry_on (Work *work, GCancellable *cancellable, GError **error)
{
  gint64 end = g_get_monotonic_time () + TIME_MS * (gint64) 1000;
  for (gboolean busy = TRUE; busy && g_get_monotonic_time () < end;)
    {
      busy = FALSE;
      for (guint i = 0; i < work->sessions; i++)
        if (!take_results (session_at (work, i), &busy, error))
          return FALSE;
      if (!memory_holds (work, error))
        return FALSE;
      if (g_cancellable_is_cancelled (cancellable))
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
          return FALSE;
        }
      if (busy)
        rest (work);
    }
  return TRUE;
}

/* A session whose connection is closed would go on sorting for a while. A server that does not take that in of one session would
 * not of the others. */
static void
stop (Work *work)
{
  for (guint i = 0; i < work->connections->len; i++)
    if (PQtransactionStatus (session_at (work, i)) == PQTRANS_ACTIVE && !kt_connection_cancel (g_ptr_array_index (work->connections, i)))
      return;
}

gboolean
kt_health_work (KtStepContext *context, const KtInstance *instance, guint sessions, GError **error)
{
  gint64 work_mem = 0;
  gboolean standby = FALSE;
  g_auto (Work) work = { .sessions = CLAMP (sessions, 1, MOST_SESSIONS) };
  work.connections = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_connection_free);
  work.headroom = watch_memory (instance);
  if (!read_work_mem (instance, &work_mem, &standby, error) || !memory_suffices (&work, MAX (sessions, 1), work_mem, error))
    return FALSE;
  g_autofree char *what = g_strdup_printf ("%u sessions sort and write at once for at most %d s", work.sessions, TIME_MS / 1000);
  kt_step_progress (context, what, 0, 0);
  gboolean good = begin (&work, instance, standby, error) && carry_on (&work, context->cancellable, error);
  stop (&work);
  return good;
}
