/* SPDX-License-Identifier: MIT
 *
 * The verbs: describe, start, restart, reload, and what the log says meanwhile.
 */
#include "postgres/instance.h"

#include "base/error.h"
#include "base/run.h"
#include "postgres/connection.h"
#include "postgres/control.h"
#include "postgres/instance_docker.h"
#include "postgres/locate.h"
#include "postgres/server_log.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELOAD_DEADLINE_MS 30000
#define RELOAD_SUSPICIOUS_MS 1000
#define CHECK_DEADLINE_MS 60000
#define GHOST_DEADLINE_MS 10000
#define POLL_US 20000
#define POLL_MOST_US 1000000
#define CONTAINER_POLL_US 200000

static gboolean
is_somebody_elses (const KtInstance *instance)
{
  return geteuid () != 0 && g_strcmp0 (instance->owner, g_get_user_name ()) != 0;
}

char *
kt_instance_describe (const KtInstance *instance, const char *verb)
{
  if (g_str_equal (verb, "reload"))
    return g_strdup ("SELECT pg_reload_conf()");
  g_auto (GStrv) argv = kt_control_argv (instance, verb, kt_control_systemd_runs ());
  if (argv == NULL)
    return g_strdup_printf ("%s PostgreSQL%s%s by hand", verb, instance->data_directory != NULL ? " in " : " where it runs,",
                            instance->data_directory != NULL ? instance->data_directory : "");
  g_autoptr (GString) out = g_string_new (NULL);
  if (instance->control == KT_CONTROL_PG_CTL && instance->owner != NULL && g_strcmp0 (instance->owner, g_get_user_name ()) != 0)
    g_string_append_printf (out, "sudo -u %s", instance->owner);
  for (guint i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *quoted = g_shell_quote (argv[i]);
      gboolean plain = *argv[i] != '\0' && strpbrk (argv[i], " \t'\"\\$`|&;<>()*?[]#~") == NULL;
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", plain ? argv[i] : quoted);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Does the server answer, whatever it thinks of us? A ping alone would leave "role root does not exist" in its log. */
static PGPing
ping (const KtInstance *instance)
{
  g_autoptr (KtConnection) connection = kt_connection_open (instance->conninfo, NULL);
  if (connection != NULL)
    return PQPING_OK;
  const char *const keywords[] = { "dbname", "connect_timeout", NULL };
  const char *const values[] = { instance->conninfo, "5", NULL };
  return PQpingParams (keywords, values, 1);
}

gboolean
kt_instance_can_restart (const KtInstance *instance)
{
  return instance->control != KT_CONTROL_NONE && instance->control != KT_CONTROL_REMOTE;
}

gint64
kt_instance_pid (const KtInstance *instance)
{
  KtPostmasterFile file;
  if (instance->control == KT_CONTROL_DOCKER)
    return kt_docker_pid (instance);
  return instance->data_directory != NULL && kt_postmaster_file_read (instance->data_directory, &file) && kt_postmaster_is_alive (file.pid, instance->data_directory)
         ? file.pid : 0;
}

/* A role without rights is not shown who it is. */
gboolean
kt_instance_is_same (const KtInstance *instance, KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) rights = kt_connection_query_file (connection, error, "server", NULL);
  if (rights == NULL)
    return FALSE;
  if (!kt_result_bool (rights, 0, "reads_control"))
    return TRUE;
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "identity", NULL);
  if (rows == NULL)
    return FALSE;
  const char *folder = kt_result_get (rows, 0, "data_directory");
  const char *identifier = kt_result_get (rows, 0, "system_identifier");
  gboolean same_folder = *folder == '\0' || instance->server_directory == NULL || g_str_equal (folder, instance->server_directory);
  gboolean known = *identifier != '\0' && instance->system_identifier != NULL && *instance->system_identifier != '\0';
  if (same_folder && (!known || g_str_equal (identifier, instance->system_identifier)))
    return TRUE;
  if (same_folder)
    kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "the server that answers is another cluster (%s) than that of the plan (%s)",
                  identifier, instance->system_identifier);
  else
    kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "the server that answers runs on %s, the plan is for %s", folder,
                  instance->server_directory);
  return FALSE;
}

