/* SPDX-License-Identifier: MIT
 *
 * Backward goes on when the journal cannot be written, since the system matters more than the record; the journal then
 * still says "unfinished" and the next start goes through the same undo again, which every step kind allows.
 */
#include "change/course.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/size.h"
#include "change/kinds.h"

/* Is it worth another try, since there is disk again? */
static gboolean
made_space (const KtCourse *course, GError **error)
{
  if (!g_error_matches (*error, KT_ERROR, KT_ERROR_NO_SPACE) || !kt_state_spend_reserve (course->runner->state))
    return FALSE;
  g_clear_error (error);
  return TRUE;
}

void
kt_course_record_undo (KtCourse *course, KtChangeStep *step, guint to, const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean recorded = kt_course_record (course, step, to, text, &error);
  if (!recorded && made_space (course, &error))
    recorded = kt_course_record (course, step, to, text, &error);
  if (!recorded)
    {
      if (step != NULL)
        step->state = to;
      else
        course->change->state = to;
      if (course->unrecorded == NULL)
        course->unrecorded = g_steal_pointer (&error);
    }
  kt_course_tell (course, step, step != NULL ? kt_step_state_name (to) : kt_change_state_name (to));
}

static gboolean
undo_step (KtCourse *course, KtChangeStep *step, GError **error)
{
  const KtStepKind *kind = kt_kind_find (course->runner->kinds, step->kind, error);
  if (kind == NULL)
    return FALSE;
  kt_course_record_undo (course, step, KT_STEP_UNDOING, step == course->failed ? course->why : NULL);
  KtStepContext context = kt_course_context (course->runner, NULL);
  g_autoptr (GError) failure = NULL;
  gboolean undone = kind->undo (&context, step->args, step->before, &failure)
                    || (made_space (course, &failure) && kind->undo (&context, step->args, step->before, &failure));
  if (!undone)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  kt_crash_point ("runner: step %d undone", (int) step->id);
  kt_course_record_undo (course, step, KT_STEP_UNDONE, NULL);
  return TRUE;
}

static void
set_stuck (KtCourse *course, const KtChangeStep *step, const GError *failure, GError **error)
{
  g_autofree char *name = kt_course_name_of_step (course, step);
  g_autofree char *failed = kt_course_describe_failure (course, step, failure);
  g_autofree char *because
    = course->why != NULL ? g_strdup_printf ("; it had to be undone because of %s", course->why) : g_strdup ("");
  g_autofree char *reason = g_strdup_printf ("could not undo %s%s", failed, because);
  kt_course_record_undo (course, NULL, KT_CHANGE_STUCK, reason);

  const char *first = kt_error_hint (failure);
  g_autofree char *hint = g_strdup_printf ("%s%sremove the cause, then: kastune undo %" G_GINT64_FORMAT,
                                           first != NULL ? first : "", first != NULL ? "; " : "", course->change->id);
  kt_error_set (error, failure->domain == KT_ERROR ? failure->code : KT_ERROR_FAILED, kt_error_detail (failure), hint,
                "change set %" G_GINT64_FORMAT " is stuck between before and after: %s could not be undone: %s%s",
                course->change->id, name, failure->message, because);
}

gboolean
kt_course_back (KtCourse *course, GError **error)
{
  for (guint i = course->change->steps->len; i-- > 0;)
    {
      KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      g_autoptr (GError) failure = NULL;
      if (step->state != KT_STEP_PLANNED && step->state != KT_STEP_UNDONE && !undo_step (course, step, &failure))
        {
          set_stuck (course, step, failure, error);
          return FALSE;
        }
    }
  kt_course_record_undo (course, NULL, KT_CHANGE_UNDONE, NULL);
  if (course->unrecorded == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&course->unrecorded),
                              "undone, the system is as before, but that could not be recorded, "
                              "so kastune will undo it once more at its next start: ");
  return FALSE;
}

/* Why an unfinished change set is being undone; NULL keeps the reason that stands in the journal. */
static char *
reason_to_go_back (const KtCourse *course)
{
  if (kt_change_is_overdue (course->change))
    {
      g_autofree char *within = kt_duration_format (course->change->confirm_within);
      return g_strdup_printf ("not confirmed within %s", within);
    }
  if (course->change->state == KT_CHANGE_APPLIED || course->change->state == KT_CHANGE_WAITING)
    return g_strdup_printf ("undone by %s", course->runner->actor);
  if (course->change->state == KT_CHANGE_SCHEDULED)
    return g_strdup_printf ("taken off the schedule by %s", course->runner->actor);
  if (course->change->state == KT_CHANGE_STUCK)
    return g_strdup_printf ("stuck at first, tried again by %s", course->runner->actor);
  if (course->change->state != KT_CHANGE_RUNNING)
    return NULL;
  for (guint i = course->change->steps->len; i-- > 0;)
    {
      const KtChangeStep *step = g_ptr_array_index (course->change->steps, i);
      g_autofree char *name = kt_course_name_of_step (course, step);
      if (step->state != KT_STEP_PLANNED)
        return g_strdup_printf ("kastune was killed or the machine stopped %s %s",
                                step->state == KT_STEP_APPLYING ? "during" : "after", name);
    }
  return g_strdup ("kastune was killed or the machine stopped before the first step");
}

gboolean
kt_course_undo (KtCourse *course, GError **error)
{
  g_autoptr (GError) no_reserve = NULL;
  gboolean reserved = kt_state_reserve (course->runner->state, &no_reserve);
  if (!reserved)
    g_debug ("going back without a reserve: %s", no_reserve->message);
  g_autofree char *reason = reason_to_go_back (course);
  g_autoptr (GError) failure = NULL;
  if (!kt_course_record (course, NULL, KT_CHANGE_UNDOING, reason, &failure)
      && (!made_space (course, &failure) || !kt_course_record (course, NULL, KT_CHANGE_UNDOING, reason, &failure)))
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&failure), "nothing was changed: ");
      return FALSE;
    }
  kt_course_tell (course, NULL, kt_change_state_name (KT_CHANGE_UNDOING));
  return kt_course_back (course, error);
}
