/* SPDX-License-Identifier: MIT
 *
 * On real servers: one that includes a folder, one that is written by ALTER SYSTEM. Every test leaves them as they were,
 * which is what it tests.
 */
#include "tuning/steps.h"

#include "base/error.h"
#include "base/run.h"
#include "change/runner.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

typedef struct {
  KtTestCluster *cluster;
  KtServer *server; /* as it was when found */
  KtInstance *instance;
} Target;

static void
target_find (Target *target, const char *more)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *conninfo = kt_test_cluster_conninfo (target->cluster, "postgres", NULL, more);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  target->server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  target->instance = kt_instance_find (target->server, conninfo, &error);
  g_assert_no_error (error);
}

static void
target_set_up (Target *target, gconstpointer data)
{
  gboolean include = GPOINTER_TO_INT (data);
  target->cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .stopped = TRUE, .conf = "work_mem = 3MB\n" });
  if (include)
    {
      g_autofree char *conf_d = g_build_filename (target->cluster->data_directory, "conf.d", NULL);
      g_assert_cmpint (g_mkdir (conf_d, 0755), ==, 0);
      kt_test_cluster_append_conf (target->cluster, "include_dir = 'conf.d'");
    }
  kt_test_cluster_start (target->cluster);
  target_find (target, NULL);
}

static void
target_tear_down (Target *target, gconstpointer data)
{
  kt_instance_free (target->instance);
  kt_server_free (target->server);
  kt_test_cluster_free (target->cluster);
}

static void
assert_done (const GError *error)
{
  if (error != NULL)
    g_error ("%s (%s)", error->message, kt_error_detail (error) != NULL ? kt_error_detail (error) : "");
}

/* Pairs of name and value, then NULL. */
static JsonObject *
args_for (const Target *target, KtActivation activation, ...)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *settings = kt_conf_write_settings ();
  va_list pairs;
  va_start (pairs, activation);
  for (const char *name = va_arg (pairs, const char *); name != NULL; name = va_arg (pairs, const char *))
    kt_conf_write_settings_add (settings, name, va_arg (pairs, const char *), "a test wants it");
  va_end (pairs);
  JsonObject *args = kt_step_settings_args (target->server, target->instance, "a test", settings, activation, &error);
  assert_done (error);
  return args;
}

/* As the journal holds it. Takes @object. */
static JsonObject *
through_journal (JsonObject *object)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  g_autofree char *text = kt_json_to_line (node);
  g_autoptr (JsonNode) again = kt_json_parse (text, &error);
  assert_done (error);
  return json_node_dup_object (again);
}

static JsonObject *
prepared (const KtStepKind *kind, JsonObject *args)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  kind->check (&context, args, &error);
  assert_done (error);
  JsonObject *before = kind->prepare (&context, args, &error);
  assert_done (error);
  return through_journal (before);
}

static JsonObject *
applied (const KtStepKind *kind, JsonObject *args)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  JsonObject *before = prepared (kind, args);
  kind->apply (&context, args, before, &error);
  assert_done (error);
  kind->verify (&context, args, before, &error);
  assert_done (error);
  return before;
}

static void
undo (const KtStepKind *kind, JsonObject *args, JsonObject *before)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  kind->can_undo (&context, args, before, &error);
  assert_done (error);
  kind->undo (&context, args, before, &error);
  assert_done (error);
}

static void
assert_undo_refused (const KtStepKind *kind, JsonObject *args, JsonObject *before)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kind->can_undo (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
  g_clear_error (&error);
  g_assert_false (kind->undo (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
}

static void
assert_sql (const Target *target, const char *sql, const char *expected)
{
  g_autofree char *value = kt_test_cluster_sql (target->cluster, NULL, sql);
  g_assert_cmpstr (value, ==, expected);
}

static void
assert_as_before (const Target *target)
{
  assert_sql (target, "SHOW work_mem", "3MB");
  assert_sql (target, "SHOW shared_buffers", "16MB");
  assert_sql (target, "SELECT count(*) FROM pg_settings WHERE pending_restart", "0");
  assert_sql (target, "SELECT count(*) FROM pg_file_settings WHERE sourcefile ~ 'kastune|auto.conf'", "0");
}

/* --- postgres-settings -------------------------------------------------------------------------------------------- */

static void
test_reload (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = through_journal (
    args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", "wal_compression", "on", "checkpoint_completion_target",
              "0.8", NULL));
  g_autofree char *said = kt_step_postgres_settings.describe (args);
  g_assert_nonnull (strstr (said, "3 parameters"));
  GPid pid = kt_test_cluster_pid (target->cluster);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  assert_sql (target, "SHOW work_mem", "16MB");
  undo (&kt_step_postgres_settings, args, before);
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
  g_assert_cmpint (kt_test_cluster_pid (target->cluster), ==, pid);
}

static void
test_restart (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", "wal_buffers", "-1",
                                          "shared_preload_libraries", "pg_stat_statements", "pg_stat_statements.max", "3000", NULL);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  assert_sql (target, "SHOW shared_buffers", "24MB");
  assert_sql (target, "SHOW pg_stat_statements.max", "3000");
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
  assert_sql (target, "SHOW shared_preload_libraries", "");
}

