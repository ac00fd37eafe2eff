/* SPDX-License-Identifier: MIT
 *
 * Ranks with the probability 1/rank: how transactions spread over addresses. Walker's alias method, one table look-up
 * a draw. Only +, * and / of doubles are used, so every machine builds the same table.
 */
#pragma once

#include <glib.h>

typedef struct KtZipf KtZipf;

KtZipf *kt_zipf_new (guint32 ranks);
void kt_zipf_free (KtZipf *zipf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtZipf, kt_zipf_free)

/* 0 ... ranks - 1, most frequent first; a function of @random alone. */
guint32 kt_zipf_draw (const KtZipf *zipf, guint64 random);
