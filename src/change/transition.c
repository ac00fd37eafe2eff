/* SPDX-License-Identifier: MIT */
#include "change/transition.h"

#include "base/crash.h"
#include "base/size.h"

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

static char *
object_to_line (JsonObject *object, char **sha256)
{
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (object));
  char *line = kt_json_to_line (node);
  *sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, line, -1);
  return line;
}

/* @position 0: about the whole change set. */
static gboolean
add_event (KtState *state, gint64 change, gint64 position, gint64 at, const char *event, const char *actor,
           const char *text, GError **error)
{
  return kt_state_run (state, error,
                       "INSERT INTO event (change_set, position, at, event, actor, text)"
                       " VALUES (?, nullif(?, 0), ?, ?, ?, ?)",
                       "iiisss", change, position, at, event, actor, text);
}

/* Ends the transaction in which @written happened. */
static gboolean
finish (KtState *state, gboolean written, const char *subject, const char *to, GError **error)
{
  kt_crash_point ("journal: %s %s written", subject, to);
  if (written && kt_state_commit (state, error))
    return TRUE;
  kt_state_rollback (state);
  return FALSE;
}

/* --- a new change set --------------------------------------------------------------------------------------------- */

static KtChangeStep *
step_from_plan (const KtPlanStep *planned, gint64 position)
{
  KtChangeStep *step = g_new0 (KtChangeStep, 1);
  step->id = position;
  step->kind = g_strdup (planned->kind->name);
  step->description = planned->kind->describe (planned->args);
  step->args = json_object_ref (planned->args);
  step->interrupts = planned->interrupts;
  step->interruption_ms = planned->interruption_ms;
  step->state = KT_STEP_PLANNED;
  return step;
}

static KtChange *
change_from_plan (const KtPlan *plan, const char *actor)
{
  KtChange *change = g_new0 (KtChange, 1);
  change->title = g_strdup (plan->title);
  change->server = g_strdup (plan->server);
  change->server_name = g_strdup (plan->server_name);
  change->actor = g_strdup (actor);
  change->state = plan->window != NULL ? KT_CHANGE_SCHEDULED : KT_CHANGE_RUNNING;
  change->window = g_memdup2 (plan->window, sizeof (KtWindow));
  change->created_at = now_ms ();
  change->confirm_within = plan->confirm_within_ms;
  change->waiting_since.boot = "";
  change->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_change_step_free);
  for (guint i = 0; i < plan->steps->len; i++)
    g_ptr_array_add (change->steps, step_from_plan (g_ptr_array_index (plan->steps, i), i + 1));
  return change;
}

static gboolean
insert_step (KtState *state, gint64 change, const KtChangeStep *step, GError **error)
{
  g_autofree char *sha256 = NULL;
  g_autofree char *args = object_to_line (step->args, &sha256);
  return kt_state_run (state, error,
                       "INSERT INTO step (change_set, position, kind, description, args, args_sha256, interrupts,"
                       " interruption_ms, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       "iissssiis", change, step->id, step->kind, step->description, args, sha256,
                       (gint64) step->interrupts, step->interruption_ms, kt_step_state_name (step->state));
}

static gboolean
insert_change (KtState *state, KtChange *change, GError **error)
{
  const char *name = kt_change_state_name (change->state);
  g_autofree char *window = change->window != NULL ? kt_window_to_text (change->window) : NULL;
  if (!kt_state_run (state, error,
                     "INSERT INTO change_set (title, server, server_name, actor, state, created_at, confirm_within, start_window)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     "sssssiis", change->title, change->server, change->server_name, change->actor, name,
                     change->created_at, change->confirm_within, window))
    return FALSE;
  change->id = kt_state_last_id (state);
  for (guint i = 0; i < change->steps->len; i++)
    if (!insert_step (state, change->id, g_ptr_array_index (change->steps, i), error))
      return FALSE;
  return add_event (state, change->id, 0, change->created_at, name, change->actor, NULL, error);
}

KtChange *
kt_transition_begin (KtState *state, const KtPlan *plan, const char *actor, GError **error)
{
  g_autoptr (KtChange) change = change_from_plan (plan, actor);
  if (!kt_state_begin (state, error))
    return NULL;
  gboolean written = insert_change (state, change, error);
  return finish (state, written, "change set", kt_change_state_name (change->state), error) ? g_steal_pointer (&change) : NULL;
}

