/* SPDX-License-Identifier: MIT
 *
 * Batches of rows for one table, cut into statements that several connections send side by side, at most one each.
 */
#pragma once

#include "workload/session.h"

typedef struct KtStream KtStream;

/* @name is for errors and results. */
KtStream *kt_stream_new (const char *name, const char *conninfo, const KtTypes *types, guint concurrency,
                         GError **error);
/* Ends the threads after what they are at. */
void kt_stream_free (KtStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtStream, kt_stream_free)

const char *kt_stream_name (const KtStream *stream);

/* Begins to send; rows must stay as they are until kt_stream_wait. One batch at a time. */
void kt_stream_submit (KtStream *stream, const KtSchemaTable *table, const char *conflict, const KtRows *rows,
                       guint statement_rows);
/* Until the batch is written. Also right when nothing was submitted. */
gboolean kt_stream_wait (KtStream *stream, GError **error);

/* Sum over its connections; only while nothing is submitted. */
void kt_stream_counts (KtStream *stream, KtSessionCounts *counts);