/* Without the restart the new value waits, which is as planned, and an undo leaves nothing waiting. */
static void
test_reload_leaves_restart_pending (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "shared_buffers", "24MB", NULL);
  GPid pid = kt_test_cluster_pid (target->cluster);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  assert_sql (target, "SELECT pending_restart::text FROM pg_settings WHERE name = 'shared_buffers'", "true");
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
  g_assert_cmpint (kt_test_cluster_pid (target->cluster), ==, pid);
}

static void
test_value_in_auto_conf (Target *target, gconstpointer data)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '5MB'"));
  g_free (kt_test_cluster_sql (target->cluster, NULL, "SELECT pg_reload_conf()"));
  g_clear_pointer (&target->instance, kt_instance_free);
  g_clear_pointer (&target->server, kt_server_free);
  target_find (target, NULL);
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  assert_sql (target, "SHOW work_mem", "16MB");
  undo (&kt_step_postgres_settings, args, before);
  assert_sql (target, "SHOW work_mem", "5MB");
  assert_sql (target, "SELECT setting FROM pg_file_settings WHERE sourcefile ~ 'auto.conf'", "5MB");
}

static void
test_server_stopped_by_hand (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = through_journal (args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB",
                                                           NULL));
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  kt_test_cluster_stop (target->cluster);
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
}

static void
write_only (const Target *target, JsonObject *args, JsonObject *before)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = kt_conf_write_from_json (kt_json_object (args, "write"), &error);
  g_autoptr (KtConnection) connection = kt_connection_open (target->cluster->conninfo, &error);
  kt_conf_write_apply (write, kt_json_object (before, "files"), connection, &error);
  assert_done (error);
}

/* Written, and the server dies before it is restarted: its next start is on the old files. */
static void
test_killed_between_write_and_restart (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", "work_mem", "16MB",
                                          NULL);
  g_autoptr (JsonObject) before = prepared (&kt_step_postgres_settings, args);
  write_only (target, args, before);
  kt_test_cluster_kill (target->cluster);
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
}

static void
test_undo_of_what_never_began (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", NULL);
  g_autoptr (JsonObject) before = prepared (&kt_step_postgres_settings, args);
  undo (&kt_step_postgres_settings, args, before);
  assert_as_before (target);
}

