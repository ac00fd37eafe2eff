/* SPDX-License-Identifier: MIT */
#include "operation/change_parts.h"

#include "base/error.h"
#include "operation/facts.h"
#include "operation/proposal.h"
#include "operation/schedule.h"

#include <string.h>

/* Tells whoever watches what begins: "step 2 of 3: set 31 parameters …". How it went, the answer or the error says. */
static void
watch_steps (gpointer user, const KtChange *change, const KtChangeStep *step, const char *event)
{
  KtOperationContext *context = user;
  gboolean back = g_str_equal (event, "undoing");
  context->step = step != NULL ? step->id : 0;
  context->steps = step != NULL ? change->steps->len : 0;
  if (context->progress == NULL || !(back || (step != NULL && g_str_equal (event, "applying"))))
    return;
  g_autofree char *what = step == NULL
    ? g_strdup ("going back to what was before")
    : g_strdup_printf ("%sstep %" G_GINT64_FORMAT " of %u: %s", back ? "taking back " : "", step->id, change->steps->len, step->description);
  context->progress (context->user, what, 0, 0);
}

static void
pass_progress (gpointer user, const char *what, gint64 done, gint64 total)
{
  KtOperationContext *context = user;
  if (context->progress != NULL)
    context->progress (context->user, what, done, total);
}

static KtAnswer
pass_answer (gpointer user)
{
  KtOperationContext *context = user;
  int said = context->keep (context->user);
  return said > 0 ? KT_ANSWER_KEEP : said < 0 ? KT_ANSWER_BACK : KT_ANSWER_NONE;
}

KtRunner
kt_change_runner (KtOperationContext *context, KtState *state)
{
  return (KtRunner){
    .state = state,
    .kinds = kt_step_kinds,
    .actor = context->actor,
    .cancellable = context->cancellable,
    .watch = watch_steps,
    .progress = pass_progress,
    .answer = context->keep != NULL ? pass_answer : NULL,
    .idle = kt_schedule_is_idle,
    .watcher = context,
  };
}

void
kt_change_say (KtOperationContext *context, const char *what)
{
  pass_progress (context, what, 0, 0);
}

gboolean
kt_change_may_go_on (KtOperationContext *context, JsonObject *args, JsonObject *shown, GError **error)
{
  if (kt_json_bool (args, "dry_run", FALSE))
    {
      json_object_set_boolean_member (shown, "dry_run", TRUE);
      return FALSE;
    }
  if (kt_json_bool (args, "yes", FALSE))
    return TRUE;
  if (context->confirm == NULL)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "add --yes, or --dry-run to only look", "nobody can be asked here, and --yes is not given");
  else if (context->confirm (context->user, shown))
    return TRUE;
  else
    kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "nothing was changed: the answer was not yes");
  return FALSE;
}

gboolean
kt_change_finish (const KtRunner *runner, KtOperationContext *context, gboolean all, GError **error)
{
  guint overdue = 0, crashed = 0;
  if (!kt_runner_expire (runner, &overdue, error) || (all && !kt_runner_recover (runner, &crashed, error)))
    return FALSE;
  if (overdue > 0)
    kt_change_say (context, "a change set was not confirmed in time and has been undone; all is as it was before it");
  if (crashed > 0)
    kt_change_say (context, "a change set that was interrupted earlier has been undone; all is as it was before it");
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(KtSetting *const *) a)->name, (*(KtSetting *const *) b)->name);
}

static void
add_pending (const KtServer *server, JsonArray *pending)
{
  g_autoptr (GPtrArray) waiting = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer setting = NULL;
  g_hash_table_iter_init (&iter, server->settings);
  while (g_hash_table_iter_next (&iter, NULL, &setting))
    if (((KtSetting *) setting)->pending_restart)
      g_ptr_array_add (waiting, setting);
  g_ptr_array_sort (waiting, compare_names);
  for (guint i = 0; i < waiting->len; i++)
    {
      const KtSetting *one = waiting->pdata[i];
      g_autofree char *running = kt_setting_text (one);
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "name", one->name);
      kt_json_set_string (row, "running", running);
      json_array_add_object_element (pending, row);
    }
}

char *
kt_change_server (KtOperationContext *context, JsonObject *args, JsonArray *pending)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, NULL);
  if (facts != NULL && facts->server != NULL && pending != NULL)
    add_pending (facts->server, pending);
  return facts != NULL && facts->connection != NULL ? kt_connection_server_id (facts->connection) : NULL;
}

void
kt_change_tell_pending (KtOperationContext *context, JsonObject *args, JsonObject *shown)
{
  JsonArray *pending = json_array_new ();
  g_free (kt_change_server (context, args, pending));
  json_object_set_array_member (shown, "pending_restart", pending);
}

gboolean
kt_change_is_of_indexer (const KtChange *change)
{
  for (guint i = 0; i < change->steps->len; i++)
    if (g_str_has_prefix (((KtChangeStep *) change->steps->pdata[i])->kind, "indexer-"))
      return TRUE;
  return FALSE;
}

KtChange *
kt_change_newest (KtState *state, JsonObject *args, const char *server, guint states, GError **error)
{
  if (server == NULL || json_object_has_member (args, "dsn") || json_object_has_member (args, "server"))
    return kt_journal_newest (state, server, states, error);
  g_autoptr (GPtrArray) all = kt_journal_list (state, NULL, error);
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const KtChange *change = all->pdata[i];
      if ((states & 1u << change->state) != 0 && (g_str_equal (change->server, server) || kt_change_is_of_indexer (change)))
        return g_ptr_array_steal_index (all, i);
    }
  return NULL;
}

/* Without a server that says who it is, the newest of all is only meant where there is one server to mean. */
static gboolean
is_clear (KtState *state, const KtChange *newest, guint states, GError **error)
{
  g_autoptr (GPtrArray) all = kt_journal_list (state, NULL, error);
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const KtChange *other = all->pdata[i];
      if ((states & 1u << other->state) == 0 || g_str_equal (other->server, newest->server) || kt_change_is_of_indexer (other))
        continue;
      g_autofree char *detail = g_strdup_printf ("%" G_GINT64_FORMAT " is of %s, %" G_GINT64_FORMAT " of %s", newest->id,
                                                 newest->server_name, other->id, other->server_name);
      kt_error_set (error, KT_ERROR_REFUSED, detail, "name the change set by its number: kastune history",
                    "the server does not answer, and there are change sets of several servers");
      return FALSE;
    }
  return all != NULL;
}

gboolean
kt_change_choose (KtOperationContext *context, KtState *state, JsonObject *args, guint states, const char *wanted, gint64 *id,
                  GError **error)
{
  *id = kt_json_int (args, "id", 0);
  if (*id > 0)
    return TRUE;
  g_autofree char *server = kt_change_server (context, args, NULL);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtChange) newest = kt_change_newest (state, args, server, states, &local);
  if (newest != NULL)
    {
      *id = newest->id;
      return server != NULL || kt_change_is_of_indexer (newest) || is_clear (state, newest, states, error);
    }
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune history", "there is no change set %s in %s", wanted,
                  kt_state_directory (state));
  return FALSE;
}

JsonObject *
kt_change_answer (KtState *state, gint64 id, JsonObject *shown, GError **error)
{
  g_autoptr (KtChange) change = kt_journal_load (state, id, error);
  if (change == NULL)
    return NULL;
  json_object_set_object_member (shown, "change", kt_change_to_json (change));
  return json_object_ref (shown);
}
