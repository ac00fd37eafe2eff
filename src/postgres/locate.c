/* SPDX-License-Identifier: MIT */
#include "postgres/locate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The server notes its start twice: in postmaster.pid when it begins, in pg_postmaster_start_time() once memory is set up. */
#define START_TOLERANCE_S 120

typedef enum {
  SAME,
  DIFFERENT,
  UNKNOWN, /* no rights to look */
} Sameness;

static gint64
socket_peer (PGconn *pq)
{
  struct ucred peer = { 0 };
  socklen_t length = sizeof peer;
  const char *host = PQhost (pq);
  if (host == NULL || (*host != '/' && *host != '@')
      || getsockopt (PQsocket (pq), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return 0;
  return peer.pid;
}

static char *
proc_path (gint64 pid, const char *name)
{
  return g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

static gboolean
is_postgres (gint64 pid)
{
  g_autofree char *path = proc_path (pid, "comm");
  g_autofree char *name = NULL;
  return g_file_get_contents (path, &name, NULL, NULL)
         && (g_str_equal (g_strstrip (name), "postgres") || g_str_equal (name, "postmaster"));
}

static Sameness
works_in (gint64 pid, const char *data_directory)
{
  g_autofree char *path = proc_path (pid, "cwd");
  struct stat cwd, data;
  if (stat (path, &cwd) != 0)
    return UNKNOWN;
  if (stat (data_directory, &data) != 0)
    return DIFFERENT;
  return cwd.st_dev == data.st_dev && cwd.st_ino == data.st_ino ? SAME : DIFFERENT;
}

/* A process that ended and was not reaped yet has no memory map any more, but still its number. */
static gboolean
is_zombie (gint64 pid)
{
  g_autofree char *path = proc_path (pid, "stat");
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return TRUE;
  const char *end = strrchr (text, ')');
  return end == NULL || strlen (end) < 3 || end[2] == 'Z' || end[2] == 'X';
}

gboolean
kt_postmaster_is_ghost (gint64 pid)
{
  return pid > 0 && is_postgres (pid) && is_zombie (pid);
}

gboolean
kt_postmaster_is_alive (gint64 pid, const char *data_directory)
{
  return pid > 0 && is_postgres (pid) && !is_zombie (pid) && works_in (pid, data_directory) != DIFFERENT;
}

gboolean
kt_postmaster_file_read (const char *data_directory, KtPostmasterFile *file)
{
  g_autofree char *path = g_build_filename (data_directory, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  *file = (KtPostmasterFile){
    .pid = ABS (g_ascii_strtoll (lines[0] != NULL ? lines[0] : "", NULL, 10)),
    .started_at = n > 2 ? g_ascii_strtoll (lines[2], NULL, 10) : 0,
    .port = n > 3 ? (int) g_ascii_strtoll (lines[3], NULL, 10) : 0,
  };
  return file->pid > 0;
}

/* Without rights to ask the server: `-D` of the command line, which everybody may read. */
static char *
directory_of_command_line (gint64 pid)
{
  g_autofree char *path = proc_path (pid, "cmdline");
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, NULL))
    return NULL;
  for (const char *word = text; word < text + length; word += strlen (word) + 1)
    {
      const char *next = word + strlen (word) + 1;
      if (g_str_equal (word, "-D") && next < text + length)
        return g_strdup (next);
      if (g_str_has_prefix (word, "-D") && word[2] != '\0')
        return g_strdup (word + 2);
    }
  return NULL;
}

/* Through the unix socket. FALSE: nothing learnt (TCP, a pooler between, a process out of sight). */
static gboolean
locate_by_socket (KtServer *server, PGconn *pq)
{
  gint64 pid = socket_peer (pq);
  if (pid <= 0 || !is_postgres (pid))
    return FALSE;
  if (server->data_directory == NULL)
    server->data_directory = directory_of_command_line (pid);
  if (server->data_directory == NULL)
    return FALSE;
  Sameness sameness = works_in (pid, server->data_directory);
  server->local = sameness == SAME || (sameness == UNKNOWN && g_file_test (server->data_directory, G_FILE_TEST_IS_DIR));
  server->postmaster_pid = server->local ? pid : 0;
  return TRUE;
}

static void
locate_by_file (KtServer *server)
{
  KtPostmasterFile file;
  if (server->data_directory == NULL || !kt_postmaster_file_read (server->data_directory, &file))
    return;
  server->local = file.port == server->port && ABS (file.started_at - server->started_at) <= START_TOLERANCE_S
                  && kt_postmaster_is_alive (file.pid, server->data_directory);
  server->postmaster_pid = server->local ? file.pid : 0;
}

static char *
first_socket_directory (const KtServer *server, const char *host)
{
  if (host != NULL && *host == '/')
    return g_strdup (host);
  const KtSetting *setting = kt_server_setting (server, "unix_socket_directories");
  g_auto (GStrv) all = g_strsplit (setting != NULL && setting->value != NULL ? setting->value : "", ",", 2);
  return all[0] != NULL && *g_strstrip (all[0]) != '\0' ? g_strdup (all[0]) : NULL;
}

void
kt_server_locate (KtServer *server, KtConnection *connection)
{
  PGconn *pq = kt_connection_pq (connection);
  server->socket_directory = first_socket_directory (server, PQhost (pq));
  if (!locate_by_socket (server, pq))
    locate_by_file (server);
  if (!server->local)
    return;
  g_autofree char *wal = g_build_filename (server->data_directory, "pg_wal", NULL);
  g_autofree char *real = realpath (wal, NULL);
  server->wal_directory = g_strdup (real);
  if (real == NULL)
    g_ptr_array_add (server->notes, g_strdup ("the data directory cannot be looked into, so where pg_wal lies is unknown: run kastune as root "
                                              "or as the owner of the data directory"));
}
