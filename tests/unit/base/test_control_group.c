/* SPDX-License-Identifier: MIT */
#include "base/control_group.h"

#include "base/run.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static KtControlGroup *
make (void)
{
  KtControlGroup *group = kt_control_group_new ("kastune-test-group", 1 << KT_CONTROLLER_MEMORY);
  if (group == NULL)
    g_test_skip ("no memory control group can be made here");
  return group;
}

static pid_t
sleep_inside (const KtControlGroup *group)
{
  pid_t pid = fork ();
  if (pid == 0)
    {
      for (;;)
        pause ();
    }
  g_autofree char *number = g_strdup_printf ("%d", (int) pid);
  g_assert_true (kt_control_group_put (group, KT_CONTROLLER_MEMORY, "cgroup.procs", number));
  return pid;
}

static void
test_what_runs_inside_is_ended (void)
{
  int status;
  g_autoptr (KtControlGroup) group = make ();
  if (group == NULL)
    return;
  g_assert_true (kt_control_group_end (group)); /* empty is ended */
  pid_t pid = sleep_inside (group);
  g_assert_true (kt_control_group_end (group));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

static void
test_files_are_read_and_refusals_told (void)
{
  g_autoptr (KtControlGroup) group = make ();
  if (group == NULL)
    return;
  g_assert_true (kt_control_group_has (group, KT_CONTROLLER_MEMORY));
  g_assert_false (kt_control_group_has (group, KT_CONTROLLER_IO)); /* not asked for */
  g_assert_false (kt_control_group_put (group, KT_CONTROLLER_IO, "cgroup.procs", "0"));
  g_assert_false (kt_control_group_put (group, KT_CONTROLLER_MEMORY, "cgroup.procs", "not a number"));
  g_assert_null (kt_control_group_get (group, KT_CONTROLLER_MEMORY, "no.such.file"));
  gboolean v1 = kt_control_group_version (group) == 1;
  g_assert_cmpint (kt_control_group_number (group, KT_CONTROLLER_MEMORY, v1 ? "memory.oom_control" : "memory.events", "oom_kill", -1), ==, 0);
  g_assert_cmpint (kt_control_group_number (group, KT_CONTROLLER_MEMORY, "no.such.file", "oom_kill", -7), ==, -7);
}

/* A folder named as if a kastune that is gone had made it. */
static void
test_left_over_groups_are_swept (void)
{
  g_autoptr (KtControlGroup) group = make ();
  pid_t gone = fork ();
  if (gone == 0)
    _exit (0);
  waitpid (gone, NULL, 0);
  if (group == NULL)
    return;
  g_autofree char *own = g_path_get_dirname (kt_control_group_procs (group)[0]);
  g_autofree char *parent = g_path_get_dirname (own);
  g_autofree char *name = g_strdup_printf ("kastune-test-group-%d-00000001", (int) gone);
  g_autofree char *left = g_build_filename (parent, name, NULL);
  g_assert_cmpint (mkdir (left, 0755), ==, 0);
  kt_control_group_sweep ("kastune-test-group");
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (own, G_FILE_TEST_EXISTS)); /* we are still here */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/control-group/what-runs-inside-is-ended", test_what_runs_inside_is_ended);
  g_test_add_func ("/base/control-group/files-are-read-and-refusals-told", test_files_are_read_and_refusals_told);
  g_test_add_func ("/base/control-group/left-over-groups-are-swept", test_left_over_groups_are_swept);
  return g_test_run ();
}
