/* SPDX-License-Identifier: MIT */
#include "backup/follower.h"

#include "backup/control_data.h"
#include "backup/place.h"
#include "backup/program.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/size.h"
#include "postgres/guc.h"
#include "postgres/locate.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS (30u * 24 * 3600 * 1000) /* only a safety net: a large cluster takes its time */
#define LITTLE (16 * KT_MIB)                 /* log that may be left to replay when the server is stopped */
#define NEAR KT_MIB                          /* and to receive: the server's last checkpoint removes what it thinks nobody needs */
#define PATIENCE_US (10 * 60 * G_USEC_PER_SEC)
#define POLL_US 100000
#define BUFFERS (256 * KT_MIB / 8192)        /* of the copy, in pages: no more than the server has itself */
#define STOP_MS (10 * 60 * 1000)
#define END_PATIENCE_US (30 * G_USEC_PER_SEC)

static const char hba[] = "local all all trust\n";

/* What a hot standby must have at least as much of as the server it follows. */
static const char *const at_least[] = { "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
                                        "max_locks_per_transaction" };

/* ------------------------------------------------------------------------------------------------------ the session */

static gboolean
say_sql (KtConnection *connection, GError **error, const char *sql)
{
  g_autoptr (PGresult) result = kt_connection_query (connection, error, sql, NULL);
  return result != NULL;
}

/* A standby on the same machine would write into the very folder of a tablespace that is made meanwhile: whoever wants one waits. A
 * session of its own, since a statement that fails would let go of the lock. */
static gboolean
keep_tablespaces_out (KtFollower *follower, GError **error)
{
  follower->guard = kt_connection_open (follower->instance->conninfo, error);
  if (follower->guard == NULL || !say_sql (follower->guard, error, "SET idle_in_transaction_session_timeout = 0")
      || !say_sql (follower->guard, error, "BEGIN")
      || !say_sql (follower->guard, error, "LOCK TABLE pg_catalog.pg_tablespace IN SHARE MODE"))
    return FALSE;
  g_autoptr (PGresult) found
    = kt_connection_query (follower->guard, error,
                           "SELECT FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')", NULL);
  if (found == NULL || PQntuples (found) == 0)
    return found != NULL;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, NULL, "the cluster has tablespaces in other places");
  return FALSE;
}

/* A checkpoint of large buffers and an idle hour are no reason to end it. */
static gboolean
take_slot (KtFollower *follower, GError **error)
{
  KtConnection *connection = follower->connection;
  follower->slot = g_strdup_printf ("kastune_%d_%" G_GINT64_FORMAT, (int) getpid (), g_get_real_time ());
  follower->name = g_strdup_printf ("kastune move %d", (int) getpid ());
  if (!say_sql (connection, error, "SET statement_timeout = 0")
      || (kt_connection_major (connection) >= 14 && !say_sql (connection, error, "SET idle_session_timeout = 0")))
    return FALSE;
  g_autoptr (PGresult) made = kt_connection_query_file (connection, error, "move_slot", follower->slot, NULL);
  return made != NULL;
}

/* That of a kastune that was killed between making it and the end of the server. */
void
kt_follower_drop_slots (const KtInstance *instance)
{
  g_autoptr (KtConnection) connection = kt_connection_open (instance->conninfo, NULL);
  if (connection != NULL)
    say_sql (connection, NULL,
             "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
             " WHERE slot_name ~ '^kastune_[0-9]+_[0-9]+_end$' AND NOT active");
}

KtFollower *
kt_follower_new (const KtInstance *instance, const char *data, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (KtFollower) follower = g_new0 (KtFollower, 1);
  follower->instance = instance;
  follower->data = data;
  follower->watch = watch;
  kt_follower_drop_slots (instance);
  follower->connection = kt_connection_open (instance->conninfo, error);
  if (follower->connection == NULL || !kt_instance_is_same (instance, follower->connection, error)
      || (follower->server = kt_server_load (follower->connection, error)) == NULL
      || (follower->client = kt_client_new (follower->connection, instance->bin_directory, "pg_basebackup", error)) == NULL
      || !keep_tablespaces_out (follower, error) || !take_slot (follower, error))
    return NULL;
  return g_steal_pointer (&follower);
}

