/* SPDX-License-Identifier: MIT */
#include "support/cluster.h"

#include "base/autoptr.h"
#include "base/run.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_MAJOR 32

static const int majors[] = { 13, 14, 15, 16, 17, 18 };

/* Waits for the end of its input, which comes with the end of the test however that happens. The working directory is
 * checked because a number in an old postmaster.pid may belong to somebody else by now. */
static const char guardian_script[] =
  "cat >/dev/null\n"
  "pid=$(head -n 1 \"$0/data/postmaster.pid\" 2>/dev/null)\n"
  "runs() { [ -n \"$pid\" ] && [ \"$(readlink \"/proc/$pid/cwd\")\" = \"$0/data\" ]; }\n"
  "runs && kill -QUIT \"$pid\"\n"
  "for i in $(seq 200); do runs || break; sleep 0.05; done\n"
  "rm -rf \"$0\"\n";

static char *
existing_binaries (const char *folder)
{
  g_autofree char *postgres = g_build_filename (folder, "postgres", NULL);
  return g_file_test (postgres, G_FILE_TEST_IS_EXECUTABLE) ? g_strdup (folder) : NULL;
}

char *
kt_test_binaries (int major)
{
  const char *cache = g_getenv ("KASTUNE_TEST_CACHE");
  g_autofree char *debian = g_strdup_printf ("/usr/lib/postgresql/%d/bin", major);
  g_autofree char *chosen = g_strdup_printf ("%s/postgres/%d/bin", cache != NULL ? cache : "", major);
  g_autofree char *common = g_strdup_printf ("/var/cache/kastune-tests/postgres/%d/bin", major);
  g_autofree char *own = g_strdup_printf ("%s/kastune-tests/postgres/%d/bin", g_get_user_cache_dir (), major);
  const char *const candidates[] = { debian, chosen, common, own };
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    {
      char *found = existing_binaries (candidates[i]);
      if (found != NULL)
        return found;
    }
  return NULL;
}

void
kt_test_add_versions (const char *path, GTestDataFunc test)
{
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autofree char *binaries = kt_test_binaries (majors[i]);
      g_autofree char *name = g_strdup_printf ("%s/%d", path, majors[i]);
      if (binaries != NULL)
        g_test_add_data_func (name, GINT_TO_POINTER (majors[i]), test);
    }
}

static void
guardian_setup (gpointer data)
{
  setsid ();
}

