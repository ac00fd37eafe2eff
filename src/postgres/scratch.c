/* SPDX-License-Identifier: MIT */
#include "postgres/scratch.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/size.h"
#include "postgres/conffile.h"
#include "postgres/scratch_limit.h"
#include "postgres/scratch_log.h"
#include "postgres/scratch_server.h"
#include "postgres/scratch_settings.h"

#include <poll.h>
#include <string.h>

#define TRY_DEADLINE_MS 60000
#define CHECK_DEADLINE_MS 20000
#define CHECK_ROUNDS 8 /* syntax, names, values: each round finds all faults of one of these */
#define STATUS_KILLED (128 + 9)

/* What proves that the server does its work; rows that are not there divide by zero. */
static const char *const proof[] = {
  "CREATE TABLE kastune_proof (hash bytea PRIMARY KEY, daa bigint)",
  "INSERT INTO kastune_proof SELECT sha256(i::text::bytea), i FROM generate_series(1, 1000) i",
  "CHECKPOINT",
  "SELECT 1 / (count(*) = 1000)::int FROM kastune_proof",
};

/* Shared memory in bytes and in huge pages, for servers from a version on, newest first. */
static const struct {
  int version;
  const char *sql;
} memory_queries[] = {
  { 150000, "SELECT (SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'shared_memory_size'),"
            " (SELECT setting FROM pg_settings WHERE name = 'shared_memory_size_in_huge_pages')" },
  { 130000, "SELECT sum(allocated_size), -1 FROM pg_shmem_allocations" },
};

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
  gsize i = 0;
  while (i + 1 < G_N_ELEMENTS (memory_queries) && PQserverVersion (connection) < memory_queries[i].version)
    i++;
  g_autoptr (PGresult) rows = run_statement (server, connection, memory_queries[i].sql, problem);
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
  for (gsize i = 0; i < G_N_ELEMENTS (proof); i++)
    {
      g_autoptr (PGresult) done = run_statement (server, connection, proof[i], problem);
      if (done == NULL)
        return FALSE;
    }
  return TRUE;
}

static void
refuse (KtScratchResult *result, const char *hint, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
refuse (KtScratchResult *result, const char *hint, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  result->problem = g_strdup_vprintf (format, args);
  va_end (args);
  result->hint = g_strdup (hint);
}

/* "shared_buffers …: the reason", told with the line of the settings it stands in when the server names one. */
static void
refuse_by_log (const KtScratchSite *site, const char *log, KtScratchResult *result)
{
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, site->conf);
  if (faults->len == 0)
    return;
  const KtScratchFault *first = g_ptr_array_index (faults, 0);
  refuse (result, first->hint, "%s", first->text);
}

static void
refuse_killed (const KtScratch *scratch, KtScratchResult *result)
{
  g_autofree char *limit = kt_size_format (scratch->memory_limit);
  if (result->limited)
    refuse (result, "lower shared_buffers and the number of connections and workers, or raise the limit",
            "the kernel ended the server: it does not fit into the memory limit of %s", limit);
  else
    refuse (result, "look for \"Out of memory\" in the kernel's log: dmesg",
            "the server was killed (signal 9), most likely because memory ran out");
}

/* Why the server that has ended did not prove itself, the surest reason first. */
static void
explain (const KtScratchServer *server, const KtControlGroup *limit, const char *problem, KtScratchResult *result)
{
  const char *log = server->result.diagnosis != NULL ? server->result.diagnosis : "";
  if ((limit != NULL && kt_scratch_limit_was_hit (limit)) || server->result.status == STATUS_KILLED)
    refuse_killed (server->site->scratch, result);
  else
    refuse_by_log (server->site, log, result);
  if (result->problem == NULL && problem != NULL)
    refuse (result, NULL, "%s", problem);
  if (result->problem == NULL)
    refuse (result, NULL, "the server ended with status %d and without a word", server->result.status);
}

/* Memory is only allocated at a start; the kernel's kill would come later, in use. */
static gboolean
fits_limit (const KtScratch *scratch, KtScratchResult *result)
{
  if (scratch->memory_limit == 0 || result->shared_memory_bytes <= scratch->memory_limit)
    return TRUE;
  g_autofree char *shared = kt_size_format (result->shared_memory_bytes);
  g_autofree char *limit = kt_size_format (scratch->memory_limit);
  refuse (result, "lower shared_buffers or raise the limit",
          "it starts, but its shared memory of %s is larger than the memory limit of %s: it would be killed in use",
          shared, limit);
  return FALSE;
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

static void
keep_warnings (GPtrArray *notes, const char *log, KtScratchResult *result)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) warnings = kt_scratch_log_warnings (log != NULL ? log : "");
  for (guint i = 0; i < notes->len; i++)
    g_strv_builder_add (all, g_ptr_array_index (notes, i));
  g_strv_builder_addv (all, (const char **) warnings);
  result->warnings = g_strv_builder_end (all);
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
  keep_warnings (notes, server->result.diagnosis, result);
  if (proved)
    result->started = fits_limit (scratch, result);
  else
    explain (server, limit, problem, result);
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
  keep_warnings (notes, NULL, &local);
  local.elapsed_ms = (g_get_monotonic_time () - site->began) / 1000;
  *result = local;
  local = (KtScratchResult){ 0 };
  return TRUE;
}
