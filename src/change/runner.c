/* SPDX-License-Identifier: MIT
 *
 * Forward works on the change set as the journal holds it, not on the plan: what is applied already is passed over.
 * Backward goes on when the journal cannot be written, since the system matters more than the record; the journal then
 * still says "unfinished" and the next start goes through the same undo again, which every step kind allows.
 */
#include "change/runner.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/size.h"
#include "change/kinds.h"
#include "change/lock.h"
#include "change/obstacles.h"
#include "change/transition.h"

typedef struct {
  const KtRunner *runner;
  KtChange *change;
  KtChangeStep *failed; /* the step because of which it is being undone, or NULL */
  const char *why;      /* what it is being undone for, or NULL when somebody asked for it */
  GError *unrecorded;   /* the first transition that the journal could not take during an undo */
} Run;

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->change, kt_change_free);
  g_clear_error (&run->unrecorded);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static KtStepContext
context_of (const KtRunner *runner, GCancellable *cancellable)
{
  return (KtStepContext){ .cancellable = cancellable, .progress = runner->progress, .watcher = runner->watcher };
}

static void
tell (const Run *run, const KtChangeStep *step, const char *event)
{
  if (run->runner->watch != NULL)
    run->runner->watch (run->runner->watcher, run->change, step, event);
}

static char *
name_of_step (const Run *run, const KtChangeStep *step)
{
  return g_strdup_printf ("step %" G_GINT64_FORMAT " of %u (%s)", step->id, run->change->steps->len, step->description);
}

/* "step 2 of 3 (write x): cannot write x: No space left on device"; @step may be NULL. */
static char *
describe_failure (const Run *run, const KtChangeStep *step, const GError *error)
{
  g_autofree char *name = step != NULL ? name_of_step (run, step) : NULL;
  const char *detail = kt_error_detail (error);
  return g_strconcat (name != NULL ? name : "", name != NULL ? ": " : "", error->message,
                      detail != NULL ? ": " : "", detail, NULL);
}

static void
prefix_with_step (const Run *run, const KtChangeStep *step, const char *stand, GError **error)
{
  g_autofree char *name = step != NULL ? name_of_step (run, step) : NULL;
  g_prefix_error (error, "%s: %s%s", stand, name != NULL ? name : "", name != NULL ? ": " : "");
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* @step NULL: the whole change set. */
static gboolean
record (const Run *run, KtChangeStep *step, guint to, const char *text, GError **error)
{
  const KtRunner *runner = run->runner;
  return step != NULL ? kt_transition_step (runner->state, run->change, step, to, runner->actor, text, error)
                      : kt_transition_change (runner->state, run->change, to, runner->actor, text, error);
}

/* Is it worth another try, since there is disk again? */
static gboolean
made_space (const Run *run, GError **error)
{
  if (!g_error_matches (*error, KT_ERROR, KT_ERROR_NO_SPACE) || !kt_state_spend_reserve (run->runner->state))
    return FALSE;
  g_clear_error (error);
  return TRUE;
}

/* Records what an undo does, at the cost of the reserve if need be, and goes on without the journal otherwise. */
static void
record_undo (Run *run, KtChangeStep *step, guint to, const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean recorded = record (run, step, to, text, &error);
  if (!recorded && made_space (run, &error))
    recorded = record (run, step, to, text, &error);
  if (!recorded)
    {
      if (step != NULL)
        step->state = to;
      else
        run->change->state = to;
      if (run->unrecorded == NULL)
        run->unrecorded = g_steal_pointer (&error);
    }
  tell (run, step, step != NULL ? kt_step_state_name (to) : kt_change_state_name (to));
}

static gboolean
undo_step (Run *run, KtChangeStep *step, GError **error)
{
  const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, error);
  if (kind == NULL)
    return FALSE;
  record_undo (run, step, KT_STEP_UNDOING, step == run->failed ? run->why : NULL);
  KtStepContext context = context_of (run->runner, NULL);
  g_autoptr (GError) failure = NULL;
  gboolean undone = kind->undo (&context, step->args, step->before, &failure)
                    || (made_space (run, &failure) && kind->undo (&context, step->args, step->before, &failure));
  if (!undone)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  kt_crash_point ("runner: step %d undone", (int) step->id);
  record_undo (run, step, KT_STEP_UNDONE, NULL);
  return TRUE;
}

