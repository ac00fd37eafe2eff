/* SPDX-License-Identifier: MIT
 *
 * What nobody asks for: finishing what a crash left, and what was not confirmed in time.
 */
#include "change/runner.h"

#include "base/error.h"
#include "change/course.h"

static gboolean
needs_finishing (const KtChange *change)
{
  return change->state == KT_CHANGE_WAITING ? kt_change_is_overdue (change) : (KT_CHANGE_UNFINISHED & 1u << change->state) != 0;
}

gboolean
kt_runner_finish (const KtRunner *runner, gint64 id, guint *changed, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KtLock) lock = NULL;
  g_auto (KtCourse) course = { .runner = runner };
  if (!kt_course_take (&course, id, &lock, &failure))
    {
      if (g_error_matches (failure, KT_ERROR, KT_ERROR_REFUSED))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!needs_finishing (course.change))
    return TRUE;
  if (!kt_course_undo (&course, error))
    return FALSE;
  *changed += 1;
  return TRUE;
}

static gboolean
finish_all (const KtRunner *runner, gboolean only_overdue, guint *changed, GError **error)
{
  *changed = 0;
  if (!kt_journal_init (runner->state, error))
    return FALSE;
  g_autoptr (GPtrArray) changes = kt_journal_unfinished (runner->state, NULL, error);
  GError *first = NULL;
  for (guint i = 0; changes != NULL && i < changes->len; i++)
    {
      const KtChange *change = g_ptr_array_index (changes, i);
      if (only_overdue ? kt_change_is_overdue (change) : needs_finishing (change))
        kt_runner_finish (runner, change->id, changed, first == NULL ? &first : NULL);
    }
  if (first != NULL)
    g_propagate_error (error, first);
  return changes != NULL && first == NULL;
}

gboolean
kt_runner_recover (const KtRunner *runner, guint *changed, GError **error)
{
  return finish_all (runner, FALSE, changed, error);
}

gboolean
kt_runner_expire (const KtRunner *runner, guint *changed, GError **error)
{
  return finish_all (runner, TRUE, changed, error);
}