void
kt_follower_end (KtFollower *follower)
{
  g_clear_pointer (&follower->standby, kt_connection_free);
  g_clear_pointer (&follower->process, kt_scratch_server_free);
  g_clear_pointer (&follower->site, kt_scratch_site_free);
  g_clear_pointer (&follower->connection, kt_connection_free);
  g_clear_pointer (&follower->guard, kt_connection_free);
}

void
kt_follower_free (KtFollower *follower)
{
  if (follower == NULL)
    return;
  kt_follower_end (follower);
  g_clear_pointer (&follower->client, kt_client_free);
  g_clear_pointer (&follower->server, kt_server_free);
  g_free (follower->name);
  g_free (follower->slot);
  g_free (follower);
}

/* @lsn "": what pg_basebackup has received. Too late is the server's to say, when the log is asked for. */
static void
let_go (const KtFollower *follower, const char *lsn)
{
  G_GNUC_UNUSED g_autoptr (PGresult) moved
    = kt_connection_query_file (follower->connection, NULL, "move_advance", follower->slot, lsn, follower->name, NULL);
}

/* --------------------------------------------------------------------------------------------------------- the copy */

static gboolean
measure (gpointer user, gint64 *done, gint64 *total)
{
  const KtFollower *follower = user;
  let_go (follower, "");
  g_autoptr (PGresult) row = kt_connection_query_file (follower->connection, NULL, "backup_progress", follower->name, NULL);
  if (row == NULL || PQntuples (row) == 0)
    return FALSE;
  *done = kt_result_int (row, 0, "done");
  *total = MAX (kt_result_int (row, 0, "total"), 0);
  return TRUE;
}

static gboolean
run_base_backup (KtFollower *follower, const char *wal, GError **error)
{
  const KtClient *client = follower->client;
  g_autofree char *program = kt_client_program (client->bin_directory, "pg_basebackup", error);
  g_autofree char *conninfo = kt_client_conninfo (client, NULL, follower->name);
  if (program == NULL)
    return FALSE;
  const char *const argv[] = { program, "--dbname", conninfo, "--no-password", "--pgdata", follower->data, "--format=plain",
                               "--wal-method=stream", "--no-slot", "--checkpoint=fast", "--label", follower->name,
                               wal != NULL ? "--waldir" : NULL, wal, NULL };
  const KtBackupProgram copy = { .argv = argv, .user = geteuid () == 0 ? follower->instance->owner : NULL,
                                 .env = (const char *const *) client->env, .what = "copying", .folder = follower->data,
                                 .measure = measure, .user_data = follower };
  return kt_backup_run (&copy, follower->watch, NULL, error);
}

static gboolean
look_on (gpointer user, gint64 *done, gint64 *total)
{
  *done = *total = 0;
  return TRUE;
}

/* pg_verifybackup hands the folder to pg_waldump through a shell, in double quotes. The log is replayed by the copy anyway. */
static gboolean
may_parse_log (const KtFollower *follower)
{
  return follower->client->major == follower->client->server_major && strpbrk (follower->data, "\"\\$`\n") == NULL;
}

