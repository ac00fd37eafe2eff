/* SPDX-License-Identifier: MIT */
#include "docker/container.h"

#include "base/error.h"

#include <string.h>

#define DEFAULT_STOP_S 10
#define ID_LENGTH 64
#define LOG_LINES 4000
#define SIGNAL_SECONDS 30

static void
mount_free (gpointer data)
{
  KtContainerMount *mount = data;
  g_free (mount->inside);
  g_free (mount->outside);
  g_free (mount);
}

void
kt_container_free (KtContainer *container)
{
  if (container == NULL)
    return;
  char *const texts[] = { container->id, container->name, container->image, container->state, container->started_at,
                          container->stop_signal, container->restart_policy, container->project, container->service,
                          container->compose_file };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_ptr_array_unref (container->mounts);
  g_free (container);
}

/* --- what the Engine says ----------------------------------------------------------------------------------------- */

/* Absent objects read as empty ones. */
static JsonObject *
part (JsonObject *object, const char *name)
{
  static JsonObject *empty;
  if (g_once_init_enter (&empty))
    g_once_init_leave (&empty, json_object_new ());
  JsonObject *found = object != NULL ? kt_json_object (object, name) : NULL;
  return found != NULL ? found : empty;
}

static void
take_mounts (KtContainer *container, JsonArray *mounts)
{
  for (guint i = 0; mounts != NULL && i < json_array_get_length (mounts); i++)
    {
      JsonObject *mount = json_array_get_object_element (mounts, i);
      const char *outside = kt_json_string (mount, "Source", "");
      KtContainerMount *row = g_new0 (KtContainerMount, 1);
      row->inside = g_strdup (kt_json_string (mount, "Destination", ""));
      row->outside = g_strdup (outside);
      if (*row->inside == '/' && *row->outside == '/')
        g_ptr_array_add (container->mounts, row);
      else
        mount_free (row);
    }
}

static void
take_state (KtContainer *container, JsonObject *object)
{
  JsonObject *state = part (object, "State");
  container->state = g_strdup (kt_json_string (state, "Status", ""));
  container->pid = kt_json_int (state, "Pid", 0);
  container->started_at = g_strdup (kt_json_string (state, "StartedAt", ""));
  container->out_of_memory = kt_json_bool (state, "OOMKilled", FALSE);
  container->exit_status = (int) kt_json_int (state, "ExitCode", 0);
  container->restarts = (guint) kt_json_int (object, "RestartCount", 0);
}

/* Compose before version 2 names them as they were typed, and the folder beside. */
char *
kt_container_compose_files (const char *files, const char *folder)
{
  if (files == NULL)
    return NULL;
  g_auto (GStrv) names = g_strsplit (files, ",", -1);
  for (guint i = 0; folder != NULL && names[i] != NULL; i++)
    {
      char *whole = g_canonicalize_filename (names[i], folder);
      g_free (names[i]);
      names[i] = whole;
    }
  return g_strjoinv (" and ", names);
}

static void
take_configuration (KtContainer *container, JsonObject *object)
{
  JsonObject *config = part (object, "Config");
  JsonObject *host = part (object, "HostConfig");
  JsonObject *labels = part (config, "Labels");
  container->image = g_strdup (kt_json_string (config, "Image", ""));
  container->stop_timeout_s = (int) kt_json_int (config, "StopTimeout", DEFAULT_STOP_S);
  container->stop_signal = g_strdup (kt_json_string (config, "StopSignal", "SIGTERM"));
  container->memory_limit = kt_json_int (host, "Memory", 0);
  container->shm_size = kt_json_int (host, "ShmSize", 0);
  container->restart_policy = g_strdup (kt_json_string (part (host, "RestartPolicy"), "Name", "no"));
  container->project = g_strdup (kt_json_string (labels, "com.docker.compose.project", NULL));
  container->service = g_strdup (kt_json_string (labels, "com.docker.compose.service", NULL));
  container->compose_file = kt_container_compose_files (kt_json_string (labels, "com.docker.compose.project.config_files", NULL),
                                                        kt_json_string (labels, "com.docker.compose.project.working_dir", NULL));
}