static void
set_stuck (Run *run, const KtChangeStep *step, const GError *failure, GError **error)
{
  g_autofree char *name = name_of_step (run, step);
  g_autofree char *failed = describe_failure (run, step, failure);
  g_autofree char *because
    = run->why != NULL ? g_strdup_printf ("; it had to be undone because of %s", run->why) : g_strdup ("");
  g_autofree char *reason = g_strdup_printf ("could not undo %s%s", failed, because);
  record_undo (run, NULL, KT_CHANGE_STUCK, reason);

  const char *first = kt_error_hint (failure);
  g_autofree char *hint = g_strdup_printf ("%s%sremove the cause, then: kastune undo %" G_GINT64_FORMAT,
                                           first != NULL ? first : "", first != NULL ? "; " : "", run->change->id);
  kt_error_set (error, failure->domain == KT_ERROR ? failure->code : KT_ERROR_FAILED, kt_error_detail (failure), hint,
                "change set %" G_GINT64_FORMAT " is stuck between before and after: %s could not be undone: %s%s",
                run->change->id, name, failure->message, because);
}

/* From the state UNDOING to UNDONE, newest step first. */
static gboolean
go_back (Run *run, GError **error)
{
  for (guint i = run->change->steps->len; i-- > 0;)
    {
      KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      g_autoptr (GError) failure = NULL;
      if (step->state != KT_STEP_PLANNED && step->state != KT_STEP_UNDONE && !undo_step (run, step, &failure))
        {
          set_stuck (run, step, failure, error);
          return FALSE;
        }
    }
  record_undo (run, NULL, KT_CHANGE_UNDONE, NULL);
  if (run->unrecorded == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&run->unrecorded),
                              "undone, the system is as before, but that could not be recorded, "
                              "so kastune will undo it once more at its next start: ");
  return FALSE;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

static gboolean
interrupted (GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return FALSE;
  kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
  return TRUE;
}

static gboolean
prepare_step (Run *run, const KtStepKind *kind, KtChangeStep *step, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  g_autoptr (JsonObject) before
    = kind->prepare != NULL ? kind->prepare (&context, step->args, error) : json_object_new ();
  if (before == NULL)
    return FALSE;
  kt_crash_point ("runner: step %d prepared", (int) step->id);
  return kt_transition_applying (run->runner->state, run->change, step, before, run->runner->actor, error);
}

static gboolean
carry_out (Run *run, const KtStepKind *kind, KtChangeStep *step, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  /* One that a crash left half done keeps what was before it. */
  if (step->state == KT_STEP_PLANNED && !prepare_step (run, kind, step, error))
    return FALSE;
  tell (run, step, kt_step_state_name (KT_STEP_APPLYING));
  if (!kind->apply (&context, step->args, step->before, error))
    return FALSE;
  kt_crash_point ("runner: step %d applied", (int) step->id);
  tell (run, step, "verifying");
  if (kind->verify != NULL && !kind->verify (&context, step->args, step->before, error))
    return FALSE;
  kt_crash_point ("runner: step %d verified", (int) step->id);
  if (!record (run, step, KT_STEP_APPLIED, NULL, error))
    return FALSE;
  tell (run, step, kt_step_state_name (KT_STEP_APPLIED));
  return TRUE;
}

static gboolean
go_forward (Run *run, GError **error)
{
  for (guint i = 0; i < run->change->steps->len; i++)
    {
      KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      if (step->state == KT_STEP_APPLIED)
        continue;
      run->failed = step;
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, error);
      if (kind == NULL || interrupted (run->runner->cancellable, error) || !carry_out (run, kind, step, error))
        return FALSE;
    }
  run->failed = NULL;
  gboolean recorded = run->change->confirm_within > 0
                        ? kt_transition_waiting (run->runner->state, run->change, run->runner->actor, error)
                        : record (run, NULL, KT_CHANGE_APPLIED, NULL, error);
  if (recorded)
    tell (run, NULL, kt_change_state_name (run->change->state));
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

