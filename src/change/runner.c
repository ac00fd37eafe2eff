/* SPDX-License-Identifier: MIT
 *
 * What somebody asks for: each takes the lock, looks whether it may be, and sets a change set on its course.
 */
#include "change/runner.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/size.h"
#include "change/course.h"
#include "change/kinds.h"
#include "change/obstacles.h"
#include "change/transition.h"

static gboolean
check_plan (const KtRunner *runner, const KtPlan *plan, GError **error)
{
  KtStepContext context = kt_course_context (runner, runner->cancellable);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const KtPlanStep *step = g_ptr_array_index (plan->steps, i);
      if (kt_course_is_interrupted (runner->cancellable, error) || kt_kind_find (runner->kinds, step->kind->name, error) == NULL)
        return FALSE;
      g_autofree char *description = step->kind->describe (step->args);
      if (step->kind->check != NULL && !step->kind->check (&context, step->args, error))
        {
          g_prefix_error (error, "nothing was changed: step %u of %u (%s): ", i + 1, plan->steps->len, description);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
kt_runner_apply (const KtRunner *runner, const KtPlan *plan, gint64 *id, GError **error)
{
  if (plan->steps->len == 0)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "kastune status", "the plan has no steps: there is nothing to do");
      return FALSE;
    }
  g_autoptr (KtLock) lock = NULL;
  if (!kt_journal_init (runner->state, error) || !kt_journal_check (runner->state, error)
      || (lock = kt_lock_take (kt_state_directory (runner->state), plan->server, error)) == NULL
      || !kt_may_begin (runner, plan->server, error) || !check_plan (runner, plan, error)
      || !kt_state_reserve (runner->state, error))
    return FALSE;

  kt_crash_point ("runner: checked");
  g_auto (KtCourse) course = { .runner = runner };
  course.change = kt_transition_begin (runner->state, plan, runner->actor, error);
  if (course.change == NULL)
    return FALSE;
  if (id != NULL)
    *id = course.change->id;
  kt_course_tell (&course, NULL, kt_change_state_name (course.change->state));
  return course.change->state == KT_CHANGE_SCHEDULED || kt_course_forward (&course, error);
}

/* What a scheduled one was planned on may be gone by now; then it is off the schedule. A server that does not answer may do so
 * later in the window. */
static gboolean
check_again (KtCourse *course, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  for (guint i = 0; i < course->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      g_autoptr (GError) failure = NULL;
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, &failure);
      if (kind != NULL && (kind->check == NULL || kind->check (&context, step->args, &failure)))
        continue;
      if (!g_error_matches (failure, KT_ERROR, KT_ERROR_CONNECT))
        {
          g_autofree char *why = kt_course_describe_failure (course, step, failure);
          kt_course_record_undo (course, NULL, KT_CHANGE_UNDONE, why);
        }
      kt_course_prefix (course, step, "nothing was changed", &failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  return TRUE;
}

/* Something of the server's that is neither before nor after: an older one whose undo got stuck while this one was on the schedule. */
static gboolean
is_in_the_clear (const KtCourse *course, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KtChange) open = kt_journal_newest (course->runner->state, course->change->server, KT_CHANGE_UNFINISHED, &failure);
  if (open != NULL)
    kt_error_set (error, KT_ERROR_REFUSED, open->reason, "kastune status", "nothing was changed: change set %" G_GINT64_FORMAT " is %s",
                  open->id, kt_change_state_name (open->state));
  else if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    return TRUE;
  return FALSE;
}

gboolean
kt_runner_begin (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (KtCourse) course = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!kt_course_take (&course, id, &lock, error))
    return FALSE;
  if (course.change->state != KT_CHANGE_SCHEDULED)
    return TRUE;
  if (!is_in_the_clear (&course, error) || !check_again (&course, error) || !kt_state_reserve (runner->state, error)
      || !kt_course_record (&course, NULL, KT_CHANGE_RUNNING, NULL, error))
    return FALSE;
  kt_course_tell (&course, NULL, kt_change_state_name (KT_CHANGE_RUNNING));
  return kt_course_forward (&course, error);
}