gboolean
kt_instance_is_running (const KtInstance *instance)
{
  if (kt_instance_pid (instance) > 0)
    return TRUE;
  if (instance->control == KT_CONTROL_DOCKER)
    return FALSE;
  if (instance->data_directory != NULL && access (instance->data_directory, R_OK | X_OK) == 0)
    return FALSE;
  PGPing answer = ping (instance);
  return answer == PQPING_OK || answer == PQPING_REJECT;
}

typedef struct {
  gint64 log, start_log;
} LogMark;

static gint64
size_of (const char *path)
{
  struct stat st;
  return path != NULL && stat (path, &st) == 0 && S_ISREG (st.st_mode) ? st.st_size : 0;
}

static LogMark
mark_logs (const KtInstance *instance)
{
  return (LogMark){ kt_instance_log_position (instance), size_of (instance->start_log) };
}

/* The collector may have gone on to another file meanwhile. */
static char *
log_since (const KtInstance *instance, gint64 since)
{
  if (instance->control == KT_CONTROL_DOCKER)
    return kt_docker_log (instance, since);
  if (instance->data_directory == NULL)
    return g_strdup ("");
  g_autofree char *old = kt_log_read (instance->log_file, since);
  g_autofree char *now = kt_log_of_running_collector (instance->data_directory);
  if (now == NULL || g_strcmp0 (now, instance->log_file) == 0)
    return g_steal_pointer (&old);
  g_autofree char *more = kt_log_read (now, 0);
  return g_strconcat (old, more, NULL);
}

static char *
journal_of_unit (const KtInstance *instance)
{
  g_auto (KtRunResult) result = { 0 };
  const char *const argv[] = { "journalctl", "--unit", instance->cluster, "--lines=40", "--no-pager", "--output=cat", NULL };
  return kt_run (&(KtRun){ .argv = argv }, &result, NULL, NULL) ? g_strdup (result.output) : NULL;
}

/* In the server's own words, wherever they went. */
static char *
failure_words (const KtInstance *instance, LogMark mark)
{
  g_autofree char *early = g_strcmp0 (instance->start_log, instance->log_file) != 0
    ? kt_log_read (instance->start_log, mark.start_log) : g_strdup ("");
  /* Where the collector never ran, its files still tell of the sessions that the shutdown ended. */
  if (kt_log_has_failure (early))
    return kt_log_failure (early);
  g_autofree char *late = log_since (instance, mark.log);
  g_autofree char *all = g_strconcat (early, late, NULL);
  g_autofree char *journal = *all == '\0' && instance->control == KT_CONTROL_SYSTEMD ? journal_of_unit (instance) : NULL;
  return kt_log_failure (journal != NULL ? journal : all);
}

static void
set_failure (const KtInstance *instance, const char *verb, LogMark mark, const GError *cause, GError **error)
{
  g_autofree char *words = failure_words (instance, mark);
  g_autofree char *where = instance->log_file != NULL ? g_strdup_printf ("its log: %s", instance->log_file)
                         : instance->control == KT_CONTROL_SYSTEMD ? g_strdup_printf ("journalctl -u %s", instance->cluster)
                                                                   : g_strdup ("its log tells more");
  const char *detail = words != NULL ? words : cause != NULL ? kt_error_detail (cause) : NULL;
  kt_error_set (error, KT_ERROR_PROGRAM, detail, where, "PostgreSQL in %s did not %s", instance->data_directory, verb);
}

static gboolean
is_cancelled (GCancellable *cancellable, const char *verb, GError **error)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return FALSE;
  kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the %s of PostgreSQL was interrupted", verb);
  return TRUE;
}

