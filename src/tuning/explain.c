/* SPDX-License-Identifier: MIT */
#include "tuning/explain.h"

#include "base/error.h"
#include "tuning/params_json.h"

#include <string.h>

/* How two names differ, roughly: words of one that the other lacks. */
static guint
words_in_common (const char *a, const char *b)
{
  guint common = 0;
  g_auto (GStrv) words = g_strsplit_set (a, "_.", -1);
  for (gsize i = 0; words[i] != NULL; i++)
    if (strlen (words[i]) > 2 && strstr (b, words[i]) != NULL)
      common++;
  return common;
}

static char *
nearest_names (const char *name)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  g_autofree char *lower = g_ascii_strdown (name, -1);
  if (kt_param_nearest (name) != NULL)
    return g_strdup_printf ("did you mean %s?", kt_param_nearest (name));
  g_autoptr (GString) list = g_string_new (NULL);
  for (guint needed = 2; needed > 0 && list->len == 0; needed--)
    for (guint i = 0; i < n; i++)
      if (words_in_common (lower, params[i].name) >= needed || (lower[0] != '\0' && strstr (params[i].name,
                                                                                            lower) != NULL))
        g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "did you mean ", params[i].name);
  return list->len > 0 ? g_string_free (g_steal_pointer (&list), FALSE) : NULL;
}

static char *
limit_text (const KtParam *param, double limit)
{
  KtValue value = { .type = param->type, .integer = (gint64) limit, .real = limit };
  return kt_value_text (&value, param->unit);
}

static void
add_limits (JsonObject *object, const KtParam *param, int major)
{
  double min = 0, max = 0;
  kt_param_limits (param, major, &min, &max);
  if (param->type != KT_GUC_INTEGER && param->type != KT_GUC_REAL)
    return;
  g_autofree char *least = limit_text (param, min);
  g_autofree char *most = limit_text (param, max);
  kt_json_set_string (object, "min", least);
  kt_json_set_string (object, "max", most);
}

static void
add_versions (JsonObject *object, const KtParam *param)
{
  if (param->since > 0)
    json_object_set_int_member (object, "since", param->since);
  if (param->until > 0)
    json_object_set_int_member (object, "until", param->until);
}

static void
add_row (JsonObject *object, const KtParam *param, int major)
{
  static const char *const types[] = { "bool", "integer", "real", "string", "enum" };
  kt_json_set_string (object, "why", param->why);
  kt_json_set_string (object, "type", types[param->type]);
  kt_json_set_string (object, "unit", param->unit);
  kt_json_set_string (object, "default", kt_param_boot (param, major));
  kt_json_set_strings (object, "words", kt_param_words (param, major));
  kt_json_set_string (object, "library", param->library);
  json_object_set_boolean_member (object, "per_session", param->per_session);
  json_object_set_boolean_member (object, "never_set", param->never);
  json_object_set_boolean_member (object, "never_lowered", param->floor);
  add_versions (object, param);
  add_limits (object, param, major);
}

/* What the running server says of it itself. */
static void
add_server (JsonObject *object, const KtAdvice *advice, const KtParam *param)
{
  const KtServer *server = advice->in->server;
  const KtSetting *setting = server != NULL ? kt_server_setting (server, param->name) : NULL;
  if (setting == NULL)
    return;
  kt_json_set_string (object, "source_file", setting->source_file);
  if (setting->source_line > 0)
    json_object_set_int_member (object, "source_line", setting->source_line);
  kt_json_set_strings (object, "offered_words", (const char *const *) setting->enum_values);
}

static void
add_findings (JsonObject *object, const KtAdvice *advice, const KtParam *param)
{
  g_autoptr (GPtrArray) own = kt_findings_new ();
  for (guint i = 0; i < advice->findings->len; i++)
    {
      const KtFinding *finding = advice->findings->pdata[i];
      if (g_strcmp0 (finding->parameter, param->name) == 0)
        kt_findings_add (own, finding->severity, finding->parameter, finding->remedy, "%s", finding->sentence);
    }
  json_object_set_array_member (object, "findings", kt_findings_to_json (own));
}

JsonObject *
kt_explain (const KtAdvice *advice, const char *parameter, GError **error)
{
  const KtAdviceRow *row = kt_advice_find (advice, parameter);
  if (row == NULL)
    {
      g_autofree char *hint = nearest_names (parameter);
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, hint, "kastune knows no parameter “%s”", parameter);
      return NULL;
    }
  JsonObject *object = kt_advice_row_to_json (row, advice->in->major);
  json_object_set_int_member (object, "major", advice->in->major);
  add_row (object, row->param, advice->in->major);
  add_server (object, advice, row->param);
  add_findings (object, advice, row->param);
  return object;
}
