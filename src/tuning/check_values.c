/* SPDX-License-Identifier: MIT
 *
 * Each proposal by itself. The live server knows its own names, limits and words best; without one the table stands in.
 */
#include "tuning/proposal.h"

#include "base/error.h"
#include "base/nearest.h"

#include <string.h>

static void G_GNUC_PRINTF (5, 6)
add (KtCheck *check, const KtProposal *proposal, KtSeverity severity, const char *remedy, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  kt_findings_add (check->findings, severity, proposal->name, remedy, "%s%s%s: %s",
                   proposal->place != NULL ? proposal->place : "", proposal->place != NULL ? ": " : "", proposal->name,
                   sentence);
}

/* A name with a dot is to the server one of an extension that may come: a typing error in it is never reported. */
static void
check_dotted_name (KtCheck *check, const KtProposal *proposal)
{
  g_autofree char *prefix = g_strndup (proposal->name, strcspn (proposal->name, "."));
  gboolean loaded = kt_inputs_preloads (check->in, prefix);
  if (loaded)
    add (check, proposal, KT_SEVERITY_WARNING, "look for a typing error",
         "%s is loaded and has no such parameter; the server would accept it silently and do nothing", prefix);
  else if (kt_param_find (proposal->name) == NULL)
    add (check, proposal, KT_SEVERITY_NOTE, NULL, "%s is not preloaded: the server accepts any name with a dot",
         prefix);
}

/* Letters beyond ASCII come from a byte order mark at the top of the file, or from another encoding. */
static gboolean
is_plain (const char *name)
{
  for (const char *letter = name; *letter != '\0'; letter++)
    if ((guchar) *letter > 0x7e || (guchar) *letter < 0x21)
      return FALSE;
  return TRUE;
}

/* What may have been meant, as a remedy. Caller frees. */
static char *
suggestion (const KtCheck *check, const char *name)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  if (check->in->server == NULL)
    return g_strdup_printf ("did you mean %s?", kt_param_nearest (name));
  GHashTableIter iter;
  gpointer key = NULL;
  g_hash_table_iter_init (&iter, check->in->server->settings);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (known, key);
  const char *near = kt_nearest_word (name, known);
  return near != NULL ? g_strdup_printf ("did you mean %s?", near)
                      : g_strdup ("look for a typing error, or remove the line");
}

static void
check_unknown (KtCheck *check, const KtProposal *proposal)
{
  const KtParam *param = kt_param_find (proposal->name);
  int major = check->in->major;
  g_autofree char *remedy = NULL;
  if (!is_plain (proposal->name))
    {
      g_autofree char *shown = g_strescape (proposal->name, NULL);
      kt_findings_add (check->findings, KT_SEVERITY_REFUSE, NULL,
                       "save the file as plain UTF-8 without a byte order mark",
                       "%s%s“%s” is not the name of a parameter: the server would not start",
                       proposal->place != NULL ? proposal->place : "", proposal->place != NULL ? ": " : "", shown);
    }
  else if (strchr (proposal->name, '.') != NULL)
    check_dotted_name (check, proposal);
  else if (param != NULL && !kt_param_exists (param, major))
    add (check, proposal, KT_SEVERITY_REFUSE, "remove the line", "PostgreSQL %d does not have it (%s %d)", major,
         major < param->since ? "it came with" : "the last to have it was",
         major < param->since ? param->since : param->until);
  else if (check->in->server != NULL)
    {
      remedy = suggestion (check, proposal->name);
      add (check, proposal, KT_SEVERITY_REFUSE, remedy, "this server has no such parameter, and would not start");
    }
  else if (kt_param_nearest (proposal->name) != NULL)
    {
      remedy = suggestion (check, proposal->name);
      add (check, proposal, KT_SEVERITY_WARNING, remedy,
           "looks mistyped; a server does not start with a name that it does not know");
    }
  else
    g_ptr_array_add (check->unchecked, (gpointer) proposal->name);
}

static char *
limit_text (const KtSetting *setting, const char *limit)
{
  KtSetting copy = *setting;
  copy.value = (char *) limit;
  return kt_setting_text (&copy);
}

static void
check_number_of_server (KtCheck *check, const KtProposal *proposal, const KtSetting *setting)
{
  g_autoptr (GError) error = NULL;
  double number = 0;
  if (!kt_guc_parse_number (setting->type, proposal->value, setting->unit, &number, &error))
    {
      const char *hint = kt_error_hint (error);
      const char *detail = kt_error_detail (error);
      add (check, proposal, KT_SEVERITY_REFUSE, hint, "“%s”: %s", proposal->value,
           detail != NULL ? detail : error->message);
      return;
    }
  if (setting->min == NULL || setting->max == NULL)
    return;
  if (number >= g_ascii_strtod (setting->min, NULL) && number <= g_ascii_strtod (setting->max, NULL))
    return;
  g_autofree char *least = limit_text (setting, setting->min);
  g_autofree char *most = limit_text (setting, setting->max);
  add (check, proposal, KT_SEVERITY_REFUSE, "choose a value inside", "%s is outside %s … %s", proposal->value, least,
       most);
}

