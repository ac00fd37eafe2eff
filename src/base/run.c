/* SPDX-License-Identifier: MIT */
#include "base/run.h"

#include "base/error.h"
#include "base/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_DEADLINE_MS 10000
#define DEFAULT_MAX_OUTPUT (1024 * 1024)
#define MAX_GROUPS 256
#define TICK_US G_USEC_PER_SEC

typedef struct {
  gboolean change;
  uid_t uid;
  gid_t gid;
  gid_t groups[MAX_GROUPS];
  int n_groups;
  const char *const *cgroups;
  int death_signal;
  pid_t parent;
} Identity;

void
kt_run_result_clear (KtRunResult *result)
{
  g_clear_pointer (&result->output, g_free);
  g_clear_pointer (&result->diagnosis, g_free);
}

/* Looked up before the fork: nothing that allocates may run in the child. */
static gboolean
identity_of (const char *user, Identity *identity, GError **error)
{
  *identity = (Identity){ 0 };
  if (user == NULL)
    return TRUE;
  if (!kt_user_find (user, &identity->uid, &identity->gid))
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, NULL, "there is no user %s on this machine", user);
      return FALSE;
    }
  if (identity->uid == geteuid ())
    return TRUE;
  if (geteuid () != 0)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run kastune as root or as that user", "only root can start a program as %s", user);
      return FALSE;
    }
  identity->change = TRUE;
  identity->n_groups = MAX_GROUPS;
  if (getgrouplist (user, identity->gid, identity->groups, &identity->n_groups) < 0)
    identity->n_groups = MAX_GROUPS;
  return TRUE;
}

/* "0" means the writing process itself, in both versions of cgroups. Only calls that are safe after a fork. */
static gboolean
enter_cgroup (const char *procs)
{
  int fd = open (procs, O_WRONLY | O_CLOEXEC);
  gboolean entered = fd >= 0 && write (fd, "0", 1) == 1;
  if (fd >= 0)
    close (fd);
  return entered;
}

static void
child_setup (gpointer data)
{
  const Identity *identity = data;
  static const int of_terminal[] = { SIGINT, SIGTERM, SIGHUP };
  setpgid (0, 0);
  /* A Ctrl-C between the fork and here was meant for kastune, and waits in our mask: ignoring it for a moment drops it. */
  for (gsize i = 0; i < G_N_ELEMENTS (of_terminal); i++)
    {
      signal (of_terminal[i], SIG_IGN);
      signal (of_terminal[i], SIG_DFL);
    }
  /* kastune blocks signals to wait for them in a thread; a server started from here must not inherit that. */
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  for (const char *const *procs = identity->cgroups; procs != NULL && *procs != NULL; procs++)
    if (!enter_cgroup (*procs))
      _exit (126);
  if (identity->change
      && (setgroups ((size_t) identity->n_groups, identity->groups) != 0
          || setresgid (identity->gid, identity->gid, identity->gid) != 0
          || setresuid (identity->uid, identity->uid, identity->uid) != 0))
    _exit (126);
  /* After the change of user, which would take it back. */
  if (identity->death_signal != 0
      && (prctl (PR_SET_PDEATHSIG, identity->death_signal) != 0 || getppid () != identity->parent))
    _exit (126);
}

static GStrv
environment_of (const KtRun *run)
{
  /* What programs of PostgreSQL, ZFS and Docker need; no stray LC_*, no secrets of the caller. */
  static const char *const kept[] = { "PATH", "HOME", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "LD_LIBRARY_PATH" };
  GStrv env = g_new0 (char *, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_getenv (kept[i]) != NULL)
      env = g_environ_setenv (env, kept[i], g_getenv (kept[i]), TRUE);
  env = g_environ_setenv (env, "LC_ALL", "C", TRUE);
  for (const char *const *entry = run->env; entry != NULL && *entry != NULL; entry++)
    {
      g_auto (GStrv) pair = g_strsplit (*entry, "=", 2);
      env = g_environ_setenv (env, pair[0], pair[1] != NULL ? pair[1] : "", TRUE);
    }
  return env;
}

typedef struct {
  GPid pid;
  int in, out, err;
} Child;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Reads what is there; closes the descriptor at its end. Past the limit output is read and dropped. */
static void
drain (int *fd, GString *into, gsize limit)
{
  char chunk[16384];
  ssize_t got = read (*fd, chunk, sizeof chunk);
  if (got > 0)
    g_string_append_len (into, chunk, MIN (got, (gssize) (limit - MIN (limit, into->len))));
  else if (got == 0 || (errno != EINTR && errno != EAGAIN))
    close_fd (fd);
}

static void
feed (int *fd, const char **input)
{
  ssize_t put = write (*fd, *input, strlen (*input));
  if (put > 0)
    *input += put;
  if ((put < 0 && errno != EINTR && errno != EAGAIN) || **input == '\0')
    close_fd (fd);
}

