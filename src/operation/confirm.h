/* SPDX-License-Identifier: MIT
 *
 * apply --confirm-within: what its arguments must be, and the waiting after its last step.
 */
#pragma once

#include "change/runner.h"
#include "operation/operation.h"

/* Errors: KT_ERROR_USAGE. */
gboolean kt_confirm_check_args (JsonObject *args, GError **error);

/* Starts the kastune in the background that finishes the waiting change set @id whatever happens to this one; then stays until
 * it is confirmed, unless @detach. A cancel goes back at once. Errors: those of kt_runner_wait and kt_runner_undo. */
gboolean kt_confirm_wait (KtOperationContext *context, const KtRunner *runner, gint64 id, gboolean detach, GError **error);