static void
test_change_of_somebody_else (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '64MB'"));
  assert_undo_refused (&kt_step_postgres_settings, args, before);
  assert_sql (target, "SELECT setting FROM pg_file_settings WHERE sourcefile ~ 'auto.conf' AND name = 'work_mem'",
              "64MB");
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_postgres_settings.verify (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
}

static void
assert_check_fails (JsonObject *args, int code, const char *words)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_postgres_settings.check (&context, args, &error));
  g_assert_error (error, KT_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_refusals (Target *target, gconstpointer data)
{
  g_autoptr (JsonObject) fixed = args_for (target, KT_ACTIVATE_RELOAD, "block_size", "4096", NULL);
  assert_check_fails (fixed, KT_ERROR_REFUSED, "block_size");
  g_autoptr (JsonObject) unknown = args_for (target, KT_ACTIVATE_RELOAD, "shared_bufers", "1GB", NULL);
  assert_check_fails (unknown, KT_ERROR_UNSUPPORTED, "shared_bufers");
  g_autoptr (JsonObject) stale = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '5MB'"));
  g_free (kt_test_cluster_sql (target->cluster, NULL, "SELECT pg_reload_conf()"));
  assert_check_fails (stale, KT_ERROR_CHANGED, "work_mem");
  json_object_remove_member (stale, "write");
  assert_check_fails (stale, KT_ERROR_PARSE, "incomplete");
}

static void
test_command_line_is_refused (Target *target, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *pg_ctl = g_build_filename (target->cluster->bin_directory, "pg_ctl", NULL);
  const char *const argv[] = { pg_ctl, "-s", "-w", "-D", target->cluster->data_directory, "-l",
                               target->cluster->log_file, "-o",
                               "-c work_mem=7MB", "restart", NULL };
  kt_run (&(KtRun){ .argv = argv, .user = target->cluster->user, .deadline_ms = 60000 }, NULL, NULL, &error);
  assert_done (error);
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  assert_check_fails (args, KT_ERROR_REFUSED, "work_mem");
}

/* A role's own setting beats the file for its sessions: the server is as planned all the same. */
static void
test_role_override_is_no_failure (Target *target, gconstpointer data)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER ROLE postgres SET work_mem = '9MB'"));
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "maintenance_work_mem", "80MB", NULL);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  undo (&kt_step_postgres_settings, args, before);
  g_clear_pointer (&target->instance, kt_instance_free);
  g_clear_pointer (&target->server, kt_server_free);
  target_find (target, NULL);
  g_autoptr (JsonObject) overridden = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) old = applied (&kt_step_postgres_settings, overridden);
  undo (&kt_step_postgres_settings, overridden, old);
}

static void
test_no_password_in_the_journal (Target *target, gconstpointer data)
{
  g_clear_pointer (&target->instance, kt_instance_free);
  g_clear_pointer (&target->server, kt_server_free);
  target_find (target, "password=geheim");
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  JsonObject *before = prepared (&kt_step_postgres_settings, args);
  json_object_set_object_member (args, "before", before);
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (args));
  g_autofree char *text = kt_json_to_text (node);
  g_assert_null (strstr (text, "geheim"));
}

/* --- with the runner: what an operator sees when the server does not start ---------------------------------------- */

static void
remove_tree (const char *path)
{
  const char *const argv[] = { "rm", "-rf", path, NULL };
  g_assert_true (kt_run (&(KtRun){ .argv = argv }, NULL, NULL, NULL));
}

/* Applies one step; the error is the step's own after everything was undone. */
static void
apply_by_runner (KtState *state, JsonObject *args, gint64 *id, GError **error)
{
  g_autoptr (KtPlan) plan = kt_plan_new ("a test", "1", "a server");
  kt_plan_add (plan, &kt_step_postgres_settings, args);
  const KtRunner runner = { .state = state, .kinds = kt_tuning_steps, .actor = "test" };
  kt_runner_apply (&runner, plan, id, error);
}

static void
test_setting_that_prevents_the_start (Target *target, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-steps-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (folder, &error);
  gint64 id = 0;
  apply_by_runner (state, args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "900GB", "work_mem", "16MB", NULL),
                   &id, &error);
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (strstr (error->message, "undone"));
  g_assert_nonnull (strstr (kt_error_detail (error), "shared memory"));
  assert_as_before (target);
  g_autoptr (GError) again = NULL;
  apply_by_runner (state, args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL), &id, &again);
  assert_done (again);
  assert_sql (target, "SHOW work_mem", "16MB");
  const KtRunner runner = { .state = state, .kinds = kt_tuning_steps, .actor = "test" };
  g_assert_true (kt_runner_undo (&runner, id, &again));
  assert_as_before (target);
  g_clear_pointer (&state, kt_state_free);
  remove_tree (folder);
}

/* --- disks that do not take it ------------------------------------------------------------------------------------ */

