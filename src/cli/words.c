/* SPDX-License-Identifier: MIT */
#include "cli/words.h"

#include "base/error.h"
#include "base/nearest.h"

#include <string.h>

const KtArg kt_common_args[] = {
  { .name = "json", .type = KT_ARG_FLAG, .help = "print the answer (and errors) as JSON" },
  { .name = "progress", .type = KT_ARG_FLAG, .help = "tell what happens meanwhile as lines of JSON on standard error, for programs that watch" },
  { .name = "quiet", .letter = 'q', .type = KT_ARG_FLAG, .help = "print nothing but the answer and errors" },
  { .name = "config", .type = KT_ARG_STRING, .value = "FILE", .help = "kastune.conf to use" },
  { .name = "state", .type = KT_ARG_STRING, .value = "DIR", .help = "where the journal is kept (default: /var/lib/kastune, or ~/.local/state/kastune)" },
  { .name = "help", .letter = 'h', .type = KT_ARG_FLAG, .help = "show this help" },
  { .name = "version", .letter = 'V', .type = KT_ARG_FLAG, .help = "print the version" },
  { NULL },
};

void
kt_words_clear (KtWords *words)
{
  g_clear_pointer (&words->topic, g_free);
  g_clear_pointer (&words->args, json_object_unref);
  g_clear_pointer (&words->config, g_free);
  g_clear_pointer (&words->state, g_free);
}

static const KtArg *
find_option (const KtOperation *operation, const char *name, char letter)
{
  for (const KtArg *arg = kt_common_args; arg->name != NULL; arg++)
    if (name != NULL ? g_str_equal (arg->name, name) : arg->letter == letter)
      return arg;
  if (operation == NULL)
    return NULL;
  g_autoptr (GPtrArray) args = kt_operation_args (operation);
  for (guint i = 0; i < args->len; i++)
    {
      const KtArg *arg = args->pdata[i];
      if (!arg->positional && (name != NULL ? g_str_equal (arg->name, name) : arg->letter == letter))
        return arg;
    }
  return NULL;
}

static gboolean
unknown_option (const KtOperation *operation, const char *typed, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) args = operation != NULL ? kt_operation_args (operation) : g_ptr_array_new ();
  for (const KtArg *arg = kt_common_args; arg->name != NULL; arg++)
    g_ptr_array_add (known, g_strconcat ("--", arg->name, NULL));
  for (guint i = 0; i < args->len; i++)
    g_ptr_array_add (known, g_strconcat ("--", ((const KtArg *) args->pdata[i])->name, NULL));
  const char *meant = kt_nearest_word (typed, known);
  g_autofree char *detail = meant != NULL ? g_strdup_printf ("did you mean %s?", meant) : NULL;
  g_autofree char *hint = g_strconcat ("kastune", operation != NULL ? " " : "", operation != NULL ? operation->name : "", " --help", NULL);
  kt_error_set (error, KT_ERROR_USAGE, detail, hint, "unknown option %s", typed);
  return FALSE;
}

static gboolean
take_common (KtWords *words, const KtArg *arg, const char *value)
{
  struct { const char *name; gboolean *flag; char **text; } const targets[] = {
    { "json", &words->json, NULL }, { "progress", &words->progress, NULL }, { "quiet", &words->quiet, NULL }, { "help", &words->help, NULL },
    { "version", &words->version, NULL }, { "config", NULL, &words->config }, { "state", NULL, &words->state },
  };
  if (arg < kt_common_args || arg >= kt_common_args + G_N_ELEMENTS (kt_common_args))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    if (g_str_equal (targets[i].name, arg->name))
      {
        if (targets[i].flag != NULL)
          *targets[i].flag = TRUE;
        else
          {
            g_free (*targets[i].text);
            *targets[i].text = g_strdup (value);
          }
      }
  return TRUE;
}

