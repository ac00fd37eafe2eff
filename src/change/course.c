/* SPDX-License-Identifier: MIT */
#include "change/course.h"

#include "base/error.h"
#include "change/transition.h"

void
kt_course_clear (KtCourse *course)
{
  g_clear_pointer (&course->change, kt_change_free);
  g_clear_error (&course->unrecorded);
}

KtStepContext
kt_course_context (const KtRunner *runner, GCancellable *cancellable)
{
  return (KtStepContext){ .cancellable = cancellable, .progress = runner->progress, .watcher = runner->watcher };
}

/* Locked and loaded anew: what was seen before the lock may have changed. */
gboolean
kt_course_take (KtCourse *course, gint64 id, KtLock **lock, GError **error)
{
  const KtRunner *runner = course->runner;
  g_autoptr (KtChange) glance = NULL;
  return kt_journal_init (runner->state, error) && (glance = kt_journal_load (runner->state, id, error)) != NULL
         && (*lock = kt_lock_take (kt_state_directory (runner->state), glance->server, error)) != NULL
         && (course->change = kt_journal_load (runner->state, id, error)) != NULL;
}

gboolean
kt_course_is_interrupted (GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return FALSE;
  kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
  return TRUE;
}

/* GIO has words of its own, and scripts rely on ours. */
void
kt_course_translate_cancelled (GError **failure)
{
  if (!g_error_matches (*failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_error (failure);
  kt_error_set (failure, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
}

void
kt_course_tell (const KtCourse *course, const KtChangeStep *step, const char *event)
{
  if (course->runner->watch != NULL)
    course->runner->watch (course->runner->watcher, course->change, step, event);
}

gboolean
kt_course_record (const KtCourse *course, KtChangeStep *step, guint to, const char *text, GError **error)
{
  const KtRunner *runner = course->runner;
  return step != NULL ? kt_transition_step (runner->state, course->change, step, to, runner->actor, text, error)
                      : kt_transition_change (runner->state, course->change, to, runner->actor, text, error);
}

char *
kt_course_name_of_step (const KtCourse *course, const KtChangeStep *step)
{
  return g_strdup_printf ("step %" G_GINT64_FORMAT " of %u (%s)", step->id, course->change->steps->len, step->description);
}

char *
kt_course_describe_failure (const KtCourse *course, const KtChangeStep *step, const GError *error)
{
  g_autofree char *name = step != NULL ? kt_course_name_of_step (course, step) : NULL;
  const char *detail = kt_error_detail (error);
  return g_strconcat (name != NULL ? name : "", name != NULL ? ": " : "", error->message,
                      detail != NULL ? ": " : "", detail, NULL);
}

void
kt_course_prefix (const KtCourse *course, const KtChangeStep *step, const char *stand, GError **error)
{
  g_autofree char *name = step != NULL ? kt_course_name_of_step (course, step) : NULL;
  g_prefix_error (error, "%s: %s%s", stand, name != NULL ? name : "", name != NULL ? ": " : "");
}