/* Moves data until both output streams end. FALSE: deadline passed or cancelled. */
static gboolean
pump (const KtRun *run, Child *child, GString *output, GString *diagnosis, gint64 deadline, GCancellable *cancellable)
{
  const char *input = run->input != NULL ? run->input : "";
  gint64 next_tick = g_get_monotonic_time () + TICK_US;
  gsize limit = run->max_output != 0 ? run->max_output : DEFAULT_MAX_OUTPUT;
  while (child->out >= 0 || child->err >= 0)
    {
      gint64 left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      if (left_ms <= 0 || g_cancellable_is_cancelled (cancellable))
        return FALSE;
      if (run->tick != NULL && g_get_monotonic_time () >= next_tick)
        {
          run->tick (run->user_of_tick);
          next_tick = g_get_monotonic_time () + TICK_US;
        }
      struct pollfd fds[] = { { child->out, POLLIN, 0 }, { child->err, POLLIN, 0 }, { child->in, POLLOUT, 0 } };
      if (poll (fds, G_N_ELEMENTS (fds), (int) MIN (left_ms, 200)) <= 0)
        continue;
      if (fds[0].revents != 0)
        drain (&child->out, output, limit);
      if (fds[1].revents != 0)
        drain (&child->err, diagnosis, limit);
      if (fds[2].revents != 0)
        feed (&child->in, &input);
    }
  return TRUE;
}

static gboolean
reap (GPid pid, gint64 deadline, int *status)
{
  for (;;)
    {
      pid_t got = waitpid (pid, status, WNOHANG);
      if (got == pid || (got < 0 && errno != EINTR))
        return TRUE;
      if (g_get_monotonic_time () >= deadline)
        return FALSE;
      g_usleep (1000);
    }
}

static void
end_group (GPid pid)
{
  int status;
  kill (-pid, SIGTERM);
  if (!reap (pid, g_get_monotonic_time () + 2 * G_USEC_PER_SEC, &status))
    {
      kill (-pid, SIGKILL);
      reap (pid, G_MAXINT64, &status);
    }
  kill (-pid, SIGKILL);
}

/* The last three lines say more than the first when a program fails. */
static char *
last_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  return g_strjoinv ("\n", lines + (n > 3 ? n - 3 : 0));
}

static gboolean
spawn (const KtRun *run, Identity *identity, Child *child, GError **error)
{
  g_auto (GStrv) env = environment_of (run);
  g_autoptr (GError) local = NULL;
  if (g_spawn_async_with_pipes (run->cwd != NULL ? run->cwd : "/", (char **) run->argv, env,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, child_setup, identity, &child->pid,
                                run->input != NULL ? &child->in : NULL, &child->out, &child->err, &local))
    return TRUE;
  gboolean absent = g_error_matches (local, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  kt_error_set (error, absent ? KT_ERROR_NOT_FOUND : KT_ERROR_PROGRAM, local->message, "kastune doctor",
                "cannot start %s", run->argv[0]);
  return FALSE;
}

gboolean
kt_run (const KtRun *run, KtRunResult *result, GCancellable *cancellable, GError **error)
{
  Identity identity;
  if (!identity_of (run->user, &identity, error))
    return FALSE;
  identity.cgroups = run->cgroups;
  identity.death_signal = run->death_signal;
  identity.parent = getpid ();
  gint64 start = g_get_monotonic_time ();
  guint deadline_ms = run->deadline_ms != 0 ? run->deadline_ms : DEFAULT_DEADLINE_MS;
  gint64 deadline = start + (gint64) deadline_ms * 1000;
  Child child = { 0, -1, -1, -1 };
  if (!spawn (run, &identity, &child, error))
    return FALSE;

  g_autoptr (GString) output = g_string_new (NULL);
  g_autoptr (GString) diagnosis = g_string_new (NULL);
  int status = 0;
  gboolean ended = pump (run, &child, output, diagnosis, deadline, cancellable) && reap (child.pid, deadline, &status);
  close_fd (&child.in);
  close_fd (&child.out);
  close_fd (&child.err);
  if (!ended)
    {
      end_group (child.pid);
      if (g_cancellable_is_cancelled (cancellable))
        kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "%s was interrupted", run->argv[0]);
      else
        kt_error_set (error, KT_ERROR_TIMEOUT, NULL, NULL, "%s did not end within %u s", run->argv[0], (deadline_ms + 999) / 1000);
      return FALSE;
    }

  KtRunResult local = {
    .output = g_strchomp (g_strdup (output->str)),
    .diagnosis = g_strchomp (g_strdup (diagnosis->str)),
    .status = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status),
    .elapsed_ms = (g_get_monotonic_time () - start) / 1000,
  };
  gboolean good = local.status == 0 || run->any_status;
  if (!good)
    {
      g_autofree char *detail = last_lines (*local.diagnosis != '\0' ? local.diagnosis : local.output);
      kt_error_set (error, KT_ERROR_PROGRAM, detail, NULL, "%s ended with status %d", run->argv[0], local.status);
    }
  if (result != NULL)
    *result = local;
  else
    kt_run_result_clear (&local);
  return good;
}

/* --- ourselves, on our own ---------------------------------------------------------------------------------------- */

static void
leave_session (gpointer data)
{
  setsid ();
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

gboolean
kt_run_self_detached (const char *const *args, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer) KT_RUN_SELF);
  g_ptr_array_add (argv, (gpointer) (g_get_prgname () != NULL ? g_get_prgname () : KT_RUN_SELF));
  for (; *args != NULL; args++)
    g_ptr_array_add (argv, (gpointer) *args);
  g_ptr_array_add (argv, NULL);
  g_autoptr (GError) local = NULL;
  GSpawnFlags flags = G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
  if (g_spawn_async ("/", (char **) argv->pdata, NULL, flags, leave_session, NULL, NULL, &local))
    return TRUE;
  kt_error_set (error, KT_ERROR_PROGRAM, local->message, NULL, "cannot start another kastune in the background");
  return FALSE;
}