KtContainer *
kt_container_inspect (const KtEngine *engine, const char *name, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/containers/%s/json", escaped);
  g_autoptr (JsonNode) node = kt_engine_get (engine, path, error);
  if (node == NULL)
    return NULL;
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : part (NULL, "");
  const char *slashed = kt_json_string (object, "Name", name);
  KtContainer *container = g_new0 (KtContainer, 1);
  container->mounts = g_ptr_array_new_with_free_func (mount_free);
  container->id = g_strdup (kt_json_string (object, "Id", ""));
  container->name = g_strdup (*slashed == '/' ? slashed + 1 : slashed);
  take_state (container, object);
  take_configuration (container, object);
  take_mounts (container, kt_json_array (object, "Mounts"));
  return container;
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

static gboolean
is_loopback (const char *address)
{
  return g_str_has_prefix (address, "127.") || g_str_equal (address, "::1");
}

/* Only those can be bound. */
static gboolean
is_of_this_machine (const char *address)
{
  g_autoptr (GSocketAddress) at = g_inet_socket_address_new_from_string (address, 0);
  g_autoptr (GSocket) socket = at != NULL ? g_socket_new (g_socket_address_get_family (at), G_SOCKET_TYPE_DATAGRAM,
                                                          G_SOCKET_PROTOCOL_UDP, NULL) : NULL;
  return socket != NULL && g_socket_bind (socket, at, FALSE, NULL);
}

/* Published on every address of this machine, on this one, or on loopback by another name of it. The same port of another
 * machine or container is none of its. */
static gboolean
is_published (JsonObject *port, const char *address, int number)
{
  const char *on = kt_json_string (port, "IP", "");
  if (kt_json_int (port, "PublicPort", 0) != number || g_strcmp0 (kt_json_string (port, "Type", ""), "tcp") != 0)
    return FALSE;
  gboolean everywhere = *on == '\0' || g_str_equal (on, "0.0.0.0") || g_str_equal (on, "::");
  return g_str_equal (on, address) || (everywhere && is_of_this_machine (address)) || (is_loopback (on) && is_loopback (address));
}

static gboolean
has_address (JsonObject *row, const char *address)
{
  JsonObject *networks = part (part (row, "NetworkSettings"), "Networks");
  g_autoptr (GList) names = json_object_get_members (networks);
  for (GList *name = names; name != NULL; name = name->next)
    {
      JsonObject *network = part (networks, name->data);
      if (g_str_equal (kt_json_string (network, "IPAddress", ""), address)
          || g_str_equal (kt_json_string (network, "GlobalIPv6Address", ""), address))
        return *address != '\0';
    }
  return FALSE;
}

static gboolean
is_reached_at (JsonObject *row, const char *address, int port)
{
  JsonArray *ports = kt_json_array (row, "Ports");
  for (guint i = 0; ports != NULL && i < json_array_get_length (ports); i++)
    if (is_published (json_array_get_object_element (ports, i), address, port))
      return TRUE;
  return has_address (row, address);
}

char *
kt_container_find (const KtEngine *engine, const char *address, int port, GError **error)
{
  g_autoptr (JsonNode) node = kt_engine_get (engine, "/containers/json", error);
  JsonArray *rows = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (is_reached_at (row, address, port))
        return g_strdup (kt_json_string (row, "Id", ""));
    }
  return NULL;
}

/* The last 64 hexadecimal digits of a line: "/docker/ID", "/system.slice/docker-ID.scope". */
char *
kt_container_id_of_cgroup (const char *cgroup_text)
{
  guint run = 0;
  for (const char *p = cgroup_text; *p != '\0'; p++)
    {
      run = g_ascii_isdigit (*p) || (*p >= 'a' && *p <= 'f') ? run + 1 : 0;
      if (run == ID_LENGTH && !g_ascii_isxdigit (p[1]))
        return g_strndup (p + 1 - ID_LENGTH, ID_LENGTH);
    }
  return NULL;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

/* What is left of @path below @folder, "" for the same, NULL when it is elsewhere. */
static const char *
rest_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);
  if (!g_str_has_prefix (path, folder) || (path[length] != '\0' && path[length] != '/'))
    return NULL;
  return path + length;
}

char *
kt_container_path (const KtContainer *container, const char *inside)
{
  const KtContainerMount *best = NULL;
  for (guint i = 0; i < container->mounts->len; i++)
    {
      const KtContainerMount *mount = container->mounts->pdata[i];
      if (rest_below (inside, mount->inside) != NULL && (best == NULL || strlen (mount->inside) > strlen (best->inside)))
        best = mount;
    }
  if (best != NULL)
    return g_strconcat (best->outside, rest_below (inside, best->inside), NULL);
  return container->pid > 0 ? g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/root%s", container->pid, inside) : NULL;
}

char *
kt_container_place (const KtContainer *container)
{
  if (container->service == NULL)
    return g_strdup_printf ("container %s", container->name);
  return g_strdup_printf ("service %s of %s", container->service,
                          container->compose_file != NULL ? container->compose_file : "its compose file");
}

/* --- control ------------------------------------------------------------------------------------------------------ */

gboolean
kt_container_signal (const KtEngine *engine, const char *name, const char *signal, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/containers/%s/kill?signal=%s", escaped, signal);
  return kt_engine_post (engine, path, SIGNAL_SECONDS, error);
}

gboolean
kt_container_control (const KtEngine *engine, const char *name, const char *verb, guint stop_s, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_str_equal (verb, "start") ? g_strdup_printf ("/containers/%s/start", escaped)
                                                      : g_strdup_printf ("/containers/%s/%s?t=%u", escaped, verb, stop_s);
  return kt_engine_post (engine, path, stop_s + 60, error);
}

char *
kt_container_log (const KtEngine *engine, const char *name, gint64 since_ms, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/containers/%s/logs?stdout=1&stderr=1&tail=%d&since=%" G_GINT64_FORMAT ".%03d", escaped, LOG_LINES,
                                           since_ms / 1000, (int) (since_ms % 1000));
  return kt_engine_get_log (engine, path, error);
}
