/* SPDX-License-Identifier: MIT
 *
 * THE table of what readers ask: the requests of kaspa-rest-server's API as the statements it makes of each.
 */
#pragma once

#include <glib.h>

/* What a parameter is. All are drawn anew for each request. */
typedef enum {
  KT_READ_NONE,
  KT_READ_KEY,            /* address or script */
  KT_READ_KEYS,
  KT_READ_OFFSET,         /* rows before the page */
  KT_READ_TIME,           /* ms */
  KT_READ_ID,             /* of a transaction */
  KT_READ_IDS,
  KT_READ_SCORE,          /* blue score */
  KT_READ_BLOCK,          /* hash */
  KT_READ_SPENT_HASHES,   /* outpoints: these two belong together */
  KT_READ_SPENT_INDEXES,
  KT_READ_FOUND,          /* array of what an earlier statement of the request found */
  KT_READ_LAST,           /* the last of it */
} KtReadValue;

typedef struct {
  KtReadValue value;
  guint8 statement; /* of this request, for KT_READ_FOUND and KT_READ_LAST; nothing found: not asked */
  guint8 column;
} KtReadParameter;

#define KT_READ_MAX_PARAMETERS 2

typedef struct {
  const char *sql; /* {mapping} and {key} stand for the mapping table in use and its key */
  KtReadParameter parameters[KT_READ_MAX_PARAMETERS];
  guint first_schema, last_schema; /* 0: any */
} KtReadStatement;

typedef struct {
  const char *name;
  const char *endpoint;
  guint weight;
  gboolean needs_mapping;
  const KtReadStatement *statements;
  guint n_statements;
} KtReadQuery;

#define KT_N_READ_QUERIES 13

extern const KtReadQuery kt_read_queries[KT_N_READ_QUERIES];
