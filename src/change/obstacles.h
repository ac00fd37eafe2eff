/* SPDX-License-Identifier: MIT
 *
 * What other change sets of the same server stand in the way of.
 */
#pragma once

#include "change/runner.h"

/* No other one is open. Errors: KT_ERROR_REFUSED naming it and the command. */
gboolean kt_may_begin (const KtRunner *runner, const char *server, GError **error);

/* It is not undone yet, and no newer one is unfinished or touches the same. Errors: KT_ERROR_REFUSED, likewise. */
gboolean kt_may_undo (const KtRunner *runner, const KtChange *change, GError **error);
