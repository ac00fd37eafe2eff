/* SPDX-License-Identifier: MIT */
#include "postgres/container_site.h"

#include "base/error.h"
#include "postgres/locate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The server notes its start in postmaster.pid when it begins, and again once its memory is set up. */
#define START_TOLERANCE_S 120

void
kt_server_container_free (KtServerContainer *container)
{
  if (container == NULL)
    return;
  g_free (container->name);
  g_free (container->socket);
  g_free (container->place);
  g_free (container->stop_signal);
  g_free (container->data_directory);
  g_free (container);
}

/* --- which container ---------------------------------------------------------------------------------------------- */

/* Through a unix socket of a shared folder the kernel tells whose it is. */
static char *
container_of_peer (PGconn *pq)
{
  struct ucred peer = { 0 };
  socklen_t length = sizeof peer;
  if (getsockopt (PQsocket (pq), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid <= 0)
    return NULL;
  g_autofree char *path = g_strdup_printf ("/proc/%d/cgroup", (int) peer.pid);
  g_autofree char *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? kt_container_id_of_cgroup (text) : NULL;
}

static char *
container_of_connection (const KtEngine *engine, PGconn *pq, GError **error)
{
  const char *host = PQhost (pq), *address = PQhostaddr (pq);
  if (host != NULL && *host == '/')
    return container_of_peer (pq);
  int port = (int) g_ascii_strtoll (PQport (pq), NULL, 10);
  return kt_container_find (engine, address != NULL && *address != '\0' ? address : host, port, error);
}

/* --- its places --------------------------------------------------------------------------------------------------- */

/* pg_wal may be a link, and what it names is a path of the container. */
static char *
wal_directory_of (const KtContainer *container, const char *data_directory)
{
  g_autofree char *wal = g_build_filename (data_directory, "pg_wal", NULL);
  g_autofree char *target = g_file_read_link (wal, NULL);
  if (target != NULL && g_path_is_absolute (target))
    return kt_container_path (container, target);
  char *real = realpath (wal, NULL);
  return real;
}

static void
translate (char **path, const KtContainer *container)
{
  if (*path == NULL)
    return;
  char *here = kt_container_path (container, *path);
  g_free (*path);
  *path = here;
}

/* The first eight bytes of pg_control; several containers may have been started at once with the same port inside. */
static gboolean
is_its_cluster (const KtServer *server, const char *data_directory)
{
  g_autofree char *path = g_build_filename (data_directory, "global", "pg_control", NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;
  guint64 identifier = 0;
  if (*server->system_identifier == '\0')
    return TRUE;
  if (!g_file_get_contents (path, &bytes, &length, NULL) || length < sizeof identifier)
    return FALSE;
  memcpy (&identifier, bytes, sizeof identifier);
  return identifier == g_ascii_strtoull (server->system_identifier, NULL, 10);
}

static gboolean
runs_there (const KtServer *server, const char *data_directory)
{
  KtPostmasterFile file;
  return data_directory != NULL && is_its_cluster (server, data_directory)
         && kt_postmaster_file_read (data_directory, &file) && file.port == server->port
         && ABS (file.started_at - server->started_at) <= START_TOLERANCE_S;
}

static void
move_in (KtServer *server, const KtContainer *container, const KtEngine *engine)
{
  KtServerContainer *site = g_new0 (KtServerContainer, 1);
  *site = (KtServerContainer){
    .name = g_strdup (container->name),
    .socket = g_strdup (kt_engine_socket (engine)),
    .place = kt_container_place (container),
    .stop_signal = g_strdup (container->stop_signal),
    .data_directory = g_strdup (server->data_directory),
    .stop_timeout_s = container->stop_timeout_s,
    .restarts_itself = !g_str_equal (container->restart_policy, "no"),
    .memory_limit = container->memory_limit,
    .shm_size = container->shm_size,
  };
  server->container = site;
  char **const paths[] = { &server->data_directory, &server->config_file, &server->hba_file, &server->ident_file };
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    translate (paths[i], container);
  for (guint i = 0; i < server->tablespaces->len; i++)
    translate (&((KtTablespace *) server->tablespaces->pdata[i])->location, container);
  server->local = TRUE;
  server->postmaster_pid = container->pid;
  server->wal_directory = wal_directory_of (container, server->data_directory);
}

static gboolean
enter (KtServer *server, const KtEngine *engine, const char *name, GError **error)
{
  g_autoptr (KtContainer) container = kt_container_inspect (engine, name, error);
  if (container == NULL)
    return FALSE;
  if (server->data_directory == NULL)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "GRANT pg_monitor TO this role", "this role may not know where the server keeps its data");
      return FALSE;
    }
  g_autofree char *here = kt_container_path (container, server->data_directory);
  if (here != NULL && access (here, R_OK | X_OK) != 0)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run kastune as root", "the data directory of container %s (%s) may not be looked into",
                    container->name, here);
      return FALSE;
    }
  if (runs_there (server, here))
    {
      move_in (server, container, engine);
      return TRUE;
    }
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "docker ps shows which container publishes which port", "the server that answers does not run in container %s",
                container->name);
  return FALSE;
}

gboolean
kt_server_enter_container (KtServer *server, KtConnection *connection, const char *name, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtEngine) engine = kt_engine_open (NULL, &local);
  g_autofree char *found = engine == NULL ? NULL
                           : name != NULL ? g_strdup (name)
                                          : container_of_connection (engine, kt_connection_pq (connection), &local);
  if (found != NULL && enter (server, engine, found, &local))
    return TRUE;
  if (name != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* Nobody said that it is in a container: worth a word only when one was found, or the Engine may not be asked. */
  if (local != NULL && (found != NULL || g_error_matches (local, KT_ERROR, KT_ERROR_PRIVILEGE)))
    g_ptr_array_add (server->notes, g_strdup_printf ("%s%s%s", local->message, kt_error_hint (local) != NULL ? ": " : "",
                                                     kt_error_hint (local) != NULL ? kt_error_hint (local) : ""));
  return TRUE;
}
