/* SPDX-License-Identifier: MIT
 *
 * Transactions as releases before v2.1.0 prune them: a chunk is one transaction that looks up who was accepted and what
 * was spent. Outputs that nobody has spent, and at 20 their transactions, stay for ever.
 */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

/* @batch_rows transactions older than @cutoff (block time in ms), with what goes along. *@rows: deleted, of all tables;
 * 0 ends the step, at 20 also when a chunk finds only transactions that have to stay. */
typedef gboolean (*KtPruneChunk) (PGconn *connection, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error);

gboolean kt_prune_chunk_10 (PGconn *connection, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error);
gboolean kt_prune_chunk_20 (PGconn *connection, gint64 cutoff, guint batch_rows, guint64 *rows, GError **error);
