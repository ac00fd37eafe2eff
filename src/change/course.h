/* SPDX-License-Identifier: MIT
 *
 * A change set on its course, forward to applied or back to before: what the files of the runner share. Its lock is held all the
 * while.
 */
#pragma once

#include "change/lock.h"
#include "change/runner.h"

typedef struct {
  const KtRunner *runner;
  KtChange *change;
  KtChangeStep *failed; /* the step because of which it is being undone, or NULL */
  const char *why;      /* what it is being undone for, or NULL when somebody asked for it */
  GError *unrecorded;   /* the first transition that the journal could not take during an undo */
} KtCourse;

void kt_course_clear (KtCourse *course);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtCourse, kt_course_clear)

/* Takes the lock of the change set's server and loads it. Errors: those of kt_journal_load and kt_lock_take. */
gboolean kt_course_take (KtCourse *course, gint64 id, KtLock **lock, GError **error);
/* What a step is called with. */
KtStepContext kt_course_context (const KtRunner *runner, GCancellable *cancellable);
/* TRUE with KT_ERROR_INTERRUPTED. */
gboolean kt_course_is_interrupted (GCancellable *cancellable, GError **error);
/* The error of a cancelled step in our words. */
void kt_course_translate_cancelled (GError **failure);

/* A new state into the journal; @step NULL: of the whole change set. */
gboolean kt_course_record (const KtCourse *course, KtChangeStep *step, guint to, const char *text, GError **error);
/* The same on the way back: at the cost of the reserve if need be, and without the journal otherwise. Tells it, too. */
void kt_course_record_undo (KtCourse *course, KtChangeStep *step, guint to, const char *text);
/* To whoever watches. */
void kt_course_tell (const KtCourse *course, const KtChangeStep *step, const char *event);

/* "step 2 of 3 (write x)". Caller frees. */
char *kt_course_name_of_step (const KtCourse *course, const KtChangeStep *step);
/* "step 2 of 3 (write x): cannot write x: No space left on device"; @step may be NULL. Caller frees. */
char *kt_course_describe_failure (const KtCourse *course, const KtChangeStep *step, const GError *error);
/* Puts @stand and the step before an error; @step may be NULL. */
void kt_course_prefix (const KtCourse *course, const KtChangeStep *step, const char *stand, GError **error);

/* From the state RUNNING to applied or waiting; or back to before, and then the error says so. */
gboolean kt_course_forward (KtCourse *course, GError **error);
/* From the state UNDOING to undone, newest step first, or to stuck. */
gboolean kt_course_back (KtCourse *course, GError **error);
/* From any state: records that it is being undone and why, which must succeed, else nothing is touched; then goes back. */
gboolean kt_course_undo (KtCourse *course, GError **error);
