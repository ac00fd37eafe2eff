/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include "base/table.h"
#include "cli/words.h"

static const KtColumn option_columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };

void
kt_help_overview (GString *out, const char *topic, guint width)
{
  if (topic == NULL)
    {
      g_string_append (out, "kastune tunes PostgreSQL for Kaspa indexers, proves it, and can go back.\n\n"
                            "usage: kastune COMMAND [OPTION...]\n");
    }
  const char *group = NULL;
  g_autoptr (KtTable) table = kt_table_new (option_columns, G_N_ELEMENTS (option_columns));
  g_autofree char *prefix = topic != NULL ? g_strconcat (topic, " ", NULL) : g_strdup ("");
  for (const KtOperation *row = kt_operations; row->name != NULL; row++)
    {
      if (!g_str_has_prefix (row->name, prefix))
        continue;
      if (g_strcmp0 (group, row->group) != 0)
        {
          if (topic == NULL)
            kt_table_add_group (table, "");
          kt_table_add_group (table, row->group);
        }
      group = row->group;
      g_autofree char *name = g_strconcat ("  ", row->name, NULL);
      kt_table_add (table, name, row->summary);
    }
  kt_table_print (table, out, width, 0);
  g_string_append (out, "\nkastune COMMAND --help says more about one.\n");
  if (topic == NULL)
    g_string_append (out, "Exit status: 0 done, 1 failed, 2 usage, 3 findings, 4 refused for safety,\n"
                          "5 not supported here, 130 interrupted.\n");
}

static void
add_option (KtTable *table, const KtArg *arg)
{
  g_autoptr (GString) name = g_string_new ("  ");
  if (!arg->positional)
    {
      if (arg->letter != 0)
        g_string_append_printf (name, "-%c, ", arg->letter);
      else
        g_string_append (name, "    ");
      g_string_append_printf (name, "--%s", arg->name);
    }
  if (arg->value != NULL)
    g_string_append_printf (name, "%s%s", arg->positional ? "" : " ", arg->value);
  g_autofree char *choices = arg->choices != NULL ? g_strjoinv (", ", (char **) arg->choices) : NULL;
  g_autofree char *help = choices != NULL ? g_strdup_printf ("%s: %s", arg->help, choices) : g_strdup (arg->help);
  kt_table_add (table, name->str, help);
}

void
kt_help_operation (GString *out, const KtOperation *operation, guint width)
{
  g_string_append_printf (out, "usage: kastune %s", operation->name);
  for (const KtArg *arg = operation->args; arg != NULL && arg->name != NULL; arg++)
    if (arg->positional)
      g_string_append_printf (out, arg->required ? " %s" : " [%s]", arg->value);
  g_string_append (out, " [OPTION...]\n\n");
  kt_text_wrap (out, operation->summary, width, 0);
  if (operation->help != NULL)
    {
      g_string_append_c (out, '\n');
      kt_text_wrap (out, operation->help, width, 0);
    }
  g_string_append_c (out, '\n');
  g_autoptr (KtTable) table = kt_table_new (option_columns, G_N_ELEMENTS (option_columns));
  g_autoptr (GPtrArray) args = kt_operation_args (operation);
  for (guint i = 0; i < args->len; i++)
    add_option (table, args->pdata[i]);
  for (const KtArg *arg = kt_common_args; arg->name != NULL; arg++)
    add_option (table, arg);
  kt_table_print (table, out, width, 0);
}
