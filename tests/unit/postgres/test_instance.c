/* SPDX-License-Identifier: MIT */
#include "postgres/instance.h"

#include "base/error.h"
#include "base/run.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static KtInstance *
found (const char *conninfo)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  g_autoptr (KtServer) server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  KtInstance *instance = kt_instance_find (server, conninfo, &error);
  g_assert_no_error (error);
  return instance;
}

static KtTestCluster *
cluster_with (const char *conf)
{
  return kt_test_cluster_new (&(KtTestClusterOptions){ .without_sync = TRUE, .conf = conf });
}

static void
assert_done (gboolean done, const GError *error)
{
  if (error != NULL)
    g_test_message ("%s: %s", error->message, kt_error_detail (error));
  g_assert_no_error (error);
  g_assert_true (done);
}

static void
assert_restart (const KtInstance *instance)
{
  g_autoptr (GError) error = NULL;
  gboolean done = kt_instance_restart (instance, NULL, &error);
  assert_done (done, error);
}

static char *
shown (KtTestCluster *cluster, const char *name)
{
  g_autofree char *sql = g_strdup_printf ("SHOW %s", name);
  return kt_test_cluster_sql (cluster, NULL, sql);
}

/* -------------------------------------------------------------------------------------------------------- pg_ctl */

static void
test_find (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_autofree char *config = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_assert_cmpint (instance->control, ==, KT_CONTROL_PG_CTL);
  g_assert_cmpstr (instance->bin_directory, ==, cluster->bin_directory);
  g_assert_cmpstr (instance->data_directory, ==, cluster->data_directory);
  g_assert_cmpstr (instance->config_file, ==, config);
  g_assert_cmpstr (instance->owner, ==, cluster->user);
  g_assert_cmpstr (instance->log_file, ==, cluster->log_file);
  g_assert_cmpstr (instance->start_log, ==, cluster->log_file);
  g_assert_null (instance->start_options);
  g_assert_true (kt_instance_is_running (instance));
  g_autofree char *words = kt_instance_describe (instance, "restart");
  g_assert_nonnull (strstr (words, "bin/pg_ctl -D /tmp/kt-"));
  g_assert_true (g_str_has_suffix (words, " restart"));
}

static void
test_restart (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  GPid before = kt_test_cluster_pid (cluster);
  gint64 position = kt_instance_log_position (instance);
  g_assert_cmpint (position, >, 0);
  assert_restart (instance);
  g_assert_cmpint (kt_test_cluster_pid (cluster), >, 0);
  g_assert_cmpint (kt_test_cluster_pid (cluster), !=, before);
  g_auto (GStrv) problems = kt_instance_log_problems (instance, position);
  g_assert_cmpuint (g_strv_length (problems), ==, 0);
}

static void
restart_by_hand (KtTestCluster *cluster, const char *directory, const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_build_filename (cluster->bin_directory, "pg_ctl", NULL);
  kt_test_cluster_stop (cluster);
  const char *const argv[] = { program, "-w", "-s", "-D", directory, "-l", cluster->log_file, "-o", options, "start", NULL };
  gboolean done = kt_run (&(KtRun){ .argv = argv, .user = cluster->user, .deadline_ms = 60000 }, NULL, NULL, &error);
  assert_done (done, error);
}

static void
test_options_survive (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  restart_by_hand (cluster, cluster->data_directory, "-c work_mem=7MB -c \"log_line_prefix=it's %p \\$x \"");
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  assert_restart (instance);
  g_autofree char *memory = shown (cluster, "work_mem");
  g_autofree char *prefix = shown (cluster, "log_line_prefix");
  g_assert_cmpstr (memory, ==, "7MB");
  g_assert_cmpstr (prefix, ==, "it's %p $x ");
  /* Also after it was down, when no process shows them. */
  kt_test_cluster_stop (cluster);
  g_assert_false (kt_instance_is_running (instance));
  g_autoptr (GError) error = NULL;
  gboolean done = kt_instance_start (instance, NULL, &error);
  assert_done (done, error);
  g_autofree char *again = shown (cluster, "work_mem");
  g_assert_cmpstr (again, ==, "7MB");
}

