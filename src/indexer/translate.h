/* SPDX-License-Identifier: MIT
 *
 * A command line of one release said in the words of another, and one that a use is put into. Pure.
 */
#pragma once

#include "indexer/arguments.h"
#include "indexer/uses.h"

/* @words, of whichever release, as @target takes them: "--name=value" each, values renamed, what @target has no word for left out.
 * Each difference becomes a sentence in @notes (char *). Caller frees. */
GStrv kt_translate (const char *const *words, KtRelease target, GPtrArray *notes);

/* @words of @release with what it stores and how long replaced by those of @use; where to connect and how fast stay. @retention as for
 * kt_use_arguments. Times of pruning that are given stay. Caller frees. */
GStrv kt_translate_to_use (const char *const *words, KtRelease release, const KtUse *use, const char *retention);