static gboolean
run_verification (KtFollower *follower, GError **error)
{
  g_autofree char *program = kt_client_program (follower->client->bin_directory, "pg_verifybackup", error);
  g_autoptr (GError) local = NULL;
  if (program == NULL)
    return FALSE;
  gboolean with_log = may_parse_log (follower);
  const char *const argv[] = { program, "--exit-on-error", with_log ? follower->data : "--no-parse-wal",
                               with_log ? NULL : follower->data, NULL };
  const KtBackupProgram check = { .argv = argv, .user = geteuid () == 0 ? follower->instance->owner : NULL,
                                  .what = "verifying every file of the copy against its manifest", .measure = look_on };
  if (kt_backup_run (&check, follower->watch, NULL, &local))
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    kt_error_set (error, KT_ERROR_VERIFY, kt_error_detail (local), "look into the kernel's log for errors of the disk",
                  "the copy in %s is not what was sent", follower->data);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
kt_follower_copy (KtFollower *follower, const char *wal, GError **error)
{
  if (!run_base_backup (follower, wal, error))
    return FALSE;
  kt_crash_point ("move: copied");
  if (!run_verification (follower, error) || !kt_place_set_follows (follower->data, TRUE, error))
    return FALSE;
  kt_crash_point ("move: verified");
  return TRUE;
}

/* ------------------------------------------------------------------------------------------------------ the standby */

static gboolean
write_beside (const KtFollower *follower, const char *path, const char *text, GError **error)
{
  struct stat like;
  if (stat (follower->site->folder, &like) != 0)
    {
      kt_error_set (error, KT_ERROR_IO, NULL, NULL, "cannot look at %s", follower->site->folder);
      return FALSE;
    }
  like.st_mode = S_IFREG | 0600;
  return kt_file_write (path, text, -1, &like, error);
}

/* Of the cluster's own settings only what it cannot replay without. What ALTER SYSTEM has set comes back when it takes the place. */
static gboolean
write_settings (KtFollower *follower, GError **error)
{
  g_autofree char *hba_file = g_build_filename (follower->site->folder, "pg_hba.conf", NULL);
  g_autofree char *ident_file = g_build_filename (follower->site->folder, "pg_ident.conf", NULL);
  g_autofree char *automatic = g_build_filename (follower->data, "postgresql.auto.conf", NULL);
  g_autofree char *source = kt_client_conninfo (follower->client, NULL, follower->name);
  g_autofree char *primary = kt_guc_quote (source);
  const KtSetting *setting = kt_server_setting (follower->server, "shared_preload_libraries");
  g_autofree char *libraries = kt_guc_quote (setting != NULL && setting->value != NULL ? setting->value : "");
  g_autoptr (GString) text = g_string_new ("huge_pages = off\narchive_mode = off\nhot_standby = on\n"
                                           "recovery_target_timeline = 'latest'\nautovacuum = off\nmax_wal_size = 4GB\n"
                                           "max_standby_streaming_delay = 0\n");
  g_string_append_printf (text, "shared_buffers = %" G_GINT64_FORMAT "\n",
                          MIN (kt_server_int (follower->server, "shared_buffers", BUFFERS), BUFFERS));
  g_string_append_printf (text, "hba_file = '%s'\nident_file = '%s'\nprimary_conninfo = %s\nshared_preload_libraries = %s\n", hba_file,
                          ident_file, primary, libraries);
  for (gsize i = 0; i < G_N_ELEMENTS (at_least); i++)
    g_string_append_printf (text, "%s = %" G_GINT64_FORMAT "\n", at_least[i], kt_server_int (follower->server, at_least[i], 0));
  return write_beside (follower, hba_file, hba, error) && write_beside (follower, ident_file, "", error)
         && kt_file_remove (automatic, error) && kt_scratch_site_write_conf (follower->site, text->str, error);
}

/* To connect, root becomes somebody else for a moment; what another thread starts in that moment would be neither. */
static void
wait_for_process (const KtFollower *follower)
{
  KtPostmasterFile file;
  while (!kt_scratch_server_is_over (follower->process)
         && !(kt_postmaster_file_read (follower->data, &file) && kt_postmaster_is_alive (file.pid, follower->data)))
    g_usleep (POLL_US / 10);
}

static gboolean
start_standby (KtFollower *follower, GError **error)
{
  follower->scratch = (KtScratch){
    .bin_directory = follower->instance->bin_directory,
    .owner = follower->instance->owner,
    .data = follower->data,
    .env = (const char *const *) follower->client->env,
    .stop_ms = STOP_MS,
  };
  follower->site = kt_scratch_site_new (&follower->scratch, DEADLINE_MS, follower->watch->cancellable, error);
  if (follower->site == NULL || !write_settings (follower, error))
    return FALSE;
  follower->process = kt_scratch_server_start (follower->site, NULL, error);
  if (follower->process == NULL)
    return FALSE;
  wait_for_process (follower);
  return TRUE;
}

/* -1: it takes no connections yet, or has gone. @received may be NULL. */
static gint64
replayed_by (KtFollower *follower, gint64 *received)
{
  if (follower->standby == NULL)
    {
      g_autofree char *conninfo = g_strdup_printf ("host='%s' port=5432 user='%s' dbname='%s'", follower->site->sockets,
                                                   follower->client->role, follower->client->database);
      follower->standby = kt_connection_open (conninfo, NULL);
    }
  g_autoptr (PGresult) row
    = follower->standby != NULL ? kt_connection_query_file (follower->standby, NULL, "move_replayed", NULL) : NULL;
  if (row == NULL)
    {
      g_clear_pointer (&follower->standby, kt_connection_free);
      return -1;
    }
  if (received != NULL)
    *received = kt_result_int (row, 0, "received");
  return kt_result_int (row, 0, "replayed");
}

/* TRUE with @error when there is no reason to wait any longer. */
static gboolean
has_ended (KtFollower *follower, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (follower->watch->cancellable, error))
    return TRUE;
  if (!kt_scratch_server_is_over (follower->process))
    return FALSE;
  kt_scratch_server_stop (follower->process, TRUE);
  const char *log = follower->process->result.diagnosis != NULL ? follower->process->result.diagnosis : "";
  const char *last = strlen (log) > 2000 ? log + strlen (log) - 2000 : log;
  kt_error_set (error, KT_ERROR_PROGRAM, last, NULL, "the copy in %s ended while it followed the server", follower->data);
  return TRUE;
}

