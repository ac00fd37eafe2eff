/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include "base/error.h"
#include "postgres/connect_error.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 5
/* The server itself ends each statement after 30 s (sql/session.sql). One that says nothing for longer than that is stopped,
 * or waits for its disk. */
#define PATIENCE_S 40
#define SQL_FOLDER "/kastune/sql/"

struct KtConnection {
  PGconn *pq;
  char *server_id;
  char *os_user;
  gboolean silent; /* it did not answer in time: nothing more is asked of it */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PQconninfoOption, PQconninfoFree)

/* Who to be for one attempt; NULL leaves it to libpq. */
typedef struct {
  const char *role;
  const char *database;
  uid_t uid; /* 0: ourselves; else root becomes this user while the socket is opened */
} Identity;

/* ---------------------------------------------------------------------------------------------------- parameters */

static const char *
option_value (const PQconninfoOption *options, const char *keyword)
{
  for (; options->keyword != NULL; options++)
    if (g_str_equal (options->keyword, keyword))
      return options->val;
  return NULL;
}

/* libpq quotes what it could not read, and that may be a password: then only the kind of mistake is told. */
static PQconninfoOption *
parse_conninfo (const char *conninfo, GError **error)
{
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (conninfo != NULL ? conninfo : "", &message);
  if (options != NULL)
    return options;
  gboolean secret = strstr (conninfo, "pass") != NULL || strstr (conninfo, "secret") != NULL || strchr (conninfo, '@') != NULL;
  g_autoptr (GRegex) quoted = g_regex_new ("\"[^\\n]*\"", 0, 0, NULL);
  g_autofree char *detail = secret ? g_regex_replace_literal (quoted, message != NULL ? message : "", -1, 0, "…", 0, NULL)
                                   : g_strdup (message);
  PQfreemem (message);
  kt_error_set (error, KT_ERROR_USAGE, detail != NULL ? g_strstrip (detail) : NULL,
                "write 'host=/var/run/postgresql port=5432 user=postgres dbname=kaspa' or postgresql://role@host:5432/kaspa",
                "this is not a connection string of PostgreSQL");
  return NULL;
}

static gboolean
is_set (const PQconninfoOption *given, const char *keyword, const char *variable)
{
  return option_value (given, keyword) != NULL || (variable != NULL && g_getenv (variable) != NULL);
}

static gboolean
names_service (const PQconninfoOption *given)
{
  return is_set (given, "service", "PGSERVICE");
}

/* Would libpq go through a unix socket? The default without any host is one. */
static gboolean
wants_unix_socket (const PQconninfoOption *given)
{
  const char *host = option_value (given, "host");
  if (host == NULL)
    host = g_getenv ("PGHOST");
  return !names_service (given) && !is_set (given, "hostaddr", "PGHOSTADDR")
         && (host == NULL || *host == '\0' || *host == '/');
}

/* ------------------------------------------------------------------------------------------------------- opening */

static void
ignore_notice (void *data, const PGresult *result)
{
}

static PGconn *
start_connection (const PQconninfoOption *given, const Identity *identity)
{
  g_autoptr (GPtrArray) keywords = g_ptr_array_new ();
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  /* The last of the same keyword wins: ours are defaults below what was given, except for the identity. */
  const char *const defaults[][2] = { { "fallback_application_name", "kastune" }, { "tcp_user_timeout", "30000" } };
  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      g_ptr_array_add (keywords, (gpointer) defaults[i][0]);
      g_ptr_array_add (values, (gpointer) defaults[i][1]);
    }
  for (const PQconninfoOption *option = given; option->keyword != NULL; option++)
    if (option->val != NULL)
      {
        g_ptr_array_add (keywords, option->keyword);
        g_ptr_array_add (values, option->val);
      }
  const char *const own[][2] = { { "client_encoding", "UTF8" }, { "user", identity->role }, { "dbname", identity->database } };
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (own[i][1] != NULL)
      {
        g_ptr_array_add (keywords, (gpointer) own[i][0]);
        g_ptr_array_add (values, (gpointer) own[i][1]);
      }
  g_ptr_array_add (keywords, NULL);
  g_ptr_array_add (values, NULL);
  /* The server takes the identity for peer authentication when the socket is connected, which happens in here. */
  gboolean changed = identity->uid != 0 && seteuid (identity->uid) == 0;
  PGconn *pq = PQconnectStartParams ((const char *const *) keywords->pdata, (const char *const *) values->pdata, 0);
  if (changed && seteuid (0) != 0)
    g_error ("cannot become root again: %s", g_strerror (errno));
  return pq;
}

