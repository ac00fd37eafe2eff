/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_server.h"

#include "postgres/scratch_settings.h"

#include <signal.h>
#include <string.h>
#include <sys/shm.h>

/* Lines of postmaster.pid, from 0. */
enum { PID_LINE = 0, SHARED_MEMORY_LINE = 6, STATUS_LINE = 7 };

#define FAST_SHUTDOWN_MS 15000
#define IMMEDIATE_SHUTDOWN_MS 8000 /* the server itself kills its children after 5 s */

/* A line of the server's own PID file, or NULL while it has none. Caller frees. */
static char *
pid_file_line (const KtScratchServer *server, guint line)
{
  g_autofree char *path = g_build_filename (server->site->data, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return line < g_strv_length (lines) ? g_strdup (g_strstrip (lines[line])) : NULL;
}

static gpointer
run_server (gpointer data)
{
  KtScratchServer *server = data;
  const KtRun run = {
    .argv = (const char *const *) server->argv,
    .user = server->site->user,
    .env = server->site->scratch->env,
    .cgroups = server->cgroups,
    .cwd = server->site->folder,
    .any_status = TRUE,
    .death_signal = SIGQUIT, /* immediate shutdown: nobody would stop it any more */
    /* Only a safety net: the site's deadline comes first and leaves the log readable. */
    .deadline_ms = kt_scratch_site_left_ms (server->site) + FAST_SHUTDOWN_MS + 2 * IMMEDIATE_SHUTDOWN_MS,
  };
  kt_run (&run, &server->result, server->stop, &server->error);
  g_atomic_int_set (&server->ended, 1);
  return NULL;
}

static GStrv
server_argv (const KtScratchSite *site, const char *program)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *conf = g_strconcat ("config_file=", site->conf, NULL);
  g_strv_builder_add_many (argv, program, "-D", site->data, "-c", conf, NULL);
  kt_scratch_settings_force (argv, site->data, site->sockets);
  return g_strv_builder_end (argv);
}

KtScratchServer *
kt_scratch_server_start (const KtScratchSite *site, const char *const *cgroups, GError **error)
{
  g_autofree char *program = kt_scratch_site_program (site, "postgres", error);
  if (program == NULL)
    return NULL;
  KtScratchServer *server = g_new0 (KtScratchServer, 1);
  server->site = site;
  server->cgroups = cgroups;
  server->argv = server_argv (site, program);
  server->stop = g_cancellable_new ();
  server->thread = g_thread_new ("scratch", run_server, server);
  return server;
}

static gboolean
has_ended (KtScratchServer *server)
{
  return g_atomic_int_get (&server->ended) != 0;
}

gboolean
kt_scratch_server_is_over (KtScratchServer *server)
{
  return has_ended (server) || g_cancellable_is_cancelled (server->site->cancellable)
         || g_get_monotonic_time () >= server->site->deadline;
}

gboolean
kt_scratch_server_wait (KtScratchServer *server)
{
  while (!kt_scratch_server_is_over (server))
    {
      g_autofree char *status = pid_file_line (server, STATUS_LINE);
      if (status != NULL && g_str_equal (status, "ready"))
        return TRUE;
      g_usleep (10000);
    }
  return FALSE;
}

static void
signal_and_wait (KtScratchServer *server, int number, guint wait_ms)
{
  g_autofree char *pid = pid_file_line (server, PID_LINE);
  gint64 until = g_get_monotonic_time () + (gint64) wait_ms * 1000;
  if (pid == NULL || g_ascii_strtoll (pid, NULL, 10) <= 1 || has_ended (server))
    return;
  kill ((pid_t) g_ascii_strtoll (pid, NULL, 10), number);
  while (!has_ended (server) && g_get_monotonic_time () < until)
    g_usleep (5000);
}

/* A postmaster that was killed leaves its PID file and the small System V segment that guards the data directory. */
static void
remove_segment (const KtScratchServer *server)
{
  g_autofree char *line = pid_file_line (server, SHARED_MEMORY_LINE);
  g_auto (GStrv) words = g_strsplit_set (line != NULL ? g_strstrip (line) : "", " ", -1);
  guint n = g_strv_length (words);
  struct shmid_ds segment;
  if (n < 2)
    return;
  int id = (int) g_ascii_strtoll (words[n - 1], NULL, 10);
  if (shmctl (id, IPC_STAT, &segment) == 0 && segment.shm_perm.__key == (key_t) g_ascii_strtoll (words[0], NULL, 10))
    shmctl (id, IPC_RMID, NULL);
}

void
kt_scratch_server_stop (KtScratchServer *server, gboolean hard)
{
  if (server->thread == NULL)
    return;
  guint stop_ms = server->site->scratch->stop_ms;
  if (!hard)
    signal_and_wait (server, SIGINT, stop_ms > 0 ? stop_ms : FAST_SHUTDOWN_MS);
  signal_and_wait (server, SIGQUIT, IMMEDIATE_SHUTDOWN_MS);
  if (!has_ended (server))
    g_cancellable_cancel (server->stop);
  g_thread_join (g_steal_pointer (&server->thread));
  remove_segment (server);
}

void
kt_scratch_server_free (KtScratchServer *server)
{
  if (server == NULL)
    return;
  kt_scratch_server_stop (server, TRUE);
  g_strfreev (server->argv);
  g_object_unref (server->stop);
  kt_run_result_clear (&server->result);
  g_clear_error (&server->error);
  g_free (server);
}
