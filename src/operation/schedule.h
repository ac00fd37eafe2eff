/* SPDX-License-Identifier: MIT
 *
 * apply --restart-at and --when-idle: what a reload can do is done at once, in a change set of its own; what needs a restart
 * becomes a second one that waits for its window. Each is whole: when the restart fails, the first part stays.
 */
#pragma once

#include "change/runner.h"
#include "operation/operation.h"

/* Is it asked for? @window (may be NULL) gets when. Errors (FALSE with @error): KT_ERROR_USAGE. */
gboolean kt_schedule_wanted (JsonObject *args, KtWindow *window, GError **error);

/* After the question was answered: @shown is the whole plan. Gives it with `change` (the first part, absent when there was none) and
 * `scheduled` (the second). Stays until that is done, unless `detach`; Ctrl-C only ends the staying. */
JsonObject *kt_schedule_apply (KtOperationContext *context, const KtRunner *runner, JsonObject *args, JsonObject *shown, GError **error);

/* Held by the daemon that looks after all change sets of a state folder. */
#define KT_SCHEDULE_DAEMON_LOCK "daemon"

/* Starts the kastune in the background that begins a scheduled change set or finishes a waiting one, unless one is there.
 * Who wakes it from now on: "daemon", "background" (until the next reboot), or "nobody". */
const char *kt_schedule_guard (KtOperationContext *context, const KtState *state, gint64 id);

/* Taken by who waits for @id, so that others see that somebody does. NULL: somebody else does. */
struct KtLock *kt_schedule_take_guard (const KtState *state, gint64 id);

/* For KtRunner.idle. */
gboolean kt_schedule_is_idle (gpointer context, const KtChange *change);
