/* SPDX-License-Identifier: MIT
 *
 * The text of kastune's own include file: grouped, the reason above every setting, the same advice gives the same
 * bytes.
 */
#pragma once

#include "tuning/advise.h"

/* Does this row belong into the file? What changes, and what is as wanted without being the built-in default. */
gboolean kt_conf_text_has (const KtAdvice *advice, const KtAdviceRow *row);

/* Caller frees. */
char *kt_conf_text (const KtAdvice *advice);