/* Recovery may go on after the program that started it has given up. */
static gboolean
wait_until_accepting (const KtInstance *instance, const char *verb, LogMark mark, const GError *cause, GCancellable *cancellable,
                      GError **error)
{
  gint64 began = g_get_monotonic_time (), deadline = began + KT_CONTROL_TIMEOUT_S * G_USEC_PER_SEC;
  while (ping (instance) != PQPING_OK)
    {
      if (is_cancelled (cancellable, verb, error))
        return FALSE;
      if (!kt_instance_is_running (instance))
        {
          set_failure (instance, verb, mark, cause, error);
          return FALSE;
        }
      if (g_get_monotonic_time () > deadline)
        {
          g_autofree char *words = failure_words (instance, mark);
          kt_error_set (error, KT_ERROR_TIMEOUT, words, instance->log_file,
                        "PostgreSQL in %s runs but takes no connections after %d s", instance->data_directory, KT_CONTROL_TIMEOUT_S);
          return FALSE;
        }
      /* Each look is a line in the log of a server that recovers. */
      g_usleep ((gulong) CLAMP ((g_get_monotonic_time () - began) / 10, POLL_US, POLL_MOST_US));
    }
  return TRUE;
}

static gboolean
may_control (const KtInstance *instance, const char *verb, GError **error)
{
  if (instance->control == KT_CONTROL_REMOTE)
    {
      g_autofree char *hint = g_strdup_printf ("%s it where it runs, then: kastune status", verb);
      g_autofree char *reached = kt_conninfo_without_secrets (instance->conninfo);
      kt_error_set (error, KT_ERROR_UNSUPPORTED, reached, hint, "kastune reaches this server only by SQL and cannot %s it",
                    verb);
      return FALSE;
    }
  if (instance->control == KT_CONTROL_NONE)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "restart it the way it is started (its supervisor, its container)",
                    "kastune does not know how to %s PostgreSQL in %s", verb, instance->data_directory);
      return FALSE;
    }
  gboolean by_service = instance->control == KT_CONTROL_SYSTEMD || instance->control == KT_CONTROL_DOCKER;
  if (!by_service && is_somebody_elses (instance))
    {
      g_autofree char *hint = g_strdup_printf ("run kastune as root%s%s", instance->owner != NULL ? " or as " : "",
                                               instance->owner != NULL ? instance->owner : "");
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, hint, "only root or the owner can %s PostgreSQL in %s", verb,
                    instance->data_directory);
      return FALSE;
    }
  return TRUE;
}

static gboolean
run_verb (const KtInstance *instance, const char *verb, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) argv = kt_control_argv (instance, verb, kt_control_systemd_runs ());
  KtRun run = {
    .argv = (const char *const *) argv,
    .user = instance->control == KT_CONTROL_PG_CTL && geteuid () == 0 ? instance->owner : NULL,
    .deadline_ms = (2 * KT_CONTROL_TIMEOUT_S + 60) * 1000,
  };
  return kt_run (&run, NULL, cancellable, error);
}

/* A killed postmaster keeps its number until its parent has taken note, and so long no server starts in its folder. */
static void
wait_for_ghost (const KtInstance *instance)
{
  KtPostmasterFile file;
  gint64 deadline = g_get_monotonic_time () + GHOST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
  while (kt_postmaster_file_read (instance->data_directory, &file) && kt_postmaster_is_ghost (file.pid)
         && g_get_monotonic_time () < deadline)
    g_usleep (POLL_US);
}

