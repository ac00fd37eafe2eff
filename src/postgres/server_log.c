/* SPDX-License-Identifier: MIT */
#include "postgres/server_log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_READ (4 * 1024 * 1024)
#define FAILURE_LINES 6

/* Ends sessions or refuses them, and tells nothing about the server's health. */
static const char clients_trouble[] =
  "authentication failed|no pg_hba\\.conf entry|role \".*\" (does not exist|is not permitted)|database \".*\" does not exist|"
  "terminating connection|terminating walreceiver|connection to client lost|too many (clients|connections)|remaining connection slots|"
  "the database system is|unsupported frontend protocol|no PostgreSQL user name|invalid length of startup packet|"
  "canceling (authentication|autovacuum task|statement)|expected (SSL|GSSAPI) response|terminating background worker|"
  "terminating logical replication worker|terminating autovacuum process|terminating parallel";

/* The server's trouble even where a client's statement met it first, or the severity is only LOG. */
static const char servers_trouble[] =
  "No space left on device|could not (extend|write|fsync|read|open) file|out of (shared )?memory|Cannot allocate memory|invalid page|corrupt|"
  "contains errors|was terminated by signal|^(server|startup) process .*exited with exit code [^0]";

typedef struct {
  char *severity; /* "FATAL" */
  char *message;
  char *hint;     /* or NULL */
  gboolean statement; /* of a client */
  gboolean plain;     /* stderr format */
} Report;

static void
report_free (gpointer data)
{
  Report *report = data;
  g_free (report->severity);
  g_free (report->message);
  g_free (report->hint);
  g_free (report);
}

char *
kt_log_read (const char *path, gint64 since)
{
  int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  struct stat st;
  if (fd < 0 || fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    {
      if (fd >= 0)
        close (fd);
      return g_strdup ("");
    }
  gint64 start = MAX (since > st.st_size ? 0 : since, st.st_size - MAX_READ);
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[65536];
  ssize_t got;
  while ((got = pread (fd, chunk, sizeof chunk, start)) > 0 && text->len < MAX_READ)
    {
      g_string_append_len (text, chunk, got);
      start += got;
    }
  close (fd);
  return g_utf8_make_valid (text->str, (gssize) text->len);
}

/* The first word of a known shape in a line, and what follows it. FALSE: a line that goes on (a tab), or foreign text. */
static gboolean
split_line (const char *line, const char *pattern, char **word, char **rest)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  if (*line == '\t' || !g_regex_match (regex, line, 0, &match))
    return FALSE;
  *word = g_match_info_fetch (match, 1);
  *rest = g_match_info_fetch (match, 2);
  return TRUE;
}

/* One report is written in one piece: its secondary lines follow it directly. */
static void
add_secondary_line (Report *report, const char *word, const char *rest)
{
  if (g_str_equal (word, "STATEMENT"))
    report->statement = TRUE;
  if (g_str_equal (word, "HINT") && report->hint == NULL)
    report->hint = g_strdup (rest);
  if (g_str_equal (word, "DETAIL"))
    {
      g_autofree char *message = g_steal_pointer (&report->message);
      report->message = g_strdup_printf ("%s (%s)", message, rest);
    }
}

#define PRIMARY "PANIC|FATAL|ERROR|WARNING|NOTICE|INFO|LOG"

static void
add_line (GPtrArray *reports, const char *line)
{
  /* csvlog: ,FATAL,28P01,"text"; jsonlog: "error_severity":"FATAL",…,"message":"text". */
  static const char stderr_format[] = "^.*?(" PRIMARY "|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  (.*)$";
  static const char other_formats[] = "^.*?[,\"](" PRIMARY ")[,\"](.*)$";
  g_autofree char *word = NULL;
  g_autofree char *rest = NULL;
  gboolean plain = split_line (line, stderr_format, &word, &rest);
  if (!plain && !split_line (line, other_formats, &word, &rest))
    return;
  if (g_regex_match_simple ("^(" PRIMARY ")$", word, 0, 0))
    {
      Report *report = g_new0 (Report, 1);
      *report = (Report){ .severity = g_steal_pointer (&word), .message = g_steal_pointer (&rest), .plain = plain };
      g_ptr_array_add (reports, report);
    }
  else if (reports->len > 0)
    add_secondary_line (g_ptr_array_index (reports, reports->len - 1), word, rest);
}

