/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/error.h"
#include "base/size.h"
#include "base/table.h"
#include "base/user.h"
#include "cli/help.h"
#include "cli/render.h"
#include "cli/words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define PROSE_WIDTH 100 /* prose for people is not wider, however wide the terminal */

typedef struct {
  const KtOperation *operation;
  const KtOperationContext *context;
  GCancellable *cancellable;
  gboolean quiet, json;
  gboolean lines;       /* progress as lines of JSON */
  gboolean line_open;   /* a progress line without its end stands on the terminal */
  gint64 counting_since; /* monotonic, of the counter that runs */
  char *counting;
} Session;

static guint
output_width (void)
{
  guint width = kt_terminal_width ();
  return width == 0 ? PROSE_WIDTH : width;
}

static void
close_line (Session *session)
{
  if (session->line_open)
    fputc ('\n', stderr);
  session->line_open = FALSE;
}

/* ", 35 MB/s"; nothing while there is nothing to tell. Caller frees. */
static char *
rate_of (gint64 done, double seconds)
{
  if (done <= 0 || seconds < 0.5)
    return g_strdup ("");
  g_autofree char *size = kt_size_format ((gint64) ((double) done / seconds));
  return g_strdup_printf (", %s/s", size);
}

/* TRUE: something else than before. */
static gboolean
count_anew (Session *session, const char *what)
{
  if (g_strcmp0 (session->counting, what) == 0)
    return FALSE;
  close_line (session);
  g_free (session->counting);
  session->counting = g_strdup (what);
  session->counting_since = g_get_monotonic_time ();
  return TRUE;
}

/* {at_ms, what, step, steps, done, total, unit, per_s, left_ms}: a line an event; what is not known is absent. */
static void
tell_count (Session *session, const char *what, gint64 done, gint64 total, gboolean bytes)
{
  gboolean counts = total > 0 || (bytes && done > 0);
  if (!count_anew (session, what) && !counts)
    return;
  double seconds = (double) (g_get_monotonic_time () - session->counting_since) / G_USEC_PER_SEC;
  const struct {
    const char *name;
    gboolean known;
    gint64 value;
  } members[] = {
    { "at_ms", TRUE, g_get_real_time () / 1000 },
    { "step", session->context->steps > 0, session->context->step },
    { "steps", session->context->steps > 0, session->context->steps },
    { "done", counts, done },
    { "total", total > 0, total },
    { "per_s", counts && done > 0 && seconds > 0, (gint64) ((double) done / MAX (seconds, 0.001)) },
    { "left_ms", total > 0 && done > 0, (gint64) (seconds * 1000 * (double) (total - done) / (double) MAX (done, 1)) },
  };
  JsonObject *line = json_object_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].known)
      json_object_set_int_member (line, members[i].name, members[i].value);
  json_object_set_string_member (line, "what", what);
  if (counts)
    json_object_set_string_member (line, "unit", bytes ? "bytes" : "items");
  g_autoptr (JsonNode) node = kt_json_node_take (line);
  g_autofree char *text = kt_json_to_line (node);
  fprintf (stderr, "%s\n", text);
  fflush (stderr);
}

/* Progress goes to standard error: a line rewritten on a terminal, a line a thing elsewhere. */
static void
show_count (Session *session, const char *what, gint64 done, gint64 total, gboolean bytes)
{
  if (session->lines)
    {
      tell_count (session, what, done, total, bytes);
      return;
    }
  if (session->quiet)
    return;
  gboolean terminal = isatty (STDERR_FILENO);
  gboolean same = !count_anew (session, what);
  if ((total <= 0 && !(bytes && done > 0)) || !terminal)
    {
      if (!same)
        fprintf (stderr, "%s\n", what);
      return;
    }
  double seconds = (double) (g_get_monotonic_time () - session->counting_since) / G_USEC_PER_SEC;
  g_autofree char *rate = bytes ? rate_of (done, seconds) : g_strdup ("");
  if (total <= 0)
    {
      g_autofree char *size = kt_size_format (done);
      fprintf (stderr, "\r\033[K%s: %s%s", what, size, rate);
      fflush (stderr);
      session->line_open = TRUE;
      return;
    }
  gint64 left_ms = done > 0 ? (gint64) (seconds * 1000 * (double) (total - done) / (double) done) : -1;
  g_autofree char *left = left_ms >= 0 ? kt_duration_format (left_ms) : g_strdup ("?");
  fprintf (stderr, "\r\033[K%s: %.0f %%%s, %s left", what, 100.0 * (double) done / (double) total, rate, left);
  fflush (stderr);
  session->line_open = TRUE;
}

static void
show_progress (gpointer user, const char *what, gint64 done, gint64 total)
{
  show_count (user, what, done, total, FALSE);
}

static void
show_bytes (gpointer user, const char *what, gint64 done, gint64 total)
{
  show_count (user, what, done, total, TRUE);
}

/* FALSE: interrupted before anything was typed. Signals are another thread's, so no read would ever end because of one. */
static gboolean
wait_for_line (GCancellable *cancellable)
{
  GPollFD fds[2] = { { STDIN_FILENO, G_IO_IN | G_IO_HUP, 0 } };
  guint n = 1;
  if (g_cancellable_make_pollfd (cancellable, &fds[1]))
    n++;
  while (g_poll (fds, n, -1) < 0 && errno == EINTR)
    ;
  if (n > 1)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_is_cancelled (cancellable);
}

