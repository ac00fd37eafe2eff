/* SPDX-License-Identifier: MIT
 *
 * confirm and wait, and the waiting at the end of apply.
 */
#include "operation/change_parts.h"
#include "operation/confirm.h"
#include "operation/handlers.h"
#include "operation/schedule.h"

#include "base/error.h"
#include "change/lock.h"

gboolean
kt_confirm_check_args (JsonObject *args, GError **error)
{
  gboolean wanted = json_object_has_member (args, "confirm_within");
  if (wanted && kt_json_int (args, "confirm_within", 0) <= 0)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune apply --confirm-within 10min", "--confirm-within needs more than no time");
      return FALSE;
    }
  if (!wanted && kt_json_bool (args, "detach", FALSE) && !json_object_has_member (args, "restart_at")
      && !kt_json_bool (args, "when_idle", FALSE))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune apply --confirm-within 10min --detach",
                    "--detach goes with --confirm-within, --restart-at or --when-idle");
      return FALSE;
    }
  return TRUE;
}

gboolean
kt_confirm_wait (KtOperationContext *context, const KtRunner *runner, gint64 id, gboolean detach, GError **error)
{
  kt_schedule_guard (context, runner->state, id);
  if (detach)
    return TRUE;
  g_autoptr (GError) failure = NULL;
  if (kt_runner_wait (runner, id, &failure))
    return TRUE;
  if (g_error_matches (failure, KT_ERROR, KT_ERROR_INTERRUPTED))
    {
      KtRunner back = *runner;
      back.cancellable = NULL;
      if (!kt_runner_undo (&back, id, error))
        return FALSE;
      g_prefix_error (&failure, "undone, the system is as before: ");
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

JsonObject *
kt_handle_confirm (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  gint64 id = 0;
  if (state == NULL || !kt_journal_init (state, error)
      || !kt_change_choose (context, state, args, 1 << KT_CHANGE_WAITING, "that waits to be confirmed", &id, error))
    return NULL;
  KtRunner runner = kt_change_runner (context, state);
  g_autoptr (JsonObject) shown = json_object_new ();
  return kt_runner_confirm (&runner, id, error) ? kt_change_answer (state, id, shown, error) : NULL;
}

JsonObject *
kt_handle_wait (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  gint64 id = 0;
  if (state == NULL || !kt_journal_init (state, error)
      || !kt_change_choose (context, state, args, 1 << KT_CHANGE_WAITING | 1 << KT_CHANGE_SCHEDULED, "that waits", &id, error))
    return NULL;
  KtRunner runner = kt_change_runner (context, state);
  G_GNUC_UNUSED g_autoptr (KtLock) guard = kt_schedule_take_guard (state, id);
  g_autoptr (JsonObject) shown = json_object_new ();
  return kt_runner_wait (&runner, id, error) ? kt_change_answer (state, id, shown, error) : NULL;
}
