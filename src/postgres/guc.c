/* SPDX-License-Identifier: MIT */
#include "postgres/guc.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The server's isspace(): GLib's leaves out the vertical tab. */
#define WHITE " \t\n\v\f\r"

typedef struct {
  const char *name;
  gint64 size; /* bytes or microseconds */
} Unit;

/* Largest first: a fraction is rounded to a whole number of the next row. */
static const Unit memory_units[] = {
  { "TB", G_GINT64_CONSTANT (1) << 40 },
  { "GB", 1 << 30 },
  { "MB", 1 << 20 },
  { "kB", 1 << 10 },
  { "B", 1 },
  { NULL },
};

static const Unit time_units[] = {
  { "d", G_GINT64_CONSTANT (86400000000) },
  { "h", G_GINT64_CONSTANT (3600000000) },
  { "min", 60000000 },
  { "s", 1000000 },
  { "ms", 1000 },
  { "us", 1 },
  { NULL },
};

guint
kt_guc_name_hash (gconstpointer name)
{
  guint hash = 5381;
  for (const char *p = name; *p != '\0'; p++)
    hash = hash * 33 + (guint) g_ascii_tolower (*p);
  return hash;
}

gboolean
kt_guc_name_equal (gconstpointer a, gconstpointer b)
{
  return g_ascii_strcasecmp (a, b) == 0;
}

gboolean
kt_guc_type_from_string (const char *vartype, KtGucType *type)
{
  static const char *const names[] = {
    [KT_GUC_BOOL] = "bool", [KT_GUC_INTEGER] = "integer", [KT_GUC_REAL] = "real",
    [KT_GUC_STRING] = "string", [KT_GUC_ENUM] = "enum",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (vartype, names[i]) == 0)
      {
        *type = (KtGucType) i;
        return TRUE;
      }
  return FALSE;
}

static gint64
unit_size (const Unit *units, const char *name)
{
  for (; units->name != NULL; units++)
    if (g_strcmp0 (units->name, name) == 0)
      return units->size;
  return 0;
}

/* Block sizes are build options: any multiple of a memory unit may come, not only "8kB". */
gint64
kt_guc_unit_bytes (const char *unit)
{
  if (unit == NULL)
    return 0;
  char *name = NULL;
  gint64 count = g_ascii_isdigit (unit[0]) ? g_ascii_strtoll (unit, &name, 10) : 1;
  gint64 bytes = 0;
  if (__builtin_mul_overflow (count, unit_size (memory_units, name != NULL ? name : unit), &bytes))
    return 0;
  return bytes;
}

gint64
kt_guc_unit_us (const char *unit)
{
  return unit_size (time_units, unit);
}

/* The units that go with @base and the size of @base; NULL when it has none. */
static const Unit *
units_of (const char *base, gint64 *size)
{
  *size = kt_guc_unit_bytes (base);
  if (*size > 0)
    return memory_units;
  *size = kt_guc_unit_us (base);
  return *size > 0 ? time_units : NULL;
}

static gboolean
fail (GError **error, const char *text, const char *detail, const char *hint)
{
  kt_error_set (error, KT_ERROR_PARSE, detail, hint, "PostgreSQL does not accept the value “%s”", text);
  return FALSE;
}

static gboolean
apply_unit (const char *text, const char *name, const char *base, double *value, GError **error)
{
  gint64 base_size = 0;
  const Unit *units = units_of (base, &base_size);
  if (units == NULL)
    return fail (error, text, "this setting takes a number without a unit", "remove what follows the number");

  gsize length = strcspn (name, WHITE);
  if (name[length + strspn (name + length, WHITE)] == '\0')
    for (const Unit *unit = units; unit->name != NULL; unit++)
      if (strlen (unit->name) == length && strncmp (unit->name, name, length) == 0)
        {
          double scaled = *value * ((double) unit->size / (double) base_size);
          double step = (double) unit[1].size / (double) base_size;
          *value = unit[1].name != NULL ? rint (scaled / step) * step : scaled;
          return TRUE;
        }
  return fail (error, text, "the unit is unknown; capitals matter",
               units == memory_units ? "write B, kB, MB, GB or TB" : "write us, ms, s, min, h or d");
}

/* Whole numbers may be octal or hexadecimal, unless a fraction or an exponent shows that they are not whole. */
static double
read_number (KtGucType type, const char *text, char **end)
{
  errno = 0;
  if (type == KT_GUC_INTEGER)
    {
      double whole = (double) strtol (text, end, 0);
      if (errno != ERANGE && **end != '.' && **end != 'e' && **end != 'E')
        return whole;
      errno = 0;
    }
  return g_ascii_strtod (text, end);
}

gboolean
kt_guc_parse_number (KtGucType type, const char *text, const char *unit, double *value, GError **error)
{
  g_return_val_if_fail (type == KT_GUC_INTEGER || type == KT_GUC_REAL, FALSE);
  char *end = NULL;
  double number = read_number (type, text, &end);
  if (end == text || errno == ERANGE || isnan (number))
    return fail (error, text, "it is not a number", "write a number, with a unit where the setting has one");
  end += strspn (end, WHITE);
  if (*end != '\0' && !apply_unit (text, end, unit, &number, error))
    return FALSE;
  if (type == KT_GUC_INTEGER)
    number = rint (number);
  if (!isfinite (number) || (type == KT_GUC_INTEGER && (number > INT_MAX || number < INT_MIN)))
    return fail (error, text, "the number is too large", "write a smaller value");
  *value = number;
  return TRUE;
}