static void
start_guardian (KtTestCluster *cluster)
{
  const char *const argv[] = { "/bin/sh", "-c", guardian_script, cluster->folder, NULL };
  g_autoptr (GError) error = NULL;
  g_spawn_async_with_pipes ("/", (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL
                            | G_SPAWN_STDERR_TO_DEV_NULL, guardian_setup, NULL, &cluster->guardian,
                            &cluster->guardian_input, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Runs a program of PostgreSQL; its failure is the failure of the test. */
static void
run_program (KtTestCluster *cluster, const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_build_filename (cluster->bin_directory, argv[0], NULL);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_ptr_array_add (all, program);
  for (argv++; *argv != NULL; argv++)
    g_ptr_array_add (all, (gpointer) *argv);
  g_ptr_array_add (all, NULL);
  g_auto (KtRunResult) result = { 0 };
  kt_run (&(KtRun){ .argv = (const char *const *) all->pdata, .user = cluster->user, .deadline_ms = 100000,
                    .any_status = TRUE }, &result, NULL, &error);
  g_assert_no_error (error);
  if (result.status != 0)
    {
      g_autofree char *log = kt_test_cluster_log (cluster);
      g_error ("%s ended with status %d: %s %s\n%s", program, result.status, result.output, result.diagnosis, log);
    }
}

static void
write_file (const char *folder, const char *name, const char *text, const char *mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  FILE *file = fopen (path, mode);
  g_assert_nonnull (file);
  fputs (text, file);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
make_folder (KtTestCluster *cluster)
{
  char template[] = "/tmp/kt-XXXXXX";
  g_assert_nonnull (mkdtemp (template));
  const struct passwd *owner = getpwnam (cluster->user);
  g_assert_nonnull (owner);
  g_assert_cmpint (chmod (template, 0755), ==, 0);
  g_assert_true (geteuid () != 0 || chown (template, owner->pw_uid, owner->pw_gid) == 0);
  cluster->folder = g_strdup (template);
  cluster->data_directory = g_build_filename (template, "data", NULL);
  cluster->log_file = g_build_filename (template, "log", NULL);
  cluster->conninfo = kt_test_cluster_conninfo (cluster, "postgres", "postgres", NULL);
}

static void
write_configuration (KtTestCluster *cluster, const KtTestClusterOptions *options)
{
  g_autofree char *base = g_strdup_printf ("listen_addresses = ''\n"
                                           "unix_socket_directories = '%s'\n"
                                           "shared_buffers = 16MB\n"
                                           "fsync = %s\n", cluster->folder, options->without_sync ? "off" : "on");
  kt_test_cluster_append_conf (cluster, base);
  if (options->conf != NULL)
    kt_test_cluster_append_conf (cluster, options->conf);
  if (options->hba != NULL)
    write_file (cluster->data_directory, "pg_hba.conf", options->hba, "w");
}

/* A folder with a guardian, and nothing in it. */
static KtTestCluster *
empty_cluster (int major)
{
  KtTestCluster *cluster = g_new0 (KtTestCluster, 1);
  cluster->major = major;
  cluster->bin_directory = kt_test_binaries (major);
  if (cluster->bin_directory == NULL)
    g_error ("PostgreSQL %d is not here; scripts/setup test and scripts/postgres-matrix install it", major);
  cluster->user = g_strdup (geteuid () == 0 ? "postgres" : g_get_user_name ());
  make_folder (cluster);
  start_guardian (cluster);
  return cluster;
}

static KtTestCluster *fresh[MAX_MAJOR];  /* what initdb made, never started */
static KtTestCluster *shared[MAX_MAJOR];

static void
free_kept (void)
{
  for (gsize i = 0; i < MAX_MAJOR; i++)
    {
      g_clear_pointer (&fresh[i], kt_test_cluster_free);
      g_clear_pointer (&shared[i], kt_test_cluster_free);
    }
}

/* initdb runs once a version and program; its result is copied, which costs a tenth. */
static const char *
fresh_data_directory (int major)
{
  static gboolean registered = FALSE;
  g_assert_cmpint (major, <, MAX_MAJOR);
  if (!registered)
    atexit (free_kept);
  registered = TRUE;
  if (fresh[major] == NULL)
    {
      fresh[major] = empty_cluster (major);
      run_program (fresh[major], (const char *const[]){ "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--no-locale",
                                                        "--encoding=UTF8", "--pgdata", fresh[major]->data_directory, NULL });
    }
  return fresh[major]->data_directory;
}

KtTestCluster *
kt_test_cluster_new (const KtTestClusterOptions *options)
{
  int major = options->major != 0 ? options->major : KT_TEST_DEBIAN_MAJOR;
  const char *fresh_data = fresh_data_directory (major);
  KtTestCluster *cluster = empty_cluster (major);
  const char *const copy[] = { "cp", "-a", fresh_data, cluster->data_directory, NULL };
  g_autoptr (GError) error = NULL;
  kt_run (&(KtRun){ .argv = copy, .user = cluster->user, .deadline_ms = 100000 }, NULL, NULL, &error);
  g_assert_no_error (error);
  write_configuration (cluster, options);
  if (!options->stopped)
    kt_test_cluster_start (cluster);
  return cluster;
}

void
kt_test_cluster_free (KtTestCluster *cluster)
{
  if (cluster == NULL)
    return;
  close (cluster->guardian_input);
  while (waitpid (cluster->guardian, NULL, 0) < 0 && errno == EINTR)
    ;
  g_spawn_close_pid (cluster->guardian);
  g_free (cluster->bin_directory);
  g_free (cluster->user);
  g_free (cluster->folder);
  g_free (cluster->data_directory);
  g_free (cluster->log_file);
  g_free (cluster->conninfo);
  g_free (cluster);
}

KtTestCluster *
kt_test_cluster_shared (int major)
{
  g_assert_cmpint (major, <, MAX_MAJOR);
  if (shared[major] == NULL)
    shared[major] = kt_test_cluster_new (&(KtTestClusterOptions){ .major = major, .without_sync = TRUE });
  return shared[major];
}

void
kt_test_cluster_start (KtTestCluster *cluster)
{
  run_program (cluster, (const char *const[]){ "pg_ctl", "-s", "-w", "-t", "90", "-D", cluster->data_directory, "-l",
                                               cluster->log_file, "start", NULL });
}

void
kt_test_cluster_stop (KtTestCluster *cluster)
{
  run_program (cluster, (const char *const[]){ "pg_ctl", "-s", "-w", "-t", "90", "-D", cluster->data_directory, "-m", "fast",
                                               "stop", NULL });
}

static char *
working_directory (const char *pid)
{
  g_autofree char *link = g_build_filename ("/proc", pid, "cwd", NULL);
  return g_file_read_link (link, NULL);
}

GPid
kt_test_cluster_pid (const KtTestCluster *cluster)
{
  g_autofree char *path = g_build_filename (cluster->data_directory, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  GPid pid = (GPid) g_ascii_strtoll (text, NULL, 10);
  g_autofree char *number = g_strdup_printf ("%d", pid);
  g_autofree char *cwd = working_directory (number);
  return g_strcmp0 (cwd, cluster->data_directory) == 0 ? pid : 0;
}

/* Every process of a server works in its data directory. */
static gboolean
any_process_left (const KtTestCluster *cluster)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *cwd = g_ascii_isdigit (*name) ? working_directory (name) : NULL;
      if (g_strcmp0 (cwd, cluster->data_directory) == 0)
        return TRUE;
    }
  return FALSE;
}

void
kt_test_cluster_kill (KtTestCluster *cluster)
{
  GPid pid = kt_test_cluster_pid (cluster);
  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  /* A dead postmaster that nobody has reaped yet still counts as running for the next one. */
  for (int i = 0; i < 2000 && (any_process_left (cluster) || kill (pid, 0) == 0); i++)
    g_usleep (10000);
  g_assert_false (any_process_left (cluster));
}

void
kt_test_cluster_append_conf (KtTestCluster *cluster, const char *lines)
{
  write_file (cluster->data_directory, "postgresql.conf", lines, "a");
  write_file (cluster->data_directory, "postgresql.conf", "\n", "a");
}

char *
kt_test_cluster_sql (KtTestCluster *cluster, const char *database, const char *sql)
{
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "postgres", database, NULL);
  g_autoptr (PGconn) connection = PQconnectdb (conninfo);
  if (PQstatus (connection) != CONNECTION_OK)
    g_error ("cannot connect to the test server: %s", PQerrorMessage (connection));
  g_autoptr (PGresult) result = PQexec (connection, sql);
  if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  return PQntuples (result) > 0 && !PQgetisnull (result, 0, 0) ? g_strdup (PQgetvalue (result, 0, 0)) : NULL;
}

void
kt_test_cluster_do (KtTestCluster *cluster, const char *sql)
{
  g_free (kt_test_cluster_sql (cluster, NULL, sql));
}

char *
kt_test_cluster_conninfo (const KtTestCluster *cluster, const char *role, const char *database, const char *more)
{
  return g_strdup_printf ("host=%s port=5432 user=%s dbname=%s %s", cluster->folder, role,
                          database != NULL ? database : "postgres", more != NULL ? more : "");
}

char *
kt_test_cluster_log (const KtTestCluster *cluster)
{
  char *text = NULL;
  return g_file_get_contents (cluster->log_file, &text, NULL, NULL) ? text : g_strdup ("");
}
