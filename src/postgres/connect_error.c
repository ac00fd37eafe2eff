/* SPDX-License-Identifier: MIT */
#include "postgres/connect_error.h"

#include "base/error.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
  const char *sqlstate; /* whole, or a class of two characters */
  const char *function; /* the server's own, NULL: any */
  KtErrorCode code;
  KtRefusal refusal;
  const char *what;
  const char *hint;
} Refusal;

/* First match wins. Functions: postgres/postgres:src/backend/libpq/auth.c, utils/init/miscinit.c, the same from 13 to 18. */
static const Refusal refusals[] = {
  { "28P01", NULL, KT_ERROR_AUTH, KT_REFUSAL_LOGIN, "the password is wrong",
    "put the right one into ~/.pgpass (host:port:database:role:password, mode 0600) or into PGPASSWORD" },
  { "28000", "InitializeSessionUserId", KT_ERROR_AUTH, KT_REFUSAL_LOGIN, "the server has no such role, or it may not log in",
    "name one that exists: --dsn 'user=postgres'; or create it: sudo -u postgres createuser --superuser NAME" },
  { "28000", "ClientAuthentication", KT_ERROR_AUTH, KT_REFUSAL_LOGIN, "pg_hba.conf has no line that lets it in",
    "add one to pg_hba.conf (psql -c 'SHOW hba_file') and reload, or connect another way with --dsn" },
  { "28000", NULL, KT_ERROR_AUTH, KT_REFUSAL_LOGIN, "the server refused the login",
    "with peer authentication run as the user named like the role: sudo -u postgres kastune …; else name a role with --dsn" },
  { "28", NULL, KT_ERROR_AUTH, KT_REFUSAL_LOGIN, "the server refused the login", NULL },
  { "3D000", NULL, KT_ERROR_CONNECT, KT_REFUSAL_DATABASE, "there is no such database",
    "list them: psql -l; and name one: --dsn 'dbname=postgres'" },
  { "42501", NULL, KT_ERROR_PRIVILEGE, KT_REFUSAL_OTHER, "the role may not connect to this database",
    "as superuser: GRANT CONNECT ON DATABASE … TO …" },
  { "53300", "InitProcess", KT_ERROR_CONNECT, KT_REFUSAL_OTHER, "all connections are taken, also those kept for superusers",
    "end an idle session from the shell: ps -C postgres -o pid,args, then kill PID; or stop one of the programs that hold them" },
  { "53300", NULL, KT_ERROR_CONNECT, KT_REFUSAL_OTHER, "all connections are taken",
    "a superuser still gets in: --dsn 'user=postgres'; see who holds them: SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2" },
  { "57P03", NULL, KT_ERROR_CONNECT, KT_REFUSAL_OTHER, "the server is starting up, recovering or shutting down",
    "wait and try again; its log says how far it is" },
  { "55000", NULL, KT_ERROR_CONNECT, KT_REFUSAL_OTHER, "that database takes no connections", "name another: --dsn 'dbname=postgres'" },
};

static const Refusal statement_failures[] = {
  { "42501", NULL, KT_ERROR_PRIVILEGE, 0, "the role may not do this", "connect as superuser (--dsn 'user=postgres') or grant what the detail names" },
  { "57014", NULL, KT_ERROR_TIMEOUT, 0, "the server gave up on a statement", "the server may be overloaded: SELECT * FROM pg_stat_activity WHERE state <> 'idle'" },
  { "55P03", NULL, KT_ERROR_TIMEOUT, 0, "another session holds a lock", "see who: SELECT pid, pg_blocking_pids(pid), query FROM pg_stat_activity" },
  { "53100", NULL, KT_ERROR_NO_SPACE, 0, "the server's disk is full", NULL },
  { "57P", NULL, KT_ERROR_CONNECT, 0, "the server ended the connection", "its log says why; then try again" },
  { "08", NULL, KT_ERROR_CONNECT, 0, "the connection was lost", "is the server still running? Its log says why" },
  { "", NULL, KT_ERROR_QUERY, 0, "the server refused a statement", NULL },
};

static const Refusal *
find_row (const Refusal *rows, gsize n_rows, const char *sqlstate, const char *function)
{
  for (gsize i = 0; i < n_rows; i++)
    if (g_str_has_prefix (sqlstate, rows[i].sqlstate)
        && (rows[i].function == NULL || g_strcmp0 (rows[i].function, function) == 0))
      return &rows[i];
  return NULL;
}

static char *
first_group (const char *text, const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  return g_regex_match (regex, text, 0, &match) ? g_match_info_fetch (match, 1) : NULL;
}

/* "FATAL:  28P01: text" and "LOCATION:  auth_failed, auth.c:335": the words differ by language, the shape does not. */
static const Refusal *
refusal_of (const PGconn *pq)
{
  const char *message = PQerrorMessage (pq);
  g_autofree char *sqlstate = first_group (message, ":  ([0-9A-Z]{5}): ");
  g_autofree char *function = first_group (message, "^[^:\\n]+:  (\\w+), \\w+\\.c:\\d+$");
  return sqlstate != NULL ? find_row (refusals, G_N_ELEMENTS (refusals), sqlstate, function) : NULL;
}