/* A step that was cancelled says so in GIO's words; scripts rely on ours. */
static void
translate_cancelled (GError **failure)
{
  if (!g_error_matches (*failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_error (failure);
  kt_error_set (failure, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
}

/* After @failure, which it takes: back to before, then the error that says so. */
static void
give_up (Run *run, GError *failure, GError **error)
{
  translate_cancelled (&failure);
  gboolean begun = any_step_begun (run->change);
  g_autofree char *why = describe_failure (run, run->failed, failure);
  run->why = why;
  record_undo (run, NULL, KT_CHANGE_UNDOING, why);
  g_autoptr (GError) stuck = NULL;
  if (go_back (run, &stuck))
    prefix_with_step (run, run->failed, begun ? "undone, the system is as before" : "nothing was changed", &failure);
  else if (run->change->state == KT_CHANGE_UNDONE)
    prefix_with_step (run, run->failed, stuck->message, &failure);
  else
    {
      g_error_free (failure);
      failure = g_steal_pointer (&stuck);
    }
  run->why = NULL;
  g_propagate_error (error, failure);
}

/* From the state RUNNING to applied, or back to before. */
static gboolean
carry_through (Run *run, GError **error)
{
  GError *failure = NULL;
  if (go_forward (run, &failure))
    return TRUE;
  give_up (run, failure, error);
  return FALSE;
}

/* --- entry points ------------------------------------------------------------------------------------------------- */

static gboolean
check_plan (const KtRunner *runner, const KtPlan *plan, GError **error)
{
  KtStepContext context = context_of (runner, runner->cancellable);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const KtPlanStep *step = g_ptr_array_index (plan->steps, i);
      if (interrupted (runner->cancellable, error) || kt_kind_find (runner->kinds, step->kind->name, error) == NULL)
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

/* Locked and loaded anew: what was seen before the lock may have changed. */
static gboolean
take (Run *run, gint64 id, KtLock **lock, GError **error)
{
  const KtRunner *runner = run->runner;
  g_autoptr (KtChange) glance = NULL;
  return kt_journal_init (runner->state, error) && (glance = kt_journal_load (runner->state, id, error)) != NULL
         && (*lock = kt_lock_take (kt_state_directory (runner->state), glance->server, error)) != NULL
         && (run->change = kt_journal_load (runner->state, id, error)) != NULL;
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
  g_auto (Run) run = { .runner = runner };
  run.change = kt_transition_begin (runner->state, plan, runner->actor, error);
  if (run.change == NULL)
    return FALSE;
  if (id != NULL)
    *id = run.change->id;
  tell (&run, NULL, kt_change_state_name (run.change->state));
  return run.change->state == KT_CHANGE_SCHEDULED || carry_through (&run, error);
}

/* What a scheduled one was planned on may be gone by now; then it is off the schedule. A server that does not answer may do so
 * later in the window. */
static gboolean
check_again (Run *run, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  for (guint i = 0; i < run->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      g_autoptr (GError) failure = NULL;
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, &failure);
      if (kind != NULL && (kind->check == NULL || kind->check (&context, step->args, &failure)))
        continue;
      if (!g_error_matches (failure, KT_ERROR, KT_ERROR_CONNECT))
        {
          g_autofree char *why = describe_failure (run, step, failure);
          record_undo (run, NULL, KT_CHANGE_UNDONE, why);
        }
      prefix_with_step (run, step, "nothing was changed", &failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  return TRUE;
}

/* Something of the server's that is neither before nor after: an older one whose undo got stuck while this one was on the schedule. */
static gboolean
is_in_the_clear (const Run *run, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KtChange) open = kt_journal_newest (run->runner->state, run->change->server, KT_CHANGE_UNFINISHED, &failure);
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
  g_auto (Run) run = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!take (&run, id, &lock, error))
    return FALSE;
  if (run.change->state != KT_CHANGE_SCHEDULED)
    return TRUE;
  if (!is_in_the_clear (&run, error) || !check_again (&run, error) || !kt_state_reserve (runner->state, error)
      || !record (&run, NULL, KT_CHANGE_RUNNING, NULL, error))
    return FALSE;
  tell (&run, NULL, kt_change_state_name (KT_CHANGE_RUNNING));
  return carry_through (&run, error);
}

static gboolean
ask_steps (const Run *run, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  for (guint i = run->change->steps->len; i-- > 0;)
    {
      const KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, error);
      if (kind == NULL || interrupted (run->runner->cancellable, error)
          || (kind->can_undo != NULL && !kind->can_undo (&context, step->args, step->before, error)))
        {
          prefix_with_step (run, step, "nothing was changed", error);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
is_overdue (const KtChange *change)
{
  return change->state == KT_CHANGE_WAITING && kt_change_left (change) == 0;
}

/* Why an unfinished change set is being undone; NULL keeps the reason that stands in the journal. */
static char *
reason_to_go_back (const Run *run)
{
  if (is_overdue (run->change))
    {
      g_autofree char *within = kt_duration_format (run->change->confirm_within);
      return g_strdup_printf ("not confirmed within %s", within);
    }
  if (run->change->state == KT_CHANGE_APPLIED || run->change->state == KT_CHANGE_WAITING)
    return g_strdup_printf ("undone by %s", run->runner->actor);
  if (run->change->state == KT_CHANGE_SCHEDULED)
    return g_strdup_printf ("taken off the schedule by %s", run->runner->actor);
  if (run->change->state == KT_CHANGE_STUCK)
    return g_strdup_printf ("stuck at first, tried again by %s", run->runner->actor);
  if (run->change->state != KT_CHANGE_RUNNING)
    return NULL;
  for (guint i = run->change->steps->len; i-- > 0;)
    {
      const KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      g_autofree char *name = name_of_step (run, step);
      if (step->state != KT_STEP_PLANNED)
        return g_strdup_printf ("kastune was killed or the machine stopped %s %s",
                                step->state == KT_STEP_APPLYING ? "during" : "after", name);
    }
  return g_strdup ("kastune was killed or the machine stopped before the first step");
}

/* Undoes a change set whose lock is held. The first record must succeed, else nothing is touched. */
static gboolean
undo_locked (Run *run, GError **error)
{
  g_autoptr (GError) no_reserve = NULL;
  gboolean reserved = kt_state_reserve (run->runner->state, &no_reserve);
  if (!reserved)
    g_debug ("going back without a reserve: %s", no_reserve->message);
  g_autofree char *reason = reason_to_go_back (run);
  g_autoptr (GError) failure = NULL;
  if (!record (run, NULL, KT_CHANGE_UNDOING, reason, &failure)
      && (!made_space (run, &failure) || !record (run, NULL, KT_CHANGE_UNDOING, reason, &failure)))
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&failure), "nothing was changed: ");
      return FALSE;
    }
  tell (run, NULL, kt_change_state_name (KT_CHANGE_UNDOING));
  return go_back (run, error);
}

gboolean
kt_runner_undo (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (Run) run = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!take (&run, id, &lock, error) || !kt_may_undo (runner, run.change, error))
    return FALSE;
  gboolean whole = run.change->state == KT_CHANGE_APPLIED || run.change->state == KT_CHANGE_WAITING;
  if (whole && !ask_steps (&run, error))
    return FALSE;
  return undo_locked (&run, error);
}

/* Every step that was begun must still be ours to go on with; those to come are checked like those of a new plan. */
static gboolean
may_go_on (const Run *run, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  for (guint i = 0; i < run->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, error);
      gboolean begun = step->state != KT_STEP_PLANNED;
      if (kind != NULL && (begun ? kind->can_undo == NULL || kind->can_undo (&context, step->args, step->before, error)
                                 : kind->check == NULL || kind->check (&context, step->args, error)))
        continue;
      prefix_with_step (run, step, "nothing was done", error);
      return FALSE;
    }
  return TRUE;
}

