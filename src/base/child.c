/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include "base/error.h"
#include "base/run.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 16384

struct KtChild {
  GPid pid;
  int err;
  KtChildEnded ended;
  gpointer user;
};

static void
leave_group (gpointer data)
{
  setpgid (0, 0);
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* What is there by now: a server that it started may hold the pipe open for ever. */
static char *
read_words (int fd)
{
  g_autoptr (GString) words = g_string_new (NULL);
  char part[4096];
  ssize_t got;
  while (words->len < MOST_WORDS && ((got = read (fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR)))
    g_string_append_len (words, part, MAX (got, 0));
  g_autofree char *valid = g_utf8_make_valid (words->str, (gssize) words->len);
  return g_strchomp (g_steal_pointer (&valid));
}

static void
tell_end (GPid pid, int wait_status, gpointer data)
{
  KtChild *child = data;
  g_autofree char *words = read_words (child->err);
  child->ended (child->user, WIFEXITED (wait_status) ? WEXITSTATUS (wait_status) : 128 + WTERMSIG (wait_status), words);
  close (child->err);
  g_spawn_close_pid (pid);
  g_free (child);
}

KtChild *
kt_child_start (const char *const *args, char **env, KtChildEnded ended, gpointer user, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer) KT_RUN_SELF);
  g_ptr_array_add (argv, (gpointer) (g_get_prgname () != NULL ? g_get_prgname () : KT_RUN_SELF));
  for (; *args != NULL; args++)
    g_ptr_array_add (argv, (gpointer) *args);
  g_ptr_array_add (argv, NULL);
  g_autofree KtChild *child = g_new0 (KtChild, 1);
  g_autoptr (GError) local = NULL;
  GSpawnFlags flags = G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL;
  if (!g_spawn_async_with_pipes ("/", (char **) argv->pdata, env, flags, leave_group, NULL, &child->pid, NULL, NULL, &child->err, &local))
    {
      kt_error_set (error, KT_ERROR_PROGRAM, local->message, NULL, "cannot start another kastune");
      return NULL;
    }
  g_unix_set_fd_nonblocking (child->err, TRUE, NULL);
  child->ended = ended;
  child->user = user;
  g_child_watch_add (child->pid, tell_end, child);
  return g_steal_pointer (&child);
}

void
kt_child_ask_to_end (KtChild *child)
{
  kill (child->pid, SIGTERM);
}
