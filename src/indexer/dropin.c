/* SPDX-License-Identifier: MIT */
#include "indexer/dropin.h"

#include "base/error.h"
#include "indexer/program.h"
#include "indexer/translate.h"

#include <string.h>

static gboolean
refuse (GError **error, const char *unit, const char *why)
{
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "write ExecStart= as the program and its options, each option with its value in words of its own",
                "ExecStart of %s cannot be laid over: %s", unit, why);
  return FALSE;
}

/* How many words of @argv stand before the options. */
static gboolean
find_program (char **argv, guint *skip, const char *unit, GError **error)
{
  *skip = 0;
  for (guint i = 0; argv[i] != NULL && *argv[i] != '-' && *skip == 0; i++)
    {
      if (kt_program_is_shell (argv[i]))
        return refuse (error, unit, "it goes through a shell");
      if (kt_program_is_indexer (argv[i]))
        *skip = i + 1;
    }
  return *skip > 0 || refuse (error, unit, "it does not start simply-kaspa-indexer");
}

/* "--name=value" each. systemd puts in a variable within a word only in braces. */
static GStrv
options_of (char **words, const char *unit, GError **error)
{
  g_autoptr (GPtrArray) given = kt_arguments_split ((const char *const *) words);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < given->len; i++)
    {
      const KtGivenOption *option = given->pdata[i];
      gboolean variable = option->value != NULL && strpbrk (option->value, "$%") != NULL;
      if (variable && (option->name == NULL || !kt_override_passes_on (option->name)))
        {
          refuse (error, unit, "a variable holds options, or a value that must be known");
          return NULL;
        }
      gboolean bare = variable && option->value[0] == '$' && (g_ascii_isalpha (option->value[1]) || option->value[1] == '_');
      g_autofree char *value = bare ? g_strdup_printf ("${%s}", option->value + 1) : g_strdup (option->value);
      g_autofree char *word = option->name == NULL ? g_strdup (value)
                              : value != NULL      ? g_strdup_printf ("--%s=%s", option->name, value)
                                                   : g_strconcat ("--", option->name, NULL);
      g_strv_builder_add (builder, word);
    }
  return g_strv_builder_end (builder);
}

static void
append_quoted (GString *text, const char *word)
{
  g_autoptr (GString) quoted = g_string_new (word);
  g_string_replace (quoted, "\"", "\\\"", 0);
  g_string_append_printf (text, "\"%s\"", quoted->str);
}

static char *
text_of (const KtOverrideWish *wish, const char *lead, char **prefix, guint n_prefix, char **options)
{
  const KtUse *use = wish->choice.use;
  guint n = g_strv_length (options);
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "# Written by kastune (%s%s%s) over the other files of %s, which stay as they are.\n# Not to be edited: kastune undo takes it away.\n"
                                "[Service]\nExecStart=\nExecStart=%s",
                          wish->release->tag, use != NULL ? ", for " : "", use != NULL ? use->name : "", wish->service, lead);
  for (guint i = 0; i < n_prefix; i++)
    {
      g_string_append (text, i > 0 ? " " : "");
      if (strpbrk (prefix[i], " \t'\"") != NULL)
        append_quoted (text, prefix[i]);
      else
        g_string_append (text, prefix[i]);
    }
  /* A line an option, so that a digest can leave the passwords out. */
  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, " \\\n  ");
      append_quoted (text, options[i]);
    }
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
}

KtOverride *
kt_dropin_new (const KtOverrideWish *wish, const char *exec, GError **error)
{
  gsize leading = strspn (exec, "-:+!|");
  g_autofree char *lead = g_strndup (exec, leading);
  g_auto (GStrv) argv = NULL;
  guint skip = 0;
  if (strchr (exec, '\\') != NULL || exec[leading] == '@' || strstr (exec, " ;") != NULL)
    {
      refuse (error, wish->service, "it has a backslash, a semicolon, or a name of its own for the program");
      return NULL;
    }
  if (!g_shell_parse_argv (exec + leading, NULL, &argv, NULL) || strstr (exec, " #") != NULL)
    {
      refuse (error, wish->service, "its quotes are not understood");
      return NULL;
    }
  g_auto (GStrv) options = find_program (argv, &skip, wish->service, error) ? options_of (argv + skip, wish->service, error) : NULL;
  if (options == NULL)
    return NULL;
  g_autoptr (KtOverride) override = kt_override_of_options (wish, g_strdupv (argv + skip), (const char *const *) options, error);
  if (override == NULL)
    return NULL;
  override->text = text_of (wish, lead, argv, skip, override->after);
  override->digest = kt_override_digest (override->text);
  return g_steal_pointer (&override);
}
