/* SPDX-License-Identifier: MIT */
#include "base/size.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

typedef struct {
  const char *name;
  double factor;
} Unit;

static const Unit size_units[] = {
  { "", 1 },
  { "b", 1 },
  { "k", 1024.0 },
  { "kb", 1024.0 },
  { "kib", 1024.0 },
  { "m", 1048576.0 },
  { "mb", 1048576.0 },
  { "mib", 1048576.0 },
  { "g", 1073741824.0 },
  { "gb", 1073741824.0 },
  { "gib", 1073741824.0 },
  { "t", 1099511627776.0 },
  { "tb", 1099511627776.0 },
  { "tib", 1099511627776.0 },
};

static const Unit duration_units[] = {
  { "", 1000 },
  { "ms", 1 },
  { "s", 1000 },
  { "sec", 1000 },
  { "m", 60000 },
  { "min", 60000 },
  { "h", 3600000 },
  { "d", 86400000 },
};

static gboolean
parse_with_units (const char *what, const char *example, const char *text, const Unit *units, gsize n_units,
                  gint64 *out, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  gsize digits = strspn (stripped, "0123456789.");
  g_autofree char *unit = g_ascii_strdown (g_ascii_isdigit (stripped[0]) ? stripped + digits : "?", -1);
  double number = g_ascii_strtod (stripped, NULL);
  g_strstrip (unit);
  for (gsize i = 0; i < n_units; i++)
    {
      double value = number * units[i].factor;
      if (g_str_equal (unit, units[i].name) && isfinite (value) && value < 9.0e18)
        {
          *out = (gint64) llround (value);
          return TRUE;
        }
    }
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is not a %s; write for example %s", text, what, example);
  return FALSE;
}

gboolean
kt_size_parse (const char *text, gint64 *bytes, GError **error)
{
  return parse_with_units ("size", "512M or 4G", text, size_units, G_N_ELEMENTS (size_units), bytes, error);
}

gboolean
kt_duration_parse (const char *text, gint64 *milliseconds, GError **error)
{
  return parse_with_units ("duration", "90s, 15min or 7d", text, duration_units, G_N_ELEMENTS (duration_units),
                           milliseconds, error);
}

char *
kt_size_format (gint64 bytes)
{
  static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB" };
  double value = (double) bytes;
  gsize unit = 0;
  while (fabs (value) >= 1023.5 && unit + 1 < G_N_ELEMENTS (names))
    {
      value /= 1024.0;
      unit++;
    }
  int decimals = unit == 0 || fabs (value) >= 99.95 ? 0 : 1;
  if (fabs (value - round (value)) < 0.05)
    decimals = 0;
  return g_strdup_printf ("%.*f %s", decimals, value, names[unit]);
}

char *
kt_duration_format (gint64 milliseconds)
{
  gint64 seconds = milliseconds / 1000;
  if (milliseconds < 1000)
    return g_strdup_printf ("%" G_GINT64_FORMAT " ms", milliseconds);
  if (seconds < 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", seconds);

  static const struct {
    gint64 seconds;
    const char *name;
    gint64 rest;
    const char *rest_name;
  } scales[] = { { 86400, "d", 3600, "h" }, { 3600, "h", 60, "min" }, { 60, "min", 1, "s" } };
  for (gsize i = 0; i < G_N_ELEMENTS (scales); i++)
    if (seconds >= scales[i].seconds)
      {
        gint64 whole = seconds / scales[i].seconds;
        gint64 rest = seconds % scales[i].seconds / scales[i].rest;
        if (rest == 0)
          return g_strdup_printf ("%" G_GINT64_FORMAT " %s", whole, scales[i].name);
        return g_strdup_printf ("%" G_GINT64_FORMAT " %s %" G_GINT64_FORMAT " %s", whole, scales[i].name, rest,
                                scales[i].rest_name);
      }
  g_assert_not_reached ();
}
