/* SPDX-License-Identifier: MIT
 *
 * Signals, dispatch, exit status; nothing else.
 */
#include "cli/cli.h"
#include "daemon/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

/* The first signal asks for a clean stop, the second ends at once: the journal holds what a next start needs. A daemon that is told
 * its terminal has gone rereads instead, as daemons do. */
static void *
wait_for_signals (void *data)
{
  GCancellable *cancellable = data;
  sigset_t signals;
  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGHUP);
  int number;
  while (sigwait (&signals, &number) == 0)
    {
      if (number == SIGHUP && kt_daemon_reread ())
        continue;
      if (g_cancellable_is_cancelled (cancellable))
        _exit (KT_EXIT_INTERRUPTED);
      g_cancellable_cancel (cancellable);
    }
  return NULL;
}

int
main (int argc, char **argv)
{
  /* No setlocale: texts are UTF-8, and numbers, dates and the words of libpq's errors the same, everywhere. */
  g_set_prgname ("kastune");
  signal (SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  GCancellable *cancellable = g_cancellable_new ();
  pthread_t thread;
  if (pthread_create (&thread, NULL, wait_for_signals, cancellable) == 0)
    pthread_detach (thread);
  return kt_cli_main ((const char *const *) argv + (argc > 0), cancellable, kt_daemon_run);
}
