/* SPDX-License-Identifier: MIT */
#include "indexer/cron.h"

#include "base/error.h"

#include <string.h>

typedef struct {
  const char *name;
  guint low, high;
  const char *const *words; /* names of values from @first_word on */
  guint first_word;
  gsize offset;
} Field;

static const char *const month_names[]
  = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const Field fields[] = {
  { "minute", 0, 59, NULL, 0, G_STRUCT_OFFSET (KtCron, minutes) },
  { "hour", 0, 23, NULL, 0, G_STRUCT_OFFSET (KtCron, hours) },
  { "day of the month", 1, 31, NULL, 0, G_STRUCT_OFFSET (KtCron, days) },
  { "month", 1, 12, month_names, 1, G_STRUCT_OFFSET (KtCron, months) },
  { "day of the week", 0, 7, day_names, 0, G_STRUCT_OFFSET (KtCron, weekdays) },
};

static gboolean
parse_value (const Field *field, const char *text, guint *value)
{
  guint64 number;
  for (guint i = 0; field->words != NULL && field->words[i] != NULL; i++)
    if (g_ascii_strcasecmp (field->words[i], text) == 0)
      {
        *value = field->first_word + i;
        return TRUE;
      }
  if (!g_ascii_string_to_unsigned (text, 10, field->low, field->high, &number, NULL))
    return FALSE;
  *value = (guint) number;
  return TRUE;
}

/* One item of a list: "*", "7", "1-5", each with "/2" behind it. */
static gboolean
parse_item (const Field *field, const char *text, guint64 *bits)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);
  g_auto (GStrv) ends = g_strsplit (parts[0] != NULL ? parts[0] : "", "-", 2);
  guint low = field->low, high = field->high;
  guint64 step = 1;
  gboolean all = g_strcmp0 (ends[0], "*") == 0 && ends[1] == NULL;
  if (ends[0] == NULL || (!all && !parse_value (field, ends[0], &low))
      || (ends[1] != NULL && !parse_value (field, ends[1], &high)))
    return FALSE;
  if (!all && ends[1] == NULL && parts[1] == NULL)
    high = low;
  if (parts[1] != NULL && !g_ascii_string_to_unsigned (parts[1], 10, 1, 60, &step, NULL))
    return FALSE;
  for (guint value = low; value <= high; value += (guint) step)
    *bits |= G_GUINT64_CONSTANT (1) << value;
  return low <= high;
}

static gboolean
parse_field (const Field *field, const char *text, guint64 *bits)
{
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  for (char **item = items; *item != NULL; item++)
    if (!parse_item (field, *item, bits))
      return FALSE;
  return *bits != 0;
}

static gboolean
parse_year (KtCron *cron, const char *text)
{
  guint64 first, last;
  g_auto (GStrv) ends = g_strsplit (text, "-", 2);
  if (g_str_equal (text, "*"))
    return TRUE;
  if (ends[0] == NULL || !g_ascii_string_to_unsigned (ends[0], 10, 1970, 2100, &first, NULL))
    return FALSE;
  last = first;
  if (ends[1] != NULL && !g_ascii_string_to_unsigned (ends[1], 10, first, 2100, &last, NULL))
    return FALSE;
  cron->first_year = (gint) first;
  cron->last_year = (gint) last;
  return TRUE;
}

gboolean
kt_cron_parse (KtCron *cron, const char *text, GError **error)
{
  g_auto (GStrv) given = g_strsplit_set (text, " \t", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  *cron = (KtCron) { 0 };
  for (char **word = given; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (words, *word);
  gboolean good = words->len == G_N_ELEMENTS (fields)
                  || (words->len == G_N_ELEMENTS (fields) + 1 && parse_year (cron, words->pdata[words->len - 1]));
  for (gsize i = 0; good && i < G_N_ELEMENTS (fields); i++)
    good = parse_field (&fields[i], words->pdata[i], &G_STRUCT_MEMBER (guint64, cron, fields[i].offset));
  if (good)
    {
      cron->weekdays |= cron->weekdays >> 7;
      return TRUE;
    }
  kt_error_set (error, KT_ERROR_PARSE, NULL,
                "Five fields: minute, hour, day of the month, month, day of the week; “0 4 * * *” is 04:00 UTC.",
                "“%s” is no cron expression", text);
  return FALSE;
}

static gboolean
has (guint64 bits, gint value)
{
  return (bits >> value & 1) != 0;
}

static gboolean
day_matches (const KtCron *cron, GDateTime *at)
{
  gint year = g_date_time_get_year (at);
  return has (cron->days, g_date_time_get_day_of_month (at)) && has (cron->months, g_date_time_get_month (at))
         && has (cron->weekdays, g_date_time_get_day_of_week (at) % 7)
         && (cron->first_year == 0 || (year >= cron->first_year && year <= cron->last_year));
}

gint64
kt_cron_next (const KtCron *cron, gint64 unix_s)
{
  gint64 minute = unix_s / 60 + 1, end = minute + 10 * 366 * 1440;
  while (minute < end)
    {
      g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (minute * 60);
      if (!day_matches (cron, at))
        minute += 1440 - minute % 1440;
      else if (!has (cron->hours, g_date_time_get_hour (at)))
        minute += 60 - minute % 60;
      else if (!has (cron->minutes, g_date_time_get_minute (at)))
        minute++;
      else
        return minute * 60;
    }
  return 0;
}
