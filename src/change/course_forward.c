/* SPDX-License-Identifier: MIT
 *
 * Forward works on the change set as the journal holds it, not on the plan: what is applied already is passed over.
 */
#include "change/course.h"

#include "base/crash.h"
#include "base/error.h"
#include "change/kinds.h"
#include "change/transition.h"

static gboolean
prepare_step (KtCourse *course, const KtStepKind *kind, KtChangeStep *step, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  g_autoptr (JsonObject) before
    = kind->prepare != NULL ? kind->prepare (&context, step->args, error) : json_object_new ();
  if (before == NULL)
    return FALSE;
  kt_crash_point ("runner: step %d prepared", (int) step->id);
  return kt_transition_applying (course->runner->state, course->change, step, before, course->runner->actor, error);
}

static gboolean
carry_out (KtCourse *course, const KtStepKind *kind, KtChangeStep *step, GError **error)
{
  KtStepContext context = kt_course_context (course->runner, course->runner->cancellable);
  /* One that a crash left half done keeps what was before it. */
  if (step->state == KT_STEP_PLANNED && !prepare_step (course, kind, step, error))
    return FALSE;
  kt_course_tell (course, step, kt_step_state_name (KT_STEP_APPLYING));
  if (!kind->apply (&context, step->args, step->before, error))
    return FALSE;
  kt_crash_point ("runner: step %d applied", (int) step->id);
  kt_course_tell (course, step, "verifying");
  if (kind->verify != NULL && !kind->verify (&context, step->args, step->before, error))
    return FALSE;
  kt_crash_point ("runner: step %d verified", (int) step->id);
  if (!kt_course_record (course, step, KT_STEP_APPLIED, NULL, error))
    return FALSE;
  kt_course_tell (course, step, kt_step_state_name (KT_STEP_APPLIED));
  return TRUE;
}

static gboolean
go_forward (KtCourse *course, GError **error)
{
  for (guint i = 0; i < course->change->steps->len; i++)
    {
      KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      if (step->state == KT_STEP_APPLIED)
        continue;
      course->failed = step;
      const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, error);
      if (kind == NULL || kt_course_is_interrupted (course->runner->cancellable, error) || !carry_out (course, kind, step, error))
        return FALSE;
    }
  course->failed = NULL;
  gboolean recorded = course->change->confirm_within > 0
                        ? kt_transition_waiting (course->runner->state, course->change, course->runner->actor, error)
                        : kt_course_record (course, NULL, KT_CHANGE_APPLIED, NULL, error);
  if (recorded)
    kt_course_tell (course, NULL, kt_change_state_name (course->change->state));
  return recorded;
}

static gboolean
any_step_begun (const KtChange *change)
{
  for (guint i = 0; i < change->steps->len; i++)
    if (((KtChangeStep *) g_ptr_array_index (change->steps, i))->state != KT_STEP_PLANNED)
      return TRUE;
  return FALSE;
}

/* After @failure, which it takes: back to before, then the error that says so. */
static void
give_up (KtCourse *course, GError *failure, GError **error)
{
  kt_course_translate_cancelled (&failure);
  gboolean begun = any_step_begun (course->change);
  g_autofree char *why = kt_course_describe_failure (course, course->failed, failure);
  course->why = why;
  kt_course_record_undo (course, NULL, KT_CHANGE_UNDOING, why);
  g_autoptr (GError) stuck = NULL;
  if (kt_course_back (course, &stuck))
    kt_course_prefix (course, course->failed, begun ? "undone, the system is as before" : "nothing was changed", &failure);
  else if (course->change->state == KT_CHANGE_UNDONE)
    kt_course_prefix (course, course->failed, stuck->message, &failure);
  else
    {
      g_error_free (failure);
      failure = g_steal_pointer (&stuck);
    }
  course->why = NULL;
  g_propagate_error (error, failure);
}

gboolean
kt_course_forward (KtCourse *course, GError **error)
{
  GError *failure = NULL;
  if (go_forward (course, &failure))
    return TRUE;
  give_up (course, failure, error);
  return FALSE;
}
