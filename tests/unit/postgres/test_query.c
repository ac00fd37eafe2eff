/* SPDX-License-Identifier: MIT
 *
 * Servers that keep silent, and statements that take long.
 */
#include "postgres/connection.h"

#include "base/error.h"
#include "support/cluster.h"

#include <signal.h>

#define LONG "SELECT pg_sleep(600)"

static KtConnection *
opened (void)
{
  g_autoptr (GError) error = NULL;
  KtConnection *connection = kt_connection_open (kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR)->conninfo, &error);
  g_assert_no_error (error);
  return connection;
}

/* Without the session's own limit, as one is that counts rows. */
static KtConnection *
opened_for_long (void)
{
  g_autoptr (KtConnection) connection = opened ();
  g_autoptr (GError) error = NULL;
  G_GNUC_UNUSED g_autoptr (PGresult) done = kt_connection_query (connection, &error, "SET statement_timeout = 0", NULL);
  g_assert_no_error (error);
  return g_steal_pointer (&connection);
}

static void
assert_answers (KtConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) row = kt_connection_query (connection, &error, "SELECT 42 AS n", NULL);
  g_assert_no_error (error);
  g_assert_cmpint (kt_result_int (row, 0, "n"), ==, 42);
}

/* The server's own limit cannot end what its stopped process does not read. */
static void
test_stopped_process (void)
{
  g_autoptr (KtConnection) connection = opened ();
  pid_t process = PQbackendPID (kt_connection_pq (connection));
  g_assert_cmpint (kill (process, SIGSTOP), ==, 0);
  KtBatchQuery batch[] = { { .name = "identity" }, { .name = "activity" } };
  g_autoptr (GError) in_batch = NULL;
  gboolean answered = kt_connection_query_batch (connection, batch, G_N_ELEMENTS (batch), &in_batch);
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) after = kt_connection_query (connection, &error, "SELECT 1", NULL);
  g_assert_cmpint (kill (process, SIGCONT), ==, 0);
  g_assert_false (answered);
  g_assert_error (in_batch, KT_ERROR, KT_ERROR_TIMEOUT);
  g_assert_nonnull (kt_error_hint (in_batch));
  g_assert_null (after);
  g_assert_error (error, KT_ERROR, KT_ERROR_TIMEOUT);
  for (gsize i = 0; i < G_N_ELEMENTS (batch); i++)
    kt_batch_query_clear (&batch[i]);
}

/* Until the statement is under way, then cancels. */
static gpointer
cancel_when_active (gpointer cancellable)
{
  g_autoptr (KtConnection) beside = opened ();
  for (gboolean active = FALSE; !active; g_usleep (20000))
    {
      g_autoptr (PGresult) row = kt_connection_query (beside, NULL,
                                                      "SELECT FROM pg_stat_activity WHERE state = 'active' AND query = '" LONG "'", NULL);
      active = row != NULL && PQntuples (row) == 1;
    }
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_long_one_answers (void)
{
  g_autoptr (KtConnection) connection = opened_for_long ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) row = kt_connection_query_long (connection, NULL, &error, "SELECT 7 AS n, pg_sleep(0.5)");
  g_assert_no_error (error);
  g_assert_cmpint (kt_result_int (row, 0, "n"), ==, 7);
  g_autoptr (PGresult) refused = kt_connection_query_long (connection, NULL, &error, "SELECT 1 FROM absent");
  g_assert_null (refused);
  g_assert_error (error, KT_ERROR, KT_ERROR_QUERY);
  assert_answers (connection);
}

static void
test_long_one_is_cancelled (void)
{
  g_autoptr (KtConnection) connection = opened_for_long ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_when_active, cancellable);
  g_autoptr (PGresult) none = kt_connection_query_long (connection, cancellable, &error, LONG);
  g_thread_join (thread);
  g_assert_null (none);
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  assert_answers (connection);
}

/* It takes connections, as its kernel does that, and the request to cancel, and says nothing. */
static void
test_stopped_server (void)
{
  g_autoptr (KtConnection) waiting = opened_for_long ();
  g_autoptr (KtConnection) cancelled = opened_for_long ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) after_cancel = NULL, silent = NULL;
  const pid_t stopped[] = { kt_test_cluster_pid (kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR)),
                            PQbackendPID (kt_connection_pq (waiting)), PQbackendPID (kt_connection_pq (cancelled)) };
  g_cancellable_cancel (cancellable);
  for (gsize i = 0; i < G_N_ELEMENTS (stopped); i++)
    g_assert_cmpint (kill (stopped[i], SIGSTOP), ==, 0);
  g_autoptr (PGresult) first = kt_connection_query_long (cancelled, cancellable, &after_cancel, LONG);
  g_autoptr (PGresult) second = kt_connection_query_long (waiting, NULL, &silent, LONG);
  for (gsize i = 0; i < G_N_ELEMENTS (stopped); i++)
    kill (stopped[i], SIGCONT);
  g_assert_null (first);
  g_assert_null (second);
  g_assert_error (after_cancel, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_assert_error (silent, KT_ERROR, KT_ERROR_TIMEOUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/query/stopped-process-times-out", test_stopped_process);
  g_test_add_func ("/postgres/query/long-one-answers", test_long_one_answers);
  g_test_add_func ("/postgres/query/long-one-is-cancelled", test_long_one_is_cancelled);
  g_test_add_func ("/postgres/query/stopped-server-times-out", test_stopped_server);
  return g_test_run ();
}
