/* SPDX-License-Identifier: MIT
 *
 * plan, apply, undo, status, history.
 */
#include "operation/handlers.h"
#include "operation/proposal.h"

#include "base/error.h"
#include "change/runner.h"

JsonObject *
kt_handle_plan (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtProposed) proposed = kt_proposed_new (context, args, error);
  return proposed != NULL ? json_object_ref (proposed->shown) : NULL;
}

/* Tells whoever watches which step is at what: "step 2 of 3: set 31 parameters …", then only that it is verified. */
static void
watch_steps (gpointer user, const KtChange *change, const KtChangeStep *step, const char *event)
{
  static const char *const whole[] = { "applying", "undoing", "stuck", NULL };
  KtOperationContext *context = user;
  if (context->progress == NULL || step == NULL)
    return;
  gboolean forward = g_str_equal (event, "applying");
  g_autofree char *what = g_strv_contains (whole, event)
                            ? g_strdup_printf ("step %" G_GINT64_FORMAT " of %u: %s%s%s", step->id, change->steps->len,
                                               forward ? "" : event, forward ? "" : ": ", step->description)
                            : g_strdup_printf ("step %" G_GINT64_FORMAT " of %u: %s", step->id, change->steps->len, event);
  context->progress (context->user, what, 0, 0);
}

static void
pass_progress (gpointer user, const char *what, gint64 done, gint64 total)
{
  KtOperationContext *context = user;
  if (context->progress != NULL)
    context->progress (context->user, what, done, total);
}

static KtRunner
runner_of (KtOperationContext *context, KtState *state)
{
  return (KtRunner){
    .state = state,
    .kinds = kt_step_kinds,
    .actor = context->actor,
    .cancellable = context->cancellable,
    .watch = watch_steps,
    .progress = pass_progress,
    .watcher = context,
  };
}

/* What a crash left is finished before anything new begins, and said. */
static gboolean
recover (KtOperationContext *context, const KtRunner *runner, JsonObject *answer, GError **error)
{
  guint recovered = 0;
  if (!kt_runner_recover (runner, &recovered, error))
    return FALSE;
  if (recovered > 0)
    {
      json_object_set_int_member (answer, "recovered", recovered);
      pass_progress (context, "a change set that was interrupted earlier has been undone; the server is as it was before it", 0, 0);
    }
  return TRUE;
}

/* TRUE: go on. FALSE without error: only looking, or the answer was no. */
static gboolean
may_go_on (KtOperationContext *context, JsonObject *args, JsonObject *shown, gboolean *declined, GError **error)
{
  *declined = FALSE;
  if (kt_json_bool (args, "dry_run", FALSE))
    return FALSE;
  if (kt_json_bool (args, "yes", FALSE))
    return TRUE;
  if (context->confirm == NULL)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "add --yes, or --dry-run to only look", "nobody can be asked here, and --yes is not given");
      return FALSE;
    }
  *declined = !context->confirm (context->user, shown);
  return !*declined;
}

static JsonObject *
change_answer (KtState *state, gint64 id, JsonObject *shown, GError **error)
{
  g_autoptr (KtChange) change = kt_journal_load (state, id, error);
  if (change == NULL)
    return NULL;
  json_object_set_object_member (shown, "change", kt_change_to_json (change));
  return json_object_ref (shown);
}

JsonObject *
kt_handle_apply (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL)
    return NULL;
  KtRunner runner = runner_of (context, state);
  g_autoptr (JsonObject) recovered = json_object_new ();
  if (!kt_json_bool (args, "dry_run", FALSE) && !recover (context, &runner, recovered, error))
    return NULL;
  g_autoptr (KtProposed) proposed = kt_proposed_new (context, args, error);
  if (proposed == NULL)
    return NULL;
  if (proposed->plan->steps->len == 0)
    return json_object_ref (proposed->shown);
  g_autoptr (GError) local = NULL;
  gboolean declined;
  if (!may_go_on (context, args, proposed->shown, &declined, &local))
    {
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      json_object_set_boolean_member (proposed->shown, "declined", declined);
      return json_object_ref (proposed->shown);
    }
  gint64 id = 0;
  if (!kt_runner_apply (&runner, proposed->plan, &id, error))
    return NULL;
  return change_answer (state, id, proposed->shown, error);
}

/* Every server that has a change set in @state; undo and status choose by the one that answers, if any does. */
static char *
server_of (KtOperationContext *context, JsonObject *args)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, NULL);
  return facts != NULL && facts->connection != NULL ? kt_connection_server_id (facts->connection) : NULL;
}

static gboolean
undo_target (KtOperationContext *context, KtState *state, JsonObject *args, gint64 *id, GError **error)
{
  *id = kt_json_int (args, "id", 0);
  if (*id > 0)
    return TRUE;
  g_autofree char *server = server_of (context, args);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtChange) newest = kt_journal_newest (state, server, 1 << KT_CHANGE_APPLIED | KT_CHANGE_UNFINISHED, &local);
  if (newest != NULL)
    {
      *id = newest->id;
      return TRUE;
    }
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune history", "there is nothing to undo in %s", kt_state_directory (state));
  return FALSE;
}

JsonObject *
kt_handle_undo (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  gint64 id = 0;
  if (state == NULL || !kt_journal_init (state, error) || !undo_target (context, state, args, &id, error))
    return NULL;
  g_autoptr (KtChange) change = kt_journal_load (state, id, error);
  if (change == NULL)
    return NULL;
  g_autoptr (JsonObject) shown = json_object_new ();
  json_object_set_boolean_member (shown, "undo", TRUE);
  json_object_set_object_member (shown, "change", kt_change_to_json (change));
  g_autoptr (GError) local = NULL;
  gboolean declined;
  if (!may_go_on (context, args, shown, &declined, &local))
    {
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      json_object_set_boolean_member (shown, "declined", declined);
      return g_steal_pointer (&shown);
    }
  KtRunner runner = runner_of (context, state);
  if (!kt_runner_undo (&runner, id, error))
    return NULL;
  return change_answer (state, id, shown, error);
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

JsonObject *
kt_handle_status (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL || !kt_journal_init (state, error))
    return NULL;
  g_autofree char *server = server_of (context, args);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtChange) unfinished = kt_journal_newest (state, server, KT_CHANGE_UNFINISHED, &local);
  g_autoptr (KtChange) applied = local == NULL ? kt_journal_newest (state, server, 1 << KT_CHANGE_APPLIED, &local) : NULL;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  JsonObject *answer = json_object_new ();
  if (unfinished != NULL)
    {
      json_object_set_object_member (answer, "unfinished", kt_change_to_json (unfinished));
      context->findings = TRUE;
    }
  if (applied != NULL)
    {
      json_object_set_object_member (answer, "change", kt_change_to_json (applied));
      json_object_set_array_member (answer, "steps", verify_steps (context, applied));
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
