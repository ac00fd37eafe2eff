/* SPDX-License-Identifier: MIT
 *
 * What can go wrong between a plan and its undo, on real servers: they end up running as before, or nothing was touched.
 */
#include "base/error.h"
#include "base/run.h"
#include "change/runner.h"
#include "support/target.h"

#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* --- servers that die, colleagues that act ------------------------------------------------------------------------ */

static void
test_server_stopped_by_hand (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_through_journal (kt_test_settings_args (target, KT_ACTIVATE_RESTART,
                                                                                "shared_buffers", "24MB",
                                                           NULL));
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  kt_test_cluster_stop (target->cluster);
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
}

static void
write_only (const KtTestTarget *target, JsonObject *args, JsonObject *before)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = kt_conf_write_from_json (kt_json_object (args, "write"), &error);
  g_autoptr (KtConnection) connection = kt_connection_open (target->cluster->conninfo, &error);
  kt_conf_write_apply (write, kt_json_object (before, "files"), connection, &error);
  g_assert_no_error (error);
}

/* Written, and the server dies before it is restarted: its next start is on the old files. */
static void
test_killed_between_write_and_restart (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB",
                                                       "work_mem", "16MB",
                                          NULL);
  g_autoptr (JsonObject) before = kt_test_prepared (&kt_step_postgres_settings, args);
  write_only (target, args, before);
  kt_test_cluster_kill (target->cluster);
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
}

static void
test_undo_of_what_never_began (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", NULL);
  g_autoptr (JsonObject) before = kt_test_prepared (&kt_step_postgres_settings, args);
  kt_test_undo (&kt_step_postgres_settings, args, before);
  kt_test_target_as_before (target);
}

static void
test_change_of_somebody_else (KtTestTarget *target, gconstpointer data)
{
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
  g_free (kt_test_cluster_sql (target->cluster, NULL, "ALTER SYSTEM SET work_mem = '64MB'"));
  kt_test_undo_refused (&kt_step_postgres_settings, args, before);
  kt_test_target_sql_gives (target,
                            "SELECT setting FROM pg_file_settings WHERE sourcefile ~ 'auto.conf' AND name = 'work_mem'",
              "64MB");
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_step_postgres_settings.verify (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
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
test_setting_that_prevents_the_start (KtTestTarget *target, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-steps-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (folder, &error);
  gint64 id = 0;
  apply_by_runner (state, kt_test_settings_args (target, KT_ACTIVATE_RESTART, "shared_buffers", "900GB", "work_mem",
                                                 "16MB", NULL),
                   &id, &error);
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (strstr (error->message, "undone"));
  g_assert_nonnull (strstr (kt_error_detail (error), "shared memory"));
  kt_test_target_as_before (target);
  g_autoptr (GError) again = NULL;
  apply_by_runner (state, kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL), &id, &again);
  g_assert_no_error (again);
  kt_test_target_sql_gives (target, "SHOW work_mem", "16MB");
  const KtRunner runner = { .state = state, .kinds = kt_tuning_steps, .actor = "test" };
  g_assert_true (kt_runner_undo (&runner, id, &again));
  kt_test_target_as_before (target);
  g_clear_pointer (&state, kt_state_free);
  remove_tree (folder);
}
/* --- disks that do not take it ------------------------------------------------------------------------------------ */

static void
assert_nothing_changes (const KtTestTarget *target, const char *state_folder, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (state_folder, &error);
  GPid pid = kt_test_cluster_pid (target->cluster);
  apply_by_runner (state, kt_test_settings_args (target, KT_ACTIVATE_RESTART, "shared_buffers", "24MB", NULL), NULL,
                   &error);
  g_assert_error (error, KT_ERROR, code);
  kt_test_target_as_before (target);
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
test_full_and_read_only_disk (KtTestTarget *target, gconstpointer data)
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
login_works (const KtTestTarget *target)
{
  g_autoptr (PGconn) connection = PQconnectdb (target->cluster->conninfo);
  return PQstatus (connection) == CONNECTION_OK;
}

static void
demand_password (const KtTestTarget *target)
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
test_password_is_missing (KtTestTarget *target, gconstpointer data)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = kt_test_settings_args (target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) before = kt_test_applied (&kt_step_postgres_settings, args);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, mode, include, function) \
  g_test_add ("/tuning/steps_faults/" name "/" mode, KtTestTarget, GINT_TO_POINTER (include), kt_test_target_set_up, \
              function, kt_test_target_tear_down)
#define ADD_BOTH(name, function) \
  ADD (name, "own-file", TRUE, function); \
  ADD (name, "alter-system", FALSE, function)
  ADD_BOTH ("setting-that-prevents-the-start-is-undone", test_setting_that_prevents_the_start);
  ADD_BOTH ("server-stopped-by-hand", test_server_stopped_by_hand);
  ADD_BOTH ("killed-between-write-and-restart", test_killed_between_write_and_restart);
  ADD_BOTH ("change-of-somebody-else-is-refused", test_change_of_somebody_else);
  ADD ("undo-of-what-never-began", "own-file", TRUE, test_undo_of_what_never_began);
  ADD ("full-and-read-only-disk", "own-file", TRUE, test_full_and_read_only_disk);
  ADD ("missing-password", "own-file", TRUE, test_password_is_missing);
  return g_test_run ();
}
