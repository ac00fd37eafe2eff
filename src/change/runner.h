/* SPDX-License-Identifier: MIT
 *
 * Carries out plans, undoes change sets, finishes what a crash left. One change set at a time per server: a lock file in
 * the state folder, held by flock, so it dies with its holder.
 */
#pragma once

#include "change/journal.h"

typedef struct {
  KtState *state;
  const KtStepKind *const *kinds; /* NULL-terminated: needed to resume a journal */
  const char *actor;
  GCancellable *cancellable;
  /* Told about every transition once it is journaled. @event is the new state's name ("running", "applying", "applied",
   * "undoing", "undone", "stuck") or "verifying". @step NULL: about the whole change set. May be NULL. */
  void (*watch) (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event);
  void (*progress) (gpointer watcher, const char *what, gint64 done, gint64 total);
  gpointer watcher;
} KtRunner;

/* All three create the journal's tables when absent (kt_journal_init). */

/* check of all steps, then prepare, apply, verify one after the other. When a step fails or is cancelled, everything
 * done so far is undone and the step's own error is returned, prefixed with where things stand: "nothing was changed",
 * "undone, the system is as before". When the undo fails as well the change set is stuck, which the error says instead,
 * with the undo's code. @id (may be NULL) is set as soon as the change set stands in the journal, also on failure.
 * Errors besides the steps' own: KT_ERROR_REFUSED when another kastune works on the server, an unfinished change set exists
 * or the plan is empty; KT_ERROR_STATE when the journal is damaged; KT_ERROR_NO_SPACE when it could not record an undo. */
gboolean kt_runner_apply (const KtRunner *runner, const KtPlan *plan, gint64 *id, GError **error);

/* Undoes an applied change set, newest step first, or carries on with an unfinished one. can_undo of all steps of an applied
 * one is asked before anything happens; from then on it cannot be cancelled.
 * Errors: KT_ERROR_NOT_FOUND, KT_ERROR_REFUSED when it is undone already, a newer one of the same server is applied (named,
 * with the command as hint) or another kastune works on the server; KT_ERROR_CHANGED; the undo's own when it is stuck. */
gboolean kt_runner_undo (const KtRunner *runner, gint64 id, GError **error);

/* Finishes what a crash left: a running change set is undone, an undo is carried on, a stuck one is tried again. @changed
 * counts those finished. Without any it is cheap: one query. A change set whose holder still lives is left alone.
 * Errors: that of the first that could not be finished; the others are tried all the same. */
gboolean kt_runner_recover (const KtRunner *runner, guint *changed, GError **error);
