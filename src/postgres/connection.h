/* SPDX-License-Identifier: MIT
 *
 * One libpq connection with limits on everything: connect_timeout, statement_timeout, lock_timeout,
 * application_name=kastune. Statements come from sql/ (embedded) and parameters are bound, never printed in.
 */
#pragma once

#include "base/autoptr.h"
#include <gio/gio.h>

typedef struct KtConnection KtConnection;

/* @conninfo NULL or "": libpq's environment and defaults (PGHOST, PGSERVICE, ~/.pgpass). A URI or key=value string.
 * When nothing names a database the role's own is tried, then `postgres`. When we are root on a unix socket, the connection
 * is first made as the user named like the role (nothing named: `postgres`), so that peer authentication lets root in.
 * Errors: KT_ERROR_CONNECT (with hints for the usual causes: not running, wrong socket folder), KT_ERROR_AUTH,
 * KT_ERROR_PRIVILEGE (no right to connect to that database), KT_ERROR_USAGE (not a connection string). */
KtConnection *kt_connection_open (const char *conninfo, GError **error);
void kt_connection_free (KtConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtConnection, kt_connection_free)

int kt_connection_version (const KtConnection *connection); /* 150018 */
int kt_connection_major (const KtConnection *connection);   /* 15 */
PGconn *kt_connection_pq (KtConnection *connection);        /* borrowed */
/* The user of this machine that root became to be let in, or NULL. Programs that connect likewise run as this user. */
const char *kt_connection_os_user (const KtConnection *connection);
/* "user@host:port/database" without any secret, for people and the journal. Caller frees. */
char *kt_connection_describe (const KtConnection *connection);
/* What identifies the server itself: system identifier and a digest of its data directory (copies have the same
 * identifier), or host:port for a role that may not ask. Caller frees. */
char *kt_connection_server_id (KtConnection *connection);
/* Adds keyword='value' to the words of a connection, quoted as libpq reads it: names may hold anything. */
void kt_conninfo_append (GString *words, const char *keyword, const char *value);
/* Masks passwords in a conninfo string or URI. Caller frees. */
char *kt_conninfo_mask (const char *conninfo);
/* The same connection as key=value words without any secret, for the journal: it can be used again. "" when @conninfo is
 * empty or cannot be read. Caller frees. */
char *kt_conninfo_without_secrets (const char *conninfo);

/* Runs SQL text with text parameters (NULL-terminated list, no NULL values). Rows or a command are both fine.
 * Errors: KT_ERROR_QUERY with the server's message as detail, KT_ERROR_PRIVILEGE (42501), KT_ERROR_TIMEOUT (57014; or no
 * answer at all within 40 s, after which the connection is of no use), KT_ERROR_CONNECT (connection lost). */
PGresult *kt_connection_query (KtConnection *connection, GError **error, const char *sql, ...) G_GNUC_NULL_TERMINATED;

/* The same with the text of sql/NAME.sql, or its newest variant NAME.VV.sql whose VV is not above the server's major. */
PGresult *kt_connection_query_file (KtConnection *connection, GError **error, const char *name, ...) G_GNUC_NULL_TERMINATED;

/* One statement that may take hours; the session's own limit must be off. It is waited for as long as the server lets somebody in
 * beside it, or refuses to, which is looked at every 40 s. Errors: those of kt_connection_query, KT_ERROR_INTERRUPTED when cancelled:
 * then the server is told to end it, and is of no use any more when it does not take that in. */
PGresult *kt_connection_query_long (KtConnection *connection, GCancellable *cancellable, GError **error, const char *sql);

/* Tells the server to end what it does for @connection, whose answers are still to be read. FALSE: it did not take that in within 15 s. */
gboolean kt_connection_cancel (KtConnection *connection);
/* Reads what is still to come and drops it, waiting for it no longer than for any other answer. */
void kt_connection_drain (KtConnection *connection);

/* One of several statements of a batch. */
typedef struct {
  const char *name;  /* of sql/NAME.sql; NULL: skipped */
  PGresult *result;  /* NULL when it was refused or skipped */
  GError *error;     /* why it was refused */
} KtBatchQuery;

void kt_batch_query_clear (KtBatchQuery *query);

/* Several files without parameters in one round trip. A refused one costs only its own result: TRUE all the same.
 * Errors: KT_ERROR_CONNECT (connection lost). */
gboolean kt_connection_query_batch (KtConnection *connection, KtBatchQuery *queries, guint n_queries, GError **error);

/* Column by name; "" for NULL. Borrowed. */
const char *kt_result_get (const PGresult *result, int row, const char *column);
gint64 kt_result_int (const PGresult *result, int row, const char *column); /* 0 for NULL */
double kt_result_double (const PGresult *result, int row, const char *column);
gboolean kt_result_bool (const PGresult *result, int row, const char *column);
/* An array column "{a,b}" as strings. Caller frees. */
GStrv kt_result_strv (const PGresult *result, int row, const char *column);
