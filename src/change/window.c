/* SPDX-License-Identifier: MIT */
#include "change/window.h"

#include "base/error.h"

#include <string.h>

#define DAY_MINUTES (24 * 60)
#define IDLE_WORD "idle"

/* "03:00" and nothing behind it but @end. */
static gboolean
take_minute (const char **text, char end, int *minute)
{
  const char *p = *text;
  gboolean shape = g_ascii_isdigit (p[0]) && g_ascii_isdigit (p[1]) && p[2] == ':' && g_ascii_isdigit (p[3]) && g_ascii_isdigit (p[4])
                   && (p[5] == end || p[5] == '\0');
  if (!shape)
    return FALSE;
  int hours = (p[0] - '0') * 10 + (p[1] - '0'), minutes = (p[3] - '0') * 10 + (p[4] - '0');
  *minute = hours * 60 + minutes;
  *text = p[5] != '\0' ? p + 6 : p + 5;
  return hours < 24 && minutes < 60;
}

static gboolean
parse_hours (const char *text, KtWindow *window)
{
  int from, to;
  const char *rest = text;
  if (!take_minute (&rest, '-', &from))
    return FALSE;
  window->daily = TRUE;
  window->from_minute = from;
  window->length_minutes = KT_WINDOW_DEFAULT_MINUTES;
  if (strchr (text, '-') == NULL)
    return TRUE;
  if (!take_minute (&rest, '\0', &to) || to == from)
    return FALSE;
  window->length_minutes = (to - from + DAY_MINUTES) % DAY_MINUTES;
  return TRUE;
}

gboolean
kt_window_parse (const char *text, KtWindow *window, GError **error)
{
  if (parse_hours (text, window))
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, "hours and minutes of the local clock: 03:00 (for an hour) or 23:30-01:00", "kastune apply --restart-at 03:00",
                "“%s” is no time of the day", text);
  return FALSE;
}

static int
end_of (const KtWindow *window)
{
  return (window->from_minute + window->length_minutes) % DAY_MINUTES;
}

char *
kt_window_to_text (const KtWindow *window)
{
  int end = end_of (window);
  if (!window->daily)
    return g_strdup (IDLE_WORD);
  return g_strdup_printf ("%02d:%02d-%02d:%02d%s", window->from_minute / 60, window->from_minute % 60, end / 60, end % 60,
                          window->idle ? " " IDLE_WORD : "");
}

gboolean
kt_window_from_text (const char *text, KtWindow *window)
{
  *window = (KtWindow){ .idle = g_str_has_suffix (text, IDLE_WORD) };
  if (g_str_equal (text, IDLE_WORD))
    return TRUE;
  g_auto (GStrv) words = g_strsplit (text, " ", 2);
  return words[0] != NULL && (words[1] == NULL || g_str_equal (words[1], IDLE_WORD)) && parse_hours (words[0], window);
}

char *
kt_window_describe (const KtWindow *window)
{
  int end = end_of (window);
  const char *idle = window->idle ? "when nobody is at work" : "";
  if (!window->daily)
    return g_strdup (idle);
  return g_strdup_printf ("between %02d:%02d and %02d:%02d%s%s", window->from_minute / 60, window->from_minute % 60, end / 60, end % 60,
                          window->idle ? ", " : "", idle);
}

gint64
kt_window_left (const KtWindow *window, GDateTime *now)
{
  if (!window->daily)
    return 0;
  int minute = g_date_time_get_hour (now) * 60 + g_date_time_get_minute (now);
  int since = (minute - window->from_minute + DAY_MINUTES) % DAY_MINUTES;
  if (since < window->length_minutes)
    return 0;
  return (gint64) (DAY_MINUTES - since) * 60000 - (gint64) (g_date_time_get_seconds (now) * 1000);
}
