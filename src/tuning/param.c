/* SPDX-License-Identifier: MIT
 *
 * What can be asked of a row: as one version sees it, and what this machine should have.
 */
#include "tuning/params.h"

#include "base/error.h"

#include <string.h>

gboolean
kt_param_exists (const KtParam *param, int major)
{
  return major >= param->since && (param->until == 0 || major <= param->until);
}

KtApply
kt_param_apply (const KtParam *param, int major)
{
  KtApply apply = param->apply;
  for (const KtParamChange *change = param->changes; change != NULL && change->from != 0; change++)
    if (major >= change->from && change->apply != 0)
      apply = change->apply;
  return apply;
}

const char *
kt_param_boot (const KtParam *param, int major)
{
  const char *boot = param->boot;
  for (const KtParamChange *change = param->changes; change != NULL && change->from != 0; change++)
    if (major >= change->from && change->boot != NULL)
      boot = change->boot;
  return boot;
}

void
kt_param_limits (const KtParam *param, int major, double *min, double *max)
{
  *min = param->min;
  *max = param->max;
  for (const KtParamChange *change = param->changes; change != NULL && change->from != 0; change++)
    if (major >= change->from)
      {
        *min = change->min != 0 ? change->min : *min;
        *max = change->max != 0 ? change->max : *max;
      }
}

const char *const *
kt_param_words (const KtParam *param, int major)
{
  const char *const *words = param->words;
  for (const KtParamChange *change = param->changes; change != NULL && change->from != 0; change++)
    if (major >= change->from && change->words != NULL)
      words = change->words;
  return words;
}

char *
kt_param_manual (const KtParam *param, int major)
{
  if (param->page == NULL)
    return NULL;
  major = MAX (major, param->since);
  if (param->until > 0)
    major = MIN (major, param->until);
  if (strchr (param->name, '.') != NULL)
    return g_strdup_printf ("https://www.postgresql.org/docs/%d/%s.html", major, param->page);
  g_autofree char *anchor = g_strdelimit (g_ascii_strup (param->name, -1), "_", '-');
  return g_strdup_printf ("https://www.postgresql.org/docs/%d/%s.html#GUC-%s", major, param->page, anchor);
}

/* A word as the server would take it: any case, and the usual names of on and off where these are among the words. */
static const char *
find_word (const char *const *words, const char *text)
{
  gboolean on = FALSE;
  for (gsize i = 0; words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], text) == 0)
      return words[i];
  if (g_strv_contains (words, "on") && kt_guc_parse_bool (text, &on))
    return on ? "on" : "off";
  return NULL;
}

static gboolean
parse_word (const KtParam *param, int major, const char *text, KtValue *value, GError **error)
{
  const char *const *words = kt_param_words (param, major);
  const char *word = find_word (words, text);
  if (word != NULL)
    {
      kt_value_set_text (value, word);
      return TRUE;
    }
  g_autofree char *all = g_strjoinv (", ", (char **) words);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is not one of %s", text, all);
  return FALSE;
}

static char *
number_text (const KtParam *param, double number)
{
  KtValue value = { .type = param->type, .integer = (gint64) number, .real = number };
  return kt_value_text (&value, param->unit);
}

static gboolean
check_limits (const KtParam *param, int major, const KtValue *value, const char *text, GError **error)
{
  double number = 0, min = 0, max = 0;
  kt_param_limits (param, major, &min, &max);
  if (!kt_value_number (value, &number) || (number >= min && number <= max))
    return TRUE;
  g_autofree char *least = number_text (param, min);
  g_autofree char *most = number_text (param, max);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "%s is outside %s … %s", text, least, most);
  return FALSE;
}

gboolean
kt_param_parse (const KtParam *param, int major, const char *text, KtValue *value, GError **error)
{
  if (param->type == KT_GUC_ENUM)
    return parse_word (param, major, text, value, error);
  return kt_value_parse (param->type, param->unit, text, value, error) &&
         check_limits (param, major, value, text, error);
}

gboolean
kt_param_offered (const KtParam *param, const KtInputs *in, const char *word)
{
  static const char *const always[] = { "off", "on", "pglz", "try", NULL };
  if (param->type != KT_GUC_ENUM)
    return TRUE;
  const KtSetting *setting = in->server != NULL ? kt_server_setting (in->server, param->name) : NULL;
  if (setting != NULL && setting->enum_values != NULL)
    return kt_inputs_offers (in, param->name, word);
  if (setting != NULL)
    return TRUE;
  gboolean built_optionally = g_str_equal (word, "lz4") || g_str_equal (word, "zstd") || g_str_equal (word, "io_uring");
  return g_strv_contains (always, word) || !built_optionally || kt_inputs_offers (in, param->name, word);
}

