/* SPDX-License-Identifier: MIT
 *
 * Results in the state database, each a document as it was answered.
 */
#pragma once

#include "base/json.h"
#include "base/state.h"

/* Stores @document and puts its number into it as `id`. @kind: "run", "compare" or "tune". Its member `state` is
 * "unfinished" or "complete", which is also what is meant where there is none. */
gboolean kt_bench_save (KtState *state, const char *kind, const char *title, JsonObject *document, GError **error);
/* The same document again, as it is now. Durable when it returns. */
gboolean kt_bench_update (KtState *state, JsonObject *document, GError **error);
/* Errors: KT_ERROR_NOT_FOUND. */
JsonObject *kt_bench_load (KtState *state, gint64 id, GError **error);
/* [{id, kind, state, title, taken_at}], newest first, at most @limit. */
JsonArray *kt_bench_list (KtState *state, guint limit, GError **error);
