/* SPDX-License-Identifier: MIT
 *
 * What the operations that look at indexers share.
 */
#pragma once

#include "indexer/choice.h"
#include "indexer/indexer.h"
#include "operation/operation.h"

#define KT_INDEXER_CHECKPOINT_MS (15 * 60 * 1000) /* between checkpoints, for page images in the WAL */

/* Argument `files`, made absolute: Compose is run elsewhere. Caller frees. */
GStrv kt_indexer_files (JsonObject *args);

/* The database of the server that was named, or of the one that answers; without any a note. Tables of an indexer may lie in another of
 * its databases, which is noted too. */
gboolean kt_indexer_load_database (KtOperationContext *context, JsonObject *args, KtIndexers *indexers, GError **error);

/* Argument `release`, or the newest stable one, with a command line that is known. Errors: KT_ERROR_USAGE, KT_ERROR_UNSUPPORTED. */
const KtReleaseRow *kt_indexer_release (JsonObject *args, GError **error);

/* Arguments disable, exclude_fields, keep, mapping, retention, and the use that @member names. Borrowed from @args. Errors: KT_ERROR_USAGE. */
gboolean kt_indexer_choice (JsonObject *args, const char *member, KtChoice *choice, GError **error);

/* Argument `rate`: transactions a second. */
double kt_indexer_rate (JsonObject *args);
