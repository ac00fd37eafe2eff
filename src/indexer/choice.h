/* SPDX-License-Identifier: MIT
 *
 * What somebody wants an indexer to store: a use, and what is to be otherwise, table by table and field by field. From it come the words
 * for a release. Names are those of any release, or those under which designs and other tools know the same things. Pure.
 */
#pragma once

#include "indexer/arguments.h"
#include "indexer/uses.h"

typedef struct {
  const KtUse *use;               /* NULL: begins with what is stored now */
  const char *disable, *exclude;  /* also left out, comma-separated; NULL: nothing more */
  const char *keep;               /* of either kind: stored all the same */
  const char *mapping;            /* "addresses", "scripts", "none"; NULL: as the rest says */
  const char *retention;          /* NULL: the use's own, or that of now; "": everything is kept */
} KtChoice;

/* Nothing is to be otherwise than now. */
gboolean kt_choice_is_empty (const KtChoice *choice);

/* @words, which @release takes, with what they store and how long replaced by the choice; where to connect and how fast stay, and so do
 * times of pruning. Names in other words than those given become sentences in @notes (char *). Caller frees.
 * Errors: KT_ERROR_USAGE (a name that nothing has, with the real one; choices that contradict each other). */
GStrv kt_choice_apply (const KtChoice *choice, const KtReleaseRow *release, const char *const *words, GPtrArray *notes, GError **error);

/* The choice as options of kastune's own: "--for integrator --keep tx_payload". Caller frees. */
char *kt_choice_words (const KtChoice *choice);
