/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include "base/error.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const level_names[] = { [KT_LOG_ERROR] = "error", [KT_LOG_WARNING] = "warning", [KT_LOG_NOTICE] = "notice", [KT_LOG_INFO] = "info" };

gboolean
kt_log_is_journal (int fd, const char *stream)
{
  struct stat st;
  if (stream == NULL || fstat (fd, &st) != 0)
    return FALSE;
  g_autofree char *own = g_strdup_printf ("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
  return g_str_equal (stream, own);
}

/* Names and words of others must not begin a line, or talk to a terminal. */
static char *
on_one_line (const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++)
    g_string_append_c (line, g_ascii_iscntrl (*p) ? ' ' : *p);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
kt_log_line (KtLogLevel level, const char *text, GDateTime *now)
{
  g_autofree char *line = on_one_line (text);
  if (now == NULL)
    return g_strdup_printf ("<%d>%s\n", level, line);
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%d %H:%M:%S");
  return g_strdup_printf ("%s %s: %s\n", time, level_names[level], line);
}

/* In one write, so that lines of several do not mix. A log that cannot be written must not stop the work. */
static void
put (KtLogLevel level, const char *text)
{
  g_autoptr (GDateTime) now = kt_log_is_journal (STDERR_FILENO, g_getenv ("JOURNAL_STREAM")) ? NULL : g_date_time_new_now_local ();
  g_autofree char *line = kt_log_line (level, text, now);
  G_GNUC_UNUSED ssize_t written = write (STDERR_FILENO, line, strlen (line));
}

void
kt_log (KtLogLevel level, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  put (level, text);
}

void
kt_log_error (KtLogLevel level, const GError *error)
{
  const char *detail = kt_error_detail (error), *hint = kt_error_hint (error);
  g_autofree char *text = g_strconcat (error->message, detail != NULL ? ": " : "", detail != NULL ? detail : "", hint != NULL ? "; try: " : "",
                                       hint, NULL);
  put (level, text);
}