/* An undo that the journal could not take (a full disk) leaves steps that it still calls applied: they are done once more. */
static void
doubt_applied (const Run *run)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  for (guint i = 0; i < run->change->steps->len; i++)
    {
      KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, NULL);
      if (step->state == KT_STEP_APPLIED && kind != NULL && kind->verify != NULL
          && !kind->verify (&context, step->args, step->before, NULL))
        step->state = KT_STEP_APPLYING;
    }
}

gboolean
kt_runner_resume (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (Run) run = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!take (&run, id, &lock, error))
    return FALSE;
  if (run.change->state != KT_CHANGE_RUNNING)
    {
      kt_error_set (error, KT_ERROR_REFUSED, run.change->reason, "kastune status",
                    "change set %" G_GINT64_FORMAT " was not ended in the middle: it is %s", id, kt_change_state_name (run.change->state));
      return FALSE;
    }
  if (!may_go_on (&run, error) || !kt_state_reserve (runner->state, error)
      || !record (&run, NULL, KT_CHANGE_RUNNING, NULL, error))
    return FALSE;
  doubt_applied (&run);
  tell (&run, NULL, kt_change_state_name (KT_CHANGE_RUNNING));
  return carry_through (&run, error);
}

static gboolean
verify_again (Run *run, GError **error)
{
  KtStepContext context = context_of (run->runner, run->runner->cancellable);
  for (guint i = 0; i < run->change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (run->change->steps, i);
      const KtStepKind *kind = kt_kind_find (run->runner->kinds, step->kind, error);
      if (kind == NULL || interrupted (run->runner->cancellable, error))
        return FALSE;
      tell (run, step, "verifying");
      gboolean (*fit) (KtStepContext *, JsonObject *, JsonObject *, GError **) = kind->confirm != NULL ? kind->confirm : kind->verify;
      if (fit == NULL || fit (&context, step->args, step->before, error))
        continue;
      prefix_with_step (run, step, "not confirmed, it goes back when its time is over", error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
confirm_too_late (Run *run, GError **error)
{
  g_autofree char *within = kt_duration_format (run->change->confirm_within);
  if (!undo_locked (run, error))
    return FALSE;
  kt_error_set (error, KT_ERROR_TIMEOUT, NULL, "kastune apply",
                "change set %" G_GINT64_FORMAT " was not confirmed within %s: undone, the system is as before",
                run->change->id, within);
  return FALSE;
}

gboolean
kt_runner_confirm (const KtRunner *runner, gint64 id, GError **error)
{
  g_auto (Run) run = { .runner = runner };
  g_autoptr (KtLock) lock = NULL;
  if (!take (&run, id, &lock, error))
    return FALSE;
  if (run.change->state != KT_CHANGE_WAITING)
    {
      kt_error_set (error, KT_ERROR_REFUSED, run.change->reason, "kastune status",
                    "change set %" G_GINT64_FORMAT " does not wait to be confirmed: it is %s", id,
                    kt_change_state_name (run.change->state));
      return FALSE;
    }
  if (is_overdue (run.change))
    return confirm_too_late (&run, error);
  GError *failure = NULL;
  if (!verify_again (&run, &failure))
    {
      translate_cancelled (&failure);
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (!record (&run, NULL, KT_CHANGE_APPLIED, NULL, error))
    return FALSE;
  tell (&run, NULL, kt_change_state_name (KT_CHANGE_APPLIED));
  return TRUE;
}

static gboolean
needs_finishing (const KtChange *change)
{
  return change->state == KT_CHANGE_WAITING ? is_overdue (change) : (KT_CHANGE_UNFINISHED & 1u << change->state) != 0;
}

gboolean
kt_runner_finish (const KtRunner *runner, gint64 id, guint *changed, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KtLock) lock = NULL;
  g_auto (Run) run = { .runner = runner };
  if (!take (&run, id, &lock, &failure))
    {
      if (g_error_matches (failure, KT_ERROR, KT_ERROR_REFUSED))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!needs_finishing (run.change))
    return TRUE;
  if (!undo_locked (&run, error))
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
      if (only_overdue ? is_overdue (change) : needs_finishing (change))
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