/* One option at *typed with its value; moves *typed to the next word. */
static gboolean
take_option (KtWords *words, const char *const **typed, GError **error)
{
  const char *word = *(*typed)++;
  const char *equals = word[1] == '-' ? strchr (word, '=') : NULL;
  g_autofree char *shown = equals != NULL ? g_strndup (word, (gsize) (equals - word)) : g_strdup (word);
  const KtArg *arg = word[1] == '-' ? find_option (words->operation, shown + 2, 0)
                     : word[2] == '\0' ? find_option (words->operation, NULL, word[1]) : NULL;
  if (arg == NULL)
    return unknown_option (words->operation, shown, error);
  if (arg->type == KT_ARG_FLAG && equals != NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, NULL, "%s takes no value", shown);
      return FALSE;
    }
  const char *value = arg->type == KT_ARG_FLAG ? "" : equals != NULL ? equals + 1 : **typed;
  if (value == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, NULL, "%s needs a value: %s %s", shown, shown, arg->value);
      return FALSE;
    }
  if (arg->type != KT_ARG_FLAG && equals == NULL)
    (*typed)++;
  return take_common (words, arg, value) || kt_operation_take_arg (words->args, arg, value, error);
}

static gboolean
unknown_command (const char *typed, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (g_free);
  for (const KtOperation *row = kt_operations; row->name != NULL; row++)
    {
      g_ptr_array_add (known, g_strdup (row->name));
      g_ptr_array_add (known, g_strndup (row->name, strcspn (row->name, " ")));
    }
  const char *meant = kt_nearest_word (typed, known);
  g_autofree char *detail = meant != NULL ? g_strdup_printf ("did you mean “%s”?", meant) : NULL;
  kt_error_set (error, KT_ERROR_USAGE, detail, NULL, "unknown command “%s”", typed);
  return FALSE;
}

/* "profile list" before "profile": the longest name wins. */
static gboolean
take_command (KtWords *words, const char *const **typed, GError **error)
{
  const char *first = (*typed)[0];
  const char *second = (*typed)[1];
  g_autofree char *both = second != NULL ? g_strconcat (first, " ", second, NULL) : NULL;
  if (both != NULL && (words->operation = kt_operation_find (both)) != NULL)
    {
      *typed += 2;
      return TRUE;
    }
  (*typed)++;
  if ((words->operation = kt_operation_find (first)) != NULL)
    return TRUE;
  g_autofree char *prefix = g_strconcat (first, " ", NULL);
  for (const KtOperation *row = kt_operations; row->name != NULL; row++)
    if (g_str_has_prefix (row->name, prefix))
      {
        if (second != NULL && second[0] != '-')
          return unknown_command (both, error);
        words->topic = g_strdup (first);
        return TRUE;
      }
  return unknown_command (first, error);
}

static gboolean
take_positional (KtWords *words, guint *position, const char *word, GError **error)
{
  guint n = 0;
  for (const KtArg *arg = words->operation != NULL ? words->operation->args : NULL; arg != NULL && arg->name != NULL; arg++)
    if (arg->positional && (arg->type == KT_ARG_STRINGS || n++ == *position))
      {
        *position += arg->type != KT_ARG_STRINGS;
        return kt_operation_take_arg (words->args, arg, word, error);
      }
  g_autofree char *hint = words->operation != NULL ? g_strdup_printf ("kastune %s --help", words->operation->name) : NULL;
  kt_error_set (error, KT_ERROR_USAGE, NULL, hint, "one word too many: “%s”", word);
  return FALSE;
}

gboolean
kt_words_parse (KtWords *words, const char *const *typed, GError **error)
{
  words->args = json_object_new ();
  /* An error in the middle must still be shown as JSON when that was asked for at the end. */
  words->json = g_strv_contains (typed, "--json");
  if (typed[0] != NULL && g_str_equal (typed[0], "help"))
    {
      words->help = TRUE;
      typed++;
    }
  guint position = 0;
  gboolean options = TRUE;
  while (*typed != NULL)
    {
      const char *word = *typed;
      gboolean good;
      if (options && g_str_equal (word, "--"))
        {
          options = FALSE;
          typed++;
          continue;
        }
      if (options && word[0] == '-' && word[1] != '\0')
        good = take_option (words, &typed, error);
      else if (words->operation == NULL && words->topic == NULL)
        good = take_command (words, &typed, error);
      else
        good = take_positional (words, &position, *typed++, error);
      if (!good)
        return FALSE;
    }
  return TRUE;
}
