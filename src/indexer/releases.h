/* SPDX-License-Identifier: MIT
 *
 * THE table of simply-kaspa-indexer's releases: when, which schema, which command line, what it can migrate and what is
 * known to be wrong with it. Facts of the tags themselves, known up to KT_RELEASES_KNOWN_UNTIL. Pure.
 */
#pragma once

#include "indexer/features.h"

#include <json-glib/json-glib.h>

#define KT_RELEASES_KNOWN_UNTIL "2026-07-07"

/* How it sends the script of a schema step to the server. */
typedef enum {
  KT_SCRIPT_PIECES, /* cut at every semicolon */
  KT_SCRIPT_WHOLE,  /* as one query, and so as one transaction: what cannot run in one fails at the end */
  KT_SCRIPT_SPLIT,  /* statement by statement */
} KtScriptManner;

typedef struct {
  const char *tag, *date; /* of the tagged commit */
  guint schema;
  KtRelease flags;  /* the release whose command line it has; KT_N_RELEASES: one that is not modelled */
  KtScriptManner runner;
  const char *node; /* oldest kaspad it works with; NULL: any that the network accepts */
  const char *what; /* what an operator notices */
  const char *defect; /* NULL: none known that matters here */
} KtReleaseRow;

/* Oldest first. */
const KtReleaseRow *kt_releases (guint *n);
/* With or without the v; NULL when there is none of that name. */
const KtReleaseRow *kt_release_row (const char *tag);
/* The same for what a program says of itself (git describe): "v2.3.0-3-gabcdef0-dirty" is built on v2.3.0. */
const KtReleaseRow *kt_release_of_version (const char *version);
gboolean kt_release_is_stable (const KtReleaseRow *row); /* its tag has no -beta or -rc */
const KtReleaseRow *kt_release_newest_stable (void);
/* Writes what was rejected only behind the virtual chain: without that, for ever not (rule R2). */
gboolean kt_release_waits_for_chain (const KtReleaseRow *row);

/* Can it bring a database of @schema up to its own with --upgrade-db? NULL: yes, or there is nothing to do. Otherwise why
 * not, for people. Caller frees. */
char *kt_release_cannot_migrate (const KtReleaseRow *row, guint schema);

/* Newest first: tag, date, schema, stable, what, defect, node, migrates_from (schemas that it takes to its own). */
JsonArray *kt_releases_to_json (void);
