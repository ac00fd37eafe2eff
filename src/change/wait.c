/* SPDX-License-Identifier: MIT
 *
 * Waiting for a confirmation. The journal is looked at rather than signalled: it is the only thing that every kastune, also
 * one of another session or of after a crash, agrees on.
 */
#include "change/runner.h"

#include "base/error.h"
#include "base/size.h"

#define LOOK_EVERY_MS 500
#define IDLE_LOOK_MS 1000
#define IDLE_LOOKS 5 /* one after the other, each without anybody at work */
#define SCHEDULE_LOOK_MS 10000

typedef enum {
  WAIT_ON,
  WAIT_CONFIRMED,
  WAIT_FAILED,
} WaitOutcome;

typedef struct {
  const KtRunner *runner;
  guint idle_looks;
} Wait;

/* TRUE: cancelled. */
static gboolean
rest (GCancellable *cancellable, gint64 milliseconds)
{
  GPollFD fd;
  int timeout = (int) CLAMP (milliseconds, 1, SCHEDULE_LOOK_MS);
  if (!g_cancellable_make_pollfd (cancellable, &fd))
    {
      g_usleep ((gulong) timeout * 1000);
      return FALSE;
    }
  g_poll (&fd, 1, timeout);
  g_cancellable_release_fd (cancellable);
  return g_cancellable_is_cancelled (cancellable);
}

static WaitOutcome
say_not_kept (const KtChange *change, GError **error)
{
  gboolean stuck = change->state == KT_CHANGE_STUCK;
  g_autofree char *undo = g_strdup_printf ("remove the cause, then: kastune undo %" G_GINT64_FORMAT, change->id);
  gboolean overdue = change->waiting_since.wall_ms != 0 && kt_change_left (change) == 0;
  kt_error_set (error, overdue ? KT_ERROR_TIMEOUT : KT_ERROR_FAILED, change->reason, stuck ? undo : "kastune history",
                "change set %" G_GINT64_FORMAT " was not kept: %s", change->id,
                stuck ? "it is stuck between before and after" : "undone, the system is as before");
  return WAIT_FAILED;
}

static void
say_time_left (const KtRunner *runner, const KtChange *change, gint64 left)
{
  g_autofree char *what = g_strdup_printf (
    "change set %" G_GINT64_FORMAT " waits for “kastune confirm %" G_GINT64_FORMAT "”%s; otherwise it is undone", change->id,
    change->id, runner->answer != NULL ? " or for y and Enter (n goes back now)" : "");
  if (runner->progress != NULL)
    runner->progress (runner->watcher, what, change->confirm_within - left, change->confirm_within);
}

static WaitOutcome
take_answer (const KtRunner *runner, gint64 id, GError **error)
{
  KtAnswer answer = runner->answer != NULL ? runner->answer (runner->watcher) : KT_ANSWER_NONE;
  gboolean good = answer == KT_ANSWER_NONE || (answer == KT_ANSWER_KEEP && kt_runner_confirm (runner, id, error))
                  || (answer == KT_ANSWER_BACK && kt_runner_undo (runner, id, error));
  return good ? WAIT_ON : WAIT_FAILED;
}

static void
say_until_window (const KtRunner *runner, const KtChange *change)
{
  g_autofree char *window = kt_window_describe (change->window);
  g_autofree char *what = g_strdup_printf ("change set %" G_GINT64_FORMAT " begins %s; “kastune undo %" G_GINT64_FORMAT "” takes it off the"
                                           " schedule", change->id, window, change->id);
  if (runner->progress != NULL)
    runner->progress (runner->watcher, what, 0, 0);
}

/* A moment of rest between two statements is not enough. */
static gboolean
is_idle (Wait *wait, const KtChange *change)
{
  const KtRunner *runner = wait->runner;
  if (!change->window->idle || runner->idle == NULL)
    return TRUE;
  wait->idle_looks = runner->idle (runner->watcher, change) ? wait->idle_looks + 1 : 0;
  return wait->idle_looks >= IDLE_LOOKS;
}

static WaitOutcome
look_at_schedule (Wait *wait, const KtChange *change, gint64 *pause, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  gint64 left = kt_window_left (change->window, now);
  if (left > 0 || !is_idle (wait, change))
    {
      wait->idle_looks = left > 0 ? 0 : wait->idle_looks;
      say_until_window (wait->runner, change);
      *pause = left > 0 ? MIN (left, SCHEDULE_LOOK_MS) : IDLE_LOOK_MS;
      return WAIT_ON;
    }
  g_autoptr (GError) failure = NULL;
  *pause = IDLE_LOOK_MS;
  /* Another kastune is at it, or the server is away for a moment. */
  if (kt_runner_begin (wait->runner, change->id, &failure) || g_error_matches (failure, KT_ERROR, KT_ERROR_CONNECT)
      || g_error_matches (failure, KT_ERROR, KT_ERROR_REFUSED))
    return WAIT_ON;
  g_propagate_error (error, g_steal_pointer (&failure));
  return WAIT_FAILED;
}

/* What is to be done in the state that the journal says it is in. */
static WaitOutcome
look (Wait *wait, const KtChange *change, gint64 *pause, GError **error)
{
  const KtRunner *runner = wait->runner;
  gint64 left = change->state == KT_CHANGE_WAITING ? kt_change_left (change) : 0;
  guint changed = 0;
  *pause = LOOK_EVERY_MS;
  switch (change->state)
    {
    case KT_CHANGE_APPLIED: return WAIT_CONFIRMED;
    case KT_CHANGE_SCHEDULED: return look_at_schedule (wait, change, pause, error);
    case KT_CHANGE_UNDONE:
    case KT_CHANGE_STUCK: return say_not_kept (change, error);
    case KT_CHANGE_WAITING:
      if (left > 0)
        {
          say_time_left (runner, change, left);
          *pause = MIN (left, LOOK_EVERY_MS);
          return take_answer (runner, change->id, error);
        }
      break;
    case KT_CHANGE_RUNNING:
    case KT_CHANGE_UNDOING:
    case KT_N_CHANGE_STATES: break;
    }
  if (!kt_runner_finish (runner, change->id, &changed, error))
    return WAIT_FAILED;
  *pause = changed > 0 ? 1 : LOOK_EVERY_MS;
  return WAIT_ON;
}

/* Somebody may have confirmed it since the last look: then Ctrl-C comes too late to mean "go back". */
static gboolean
is_confirmed (const KtRunner *runner, gint64 id)
{
  g_autoptr (KtChange) change = kt_journal_load (runner->state, id, NULL);
  return change != NULL && change->state == KT_CHANGE_APPLIED;
}

gboolean
kt_runner_wait (const KtRunner *runner, gint64 id, GError **error)
{
  Wait wait = { .runner = runner };
  if (!kt_journal_init (runner->state, error))
    return FALSE;
  for (;;)
    {
      gint64 pause;
      g_autoptr (KtChange) change = kt_journal_load (runner->state, id, error);
      WaitOutcome outcome = change != NULL ? look (&wait, change, &pause, error) : WAIT_FAILED;
      if (outcome != WAIT_ON)
        return outcome == WAIT_CONFIRMED;
      if (!rest (runner->cancellable, pause))
        continue;
      if (is_confirmed (runner, id))
        return TRUE;
      kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
      return FALSE;
    }
}
