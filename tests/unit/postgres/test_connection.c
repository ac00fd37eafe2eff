/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include "base/error.h"
#include "postgres/connect_error.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SECRET "s3cr3t"

static void
test_mask (void)
{
  static const char *const rows[][2] = {
    { "host=/tmp user=a dbname=b", "host=/tmp user=a dbname=b" },
    { "host=/tmp password=" SECRET " user=a", "host=/tmp password=*** user=a" },
    { "password='" SECRET " \\' more' user=a", "password=*** user=a" },
    { "password = " SECRET "\\ x sslpassword=" SECRET, "password = *** sslpassword=***" },
    { "password=one " SECRET " host=x", "password=*** *** host=x" },
    { SECRET "x password=" SECRET, SECRET "x password=***" },
    { "password='" SECRET, "password=***" },
    { "postgresql://a:" SECRET "@h:5432/b", "postgresql://a:***@h:5432/b" },
    { "postgres://a:p@" SECRET "@h/b?application_name=x", "postgres://a:***@h/b?application_name=x" },
    { "postgresql://a@h/b?password=" SECRET "&x=y", "postgresql://a@h/b?password=***&x=y" },
    { "postgresql://a@h/b?x=y&pass%77ord=" SECRET, "postgresql://a@h/b?x=y&pass%77ord=***" },
    { "postgresql:///b?host=/tmp", "postgresql:///b?host=/tmp" },
    { "", "" },
    { NULL, "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *masked = kt_conninfo_mask (rows[i][0]);
      g_assert_cmpstr (masked, ==, rows[i][1]);
    }
}

static void
test_without_secrets (void)
{
  static const char *const rows[][2] = {
    { "host=/tmp password=" SECRET " user='a \\'b'", "user='a \\'b' host='/tmp'" },
    { "postgresql://a:" SECRET "@h:5432/b?sslpassword=" SECRET, "user='a' dbname='b' host='h' port='5432'" },
    { "not a connection string " SECRET, "" },
    { NULL, "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *open_words = kt_conninfo_without_secrets (rows[i][0]);
      g_assert_cmpstr (open_words, ==, rows[i][1]);
    }
}

static void
test_words_hold_any_name (void)
{
  static const char *const names[] = { "o'brien", "back\\slash", "a b", "'", "\\'", "", "user=postgres host=elsewhere" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GString) words = g_string_new (NULL);
      kt_conninfo_append (words, "user", names[i]);
      kt_conninfo_append (words, "dbname", "kaspa");
      PQconninfoOption *options = PQconninfoParse (words->str, NULL);
      g_assert_nonnull (options);
      for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (g_str_equal (option->keyword, "user"))
          g_assert_cmpstr (option->val, ==, names[i]);
        else
          g_assert_cmpstr (option->val, ==, g_str_equal (option->keyword, "dbname") ? "kaspa" : NULL);
      PQconninfoFree (options);
    }
}

static void
assert_no_secret (const GError *error)
{
  g_assert_null (strstr (error->message, SECRET));
  g_assert_true (kt_error_detail (error) == NULL || strstr (kt_error_detail (error), SECRET) == NULL);
  g_assert_true (kt_error_hint (error) == NULL || strstr (kt_error_hint (error), SECRET) == NULL);
}

/* Opens, expects that error, and gives it. */
static GError *
refused (const char *conninfo, int code)
{
  GError *error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_null (connection);
  g_assert_error (error, KT_ERROR, code);
  g_assert_nonnull (kt_error_hint (error));
  assert_no_secret (error);
  return error;
}

static void
assert_refused (const char *conninfo, int code, const char *part_of_hint)
{
  g_autoptr (GError) error = refused (conninfo, code);
  g_assert_nonnull (strstr (kt_error_hint (error), part_of_hint));
}

static KtConnection *
opened (const char *conninfo)
{
  g_autoptr (GError) error = NULL;
  KtConnection *connection = kt_connection_open (conninfo, &error);
  if (error != NULL)
    g_error ("%s: %s", error->message, kt_error_detail (error));
  return connection;
}

static char *
value_of (KtConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) result = kt_connection_query (connection, &error, sql, NULL);
  g_assert_no_error (error);
  return g_strdup (PQgetvalue (result, 0, 0));
}