static GPtrArray *
reports_of (const char *text)
{
  GPtrArray *reports = g_ptr_array_new_with_free_func (report_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    add_line (reports, lines[i]);
  return reports;
}

static char *
report_text (const Report *report)
{
  if (report->hint == NULL)
    return g_strdup_printf ("%s: %s", report->severity, report->message);
  return g_strdup_printf ("%s: %s; HINT: %s", report->severity, report->message, report->hint);
}

static gboolean
is_problem (const Report *report)
{
  if (g_regex_match_simple (servers_trouble, report->message, 0, 0))
    return TRUE;
  if (g_regex_match_simple (clients_trouble, report->message, 0, 0))
    return FALSE;
  if (g_str_equal (report->severity, "ERROR"))
    return report->plain && !report->statement;
  return g_str_equal (report->severity, "FATAL") || g_str_equal (report->severity, "PANIC");
}

GStrv
kt_log_problems (const char *text)
{
  g_autoptr (GPtrArray) reports = reports_of (text);
  g_autoptr (GStrvBuilder) problems = g_strv_builder_new ();
  for (guint i = 0; i < reports->len; i++)
    {
      const Report *report = g_ptr_array_index (reports, i);
      g_autofree char *line = is_problem (report) ? report_text (report) : NULL;
      if (line != NULL)
        g_strv_builder_add (problems, line);
    }
  return g_strv_builder_end (problems);
}

static char *
last_lines (const char *text)
{
  g_autofree char *stripped = g_strchomp (g_strdup (text));
  if (*stripped == '\0')
    return NULL;
  g_auto (GStrv) lines = g_strsplit (stripped, "\n", -1);
  guint n = g_strv_length (lines);
  return g_strjoinv ("\n", lines + (n > 3 ? n - 3 : 0));
}

/* The line that names the file, the value or the port often comes before the FATAL one. */
static gboolean
leads_to (const Report *earlier, const Report *fatal)
{
  if (strstr (fatal->message, "contains errors") != NULL)
    return strstr (earlier->message, "database system is shut down") == NULL;
  return g_str_has_prefix (earlier->message, "could not ") && !g_str_equal (earlier->severity, "ERROR");
}

char *
kt_log_failure (const char *text)
{
  g_autoptr (GPtrArray) reports = reports_of (text);
  guint last = reports->len;
  for (guint i = 0; i < reports->len; i++)
    {
      const Report *report = g_ptr_array_index (reports, i);
      if ((g_str_equal (report->severity, "FATAL") || g_str_equal (report->severity, "PANIC")) && is_problem (report))
        last = i;
    }
  if (last == reports->len)
    return last_lines (text);
  guint first = last;
  while (first > 0 && last - first + 1 < FAILURE_LINES
         && leads_to (g_ptr_array_index (reports, first - 1), g_ptr_array_index (reports, last)))
    first--;
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  for (guint i = first; i <= last; i++)
    {
      g_autofree char *line = report_text (g_ptr_array_index (reports, i));
      g_strv_builder_add (lines, line);
    }
  g_auto (GStrv) all = g_strv_builder_end (lines);
  return g_strjoinv ("\n", all);
}

gboolean
kt_log_has_failure (const char *text)
{
  return strstr (text, "FATAL:  ") != NULL || strstr (text, "PANIC:  ") != NULL;
}

char *
kt_log_of_collector (const char *text, const char *data_directory)
{
  static const char *const formats[] = { "stderr ", "csvlog ", "jsonlog " };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint i = 0; lines[i] != NULL; i++)
      if (g_str_has_prefix (lines[i], formats[f]))
        return g_canonicalize_filename (lines[i] + strlen (formats[f]), data_directory);
  return NULL;
}

/* The server removes an old current_logfiles when it starts. */
char *
kt_log_of_running_collector (const char *data_directory)
{
  g_autofree char *path = g_build_filename (data_directory, "current_logfiles", NULL);
  g_autofree char *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? kt_log_of_collector (text, data_directory) : NULL;
}