/* --- transitions -------------------------------------------------------------------------------------------------- */

gboolean
kt_transition_change (KtState *state, KtChange *change, KtChangeState to, const char *actor, const char *text,
                      GError **error)
{
  gint64 now = now_ms ();
  gint64 ended_at = to == KT_CHANGE_APPLIED || to == KT_CHANGE_UNDONE ? now : 0;
  const char *name = kt_change_state_name (to);
  if (!kt_state_begin (state, error))
    return FALSE;
  gboolean written
    = kt_state_run (state, error,
                    "UPDATE change_set SET state = ?, ended_at = ?, reason = coalesce(?, reason) WHERE id = ?",
                    "sisi", name, ended_at, text, change->id)
      && add_event (state, change->id, 0, now, name, actor, text, error);
  if (!finish (state, written, "change set", name, error))
    return FALSE;
  change->state = to;
  change->ended_at = ended_at;
  if (text != NULL && text != change->reason)
    {
      g_free (change->reason);
      change->reason = g_strdup (text);
    }
  return TRUE;
}

gboolean
kt_transition_waiting (KtState *state, KtChange *change, const char *actor, GError **error)
{
  KtMoment now = kt_moment_now ();
  g_autofree char *within = kt_duration_format (change->confirm_within);
  g_autofree char *text = g_strdup_printf ("to be confirmed within %s", within);
  const char *name = kt_change_state_name (KT_CHANGE_WAITING);
  if (!kt_state_begin (state, error))
    return FALSE;
  gboolean written
    = kt_state_run (state, error,
                    "UPDATE change_set SET state = ?, waiting_since = ?, waiting_since_boot = ?, waiting_boot = ?"
                    " WHERE id = ?",
                    "siisi", name, now.wall_ms, now.since_boot_ms, now.boot, change->id)
      && add_event (state, change->id, 0, now.wall_ms, name, actor, text, error);
  if (!finish (state, written, "change set", name, error))
    return FALSE;
  change->state = KT_CHANGE_WAITING;
  change->waiting_since = now;
  return TRUE;
}

gboolean
kt_transition_applying (KtState *state, const KtChange *change, KtChangeStep *step, JsonObject *before,
                        const char *actor, GError **error)
{
  gint64 now = now_ms ();
  g_autofree char *sha256 = NULL;
  g_autofree char *line = object_to_line (before, &sha256);
  const char *name = kt_step_state_name (KT_STEP_APPLYING);
  if (!kt_state_begin (state, error))
    return FALSE;
  gboolean written
    = kt_state_run (state, error,
                    "UPDATE step SET state = ?, before = ?, before_sha256 = ?, started_at = ?"
                    " WHERE change_set = ? AND position = ?",
                    "sssiii", name, line, sha256, now, change->id, step->id)
      && add_event (state, change->id, step->id, now, name, actor, NULL, error);
  if (!finish (state, written, "step", name, error))
    return FALSE;
  step->state = KT_STEP_APPLYING;
  step->before = json_object_ref (before);
  step->started_at = now;
  return TRUE;
}

gboolean
kt_transition_step (KtState *state, const KtChange *change, KtChangeStep *step, KtStepState to, const char *actor,
                    const char *text, GError **error)
{
  gint64 now = now_ms ();
  gint64 ended_at = to == KT_STEP_APPLIED || to == KT_STEP_UNDONE ? now : 0;
  const char *name = kt_step_state_name (to);
  if (!kt_state_begin (state, error))
    return FALSE;
  gboolean written
    = kt_state_run (state, error,
                    "UPDATE step SET state = ?, ended_at = ?, error = coalesce(?, error)"
                    " WHERE change_set = ? AND position = ?",
                    "sisii", name, ended_at, text, change->id, step->id)
      && add_event (state, change->id, step->id, now, name, actor, text, error);
  if (!finish (state, written, "step", name, error))
    return FALSE;
  step->state = to;
  step->ended_at = ended_at;
  if (text != NULL && text != step->error)
    {
      g_free (step->error);
      step->error = g_strdup (text);
    }
  return TRUE;
}
