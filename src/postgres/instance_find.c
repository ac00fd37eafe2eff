/* SPDX-License-Identifier: MIT
 *
 * What started a server and how it is started again, seen while it runs; and the same as JSON for the time when it does not.
 */
#include "postgres/instance.h"

#include "base/error.h"
#include "base/json.h"
#include "base/run.h"
#include "base/user.h"
#include "postgres/control.h"
#include "postgres/server_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
kt_instance_free (KtInstance *instance)
{
  if (instance == NULL)
    return;
  char **const texts[] = { &instance->bin_directory, &instance->data_directory, &instance->server_directory,
                           &instance->system_identifier, &instance->config_file, &instance->owner, &instance->cluster,
                           &instance->engine, &instance->start_options, &instance->start_log, &instance->log_file,
                           &instance->conninfo };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_free (instance);
}

static char *
proc_path (gint64 pid, const char *name)
{
  return g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

static char *
proc_link (gint64 pid, const char *name)
{
  g_autofree char *path = proc_path (pid, name);
  return g_file_read_link (path, NULL);
}

/* The argument vector of a process; never NULL. */
static GStrv
command_line (gint64 pid)
{
  g_autofree char *path = proc_path (pid, "cmdline");
  g_autofree char *text = NULL;
  gsize length = 0;
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  if (g_file_get_contents (path, &text, &length, NULL))
    for (const char *word = text; word < text + length; word += strlen (word) + 1)
      g_strv_builder_add (words, word);
  return g_strv_builder_end (words);
}

/* An upgraded package leaves "/usr/…/postgres (deleted)": the new binary stands in its place. */
static char *
bin_directory_of (gint64 pid, const char *const *words)
{
  g_autofree char *exe = proc_link (pid, "exe");
  if (exe == NULL && words[0] != NULL && g_path_is_absolute (words[0]))
    exe = g_strdup (words[0]);
  if (exe == NULL)
    return NULL;
  char *deleted = g_strrstr (exe, " (deleted)");
  if (deleted != NULL)
    *deleted = '\0';
  return g_path_get_dirname (exe);
}

static char *
owner_of (const char *path)
{
  struct stat st;
  return stat (path, &st) == 0 ? kt_user_name (st.st_uid) : NULL;
}

/* `-c config_file=…` of the command line, for roles that may not ask the server. */
static char *
config_file_of (const KtServer *server, const char *const *words)
{
  if (server->config_file != NULL)
    return g_strdup (server->config_file);
  for (; *words != NULL; words++)
    if (g_str_has_prefix (*words, "config_file="))
      return g_strdup (*words + strlen ("config_file="));
  return g_build_filename (server->data_directory, "postgresql.conf", NULL);
}

/* A supervisor restarts its server itself: whoever does it behind its back fights it. */
static gboolean
is_supervised (gint64 pid)
{
  static const char *const supervisors[] = { "patroni", "pg_autoctl" };
  g_autofree char *path = proc_path (pid, "stat");
  g_autofree char *text = NULL;
  const char *end = g_file_get_contents (path, &text, NULL, NULL) ? strrchr (text, ')') : NULL;
  if (end == NULL || strlen (end) < 4)
    return FALSE;
  g_auto (GStrv) parent = command_line (g_ascii_strtoll (end + 4, NULL, 10));
  for (gsize i = 0; i < G_N_ELEMENTS (supervisors); i++)
    for (guint word = 0; parent[word] != NULL && word < 3; word++)
      if (strstr (parent[word], supervisors[i]) != NULL)
        return TRUE;
  return FALSE;
}

/* The unit whose main process the postmaster is. A server started by hand may live in the group of a foreign service. */
static char *
systemd_unit_of (gint64 pid)
{
  g_autofree char *path = proc_path (pid, "cgroup");
  g_autofree char *text = NULL;
  if (!kt_control_systemd_runs () || !g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_autofree char *unit = kt_control_systemd_unit (text);
  if (unit == NULL)
    return NULL;
  g_auto (KtRunResult) result = { 0 };
  const char *const argv[] = { "systemctl", "show", "--property=MainPID", "--value", unit, NULL };
  gboolean known = kt_run (&(KtRun){ .argv = argv }, &result, NULL, NULL);
  return known && g_ascii_strtoll (result.output, NULL, 10) == pid ? g_steal_pointer (&unit) : NULL;
}

static gboolean
has_program (const char *folder, const char *name)
{
  g_autofree char *path = folder != NULL ? g_build_filename (folder, name, NULL) : NULL;
  return path != NULL && g_file_test (path, G_FILE_TEST_IS_EXECUTABLE);
}

static void
choose_control (KtInstance *instance, gint64 pid)
{
  /* Process 1 is the container itself. */
  if (pid == 1 || is_supervised (pid))
    return;
  instance->cluster = kt_control_debian_cluster (instance->config_file);
  if (instance->cluster != NULL && has_program ("/usr/bin", "pg_ctlcluster"))
    {
      instance->control = KT_CONTROL_DEBIAN;
      return;
    }
  g_free (instance->cluster);
  instance->cluster = systemd_unit_of (pid);
  if (instance->cluster != NULL)
    instance->control = KT_CONTROL_SYSTEMD;
  else if (has_program (instance->bin_directory, "pg_ctl"))
    instance->control = KT_CONTROL_PG_CTL;
}

/* A port that came from the environment would be lost at a start from ours. */
static char *
start_options_of (const KtServer *server, const char *const *words)
{
  g_autofree char *options = kt_control_start_options (words);
  const KtSetting *port = kt_server_setting (server, "port");
  if (port == NULL || g_strcmp0 (port->source, "environment variable") != 0)
    return g_steal_pointer (&options);
  return g_strdup_printf ("%s%s-p %s", options != NULL ? options : "", options != NULL ? " " : "", port->value);
}

static char *
regular_file_or_null (char *path)
{
  if (path != NULL && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_clear_pointer (&path, g_free);
  return path;
}

static char *
debian_log (const char *cluster)
{
  g_auto (GStrv) parts = g_strsplit (cluster, "/", 2);
  g_autofree char *link = g_strdup_printf ("/etc/postgresql/%s/%s/log", parts[0], parts[1]);
  char *chosen = realpath (link, NULL);
  return chosen != NULL ? chosen : g_strdup_printf ("/var/log/postgresql/postgresql-%s-%s.log", parts[0], parts[1]);
}

static void
find_logs (KtInstance *instance, const KtServer *server, gint64 pid)
{
  const KtSetting *collector = kt_server_setting (server, "logging_collector");
  gboolean collected = collector != NULL && g_strcmp0 (collector->value, "on") == 0;
  g_autofree char *standard_error = regular_file_or_null (proc_link (pid, "fd/2"));
  if (instance->control == KT_CONTROL_DEBIAN)
    instance->start_log = debian_log (instance->cluster);
  else if (collected)
    /* Only what is said before the collector runs goes there. */
    instance->start_log = g_build_filename (instance->data_directory, "kastune-start.log", NULL);
  else
    instance->start_log = g_strdup (standard_error != NULL ? standard_error : "/dev/null");
  if (collected)
    instance->log_file = kt_log_of_running_collector (instance->data_directory);
  else
    instance->log_file = g_strdup (instance->control == KT_CONTROL_DEBIAN ? instance->start_log : standard_error);
}

static char *
way_back (const KtServer *server, const char *conninfo)
{
  if (conninfo != NULL && *conninfo != '\0')
    return g_strdup (conninfo);
  return g_strdup_printf ("host=%s port=%d", server->socket_directory != NULL ? server->socket_directory : "localhost", server->port);
}

static KtInstance *
remote_instance (const KtServer *server, const char *conninfo)
{
  KtInstance *instance = g_new0 (KtInstance, 1);
  instance->control = KT_CONTROL_REMOTE;
  instance->server_directory = g_strdup (server->data_directory);
  instance->system_identifier = g_strdup (server->system_identifier);
  instance->conninfo = g_strdup (conninfo != NULL && *conninfo != '\0' ? conninfo : server->reached_by);
  return instance;
}

/* Its programs and its log are the container's. What lies in no volume is reached by the number of a process: after the next
 * start that leads nowhere, or to somebody else's files. */
static KtInstance *
docker_instance (const KtServer *server, const char *conninfo, GError **error)
{
  if (g_str_has_prefix (server->data_directory, "/proc/"))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, "they would be lost with the container, too", "give the container a volume for its data directory",
                    "the data of container %s lie in no volume (%s)", server->container->name, server->container->data_directory);
      return NULL;
    }
  KtInstance *instance = remote_instance (server, conninfo);
  instance->control = KT_CONTROL_DOCKER;
  instance->cluster = g_strdup (server->container->name);
  instance->engine = g_strdup (server->container->socket);
  instance->data_directory = g_strdup (server->data_directory);
  instance->config_file = g_strdup (server->config_file);
  instance->owner = owner_of (server->data_directory);
  g_free (instance->server_directory);
  instance->server_directory = g_strdup (server->container->data_directory);
  return instance;
}

KtInstance *
kt_instance_find (const KtServer *server, const char *conninfo, GError **error)
{
  if (server->container != NULL)
    return docker_instance (server, conninfo, error);
  if (!server->local)
    return remote_instance (server, conninfo);
  if (server->data_directory == NULL || server->postmaster_pid <= 0)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run kastune on the machine of the server, as root or as the owner of its data directory",
                    "the process of the server cannot be seen by this user");
      return NULL;
    }
  gint64 pid = server->postmaster_pid;
  g_auto (GStrv) words = command_line (pid);
  g_autoptr (KtInstance) instance = g_new0 (KtInstance, 1);
  instance->data_directory = g_strdup (server->data_directory);
  instance->server_directory = g_strdup (server->data_directory);
  instance->system_identifier = g_strdup (server->system_identifier);
  instance->bin_directory = bin_directory_of (pid, (const char *const *) words);
  instance->config_file = config_file_of (server, (const char *const *) words);
  instance->owner = owner_of (server->data_directory);
  instance->start_options = start_options_of (server, (const char *const *) words);
  choose_control (instance, pid);
  find_logs (instance, server, pid);
  instance->conninfo = way_back (server, conninfo);
  return g_steal_pointer (&instance);
}

