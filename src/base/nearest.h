/* SPDX-License-Identifier: MIT
 *
 * What was meant by a mistyped word.
 */
#pragma once

#include <glib.h>

/* The word of @known (char *) that @typed becomes with at most two letters inserted, deleted or replaced, or NULL.
 * Borrowed from @known. Case counts. */
const char *kt_nearest_word (const char *typed, const GPtrArray *known);