KtRefusal
kt_connect_refusal (const PGconn *pq)
{
  const Refusal *row = refusal_of (pq);
  if (row == NULL && PQconnectionNeedsPassword (pq))
    return KT_REFUSAL_LOGIN;
  return row != NULL ? row->refusal : KT_REFUSAL_OTHER;
}

/* As psql would show it: without the parts that only the verbose form has. */
static char *
plain_message (const PGconn *pq)
{
  g_autoptr (GRegex) extra = g_regex_new ("(?<=:  )[0-9A-Z]{5}: |\\n[^:\\n]+:  \\w+, \\w+\\.c:\\d+$", G_REGEX_MULTILINE, 0, NULL);
  return g_strstrip (g_regex_replace_literal (extra, PQerrorMessage (pq), -1, 0, "", 0, NULL));
}

static gboolean
socket_answers (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (strlen (path) >= sizeof address.sun_path)
    return FALSE;
  memcpy (address.sun_path, path, strlen (path) + 1);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return FALSE;
  gboolean answers = connect (fd, (const struct sockaddr *) &address, sizeof address) == 0;
  close (fd);
  return answers;
}

GStrv
kt_connect_find_sockets (const char *const *folders)
{
  static const char prefix[] = ".s.PGSQL.";
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  for (; *folders != NULL; folders++)
    {
      g_autoptr (GDir) dir = g_dir_open (*folders, 0, NULL);
      const char *name;
      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (*folders, name, NULL);
          g_autofree char *words = g_strdup_printf ("host=%s port=%s", *folders, name + MIN (strlen (name), strlen (prefix)));
          if (g_str_has_prefix (name, prefix) && strchr (name + strlen (prefix), '.') == NULL && socket_answers (path))
            g_strv_builder_add (found, words);
        }
    }
  return g_strv_builder_end (found);
}

/* Nobody answered. On a unix socket the usual cause is another folder or port, so look which ones there are. */
static char *
absent_server_hint (const PGconn *pq)
{
  const char *host = PQhost (pq);
  if (host != NULL && *host != '/' && *host != '\0')
    return g_strdup_printf ("is it running, and does it listen there (listen_addresses, port, firewall)? Check: pg_isready -h %s -p %s",
                            host, PQport (pq));
  static const char *const folders[] = { "/var/run/postgresql", "/tmp", NULL };
  g_auto (GStrv) found = kt_connect_find_sockets (folders);
  if (found[0] == NULL)
    return g_strdup ("no server answers on a unix socket in /var/run/postgresql or /tmp; see: pg_lsclusters; "
                     "start one: systemctl start postgresql; another folder or machine: --dsn 'host=…'");
  g_autofree char *all = g_strjoinv ("', '", found);
  return g_strdup_printf ("servers that answer here: '%s'; choose one: --dsn '%s'", all, found[0]);
}

void
kt_connect_error_set (GError **error, const PGconn *pq, int timeout_s)
{
  g_autofree char *detail = plain_message (pq);
  if (PQuser (pq) == NULL || PQhost (pq) == NULL)
    {
      kt_error_set (error, KT_ERROR_CONNECT, detail,
                    "look at --dsn, at the PG… variables of the environment, and at the service file (~/.pg_service.conf)",
                    "cannot connect: the connection settings cannot be used");
      return;
    }
  g_autofree char *place = g_strdup_printf ("%s@%s:%s/%s", PQuser (pq), PQhost (pq), PQport (pq), PQdb (pq));
  const Refusal *row = refusal_of (pq);
  if (row != NULL)
    {
      kt_error_set (error, row->code, detail, row->hint, "cannot connect to %s: %s", place, row->what);
      return;
    }
  if (PQconnectionNeedsPassword (pq))
    {
      kt_error_set (error, KT_ERROR_AUTH, detail, refusals[0].hint, "cannot connect to %s: the server wants a password", place);
      return;
    }
  g_autofree char *hint = absent_server_hint (pq);
  if (timeout_s > 0)
    kt_error_set (error, KT_ERROR_CONNECT, detail, hint, "cannot connect to %s: no answer within %d s", place, timeout_s);
  else
    kt_error_set (error, KT_ERROR_CONNECT, detail, hint, "cannot connect to %s", place);
}

void
kt_query_error_set (GError **error, const PGconn *pq, const PGresult *result, const char *what)
{
  const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);
  if (sqlstate == NULL)
    sqlstate = PQstatus (pq) == CONNECTION_BAD ? "08006" : "";
  const Refusal *row = find_row (statement_failures, G_N_ELEMENTS (statement_failures), sqlstate, NULL);
  const char *primary = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
  const char *more = PQresultErrorField (result, PG_DIAG_MESSAGE_DETAIL);
  const char *hint = PQresultErrorField (result, PG_DIAG_MESSAGE_HINT);
  g_autofree char *detail = g_strstrip (g_strconcat (primary != NULL ? primary : PQerrorMessage (pq),
                                                     more != NULL ? "; " : "", more, NULL));
  kt_error_set (error, row->code, detail, hint != NULL ? hint : row->hint, "%s (%s)", row->what, what);
}