static void
test_nonsense (void)
{
  static const char *const rows[] = {
    "host=/tmp pass word=" SECRET, "password='" SECRET, "postgresql://a:" SECRET "@[::1/b", "dbnam=x", "postgresql://a@h/b?password=%zz" SECRET,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = refused (rows[i], KT_ERROR_USAGE);
      g_assert_nonnull (kt_error_detail (error));
    }
}

/* ------------------------------------------------------------------------------------------------- a live server */

static void
test_limits (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtConnection) connection = opened (cluster->conninfo);
  g_autofree char *limits = value_of (connection, "SELECT concat_ws(' ', current_setting('statement_timeout'), "
    "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'))");
  g_assert_cmpstr (limits, ==, "30s 5s 1min kastune");
  g_assert_cmpint (kt_connection_major (connection), ==, cluster->major);
  g_autofree char *place = kt_connection_describe (connection);
  g_autofree char *wanted = g_strdup_printf ("postgres@%s:5432/postgres", cluster->folder);
  g_assert_cmpstr (place, ==, wanted);
  g_autofree char *id = kt_connection_server_id (connection);
  g_autofree char *system = value_of (connection, "SELECT system_identifier FROM pg_control_system()");
  g_assert_true (g_str_has_prefix (id, system));
  g_assert_cmpuint (strlen (id), ==, strlen (system) + strlen ("-12345678"));
}

static void
test_parameters (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtConnection) connection = opened (cluster->conninfo);
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) row = kt_connection_query (connection, &error,
    "SELECT $1::text AS quoted, $2::int8 AS big, 1.5::float8 AS half, true AS yes, NULL AS nothing, "
    "ARRAY['plain', 'with \"quotes\", commas and {braces}', '', 'back\\slash', NULL] AS list, '{}'::text[] AS empty",
    "it's; DROP TABLE x", "9000000000", NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (kt_result_get (row, 0, "quoted"), ==, "it's; DROP TABLE x");
  g_assert_cmpint (kt_result_int (row, 0, "big"), ==, 9000000000);
  g_assert_cmpfloat (kt_result_double (row, 0, "half"), ==, 1.5);
  g_assert_true (kt_result_bool (row, 0, "yes"));
  g_assert_cmpstr (kt_result_get (row, 0, "nothing"), ==, "");
  g_auto (GStrv) list = kt_result_strv (row, 0, "list");
  g_assert_cmpuint (g_strv_length (list), ==, 5);
  g_assert_cmpstr (list[0], ==, "plain");
  g_assert_cmpstr (list[1], ==, "with \"quotes\", commas and {braces}");
  g_assert_cmpstr (list[2], ==, "");
  g_assert_cmpstr (list[3], ==, "back\\slash");
  g_auto (GStrv) empty = kt_result_strv (row, 0, "empty");
  g_assert_cmpuint (g_strv_length (empty), ==, 0);
}

static void
test_script (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtConnection) connection = opened (cluster->conninfo);
  g_autofree char *last = value_of (connection, "CREATE TEMP TABLE t (n int); INSERT INTO t VALUES (1), (2); SELECT sum(n) FROM t");
  g_assert_cmpstr (last, ==, "3");
}

static void
assert_query_fails (KtConnection *connection, const char *sql, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PGresult) result = kt_connection_query (connection, &error, sql, NULL);
  g_assert_null (result);
  g_assert_error (error, KT_ERROR, code);
  g_assert_nonnull (kt_error_detail (error));
}

