/* SPDX-License-Identifier: MIT
 *
 * A measurement of hours on record from its beginning: what it was asked for, every run when it ends, and how to go on.
 */
#pragma once

#include "operation/bench_setup.h"

#define KT_BENCH_CYCLES 2 /* whole checkpoint cycles that a run on a private server must hold */

/* The measurement of this @kind that --resume names, and in @args what it was begun with. Only @allowed (members) may be
 * said besides. NULL without @error: nothing is to be gone on with. Errors: KT_ERROR_NOT_FOUND, KT_ERROR_USAGE. */
JsonObject *kt_bench_resume (KtOperationContext *context, JsonObject *args, const char *kind,
                             const char *const *allowed, GError **error);

/* Completes @document with what was asked for, as unfinished, and puts it on record. */
gboolean kt_bench_begin (const KtBenchSetup *setup, const KtBenchRun *run, JsonObject *args, const char *kind,
                         const char *title, JsonObject *document, GError **error);

/* For KtBenchComparison.keep; @state: KtState. */
gboolean kt_bench_keep (JsonObject *document, gpointer state, GError **error);

/* Gives an error that leaves runs behind the hint how @command ("bench compare") goes on with them. */
void kt_bench_tell_kept (JsonObject *document, const char *command, GError **error);
