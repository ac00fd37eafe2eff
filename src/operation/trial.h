/* SPDX-License-Identifier: MIT
 *
 * Settings tried in a scratch cluster of the server's own binaries, under its memory limit.
 */
#pragma once

#include "operation/facts.h"

/* {started, problem, hint, warnings, limited, memory_limit_bytes, shared_memory_bytes, huge_pages, elapsed_ms}.
 * @facts needs a local server. Errors: only when the attempt could not be made. */
JsonObject *kt_trial_run (KtFacts *facts, KtOperationContext *context, const char *conf_text, GError **error);