static void
assert_nothing_changes (const Target *target, const char *state_folder, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (state_folder, &error);
  GPid pid = kt_test_cluster_pid (target->cluster);
  apply_by_runner (state, args_for (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", NULL), NULL, &error);
  g_assert_error (error, KT_ERROR, code);
  assert_as_before (target);
  if (code == KT_ERROR_PRIVILEGE)
    g_assert_cmpint (kt_test_cluster_pid (target->cluster), ==, pid); /* seen before anything was done */
}

static void
fill (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "junk", NULL);
  FILE *file = fopen (path, "w");
  g_assert_nonnull (file);
  while (fputc ('x', file) != EOF && fflush (file) == 0)
    ;
  fclose (file);
}

static void
test_full_and_read_only_disk (Target *target, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-steps-XXXXXX", NULL);
  g_autofree char *conf_d = g_build_filename (target->cluster->data_directory, "conf.d", NULL);
  if (geteuid () != 0 || mount ("tmpfs", conf_d, "tmpfs", 0, "size=64k,mode=0755") != 0)
    {
      g_test_skip ("only root can mount a small file system");
      return;
    }
  fill (conf_d);
  assert_nothing_changes (target, folder, KT_ERROR_NO_SPACE);
  g_assert_cmpint (mount ("tmpfs", conf_d, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  assert_nothing_changes (target, folder, KT_ERROR_PRIVILEGE);
  g_assert_cmpint (umount (conf_d), ==, 0);
  remove_tree (folder);
}

/* --- a login that is refused -------------------------------------------------------------------------------------- */

static gboolean
login_works (const Target *target)
{
  g_autoptr (PGconn) connection = PQconnectdb (target->cluster->conninfo);
  return PQstatus (connection) == CONNECTION_OK;
}

static void
demand_password (const Target *target)
{
  g_autofree char *hba = g_build_filename (target->cluster->data_directory, "pg_hba.conf", NULL);
  FILE *file = fopen (hba, "w");
  g_assert_nonnull (file);
  fputs ("local all all scram-sha-256\n", file);
  g_assert_cmpint (fclose (file), ==, 0);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "SELECT pg_reload_conf()"));
  while (login_works (target))
    g_usleep (10000);
}

/* Nothing can be proved without a login, but the files are back, and the error says so. */
static void
test_password_is_missing (Target *target, gconstpointer data)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = args_for (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = applied (&kt_step_postgres_settings, args);
  g_autofree char *file = g_build_filename (target->cluster->data_directory, "conf.d", KT_CONF_WRITE_FILE, NULL);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  demand_password (target);
  g_assert_false (kt_step_postgres_settings.check (&context, args, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_AUTH);
  g_clear_error (&error);
  g_assert_false (kt_step_postgres_settings.undo (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "the old files are back"));
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_cmpint (kt_test_cluster_pid (target->cluster), >, 0);
}

/* --- table-options and role-option -------------------------------------------------------------------------------- */

#define OPTIONS_SQL "SELECT array_to_string(c.reloptions, ',') || ';' || coalesce(array_to_string(t.reloptions, ','), '') " \
                    "FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relname = 'Blocks'"

static const char *const table_wanted[] = { "fillfactor=80", "autovacuum_vacuum_insert_scale_factor=0.05",
                                            "toast.autovacuum_enabled=false", NULL };
static const char *const table_running[] = { "fillfactor=70", NULL };

static void
make_table (const Target *target)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL,
                               "CREATE TABLE \"Blocks\" (hash text) WITH (fillfactor = 70, autovacuum_enabled = false)"));
}

static void
test_table_options (Target *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = through_journal (kt_step_table_args (target->instance, "public", "Blocks", table_wanted,
                                                                     table_running));
  g_autoptr (JsonObject) before = applied (&kt_step_table_options, args);
  assert_sql (target, OPTIONS_SQL,
              "autovacuum_enabled=false,fillfactor=80,autovacuum_vacuum_insert_scale_factor=0.05;autovacuum_enabled=false");
  kt_test_cluster_stop (target->cluster);
  undo (&kt_step_table_options, args, before);
  undo (&kt_step_table_options, args, before);
  assert_sql (target, OPTIONS_SQL, "autovacuum_enabled=false,fillfactor=70;");
}

