/* SPDX-License-Identifier: MIT
 *
 * Settings that pass every other check and starve the server: the health check takes them back. Real servers, one of them
 * in a small control group.
 */
#include "base/error.h"
#include "base/control_group.h"
#include "change/runner.h"
#include "platform/headroom.h"
#include "support/target.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT "209715200" /* 200 MiB */

typedef struct {
  KtTestTarget target;
  char *folder;
  KtState *state;
  KtRunner runner;
  KtControlGroup *group; /* NULL: not made */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  kt_test_target_set_up (&fixture->target, GINT_TO_POINTER (TRUE));
  fixture->folder = g_dir_make_tmp ("kastune-health-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->state = kt_state_open (fixture->folder, &error);
  g_assert_no_error (error);
  fixture->runner = (KtRunner){ .state = fixture->state, .kinds = kt_tuning_steps, .actor = "tester" };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kt_test_target_tear_down (&fixture->target, data);
  g_clear_pointer (&fixture->group, kt_control_group_free);
  kt_state_free (fixture->state);
  g_autoptr (GDir) files = g_dir_open (fixture->folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (files)) != NULL;)
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
      unlink (path);
    }
  rmdir (fixture->folder);
  g_free (fixture->folder);
}

/* The server, and every session it begins from now on. */
static gboolean
put_into_small_group (Fixture *fixture)
{
  fixture->group = kt_control_group_new ("kastune-test-health", 1 << KT_CONTROLLER_MEMORY);
  if (fixture->group == NULL)
    {
      g_test_skip ("no memory control group can be made here");
      return FALSE;
    }
  const char *limit = kt_control_group_version (fixture->group) == 1 ? "memory.limit_in_bytes" : "memory.max";
  g_autofree char *pid = g_strdup_printf ("%d", (int) kt_test_cluster_pid (fixture->target.cluster));
  g_assert_true (kt_control_group_put (fixture->group, KT_CONTROLLER_MEMORY, limit, LIMIT));
  g_assert_true (kt_control_group_put (fixture->group, KT_CONTROLLER_MEMORY, "cgroup.procs", pid));
  return TRUE;
}

static KtChangeState
apply (Fixture *fixture, JsonObject *settings, guint sessions, GError **error)
{
  g_autoptr (KtPlan) plan = kt_plan_new ("try it", "7001", "server in test");
  g_autoptr (GError) local = NULL;
  gint64 id = 0;
  kt_plan_add (plan, &kt_step_postgres_settings, settings);
  kt_plan_add (plan, &kt_step_server_health, kt_step_health_args (fixture->target.instance, sessions));
  kt_runner_apply (&fixture->runner, plan, &id, error);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &local);
  g_assert_no_error (local);
  return change->state;
}

static void
assert_says (const GError *error, const char *words)
{
  g_assert_nonnull (error);
  if (strstr (error->message, words) == NULL)
    g_test_message ("“%s” (%s) does not say “%s”", error->message, kt_error_detail (error), words);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, "undone, the system is as before"));
}

static void
test_good_settings_stay (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!put_into_small_group (fixture))
    return;
  JsonObject *settings = kt_test_settings_args (&fixture->target, KT_ACTIVATE_RELOAD, "work_mem", "16MB", NULL);
  KtChangeState state = apply (fixture, settings, 4, &error);
  g_assert_no_error (error);
  g_assert_cmpint (state, ==, KT_CHANGE_APPLIED);
  kt_test_target_sql_gives (&fixture->target, "SHOW work_mem", "16MB");
  kt_test_target_sql_gives (&fixture->target, "SELECT count(*)::text FROM pg_class WHERE relname ~ '^kastune'", "0");
}

static void
test_work_mem_that_starves_goes_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!put_into_small_group (fixture))
    return;
  GPid pid = kt_test_cluster_pid (fixture->target.cluster);
  JsonObject *settings = kt_test_settings_args (&fixture->target, KT_ACTIVATE_RELOAD, "work_mem", "1GB", NULL);
  g_assert_cmpint (apply (fixture, settings, 4, &error), ==, KT_CHANGE_UNDONE);
  assert_says (error, "4 sessions that sort in work_mem = 1 GB each need more than the");
  kt_test_target_as_before (&fixture->target);
  g_assert_cmpint (kt_test_cluster_pid (fixture->target.cluster), ==, pid);
}

