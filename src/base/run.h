/* SPDX-License-Identifier: MIT
 *
 * The only place that starts programs. An argument vector, never a shell string; LC_ALL=C; no standard input
 * unless given; a deadline that ends the whole process group.
 */
#pragma once

#include <gio/gio.h>

#define KT_RUN_NO_DEADLINE G_MAXUINT

/* Ourselves, by the link and not by what it says: it leads to the running program even when an upgrade has replaced the file. */
#define KT_RUN_SELF "/proc/self/exe"

typedef struct {
  const char *const *argv; /* NULL-terminated; argv[0] is searched in PATH unless absolute */
  const char *input;       /* text for standard input, or NULL for none */
  const char *const *env;  /* "NAME=value" added to the environment, or NULL */
  const char *cwd;         /* NULL: "/" */
  const char *user;        /* run as this user when we are root; NULL or our own name: as we are */
  const char *const *cgroups; /* cgroup.procs files that the program enters before its first instruction, or NULL */
  int death_signal;        /* sent to the program when the thread of ours that runs it ends, also by kill -9; 0: none */
  guint deadline_ms;       /* 0: 10 s; KT_RUN_NO_DEADLINE */
  gsize max_output;        /* bytes kept of each stream, 0: 1 MiB; more is dropped, not an error */
  gboolean any_status;     /* a non-zero exit status is an answer, not an error */
  void (*tick) (gpointer user); /* called about once a second while it runs; NULL: nobody watches */
  gpointer user_of_tick;
} KtRun;

typedef struct {
  char *output;    /* standard output, trailing white space removed */
  char *diagnosis; /* standard error, likewise */
  int status;      /* exit status; 128 + n when ended by signal n */
  gint64 elapsed_ms;
} KtRunResult;

void kt_run_result_clear (KtRunResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtRunResult, kt_run_result_clear)

/* Errors: KT_ERROR_NOT_FOUND (no such program or user), KT_ERROR_PROGRAM (non-zero status, with the last lines of
 * standard error as detail), KT_ERROR_TIMEOUT, KT_ERROR_INTERRUPTED (@cancellable). @result may be NULL and is set
 * on success and on KT_ERROR_PROGRAM. Initialise it with { 0 }. */
gboolean kt_run (const KtRun *run, KtRunResult *result, GCancellable *cancellable, GError **error);

/* Starts this very program once more with @args (NULL-terminated, without a program name) as a process of its own: no terminal,
 * no open files, our environment, not our child. It outlives us and our terminal.
 * Errors: KT_ERROR_PROGRAM. */
gboolean kt_run_self_detached (const char *const *args, GError **error);
