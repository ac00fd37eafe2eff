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
  /* Told about every transition: step k of n, what happens. May be NULL. @step NULL: about the whole change set. */
  void (*watch) (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event);
  void (*progress) (gpointer watcher, const char *what, gint64 done, gint64 total);
  gpointer watcher;
} KtRunner;

/* check of all steps, then prepare, apply, verify one after the other. When a step fails or is cancelled, everything
 * done so far is undone and the step's own error is returned, prefixed with where things stand ("undone: the system is as before").
 * @id is set as soon as the change set stands in the journal, also on failure.
 * Errors besides the steps' own: KT_ERROR_REFUSED when another kastune works on the server or an unfinished change set exists. */
gboolean kt_runner_apply (const KtRunner *runner, const KtPlan *plan, gint64 *id, GError **error);

/* Undoes an applied change set, newest step first. can_undo of all steps is asked before anything happens.
 * Errors: KT_ERROR_REFUSED when it is not applied or a newer one of the same server is, KT_ERROR_CHANGED. */
gboolean kt_runner_undo (const KtRunner *runner, gint64 id, GError **error);

/* Finishes what a crash left: a running change set is undone, an undo is carried on. @changed counts those finished.
 * Without any it is cheap: one query. A change set whose holder still lives is left alone. */
gboolean kt_runner_recover (const KtRunner *runner, guint *changed, GError **error);
