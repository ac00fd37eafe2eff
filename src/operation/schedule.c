/* SPDX-License-Identifier: MIT */
#include "operation/schedule.h"

#include "base/error.h"
#include "base/run.h"
#include "change/lock.h"
#include "operation/change_parts.h"
#include "operation/proposal.h"

gboolean
kt_schedule_wanted (JsonObject *args, KtWindow *window, GError **error)
{
  const char *at = kt_json_string (args, "restart_at", NULL);
  KtWindow found = { .idle = kt_json_bool (args, "when_idle", FALSE) };
  if (at == NULL && !found.idle)
    return FALSE;
  if (at != NULL && !kt_window_parse (at, &found, error))
    return FALSE;
  if (json_object_has_member (args, "confirm_within") || kt_json_bool (args, "no_restart", FALSE))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune apply --restart-at 03:00",
                    "--restart-at and --when-idle do not go with --confirm-within or --no-restart");
      return FALSE;
    }
  if (window != NULL)
    *window = found;
  return TRUE;
}

/* --- who waits ---------------------------------------------------------------------------------------------------- */

KtLock *
kt_schedule_take_guard (const KtState *state, gint64 id)
{
  g_autofree char *name = g_strdup_printf ("guard-%" G_GINT64_FORMAT, id);
  return kt_lock_take (kt_state_directory (state), name, NULL);
}

const char *
kt_schedule_guard (KtOperationContext *context, const KtState *state, gint64 id)
{
  gboolean served = kt_lock_is_held (kt_state_directory (state), KT_SCHEDULE_DAEMON_LOCK);
  g_autoptr (KtLock) free_of_others = kt_schedule_take_guard (state, id);
  g_autoptr (GError) error = NULL;
  if (free_of_others == NULL)
    return served ? "daemon" : "background";
  g_clear_pointer (&free_of_others, kt_lock_release);
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  const char *const args[] = { "wait", number, "--quiet", "--state", kt_state_directory (state), NULL };
  if (kt_run_self_detached (args, &error))
    return served ? "daemon" : "background";
  /* Where that is not to be had the next kastune does it: worth a word, not a failure. */
  g_autofree char *what = g_strdup_printf ("%s: %s; if this kastune ends early, the next one will finish it", error->message,
                                           kt_error_detail (error));
  kt_change_say (context, what);
  return served ? "daemon" : "nobody";
}

/* --- idle --------------------------------------------------------------------------------------------------------- */

static const char *
conninfo_of (const KtChange *change)
{
  for (guint i = 0; i < change->steps->len; i++)
    {
      const KtChangeStep *step = change->steps->pdata[i];
      JsonObject *instance = kt_json_object (step->args, "instance");
      if (instance != NULL)
        return kt_json_string (instance, "conninfo", NULL);
    }
  return NULL;
}

gboolean
kt_schedule_is_idle (gpointer context, const KtChange *change)
{
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo_of (change), NULL);
  g_autoptr (PGresult) row = connection != NULL ? kt_connection_query_file (connection, NULL, "at_work", NULL) : NULL;
  return row != NULL && kt_result_int (row, 0, "sessions") == 0;
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* The arguments with one more flag. */
static JsonObject *
args_with (JsonObject *args, const char *flag)
{
  JsonObject *copy = json_object_new ();
  g_autoptr (GList) names = json_object_get_members (args);
  for (GList *name = names; name != NULL; name = name->next)
    json_object_set_member (copy, name->data, json_node_copy (json_object_get_member (args, name->data)));
  json_object_set_boolean_member (copy, flag, TRUE);
  return copy;
}

/* One part of it as a change set. *id 0: there is nothing to do in it. */
static gboolean
apply_part (KtOperationContext *context, const KtRunner *runner, JsonObject *args, const char *flag, const KtWindow *window, gint64 *id,
            GError **error)
{
  g_autoptr (JsonObject) part = args_with (args, flag);
  g_autoptr (KtProposed) proposed = kt_proposed_new (context, part, error);
  *id = 0;
  if (proposed == NULL)
    return FALSE;
  proposed->plan->window = g_memdup2 (window, sizeof (KtWindow));
  return proposed->plan->steps->len == 0 || kt_runner_apply (runner, proposed->plan, id, error);
}

static gboolean
add_change (KtState *state, gint64 id, const char *member, JsonObject *shown, GError **error)
{
  g_autoptr (KtChange) change = id > 0 ? kt_journal_load (state, id, error) : NULL;
  if (change != NULL)
    json_object_set_object_member (shown, member, kt_change_to_json (change));
  return id == 0 || change != NULL;
}

/* A Ctrl-C ends only the staying: the one in the background goes on. */
static gboolean
stay (const KtRunner *runner, gint64 id, GError **error)
{
  g_autoptr (GError) failure = NULL;
  if (kt_runner_wait (runner, id, &failure))
    return TRUE;
  if (g_error_matches (failure, KT_ERROR, KT_ERROR_INTERRUPTED))
    {
      kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, "kastune status; kastune undo takes it off the schedule",
                    "change set %" G_GINT64_FORMAT " stays on the schedule, a kastune in the background waits for it", id);
      return FALSE;
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

JsonObject *
kt_schedule_apply (KtOperationContext *context, const KtRunner *runner, JsonObject *args, JsonObject *shown, GError **error)
{
  KtWindow window;
  gint64 now = 0, later = 0;
  if (!kt_schedule_wanted (args, &window, error) || !apply_part (context, runner, args, "no_restart", NULL, &now, error))
    return NULL;
  if (!apply_part (context, runner, args, "only_restart", &window, &later, error))
    {
      if (now > 0)
        g_prefix_error (error, "change set %" G_GINT64_FORMAT " is applied and stays; what needs a restart is not on the schedule: ", now);
      return NULL;
    }
  if (later > 0)
    json_object_set_string_member (shown, "waiter", kt_schedule_guard (context, runner->state, later));
  if (later > 0 && !kt_json_bool (args, "detach", FALSE) && !stay (runner, later, error))
    return NULL;
  if (!add_change (runner->state, now, "change", shown, error) || !add_change (runner->state, later, "scheduled", shown, error))
    return NULL;
  kt_change_tell_pending (context, args, shown);
  return json_object_ref (shown);
}
