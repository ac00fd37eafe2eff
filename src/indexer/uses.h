/* SPDX-License-Identifier: MIT
 *
 * What people run an indexer for, and what it leaves out for that; choice.h makes a command line of it. Pure.
 */
#pragma once

#include "indexer/releases.h"

typedef struct {
  const char *name, *summary;
  const char *loses; /* what API servers and people go without */
  const char *retention; /* NULL: everything is kept */
  const char *disable, *exclude; /* values by the names of the newest release; "light": upstream's small set */
} KtUse;

#define KT_USE_EVERYTHING "explorer" /* leaves nothing out */

/* Ends with a NULL name. */
extern const KtUse kt_uses[];

const KtUse *kt_use_find (const char *name);

/* What @release, whose command line is known, leaves out for @use: values that it does not know are left out of the result. */
KtFeatures kt_use_features (const KtUse *use, const KtReleaseRow *release);
