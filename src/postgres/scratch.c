/* SPDX-License-Identifier: MIT */
#include "postgres/scratch.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "postgres/conffile.h"
#include "postgres/scratch_limit.h"
#include "postgres/scratch_log.h"
#include "postgres/scratch_server.h"
#include "postgres/scratch_settings.h"
#include "postgres/scratch_verdict.h"

#include <poll.h>
#include <string.h>

#define TRY_DEADLINE_MS 60000
#define CHECK_DEADLINE_MS 20000
#define CHECK_ROUNDS 8 /* syntax, names, values: each round finds all faults of one of these */

void
kt_scratch_result_clear (KtScratchResult *result)
{
  g_clear_pointer (&result->problem, g_free);
  g_clear_pointer (&result->hint, g_free);
  g_clear_pointer (&result->warnings, g_strfreev);
}

static PGconn *
connect_to (const KtScratchSite *site)
{
  const char *const names[] = { "host", "port", "user", "dbname", "connect_timeout", "options", "gssencmode", NULL };
  const char *const values[] = { site->sockets, "5432", "postgres", "postgres", "10",
                                 "-c statement_timeout=0 -c lock_timeout=0", "disable", NULL };
  return PQconnectdbParams (names, values, 0);
}

/* One statement, given up when there is no reason to wait any longer. NULL: @problem says why (NULL when given up). */
static PGresult *
run_statement (KtScratchServer *server, PGconn *connection, const char *sql, char **problem)
{
  g_autoptr (PGresult) last = NULL;
  gboolean sent = PQsendQuery (connection, sql) != 0;
  while (sent && PQisBusy (connection))
    {
      struct pollfd fd = { PQsocket (connection), POLLIN, 0 };
      if (kt_scratch_server_is_over (server) && poll (&fd, 1, 0) <= 0)
        return NULL;
      if (poll (&fd, 1, 100) > 0 && !PQconsumeInput (connection))
        break;
    }
  for (PGresult *next = sent ? PQgetResult (connection) : NULL; next != NULL; next = PQgetResult (connection))
    {
      PQclear (last);
      last = next;
    }
  ExecStatusType status = PQresultStatus (last);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
    return g_steal_pointer (&last);
  *problem = g_strchomp (g_strdup (PQerrorMessage (connection)));
  return NULL;
}

static gboolean
read_memory (KtScratchServer *server, PGconn *connection, KtScratchResult *result, char **problem)
{
  g_autoptr (PGresult) rows = run_statement (server, connection, KT_SCRATCH_MEMORY, problem);
  if (rows == NULL)
    return FALSE;
  result->shared_memory_bytes = g_ascii_strtoll (PQgetvalue (rows, 0, 0), NULL, 10);
  result->huge_pages = g_ascii_strtoll (PQgetvalue (rows, 0, 1), NULL, 10);
  return TRUE;
}

/* TRUE: written to and read from. */
static gboolean
prove (KtScratchServer *server, KtScratchResult *result, char **problem)
{
  g_autoptr (PGconn) connection = connect_to (server->site);
  if (PQstatus (connection) != CONNECTION_OK)
    {
      *problem = g_strchomp (g_strdup (PQerrorMessage (connection)));
      return FALSE;
    }
  if (!read_memory (server, connection, result, problem))
    return FALSE;
  for (const char *const *sql = kt_scratch_proof; *sql != NULL; sql++)
    {
      g_autoptr (PGresult) done = run_statement (server, connection, *sql, problem);
      if (done == NULL)
        return FALSE;
    }
  return TRUE;
}

/* What is wrong with the attempt, not with the settings. */
static gboolean
attempt_stands (const KtScratchServer *server, gboolean timely, GError **error)
{
  const KtScratchSite *site = server->site;
  const char *log = server->result.diagnosis != NULL ? server->result.diagnosis : "";
  if (g_cancellable_is_cancelled (site->cancellable))
    kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the trial of the settings was interrupted");
  else if (!timely)
    kt_error_set (error, KT_ERROR_TIMEOUT, log, "a memory limit that is nearly too small makes a server this slow",
                  "the scratch server was not done within %d s", TRY_DEADLINE_MS / 1000);
  else if (server->error != NULL)
    g_propagate_error (error, g_error_copy (server->error));
  else if (strstr (log, "No space left on device") != NULL)
    kt_error_set (error, KT_ERROR_NO_SPACE, log, NULL, "there is no room for a scratch cluster in %s", site->folder);
  else
    return TRUE;
  return FALSE;
}

static gboolean
try_settings (const KtScratchSite *site, GPtrArray *notes, KtScratchResult *result, GError **error)
{
  const KtScratch *scratch = site->scratch;
  g_autoptr (KtControlGroup) limit = scratch->memory_limit > 0 ? kt_scratch_limit_new (scratch->memory_limit) : NULL;
  g_autoptr (KtScratchServer) server = kt_scratch_server_start (site, limit != NULL ? kt_control_group_procs (limit) : NULL, error);
  g_autofree char *problem = NULL;
  if (server == NULL)
    return FALSE;
  result->limited = limit != NULL;
  gboolean proved = kt_scratch_server_wait (server) && prove (server, result, &problem);
  gboolean timely = proved || g_get_monotonic_time () < site->deadline;
  kt_scratch_server_stop (server, g_cancellable_is_cancelled (site->cancellable));
  if (!proved && !attempt_stands (server, timely, error))
    return FALSE;
  kt_scratch_keep_warnings (notes, server->result.diagnosis, result);
  const KtScratchEnd end = { .log = server->result.diagnosis, .conf = site->conf, .problem = problem, .status = server->result.status,
                             .ran_out_of_memory = limit != NULL && kt_scratch_limit_was_hit (limit) };
  if (proved)
    result->started = kt_scratch_fits_limit (scratch, result);
  else
    kt_scratch_explain (scratch, &end, result);
  return TRUE;
}

