/* SPDX-License-Identifier: MIT
 *
 * One connection that sends statements as the indexer's driver does: extended protocol, binary parameters, server-side
 * prepared statements. The number of rows is part of a statement's text, so every length of a batch is prepared anew;
 * the 100 used last are kept. What ends in a deadlock is tried three times.
 */
#pragma once

#include "base/autoptr.h"
#include "workload/histogram.h"
#include "workload/schema.h"

#define KT_SESSION_STATEMENTS 100

typedef struct {
  KtHistogram commits; /* time from sending a statement that commits to the server's answer */
  guint64 statements;
  guint64 rows;     /* sent */
  guint64 prepared; /* statements parsed by the server */
  guint64 retries;  /* after deadlocks */
} KtSessionCounts;

void kt_session_counts_add (KtSessionCounts *sum, const KtSessionCounts *other);

typedef struct KtSession KtSession;

KtSession *kt_session_open (const char *conninfo, const KtTypes *types, GError **error);
void kt_session_close (KtSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtSession, kt_session_close)

PGconn *kt_session_pq (KtSession *session); /* borrowed */
const KtSessionCounts *kt_session_counts (const KtSession *session);

/* Rows @first ... @first + @n_rows - 1 in one statement. @conflict is the clause after VALUES, a string that lives on.
 * In a transaction the statement does not commit and is not a commit's latency. */
gboolean kt_session_insert (KtSession *session, const KtSchemaTable *table, const char *conflict, const KtRows *rows,
                            gsize first, guint n_rows, GError **error);

/* Any other statement; @sql lives on, parameters are binary with these types, at most 8. */
gboolean kt_session_execute (KtSession *session, const char *sql, guint n_values, const Oid *types,
                             const char *const *values, const int *lengths, GError **error);

/* The same for one that gives rows, in binary. NULL on error. */
PGresult *kt_session_query (KtSession *session, const char *sql, guint n_values, const Oid *types,
                            const char *const *values, const int *lengths, GError **error);

/* BEGIN and COMMIT go as plain queries. */
gboolean kt_session_begin (KtSession *session, GError **error);
gboolean kt_session_commit (KtSession *session, GError **error);
