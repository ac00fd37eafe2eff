/* SPDX-License-Identifier: MIT
 *
 * Parts of rows as JSON, shared by advice and explanation.
 */
#pragma once

#include "tuning/advise.h"

JsonObject *kt_advice_row_to_json (const KtAdviceRow *row, int major);
/* Adds the member `impact` when the row claims one. */
void kt_param_impact_to_json (const KtParam *param, JsonObject *object);
