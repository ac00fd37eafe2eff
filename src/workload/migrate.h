/* SPDX-License-Identifier: MIT
 *
 * From one schema to the next as the indexer's -u goes: the same steps, one script each (sql/workload/migrate-*.sql),
 * run in the manner of each release, with what that manner gets wrong. No step has a way back, and none is one
 * transaction: what ends in the middle leaves tables that the next start accepts or stumbles over, as with the indexer.
 */
#pragma once

#include "indexer/features.h"

#include <libpq-fe.h>

/* How a release sends a script. */
typedef enum {
  KT_MIGRATE_PIECES,     /* up to v2.0.0: cut at every semicolon, each piece commits */
  KT_MIGRATE_WHOLE,      /* v2.1.2, v2.2.0: one query, so one transaction: VACUUM and COMMIT fail in it */
  KT_MIGRATE_STATEMENTS, /* from v2.2.1 on: cut where statements end, each commits */
} KtMigrateManner;

KtMigrateManner kt_migrate_manner (KtRelease release);

/* The script of the step from @version on and the schema it leads to. NULL: @release has no such step (or, below 9,
 * kaspa-sim has none). Caller frees. */
char *kt_migrate_script (KtRelease release, guint version, guint *to);

/* What is sent one after the other. Caller frees. */
GStrv kt_migrate_split (const char *script, KtMigrateManner manner);

/* Errors: KT_ERROR_QUERY and its kin; what was done before stays, but for KT_MIGRATE_WHOLE. */
gboolean kt_migrate_run (PGconn *connection, const char *script, KtMigrateManner manner, GError **error);
