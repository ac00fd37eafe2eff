/* SPDX-License-Identifier: MIT
 *
 * On real servers. Every test leaves its server as it was, which is what it tests.
 */
#include "base/error.h"
#include "base/run.h"
#include "support/target.h"

#include <string.h>

/* --- postgres-settings -------------------------------------------------------------------------------------------- */

static void
test_reload (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_through_journal (
    kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", "wal_compression", "on",
                           "checkpoint_completion_target",
              "0.8", NULL));
  g_autofree char *said = kt_step_postgres_settings.describe (args);
  g_assert_nonnull (strstr (said, "3 parameters"));
  GPid pid = kt_test_cluster_pid (target->cluster);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_target_sql_gives (target, "SHOW work_mem", "16MB");
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
  g_assert_cmpint (kt_test_cluster_pid (target->cluster), ==, pid);
}

static void
test_restart (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_settings_args (
    target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", "wal_buffers", "-1",
    "shared_preload_libraries", "pg_stat_statements", "pg_stat_statements.max", "3000", NULL);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_target_sql_gives (target, "SHOW shared_buffers", "24MB");
  kt_test_target_sql_gives (target, "SHOW pg_stat_statements.max", "3000");
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
  kt_test_target_sql_gives (target, "SHOW shared_preload_libraries", "");
}

/* Without the restart the new value waits, which is as planned, and an undo leaves nothing waiting. */
static void
test_reload_leaves_restart_pending (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "shared_buffers", "24MB", NULL);
  GPid pid = kt_test_cluster_pid (target->cluster);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_target_sql_gives (target, "SELECT pending_restart::text FROM pg_settings WHERE name = 'shared_buffers'",
                            "true");
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
  g_assert_cmpint (kt_test_cluster_pid (target->cluster), ==, pid);
}

static void
test_value_in_auto_conf (KtTestTarget *target, gconstpointer data)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '5MB'"));
  g_free (kt_test_cluster_sql (target->cluster, NULL, "SELECT pg_reload_conf()"));
  kt_test_target_find (target, NULL);
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_target_sql_gives (target, "SHOW work_mem", "16MB");
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_sql_gives (target, "SHOW work_mem", "5MB");
  kt_test_target_sql_gives (target, "SELECT setting FROM pg_file_settings WHERE sourcefile ~ 'auto.conf'", "5MB");
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
test_refusals (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) fixed = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "block_size", "4096", NULL);
  assert_check_fails (fixed, KT_ERROR_REFUSED, "block_size");
  g_autoptr (JsonObject) unknown = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "shared_bufers", "1GB", NULL);
  assert_check_fails (unknown, KT_ERROR_UNSUPPORTED, "shared_bufers");
  g_autoptr (JsonObject) stale = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '5MB'"));
  g_free (kt_test_cluster_sql (target->cluster, NULL, "SELECT pg_reload_conf()"));
  assert_check_fails (stale, KT_ERROR_CHANGED, "work_mem");
  json_object_remove_member (stale, "write");
  assert_check_fails (stale, KT_ERROR_PARSE, "incomplete");
}

static void
test_command_line_is_refused (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *pg_ctl = g_build_filename (target->cluster->bin_directory, "pg_ctl", NULL);
  const char *const argv[] = { pg_ctl, "-s", "-w", "-D", target->cluster->data_directory, "-l",
                               target->cluster->log_file, "-o",
                               "-c work_mem=7MB", "restart", NULL };
  kt_run (&(KtRun){ .argv = argv, .user = target->cluster->user, .deadline_ms = 60000 }, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  assert_check_fails (args, KT_ERROR_REFUSED, "work_mem");
}

/* A role's own setting beats the file for its sessions: the server is as planned all the same. */
static void
test_role_override_is_no_failure (KtTestTarget *target, gconstpointer data)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER ROLE postgres SET work_mem = '9MB'"));
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "maintenance_work_mem", "80MB",
                                                       NULL);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_find (target, NULL);
  g_autoptr (JsonObject) overridden = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) old = kt_test_applied (&kt_step_postgres_settings, overridden);
  kt_test_undo (&kt_step_postgres_settings, overridden, old);
}

static void
test_no_password_in_the_journal (KtTestTarget *target, gconstpointer data)
{
  kt_test_target_find (target, "password=geheim");
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  JsonObject *before = kt_test_prepared (&kt_step_postgres_settings, args);
  json_object_set_object_member (args, "before", before);
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (args));
  g_autofree char *text = kt_json_to_text (node);
  g_assert_null (strstr (text, "geheim"));
}

/* --- table-options and role-option -------------------------------------------------------------------------------- */

#define OPTIONS_SQL "SELECT array_to_string(c.reloptions, ',') || ';' || coalesce(array_to_string(t.reloptions, ','), '') " \
                    "FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relname = 'Blocks'"

static const char *const table_wanted[] = { "fillfactor=80", "autovacuum_vacuum_insert_scale_factor=0.05",
                                            "toast.autovacuum_enabled=false", NULL };
static const char *const table_running[] = { "fillfactor=70", NULL };

