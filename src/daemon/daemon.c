/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include "base/error.h"
#include "change/journal.h"
#include "change/lock.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "operation/schedule.h"

#include <sys/stat.h>
#include <unistd.h>

/* The journal tells by itself when it changes; this is for where it cannot (no inotify left, another file system). */
#define LOOK_S 10
/* Somebody who only asks whether a daemon is there holds its lock for a moment. */
#define LOCK_TRIES 20
#define LOCK_PAUSE_US 50000

typedef struct {
  const KtOperationContext *context;
  KtState *state;
  struct stat database; /* as it was opened */
  KtKeeper *keeper;
  GMainLoop *loop;
  gint64 last_event;
  char *complaint; /* the last one, said once */
  gboolean stopping;
  GError *failure;
} Daemon;

/* The one of this process, for who tells it to reread. */
static Daemon *serving;

static void
daemon_clear (Daemon *daemon)
{
  g_clear_pointer (&daemon->keeper, kt_keeper_free);
  g_clear_pointer (&daemon->state, kt_state_free);
  g_clear_pointer (&daemon->loop, g_main_loop_unref);
  g_clear_pointer (&daemon->complaint, g_free);
  g_clear_error (&daemon->failure);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Daemon, daemon_clear)

/* --- what happened ------------------------------------------------------------------------------------------------ */

static KtLogLevel
level_of (const char *event, gboolean whole)
{
  if (g_str_equal (event, kt_change_state_name (KT_CHANGE_STUCK)))
    return KT_LOG_ERROR;
  if (g_str_equal (event, kt_change_state_name (KT_CHANGE_UNDOING)))
    return whole ? KT_LOG_WARNING : KT_LOG_INFO;
  return whole ? KT_LOG_NOTICE : KT_LOG_INFO;
}

/* "change set 3, step 2 (set 31 parameters …): applied, by root, daemon" */
static void
tell_event (JsonObject *event)
{
  gint64 step = kt_json_int (event, "step", 0);
  const char *text = kt_json_string (event, "text", NULL), *what = kt_json_string (event, "event", "");
  g_autofree char *which = step > 0 ? g_strdup_printf (", step %" G_GINT64_FORMAT " (%s)", step, kt_json_string (event, "description", ""))
                                    : g_strdup ("");
  kt_log (level_of (what, step == 0), "change set %" G_GINT64_FORMAT "%s: %s, by %s%s%s", kt_json_int (event, "change", 0), which, what,
          kt_json_string (event, "actor", ""), text != NULL ? ": " : "", text != NULL ? text : "");
}

/* Whoever did it: the service's log is the record of this machine. */
static gboolean
tell_events (Daemon *daemon, GError **error)
{
  g_autoptr (JsonArray) events = kt_journal_events_after (daemon->state, &daemon->last_event, error);
  for (guint i = 0; events != NULL && i < json_array_get_length (events); i++)
    tell_event (json_array_get_object_element (events, i));
  return events != NULL;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

/* A journal that was set aside, as the error about a damaged one recommends, must not be served on. */
static gboolean
is_still_there (const Daemon *daemon, GError **error)
{
  struct stat now;
  g_autofree char *path = g_build_filename (kt_state_directory (daemon->state), "state.db", NULL);
  if (stat (path, &now) == 0 && now.st_ino == daemon->database.st_ino && now.st_dev == daemon->database.st_dev)
    return TRUE;
  kt_error_set (error, KT_ERROR_STATE, NULL, "start the daemon again", "%s is not the journal any more that this daemon serves", path);
  return FALSE;
}

static void
complain (Daemon *daemon, const GError *error)
{
  if (g_strcmp0 (daemon->complaint, error->message) == 0)
    return;
  g_free (daemon->complaint);
  daemon->complaint = g_strdup (error->message);
  kt_log_error (KT_LOG_ERROR, error);
}

static void
begin_to_stop (Daemon *daemon)
{
  daemon->stopping = TRUE;
  kt_log (KT_LOG_NOTICE, "ends%s", kt_keeper_busy (daemon->keeper) > 0 ? " when the change sets it looks after are between two steps" : "");
  kt_notify ("STOPPING=1");
  kt_keeper_end (daemon->keeper);
}

static void
look (Daemon *daemon)
{
  g_autoptr (GError) error = NULL;
  if (!daemon->stopping && daemon->failure == NULL && g_cancellable_is_cancelled (daemon->context->cancellable))
    begin_to_stop (daemon);
  if (daemon->failure == NULL && !is_still_there (daemon, &daemon->failure))
    begin_to_stop (daemon);
  if (daemon->failure == NULL && (!tell_events (daemon, &error) || !kt_keeper_look (daemon->keeper, &error)))
    complain (daemon, error);
  else
    g_clear_pointer (&daemon->complaint, g_free);
  if (daemon->stopping && kt_keeper_busy (daemon->keeper) == 0)
    g_main_loop_quit (daemon->loop);
}

static gboolean
look_once (gpointer daemon)
{
  look (daemon);
  return G_SOURCE_REMOVE;
}

static gboolean
look_again (gpointer daemon)
{
  look (daemon);
  return G_SOURCE_CONTINUE;
}

/* From any thread, and from within a look. */
static void
wake (gpointer daemon)
{
  g_idle_add (look_once, daemon);
}

static void
on_cancelled (GCancellable *cancellable, gpointer daemon)
{
  wake (daemon);
}

static void
on_journal_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer daemon)
{
  g_autofree char *name = g_file_get_basename (file);
  if (g_str_has_prefix (name, "state.db"))
    wake (daemon);
}