static int
timeout_of (PGconn *pq)
{
  g_autoptr (PQconninfoOption) resolved = PQconninfo (pq);
  const char *text = resolved != NULL ? option_value (resolved, "connect_timeout") : NULL;
  return text != NULL && *text != '\0' ? (int) g_ascii_strtoll (text, NULL, 10) : DEFAULT_TIMEOUT_S;
}

/* FALSE: no answer in time. Otherwise PQstatus tells. As in libpq a timeout of 0 or less means to wait for ever. */
static gboolean
finish_connecting (PGconn *pq, int timeout_s)
{
  gint64 deadline = timeout_s > 0 ? g_get_monotonic_time () + timeout_s * G_USEC_PER_SEC : G_MAXINT64;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus (pq) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED)
    {
      gint64 left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      if (left_ms <= 0)
        return FALSE;
      struct pollfd fd = { PQsocket (pq), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0 };
      if (poll (&fd, 1, (int) MIN (left_ms, 1000)) > 0)
        state = PQconnectPoll (pq);
    }
  return TRUE;
}

/* A connection that PQstatus tells about; NULL with @error after a timeout. */
static PGconn *
attempt (const PQconninfoOption *given, const Identity *identity, GError **error)
{
  g_autoptr (PGconn) pq = start_connection (given, identity);
  g_assert (pq != NULL);
  PQsetNoticeReceiver (pq, ignore_notice, NULL);
  /* Only the verbose form of a refusal carries its SQLSTATE. */
  PQsetErrorVerbosity (pq, PQERRORS_VERBOSE);
  int timeout_s = timeout_of (pq);
  if (!finish_connecting (pq, timeout_s))
    {
      kt_connect_error_set (error, pq, timeout_s);
      return NULL;
    }
  return g_steal_pointer (&pq);
}

/* The same with `postgres` when the role's own database, which nobody named, does not exist. */
static PGconn *
attempt_databases (const PQconninfoOption *given, const Identity *identity, GError **error)
{
  g_autoptr (PGconn) pq = attempt (given, identity, error);
  if (pq == NULL || PQstatus (pq) == CONNECTION_OK || kt_connect_refusal (pq) != KT_REFUSAL_DATABASE
      || is_set (given, "dbname", "PGDATABASE") || g_strcmp0 (PQdb (pq), PQuser (pq)) != 0)
    return g_steal_pointer (&pq);
  Identity second = *identity;
  second.database = "postgres";
  return attempt (given, &second, error);
}

/* For root on a unix socket: who peer authentication would let in. FALSE: there is no such user, or we are not root. */
static gboolean
identity_of_root (const PQconninfoOption *given, Identity *identity)
{
  if (geteuid () != 0 || !wants_unix_socket (given))
    return FALSE;
  const char *role = option_value (given, "user");
  if (role == NULL)
    role = g_getenv ("PGUSER");
  *identity = (Identity){ .role = role != NULL ? role : "postgres" };
  const struct passwd *entry = getpwnam (identity->role);
  identity->uid = entry != NULL ? entry->pw_uid : 0;
  return identity->uid != 0;
}

static PGconn *
connect_somehow (const PQconninfoOption *given, const char **os_user, GError **error)
{
  Identity as_owner;
  if (!identity_of_root (given, &as_owner))
    return attempt_databases (given, &(Identity){ 0 }, error);
  g_autoptr (PGconn) first = attempt_databases (given, &as_owner, error);
  if (first != NULL && PQstatus (first) == CONNECTION_OK)
    *os_user = as_owner.role;
  if (first == NULL || PQstatus (first) == CONNECTION_OK || kt_connect_refusal (first) != KT_REFUSAL_LOGIN)
    return g_steal_pointer (&first);
  g_autoptr (PGconn) second = attempt_databases (given, &(Identity){ 0 }, error);
  /* Nobody asked for a role named root: what the server said about `postgres` helps more. */
  gboolean tell_first = second != NULL && PQstatus (second) != CONNECTION_OK && !is_set (given, "user", "PGUSER");
  return tell_first ? g_steal_pointer (&first) : g_steal_pointer (&second);
}

