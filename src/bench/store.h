/* SPDX-License-Identifier: MIT
 *
 * Results in the state database, each a document as it was answered.
 */
#pragma once

#include "base/json.h"
#include "base/state.h"

/* Stores @document and puts its number into it as `id`. @kind: "run" or "compare". */
gboolean kt_bench_save (KtState *state, const char *kind, const char *title, JsonObject *document, GError **error);
/* Errors: KT_ERROR_NOT_FOUND. */
JsonObject *kt_bench_load (KtState *state, gint64 id, GError **error);
/* [{id, kind, title, taken_at}], newest first, at most @limit. */
JsonArray *kt_bench_list (KtState *state, guint limit, GError **error);