static void
clamp_to_limits (const KtParam *param, const KtInputs *in, KtValue *value)
{
  double min = 0, max = 0, number = 0;
  kt_param_limits (param, in->major, &min, &max);
  if (!kt_value_number (value, &number) || (number >= min && number <= max))
    return;
  number = CLAMP (number, min, max);
  if (value->type == KT_GUC_REAL)
    value->real = number;
  else
    value->integer = (gint64) number;
}

static void
apply_factor (const KtParam *param, const KtInputs *in, KtValue *value, GString *because)
{
  const double *factor = g_hash_table_lookup (in->profile->factor, param->name);
  double number = 0;
  if (factor == NULL || !kt_value_number (value, &number) || number <= 0)
    return;
  if (value->type == KT_GUC_REAL)
    value->real = number * *factor;
  else
    value->integer = (gint64) (number * *factor);
  g_string_append_printf (because, "; times %g by profile %s", *factor, in->profile->name);
}

static gboolean
profile_sets (const KtParam *param, const KtInputs *in, KtValue *out, GString *because)
{
  const char *text = g_hash_table_lookup (in->profile->set, param->name);
  if (text == NULL || !kt_param_parse (param, in->major, text, out, NULL))
    return FALSE;
  g_string_append_printf (because, "profile %s says so", in->profile->name);
  return TRUE;
}

gboolean
kt_param_wanted (const KtParam *param, const KtInputs *in, KtValue *out, GString *because)
{
  if (profile_sets (param, in, out, because))
    return TRUE;
  gboolean decided = param->rule != NULL && param->rule (in, out, because);
  if (decided)
    {
      out->type = param->type;
      apply_factor (param, in, out, because);
      clamp_to_limits (param, in, out);
    }
  else if (because->len == 0)
    g_string_append (because, param->left != NULL ? param->left : "no rule applies here");
  return decided;
}

gboolean
kt_param_stays (const KtParam *param, const KtInputs *in, const KtValue *running, const KtValue *wanted)
{
  double now = 0, then = 0;
  return param->floor && !g_hash_table_contains (in->profile->set, param->name) && kt_value_number (running, &now)
         && kt_value_number (wanted, &then) && now > then;
}

/* Wanted, else running, else the version's default; never lower than a running value that something may need. */
static void
find_effective (const KtInputs *in, const KtParam *param, KtValue *value)
{
  g_autoptr (GString) because = g_string_new (NULL);
  g_auto (KtValue) running = { 0 };
  const KtSetting *setting = in->server != NULL ? kt_server_setting (in->server, param->name) : NULL;
  const char *boot = kt_param_boot (param, in->major);
  if (setting == NULL || !kt_value_parse (param->type, param->unit, setting->value, &running, NULL))
    kt_value_parse (param->type, param->unit, boot, &running, NULL);
  gboolean decided = kt_param_exists (param, in->major) && kt_param_wanted (param, in, value, because);
  if (!decided || kt_param_stays (param, in, &running, value))
    {
      kt_value_clear (value);
      *value = running;
      running = (KtValue){ 0 };
    }
}

/* Rules ask for each other's values many times over, so each is found once. */
static const KtValue *
effective_value (const KtInputs *in, const KtParam *param)
{
  KtValue *value = g_hash_table_lookup (in->effective, param->name);
  if (value == NULL)
    {
      value = g_new0 (KtValue, 1);
      find_effective (in, param, value);
      g_hash_table_insert (in->effective, (gpointer) param->name, value);
    }
  return value;
}

double
kt_wanted_number (const KtInputs *in, const char *name)
{
  double number = 0;
  const KtParam *param = kt_param_find (name);
  g_return_val_if_fail (param != NULL, 0);
  const KtValue *value = effective_value (in, param);
  return kt_value_number (value, &number) ? number : (double) value->integer;
}

gint64
kt_wanted_int (const KtInputs *in, const char *name)
{
  return (gint64) kt_wanted_number (in, name);
}

char *
kt_wanted_text (const KtInputs *in, const char *name)
{
  const KtParam *param = kt_param_find (name);
  g_return_val_if_fail (param != NULL, NULL);
  return kt_value_text (effective_value (in, param), param->unit);
}