/* The server has recycled a file that a copy from before needs. */
static gboolean
is_lost (const KtFollower *follower, gint64 received, GError **error)
{
  g_autofree char *next = kt_lsn_to_text ((guint64) received + 1);
  g_autoptr (PGresult) row = kt_connection_query_file (follower->connection, NULL, "move_lost", next, follower->name, NULL);
  if (row == NULL || !kt_result_bool (row, 0, "lost"))
    return FALSE;
  kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, NULL, "the server no longer has the log that the copy in %s needs", follower->data);
  return TRUE;
}

typedef struct {
  gint64 least, since_us; /* the smallest distance so far, and when it was reached */
} Race;

static gboolean
is_hopeless (Race *race, gint64 behind, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  if (behind < race->least)
    *race = (Race){ behind, now };
  if (now - race->since_us < PATIENCE_US)
    return FALSE;
  g_autofree char *least = kt_size_format (race->least);
  kt_error_set (error, KT_ERROR_TIMEOUT, NULL, "try again when less is written; a slower disk below the copy never catches up",
                "the copy came no nearer than %s of log in ten minutes", race->least == G_MAXINT64 ? "(not known)" : least);
  return TRUE;
}

static gboolean
is_near (const KtFollower *follower, gint64 behind, gint64 to_receive)
{
  if (behind > LITTLE || to_receive > NEAR)
    return FALSE;
  g_autoptr (PGresult) row = kt_connection_query (follower->connection, NULL,
                                                  "SELECT FROM pg_catalog.pg_stat_replication"
                                                  " WHERE application_name = $1 AND state = 'streaming'", follower->name, NULL);
  return row != NULL && PQntuples (row) == 1;
}

/* Until it is sent the log as it is written, and lacks little. */
static gboolean
run_after (KtFollower *follower, GError **error)
{
  Race race = { G_MAXINT64, g_get_monotonic_time () };
  for (;;)
    {
      gint64 received = 0;
      gint64 replayed = replayed_by (follower, &received);
      g_autoptr (PGresult) row = kt_connection_query_file (follower->connection, error, "move_written", NULL);
      if (row == NULL || has_ended (follower, error))
        return FALSE;
      gint64 behind = replayed >= 0 ? MAX (kt_result_int (row, 0, "written") - replayed, 0) : G_MAXINT64 - 1;
      if (is_near (follower, behind, kt_result_int (row, 0, "written") - received))
        return TRUE;
      if (is_hopeless (&race, behind, error) || (replayed >= 0 && is_lost (follower, received, error)))
        return FALSE;
      g_autofree char *left = replayed >= 0 ? kt_size_format (behind) : g_strdup ("not known how much");
      g_autofree char *what = g_strdup_printf ("the copy catches up: %s of log left", left);
      kt_backup_say (follower->watch, what, 0, 0);
      g_autofree char *there = kt_lsn_to_text ((guint64) received);
      if (received > 0)
        let_go (follower, there);
      g_usleep (POLL_US);
    }
}

/* So that neither the server's last checkpoint nor the copy's has much to write. */
gboolean
kt_follower_catch_up (KtFollower *follower, GError **error)
{
  if (!start_standby (follower, error) || !run_after (follower, error))
    return FALSE;
  kt_crash_point ("move: caught up");
  kt_backup_say (follower->watch, "checkpoints of the server and of the copy", 0, 0);
  return say_sql (follower->connection, error, "CHECKPOINT") && run_after (follower, error)
         && say_sql (follower->standby, error, "SET statement_timeout = 0") && say_sql (follower->standby, error, "CHECKPOINT")
         && run_after (follower, error);
}

