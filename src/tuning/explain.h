/* SPDX-License-Identifier: MIT
 *
 * Everything known about one parameter on this machine.
 */
#pragma once

#include "tuning/advise.h"

/* Errors: KT_ERROR_NOT_FOUND (with the nearest names as hint). */
JsonObject *kt_explain (const KtAdvice *advice, const char *parameter, GError **error);