static void
test_statement_failures (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  kt_test_cluster_do (cluster, "CREATE ROLE plain LOGIN; CREATE TABLE hidden (n int)");
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "plain", NULL, NULL);
  g_autoptr (KtConnection) connection = opened (conninfo);
  assert_query_fails (connection, "SELECT nonsense", KT_ERROR_QUERY);
  assert_query_fails (connection, "SELECT * FROM hidden", KT_ERROR_PRIVILEGE);
  assert_query_fails (connection, "SET statement_timeout = '50ms'; SELECT pg_sleep(20)", KT_ERROR_TIMEOUT);

  g_autoptr (KtConnection) holder = opened (cluster->conninfo);
  g_autofree char *locked = value_of (holder, "BEGIN; LOCK TABLE hidden; SELECT 'locked'");
  g_assert_cmpstr (locked, ==, "locked");
  g_autoptr (KtConnection) waiter = opened (cluster->conninfo);
  assert_query_fails (waiter, "SET lock_timeout = '50ms'; SELECT * FROM hidden", KT_ERROR_TIMEOUT);
  g_autofree char *alive = value_of (connection, "SELECT 'alive'");
  g_assert_cmpstr (alive, ==, "alive");
}

static void
test_batch (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  kt_test_cluster_do (cluster, "CREATE ROLE blind LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "blind", NULL, NULL);
  g_autoptr (KtConnection) connection = opened (conninfo);
  KtBatchQuery queries[] = { { "session" }, { "identity" }, { NULL }, { "session" } };
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_connection_query_batch (connection, queries, G_N_ELEMENTS (queries), &error));
  g_assert_no_error (error);
  g_assert_cmpint (PQntuples (queries[0].result), ==, 1);
  g_assert_null (queries[1].result);
  g_assert_error (queries[1].error, KT_ERROR, KT_ERROR_PRIVILEGE);
  g_assert_null (queries[2].result);
  g_assert_cmpint (PQntuples (queries[3].result), ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    kt_batch_query_clear (&queries[i]);
  g_autofree char *alive = value_of (connection, "SELECT 'alive'");
  g_assert_cmpstr (alive, ==, "alive");
  g_autofree char *id = kt_connection_server_id (connection);
  g_assert_true (g_str_has_prefix (id, "/tmp/kt-"));
}

static gpointer
kill_backend (gpointer data)
{
  g_usleep (200000);
  return GINT_TO_POINTER (kill (GPOINTER_TO_INT (data), SIGKILL));
}

static void
test_lost (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .without_sync = TRUE });
  g_autoptr (KtConnection) connection = opened (cluster->conninfo);
  g_autoptr (GError) error = NULL;
  GThread *killer = g_thread_new ("killer", kill_backend, GINT_TO_POINTER (PQbackendPID (kt_connection_pq (connection))));
  g_autoptr (PGresult) result = kt_connection_query (connection, &error, "SELECT pg_sleep(20)", NULL);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (killer)), ==, 0);
  g_assert_null (result);
  g_assert_error (error, KT_ERROR, KT_ERROR_CONNECT);
  KtBatchQuery query = { "session" };
  g_clear_error (&error);
  g_assert_false (kt_connection_query_batch (connection, &query, 1, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CONNECT);
  kt_batch_query_clear (&query);
}

/* ------------------------------------------------------------------------------------------------------ refusals */