static gboolean
feed_watchdog (gpointer data)
{
  kt_notify ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/* --- rereading ---------------------------------------------------------------------------------------------------- */

static gboolean
reread (gpointer data)
{
  Daemon *daemon = data;
  g_autofree char *reloading = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  kt_notify (reloading);
  const KtSettings *old = daemon->context->settings;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtSettings) settings = kt_settings_load (old->path, &error);
  gboolean moved = settings != NULL && daemon->context->state_directory == old->state && g_strcmp0 (settings->state, old->state) != 0;
  if (settings == NULL)
    kt_log_error (KT_LOG_ERROR, error);
  else if (moved)
    kt_log (KT_LOG_WARNING, "kastune.conf names another state folder: start the daemon again to serve it");
  else
    kt_log (KT_LOG_NOTICE, "kastune.conf is read again");
  kt_notify ("READY=1");
  look (daemon);
  return G_SOURCE_REMOVE;
}

gboolean
kt_daemon_reread (void)
{
  Daemon *daemon = g_atomic_pointer_get (&serving);
  if (daemon != NULL)
    g_idle_add (reread, daemon);
  return daemon != NULL;
}

/* --- serving ------------------------------------------------------------------------------------------------------ */

static KtLock *
take_lock (const KtState *state, GError **error)
{
  for (int i = 0;; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autofree char *does = g_strdup_printf ("serves %s already", kt_state_directory (state));
      KtLock *lock = kt_lock_take_for (kt_state_directory (state), KT_SCHEDULE_DAEMON_LOCK, does, "systemctl status kastune", &local);
      if (lock != NULL)
        return lock;
      if (i == LOCK_TRIES || !g_error_matches (local, KT_ERROR, KT_ERROR_REFUSED))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      g_usleep (LOCK_PAUSE_US);
    }
}

/* Holds the database open, so that its write-ahead log stays where it is watched. */
static gboolean
open_journal (Daemon *daemon, GError **error)
{
  daemon->state = kt_state_open (daemon->context->state_directory, error);
  if (daemon->state == NULL || !kt_journal_init (daemon->state, error) || !kt_journal_check (daemon->state, error))
    return FALSE;
  g_autofree char *path = g_build_filename (kt_state_directory (daemon->state), "state.db", NULL);
  daemon->last_event = -1;
  return stat (path, &daemon->database) == 0 && tell_events (daemon, error);
}

static GFileMonitor *
watch_journal (Daemon *daemon)
{
  g_autoptr (GFile) folder = g_file_new_for_path (kt_state_directory (daemon->state));
  g_autoptr (GError) error = NULL;
  GFileMonitor *monitor = g_file_monitor_directory (folder, G_FILE_MONITOR_NONE, NULL, &error);
  if (monitor != NULL)
    g_signal_connect (monitor, "changed", G_CALLBACK (on_journal_changed), daemon);
  else
    kt_log (KT_LOG_WARNING, "the journal is looked at every %d s, since it cannot be watched: %s", LOOK_S, error->message);
  return monitor;
}

static void
serve (Daemon *daemon)
{
  guint watchdog_ms = kt_notify_watchdog_ms ();
  G_GNUC_UNUSED g_autoptr (GFileMonitor) monitor = watch_journal (daemon);
  guint every = g_timeout_add_seconds (LOOK_S, look_again, daemon);
  guint watchdog = watchdog_ms > 0 ? g_timeout_add (watchdog_ms, feed_watchdog, NULL) : 0;
  gulong cancelled = g_cancellable_connect (daemon->context->cancellable, G_CALLBACK (on_cancelled), daemon, NULL);
  g_atomic_pointer_set (&serving, daemon);
  kt_log (KT_LOG_NOTICE, "kastune " KT_VERSION " looks after the change sets in %s", kt_state_directory (daemon->state));
  wake (daemon);
  kt_notify ("READY=1");
  g_main_loop_run (daemon->loop);
  g_atomic_pointer_set (&serving, NULL);
  g_cancellable_disconnect (daemon->context->cancellable, cancelled);
  g_source_remove (every);
  if (watchdog != 0)
    g_source_remove (watchdog);
}

gboolean
kt_daemon_run (const KtOperationContext *context, GError **error)
{
  g_auto (Daemon) daemon = { .context = context, .loop = g_main_loop_new (NULL, FALSE) };
  if (!open_journal (&daemon, error))
    return FALSE;
  g_autoptr (KtLock) lock = take_lock (daemon.state, error);
  if (lock == NULL)
    return FALSE;
  daemon.keeper = kt_keeper_new (daemon.state, wake, &daemon);
  serve (&daemon);
  if (daemon.failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&daemon.failure));
  return FALSE;
}