/* A process of the same group that takes memory until a twentieth is left: less than the sixteenth that must stay. */
static GPid
start_hog (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtHeadroom) headroom = kt_headroom_new (kt_test_cluster_pid (fixture->target.cluster), &error);
  g_assert_no_error (error);
  g_assert_cmpint (kt_headroom_total (headroom), ==, 209715200);
  gint64 left = kt_headroom_left (headroom);
  g_assert_cmpint (left, >, 100000000);
  g_assert_cmpint (left, <=, 209715200);
  gsize size = (gsize) (left - 209715200 / 20);
  int ready[2];
  g_assert_cmpint (pipe (ready), ==, 0);
  GPid pid = fork ();
  if (pid == 0)
    {
      char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (!kt_control_group_put (fixture->group, KT_CONTROLLER_MEMORY, "cgroup.procs", "0") || memory == MAP_FAILED)
        _exit (1);
      memset (memory, 1, size);
      if (write (ready[1], "", 1) == 1)
        pause ();
      _exit (0);
    }
  char byte;
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return pid;
}

static void
test_memory_that_runs_out_goes_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!put_into_small_group (fixture))
    return;
  GPid hog = start_hog (fixture);
  JsonObject *settings = kt_test_settings_args (&fixture->target, KT_ACTIVATE_RELOAD, "work_mem", "2MB", NULL);
  KtChangeState state = apply (fixture, settings, 1, &error);
  kill (hog, SIGKILL);
  waitpid (hog, NULL, 0);
  g_assert_cmpint (state, ==, KT_CHANGE_UNDONE);
  assert_says (error, "1 sessions that sort and write at once leave");
  kt_test_target_as_before (&fixture->target);
}

static void
test_refused_connections_go_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  JsonObject *settings = kt_test_settings_args (&fixture->target, KT_ACTIVATE_RESTART, "max_connections", "6", NULL);
  g_assert_cmpint (apply (fixture, settings, 8, &error), ==, KT_CHANGE_UNDONE);
  assert_says (error, "of 8 at once: ");
  kt_test_target_as_before (&fixture->target);
}

static void
test_work_can_be_interrupted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  KtStepContext context = { .cancellable = cancellable };
  g_autoptr (JsonObject) args = kt_step_health_args (fixture->target.instance, 2);
  g_autoptr (JsonObject) before = kt_step_server_health.prepare (&context, args, &error);
  g_cancellable_cancel (cancellable);
  g_assert_false (kt_step_server_health.apply (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
}

/* A backend that the kernel ended since the change makes the server start over: it works again, and must not be confirmed. */
static void
test_crash_while_waiting_is_not_confirmed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  KtStepContext context = { 0 };
  g_autoptr (JsonObject) args = kt_test_through_journal (kt_step_health_args (fixture->target.instance, 2));
  g_autoptr (JsonObject) before = kt_step_server_health.prepare (&context, args, &error);
  g_assert_true (kt_step_server_health.apply (&context, args, before, &error));
  g_assert_true (kt_step_server_health.confirm (&context, args, before, &error));
  g_autofree char *checkpointer = kt_test_cluster_sql (
    fixture->target.cluster, NULL, "SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
  g_assert_cmpint (kill ((GPid) g_ascii_strtoll (checkpointer, NULL, 10), SIGKILL), ==, 0);
  /* Until the server has noticed it still looks well, then it refuses connections for a moment. */
  for (guint i = 0; i < 600 && (error == NULL || !g_str_has_prefix (error->message, "log: ")); i++)
    {
      g_clear_error (&error);
      kt_step_server_health.confirm (&context, args, before, &error);
      g_usleep (100000);
    }
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_true (g_str_has_prefix (error->message, "log: "));
  g_clear_error (&error);
  kt_step_server_health.verify (&context, args, before, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } rows[] = {
    { "/tuning/health/good-settings-stay", test_good_settings_stay },
    { "/tuning/health/work-mem-that-starves-goes-back", test_work_mem_that_starves_goes_back },
    { "/tuning/health/memory-that-runs-out-goes-back", test_memory_that_runs_out_goes_back },
    { "/tuning/health/refused-connections-go-back", test_refused_connections_go_back },
    { "/tuning/health/work-can-be-interrupted", test_work_can_be_interrupted },
    { "/tuning/health/crash-while-waiting-is-not-confirmed", test_crash_while_waiting_is_not_confirmed },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].path, Fixture, NULL, set_up, rows[i].test, tear_down);
  return g_test_run ();
}