/* ----------------------------------------------------------------------------------------------------------- the end */

static gboolean
wait_for_the_last (KtFollower *follower, guint64 checkpoint, GError **error)
{
  gint64 since = g_get_monotonic_time (), best = -1;
  for (;;)
    {
      gint64 replayed = replayed_by (follower, NULL), now = g_get_monotonic_time ();
      if (replayed > (gint64) checkpoint)
        return TRUE;
      if (has_ended (follower, error))
        return FALSE;
      if (replayed > best)
        {
          best = replayed;
          since = now;
        }
      if (now - since > END_PATIENCE_US)
        {
          kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the copy in %s did not get the last of the server's log", follower->data);
          return FALSE;
        }
      g_usleep (POLL_US / 10);
    }
}

static gboolean
are_equal (const KtFollower *follower, const KtControlData *server, const KtControlData *copy, GError **error)
{
  if (g_str_equal (copy->state, "shut down in recovery") && server->checkpoint == copy->checkpoint
      && server->timeline == copy->timeline && server->next_xid == copy->next_xid && server->next_multixact == copy->next_multixact
      && g_str_equal (server->system_identifier, copy->system_identifier))
    return TRUE;
  g_autofree char *one = kt_lsn_to_text (server->checkpoint);
  g_autofree char *other = kt_lsn_to_text (copy->checkpoint);
  g_autofree char *detail = g_strdup_printf ("the server: %s at %s on timeline %u; the copy: %s at %s on timeline %u", server->state, one,
                                             server->timeline, copy->state, other, copy->timeline);
  kt_error_set (error, KT_ERROR_VERIFY, detail, NULL, "the copy in %s does not end where the server ended", follower->data);
  return FALSE;
}

static gboolean
stopped_cleanly (const KtControlData *server, GError **error)
{
  if (g_str_equal (server->state, "shut down"))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, server->state, NULL, "the server did not shut down cleanly");
  return FALSE;
}

/* A temporary slot ends with its session, before the server's last checkpoint, which then removes what the copy may not have yet: the
 * more so as an archiving server begins a new file at its end. This one stays, and goes as a folder of the server that has stopped. */
static char *
hold_to_the_end (KtFollower *follower, GError **error)
{
  g_autofree char *name = g_strconcat (follower->slot, "_end", NULL);
  g_autoptr (PGresult) made
    = kt_connection_query (follower->connection, error, "SELECT pg_catalog.pg_create_physical_replication_slot($1, true)", name, NULL);
  return made != NULL ? g_build_filename (follower->instance->data_directory, "pg_replslot", name, NULL) : NULL;
}

gboolean
kt_follower_finish (KtFollower *follower, KtFollowed *followed, GError **error)
{
  const KtInstance *instance = follower->instance;
  gint64 replayed = replayed_by (follower, NULL);
  /* A stop is not broken off: it would go on all the same. */
  if (has_ended (follower, error))
    return FALSE;
  g_autofree char *held = hold_to_the_end (follower, error);
  if (held == NULL)
    return FALSE;
  kt_crash_point ("move: log held");
  kt_backup_say (follower->watch, "stopping PostgreSQL", 0, 0);
  followed->stopped_at = g_get_monotonic_time ();
  /* Slot and lock are held until the server itself ends our sessions. */
  if (!kt_instance_stop (instance, NULL, error))
    return FALSE;
  kt_crash_point ("move: server stopped");
  if (!kt_folder_remove (held, error))
    return FALSE;
  g_autoptr (KtControlData) server = kt_control_data_read (instance->bin_directory, instance->data_directory, error);
  if (server == NULL || !stopped_cleanly (server, error) || !wait_for_the_last (follower, server->checkpoint, error))
    return FALSE;
  g_clear_pointer (&follower->standby, kt_connection_free);
  kt_scratch_server_stop (follower->process, FALSE);
  kt_crash_point ("move: copy stopped");
  g_autoptr (KtControlData) copy = kt_control_data_read (instance->bin_directory, follower->data, error);
  followed->checkpoint = server->checkpoint;
  followed->caught_up_bytes = replayed >= 0 ? (gint64) server->checkpoint - replayed : -1;
  return copy != NULL && are_equal (follower, server, copy, error);
}
