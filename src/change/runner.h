/* SPDX-License-Identifier: MIT
 *
 * Carries out plans, undoes change sets, finishes what a crash left. One change set at a time per server: a lock file in
 * the state folder, held by flock, so it dies with its holder.
 */
#pragma once

#include "change/journal.h"

typedef enum {
  KT_ANSWER_NONE,
  KT_ANSWER_KEEP,
  KT_ANSWER_BACK,
} KtAnswer;

typedef struct {
  KtState *state;
  const KtStepKind *const *kinds; /* NULL-terminated: needed to resume a journal */
  const char *actor;
  GCancellable *cancellable;
  /* Told about every transition once it is journaled. @event is the new state's name ("running", "applying", "waiting",
   * "applied", "undoing", "undone", "stuck") or "verifying". @step NULL: about the whole change set. May be NULL. */
  void (*watch) (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event);
  void (*progress) (gpointer watcher, const char *what, gint64 done, gint64 total);
  /* Asked now and then by kt_runner_wait: what does somebody who sits there say? May be NULL: nobody does. */
  KtAnswer (*answer) (gpointer watcher);
  /* Is nobody at work on the server of a scheduled @change? Asked every second by kt_runner_wait while its window is open. NULL: so
   * it is. */
  gboolean (*idle) (gpointer watcher, const KtChange *change);
  gpointer watcher;
} KtRunner;

/* All of them create the journal's tables when absent (kt_journal_init). */

/* A plan with a window is only checked and written down as SCHEDULED: kt_runner_wait begins it then. Otherwise:
 * check of all steps, then prepare, apply, verify one after the other. Ends as APPLIED, or as WAITING when the plan wants to
 * be confirmed. When a step fails or is cancelled, everything
 * done so far is undone and the step's own error is returned, prefixed with where things stand: "nothing was changed",
 * "undone, the system is as before". When the undo fails as well the change set is stuck, which the error says instead,
 * with the undo's code. @id (may be NULL) is set as soon as the change set stands in the journal, also on failure.
 * Errors besides the steps' own: KT_ERROR_REFUSED when another kastune works on the server, an unfinished change set exists
 * or the plan is empty; KT_ERROR_STATE when the journal is damaged; KT_ERROR_NO_SPACE when it could not record an undo. */
gboolean kt_runner_apply (const KtRunner *runner, const KtPlan *plan, gint64 *id, GError **error);

/* Begins a scheduled change set now, and ends like kt_runner_apply. TRUE when somebody else did. One whose steps cannot be done any
 * more is off the schedule; KT_ERROR_CONNECT leaves it there, and KT_ERROR_REFUSED while an older one of the server is unfinished. */
gboolean kt_runner_begin (const KtRunner *runner, gint64 id, GError **error);

/* Carries out what a crash left in the middle, to its end: begun steps, and applied ones that do not verify, once more with what was
 * journaled as before them, then the others. Ends like kt_runner_apply. Errors: KT_ERROR_REFUSED when it is not running or its
 * holder lives; what check and can_undo of its steps say, and then nothing is done. */
gboolean kt_runner_resume (const KtRunner *runner, gint64 id, GError **error);

/* Undoes an applied or waiting change set, takes a scheduled one off the schedule, newest step first, or carries on with an unfinished one. can_undo of all steps of an applied
 * one is asked before anything happens; from then on it cannot be cancelled.
 * Errors: KT_ERROR_NOT_FOUND, KT_ERROR_REFUSED when it is undone already, a newer one of the same server is unfinished or is
 * applied and touches the same (named, with what that is and the command), or another kastune works on the server;
 * KT_ERROR_CHANGED; the undo's own when it is stuck. */
gboolean kt_runner_undo (const KtRunner *runner, gint64 id, GError **error);

/* A waiting change set stays: confirm or verify of all steps, then it is APPLIED. When one of them fails it goes on waiting, and
 * goes back when its time is over. When that is over already it is undone, and KT_ERROR_TIMEOUT says so.
 * Errors: KT_ERROR_NOT_FOUND, KT_ERROR_REFUSED when it does not wait or another kastune works on the server; the steps' own. */
gboolean kt_runner_confirm (const KtRunner *runner, gint64 id, GError **error);

/* Stays until a change set is no longer scheduled or waiting: begins it in its window, and undoes it when the time to confirm it is
 * over; also finishes what a crash left of it.
 * Any number may wait for the same one: no lock is held meanwhile, whoever comes first does the work. TRUE: it is confirmed.
 * Errors: KT_ERROR_TIMEOUT when its time was over, KT_ERROR_FAILED when somebody undid it; KT_ERROR_INTERRUPTED when
 * cancelled, which changes nothing; those of confirm (after KT_ANSWER_KEEP) and undo. */
gboolean kt_runner_wait (const KtRunner *runner, gint64 id, GError **error);

/* Finishes what a crash left: a running change set is undone, an undo is carried on, a stuck one is tried again, a waiting
 * one is undone when its time is over. @changed
 * counts those finished. Without any it is cheap: one query. A change set whose holder still lives is left alone.
 * Errors: that of the first that could not be finished; the others are tried all the same. */
gboolean kt_runner_recover (const KtRunner *runner, guint *changed, GError **error);
/* The part of it that needs nobody's word, since it was agreed on beforehand: waiting ones whose time is over. */
gboolean kt_runner_expire (const KtRunner *runner, guint *changed, GError **error);
/* The same for one change set. TRUE with *changed untouched when it has no need of it or its holder still lives. */
gboolean kt_runner_finish (const KtRunner *runner, gint64 id, guint *changed, GError **error);
