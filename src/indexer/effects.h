/* SPDX-License-Identifier: MIT
 *
 * THE table of what goes with each table or field that an indexer leaves out: who notices it, and by what. Pure.
 */
#pragma once

#include "indexer/features.h"

/* What is lost without @bit (KtDisable or KtField); NULL: nothing that anybody reads. Borrowed. */
const char *kt_effect_lost (KtValues kind, guint bit);

/* What @features leave out, one call a value: TRUE and its bit, while there is a next one after *bit (begin with 0). */
gboolean kt_effects_next (const KtFeatures *features, KtValues kind, guint *bit);

/* @features without that one. */
KtFeatures kt_effects_with (const KtFeatures *features, KtValues kind, guint bit);
