/* SPDX-License-Identifier: MIT
 *
 * What people run an indexer for, and the command line that does it in a release. Pure.
 */
#pragma once

#include "indexer/releases.h"

typedef struct {
  const char *name, *summary;
  const char *loses; /* what API servers and people go without */
  const char *retention; /* NULL: everything is kept */
  const char *disable, *exclude; /* values by the names of the newest release; "light": upstream's small set */
} KtUse;

/* Ends with a NULL name. */
extern const KtUse kt_uses[];

const KtUse *kt_use_find (const char *name);

/* What @release leaves out for @use: values that it does not know are left out of the result. */
KtFeatures kt_use_features (const KtUse *use, KtRelease release);

/* The words after the program's name, for @release. @retention NULL: the use's own; "": everything is kept. Caller frees. */
GStrv kt_use_arguments (const KtUse *use, KtRelease release, const char *retention);