gboolean
kt_scratch_try (const KtScratch *scratch, KtScratchResult *result, GCancellable *cancellable, GError **error)
{
  g_auto (KtScratchResult) local = { .shared_memory_bytes = -1, .huge_pages = -1 };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtScratchSite) site = kt_scratch_site_new (scratch, TRY_DEADLINE_MS, cancellable, error);
  if (site == NULL || !kt_scratch_site_build (site, error))
    return FALSE;
  g_autofree char *settings = kt_scratch_settings_filter (scratch->conf_text, TRUE, notes);
  if (!kt_scratch_site_write_conf (site, settings, error) || !try_settings (site, notes, &local, error))
    return FALSE;
  local.elapsed_ms = (g_get_monotonic_time () - site->began) / 1000;
  *result = local;
  local = (KtScratchResult){ 0 };
  return TRUE;
}

static gboolean
ask (const KtScratchSite *site, const char *program, KtRunResult *answer, GError **error)
{
  g_autofree char *conf = g_strconcat ("config_file=", site->conf, NULL);
  g_autofree char *data = g_strconcat ("data_directory=", site->folder, NULL);
  /* -C must come first when root asks; the data directory of the settings must not be looked into. */
  const char *const argv[] = { program, "-C", "server_version", "-D", site->folder, "-c", conf, "-c", data,
                               "-c", "lc_messages=C", NULL };
  const KtRun run = { .argv = argv, .user = site->user, .cwd = site->folder, .any_status = TRUE,
                      .deadline_ms = kt_scratch_site_left_ms (site) };
  return kt_run (&run, answer, site->cancellable, error);
}

/* Makes the lines that @fault is about blank. The number of the first of them, 0: nothing to take out. */
static guint
take_out (GPtrArray *lines, const KtScratchFault *fault)
{
  guint found = 0;
  for (guint i = 0; i < lines->len; i++)
    {
      KtConfLine *line = g_ptr_array_index (lines, i);
      gboolean named = fault->name != NULL && line->kind == KT_CONF_SETTING
        && g_ascii_strcasecmp (line->name, fault->name) == 0;
      if (fault->line != 0 ? line->line != fault->line : !named)
        continue;
      found = line->line; /* the last one wins, so it is the one to blame */
      line->kind = KT_CONF_BLANK;
      g_free (line->raw);
      line->raw = g_strdup ("\n");
    }
  return found;
}

/* Tells every fault of one answer and takes the lines out of @file. TRUE: something was taken out, ask again. */
static gboolean
take_faults (const KtScratchSite *site, const char *log, KtConfFile *file, GString *problems, char **hint)
{
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, site->conf);
  gboolean again = FALSE;
  for (guint i = 0; i < faults->len; i++)
    {
      const KtScratchFault *fault = g_ptr_array_index (faults, i);
      guint line = take_out (file->lines, fault);
      again = again || line != 0;
      if (problems->len == 0)
        *hint = g_strdup (fault->hint);
      g_string_append_printf (problems, problems->len > 0 ? "\n%s" : "%s", fault->text);
      if (line != 0 && fault->line == 0)
        g_string_append_printf (problems, " (line %u)", line);
    }
  return again;
}

static gboolean
check_settings (const KtScratchSite *site, const char *program, KtConfFile *file, KtScratchResult *result,
                GError **error)
{
  g_autoptr (GString) problems = g_string_new (NULL);
  gboolean again = TRUE;
  for (guint round = 0; again && round < CHECK_ROUNDS; round++)
    {
      g_auto (KtRunResult) answer = { 0 };
      g_autofree char *text = kt_conf_file_to_text (file);
      if (!kt_scratch_site_write_conf (site, text, error) || !ask (site, program, &answer, error))
        return FALSE;
      again = answer.status != 0 && take_faults (site, answer.diagnosis, file, problems, &result->hint);
      if (answer.status != 0 && problems->len == 0)
        g_string_append (problems, *answer.diagnosis != '\0' ? answer.diagnosis : "postgres -C failed without a word");
    }
  result->started = problems->len == 0;
  result->problem = problems->len > 0 ? g_strdup (problems->str) : NULL;
  return TRUE;
}

gboolean
kt_scratch_check (const KtScratch *scratch, KtScratchResult *result, GCancellable *cancellable, GError **error)
{
  g_auto (KtScratchResult) local = { .shared_memory_bytes = -1, .huge_pages = -1 };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtScratchSite) site = kt_scratch_site_new (scratch, CHECK_DEADLINE_MS, cancellable, error);
  g_autofree char *program = site != NULL ? kt_scratch_site_program (site, "postgres", error) : NULL;
  if (program == NULL)
    return FALSE;
  g_autofree char *settings = kt_scratch_settings_filter (scratch->conf_text, FALSE, notes);
  g_autoptr (KtConfFile) file = kt_conf_file_parse (site->conf, settings);
  if (!check_settings (site, program, file, &local, error))
    return FALSE;
  kt_scratch_keep_warnings (notes, NULL, &local);
  local.elapsed_ms = (g_get_monotonic_time () - site->began) / 1000;
  *result = local;
  local = (KtScratchResult){ 0 };
  return TRUE;
}