static gboolean
run_container (const KtInstance *instance, const char *verb, GCancellable *cancellable, GError **error)
{
  gint64 since_ms = g_get_real_time () / 1000;
  if (is_cancelled (cancellable, verb, error) || !kt_docker_run (instance, verb, ping (instance) != PQPING_NO_RESPONSE, error))
    return FALSE;
  KtDockerMark mark = kt_docker_mark (instance, since_ms);
  gint64 deadline = g_get_monotonic_time () + KT_CONTROL_TIMEOUT_S * G_USEC_PER_SEC;
  while (ping (instance) != PQPING_OK)
    {
      if (is_cancelled (cancellable, verb, error) || !kt_docker_stays_up (instance, verb, mark, error))
        return FALSE;
      if (g_get_monotonic_time () > deadline)
        {
          kt_error_set (error, KT_ERROR_TIMEOUT, NULL, NULL, "PostgreSQL in container %s runs but takes no connections after %d s",
                        instance->cluster, KT_CONTROL_TIMEOUT_S);
          return FALSE;
        }
      g_usleep (CONTAINER_POLL_US);
    }
  return TRUE;
}

/* A program that failed may still have left a server that starts; one that succeeded may have left one that recovers. */
static gboolean
start_or_restart (const KtInstance *instance, const char *verb, GCancellable *cancellable, GError **error)
{
  if (is_cancelled (cancellable, verb, error))
    return FALSE;
  wait_for_ghost (instance);
  LogMark mark = mark_logs (instance);
  gint64 before = kt_instance_pid (instance);
  g_autoptr (GError) cause = NULL;
  if (!run_verb (instance, verb, cancellable, &cause) && !g_error_matches (cause, KT_ERROR, KT_ERROR_PROGRAM))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  gint64 after = kt_instance_pid (instance);
  if (before > 0 && after == before)
    {
      kt_error_set (error, cause != NULL ? KT_ERROR_PROGRAM : KT_ERROR_VERIFY, cause != NULL ? kt_error_detail (cause) : NULL, NULL,
                    "PostgreSQL in %s did not stop: it is the same process as before", instance->data_directory);
      return FALSE;
    }
  if (cause != NULL && after == 0)
    {
      set_failure (instance, verb, mark, cause, error);
      return FALSE;
    }
  return wait_until_accepting (instance, verb, mark, cause, cancellable, error);
}

gboolean
kt_instance_start (const KtInstance *instance, GCancellable *cancellable, GError **error)
{
  if (instance->control == KT_CONTROL_DOCKER)
    return run_container (instance, "start", cancellable, error);
  if (kt_instance_is_running (instance))
    {
      g_autoptr (GError) local = NULL;
      if (wait_until_accepting (instance, "start", mark_logs (instance), NULL, cancellable, &local))
        return TRUE;
      /* One that was just shutting down is gone now, and starts like any other. */
      if (!g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM) || kt_instance_is_running (instance))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return may_control (instance, "start", error) && start_or_restart (instance, "start", cancellable, error);
}

gboolean
kt_instance_stop (const KtInstance *instance, GCancellable *cancellable, GError **error)
{
  if (!kt_instance_is_running (instance))
    return TRUE;
  if (!may_control (instance, "stop", error) || is_cancelled (cancellable, "stop", error)
      || !(instance->control == KT_CONTROL_DOCKER ? kt_docker_run (instance, "stop", ping (instance) != PQPING_NO_RESPONSE, error)
                                                  : run_verb (instance, "stop", cancellable, error)))
    return FALSE;
  if (!kt_instance_is_running (instance))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "PostgreSQL in %s did not stop", instance->data_directory);
  return FALSE;
}

/* A server that runs is worth more than any setting: it is not stopped when its files would keep it from coming back. */
static gboolean
would_start (const KtInstance *instance, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) argv = instance->bin_directory != NULL ? kt_control_check_argv (instance) : NULL;
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GError) local = NULL;
  if (argv == NULL)
    return TRUE;
  KtRun run = {
    .argv = (const char *const *) argv,
    .user = geteuid () == 0 ? instance->owner : NULL,
    .deadline_ms = CHECK_DEADLINE_MS,
  };
  if (is_somebody_elses (instance) || kt_run (&run, &result, cancellable, &local))
    return TRUE;
  if (!g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_autofree char *words = kt_log_failure (result.diagnosis);
  kt_error_set (error, KT_ERROR_VERIFY, words != NULL ? words : kt_error_detail (local), "mend that line; kastune config check lists all",
                "PostgreSQL in %s was not restarted, since it would not start again", instance->data_directory);
  return FALSE;
}

