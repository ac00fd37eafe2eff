/* SPDX-License-Identifier: MIT
 *
 * plan, apply, undo, status, history.
 */
#include "operation/change_parts.h"
#include "operation/confirm.h"
#include "operation/handlers.h"
#include "operation/kept.h"
#include "operation/proposal.h"
#include "operation/schedule.h"

#include "base/error.h"

JsonObject *
kt_handle_plan (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtProposed) proposed = kt_proposed_new (context, args, error);
  return proposed != NULL ? json_object_ref (proposed->shown) : NULL;
}

JsonObject *
kt_change_carry_out (KtOperationContext *context, JsonObject *args, KtPropose propose, GError **error)
{
  if (!kt_confirm_check_args (args, error))
    return NULL;
  g_autoptr (GError) unclear = NULL;
  gboolean scheduled = kt_schedule_wanted (args, NULL, &unclear);
  if (unclear != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&unclear));
      return NULL;
    }
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL)
    return NULL;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_json_bool (args, "dry_run", FALSE) && !kt_change_finish (&runner, context, TRUE, error))
    return NULL;
  g_autoptr (KtProposed) proposed = propose (context, args, error);
  if (proposed == NULL)
    return NULL;
  if (proposed->plan->steps->len == 0)
    return json_object_ref (proposed->shown);
  if (!kt_change_may_go_on (context, args, proposed->shown, error))
    return json_object_has_member (proposed->shown, "dry_run") ? json_object_ref (proposed->shown) : NULL;
  if (scheduled)
    return kt_schedule_apply (context, &runner, args, proposed->shown, error);
  gint64 id = 0;
  proposed->plan->confirm_within_ms = kt_json_int (args, "confirm_within", 0);
  if (!kt_runner_apply (&runner, proposed->plan, &id, error))
    return NULL;
  if (proposed->plan->confirm_within_ms > 0
      && !kt_confirm_wait (context, &runner, id, kt_json_bool (args, "detach", FALSE), error))
    return NULL;
  kt_change_tell_pending (context, args, proposed->shown);
  return kt_change_answer (state, id, proposed->shown, error);
}

JsonObject *
kt_handle_apply (KtOperationContext *context, JsonObject *args, GError **error)
{
  return kt_change_carry_out (context, args, kt_proposed_new, error);
}

JsonObject *
kt_handle_undo (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  gint64 id = 0;
  if (state == NULL || !kt_journal_init (state, error)
      || !kt_change_choose (context, state, args, 1 << KT_CHANGE_APPLIED | KT_CHANGE_OPEN, "to undo", &id, error))
    return NULL;
  g_autoptr (KtChange) change = kt_journal_load (state, id, error);
  if (change == NULL)
    return NULL;
  if (change->state != KT_CHANGE_SCHEDULED && kt_kept_refuse_change (context, args, change, error))
    return NULL;
  g_autoptr (JsonObject) shown = json_object_new ();
  json_object_set_boolean_member (shown, "undo", TRUE);
  json_object_set_object_member (shown, "change", kt_change_to_json (change));
  if (!kt_change_may_go_on (context, args, shown, error))
    return json_object_has_member (shown, "dry_run") ? g_steal_pointer (&shown) : NULL;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_runner_undo (&runner, id, error))
    return NULL;
  kt_change_tell_pending (context, args, shown);
  return kt_change_answer (state, id, shown, error);
}

JsonObject *
kt_handle_resume (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  gint64 id = 0;
  if (state == NULL || !kt_journal_init (state, error)
      || !kt_change_choose (context, state, args, 1 << KT_CHANGE_RUNNING, "that was ended in the middle", &id, error))
    return NULL;
  g_autoptr (KtChange) change = kt_journal_load (state, id, error);
  if (change == NULL)
    return NULL;
  if (kt_kept_refuse_change (context, args, change, error))
    return NULL;
  g_autoptr (JsonObject) shown = json_object_new ();
  json_object_set_boolean_member (shown, "resume", TRUE);
  json_object_set_object_member (shown, "change", kt_change_to_json (change));
  if (!kt_change_may_go_on (context, args, shown, error))
    return json_object_has_member (shown, "dry_run") ? g_steal_pointer (&shown) : NULL;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_runner_resume (&runner, id, error))
    return NULL;
  if (change->confirm_within > 0 && !kt_confirm_wait (context, &runner, id, FALSE, error))
    return NULL;
  kt_change_tell_pending (context, args, shown);
  return kt_change_answer (state, id, shown, error);
}

static const KtStepKind *
kind_of (const char *name)
{
  for (const KtStepKind *const *kind = kt_step_kinds; *kind != NULL; kind++)
    if (g_str_equal ((*kind)->name, name))
      return *kind;
  return NULL;
}