static void
test_absent_server (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kt-empty-XXXXXX", NULL);
  g_autofree char *conninfo = g_strdup_printf ("host=%s user=postgres password=" SECRET, folder);
  g_autoptr (GError) error = refused (conninfo, KT_ERROR_CONNECT);
  g_assert_nonnull (strstr (kt_error_hint (error), "--dsn"));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_finds_sockets (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  const char *const folders[] = { "/no/such/folder", cluster->folder, NULL };
  g_auto (GStrv) found = kt_connect_find_sockets (folders);
  g_autofree char *wanted = g_strdup_printf ("host=%s port=5432", cluster->folder);
  g_assert_cmpuint (g_strv_length (found), ==, 1);
  g_assert_cmpstr (found[0], ==, wanted);
}

static void
test_database (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autofree char *wrong = kt_test_cluster_conninfo (cluster, "postgres", "no_such_database", NULL);
  g_autoptr (GError) error = refused (wrong, KT_ERROR_CONNECT);
  g_assert_nonnull (strstr (kt_error_detail (error), "no_such_database"));
  g_assert_null (strstr (kt_error_detail (error), "3D000"));

  kt_test_cluster_do (cluster, "CREATE ROLE homeless LOGIN");
  g_autofree char *unnamed = g_strdup_printf ("host=%s user=homeless", cluster->folder);
  g_autoptr (KtConnection) connection = opened (unnamed);
  g_autofree char *database = value_of (connection, "SELECT current_database()");
  g_assert_cmpstr (database, ==, "postgres");
}

static void
test_logins (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){
    .without_sync = TRUE,
    .conf = "max_connections = 5\nsuperuser_reserved_connections = 3\npassword_encryption = 'scram-sha-256'",
    .hba = "local all postgres trust\nlocal all locked,absent,crowd scram-sha-256\n",
  });
  kt_test_cluster_do (cluster, "CREATE DATABASE closed");
  kt_test_cluster_do (cluster, "CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE unlisted LOGIN; "
                               "REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
  g_autofree char *right = kt_test_cluster_conninfo (cluster, "locked", NULL, "password=right");
  g_autofree char *wrong = kt_test_cluster_conninfo (cluster, "locked", NULL, "password=" SECRET);
  g_autofree char *none = kt_test_cluster_conninfo (cluster, "locked", NULL, "passfile=/no/such/file");
  g_autofree char *absent = kt_test_cluster_conninfo (cluster, "absent", NULL, "password=" SECRET);
  g_autofree char *unlisted = kt_test_cluster_conninfo (cluster, "unlisted", NULL, NULL);
  g_autofree char *closed = kt_test_cluster_conninfo (cluster, "locked", "closed", "password=right");
  assert_refused (wrong, KT_ERROR_AUTH, ".pgpass");
  assert_refused (none, KT_ERROR_AUTH, ".pgpass");
  assert_refused (absent, KT_ERROR_AUTH, ".pgpass");
  assert_refused (unlisted, KT_ERROR_AUTH, "pg_hba.conf");
  assert_refused (closed, KT_ERROR_PRIVILEGE, "GRANT CONNECT");

  g_autoptr (KtConnection) first = opened (right);
  g_autoptr (KtConnection) second = opened (right);
  g_assert_true (first != second);
  assert_refused (right, KT_ERROR_CONNECT, "pg_stat_activity");
}

/* On a fresh Debian only peer authentication lets postgres in, and `sudo kastune` must work there. */
static void
test_peer (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can be another user");
      return;
    }
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){
    .without_sync = TRUE, .hba = "local all all peer\n" });
  g_autofree char *conninfo = g_strdup_printf ("host=%s", cluster->folder);
  g_autoptr (KtConnection) connection = opened (conninfo);
  g_autofree char *who = value_of (connection, "SELECT current_user || '@' || current_database()");
  g_assert_cmpstr (who, ==, "postgres@postgres");
  g_assert_cmpint (geteuid (), ==, 0);
  /* No line of the log may frighten an operator because kastune looked. */
  g_autofree char *log = kt_test_cluster_log (cluster);
  g_assert_null (strstr (log, "FATAL"));
  g_autofree char *stranger = g_strdup_printf ("host=%s user=no_such_user dbname=postgres", cluster->folder);
  g_autoptr (GError) error = refused (stranger, KT_ERROR_AUTH);
  g_assert_nonnull (strstr (kt_error_hint (error), "sudo -u"));
}

/* ------------------------------------------------------------------------------------------------- a pretended server */

typedef struct {
  char *folder;
  int listening;
  const char *answer;
  gsize length;
} Pretender;

