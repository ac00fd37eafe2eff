/* SPDX-License-Identifier: MIT
 *
 * What the operations that look at indexers share.
 */
#pragma once

#include "indexer/indexer.h"
#include "operation/operation.h"

/* Argument `files`, made absolute: Compose is run elsewhere. Caller frees. */
GStrv kt_indexer_files (JsonObject *args);

/* The database of the server that was named, or of the one that answers; without any a note. Tables of an indexer may lie in another of
 * its databases, which is noted too. */
gboolean kt_indexer_load_database (KtOperationContext *context, JsonObject *args, KtIndexers *indexers, GError **error);