static gboolean
ask_steps (const KtCourse *course, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  for (guint i = course->change->steps->len; i-- > 0;)
    {
      const KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, error);
      if (kind == NULL || kt_course_is_interrupted (course->runner->cancellable, error)
          || (kind->can_undo != NULL && !kind->can_undo (&context, step->args, step->before, error)))
        {
          kt_course_prefix (course, step, "nothing was changed", error);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
kt_runner_undo (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (KtCourse) course = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!kt_course_take (&course, id, &lock, error) || !kt_may_undo (runner, course.change, error))
    return FALSE;
  gboolean whole = course.change->state == KT_CHANGE_APPLIED || course.change->state == KT_CHANGE_WAITING;
  if (whole && !ask_steps (&course, error))
    return FALSE;
  return kt_course_undo (&course, error);
}

/* Every step that was begun must still be ours to go on with; those to come are checked like those of a new plan. */
static gboolean
may_go_on (const KtCourse *course, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  for (guint i = 0; i < course->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, error);
      gboolean begun = step->state != KT_STEP_PLANNED;
      if (kind != NULL && (begun ? kind->can_undo == NULL || kind->can_undo (&context, step->args, step->before, error)
                                 : kind->check == NULL || kind->check (&context, step->args, error)))
        continue;
      kt_course_prefix (course, step, "nothing was done", error);
      return FALSE;
    }
  return TRUE;
}

/* An undo that the journal could not kt_course_take (a full disk) leaves steps that it still calls applied: they are done once more. */
static void
doubt_applied (const KtCourse *course)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  for (guint i = 0; i < course->change->steps->len; i++)
    {
      KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, NULL);
      if (step->state == KT_STEP_APPLIED && kind != NULL && kind->verify != NULL
          && !kind->verify (&context, step->args, step->before, NULL))
        step->state = KT_STEP_APPLYING;
    }
}

gboolean
kt_runner_resume (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (KtCourse) course = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!kt_course_take (&course, id, &lock, error))
    return FALSE;
  if (course.change->state != KT_CHANGE_RUNNING)
    {
      kt_error_set (error, KT_ERROR_REFUSED, course.change->reason, "kastune status",
                    "change set %" G_GINT64_FORMAT " was not ended in the middle: it is %s", id, kt_change_state_name (course.change->state));
      return FALSE;
    }
  if (!may_go_on (&course, error) || !kt_state_reserve (runner->state, error)
      || !kt_course_record (&course, NULL, KT_CHANGE_RUNNING, NULL, error))
    return FALSE;
  doubt_applied (&course);
  kt_course_tell (&course, NULL, kt_change_state_name (KT_CHANGE_RUNNING));
  return kt_course_forward (&course, error);
}

static gboolean
verify_again (KtCourse *course, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  for (guint i = 0; i < course->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, error);
      if (kind == NULL || kt_course_is_interrupted (course->runner->cancellable, error))
        return FALSE;
      kt_course_tell (course, step, "verifying");
      gboolean (*fit) (KtStepContext *, JsonObject *, JsonObject *, GError **) = kind->confirm != NULL ? kind->confirm : kind->verify;
      if (fit == NULL || fit (&context, step->args, step->before, error))
        continue;
      kt_course_prefix (course, step, "not confirmed, it goes back when its time is over", error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
confirm_too_late (KtCourse *course, GError **error)
{
  g_autofree char *within = kt_duration_format (course->change->confirm_within);
  if (!kt_course_undo (course, error))
    return FALSE;
  kt_error_set (error, KT_ERROR_TIMEOUT, NULL, "kastune apply",
                "change set %" G_GINT64_FORMAT " was not confirmed within %s: undone, the system is as before",
                course->change->id, within);
  return FALSE;
}

gboolean
kt_runner_confirm (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (KtCourse) course = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!kt_course_take (&course, id, &lock, error))
    return FALSE;
  if (course.change->state != KT_CHANGE_WAITING)
    {
      kt_error_set (error, KT_ERROR_REFUSED, course.change->reason, "kastune status",
                    "change set %" G_GINT64_FORMAT " does not wait to be confirmed: it is %s", id,
                    kt_change_state_name (course.change->state));
      return FALSE;
    }
  if (kt_change_is_overdue (course.change))
    return confirm_too_late (&course, error);
  GError *failure = NULL;
  if (!verify_again (&course, &failure))
    {
      kt_course_translate_cancelled (&failure);
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (!kt_course_record (&course, NULL, KT_CHANGE_APPLIED, NULL, error))
    return FALSE;
  kt_course_tell (&course, NULL, kt_change_state_name (KT_CHANGE_APPLIED));
  return TRUE;
}
