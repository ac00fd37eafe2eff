/* SPDX-License-Identifier: MIT */
#include "postgres/connection_parts.h"

#include "base/error.h"
#include "base/user.h"
#include "postgres/connect_error.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 5

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
  return kt_user_find (identity->role, &identity->uid, NULL) && identity->uid != 0;
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
  connection->conninfo = g_strdup (conninfo != NULL ? conninfo : "");
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
  g_free (connection->conninfo);
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
