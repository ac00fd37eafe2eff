/* SPDX-License-Identifier: MIT */
#include "daemon/keeper.h"

#include "base/child.h"
#include "base/error.h"
#include "change/lock.h"
#include "daemon/log.h"

#define AGAIN_US (30 * G_USEC_PER_SEC)

typedef struct {
  KtKeeper *keeper;
  gint64 id;
  KtChild *child;   /* NULL: rests after it failed */
  gint64 again_at;  /* monotonic */
} Watch;

struct KtKeeper {
  KtState *state;
  GHashTable *watches; /* by id */
  gboolean looked, ending;
  void (*changed) (gpointer user);
  gpointer user;
};

KtKeeper *
kt_keeper_new (KtState *state, void (*changed) (gpointer user), gpointer user)
{
  KtKeeper *keeper = g_new0 (KtKeeper, 1);
  keeper->state = state;
  keeper->watches = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  keeper->changed = changed;
  keeper->user = user;
  return keeper;
}

void
kt_keeper_free (KtKeeper *keeper)
{
  if (keeper == NULL)
    return;
  g_hash_table_unref (keeper->watches);
  g_free (keeper);
}

guint
kt_keeper_busy (const KtKeeper *keeper)
{
  guint busy = 0;
  GHashTableIter iter;
  gpointer watch;
  g_hash_table_iter_init (&iter, keeper->watches);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    busy += ((const Watch *) watch)->child != NULL;
  return busy;
}

/* Nobody sits in front of it: it was left to come by itself, or to go back by itself. */
static gboolean
is_unattended (const KtChange *change)
{
  return change->window != NULL || change->waiting_since.wall_ms != 0;
}

/* The command that does what is due, now or when its time comes; NULL: that is for somebody to decide. What is stuck gets one more try
 * when the service starts, since the cause may have been that the machine was going down. */
static const char *
command_for (const KtKeeper *keeper, const KtChange *change)
{
  switch (change->state)
    {
    case KT_CHANGE_SCHEDULED:
    case KT_CHANGE_WAITING:
    case KT_CHANGE_UNDOING: return "wait";
    case KT_CHANGE_RUNNING: return is_unattended (change) ? "wait" : NULL;
    case KT_CHANGE_STUCK: return is_unattended (change) && !keeper->looked ? "undo" : NULL;
    case KT_CHANGE_APPLIED:
    case KT_CHANGE_UNDONE:
    case KT_N_CHANGE_STATES: break;
    }
  return NULL;
}

static void
ended (gpointer user, int status, const char *words)
{
  Watch *watch = user;
  KtKeeper *keeper = watch->keeper;
  watch->child = NULL;
  watch->again_at = g_get_monotonic_time () + AGAIN_US;
  g_autoptr (KtChange) change = kt_journal_load (keeper->state, watch->id, NULL);
  /* How it went stands in the journal; where it does not, its own words are all there is. */
  gboolean open = change == NULL || ((KT_CHANGE_OPEN & ~(1u << KT_CHANGE_STUCK)) & 1u << change->state) != 0;
  if (open && !keeper->ending)
    kt_log (KT_LOG_ERROR, "change set %" G_GINT64_FORMAT ": the kastune that looked after it ended with status %d, another one follows: %s",
            watch->id, status, words);
  if (!open)
    g_hash_table_remove (keeper->watches, &watch->id);
  keeper->changed (keeper->user);
}

/* What the service manager told us is not for them. */
static GStrv
environment (void)
{
  static const char *const ours[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "INVOCATION_ID" };
  GStrv env = g_environ_setenv (g_get_environ (), "KASTUNE_VIA", "daemon", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (ours); i++)
    env = g_environ_unsetenv (env, ours[i]);
  return env;
}

static void
start (KtKeeper *keeper, const KtChange *change, const char *command)
{
  Watch *watch = g_hash_table_lookup (keeper->watches, &change->id);
  if (watch != NULL && (watch->child != NULL || g_get_monotonic_time () < watch->again_at))
    return;
  if (watch == NULL)
    {
      watch = g_new0 (Watch, 1);
      watch->keeper = keeper;
      watch->id = change->id;
      g_hash_table_insert (keeper->watches, &watch->id, watch);
      kt_log (KT_LOG_INFO, "change set %" G_GINT64_FORMAT " (%s, on %s) is %s: looked after", change->id, change->title, change->server_name,
              kt_change_state_name (change->state));
    }
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, change->id);
  const char *const args[] = { command, number, "--quiet", "--state", kt_state_directory (keeper->state),
                               g_str_equal (command, "undo") ? "--yes" : NULL, NULL };
  g_auto (GStrv) env = environment ();
  g_autoptr (GError) error = NULL;
  watch->child = kt_child_start (args, env, ended, watch, &error);
  watch->again_at = g_get_monotonic_time () + AGAIN_US;
  if (watch->child == NULL)
    kt_log_error (KT_LOG_ERROR, error);
}

/* Once, when the service begins: what nobody but the operator can decide. */
static void
say_left_behind (const KtKeeper *keeper, const KtChange *change)
{
  if (keeper->looked || kt_lock_is_held (kt_state_directory (keeper->state), change->server))
    return;
  kt_log (KT_LOG_WARNING, "change set %" G_GINT64_FORMAT " (%s, on %s) is %s and left to you: kastune undo %" G_GINT64_FORMAT " takes it back%s",
          change->id, change->title, change->server_name,
          change->state == KT_CHANGE_STUCK ? "stuck" : "interrupted in the middle", change->id,
          change->state == KT_CHANGE_STUCK ? " once the cause is gone" : ", kastune resume carries it out");
}

gboolean
kt_keeper_look (KtKeeper *keeper, GError **error)
{
  g_autoptr (GPtrArray) open = kt_journal_unfinished (keeper->state, NULL, error);
  for (guint i = 0; open != NULL && i < open->len; i++)
    {
      const KtChange *change = open->pdata[i];
      const char *command = command_for (keeper, change);
      if (command != NULL && !keeper->ending)
        start (keeper, change, command);
      else if (command == NULL)
        say_left_behind (keeper, change);
    }
  keeper->looked = keeper->looked || open != NULL;
  return open != NULL;
}

void
kt_keeper_end (KtKeeper *keeper)
{
  keeper->ending = TRUE;
  GHashTableIter iter;
  gpointer watch;
  g_hash_table_iter_init (&iter, keeper->watches);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    if (((Watch *) watch)->child != NULL)
      kt_child_ask_to_end (((Watch *) watch)->child);
}