/* Asks each step of the change set in force whether the system still is as it left it. */
static JsonArray *
verify_steps (KtOperationContext *context, const KtChange *change)
{
  KtStepContext step_context = { .cancellable = context->cancellable };
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < change->steps->len; i++)
    {
      const KtChangeStep *step = change->steps->pdata[i];
      const KtStepKind *kind = kind_of (step->kind);
      g_autoptr (GError) drift = NULL;
      gboolean good = kind == NULL || kind->verify == NULL || kind->verify (&step_context, step->args, step->before, &drift);
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "description", step->description);
      json_object_set_boolean_member (row, "as_planned", good);
      if (!good)
        {
          kt_json_set_string (row, "difference", drift->message);
          kt_json_set_string (row, "detail", kt_error_detail (drift));
          context->findings = TRUE;
        }
      json_array_add_object_element (rows, row);
    }
  return rows;
}

/* Puts somebody in the place of a waiter that is gone, and says who wakes it. */
static void
tell_waiter (KtOperationContext *context, const KtState *state, gint64 id, JsonObject *answer)
{
  const char *waiter = kt_schedule_guard (context, state, id);
  json_object_set_string_member (answer, "waiter", waiter);
  context->findings = context->findings || g_str_equal (waiter, "nobody");
}

/* What is in force on whatever else: the newest of each, for `kastune history ID`. */
static gboolean
add_others (KtState *state, const KtChange *shown, JsonObject *answer, GError **error)
{
  g_autoptr (GPtrArray) all = kt_journal_list (state, NULL, error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *others = json_array_new ();
  g_hash_table_add (seen, shown->server);
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const KtChange *change = all->pdata[i];
      if (change->state != KT_CHANGE_APPLIED || !g_hash_table_add (seen, change->server))
        continue;
      JsonObject *row = json_object_new ();
      json_object_set_int_member (row, "id", change->id);
      json_object_set_string_member (row, "title", change->title);
      json_object_set_string_member (row, "server_name", change->server_name);
      json_array_add_object_element (others, row);
    }
  json_object_set_array_member (answer, "others", others);
  return all != NULL;
}

JsonObject *
kt_handle_status (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL || !kt_journal_init (state, error))
    return NULL;
  /* What is due was agreed on before. How it went stands in the journal, which is what is shown. */
  KtRunner runner = kt_change_runner (context, state);
  g_autoptr (GError) not_finished = NULL;
  if (!kt_change_finish (&runner, context, FALSE, &not_finished))
    kt_change_say (context, not_finished->message);
  g_autoptr (JsonArray) pending = json_array_new ();
  g_autofree char *server = kt_change_server (context, args, pending);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtChange) unfinished = kt_change_newest (state, args, server, KT_CHANGE_UNFINISHED, &local);
  g_autoptr (KtChange) scheduled = local == NULL ? kt_change_newest (state, args, server, 1 << KT_CHANGE_SCHEDULED, &local) : NULL;
  g_autoptr (KtChange) applied = local == NULL ? kt_change_newest (state, args, server, 1 << KT_CHANGE_APPLIED, &local) : NULL;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  JsonObject *answer = json_object_new ();
  json_object_set_array_member (answer, "pending_restart", json_array_ref (pending));
  if (scheduled != NULL)
    {
      tell_waiter (context, state, scheduled->id, answer);
      json_object_set_object_member (answer, "scheduled", kt_change_to_json (scheduled));
    }
  if (unfinished != NULL)
    {
      if (unfinished->state == KT_CHANGE_WAITING)
        tell_waiter (context, state, unfinished->id, answer);
      json_object_set_object_member (answer, "unfinished", kt_change_to_json (unfinished));
      context->findings = TRUE;
    }
  const KtChange *in_force = unfinished != NULL && unfinished->state == KT_CHANGE_WAITING ? unfinished : applied;
  if (in_force != NULL)
    {
      json_object_set_object_member (answer, "change", kt_change_to_json (in_force));
      json_object_set_array_member (answer, "steps", verify_steps (context, in_force));
    }
  if (in_force != NULL && !add_others (state, in_force, answer, error))
    {
      json_object_unref (answer);
      return NULL;
    }
  return answer;
}

JsonObject *
kt_handle_history (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL || !kt_journal_init (state, error))
    return NULL;
  gint64 id = kt_json_int (args, "id", 0);
  JsonObject *answer = json_object_new ();
  if (id > 0)
    {
      g_autoptr (KtChange) change = kt_journal_load (state, id, error);
      if (change == NULL)
        {
          json_object_unref (answer);
          return NULL;
        }
      JsonArray *events = kt_journal_events (state, id, NULL);
      json_object_set_object_member (answer, "change", kt_change_to_json (change));
      if (events != NULL)
        json_object_set_array_member (answer, "events", events);
      return answer;
    }
  g_autoptr (GPtrArray) changes = kt_journal_list (state, NULL, error);
  if (changes == NULL)
    {
      json_object_unref (answer);
      return NULL;
    }
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < changes->len; i++)
    json_array_add_object_element (rows, kt_change_to_json (changes->pdata[i]));
  json_object_set_array_member (answer, "changes", rows);
  return answer;
}