static void
test_table_changed_or_gone (Target *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_step_table_args (target->instance, "public", "Blocks", table_wanted, table_running);
  g_autoptr (JsonObject) before = applied (&kt_step_table_options, args);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER TABLE \"Blocks\" SET (fillfactor = 55)"));
  assert_undo_refused (&kt_step_table_options, args, before);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "DROP TABLE \"Blocks\""));
  undo (&kt_step_table_options, args, before);
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_table_options.check (&context, args, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
test_locked_table_is_not_waited_for (Target *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_step_table_args (target->instance, "public", "Blocks", table_wanted, table_running);
  g_autoptr (JsonObject) before = prepared (&kt_step_table_options, args);
  g_autoptr (PGconn) holder = PQconnectdb (target->cluster->conninfo);
  g_autoptr (PGresult) begun = PQexec (holder, "BEGIN; LOCK TABLE \"Blocks\" IN ACCESS EXCLUSIVE MODE");
  g_assert_cmpint (PQresultStatus (begun), ==, PGRES_COMMAND_OK);
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_table_options.apply (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_TIMEOUT);
}

static const struct {
  const char *role, *database, *setup, *expected;
} role_places[] = {
  { "Kaspa", "", NULL, "{synchronous_commit=off}" },
  { "", "postgres", NULL, "{synchronous_commit=off}" },
  { "Kaspa", "postgres", NULL, "{synchronous_commit=off}" },
  { "Kaspa", "", "ALTER ROLE \"Kaspa\" SET synchronous_commit = 'local'", "{synchronous_commit=off}" },
};

static void
test_role_option (Target *target, gconstpointer data)
{
  static const char setting[] = "SELECT setconfig::text FROM pg_db_role_setting";
  g_free (kt_test_cluster_sql (target->cluster, NULL, "CREATE ROLE \"Kaspa\""));
  for (gsize i = 0; i < G_N_ELEMENTS (role_places); i++)
    {
      const char *running = role_places[i].setup != NULL ? "local" : NULL;
      if (role_places[i].setup != NULL)
        g_free (kt_test_cluster_sql (target->cluster, NULL, role_places[i].setup));
      g_autoptr (JsonObject) args = through_journal (kt_step_role_args (
        target->instance, role_places[i].role, role_places[i].database, "synchronous_commit", "off", running));
      g_autoptr (JsonObject) before = applied (&kt_step_role_option, args);
      assert_sql (target, setting, role_places[i].expected);
      undo (&kt_step_role_option, args, before);
      assert_sql (target, setting, running != NULL ? "{synchronous_commit=local}" : NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, mode, include, function) \
  g_test_add ("/tuning/steps/" name "/" mode, Target, GINT_TO_POINTER (include), target_set_up, function, \
              target_tear_down)
#define ADD_BOTH(name, function) \
  ADD (name, "own-file", TRUE, function); \
  ADD (name, "alter-system", FALSE, function)
  ADD_BOTH ("settings/reload-and-undo", test_reload);
  ADD_BOTH ("settings/restart-and-undo", test_restart);
  ADD_BOTH ("settings/setting-that-prevents-the-start-is-undone", test_setting_that_prevents_the_start);
  ADD_BOTH ("settings/server-stopped-by-hand", test_server_stopped_by_hand);
  ADD_BOTH ("settings/killed-between-write-and-restart", test_killed_between_write_and_restart);
  ADD_BOTH ("settings/value-in-auto-conf-is-moved-and-given-back", test_value_in_auto_conf);
  ADD_BOTH ("settings/change-of-somebody-else-is-refused", test_change_of_somebody_else);
  ADD ("settings/reload-leaves-restart-pending", "own-file", TRUE, test_reload_leaves_restart_pending);
  ADD ("settings/undo-of-what-never-began", "own-file", TRUE, test_undo_of_what_never_began);
  ADD ("settings/full-and-read-only-disk", "own-file", TRUE, test_full_and_read_only_disk);
  ADD ("settings/missing-password", "own-file", TRUE, test_password_is_missing);
  ADD ("settings/refusals", "own-file", TRUE, test_refusals);
  ADD ("settings/command-line-is-refused", "own-file", TRUE, test_command_line_is_refused);
  ADD ("settings/role-override-is-no-failure", "own-file", TRUE, test_role_override_is_no_failure);
  ADD ("settings/no-password-in-the-journal", "own-file", TRUE, test_no_password_in_the_journal);
  ADD ("table/set-and-undo-exactly", "15", FALSE, test_table_options);
  ADD ("table/changed-or-gone", "15", FALSE, test_table_changed_or_gone);
  ADD ("table/locked-table-is-not-waited-for", "15", FALSE, test_locked_table_is_not_waited_for);
  ADD ("role/set-and-undo-exactly", "15", FALSE, test_role_option);
  return g_test_run ();
}