KtConnection *
kt_connection_open (const char *conninfo, GError **error)
{
  g_autoptr (PQconninfoOption) given = parse_conninfo (conninfo, error);
  if (given == NULL)
    return NULL;
  const char *os_user = NULL;
  g_autoptr (PGconn) pq = connect_somehow (given, &os_user, error);
  if (pq == NULL)
    return NULL;
  if (PQstatus (pq) != CONNECTION_OK)
    {
      kt_connect_error_set (error, pq, 0);
      return NULL;
    }
  PQsetErrorVerbosity (pq, PQERRORS_DEFAULT);
  g_autoptr (KtConnection) connection = g_new0 (KtConnection, 1);
  connection->pq = g_steal_pointer (&pq);
  connection->os_user = g_strdup (os_user);
  g_autoptr (PGresult) limits = kt_connection_query_file (connection, error, "session", NULL);
  return limits != NULL ? g_steal_pointer (&connection) : NULL;
}

void
kt_connection_free (KtConnection *connection)
{
  if (connection == NULL)
    return;
  PQfinish (connection->pq);
  g_free (connection->server_id);
  g_free (connection->os_user);
  g_free (connection);
}

/* --------------------------------------------------------------------------------------------------------- facts */

int
kt_connection_version (const KtConnection *connection)
{
  return PQserverVersion (connection->pq);
}

int
kt_connection_major (const KtConnection *connection)
{
  return PQserverVersion (connection->pq) / 10000;
}

PGconn *
kt_connection_pq (KtConnection *connection)
{
  return connection->pq;
}

const char *
kt_connection_os_user (const KtConnection *connection)
{
  return connection->os_user;
}

char *
kt_connection_describe (const KtConnection *connection)
{
  const PGconn *pq = connection->pq;
  return g_strdup_printf ("%s@%s:%s/%s", PQuser (pq), PQhost (pq), PQport (pq), PQdb (pq));
}

/* "7405…816-1f3a9c02": which cluster, and which of its copies. */
static char *
id_of (const PGresult *row)
{
  const char *folder = kt_result_get (row, 0, "data_directory");
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, folder, -1);
  return g_strdup_printf ("%s%s%.8s", kt_result_get (row, 0, "system_identifier"), *folder != '\0' ? "-" : "",
                          *folder != '\0' ? digest : "");
}

char *
kt_connection_server_id (KtConnection *connection)
{
  if (connection->server_id == NULL)
    {
      g_autoptr (PGresult) row = kt_connection_query_file (connection, NULL, "identity", NULL);
      if (row != NULL)
        connection->server_id = id_of (row);
      else
        connection->server_id = g_strdup_printf ("%s:%s", PQhost (connection->pq), PQport (connection->pq));
    }
  return g_strdup (connection->server_id);
}

/* ---------------------------------------------------------------------------------------------------- statements */

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
  g_autoptr (PGresult) result = NULL;
  for (PGresult *next = sent ? next_result (connection) : NULL; next != NULL; next = next_result (connection))
    {
      PQclear (result);
      result = next;
    }
  if (!connection->silent && is_success (result))
    return g_steal_pointer (&result);
  if (connection->silent)
    set_silent (what, error);
  else
    kt_query_error_set (error, connection->pq, result, what);
  return NULL;
}

PGresult *
kt_connection_query (KtConnection *connection, GError **error, const char *sql, ...)
{
  g_autofree char *line = g_strndup (sql, strcspn (sql, "\n"));
  g_autofree char *what = g_utf8_strlen (line, -1) > 80 ? g_utf8_substring (line, 0, 80) : g_strdup (line);
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

/* ------------------------------------------------------------------------------------------------------- results */

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
