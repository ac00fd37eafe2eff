/* SPDX-License-Identifier: MIT
 *
 * Indexers of this machine as one model: what runs or is declared, which release it is and who says so, what it says of itself,
 * the database, and what of all this does not fit together. Pure, but for kt_indexers_look.
 */
#pragma once

#include "base/finding.h"
#include "base/sysroot.h"
#include "indexer/arguments.h"
#include "indexer/database.h"
#include "indexer/program.h"
#include "indexer/releases.h"
#include "indexer/status.h"

typedef struct {
  char *value, *source; /* "v2.3.0", "its API" */
} KtIndexerFact;

typedef struct {
  KtProgram *program;
  KtProgram *declared;         /* of a container: its service as the compose files say it now; NULL: unknown */
  KtIndexerStatus *status;     /* NULL: not asked */
  GPtrArray *versions;         /* KtIndexerFact, the most trusted first */
  const KtReleaseRow *release; /* of the first that is known; NULL: none is */
  gboolean rejected;           /* its release does not take its command line: why */
  char *why_rejected;
  KtArguments arguments;       /* as its release reads them; given NULL: not known, or rejected */
} KtIndexer;

typedef struct {
  GPtrArray *all;              /* KtIndexer, in the order of KtProgramKind */
  KtIndexerDatabase *database; /* NULL: none was asked */
  GPtrArray *notes;            /* char *: what could not be looked at */
} KtIndexers;

/* @programs of KtProgram, taken. */
KtIndexers *kt_indexers_new (GPtrArray *programs);
void kt_indexers_free (KtIndexers *indexers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtIndexers, kt_indexers_free)

/* Works out release and options again once a status was added. */
void kt_indexer_settle (KtIndexer *indexer);
/* Is it one that is at work on a database? Declared ones are not. */
gboolean kt_indexer_runs (const KtIndexer *indexer, KtProgramKind kind);
/* "container kaspa-indexer-1", "process 1234": for people. Caller frees. */
char *kt_indexer_place (const KtIndexer *indexer);

/* look.c. Containers, compose projects, processes, units of systemd of this machine; the API of each indexer that runs, once.
 * @files (may be NULL): compose files that somebody named. Absent sources become notes.
 * Errors: those of Compose for @files. */
KtIndexers *kt_indexers_look (KtSysroot *root, const char *const *files, GError **error);

/* judge.c, judge_database.c. What does not fit together, with what to do. */
void kt_indexers_judge (const KtIndexers *indexers, GPtrArray *findings);
void kt_indexer_database_judge (const KtIndexers *indexers, GPtrArray *findings);

/* {indexers: […], database: {…}, notes: […]} without any secret. */
JsonObject *kt_indexers_to_json (const KtIndexers *indexers);