/* What was typed before the question was seen is no answer to it. */
static gboolean
ask (gpointer user, JsonObject *plan)
{
  Session *session = user;
  close_line (session);
  g_autoptr (GString) text = g_string_new (NULL);
  kt_render_find_question (session->operation->name) (plan, text, output_width ());
  fputs (text->str, stdout);
  tcflush (STDIN_FILENO, TCIFLUSH);
  fputs ("\nGo on? [y/N] ", stdout);
  fflush (stdout);
  char answer[16] = "";
  if (!wait_for_line (session->cancellable))
    {
      fputc ('\n', stdout);
      return FALSE;
    }
  return fgets (answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* A line is there or it is not: waiting goes on meanwhile. */
static int
keep (gpointer user)
{
  struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
  char answer[16] = "";
  if (poll (&input, 1, 0) <= 0 || fgets (answer, sizeof answer, stdin) == NULL)
    return 0;
  const char letter = g_ascii_tolower (answer[0]);
  return (letter == 'y') - (letter == 'n');
}

static void
print_error (const GError *error, gboolean json)
{
  const char *detail = kt_error_detail (error);
  const char *hint = kt_error_hint (error);
  if (json)
    {
      JsonObject *inner = json_object_new ();
      json_object_set_string_member (inner, "code", kt_error_name (error));
      json_object_set_string_member (inner, "message", error->message);
      kt_json_set_string (inner, "detail", detail);
      kt_json_set_string (inner, "hint", hint);
      json_object_set_int_member (inner, "exit_status", kt_error_exit_status (error));
      JsonObject *outer = json_object_new ();
      json_object_set_object_member (outer, "error", inner);
      g_autoptr (JsonNode) node = kt_json_node_take (outer);
      g_autofree char *text = kt_json_to_text (node);
      fputs (text, stdout);
      return;
    }
  fprintf (stderr, "kastune: %s\n", error->message);
  g_auto (GStrv) lines = g_strsplit (detail != NULL ? detail : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    fprintf (stderr, "  %s  %s\n", i == 0 ? "detail:" : "       ", lines[i]);
  if (hint != NULL)
    fprintf (stderr, "  try:     %s\n", hint);
}

/* "root, command line". The daemon, which starts kastune for its work, names itself in the environment. */
static char *
actor_name (void)
{
  g_autofree char *name = kt_user_name (getuid ());
  const char *given = secure_getenv ("KASTUNE_VIA");
  const char *via = given != NULL ? given : "command line";
  return name != NULL ? g_strdup_printf ("%s, %s", name, via) : g_strdup_printf ("uid %u, %s", (unsigned) getuid (), via);
}

static int
run_operation (KtWords *words, GCancellable *cancellable, KtServe serve, GError **error)
{
  g_autoptr (KtSettings) settings = kt_settings_load (words->config, error);
  if (settings == NULL || !kt_operation_check_args (words->operation, words->args, error))
    return -1;
  Session session = { .operation = words->operation, .cancellable = cancellable, .quiet = words->quiet, .json = words->json,
                      .lines = words->progress };
  g_autofree char *actor = actor_name ();
  KtOperationContext context = {
    .settings = settings,
    .state_directory = words->state != NULL ? words->state : settings->state,
    .cancellable = cancellable,
    .actor = actor,
    .confirm = isatty (STDIN_FILENO) && !words->json ? ask : NULL,
    .keep = isatty (STDIN_FILENO) && !words->json ? keep : NULL,
    .progress = words->json && !words->progress ? NULL : show_progress,
    .progress_bytes = words->json && !words->progress ? NULL : show_bytes,
    .user = &session,
  };
  session.context = &context;
  if (words->operation->run == NULL)
    return serve (&context, error) ? KT_EXIT_DONE : -1;
  JsonObject *answer = words->operation->run (&context, words->args, error);
  close_line (&session);
  g_free (session.counting);
  if (answer == NULL)
    return -1;
  /* The process ends with it: to take it apart before would be a twentieth of a short command's work. */
  static JsonNode *node;
  node = kt_json_node_take (answer);
  if (words->json)
    {
      g_autofree char *text = kt_json_to_text (node);
      fputs (text, stdout);
    }
  else
    {
      g_autoptr (GString) text = g_string_new (NULL);
      kt_render_find (words->operation->name) (json_node_get_object (node), text, output_width ());
      fputs (text->str, stdout);
    }
  return context.findings ? KT_EXIT_FINDINGS : KT_EXIT_DONE;
}

static int
show_help (const KtWords *words)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (words->operation != NULL)
    kt_help_operation (text, words->operation, output_width ());
  else
    kt_help_overview (text, words->topic, output_width ());
  fputs (text->str, words->help ? stdout : stderr);
  return words->help ? KT_EXIT_DONE : KT_EXIT_USAGE;
}

int
kt_cli_main (const char *const *typed, GCancellable *cancellable, KtServe serve)
{
  g_auto (KtWords) words = { 0 };
  g_autoptr (GError) error = NULL;
  int status = -1;
  if (kt_words_parse (&words, typed, &error))
    {
      if (words.version)
        {
          puts ("kastune " KT_VERSION);
          return KT_EXIT_DONE;
        }
      if (words.help || words.operation == NULL)
        return show_help (&words);
      status = run_operation (&words, cancellable, serve, &error);
    }
  errno = 0;
  /* A reader that has seen enough (head, a pager) is no failure; a full disk is. */
  if (status >= 0 && ((fflush (stdout) == 0 && !ferror (stdout)) || errno == EPIPE))
    return status;
  if (error == NULL)
    kt_error_set_errno (&error, errno, NULL, "cannot write the answer");
  print_error (error, words.json);
  return kt_error_exit_status (error);
}