/* ---------------------------------------------------------------------------------------------------------- JSON */

JsonObject *
kt_instance_to_json (const KtInstance *instance)
{
  g_autofree char *conninfo = kt_conninfo_without_secrets (instance->conninfo);
  JsonObject *object = json_object_new ();
  kt_json_set_string (object, "control", kt_control_to_string (instance->control));
  kt_json_set_string (object, "bin_directory", instance->bin_directory);
  kt_json_set_string (object, "data_directory", instance->data_directory);
  kt_json_set_string (object, "server_directory", instance->server_directory);
  kt_json_set_string (object, "system_identifier", instance->system_identifier);
  kt_json_set_string (object, "config_file", instance->config_file);
  kt_json_set_string (object, "owner", instance->owner);
  kt_json_set_string (object, "cluster", instance->cluster);
  kt_json_set_string (object, "engine", instance->engine);
  kt_json_set_string (object, "start_options", instance->start_options);
  kt_json_set_string (object, "start_log", instance->start_log);
  kt_json_set_string (object, "log_file", instance->log_file);
  kt_json_set_string (object, "conninfo", conninfo);
  return object;
}

KtInstance *
kt_instance_from_json (JsonObject *object, GError **error)
{
  g_autoptr (KtInstance) instance = g_new0 (KtInstance, 1);
  instance->bin_directory = g_strdup (kt_json_string (object, "bin_directory", NULL));
  instance->data_directory = g_strdup (kt_json_string (object, "data_directory", NULL));
  instance->server_directory = g_strdup (kt_json_string (object, "server_directory", instance->data_directory));
  instance->system_identifier = g_strdup (kt_json_string (object, "system_identifier", ""));
  instance->config_file = g_strdup (kt_json_string (object, "config_file", NULL));
  instance->owner = g_strdup (kt_json_string (object, "owner", NULL));
  instance->cluster = g_strdup (kt_json_string (object, "cluster", NULL));
  instance->engine = g_strdup (kt_json_string (object, "engine", NULL));
  instance->start_options = g_strdup (kt_json_string (object, "start_options", NULL));
  instance->start_log = g_strdup (kt_json_string (object, "start_log", NULL));
  /* The collector may write to another file by now. */
  instance->log_file = instance->data_directory != NULL ? kt_log_of_running_collector (instance->data_directory) : NULL;
  if (instance->log_file == NULL)
    instance->log_file = g_strdup (kt_json_string (object, "log_file", NULL));
  instance->conninfo = g_strdup (kt_json_string (object, "conninfo", ""));
  gboolean known = kt_control_from_string (kt_json_string (object, "control", NULL), &instance->control);
  gboolean by_name = instance->control == KT_CONTROL_DEBIAN || instance->control == KT_CONTROL_SYSTEMD
                     || instance->control == KT_CONTROL_DOCKER;
  gboolean here = instance->control != KT_CONTROL_REMOTE;
  if (known && here == (instance->data_directory != NULL) && (!by_name || instance->cluster != NULL)
      && (instance->control != KT_CONTROL_PG_CTL || instance->bin_directory != NULL)
      && (instance->control != KT_CONTROL_DEBIAN || strchr (instance->cluster, '/') != NULL))
    return g_steal_pointer (&instance);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "the record of a PostgreSQL instance is incomplete");
  return NULL;
}
