/* SPDX-License-Identifier: MIT
 *
 * What the step kinds that give a cluster or its log another place have in common.
 */
#pragma once

#include "backup/backup.h"
#include "backup/follower.h"

/* {data directory}: what all of them change. */
GStrv kt_move_touches (JsonObject *args);

/* As the watch of a backup, for the context of a step. */
void kt_move_pass_progress (gpointer context, const char *what, gint64 done, gint64 total);

/* For the folder that a cluster leaves: why nothing starts there, where it went and what that cost; @interruption_ms below 0: it is not
 * over. Caller frees. */
char *kt_move_note (const char *to, const KtFollowed *followed, gint64 interruption_ms);

/* Puts @data to sleep, provided that nobody has started PostgreSQL there since it was at rest with the latest checkpoint at @checkpoint: what
 * was written since would be lost. From then on nobody can. Errors: KT_ERROR_CHANGED, then it is awake as before. */
gboolean kt_move_put_to_sleep (const KtInstance *instance, const char *data, const char *note, const char *state, guint64 checkpoint,
                               GError **error);
