/* SPDX-License-Identifier: MIT
 *
 * Waiting for a confirmation. The journal is looked at rather than signalled: it is the only thing that every kastune, also
 * one of another session or of after a crash, agrees on.
 */
#include "change/runner.h"

#include "base/error.h"
#include "base/size.h"

#define LOOK_EVERY_MS 500

typedef enum {
  WAIT_ON,
  WAIT_CONFIRMED,
  WAIT_FAILED,
} WaitOutcome;

/* TRUE: cancelled. */
static gboolean
rest (GCancellable *cancellable, gint64 milliseconds)
{
  GPollFD fd;
  int timeout = (int) CLAMP (milliseconds, 1, LOOK_EVERY_MS);
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

/* What is to be done in the state that the journal says it is in. */
static WaitOutcome
look (const KtRunner *runner, const KtChange *change, gint64 *pause, GError **error)
{
  gint64 left = change->state == KT_CHANGE_WAITING ? kt_change_left (change) : 0;
  guint changed = 0;
  *pause = LOOK_EVERY_MS;
  switch (change->state)
    {
    case KT_CHANGE_APPLIED: return WAIT_CONFIRMED;
    case KT_CHANGE_UNDONE:
    case KT_CHANGE_STUCK: return say_not_kept (change, error);
    case KT_CHANGE_WAITING:
      if (left > 0)
        {
          say_time_left (runner, change, left);
          *pause = left;
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

gboolean
kt_runner_wait (const KtRunner *runner, gint64 id, GError **error)
{
  if (!kt_journal_init (runner->state, error))
    return FALSE;
  for (;;)
    {
      gint64 pause;
      g_autoptr (KtChange) change = kt_journal_load (runner->state, id, error);
      WaitOutcome outcome = change != NULL ? look (runner, change, &pause, error) : WAIT_FAILED;
      if (outcome != WAIT_ON)
        return outcome == WAIT_CONFIRMED;
      if (!rest (runner->cancellable, pause))
        continue;
      kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted");
      return FALSE;
    }
}