/* As packages other than Debian's do it: the folder given holds only the configuration. */
static void
test_configuration_elsewhere (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  g_autofree char *line = g_strdup_printf ("data_directory = '%s'", cluster->data_directory);
  g_autofree char *folder = g_build_filename (cluster->folder, "etc", NULL);
  kt_test_cluster_append_conf (cluster, line);
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  for (const char *const *name = (const char *const[]){ "postgresql.conf", "pg_hba.conf", "pg_ident.conf", NULL }; *name != NULL; name++)
    {
      g_autofree char *from = g_build_filename (cluster->data_directory, *name, NULL);
      g_autofree char *to = g_build_filename (folder, *name, NULL);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
      g_assert_true (g_file_set_contents (to, text, -1, NULL));
      g_assert_cmpint (g_chmod (to, 0644), ==, 0);
    }
  restart_by_hand (cluster, folder, "");
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_autofree char *config = g_build_filename (folder, "postgresql.conf", NULL);
  g_assert_cmpstr (instance->config_file, ==, config);
  assert_restart (instance);
  g_autofree char *used = shown (cluster, "config_file");
  g_assert_cmpstr (used, ==, config);
}

static void
take_conf_back (KtTestCluster *cluster, const char *before)
{
  g_autofree char *path = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_assert_true (g_file_set_contents (path, before, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

static void
test_failed_start (gconstpointer data)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .major = GPOINTER_TO_INT (data), .without_sync = TRUE });
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_autofree char *path = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_autofree char *conf = NULL;
  g_assert_true (g_file_get_contents (path, &conf, NULL, NULL));
  g_autoptr (GError) error = NULL;

  kt_test_cluster_append_conf (cluster, "shared_preload_libraries = 'no_such_library'");
  g_assert_false (kt_instance_restart (instance, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (strstr (kt_error_detail (error), "FATAL: could not access file \"no_such_library\""));
  g_assert_nonnull (strstr (kt_error_hint (error), cluster->log_file));
  g_assert_false (kt_instance_is_running (instance));

  g_clear_error (&error);
  take_conf_back (cluster, conf);
  kt_test_cluster_append_conf (cluster, "work_mem = 1gb");
  g_assert_false (kt_instance_start (instance, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (strstr (kt_error_detail (error), "\"work_mem\": \"1gb\"; HINT: Valid units"));
  g_assert_null (strstr (kt_error_detail (error), "no_such_library"));

  g_clear_error (&error);
  take_conf_back (cluster, conf);
  gboolean done = kt_instance_start (instance, NULL, &error);
  assert_done (done, error);
  g_assert_true (kt_instance_is_running (instance));
}

static void
assert_not_restarted (const KtInstance *instance, KtTestCluster *cluster, const char *why)
{
  g_autoptr (GError) error = NULL;
  GPid before = kt_test_cluster_pid (cluster);
  g_assert_false (kt_instance_restart (instance, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_nonnull (strstr (kt_error_detail (error), why));
  g_assert_cmpint (kt_test_cluster_pid (cluster), ==, before);
  g_assert_true (kt_instance_is_running (instance));
}

static void
test_not_stopped_in_vain (gconstpointer data)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .major = GPOINTER_TO_INT (data), .without_sync = TRUE });
  restart_by_hand (cluster, cluster->data_directory, "-c work_mem=7MB -c \"log_line_prefix=it's \"");
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_autofree char *path = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_autofree char *conf = NULL;
  g_assert_true (g_file_get_contents (path, &conf, NULL, NULL));
  kt_test_cluster_append_conf (cluster, "maintenance_work_mem = 1gb");
  assert_not_restarted (instance, cluster, "\"maintenance_work_mem\": \"1gb\"");
  take_conf_back (cluster, conf);
  kt_test_cluster_append_conf (cluster, "no_such_parameter = 1");
  assert_not_restarted (instance, cluster, "no_such_parameter");
  take_conf_back (cluster, conf);
  kt_test_cluster_append_conf (cluster, "include 'nowhere.conf'");
  assert_not_restarted (instance, cluster, "nowhere.conf");
  take_conf_back (cluster, conf);
  assert_restart (instance);
}

static void
test_killed (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  kt_test_cluster_kill (cluster);
  /* postmaster.pid is still there. */
  g_assert_false (kt_instance_is_running (instance));
  assert_restart (instance);
  g_assert_true (kt_instance_is_running (instance));
}

static void
test_start_twice (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  GPid before = kt_test_cluster_pid (cluster);
  g_autoptr (GError) error = NULL;
  gboolean done = kt_instance_start (instance, NULL, &error);
  assert_done (done, error);
  g_assert_cmpint (kt_test_cluster_pid (cluster), ==, before);
}

static void
test_cancelled (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  GPid before = kt_test_cluster_pid (cluster);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_instance_restart (instance, cancellable, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_assert_cmpint (kt_test_cluster_pid (cluster), ==, before);
}

static int
restart_as_nobody (const KtInstance *instance)
{
  if (setresgid (65534, 65534, 65534) != 0 || setresuid (65534, 65534, 65534) != 0)
    return 2;
  g_autoptr (GError) error = NULL;
  gboolean done = kt_instance_restart (instance, NULL, &error);
  return !done && g_error_matches (error, KT_ERROR, KT_ERROR_PRIVILEGE) && kt_instance_is_running (instance) ? 0 : 1;
}

static void
test_stranger (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can be another user");
      return;
    }
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  pid_t child = fork ();
  if (child == 0)
    _exit (restart_as_nobody (instance));
  int status;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
test_remote (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, NULL);
  g_autoptr (KtServer) server = kt_server_load (connection, NULL);
  server->local = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtInstance) instance = kt_instance_find (server, cluster->conninfo, &error);
  g_assert_no_error (error);
  g_assert_cmpint (instance->control, ==, KT_CONTROL_REMOTE);
  g_assert_null (instance->data_directory);
  g_assert_cmpstr (instance->server_directory, ==, server->data_directory);
  g_assert_true (kt_instance_is_running (instance));
  g_assert_false (kt_instance_can_restart (instance));
  g_assert_cmpint (kt_instance_pid (instance), ==, 0);
  g_assert_cmpint (kt_instance_log_position (instance), ==, 0);
  gboolean done = kt_instance_reload (instance, &error);
  assert_done (done, error);
  g_assert_false (kt_instance_restart (instance, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  g_autofree char *words = kt_instance_describe (instance, "restart");
  g_assert_cmpstr (words, ==, "restart PostgreSQL where it runs, by hand");
}

/* -------------------------------------------------------------------------------------------------------- reload */

static void
test_reload (gconstpointer data)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .major = GPOINTER_TO_INT (data), .without_sync = TRUE });
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_autoptr (GError) error = NULL;
  for (int i = 5; i < 15; i++)
    {
      g_autofree char *line = g_strdup_printf ("work_mem = %dMB", i);
      g_autofree char *wanted = g_strdup_printf ("%dMB", i);
      kt_test_cluster_append_conf (cluster, line);
      gboolean done = kt_instance_reload (instance, &error);
      assert_done (done, error);
      g_autofree char *got = shown (cluster, "work_mem");
      g_assert_cmpstr (got, ==, wanted);
    }
}

static void
test_reload_broken (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  gint64 position = kt_instance_log_position (instance);
  g_autoptr (GError) error = NULL;
  /* One bad value: the rest is taken, and the log says so. */
  kt_test_cluster_append_conf (cluster, "work_mem = 6MB\nmaintenance_work_mem = 1gb");
  gboolean done = kt_instance_reload (instance, &error);
  assert_done (done, error);
  g_autofree char *memory = shown (cluster, "work_mem");
  g_assert_cmpstr (memory, ==, "6MB");
  g_auto (GStrv) problems = kt_instance_log_problems (instance, position);
  g_assert_cmpuint (g_strv_length (problems), ==, 1);
  g_assert_nonnull (strstr (problems[0], "contains errors"));
  /* A line that is none: nothing is taken. */
  kt_test_cluster_append_conf (cluster, "work_mem = 8MB\nthis is === no line");
  g_assert_false (kt_instance_reload (instance, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_nonnull (strstr (kt_error_detail (error), "postgresql.conf line "));
}

static void
test_reload_down (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  kt_test_cluster_stop (cluster);
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_instance_reload (instance, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CONNECT);
}

/* ---------------------------------------------------------------------------------------------------- log and JSON */

static void
test_collector (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with ("logging_collector = on\nlog_filename = 'pg-%H%M%S.log'");
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  g_assert_true (g_str_has_prefix (instance->log_file, cluster->data_directory));
  g_autofree char *path = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_autofree char *conf = NULL;
  g_assert_true (g_file_get_contents (path, &conf, NULL, NULL));
  g_autoptr (GError) error = NULL;
  /* Said before the collector runs, and after. */
  kt_test_cluster_append_conf (cluster, "no_such_parameter = 1");
  kt_test_cluster_stop (cluster);
  g_assert_false (kt_instance_start (instance, NULL, &error));
  g_assert_nonnull (strstr (kt_error_detail (error), "no_such_parameter"));
  g_clear_error (&error);
  take_conf_back (cluster, conf);
  kt_test_cluster_append_conf (cluster, "hba_file = '/no/such/file'");
  g_assert_false (kt_instance_start (instance, NULL, &error));
  g_assert_nonnull (strstr (kt_error_detail (error), "/no/such/file"));
  g_clear_error (&error);
  take_conf_back (cluster, conf);
  gboolean done = kt_instance_start (instance, NULL, &error);
  assert_done (done, error);
}

static void
test_log_of_clients (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_with (NULL);
  g_autoptr (KtInstance) instance = found (cluster->conninfo);
  gint64 position = kt_instance_log_position (instance);
  g_autofree char *absent = kt_test_cluster_conninfo (cluster, "nobody_here", NULL, NULL);
  g_autoptr (KtConnection) refused = kt_connection_open (absent, NULL);
  g_assert_null (refused);
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, NULL);
  g_autoptr (PGresult) result = kt_connection_query (connection, NULL, "SELECT 1/0", NULL);
  g_assert_null (result);
  g_assert_cmpint (kt_instance_log_position (instance), >, position);
  g_auto (GStrv) none = kt_instance_log_problems (instance, position);
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_autoptr (PGresult) crash = kt_connection_query (connection, NULL, "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'", NULL);
  g_assert_null (crash);
  /* The postmaster notices on its own time. */
  for (int i = 0; i < 1000; i++)
    {
      g_auto (GStrv) problems = kt_instance_log_problems (instance, position);
      if (problems[0] != NULL && strstr (problems[0], "was terminated by signal 9") != NULL)
        return;
      g_usleep (10000);
    }
  g_assert_not_reached ();
}

static void
test_json (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "postgres", NULL, "password='s3cr3t x' application_name='a \\'b'");
  g_autoptr (KtInstance) instance = found (conninfo);
  g_assert_cmpstr (instance->conninfo, ==, conninfo);
  g_autoptr (JsonNode) node = kt_json_node_take (kt_instance_to_json (instance));
  g_autofree char *text = kt_json_to_line (node);
  g_assert_null (strstr (text, "s3cr3t"));
  g_autoptr (GError) error = NULL;
  g_autoptr (KtInstance) back = kt_instance_from_json (json_node_get_object (node), &error);
  g_assert_no_error (error);
  g_autoptr (JsonNode) again = kt_json_node_take (kt_instance_to_json (back));
  g_autofree char *same = kt_json_to_line (again);
  g_assert_cmpstr (same, ==, text);
  g_assert_nonnull (strstr (back->conninfo, "application_name='a \\'b'"));
  gboolean done = kt_instance_reload (back, &error);
  assert_done (done, error);
}

static void
test_json_incomplete (void)
{
  static const char *const rows[] = {
    "{}", "{\"control\":\"docker\",\"data_directory\":\"/x\"}", "{\"control\":\"debian\",\"data_directory\":\"/x\"}",
    "{\"control\":\"debian\",\"data_directory\":\"/x\",\"cluster\":\"main\"}", "{\"control\":\"pg_ctl\",\"data_directory\":\"/x\"}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = kt_json_parse (rows[i], NULL);
      g_autoptr (GError) error = NULL;
      g_assert_null (kt_instance_from_json (json_node_get_object (node), &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
    }
}

static void
test_unnamed_server (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, NULL);
  g_autoptr (KtServer) server = kt_server_load (connection, NULL);
  g_autoptr (KtInstance) instance = kt_instance_find (server, NULL, NULL);
  g_autofree char *wanted = g_strdup_printf ("host=%s port=5432", cluster->folder);
  g_assert_cmpstr (instance->conninfo, ==, wanted);
}

/* -------------------------------------------------------------------------------------------------------- Debian */

static const char debian_guardian[] = "cat >/dev/null; pg_dropcluster --stop 15 \"$0\"; rm -rf \"$1\"";

typedef struct {
  char *name, *folder, *conf, *conninfo;
  GPid guardian;
  int guardian_input;
} DebianCluster;

static void
run_tool (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  gboolean done = kt_run (&(KtRun){ .argv = argv, .deadline_ms = 60000 }, NULL, NULL, &error);
  assert_done (done, error);
}

static void
leave_group (gpointer data)
{
  setsid ();
}

static void
debian_cluster_make (DebianCluster *cluster)
{
  cluster->name = g_strdup_printf ("kastune_test_%d", getpid ());
  cluster->folder = g_dir_make_tmp ("kt-XXXXXX", NULL);
  cluster->conf = g_strdup_printf ("/etc/postgresql/15/%s/postgresql.conf", cluster->name);
  g_assert_cmpint (g_chmod (cluster->folder, 0777), ==, 0);
  const char *const guardian[] = { "/bin/sh", "-c", debian_guardian, cluster->name, cluster->folder, NULL };
  g_autoptr (GError) error = NULL;
  g_spawn_async_with_pipes ("/", (char **) guardian, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                            leave_group, NULL, &cluster->guardian, &cluster->guardian_input, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *data = g_build_filename (cluster->folder, "data", NULL);
  run_tool ((const char *const[]){ "pg_createcluster", "--socketdir", cluster->folder, "--datadir", data, "--start-conf", "manual", "--pgoption",
                                   "listen_addresses=", "--pgoption", "shared_buffers=16MB", "--pgoption", "fsync=off", "15", cluster->name, NULL });
  run_tool ((const char *const[]){ "pg_ctlcluster", "15", cluster->name, "start", NULL });
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (cluster->conf, &text, NULL, NULL));
  const char *port = strstr (text, "\nport = ");
  g_assert_nonnull (port);
  cluster->conninfo = g_strdup_printf ("host=%s port=%d", cluster->folder, atoi (port + strlen ("\nport = ")));
}

static void
debian_cluster_drop (DebianCluster *cluster)
{
  close (cluster->guardian_input);
  g_assert_cmpint (waitpid (cluster->guardian, NULL, 0), ==, cluster->guardian);
  g_assert_false (g_file_test (cluster->conf, G_FILE_TEST_EXISTS));
  g_free (cluster->name);
  g_free (cluster->folder);
  g_free (cluster->conf);
  g_free (cluster->conninfo);
}

static void
assert_debian_instance (const KtInstance *instance, const DebianCluster *cluster)
{
  g_autofree char *name = g_strdup_printf ("15/%s", cluster->name);
  g_autofree char *log = g_strdup_printf ("/var/log/postgresql/postgresql-15-%s.log", cluster->name);
  g_autofree char *verb = g_strdup_printf ("pg_ctlcluster 15 %s restart", cluster->name);
  g_autofree char *words = kt_instance_describe (instance, "restart");
  g_assert_cmpint (instance->control, ==, KT_CONTROL_DEBIAN);
  g_assert_cmpstr (instance->cluster, ==, name);
  g_assert_cmpstr (instance->config_file, ==, cluster->conf);
  g_assert_cmpstr (instance->log_file, ==, log);
  g_assert_cmpstr (instance->owner, ==, "postgres");
  g_assert_true (g_str_has_prefix (words, verb));
}

static void
test_debian (void)
{
  g_autofree char *tool = g_find_program_in_path ("pg_createcluster");
  if (geteuid () != 0 || tool == NULL)
    {
      g_test_skip ("needs root and Debian's postgresql-common");
      return;
    }
  DebianCluster cluster;
  debian_cluster_make (&cluster);
  g_autoptr (KtInstance) instance = found (cluster.conninfo);
  assert_debian_instance (instance, &cluster);
  assert_restart (instance);

  g_autofree char *conf = NULL;
  g_assert_true (g_file_get_contents (cluster.conf, &conf, NULL, NULL));
  g_autofree char *broken = g_strconcat (conf, "\nshared_preload_libraries = 'no_such_library'\n", NULL);
  g_assert_true (g_file_set_contents (cluster.conf, broken, -1, NULL));
  g_assert_cmpint (g_chmod (cluster.conf, 0644), ==, 0);
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_instance_restart (instance, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (strstr (kt_error_detail (error), "no_such_library"));
  g_assert_false (kt_instance_is_running (instance));

  g_clear_error (&error);
  g_assert_true (g_file_set_contents (cluster.conf, conf, -1, NULL));
  g_assert_cmpint (g_chmod (cluster.conf, 0644), ==, 0);
  gboolean done = kt_instance_start (instance, NULL, &error);
  assert_done (done, error);
  done = kt_instance_reload (instance, &error);
  assert_done (done, error);
  debian_cluster_drop (&cluster);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kt_test_add_versions ("/postgres/instance/found", test_find);
  kt_test_add_versions ("/postgres/instance/restarts-cleanly", test_restart);
  kt_test_add_versions ("/postgres/instance/failed-start-says-why", test_failed_start);
  kt_test_add_versions ("/postgres/instance/not-stopped-when-it-would-not-start", test_not_stopped_in_vain);
  kt_test_add_versions ("/postgres/instance/reload-waits-for-the-values", test_reload);
  g_test_add_func ("/postgres/instance/options-of-the-command-line-survive", test_options_survive);
  g_test_add_func ("/postgres/instance/configuration-elsewhere", test_configuration_elsewhere);
  g_test_add_func ("/postgres/instance/killed-server-is-known-and-started", test_killed);
  g_test_add_func ("/postgres/instance/start-of-a-running-server-is-done", test_start_twice);
  g_test_add_func ("/postgres/instance/cancelled-restart-leaves-it-alone", test_cancelled);
  g_test_add_func ("/postgres/instance/strangers-are-told", test_stranger);
  g_test_add_func ("/postgres/instance/remote-is-unsupported", test_remote);
  g_test_add_func ("/postgres/instance/broken-files-are-told-at-reload", test_reload_broken);
  g_test_add_func ("/postgres/instance/reload-of-a-stopped-server", test_reload_down);
  g_test_add_func ("/postgres/instance/words-before-and-after-the-collector", test_collector);
  g_test_add_func ("/postgres/instance/log-without-mistakes-of-clients", test_log_of_clients);
  g_test_add_func ("/postgres/instance/json-round-trip-without-secrets", test_json);
  g_test_add_func ("/postgres/instance/incomplete-record-is-refused", test_json_incomplete);
  g_test_add_func ("/postgres/instance/unnamed-server-is-reached-again", test_unnamed_server);
  g_test_add_func ("/postgres/instance/debian-cluster", test_debian);
  return g_test_run ();
}