static void
check_word_of_server (KtCheck *check, const KtProposal *proposal, const KtSetting *setting)
{
  gboolean on = FALSE;
  for (gsize i = 0; setting->enum_values != NULL && setting->enum_values[i] != NULL; i++)
    if (kt_guc_equal (KT_GUC_ENUM, NULL, setting->enum_values[i], proposal->value))
      return;
  if (setting->enum_values == NULL || (kt_guc_parse_bool (proposal->value, &on) &&
                                       g_strv_contains ((const char *const *) setting->enum_values, on ? "on" : "off")))
    return;
  g_autofree char *words = g_strjoinv (", ", setting->enum_values);
  const KtParam *param = kt_param_find (proposal->name);
  gboolean known = param != NULL && param->words != NULL &&
                   g_strv_contains (kt_param_words (param, check->in->major), proposal->value);
  add (check, proposal, KT_SEVERITY_REFUSE, "choose one of them", "“%s” is %s; this server offers %s",
       proposal->value, known ? "not built into this server" : "no value of it", words);
}

static void
check_against_server (KtCheck *check, const KtProposal *proposal, const KtSetting *setting)
{
  gboolean on = FALSE;
  if (g_strcmp0 (setting->context, "internal") == 0)
    add (check, proposal, KT_SEVERITY_REFUSE, "remove the line", "it only tells how the server was built and cannot be "
                                                                 "set");
  else if (setting->type == KT_GUC_BOOL && !kt_guc_parse_bool (proposal->value, &on))
    add (check, proposal, KT_SEVERITY_REFUSE, "write on or off", "“%s” is neither on nor off", proposal->value);
  else if (setting->type == KT_GUC_ENUM)
    check_word_of_server (check, proposal, setting);
  else if (setting->type == KT_GUC_INTEGER || setting->type == KT_GUC_REAL)
    check_number_of_server (check, proposal, setting);
}

static void
check_against_table (KtCheck *check, const KtProposal *proposal, const KtParam *param)
{
  g_autoptr (GError) error = NULL;
  g_auto (KtValue) value = { 0 };
  if (!kt_param_parse (param, check->in->major, proposal->value, &value, &error))
    {
      const char *detail = kt_error_detail (error);
      add (check, proposal, KT_SEVERITY_REFUSE, kt_error_hint (error), "%s%s%s", error->message,
           detail != NULL ? ": " : "",
           detail != NULL ? detail : "");
    }
  else if (!kt_param_offered (param, check->in, value.text))
    add (check, proposal, KT_SEVERITY_WARNING, "check against a server",
         "“%s” is not in every build, and a server without it does not start", proposal->value);
}

static void
check_never (KtCheck *check, const KtProposal *proposal, const KtParam *param)
{
  const KtSetting *running = check->in->server != NULL ? kt_server_setting (check->in->server, param->name) : NULL;
  const char *now = running != NULL ? running->value : kt_param_boot (param, check->in->major);
  if (!kt_guc_equal (param->type, param->unit, now, proposal->value))
    add (check, proposal, KT_SEVERITY_WARNING, "leave it to whoever set the server up",
         "the server runs with “%s”, this says “%s”, and kastune never changes it: %s", now, proposal->value,
         param->left);
}

static void
check_one (KtCheck *check, const KtProposal *proposal)
{
  const KtSetting *setting = check->in->server != NULL ? kt_server_setting (check->in->server, proposal->name) : NULL;
  const KtParam *param = kt_param_find (proposal->name);
  gboolean in_version = param != NULL && kt_param_exists (param, check->in->major);
  if (kt_check_proposed (check, proposal->name) != proposal)
    add (check, proposal, KT_SEVERITY_NOTE, "remove one of the lines",
         "set again further down, where the last one wins");
  else if (setting != NULL)
    check_against_server (check, proposal, setting);
  else if (in_version && (check->in->server == NULL || param->library != NULL))
    check_against_table (check, proposal, param);
  else
    check_unknown (check, proposal);
  if (in_version && param->never && check->in->server != NULL)
    check_never (check, proposal, param);
}

/* One note for all names that only a server knows. */
static void
say_unchecked (KtCheck *check)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < check->unchecked->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", (const char *) check->unchecked->pdata[i]);
  if (names->len > 0)
    kt_findings_add (check->findings, KT_SEVERITY_NOTE, NULL, "check against a running server (--dsn)",
                     "not checked, because only a server knows them: %s", names->str);
}

void
kt_check_values (KtCheck *check)
{
  g_autoptr (GPtrArray) unchecked = g_ptr_array_new ();
  check->unchecked = unchecked;
  for (guint i = 0; i < check->n; i++)
    check_one (check, &check->set[i]);
  say_unchecked (check);
  check->unchecked = NULL;
}