static gpointer
pretend (gpointer data)
{
  Pretender *pretender = data;
  int client = accept (pretender->listening, NULL, NULL);
  char packet[1024];
  if (recv (client, packet, sizeof packet, 0) > 0 && pretender->answer != NULL)
    send (client, pretender->answer, pretender->length, MSG_NOSIGNAL);
  while (recv (client, packet, sizeof packet, 0) > 0)
    ;
  close (client);
  return NULL;
}

static GError *
refused_by_pretender (const char *answer, gsize length, int code)
{
  Pretender pretender = { .folder = g_dir_make_tmp ("kt-XXXXXX", NULL), .answer = answer, .length = length };
  g_autofree char *path = g_build_filename (pretender.folder, ".s.PGSQL.5432", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
  pretender.listening = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (pretender.listening, (const struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (pretender.listening, 1), ==, 0);
  GThread *thread = g_thread_new ("pretender", pretend, &pretender);
  g_autofree char *conninfo = g_strdup_printf ("host=%s user=no_such_user connect_timeout=1", pretender.folder);
  GError *error = refused (conninfo, code);
  g_thread_join (thread);
  close (pretender.listening);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (pretender.folder), ==, 0);
  g_free (pretender.folder);
  return error;
}

static void
test_silent_server (void)
{
  g_autoptr (GError) error = refused_by_pretender (NULL, 0, KT_ERROR_CONNECT);
  g_assert_nonnull (strstr (error->message, "no answer within 1 s"));
}

/* In another language, as lc_messages may have it. */
static void
test_starting_server (void)
{
  static const char fields[] = "SFATAL\0VFATAL\0C57P03\0Mdas Datenbanksystem startet\0Fpostmaster.c\0L2400\0RProcessStartupPacket\0";
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  guint32 length = GUINT32_TO_BE ((guint32) sizeof fields + 4);
  g_byte_array_append (packet, (const guint8 *) "E", 1);
  g_byte_array_append (packet, (const guint8 *) &length, 4);
  g_byte_array_append (packet, (const guint8 *) fields, sizeof fields);
  g_autoptr (GError) error = refused_by_pretender ((const char *) packet->data, packet->len, KT_ERROR_CONNECT);
  g_assert_nonnull (strstr (error->message, "starting up"));
  g_assert_true (g_str_has_suffix (kt_error_detail (error), "FATAL:  das Datenbanksystem startet"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/connection/secrets-are-masked", test_mask);
  g_test_add_func ("/postgres/connection/secrets-are-left-out", test_without_secrets);
  g_test_add_func ("/postgres/connection/words-hold-any-name", test_words_hold_any_name);
  g_test_add_func ("/postgres/connection/nonsense-is-refused-without-showing-secrets", test_nonsense);
  kt_test_add_versions ("/postgres/connection/limits-are-set", test_limits);
  g_test_add_func ("/postgres/connection/parameters-are-bound", test_parameters);
  g_test_add_func ("/postgres/connection/scripts-give-the-last-result", test_script);
  g_test_add_func ("/postgres/connection/statement-failures-have-codes", test_statement_failures);
  g_test_add_func ("/postgres/connection/batch-survives-a-refusal", test_batch);
  g_test_add_func ("/postgres/connection/lost-connection-is-told", test_lost);
  g_test_add_func ("/postgres/connection/absent-server-is-told", test_absent_server);
  g_test_add_func ("/postgres/connection/sockets-that-answer-are-found", test_finds_sockets);
  g_test_add_func ("/postgres/connection/database-falls-back-only-when-unnamed", test_database);
  g_test_add_func ("/postgres/connection/refused-logins-have-codes", test_logins);
  g_test_add_func ("/postgres/connection/root-passes-peer-authentication", test_peer);
  g_test_add_func ("/postgres/connection/silent-server-times-out", test_silent_server);
  g_test_add_func ("/postgres/connection/starting-server-is-told-in-any-language", test_starting_server);
  return g_test_run ();
}
