/* SPDX-License-Identifier: MIT
 *
 * Asks a database of kaspa-sim what an API server asks it, while it is written or at rest: requests of several statements,
 * mixed by weight, over several connections, at a rate or as fast as answers come.
 */
#pragma once

#include "workload/fill.h"
#include "workload/histogram.h"
#include "workload/reader_queries.h"

typedef struct {
  const char *conninfo;
  guint connections; /* 1 ... 64 */
  double rate;       /* requests a second, of all connections together; 0: one after the other */
  gint64 duration_ms; /* 0: until stopped */
  guint64 requests;   /* 0: until then */
  guint64 seed;       /* the same one asks a database at rest the same */
  const volatile sig_atomic_t *stop; /* may be NULL */
  KtProgressFunc progress;           /* once a second; phase "read", transactions: requests */
  gpointer progress_data;
} KtReader;

typedef struct {
  KtHistogram latency; /* from when it was due (with a rate) or sent to the last answer of the request */
  guint64 empty;       /* whose first statement found nothing */
  guint64 statements;
  guint64 rows;
} KtReadCounts;

typedef struct {
  KtReadCounts all;
  KtReadCounts queries[KT_N_READ_QUERIES];
  guint64 late; /* that began more than a second after they were due */
  gint64 elapsed_ms;
  guint connections;
} KtReadResult;

/* Errors: KT_ERROR_NOT_FOUND (no database of kaspa-sim), KT_ERROR_CONNECT, KT_ERROR_QUERY. @result is large: allocate it. */
gboolean kt_read (const KtReader *reader, KtReadResult *result, GError **error);