typedef struct {
  const char *name;
  gsize shortest; /* "o" could be both */
  gboolean value;
} BoolWord;

static const BoolWord bool_words[] = {
  { "true", 1, TRUE },   { "yes", 1, TRUE }, { "on", 2, TRUE },   { "1", 1, TRUE },
  { "false", 1, FALSE }, { "no", 1, FALSE }, { "off", 2, FALSE }, { "0", 1, FALSE },
};

static const BoolWord *
find_bool_word (const char *text)
{
  gsize length = strlen (text);
  for (gsize i = 0; i < G_N_ELEMENTS (bool_words); i++)
    if (length >= bool_words[i].shortest && g_ascii_strncasecmp (text, bool_words[i].name, length) == 0)
      return &bool_words[i];
  return NULL;
}

gboolean
kt_guc_parse_bool (const char *text, gboolean *value)
{
  const BoolWord *word = find_bool_word (text);
  if (word != NULL)
    *value = word->value;
  return word != NULL;
}

char *
kt_guc_format (gint64 value, const char *unit)
{
  gint64 base_size = 0;
  gint64 total = 0;
  const Unit *units = units_of (unit, &base_size);
  if (units == NULL || value <= 0 || __builtin_mul_overflow (value, base_size, &total))
    return g_strdup_printf ("%" G_GINT64_FORMAT, value);
  while (total % units->size != 0)
    units++;
  return g_strdup_printf ("%" G_GINT64_FORMAT "%s", total / units->size, units->name);
}

/* "a, b" as "a,b", but only when every item is a word or quoted: in other texts (log_line_prefix) blanks count. */
static char *
fold_list (const char *text)
{
  if (strchr (text, ',') == NULL)
    return g_strdup (text);
  GString *folded = g_string_new (NULL);
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  for (guint i = 0; items[i] != NULL; i++)
    {
      const char *item = g_strstrip (items[i]);
      gsize length = strlen (item);
      gboolean quoted = length >= 2 && item[0] == '"' && item[length - 1] == '"';
      if (!quoted && (length == 0 || strpbrk (item, WHITE "\"'%") != NULL))
        {
          g_string_assign (folded, text);
          break;
        }
      g_string_append_printf (folded, "%s%s", i > 0 ? "," : "", item);
    }
  return g_string_free (folded, FALSE);
}

/* Enums with an on and an off (huge_pages, synchronous_commit) also take the other boolean words, not their prefixes. */
static gboolean
equal_words (KtGucType type, const char *a, const char *b)
{
  const BoolWord *x = find_bool_word (a);
  const BoolWord *y = find_bool_word (b);
  if (x == NULL || y == NULL)
    return g_ascii_strcasecmp (a, b) == 0;
  gboolean whole = strlen (a) == strlen (x->name) && strlen (b) == strlen (y->name);
  return x->value == y->value && (type == KT_GUC_BOOL || whole);
}

gboolean
kt_guc_equal (KtGucType type, const char *unit, const char *a, const char *b)
{
  if (a == NULL || b == NULL || g_str_equal (a, b))
    return a == b || (a != NULL && b != NULL);
  if (type == KT_GUC_BOOL || type == KT_GUC_ENUM)
    return equal_words (type, a, b);
  if (type == KT_GUC_STRING)
    {
      g_autofree char *x = fold_list (a);
      g_autofree char *y = fold_list (b);
      return g_str_equal (x, y);
    }
  double x = 0;
  double y = 0;
  return kt_guc_parse_number (type, a, unit, &x, NULL) && kt_guc_parse_number (type, b, unit, &y, NULL) && x == y;
}

/* What the server reads as one value without quotes: a word, or a number with a unit but without a fraction, or
 * a fraction without a unit. */
static gboolean
is_bare (const char *value)
{
  static const char digits[] = "0123456789";
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (g_ascii_isalpha (value[0]))
    return value[strspn (value, "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
  value += value[0] == '-';
  gsize whole = strspn (value, digits);
  if (whole == 0)
    return FALSE;
  value += whole;
  if (*value == '.')
    return value[1] != '\0' && value[1 + strspn (value + 1, digits)] == '\0';
  return value[strspn (value, letters)] == '\0';
}

char *
kt_guc_quote (const char *value)
{
  if (is_bare (value))
    return g_strdup (value);
  GString *quoted = g_string_new ("'");
  for (const char *p = value; *p != '\0'; p++)
    switch (*p)
      {
      case '\'':
        g_string_append (quoted, "''");
        break;
      case '\\':
        g_string_append (quoted, "\\\\");
        break;
      case '\n': /* a quoted value cannot go over a line's end */
        g_string_append (quoted, "\\n");
        break;
      case '\r':
        g_string_append (quoted, "\\r");
        break;
      default:
        g_string_append_c (quoted, *p);
      }
  return g_string_free (g_string_append_c (quoted, '\''), FALSE);
}
