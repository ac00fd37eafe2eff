/* SPDX-License-Identifier: MIT
 *
 * Writing the journal. Each of these is one durable transaction with its event; the structs follow only when it is on
 * disk, so that memory never runs ahead of the journal. For the runner alone.
 *
 * Errors: KT_ERROR_NO_SPACE, KT_ERROR_STATE, KT_ERROR_PRIVILEGE; then nothing is journaled.
 */
#pragma once

#include "change/journal.h"

/* A new change set, running or (with a window) scheduled, all steps planned. NULL on error. */
KtChange *kt_transition_begin (KtState *state, const KtPlan *plan, const char *actor, GError **error);

/* @text: why, kept as the change set's reason unless NULL. */
gboolean kt_transition_change (KtState *state, KtChange *change, KtChangeState to, const char *actor, const char *text,
                               GError **error);

/* From RUNNING to WAITING: the time to confirm it begins now. */
gboolean kt_transition_waiting (KtState *state, KtChange *change, const char *actor, GError **error);

/* With what undo needs, before apply begins. Takes over a reference of @before on success. */
gboolean kt_transition_applying (KtState *state, const KtChange *change, KtChangeStep *step, JsonObject *before,
                                 const char *actor, GError **error);

/* @text: why, kept as the step's error unless NULL. */
gboolean kt_transition_step (KtState *state, const KtChange *change, KtChangeStep *step, KtStepState to,
                             const char *actor, const char *text, GError **error);
