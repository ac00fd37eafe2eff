/* SPDX-License-Identifier: MIT
 *
 * What libpq and the server say when a connection or a statement fails, turned into kastune's codes with the next command
 * to try. Decided by SQLSTATE and by the name of the server's function, never by words: those follow lc_messages.
 */
#pragma once

#include "base/autoptr.h"

typedef enum {
  KT_REFUSAL_OTHER,
  KT_REFUSAL_LOGIN,    /* another identity may do better */
  KT_REFUSAL_DATABASE, /* that database does not exist */
} KtRefusal;

/* @pq failed to connect after PQsetErrorVerbosity (VERBOSE). */
KtRefusal kt_connect_refusal (const PGconn *pq);
/* @timeout_s not 0: there was no answer within that time. */
void kt_connect_error_set (GError **error, const PGconn *pq, int timeout_s);

/* @result may be NULL (connection lost before an answer); @what names the statement. */
void kt_query_error_set (GError **error, const PGconn *pq, const PGresult *result, const char *what);

/* Folders of unix sockets where a server answers, as "host=/tmp port=5433". Caller frees. */
GStrv kt_connect_find_sockets (const char *const *folders);
