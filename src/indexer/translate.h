/* SPDX-License-Identifier: MIT
 *
 * A command line of one release said in the words of another. Pure.
 */
#pragma once

#include "indexer/arguments.h"

/* @words, of whichever release, as @target takes them: "--name=value" each, values renamed, what @target has no word for left out.
 * Each difference becomes a sentence in @notes (char *). Caller frees. */
GStrv kt_translate (const char *const *words, KtRelease target, GPtrArray *notes);

/* What @features of @from are in @to. */
KtFeatures kt_translate_features (const KtFeatures *features, KtRelease from, KtRelease to);
