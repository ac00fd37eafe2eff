/* SPDX-License-Identifier: MIT */
#include "tuning/value.h"

#include "base/error.h"

#include <math.h>

void
kt_value_clear (KtValue *value)
{
  g_clear_pointer (&value->text, g_free);
  *value = (KtValue){ 0 };
}

void
kt_value_set_int (KtValue *value, gint64 integer)
{
  kt_value_clear (value);
  value->type = KT_GUC_INTEGER;
  value->integer = integer;
}

void
kt_value_set_real (KtValue *value, double real)
{
  kt_value_clear (value);
  value->type = KT_GUC_REAL;
  value->real = real;
}

void
kt_value_set_bool (KtValue *value, gboolean on)
{
  kt_value_clear (value);
  value->type = KT_GUC_BOOL;
  value->integer = on ? 1 : 0;
}

void
kt_value_set_text (KtValue *value, const char *text)
{
  char *copy = g_strdup (text);
  kt_value_clear (value);
  value->type = KT_GUC_STRING;
  value->text = copy;
}

gboolean
kt_value_number (const KtValue *value, double *number)
{
  if (value->type != KT_GUC_INTEGER && value->type != KT_GUC_REAL)
    return FALSE;
  *number = value->type == KT_GUC_REAL ? value->real : (double) value->integer;
  return TRUE;
}

/* Bytes or milliseconds in one base unit; 1 for plain numbers. */
static double
unit_factor (const char *unit)
{
  gint64 bytes = kt_guc_unit_bytes (unit);
  gint64 microseconds = kt_guc_unit_us (unit);
  if (bytes > 0)
    return (double) bytes;
  return microseconds > 0 ? (double) microseconds / 1000.0 : 1.0;
}

double
kt_value_from_base (const char *unit, double base)
{
  return base <= 0 ? base : base * unit_factor (unit);
}

static char *
integer_text (gint64 integer, const char *unit)
{
  gint64 base = integer <= 0 ? integer : (gint64) floor ((double) integer / unit_factor (unit));
  return kt_guc_format (base, unit);
}

/* Six significant digits, as few as needed, with a decimal point in every locale; the base unit goes behind. */
static char *
real_text (double real, const char *unit)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  double base = real <= 0 ? real : real / unit_factor (unit);
  g_ascii_formatd (digits, sizeof digits, "%.6g", base);
  return g_strconcat (digits, base > 0 && unit != NULL ? unit : "", NULL);
}

char *
kt_value_text (const KtValue *value, const char *unit)
{
  switch (value->type)
    {
    case KT_GUC_BOOL:
      return g_strdup (value->integer ? "on" : "off");
    case KT_GUC_INTEGER:
      return integer_text (value->integer, unit);
    case KT_GUC_REAL:
      return real_text (value->real, unit);
    case KT_GUC_STRING:
    case KT_GUC_ENUM:
      return g_strdup (value->text);
    }
  g_assert_not_reached ();
}

gboolean
kt_value_parse (KtGucType type, const char *unit, const char *text, KtValue *value, GError **error)
{
  double base = 0;
  gboolean on = FALSE;
  switch (type)
    {
    case KT_GUC_BOOL:
      if (!kt_guc_parse_bool (text, &on))
        {
          kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is neither on nor off", text);
          return FALSE;
        }
      kt_value_set_bool (value, on);
      return TRUE;
    case KT_GUC_INTEGER:
      if (!kt_guc_parse_number (type, text, unit, &base, error))
        return FALSE;
      kt_value_set_int (value, (gint64) kt_value_from_base (unit, round (base)));
      return TRUE;
    case KT_GUC_REAL:
      if (!kt_guc_parse_number (type, text, unit, &base, error))
        return FALSE;
      kt_value_set_real (value, kt_value_from_base (unit, base));
      return TRUE;
    case KT_GUC_STRING:
    case KT_GUC_ENUM:
      kt_value_set_text (value, text);
      return TRUE;
    }
  g_assert_not_reached ();
}
