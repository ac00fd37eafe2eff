/* SPDX-License-Identifier: MIT */
#include "indexer/humantime.h"

#include <string.h>

#define SECOND G_GINT64_CONSTANT (1000)
#define DAY (86400 * SECOND)
#define MONTH (2630016 * SECOND)
#define YEAR (31557600 * SECOND)

static const struct {
  const char *name;
  gint64 milliseconds; /* 0: less than one */
} units[] = {
  { "ns", 0 },        { "nsec", 0 },         { "us", 0 },           { "usec", 0 },        { "ms", 1 },
  { "msec", 1 },      { "s", SECOND },       { "sec", SECOND },     { "secs", SECOND },   { "second", SECOND },
  { "seconds", SECOND }, { "m", 60 * SECOND }, { "min", 60 * SECOND }, { "mins", 60 * SECOND },
  { "minute", 60 * SECOND }, { "minutes", 60 * SECOND }, { "h", 3600 * SECOND }, { "hr", 3600 * SECOND },
  { "hrs", 3600 * SECOND }, { "hour", 3600 * SECOND }, { "hours", 3600 * SECOND }, { "d", DAY }, { "day", DAY },
  { "days", DAY },    { "w", 7 * DAY },      { "week", 7 * DAY },   { "weeks", 7 * DAY }, { "M", MONTH },
  { "month", MONTH }, { "months", MONTH },   { "y", YEAR },         { "year", YEAR },     { "years", YEAR },
};

static gboolean
find_unit (const char *name, gsize length, gint64 *milliseconds)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == length && strncmp (units[i].name, name, length) == 0)
      {
        *milliseconds = units[i].milliseconds;
        return TRUE;
      }
  return FALSE;
}

gboolean
kt_humantime_parse (const char *text, gint64 *milliseconds)
{
  gint64 sum = 0, unit;
  gboolean any = FALSE;
  while (*text != '\0')
    {
      gsize digits = strspn (text, "0123456789"), letters = strcspn (text + digits, "0123456789 ");
      guint64 number = g_ascii_strtoull (text, NULL, 10);
      if (digits == 0 || !find_unit (text + digits, letters, &unit)
          || number > (guint64) ((G_MAXINT64 - sum) / MAX (unit, 1)))
        return FALSE;
      sum += (gint64) number * unit;
      any = TRUE;
      text += digits + letters;
      text += strspn (text, " ");
    }
  *milliseconds = sum;
  return any;
}

char *
kt_humantime_format (gint64 milliseconds)
{
  static const struct { gint64 milliseconds; const char *one, *many; } parts[] = {
    { YEAR, "year", "years" }, { MONTH, "month", "months" }, { DAY, "day", "days" }, { 3600 * SECOND, "h", "h" },
    { 60 * SECOND, "m", "m" }, { SECOND, "s", "s" },         { 1, "ms", "ms" },
  };
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      gint64 count = milliseconds / parts[i].milliseconds;
      milliseconds %= parts[i].milliseconds;
      if (count > 0)
        g_string_append_printf (text, "%s%" G_GINT64_FORMAT "%s", text->len > 0 ? " " : "", count,
                                count == 1 ? parts[i].one : parts[i].many);
    }
  if (text->len == 0)
    g_string_append (text, "0s");
  return g_string_free (text, FALSE);
}