static void
make_table (const KtTestTarget *target)
{
  g_free (kt_test_cluster_sql (target->cluster, NULL,
                               "CREATE TABLE \"Blocks\" (hash text) WITH (fillfactor = 70, autovacuum_enabled = false)"));
}

static void
test_table_options (KtTestTarget *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_test_through_journal (kt_step_table_args (target->instance, "public", "Blocks",
                                                                             table_wanted,
                                                                     table_running));
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_table_options, args);
  kt_test_target_sql_gives (target, OPTIONS_SQL,
              "autovacuum_enabled=false,fillfactor=80,autovacuum_vacuum_insert_scale_factor=0.05;autovacuum_enabled=false");
  kt_test_cluster_stop (target->cluster);
  kt_test_undo (&kt_step_table_options, args, before);
  kt_test_undo (&kt_step_table_options, args, before);
  kt_test_target_sql_gives (target, OPTIONS_SQL, "autovacuum_enabled=false,fillfactor=70;");
}

static void
test_table_changed_or_gone (KtTestTarget *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_step_table_args (target->instance, "public", "Blocks", table_wanted, table_running);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_table_options, args);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER TABLE \"Blocks\" SET (fillfactor = 55)"));
  kt_test_undo_refused (&kt_step_table_options, args, before);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "DROP TABLE \"Blocks\""));
  kt_test_undo (&kt_step_table_options, args, before);
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_table_options.check (&context, args, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

/* It may well have a table of that name with the same options. */
static void
test_table_of_another_cluster_is_left_alone (KtTestTarget *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_step_table_args (target->instance, "public", "Blocks", table_wanted, table_running);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_table_options, args);
  json_object_set_string_member (json_object_get_object_member (args, "instance"), "system_identifier", "7000000000000000001");
  kt_test_undo_refused (&kt_step_table_options, args, before);
  kt_test_target_sql_gives (target, OPTIONS_SQL,
              "autovacuum_enabled=false,fillfactor=80,autovacuum_vacuum_insert_scale_factor=0.05;autovacuum_enabled=false");
}

static void
test_locked_table_is_not_waited_for (KtTestTarget *target, gconstpointer data)
{
  make_table (target);
  g_autoptr (JsonObject) args = kt_step_table_args (target->instance, "public", "Blocks", table_wanted, table_running);
  g_autoptr (JsonObject) before = kt_test_prepared (&kt_step_table_options, args);
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
test_role_option (KtTestTarget *target, gconstpointer data)
{
  static const char setting[] = "SELECT setconfig::text FROM pg_db_role_setting";
  g_free (kt_test_cluster_sql (target->cluster, NULL, "CREATE ROLE \"Kaspa\""));
  for (gsize i = 0; i < G_N_ELEMENTS (role_places); i++)
    {
      const char *running = role_places[i].setup != NULL ? "local" : NULL;
      if (role_places[i].setup != NULL)
        g_free (kt_test_cluster_sql (target->cluster, NULL, role_places[i].setup));
      g_autoptr (JsonObject) args = kt_test_through_journal (kt_step_role_args (
        target->instance, role_places[i].role, role_places[i].database, "synchronous_commit", "off", running));
      g_autoptr (JsonObject) before = kt_test_applied (&kt_step_role_option, args);
      kt_test_target_sql_gives (target, setting, role_places[i].expected);
      kt_test_undo (&kt_step_role_option, args, before);
      kt_test_target_sql_gives (target, setting, running != NULL ? "{synchronous_commit=local}" : NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, mode, include, function) \
  g_test_add ("/tuning/steps/" name "/" mode, KtTestTarget, GINT_TO_POINTER (include), kt_test_target_set_up, \
              function, kt_test_target_tear_down)
#define ADD_BOTH(name, function) \
  ADD (name, "own-file", TRUE, function); \
  ADD (name, "alter-system", FALSE, function)
  ADD_BOTH ("settings/reload-and-undo", test_reload);
  ADD_BOTH ("settings/restart-and-undo", test_restart);
  ADD_BOTH ("settings/value-in-auto-conf-is-moved-and-given-back", test_value_in_auto_conf);
  ADD ("settings/reload-leaves-restart-pending", "own-file", TRUE, test_reload_leaves_restart_pending);
  ADD ("settings/refusals", "own-file", TRUE, test_refusals);
  ADD ("settings/command-line-is-refused", "own-file", TRUE, test_command_line_is_refused);
  ADD ("settings/role-override-is-no-failure", "own-file", TRUE, test_role_override_is_no_failure);
  ADD ("settings/no-password-in-the-journal", "own-file", TRUE, test_no_password_in_the_journal);
  ADD ("table/set-and-undo-exactly", "15", FALSE, test_table_options);
  ADD ("table/changed-or-gone", "15", FALSE, test_table_changed_or_gone);
  ADD ("table/of-another-cluster-is-left-alone", "15", FALSE, test_table_of_another_cluster_is_left_alone);
  ADD ("table/locked-table-is-not-waited-for", "15", FALSE, test_locked_table_is_not_waited_for);
  ADD ("role/set-and-undo-exactly", "15", FALSE, test_role_option);
  return g_test_run ();
}
