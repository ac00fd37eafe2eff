/* SPDX-License-Identifier: MIT
 *
 * Settings tried in a scratch cluster of the server's own binaries, under its memory limit; of a server in a container, in another
 * one of the same image.
 */
#pragma once

#include "operation/facts.h"
#include "postgres/instance.h"

/* {started, problem, hint, warnings, limited, memory_limit_bytes, shared_memory_bytes, huge_pages, elapsed_ms, container}.
 * Errors: only when the attempt could not be made. */
JsonObject *kt_trial_run (KtFacts *facts, KtOperationContext *context, const char *conf_text, GError **error);

/* Why a start cannot be tried for this server at all, as a sentence; NULL: it can. */
const char *kt_trial_cannot (const KtFacts *facts, const KtInstance *instance);

/* What remains then: those of @settings ({name, wanted}) that a session may set are set for one statement. @taken counts them. Errors:
 * KT_ERROR_REFUSED when the server does not take one. */
gboolean kt_trial_by_sql (const KtFacts *facts, JsonArray *settings, guint *taken, GError **error);
