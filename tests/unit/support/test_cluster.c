/* SPDX-License-Identifier: MIT */
#include "support/cluster.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_serves (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autofree char *version = kt_test_cluster_sql (cluster, NULL, "SELECT current_setting('server_version_num')::int / 10000");
  g_assert_cmpint (g_ascii_strtoll (version, NULL, 10), ==, cluster->major);
}

static void
test_survives_kill (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .conf = "work_mem = 5MB" });
  kt_test_cluster_do (cluster, "CREATE TABLE kept AS SELECT 7 AS n");
  kt_test_cluster_kill (cluster);
  g_assert_cmpint (kt_test_cluster_pid (cluster), ==, 0);
  kt_test_cluster_start (cluster);
  g_autofree char *kept = kt_test_cluster_sql (cluster, NULL, "SELECT n || ' ' || current_setting('work_mem') FROM kept");
  g_assert_cmpstr (kept, ==, "7 5MB");
  kt_test_cluster_stop (cluster);
  g_assert_cmpint (kt_test_cluster_pid (cluster), ==, 0);
}

/* A test that is killed must leave neither a server nor a folder behind. */
static void
test_guardian (void)
{
  int channel[2];
  g_assert_cmpint (pipe (channel), ==, 0);
  pid_t child = fork ();
  if (child == 0)
    {
      KtTestCluster *cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .without_sync = TRUE });
      ssize_t put = write (channel[1], cluster->folder, sizeof "/tmp/kt-XXXXXX");
      kill (getpid (), put > 0 ? SIGKILL : SIGABRT);
    }
  char folder[sizeof "/tmp/kt-XXXXXX"] = "";
  g_assert_cmpint (read (channel[0], folder, sizeof folder), ==, sizeof folder);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  for (int i = 0; i < 2000 && g_file_test (folder, G_FILE_TEST_EXISTS); i++)
    g_usleep (10000);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  close (channel[0]);
  close (channel[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kt_test_add_versions ("/support/cluster/serves", test_serves);
  g_test_add_func ("/support/cluster/data-survives-kill", test_survives_kill);
  g_test_add_func ("/support/cluster/nothing-left-after-a-killed-test", test_guardian);
  return g_test_run ();
}
