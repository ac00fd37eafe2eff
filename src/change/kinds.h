/* SPDX-License-Identifier: MIT
 *
 * Step kinds by the name that stands in the journal, and what their steps have in common.
 */
#pragma once

#include "change/journal.h"

/* Errors: KT_ERROR_UNSUPPORTED. */
const KtStepKind *kt_kind_find (const KtStepKind *const *kinds, const char *name, GError **error);

/* What both change sets touch, for people: "parameter jit, parameter work_mem and 4 more"; "" when there is nothing.
 * Errors: KT_ERROR_UNSUPPORTED when one has a step of an unknown kind. Caller frees. */
char *kt_kinds_common (const KtStepKind *const *kinds, const KtChange *one, const KtChange *other, GError **error);
