/* SPDX-License-Identifier: MIT
 *
 * A kastune for each change set that waits to be woken.
 */
#pragma once

#include "change/journal.h"

typedef struct KtKeeper KtKeeper;

/* @changed: one of them has ended. */
KtKeeper *kt_keeper_new (KtState *state, void (*changed) (gpointer user), gpointer user);
void kt_keeper_free (KtKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtKeeper, kt_keeper_free)

/* Starts those that are missing. One that failed is started again after a while. Errors: of reading the journal. */
gboolean kt_keeper_look (KtKeeper *keeper, GError **error);

/* How many there are. */
guint kt_keeper_busy (const KtKeeper *keeper);

/* Asks them all to end; a change that is being made is taken back first. No more are started. */
void kt_keeper_end (KtKeeper *keeper);