gboolean
kt_instance_restart (const KtInstance *instance, GCancellable *cancellable, GError **error)
{
  if (instance->control == KT_CONTROL_DOCKER)
    return run_container (instance, "restart", cancellable, error);
  return may_control (instance, "restart", error) && would_start (instance, cancellable, error)
         && start_or_restart (instance, "restart", cancellable, error);
}

/* --------------------------------------------------------------------------------------------------------- reload */

static gboolean
send_hangup (const KtInstance *instance, KtConnection *connection, GError **error)
{
  gint64 pid = instance->control != KT_CONTROL_DOCKER ? kt_instance_pid (instance) : 0;
  if (pid > 0 && kill ((pid_t) pid, SIGHUP) == 0)
    return TRUE;
  g_autoptr (PGresult) result = kt_connection_query_file (connection, error, "reload", NULL);
  return result != NULL;
}

/* A line without a name that cannot be read makes the server leave all files alone, and the time never moves. */
static gboolean
files_are_readable (KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, NULL, "file_settings", NULL);
  for (int i = 0; rows != NULL && i < PQntuples (rows); i++)
    if (*kt_result_get (rows, i, "error") != '\0' && *kt_result_get (rows, i, "name") == '\0')
      {
        g_autofree char *detail = g_strdup_printf ("%s line %s: %s", kt_result_get (rows, i, "sourcefile"),
                                                   kt_result_get (rows, i, "sourceline"), kt_result_get (rows, i, "error"));
        kt_error_set (error, KT_ERROR_VERIFY, detail, "kastune config check", "the server cannot read its configuration files");
        return FALSE;
      }
  return TRUE;
}

static gboolean
wait_for_load (KtConnection *connection, const char *before, GError **error)
{
  gint64 start = g_get_monotonic_time ();
  gboolean looked = FALSE;
  for (;;)
    {
      g_autoptr (PGresult) now = kt_connection_query_file (connection, error, "load_time", NULL);
      if (now == NULL)
        return FALSE;
      if (g_strcmp0 (before, kt_result_get (now, 0, "loaded_at")) != 0)
        return TRUE;
      gint64 waited_ms = (g_get_monotonic_time () - start) / 1000;
      if (waited_ms > RELOAD_SUSPICIOUS_MS && !looked && !files_are_readable (connection, error))
        return FALSE;
      looked = waited_ms > RELOAD_SUSPICIOUS_MS;
      if (waited_ms > RELOAD_DEADLINE_MS)
        {
          kt_error_set (error, KT_ERROR_VERIFY, NULL, "look into the server's log, then: kastune config check",
                        "the server did not read its configuration files again within %d s", RELOAD_DEADLINE_MS / 1000);
          return FALSE;
        }
      g_usleep (POLL_US);
    }
}

gboolean
kt_instance_reload (const KtInstance *instance, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (instance->conninfo, error);
  if (connection == NULL)
    return FALSE;
  g_autoptr (PGresult) before = kt_connection_query_file (connection, error, "load_time", NULL);
  return before != NULL && send_hangup (instance, connection, error)
         && wait_for_load (connection, kt_result_get (before, 0, "loaded_at"), error);
}

/* ------------------------------------------------------------------------------------------------------------ log */

gint64
kt_instance_log_position (const KtInstance *instance)
{
  return instance->control == KT_CONTROL_DOCKER ? g_get_real_time () / 1000 : size_of (instance->log_file);
}

GStrv
kt_instance_log_problems (const KtInstance *instance, gint64 since)
{
  g_autofree char *text = log_since (instance, since);
  return kt_log_problems (text);
}
